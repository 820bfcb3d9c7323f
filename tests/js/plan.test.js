// Twins: tests/python/test_plan.py, tests/testthat/test-plan.R. The messages are in the error cases
// (conformance.test.js).

import assert from "node:assert/strict";
import { test } from "node:test";

import { formatRun, InputError, readPlan, runPlan, TwinpropError } from "../../inst/js/index.js";
import { assertThrows, caught, XOR_D, XOR_X } from "./helpers.js";

const DATA = { x: XOR_X, d: XOR_D };

test("absent keys take the contract's defaults", () => {
  assert.deepEqual(readPlan({}), {
    format: "twinprop-plan/1",
    network: {
      layers: [2, 4, 1],
      activations: ["sigmoid", "sigmoid"],
      init: "xavier",
      seed: 42,
      weights: null,
      biases: null,
    },
    training: {
      cost: "half_mse",
      rule: "gradient",
      update_order: "simultaneous",
      optimizer: {
        name: "sgd",
        learning_rate: 0.5,
        weight_decay: 0,
        momentum: 0,
        nesterov: false,
      },
      batch_size: 1,
      epochs: 1000,
      shuffle: false,
      seed: 42,
      snapshots: [],
      record: null,
      dropout: 0,
      clip_norm: null,
      schedule: null,
      arithmetic: "fast",
    },
    data: DATA,
  });
});

test("a plan is read from text as from an object, and complete it stays as it is", () => {
  const plan = {
    network: { layers: [2, 1], weights: [[[1, 2]]], biases: [[3]], activations: "linear" },
    training: { optimizer: { name: "rprop", step_sizes: [1e-3, 1] }, batch_size: null },
    data: { dataset: "xor" },
  };
  const complete = readPlan(plan);
  assert.deepEqual(complete.training.optimizer, {
    name: "rprop",
    learning_rate: 0.01,
    weight_decay: 0,
    etas: [0.5, 1.2],
    step_sizes: [1e-3, 1],
  });
  assert.deepEqual(complete.network.weights, [[[1, 2]]]);
  assert.deepEqual(complete.data, { dataset: "xor" });
  assert.deepEqual(readPlan(JSON.stringify(plan)), complete);
  assert.deepEqual(readPlan(complete), complete);
});

test("a key of JavaScript's own objects is an unknown key like others", () => {
  assertThrows(
    () => readPlan('{"__proto__": {}}'),
    InputError,
    'unknown key "__proto__" in the plan; allowed: "format", "network", "training", "data"',
  );
});

test("a data set is loaded when the plan runs", async () => {
  const training = { epochs: 3 };
  const inline = await runPlan({ training, data: DATA });
  const named = await runPlan({ training, data: { dataset: "xor" } });
  const given = await runPlan(
    { training, data: { dataset: "xor" } },
    { loadDataset: (name) => (name === "xor" ? DATA : null) },
  );
  assert.deepEqual(named.weights, inline.weights);
  assert.deepEqual(given.weights, inline.weights);
});

test("a data set is checked against the plan when it is loaded", async () => {
  for (const [plan, message] of [
    [
      { network: { layers: [3, 1] }, data: { dataset: "xor" } },
      "data.x row 1 must have 3 values, got 2",
    ],
    [
      { training: { batch_size: 5 }, data: { dataset: "xor" } },
      "training.batch_size must be null or an integer from 1 to 4 (the number of rows), got 5",
    ],
  ]) {
    const error = await caught(() => runPlan(plan));
    assert.ok(error instanceof InputError, error.stack);
    assert.equal(error.message, message);
  }
});

test("runPlan tells of each epoch, and refuses unknown options", async () => {
  const seen = [];
  const run = await runPlan(
    { training: { epochs: 2 }, data: DATA },
    { onEpoch: (epoch, cost) => seen.push(cost) },
  );
  assert.deepEqual(seen, run.cost);
  const error = await caught(() => runPlan({ data: DATA }, { verbose: true }));
  assert.equal(
    error.message,
    'unknown key "verbose" in options; allowed: "loadDataset", "onEpoch"',
  );
});

test("every number of a run reads back as the same float64", () => {
  const numbers = [0.1, 1 / 3, -0, 5e-324, 1.7976931348623157e308, 1e21, 2 ** 53, -1.5];
  const back = JSON.parse(formatRun({ numbers, name: 'a "b"', none: null })); // deepEqual: -0 is not 0
  assert.deepEqual(back, { numbers, name: 'a "b"', none: null });
  assertThrows(() => formatRun({ cost: [NaN] }), TwinpropError, "NaN is not a JSON number");
});
