// Twins: tests/python/test_datasets.py, tests/testthat/test-datasets.R.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { DATASETS, InputError, loadDataset, TwinpropError } from "../../inst/js/index.js";
import { parseCsv, planData } from "../../inst/js/datasets.js";
import { assertGroup, assertThrows, caught, XOR_D, XOR_X } from "./helpers.js";

// Sums of some hundred standardised values.
const OF_SUMS = 1e-12;

test("the names are those of datasets.json, in its order", () => {
  const file = new URL("../../inst/js/datasets.json", import.meta.url);
  assert.deepEqual(DATASETS, Object.keys(JSON.parse(readFileSync(file, "utf8")).datasets));
});

test("a CSV text becomes rows", () => {
  assert.deepEqual(parseCsv('a,b\n1,"x, ""y"""\n'), [
    ["a", "b"],
    ["1", 'x, "y"'],
  ]);
  assert.deepEqual(parseCsv('"a\nb",\r\n,NA'), [
    ["a\nb", ""],
    ["", "NA"],
  ]);
  assert.deepEqual(parseCsv("a,b\n1,"), [
    ["a", "b"],
    ["1", ""],
  ]);
  assert.deepEqual(parseCsv(""), []);
  assertThrows(() => parseCsv('a\nb"c\n'), TwinpropError, "CSV: a stray quote in row 2");
});

test("rows with missing values are dropped, then numbers standardised, factors spread", () => {
  const description = {
    columns: {
      size: { type: "number" },
      same: { type: "number" },
      sex: { type: "factor", levels: ["male", "female"] },
      note: { type: "number" },
      y: { type: "number" },
    },
    inputs: ["sex", "size", "same"],
    outputs: ["y", "sex"],
    standardise: true,
  };
  const csv = "size,same,sex,note,y\n1,5,female,NA,10\nNA,5,male,1,9\n3,5,male,1,30\n7,5,NA,1,2\n";
  // size: 1 and 3, mean 2, sd sqrt((1 + 1) / 2) = 1
  assert.deepEqual(planData(description, csv), {
    x: [
      [0, 1, -1, 0],
      [1, 0, 1, 0],
    ],
    d: [
      [10, 0, 1],
      [30, 1, 0],
    ],
    dropped: 2,
    inputNames: ["sex_male", "sex_female", "size", "same"],
    outputNames: ["y", "sex_male", "sex_female"],
  });
  const plain = planData({ ...description, standardise: false }, csv);
  assert.deepEqual(plain.x, [
    [0, 1, 1, 5],
    [1, 0, 3, 5],
  ]);
});

// docs/data.md: complete rows, columns of x and of d, dropped rows.
const SIZES = {
  xor: [4, 2, 1, 0],
  three_by_three: [1, 3, 3, 0],
  iris: [150, 4, 3, 0],
  penguins: [333, 9, 3, 11],
  wine: [178, 13, 3, 0],
  digits: [1797, 64, 10, 0],
  diabetes: [442, 10, 1, 0],
  linnerud: [20, 3, 3, 0],
};

for (const name of DATASETS) {
  test(`${name} has its rows and columns`, async () => {
    const { x, d, dropped, inputNames, outputNames } = await loadDataset(name);
    assert.deepEqual([x.length, x[0].length, d[0].length, dropped], SIZES[name]);
    assert.equal(d.length, x.length);
    assert.equal(inputNames.length, x[0].length);
    assert.equal(outputNames.length, d[0].length);
    assert.ok([...x, ...d].flat().every(Number.isFinite));
    if (outputNames.length > 1 && name !== "linnerud" && name !== "three_by_three") {
      for (const row of d) assert.deepEqual([...row].sort().at(-1), 1);
    }
  });
}

test("xor and three_by_three stay as they are, and bring their network", async () => {
  const { x, d } = await loadDataset("xor");
  assert.deepEqual([x, d], [XOR_X, XOR_D]);
  const lesson = await loadDataset("three_by_three");
  assert.deepEqual(lesson.x, [[0.9, 0.1, 0.8]]);
  assert.deepEqual(lesson.network.layers, [3, 3, 3]);
});

test("numeric inputs have mean 0 and standard deviation 1, with n", async () => {
  const { x } = await loadDataset("iris");
  for (let j = 0; j < 4; j++) {
    const column = x.map((row) => row[j]);
    const squares = column.reduce((sum, value) => sum + value * value, 0);
    const sum = column.reduce((total, value) => total + value, 0);
    assertGroup(squares / 150, 1, OF_SUMS, "variance");
    assert.ok(Math.abs(sum) < 150 * OF_SUMS);
  }
  // From R: x <- iris$Sepal.Length; sprintf("%.17g", ((x - mean(x)) / sqrt(mean((x - mean(x))^2)))[1])
  assertGroup(x[0][0], -0.90068117029780881, OF_SUMS, "first value");
});

test("only a listed name becomes part of a path", async () => {
  for (const name of ["../secret", "constructor", null]) {
    const error = await caught(() => loadDataset(name));
    assert.ok(error instanceof InputError, error.stack);
    assert.match(error.message, /^dataset must be one of "xor", /);
  }
});

test("a missing file is told with where it was looked for", async () => {
  const error = await caught(() => loadDataset("xor", { folders: ["nowhere/"] }));
  assert.match(error.message, /^cannot read the data set: nothing at file:.*nowhere\/xor\.csv$/);
  assert.deepEqual((await loadDataset("xor", { folders: ["../../data/"] })).x, XOR_X);
});

test("folders are a list of names, with or without a slash at the end", async () => {
  assert.deepEqual((await loadDataset("xor", { folders: ["../../data"] })).x, XOR_X);
  for (const folders of ["../../data/", [1], [], null]) {
    const error = await caught(() => loadDataset("xor", { folders }));
    assert.ok(error instanceof InputError, error.stack);
    assert.match(error.message, /^folders must be a list of at least 1 name, got /);
  }
});
