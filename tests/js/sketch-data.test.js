// The page's samples, inst/js/sketch/data.js.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DATASETS, InputError, loadDataset, Network } from "../../inst/js/index.js";
import * as data from "../../inst/js/sketch/data.js";
import { change, changeData, DEFAULT_STATE, namedData } from "../../inst/js/sketch/state.js";
import { Stepper } from "../../inst/js/sketch/stepper.js";

test("each data set comes with settings by which it can be trained", async () => {
  for (const name of DATASETS) {
    const settings = await data.datasetSettings(name);
    const state = change(DEFAULT_STATE, settings);
    const samples = await data.loadSamples(state.data);
    assert.ok(new Stepper(state, samples).finish(), name);
  }
  const { weights } = await data.datasetSettings("three_by_three");
  assert.equal(weights[0][0][0], 0.9); // the network that belongs to it
});

test("points are painted and taken away", () => {
  const start = data.firstPoints();
  assert.ok(data.isPainted(start));
  const more = data.addPoint(start, [0.25, -0.5], 1);
  assert.deepEqual([more.x.at(-1), more.d.at(-1)], [[0.25, -0.5], [1]]);
  assert.deepEqual(data.removePoint(more), start);
  const one = namedData([[1, 2]], [[0]]);
  assert.equal(data.removePoint(one), one);
  assert.ok(!data.isPainted({ dataset: "xor" }));
  assert.ok(!data.isPainted(namedData([[1, 2]], [[0.5]])));
  assert.ok(!data.isPainted(namedData([[1]], [[0]])));
});

test("a CSV file is encoded as the package's own", async () => {
  const rows = ["a,kind,y", "1,b,0", "2,a,1", ",a,1", "4,NA,0", "6,b,1"];
  const table = data.readTable(`\uFEFF${rows.join("\r\n")}\r\n\r\n`);
  const { data: made, settings, dropped } = data.tableData(table);
  assert.equal(dropped, 2);
  assert.deepEqual(made.inputNames, ["a", "kind_a", "kind_b"]);
  assert.deepEqual(made.outputNames, ["y"]);
  assert.deepEqual(made.d, [[0], [1], [1]]);
  const column = made.x.map(([a]) => a);
  assert.ok(Math.abs(column.reduce((sum, a) => sum + a, 0)) < 1e-15);
  assert.deepEqual(
    made.x.map(([, ...kinds]) => kinds),
    [
      [0, 1],
      [1, 0],
      [0, 1],
    ],
  );
  assert.deepEqual([settings.output, settings.cost], ["sigmoid", "half_mse"]);
});

test("what is to be learned may be any column", () => {
  const table = data.readTable("size,kind\n1,b\n2,a\n3,\u00e4\n4,B\n");
  const byKind = data.tableData(table, "kind");
  // by code point, as Python and R sort them
  assert.deepEqual(byKind.data.outputNames, ["kind_B", "kind_a", "kind_b", "kind_\u00e4"]);
  assert.deepEqual([byKind.settings.output, byKind.settings.cost], ["softmax", "cross_entropy"]);
  const bySize = data.tableData(table, "size");
  assert.equal(bySize.settings.output, "identity");
  assert.deepEqual(bySize.data.d, [[1], [2], [3], [4]]);
  assert.throws(() => data.tableData(table, "no"), /has no column "no"/);
});

test("iris as a CSV file gives what the data set gives", async () => {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(new URL("../../data/iris.csv", import.meta.url), "utf8");
  const { data: made, settings } = data.tableData(data.readTable(text));
  const iris = await loadDataset("iris");
  assert.deepEqual([made.x, made.d], [iris.x, iris.d]);
  const activations = ["sigmoid", settings.output];
  const changes = { activations, cost: settings.cost, batchSize: settings.batchSize };
  const state = changeData(DEFAULT_STATE, made, made, changes);
  assert.deepEqual(state.layers, [4, 4, 3]);
  assert.ok(new Stepper(state, made).finish());
});

test("a column's name is text, whatever it says", () => {
  const name = "<img src=x onerror=alert(1)>";
  const { data: made } = data.tableData(data.readTable(`"${name}",y\n1,0\n2,1\n`));
  assert.deepEqual(made.inputNames, [name]);
});

test("what is no table is refused in words", () => {
  const wrong = {
    "": /at least 2 columns/,
    "a\n1\n": /at least 2 columns/,
    "a,b\n": /has no rows below its names/,
    "a,b\n1,2\n3\n": /must have 2 values in row 2, got 1/,
    "a,a\n1,2\n": /has two columns named "a"/,
    [`a,b\n${"1,2\n".repeat(data.MOST_ROWS + 1)}`]: /must have at most 2000 rows, got 2001/,
  };
  for (const [text, message] of Object.entries(wrong)) {
    assert.throws(
      () => data.readTable(text),
      (error) => error instanceof InputError && message.test(error.message),
    );
  }
  assert.throws(() => data.tableData(data.readTable("a,b\n1,\n,2\n")), /no row without a missing/);
  assert.throws(() => data.readTable('a,b\n"1,2\n'), /stray quote/);
});

test("samples that do not fit a network are refused by it", () => {
  const state = change(DEFAULT_STATE, { data: { dataset: "iris" } });
  assert.throws(() => new Stepper(state, { x: [[1, 2, 3, 4]], d: [[1]] }), InputError);
  assert.ok(new Network([2, 4, 1]));
});
