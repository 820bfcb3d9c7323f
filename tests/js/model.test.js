// Twins: tests/python/test_model.py, tests/testthat/test-model.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError, MLP, Network } from "../../inst/js/index.js";
import { assertThrows } from "./helpers.js";

const INPUTS = {
  columns: [
    { name: "a", kind: "numeric" },
    { name: "b", kind: "factor", levels: ["x", "y"], ordered: false },
  ],
  terms: [
    { name: "a", parts: [{ column: "a" }] },
    { name: "by", parts: [{ column: "b", coding: [0, 1] }] },
  ],
  center: [10, 0],
  scale: [5, 1],
};
const CLASSES = { names: ["kind"], levels: ["no", "yes"], center: null, scale: null };
const NUMBERS = { names: ["price"], levels: null, center: [100], scale: [10] };
const ROWS = [
  { a: 10, b: "x" },
  { a: 15, b: "y" },
  { a: 0, b: "y" },
];
const MISSING = [ROWS[0], { a: null, b: "y" }, { a: 0 }];

function network(activations = "identity") {
  return new Network([2, 1], { activations, weights: [[[2, -1]]], biases: [[0.5]] });
}

function classifier(options = {}) {
  const parts = { task: "classification", inputs: INPUTS, outputs: CLASSES };
  return new MLP(network("sigmoid"), { ...parts, ...options });
}

test("a regression by hand", () => {
  const model = new MLP(network(), { task: "regression", inputs: INPUTS, outputs: NUMBERS });
  // (a - 10) / 5 * 2 - (b is y) + 0.5, times 10, plus 100
  assert.deepEqual(model.raw(ROWS), [[0.5], [1.5], [-4.5]]);
  assert.deepEqual(model.predict(ROWS), [105, 115, 55]);
  assert.deepEqual([model.columns, model.classes], [["a", "b"], null]);
  assert.throws(() => model.predictProba(ROWS), /or "multilabel", got "regression"/);
});

test("a classification by hand", () => {
  const model = classifier();
  const found = model.predictProba(ROWS);
  [0.5, 1.5, -4.5].forEach((z, i) => {
    assert.ok(Math.abs(found[i][1] - 1 / (1 + Math.exp(-z))) < 1e-15);
    assert.equal(found[i][0], 1 - found[i][1]);
  });
  assert.deepEqual(model.predict(ROWS), ["yes", "yes", "no"]);
});

test("rows may be lists in the order of the columns", () => {
  const lists = ROWS.map(({ a, b }) => [a, b]);
  assert.deepEqual(classifier().predict(lists), ["yes", "yes", "no"]);
  assert.deepEqual(classifier().predict([]), []);
});

test("missing values", () => {
  assertThrows(() => classifier().predict(MISSING), InputError, 'column "a" row 2 is missing');
  assert.deepEqual(classifier({ na: "pass" }).predict(MISSING), ["yes", null, null]);
  assert.deepEqual(classifier().predict(MISSING, { na: "pass" }), ["yes", null, null]);
  assert.deepEqual(classifier().predictProba(MISSING, { na: "pass" }).slice(1), [null, null]);
  assert.throws(() => classifier({ na: "pass" }).predict(MISSING, { na: "error" }), /is missing/);
  for (const nothing of [null, undefined, NaN]) {
    assert.deepEqual(classifier().predict([{ a: nothing, b: "x" }], { na: "pass" }), [null]);
  }
});

test("a key that objects inherit is no column", () => {
  const columns = [{ name: "toString", kind: "numeric" }];
  const terms = [{ name: "toString", parts: [{ column: "toString" }] }];
  const inputs = { columns, terms, center: null, scale: null };
  const outputs = { names: ["y"], levels: null, center: null, scale: null };
  const model = new MLP(new Network([1, 1]), { task: "regression", inputs, outputs });
  assert.throws(() => model.predict([{ x: 1 }]), /missing column "toString"/);
  const rows = [{ toString: 1 }, { x: 1 }];
  assert.throws(() => model.predict(rows), /column "toString" row 2 is missing/);
});

test("a network alone", () => {
  const model = new MLP(network());
  assert.deepEqual(model.predict([[1, 2]]), [[0.5]]);
  assert.deepEqual([model.columns, model.classes], [null, null]);
  assert.throws(() => model.predictProba([[1, 2]]), /got null/);
});

test("a model that was trained in portable arithmetic predicts by it", () => {
  const trained = new Network([2, 6, 1], { activations: ["tanh", "sigmoid"], seed: 3 });
  const rows = Array.from({ length: 20 }, (_, i) => [i / 7, 1 - i / 3]);
  const [fast, portable] = ["fast", "portable"].map((arithmetic) =>
    trained.predict(rows, { arithmetic }),
  );
  assert.notDeepEqual(fast, portable);
  assert.deepEqual(new MLP(trained).predict(rows), fast);
  const training = { arithmetic: "portable" };
  assert.deepEqual(new MLP(trained, { training }).predict(rows), portable);
});

test("what is given is not changed and not shared", () => {
  const inputs = structuredClone(INPUTS);
  const model = classifier({ inputs });
  inputs.columns.pop();
  assert.equal(model.inputs.columns.length, 2);
});

test("parts and rows that do not fit", () => {
  const refused = (compute, message) => assertThrows(compute, InputError, message);
  refused(() => new MLP(3), "network must be a Network, got 3");
  refused(() => classifier({ task: null }), "task and outputs must both be there or both be null");
  refused(() => classifier({ na: "omit" }), 'na must be one of "error", "pass", got "omit"');
  refused(() => classifier({ training: 3 }), "training must be an object, got 3");
  refused(
    () => classifier({ outputs: NUMBERS }),
    "outputs.levels must be there for a classification and for nothing else",
  );
  refused(
    () => classifier({ outputs: { ...CLASSES, levels: ["a", "b", "c"] } }),
    "outputs must be as many as those of the network (1), got 3",
  );
  const parts = { task: "classification", inputs: INPUTS, outputs: CLASSES };
  refused(
    () => new MLP(new Network([3, 1]), parts),
    "inputs.terms must have one entry for each input of the network (3), got 2",
  );
  assert.throws(() => classifier({ seed: 1 }), /unknown key "seed" in parts/);
  assert.throws(
    () => classifier().predict(ROWS, { type: "prob" }),
    /unknown key "type" in options/,
  );
  refused(() => classifier().predict(3), "the data must be a list of rows, got 3");
  refused(() => classifier().predict([3]), "row 1 must be an object, got 3");
  refused(() => classifier().predict([ROWS[0], 3]), "row 2 must be an object, got 3");
  refused(() => classifier().predict([[1, "x"], [1]]), "row 2 must have 2 values, got 1");
});

test("a level must be a string or a number", () => {
  const message = /column "b" row 1 must be one of "x", "y", got an object/;
  assert.throws(() => classifier().predict([{ a: 1, b: {} }]), message);
});
