// Recorded steps. Twins: tests/python/test_recorder.py, tests/testthat/test-recorder.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  DenominatorError,
  DivergenceError,
  formatRun,
  InputError,
  Network,
  Optimizer,
  readPlan,
  runPlan,
} from "../../inst/js/index.js";
import { Recorder, stepSize } from "../../inst/js/recorder.js";
import { assertThrows, caught, XOR_D, XOR_X } from "./helpers.js";

const X = [
  [0.1, 0.9],
  [0.8, 0.3],
  [0.5, -0.4],
  [-0.7, 0.6],
  [0.25, 0.2],
];
const D = [
  [0.2, 0.7],
  [0.8, 0.4],
  [0.6, 0.1],
  [0.3, 0.9],
  [0.5, 0.35],
];

// The batch's cost and meanCost's are sums of the same numbers in the same order, but for the penalty.
const ROUNDING = 1e-14;

function makeNetwork() {
  return new Network([2, 3, 2], { activations: ["tanh", "sigmoid"], seed: 3 });
}

function updatesOf(recording) {
  return recording.steps.map(({ update }) => update);
}

/** from, from + by, ..., to. */
function sequence(from, to, by = 1) {
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);
}

test("two steps by hand", () => {
  // One weight w = 2, b = 1, identity, half_mse with K = 1, weight decay 0.5, eta 0.5.
  // Update 1, x = 3, d = 5: a = 2 * 3 + 1 = 7, e = 2, delta = 2; the gradients are 6 and 2; the
  // cost is 2^2 / 2 + 0.5 / 2 * 2^2 = 3. w = 2 - 0.5 (6 + 0.5 * 2) = -1.5, b = 1 - 0.5 * 2 = 0.
  // Update 2, x = -2, d = 2: a = 3, e = 1; the gradients are -2 and 1; the cost is
  // 1 / 2 + 0.25 * 2.25 = 1.0625.
  const network = new Network([1, 1], { activations: "identity", weights: [[[2]]], biases: [[1]] });
  const optimizer = new Optimizer("sgd", { learningRate: 0.5, weightDecay: 0.5 });
  const run = network.train([[3], [-2]], [[5], [2]], { optimizer, epochs: 1, record: "steps" });
  assert.deepEqual(run.recording, {
    interval: 1,
    steps: [
      {
        update: 1,
        epoch: 1,
        rows: [1],
        cost: 3,
        weights: [[[2]]],
        biases: [[1]],
        e: [[[2]]],
        grad_weights: [[[6]]],
        grad_biases: [[2]],
      },
      {
        update: 2,
        epoch: 1,
        rows: [2],
        cost: 1.0625,
        weights: [[[-1.5]]],
        biases: [[0]],
        e: [[[1]]],
        grad_weights: [[[-2]]],
        grad_biases: [[1]],
      },
    ],
  });
});

for (const updateOrder of ["simultaneous", "output_first"]) {
  for (const rule of ["gradient", "transpose", "proportional_abs"]) {
    for (const batchSize of [1, 2, null]) {
      test(`every step is that of the network that is stepped: ${updateOrder}, ${rule}, ${batchSize}`, () => {
        const how = { rule, updateOrder, cost: "half_sse" };
        const adam = () => new Optimizer("adam", { learningRate: 0.02, weightDecay: 0.1 });
        const run = makeNetwork().train(X, D, {
          ...how,
          batchSize,
          shuffle: true,
          epochs: 3,
          optimizer: adam(),
          record: "steps",
        });
        assert.deepEqual(updatesOf(run.recording), sequence(1, run.updates));
        const stepped = makeNetwork();
        const optimizer = adam();
        const seen = { 1: [], 2: [], 3: [] };
        for (const step of run.recording.steps) {
          seen[step.epoch].push(...step.rows);
          assert.deepEqual([step.weights, step.biases], [stepped.weights, stepped.biases]);
          const [x, d] = [X, D].map((from) => step.rows.map((row) => from[row - 1]));
          const cost = stepped.meanCost(x, d, { cost: "half_sse", weightDecay: 0.1 });
          assert.ok(Math.abs(step.cost - cost) <= ROUNDING * cost);
          const { backward } = stepped.step(x, d, { ...how, optimizer });
          assert.deepEqual(
            [step.e, step.grad_weights, step.grad_biases],
            [backward.e, backward.gradWeights, backward.gradBiases],
          );
        }
        // Each epoch goes through all rows.
        for (const rows of Object.values(seen)) assert.deepEqual(rows.sort(), [1, 2, 3, 4, 5]);
      });
    }
  }
}

test("recording changes nothing of the training", () => {
  const settings = { epochs: 4, batchSize: 2, shuffle: true, snapshots: [3, 8] };
  const plain = makeNetwork().train(X, D, settings);
  const { recording, ...recorded } = makeNetwork().train(X, D, { ...settings, record: 2 });
  assert.equal(recording.steps.length, 6);
  assert.equal(Object.hasOwn(plain, "recording"), false);
  assert.deepEqual({ ...recorded, seconds: 0 }, { ...plain, seconds: 0 });
});

test("a recording is its own", () => {
  const network = makeNetwork();
  const run = network.train(X, D, { epochs: 1, record: 1 });
  const before = JSON.stringify(run.recording);
  network.train(X, D, { epochs: 1 });
  assert.equal(JSON.stringify(run.recording), before);
});

for (const [record, interval, updates] of [
  ["steps", 1, [1, 2, 3, 4, 5, 6]],
  [1, 1, [1, 2, 3, 4, 5, 6]],
  [2, 2, [1, 3, 5]],
  [5, 5, [1, 6]],
  [1e9, 1e9, [1]],
]) {
  test(`record ${record} has the updates ${updates}`, () => {
    const { recording } = makeNetwork().train(X, D, { epochs: 2, batchSize: 2, record });
    assert.equal(recording.interval, interval);
    assert.deepEqual(updatesOf(recording), updates);
    assert.deepEqual(
      recording.steps.map(({ epoch }) => epoch),
      updates.map((update) => (update > 3 ? 2 : 1)),
    );
  });
}

/** The interval and the updates that are kept of updates with these numbers of rows. */
function kept(rows, limit, interval = 1, layers = [1, 1]) {
  const recorder = new Recorder(interval, layers, limit);
  rows.forEach((m, i) => {
    if (i + 1 === recorder.due) recorder.keep({ update: i + 1, rows: new Array(m).fill(1) });
  });
  const recording = recorder.recording();
  return [recording.interval, updatesOf(recording)];
}

// One step of a 1-1 network with one row: 2 * 2 + 1 * (1 + 1) + 160 numbers.
const ONE = 166;

test("the size of a step by hand", () => {
  // 2-3-2: weights 6 + 6, biases 3 + 2: 17; units after the input: 5; two layers of five arrays.
  assert.equal(stepSize([2, 3, 2], 1), 2 * 17 + 1 + 5 + 2 * 5 * 32);
  assert.equal(stepSize([2, 3, 2], 4), 2 * 17 + 4 * (1 + 5) + 2 * 5 * 32);
});

test("where steps do not fit, every second is dropped", () => {
  const twenty = new Array(20).fill(1);
  // 1 2 3 | 1 3 5 | 1 5 9 | 1 9 17: where the fourth does not fit
  assert.deepEqual(kept(twenty, 3 * ONE), [8, [1, 9, 17]]);
  assert.deepEqual(kept(twenty, 4 * ONE - 1), [8, [1, 9, 17]]);
  // 1 ... 5 | 1 3 5, 7 9 | 1 5 9, 13 17
  assert.deepEqual(kept(twenty, 5 * ONE), [4, [1, 5, 9, 13, 17]]);
  assert.deepEqual(kept(twenty, 20 * ONE - 1), [2, sequence(1, 19, 2)]);
  assert.deepEqual(kept(twenty, 20 * ONE), [1, sequence(1, 20)]);
  // 1 2 | 1 3 | 1 5 | 1 9 | 1 17: two however large
  assert.deepEqual(kept(twenty, 0), [16, [1, 17]]);
  // 1 4 7 | 1 7 13 | 1 13, and 19 is none of 1 + 12 j
  assert.deepEqual(kept(twenty, 3 * ONE, 3), [12, [1, 13]]);
});

test("one large step thins out more than once", () => {
  // 1 2 3 4 of one row fit; the fifth has 200: 4 + 2 * 200 + 160 = 564. Beside 1 and 3 (332) it
  // makes 896, beside 1 alone 730: 1 3 | 1, and 5 is one of 1 + 4 j.
  const rows = [1, 1, 1, 1, 200];
  assert.deepEqual(kept(rows, 4 * ONE + 66), [4, [1, 5]]);
  assert.deepEqual(kept(rows, 896), [2, [1, 3, 5]]);
  assert.deepEqual(kept(rows, 895), [4, [1, 5]]);
});

test("two steps are left when the large one is none of the new interval", () => {
  // 1 2 3 of one row, and the fourth does not fit: 1 3, and 4 is none of 1 + 2 j. They stay, though
  // it would not fit beside them either.
  assert.deepEqual(kept([1, 1, 1, 200], 3 * ONE), [2, [1, 3]]);
});

test("a training keeps to the limit", () => {
  // 1-2000-1: 2 * (4000 + 2001) + 1 + 2001 + 2 * 160 = 14324 numbers a step, of which 585 fit in
  // 2^23. The 586th does not: 293 are left, 1, 3, ..., 585, and then 587, ..., 599.
  assert.equal(stepSize([1, 2000, 1], 1), 14324);
  const network = new Network([1, 2000, 1], { activations: "tanh" });
  const optimizer = new Optimizer("sgd", { learningRate: 1e-4 });
  const { recording } = network.train([[0.5]], [[0.1]], { optimizer, epochs: 600, record: 1 });
  assert.equal(recording.interval, 2);
  assert.deepEqual(updatesOf(recording), sequence(1, 599, 2));
});

test("a training that diverges has the steps up to there", async () => {
  const network = new Network([2, 4, 1], { activations: "identity" });
  const optimizer = new Optimizer("sgd", { learningRate: 3 });
  const error = await caught(() => network.train(XOR_X, XOR_D, { optimizer, record: "steps" }));
  assert.ok(error instanceof DivergenceError);
  const epoch = Number(/in epoch (\d+);/.exec(error.message)[1]);
  const { steps } = error.recording;
  assert.deepEqual(updatesOf(error.recording), sequence(1, 4 * epoch));
  // The failing epoch's first step has the weights that the network keeps.
  assert.deepEqual(steps[4 * epoch - 4].weights, network.weights);
  assert.equal(steps.at(-1).grad_weights.flat(Infinity).every(Number.isFinite), false);
});

test("a final cost that is not finite has all steps", async () => {
  const network = new Network([1, 1], { activations: "identity", weights: [[[1]]] });
  const optimizer = new Optimizer("sgd", { learningRate: 1e200 });
  const error = await caught(() =>
    network.train([[1]], [[0]], { optimizer, epochs: 1, record: 1 }),
  );
  assert.deepEqual(updatesOf(error.recording), [1]);
  assert.deepEqual(error.recording.steps[0].grad_weights, [[[1]]]);
});

for (const [updateOrder, whole] of [
  ["simultaneous", [1, 2]],
  ["output_first", [1]],
]) {
  test(`a vanishing denominator has the steps before: ${updateOrder}`, async () => {
    // Weights 2 and 1 into the output. Row 1 has e = 0 and moves nothing; row 2 (a = 1 and 4, output
    // 6) has e = 2: the output's weights move by -0.3 * 2 * (1, 4), to 1.4 and -1.4, which cancel.
    // With output_first that is found in update 2 itself, which is then not whole.
    const weights = [[[1], [4]], [[2, 1]]];
    const network = new Network([1, 2, 1], { activations: "identity", weights });
    const error = await caught(() =>
      network.train([[0], [1]], [[0], [4]], {
        rule: "proportional",
        updateOrder,
        optimizer: new Optimizer("sgd", { learningRate: 0.3 }),
        record: "steps",
      }),
    );
    assert.ok(error instanceof DenominatorError);
    assert.deepEqual(updatesOf(error.recording), whole);
    assert.deepEqual(error.recording.steps[0].weights, weights);
  });
}

test("without recording, or before training, an error has none", async () => {
  const make = (w) => new Network([1, 1], { activations: "identity", weights: [[[w]]] });
  const optimizer = new Optimizer("sgd", { learningRate: 1e200 });
  const failed = await caught(() => make(1).train([[1]], [[0]], { optimizer, epochs: 1 }));
  assert.equal(failed.recording, null);
  const early = await caught(() => make(1e200).train([[1]], [[0]], { record: "steps" }));
  assert.match(early.message, /before training/);
  assert.equal(early.recording, null);
});

test("a plan has the interval, and a run file its steps", async () => {
  const read = (record) => readPlan({ training: { record } }).training.record;
  assert.deepEqual([null, "steps", 7, undefined].map(read), [null, 1, 7, null]);
  const run = await runPlan({ training: { epochs: 3, record: 2, batch_size: 3 } });
  const file = JSON.parse(formatRun(run));
  assert.equal(Object.keys(file).at(-1), "recording");
  assert.deepEqual(file.recording, run.recording);
  assert.deepEqual(updatesOf(file.recording), [1, 3, 5]);
  assert.equal(Object.hasOwn(await runPlan({ training: { epochs: 1 } }), "recording"), false);
});

test("other values are refused", () => {
  const network = makeNetwork();
  for (const [record, given] of [
    [0, "0"],
    [-1, "-1"],
    [2.5, "2.5"],
    [Infinity, "Inf"],
    [NaN, "NaN"],
    [true, "true"],
    ["all", '"all"'],
    [[1], "a list of 1"],
    [{}, "an object"],
  ]) {
    assertThrows(
      () => network.train(X, D, { record }),
      InputError,
      `record must be null, "steps" or an integer >= 1, got ${given}`,
    );
  }
});
