// Twins: tests/python/test_training.py, tests/testthat/test-training.R.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  DivergenceError,
  InputError,
  Network,
  Optimizer,
  RandomStream,
  VERSION,
} from "../../inst/js/index.js";
import { AFTER_ONE_UPDATE, assertGroup, assertThrows, caught, XOR_D, XOR_X } from "./helpers.js";

test("training is step after step", () => {
  for (const options of [
    {},
    { batchSize: 3, rule: "transpose", updateOrder: "output_first" },
    { batchSize: null, cost: "cross_entropy" },
  ]) {
    const { batchSize = 1, ...how } = options;
    const epochs = 3;
    const trained = new Network([2, 3, 1]);
    const run = trained.train(XOR_X, XOR_D, {
      ...options,
      epochs,
      optimizer: new Optimizer("adam"),
    });
    const stepped = new Network([2, 3, 1]);
    const optimizer = new Optimizer("adam");
    const size = batchSize ?? XOR_X.length;
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let from = 0; from < XOR_X.length; from += size) {
        const batch = (rows) => rows.slice(from, from + size);
        stepped.step(batch(XOR_X), batch(XOR_D), { ...how, optimizer });
      }
    }
    assert.deepEqual(trained.parameters, stepped.parameters);
    assert.equal(run.updates, optimizer.updates);
  }
});

test("an epoch's cost is the mean of what its samples had, with the penalty then", () => {
  const settings = { learningRate: 0.3, weightDecay: 0.2 };
  const run = new Network([2, 3, 1]).train(XOR_X, XOR_D, {
    batchSize: 3,
    epochs: 1,
    optimizer: new Optimizer("sgd", settings),
  });
  // The first batch has three of the four rows, the second the last one.
  const network = new Network([2, 3, 1]);
  const cost = (rows) =>
    network.meanCost(rows(XOR_X), rows(XOR_D), { weightDecay: settings.weightDecay });
  const first = cost((rows) => rows.slice(0, 3));
  network.step(XOR_X.slice(0, 3), XOR_D.slice(0, 3), { optimizer: new Optimizer("sgd", settings) });
  const second = cost((rows) => rows.slice(3));
  assertGroup(run.cost, [(3 * first + second) / 4], AFTER_ONE_UPDATE, "cost");
});

test("a shuffle takes the rows in the order of the stream", () => {
  const x = [[1], [2], [3], [4], [5]];
  const run = (options, rows = x) =>
    new Network([1, 2, 1]).train(rows, rows, { epochs: 1, ...options }).weights;
  const order = new RandomStream(9).order(5);
  const ordered = order.map((row) => x[row]);
  assert.notDeepEqual(order, [0, 1, 2, 3, 4]);
  assert.deepEqual(run({ shuffle: true, seed: 9 }), run({}, ordered));
  assert.notDeepEqual(run({ shuffle: true, seed: 9 }), run({}));
});

test("a run tells what came of the training", () => {
  const network = new Network([2, 4, 1]);
  const initial = network.meanCost(XOR_X, XOR_D);
  const seen = [];
  const run = network.train(XOR_X, XOR_D, {
    epochs: 2,
    snapshots: [1, 8, 9],
    onEpoch: (epoch, cost) => seen.push([epoch, cost]),
  });
  assert.equal(run.format, "twinprop-run/1");
  assert.equal(run.engine, "js");
  assert.equal(run.version, VERSION);
  assert.equal(run.updates, 8);
  assert.ok(run.seconds >= 0);
  assert.equal(run.initial_cost, initial);
  assert.equal(run.final_cost, network.meanCost(XOR_X, XOR_D));
  assert.deepEqual(run.outputs, network.predict(XOR_X));
  assert.deepEqual(
    run.errors,
    run.outputs.map(([output], i) => [output - XOR_D[i][0]]),
  );
  assert.deepEqual([run.weights, run.biases], [network.weights, network.biases]);
  assert.deepEqual(
    seen,
    run.cost.map((cost, i) => [i + 1, cost]),
  );
  const { weights, biases, final_cost: cost } = run;
  assert.deepEqual(
    run.snapshots.map(({ updates }) => updates),
    [1, 8],
  );
  assert.deepEqual(run.snapshots[1], { updates: 8, cost, weights, biases });
  assert.notDeepEqual(run.snapshots[0].weights, weights);
});

test("without snapshots a run has none", () => {
  const run = new Network([2, 1]).train(XOR_X, XOR_D, { epochs: 0 });
  assert.equal(Object.hasOwn(run, "snapshots"), false);
  const short = new Network([2, 1]).train(XOR_X, XOR_D, { epochs: 0, snapshots: [1] });
  assert.equal(Object.hasOwn(short, "snapshots"), false); // asked for, but never reached
  assert.deepEqual([run.updates, run.cost], [0, []]);
  assert.equal(run.final_cost, run.initial_cost);
});

test("it learns XOR", () => {
  const network = new Network([2, 4, 1]);
  network.train(XOR_X, XOR_D, { epochs: 5000 });
  assert.deepEqual(
    network.predict(XOR_X).map(([output]) => Math.round(output)),
    XOR_D.flat(),
  );
});

test("a divergence leaves the network as it was before the epoch", async () => {
  const network = new Network([1, 1], { activations: "identity", weights: [[[1]]] });
  const after = [network.parameters.slice()];
  const error = await caught(() =>
    network.train([[1e3]], [[1]], {
      epochs: 1000,
      optimizer: new Optimizer("sgd", { learningRate: 10 }),
      onEpoch: () => after.push(network.parameters.slice()),
    }),
  );
  assert.ok(error instanceof DivergenceError, error.stack);
  assert.equal(
    error.message,
    `the cost or a weight became NaN or Inf in epoch ${after.length}; the network keeps its ` +
      "weights from before that epoch. Try a smaller learning_rate (now 10), standardised inputs " +
      "or smaller starting weights",
  );
  assert.equal(error.network, network);
  assert.deepEqual(network.parameters, after.at(-1));
  assert.ok(network.parameters.every(Number.isFinite));
});

test("a weight that becomes Inf is told in its own epoch, though the cost was finite", () => {
  // e = -1e150: the cost is 5e299, the gradient -1e300, and W = 1e10 * 1e300.
  const network = new Network([1, 1], { activations: "identity", weights: [[[0]]] });
  const optimizer = new Optimizer("sgd", { learningRate: 1e10 });
  assert.throws(() => network.train([[1e150]], [[1e150]], { epochs: 5, optimizer }), {
    message: /NaN or Inf in epoch 1;/,
  });
  assert.deepEqual(network.weights, [[[0]]]);
});

test("a cost that is Inf before training is told", () => {
  const network = new Network([1, 1], { activations: "identity", weights: [[[1e200]]] });
  assertThrows(
    () => network.train([[1]], [[0]], { epochs: 1 }),
    DivergenceError,
    "the cost is NaN or Inf before training: standardise the inputs or use smaller starting weights",
  );
});

test("bad arguments are refused by name, before anything moves", () => {
  const network = new Network([2, 3, 1]);
  const before = network.parameters.slice();
  const refused = (options, message, x = XOR_X, d = XOR_D) =>
    assertThrows(() => network.train(x, d, options), InputError, message);
  refused(
    { batchSize: 5 },
    "batchSize must be null or an integer from 1 to 4 (the number of rows), got 5",
  );
  refused({ epochs: 1.5 }, "epochs must be an integer >= 0, got 1.5");
  refused({ shuffle: "yes" }, 'shuffle must be true or false, got "yes"');
  refused(
    { snapshots: [2, 2] },
    "snapshots must be a list of integers >= 1, each larger than the one before, got a list of 2",
  );
  refused({ onEpoch: 1 }, "onEpoch must be null or a function, got 1");
  refused({ updateOrder: 1 }, 'updateOrder must be one of "simultaneous", "output_first", got 1');
  refused(
    { update_order: "simultaneous" },
    'unknown key "update_order" in options; allowed: "cost", "rule", "updateOrder", "optimizer", ' +
      '"batchSize", "epochs", "shuffle", "seed", "snapshots", "record", "dropout", "clipNorm", "schedule", "arithmetic", "sampleWeight", "onEpoch"',
  );
  refused({}, "d must have as many rows as x (4), got 1", XOR_X, [[1]]);
  assert.deepEqual(network.parameters, before);
});

test("the version is the package's", () => {
  const file = new URL("../../inst/js/package.json", import.meta.url);
  assert.equal(JSON.parse(readFileSync(file, "utf8")).version, VERSION);
});

test("for one output a vector of desired outputs will do", () => {
  const x = [
    [0, 0],
    [0, 1],
    [1, 0],
  ];
  const runs = [[0, 1, 1], Float64Array.of(0, 1, 1), [[0], [1], [1]]].map((d) =>
    new Network([2, 3, 1]).train(x, d, { epochs: 5 }),
  );
  assert.deepEqual(runs[0].weights, runs[2].weights);
  assert.deepEqual(runs[1].weights, runs[2].weights);
  assertThrows(
    () => new Network([2, 2]).train(x, [0, 1, 1]),
    InputError,
    "d row 1 must be a list of numbers, got 0",
  );
});
