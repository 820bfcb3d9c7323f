// The explained steps of tests/cases/explain (see tests/cases/README.md), row by row.
// Twins: tests/python/test_explain.py, tests/testthat/test-explain.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { explainPlan } from "../../inst/js/index.js";
import { AFTER_ONE_UPDATE, explainCases } from "./helpers.js";

const COLUMNS = ["stage", "sample", "layer", "from", "to", "symbol"];
const CASES = explainCases();

/** The group of a row: the same stage, layer and letters. */
function groupOf({ stage, layer, symbol }) {
  return `${stage} ${layer} ${/^[^[_^]*/.exec(symbol)[0]}`;
}

/**
 * The size of each group. An error is a small difference of activations, the change one of costs.
 */
function groupSizes(rows) {
  const [sizes, largest] = [new Map(), new Map()];
  const grow = (map, key, value) => map.set(key, Math.max(map.get(key) ?? 0, Math.abs(value)));
  for (const { stage, value } of rows) grow(largest, stage, value);
  for (const row of rows) {
    grow(sizes, groupOf(row), row.value);
    if (row.stage.includes("error")) grow(sizes, groupOf(row), largest.get("activation"));
    if (row.stage === "change") grow(sizes, groupOf(row), largest.get("cost"));
  }
  return sizes;
}

test("there are explained steps", () => {
  assert.ok(CASES.length > 40);
});

for (const { name, plan, rows } of CASES) {
  test(`the explained step ${name}`, async () => {
    const expected = rows.map((row) =>
      Object.fromEntries([...COLUMNS, "value"].map((column, i) => [column, row[i]])),
    );
    const { table } = await explainPlan(plan);
    for (const row of table) {
      const keys = [...COLUMNS, "formula", "substitution", "value"];
      assert.deepEqual(Object.keys(row), keys);
    }
    const words = (row) => COLUMNS.map((column) => row[column]);
    assert.deepEqual(table.map(words), expected.map(words));
    const sizes = groupSizes(expected);
    table.forEach((row, i) => {
      const [gap, size] = [Math.abs(row.value - expected[i].value), sizes.get(groupOf(row))];
      assert.ok(gap <= AFTER_ONE_UPDATE * size, `${row.symbol}: differs by ${gap}`);
    });
  });
}
