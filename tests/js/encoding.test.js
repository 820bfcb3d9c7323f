// Twins: tests/python/test_encoding.py, tests/testthat/test-encoding.R. The cases of tests/cases/model
// are replayed in model_file.test.js.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  checkInputs,
  classPlace,
  classProbabilities,
  encodeInputs,
  levelText,
  nOutputs,
  unscaled,
} from "../../inst/js/encoding.js";

const CYL = checkInputs({
  columns: [{ name: "cyl", kind: "factor", levels: [4, 6, 8], ordered: false }],
  terms: [
    { name: "cyl6", parts: [{ column: "cyl", coding: [0, 1, 0] }] },
    { name: "cyl8", parts: [{ column: "cyl", coding: [0, 0, 1] }] },
  ],
  center: null,
  scale: null,
});

test("levels are found by their text", () => {
  for (const given of [
    [4, 6, 8],
    ["4", "6", "8"],
  ]) {
    const rows = given.map((cyl) => ({ cyl }));
    assert.deepEqual(encodeInputs(CYL, rows), [
      [0, 0],
      [1, 0],
      [0, 1],
    ]);
  }
  assert.throws(() => encodeInputs(CYL, [{ cyl: 4.5 }]), /must be one of 4, 6, 8, got 4.5/);
  assert.equal(levelText(-0), "0");
  assert.deepEqual([true, false, 1e15, 0.1, "a"].map(levelText), [
    "TRUE",
    "FALSE",
    "1e+15",
    "0.1",
    "a",
  ]);
});

test("a row that lacks a value has no inputs, also where no term needs it", () => {
  const inputs = {
    columns: ["a", "b"].map((name) => ({ name, kind: "numeric" })),
    terms: [{ name: "a", parts: [{ column: "a" }] }],
    center: null,
    scale: null,
  };
  const rows = [
    { a: 1, b: null },
    { a: 2, b: 3 },
  ];
  assert.deepEqual(encodeInputs(inputs, rows, { na: "pass" }), [[NaN], [2]]);
});

test("many levels are not all listed", () => {
  const levels = Array.from({ length: 25 }, (_, i) => `l${i}`);
  const parts = [{ column: "x", coding: levels.map((_, i) => i) }];
  const inputs = {
    columns: [{ name: "x", kind: "factor", levels, ordered: false }],
    terms: [{ name: "x", parts }],
    center: null,
    scale: null,
  };
  assert.throws(() => encodeInputs(inputs, [{ x: "a" }]), /"l19", ... \(25 in all\), got "a"/);
  assert.deepEqual(encodeInputs(inputs, [{ x: "l24" }]), [[24]]);
});

test("probabilities and places", () => {
  assert.deepEqual(classProbabilities([0.25], "sigmoid"), [0.75, 0.25]);
  assert.deepEqual(classProbabilities([0.5, 0.5, 1], "sigmoid"), [0.25, 0.25, 0.5]);
  assert.deepEqual(classProbabilities([0, 0, 0, 0], "sigmoid"), [0.25, 0.25, 0.25, 0.25]);
  assert.deepEqual(classProbabilities([0.2, 0.8], "softmax"), [0.2, 0.8]);
  assert.throws(() => classProbabilities([0, 0], "tanh"), /got "tanh"/);
  assert.deepEqual([[0.5], [0.6], [1, 2, 2], [3, 1]].map(classPlace), [0, 1, 1, 0]);
});

test("counts and scales", () => {
  assert.equal(nOutputs({ names: ["y"], levels: ["a", "b"] }, "classification"), 1);
  assert.equal(nOutputs({ names: ["y"], levels: ["a", "b", "c"] }, "classification"), 3);
  assert.equal(nOutputs({ names: ["a", "b"], levels: null }, "regression"), 2);
  const rows = [[1, 2]];
  assert.equal(unscaled(rows, { center: null, scale: null }), rows);
  assert.deepEqual(unscaled(rows, { center: [10, 0], scale: [2, 3] }), [[12, 6]]);
});
