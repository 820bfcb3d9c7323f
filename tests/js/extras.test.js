// Sample weights, dropout, clipping, schedules, stopping.
// Twins: tests/python/test_extras.py, tests/testthat/test-extras.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { explainPlan, InputError, Network, Optimizer, runPlan } from "../../inst/js/index.js";
import { balance, moreEpochs } from "../../inst/js/mends.js";
import { clipGradient } from "../../inst/js/optimizers.js";
import { RandomStream } from "../../inst/js/random.js";
import { assertGroup, assertThrows, caught, XOR_D, XOR_X } from "./helpers.js";

// Sums of other terms in another order, over a few dozen updates.
const SUMS = 1e-12;

const stream = new RandomStream(3);
const matrix = (rows, columns) =>
  Array.from({ length: rows }, () => Array.from(stream.uniform(columns)));
const X = matrix(7, 3);
const D = matrix(7, 2);
const WEIGHTS = [2, 0, 1, 3, 1, 0, 1];
const repeat = (rows) => rows.flatMap((row, i) => Array(WEIGHTS[i]).fill(row));
const makeNetwork = () => new Network([3, 5, 4, 2]);

test("a weight of 2 is the row twice and of 0 the row left out", () => {
  for (const cost of ["half_mse", "half_sse", "mse", "cross_entropy"]) {
    for (const updateOrder of ["simultaneous", "output_first"]) {
      const train = (x, d, more) =>
        makeNetwork().train(x, d, {
          ...{ cost, updateOrder, batchSize: null, epochs: 30 },
          optimizer: new Optimizer("adam", { weightDecay: 0.01 }),
          ...more,
        });
      const weighted = train(X, D, { sampleWeight: WEIGHTS });
      const repeated = train(repeat(X), repeat(D), {});
      for (const name of ["weights", "initial_cost", "cost", "final_cost"]) {
        assertGroup([weighted[name]], [repeated[name]], SUMS, name);
      }
    }
  }
});

test("only the ratios of weights count", () => {
  const want = makeNetwork().train(X, D, { epochs: 5, batchSize: 3 });
  for (const size of [1e-300, 1, 3, 1e305]) {
    const sampleWeight = Array(7).fill(size);
    const run = makeNetwork().train(X, D, { epochs: 5, batchSize: 3, sampleWeight });
    assertGroup(run.weights, want.weights, SUMS, "weights");
  }
});

test("dropout is in the costs of epochs alone, and none is as without", () => {
  const network = makeNetwork();
  const run = network.train(X, D, { epochs: 3, snapshots: [21], dropout: 0.5 });
  assert.equal(run.initial_cost, makeNetwork().meanCost(X, D));
  assert.equal(run.final_cost, network.meanCost(X, D));
  assert.equal(run.final_cost, run.snapshots[0].cost);
  assert.deepEqual(run.outputs, network.predict(X));
  const want = makeNetwork().train(X, D, { epochs: 3, shuffle: true });
  const off = makeNetwork().train(X, D, { epochs: 3, shuffle: true, dropout: [0, 0] });
  assert.deepEqual(off.weights, want.weights);
});

test("clipping shortens to the norm, even where squares overflow", () => {
  const gradients = Float64Array.of(3e300, 4e300, 0);
  clipGradient(gradients, 5);
  assertGroup(Array.from(gradients), [3, 4, 0], SUMS, "gradients");
  const zero = new Float64Array(2);
  clipGradient(zero, 1);
  assert.deepEqual(Array.from(zero), [0, 0]);
});

test("a schedule is a learning rate for each epoch", () => {
  for (const [schedule, rates] of [
    ["exponential", [1, 0.95, 0.95 ** 2, 0.95 ** 3]],
    [{ name: "step", gamma: 0.5, every: 2 }, [1, 1, 0.5, 0.5]],
    ["cosine", [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2]],
    ["inverse", [1, 8 ** -0.5, 15 ** -0.5, 22 ** -0.5]],
  ]) {
    const optimizer = new Optimizer("momentum", { learningRate: 0.3 });
    const run = makeNetwork().train(X, D, { epochs: 4, optimizer, schedule });
    assert.equal(optimizer.settings.learningRate, 0.3);
    const byHand = makeNetwork();
    const other = new Optimizer("momentum", { learningRate: 0.3 });
    for (const rate of rates) {
      other.settings.learningRate = 0.3 * rate;
      byHand.train(X, D, { epochs: 1, optimizer: other });
    }
    assertGroup(run.weights, byHand.weights, SUMS, "weights");
  }
});

test("the learning rate is back after an error", async () => {
  const optimizer = new Optimizer("sgd", { learningRate: 1e200 });
  const network = new Network([3, 2], { activations: "identity" });
  const schedule = { name: "step", every: 1 };
  const error = await caught(() => network.train(X, D, { epochs: 9, optimizer, schedule }));
  assert.match(error.message, /\(now 1e\+200\)/);
  assert.equal(optimizer.settings.learningRate, 1e200);
});

test("onEpoch may stop the training", () => {
  const onEpoch = (epoch) => epoch === 3;
  const run = makeNetwork().train(X, D, { epochs: 10, onEpoch });
  const want = makeNetwork().train(X, D, { epochs: 3 });
  for (const name of ["weights", "cost", "updates", "final_cost", "outputs"]) {
    assert.deepEqual(run[name], want[name]);
  }
});

test("a run and a plan know them, and mends keep them", async () => {
  const given = { epochs: 2, dropout: [0.5, 0], clipNorm: 2, schedule: "step" };
  const run = makeNetwork().train(X, D, { ...given, sampleWeight: WEIGHTS });
  const { dropout, clipNorm, schedule, sampleWeight } = run.settings;
  assert.deepEqual([dropout, clipNorm, sampleWeight], [[0.5, 0], 2, WEIGHTS]);
  assert.deepEqual(schedule, { name: "step", gamma: 0.1, every: 30 });
  const again = await runPlan({
    network: { layers: [3, 5, 4, 2] },
    training: { epochs: 2, dropout: [0.5, 0], clip_norm: 2, schedule: { name: "step" } },
    data: { x: X, d: D, sample_weight: WEIGHTS },
  });
  assert.deepEqual(again.cost, run.cost);
  assert.equal(
    moreEpochs(run.settings, 5),
    "run = network.train(x, d, { epochs: 10, dropout: [0.5, 0], clipNorm: 2, " +
      'schedule: { name: "step", gamma: 0.1, every: 30 }, sampleWeight });',
  );
  const code = balance(makeNetwork(), 2, run.settings);
  assert.match(code, /sampleWeight = rows\.map\(\(i\) => sampleWeight\[i\]\);/);
});

test("the weights of a data set's samples are held against its rows", async () => {
  const plan = (weights) => ({
    training: { epochs: 2 },
    data: { dataset: "xor", sample_weight: weights },
  });
  const options = { loadDataset: () => ({ x: XOR_X, d: XOR_D }) };
  const run = await runPlan(plan([1, 0, 2, 1]), options);
  const want = new Network([2, 4, 1]).train(XOR_X, XOR_D, {
    epochs: 2,
    sampleWeight: [1, 0, 2, 1],
  });
  assert.deepEqual(run.cost, want.cost);
  const error = await caught(() => runPlan(plan([1, 2]), options));
  assert.equal(error.message, "data.sample_weight must have 4 values, got 2");
});

test("a step with them is not explained", async () => {
  for (const [section, key, value] of [
    ["training", "dropout", [0.5]],
    ["training", "clip_norm", 3],
    ["data", "sample_weight", [1, 1, 1, 2]],
  ]) {
    const plan = { training: {}, data: { x: XOR_X, d: XOR_D } };
    plan[section][key] = value;
    const error = await caught(() => explainPlan(plan));
    assert.equal(
      error.message,
      `a step with ${section}.${key} cannot be explained: leave it out of the plan`,
    );
  }
});

test("bad arguments are refused by name", () => {
  const refused = (message, options) =>
    assertThrows(() => makeNetwork().train(X, D, options), InputError, message);
  refused("dropout must be a number from 0 to below 1, got 1", { dropout: 1 });
  refused("dropout must have one number for each hidden layer (2), got 1", { dropout: [0.1] });
  refused("clipNorm must be null or a finite number above 0, got 0", { clipNorm: 0 });
  refused("schedule must be null, a name or an object, got 3", { schedule: 3 });
  refused("sampleWeight must have 7 values, got 1", { sampleWeight: [1] });
  refused("sampleWeight must have a value above 0, got none", { sampleWeight: Array(7).fill(0) });
});
