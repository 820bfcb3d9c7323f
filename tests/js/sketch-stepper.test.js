// The stepper of the page, inst/js/sketch/stepper.js: the numbers of a training, one phase at a time.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DenominatorError, DivergenceError, loadDataset } from "../../inst/js/index.js";
import { Network, Optimizer } from "../../inst/js/index.js";
import { change, DEFAULT_STATE, namedData } from "../../inst/js/sketch/state.js";
import { Stepper } from "../../inst/js/sketch/stepper.js";
import { XOR_D, XOR_X } from "./helpers.js";

const XOR = { x: XOR_X, d: XOR_D };

/** The training that a state stands for, made by the package. */
function trained(state, { x, d }, epochs, extra = {}) {
  const { layers, activations, init, seed, weights, biases, optimizer } = state;
  const network = new Network(layers, { activations, init, seed, weights, biases });
  const { name, ...parameters } = optimizer;
  const { cost, rule, updateOrder, batchSize, shuffle, shuffleSeed } = state;
  return network.train(x, d, {
    ...{ cost, rule, updateOrder, batchSize, shuffle },
    ...{ optimizer: new Optimizer(name, parameters), seed: shuffleSeed, epochs, ...extra },
  });
}

/** A run without what differs each time, and without its recording. */
const timeless = (run) => ({ ...run, seconds: null, recording: undefined });

const STATES = {
  default: {},
  adam: { optimizer: { name: "adam", learningRate: 0.01, weightDecay: 0.01 }, init: "uniform" },
  shuffled: { shuffle: true, batchSize: 3, rule: "transpose", optimizer: { name: "momentum" } },
  p5: { updateOrder: "output_first", rule: "transpose", cost: "half_sse" },
  full: { batchSize: null, rule: "proportional_abs", layers: [2, 3, 3, 1], activations: "tanh" },
};
const EPOCHS = 6;

for (const [name, settings] of Object.entries(STATES)) {
  const state = change(DEFAULT_STATE, {
    activations: ["sigmoid", "sigmoid"],
    ...settings,
    ...(settings.layers ? { activations: ["tanh", "tanh", "tanh"] } : {}),
  });

  test(`${name}: phase by phase the numbers are those of train, to the last bit`, () => {
    const stepper = new Stepper(state, XOR);
    const run = trained(state, XOR, EPOCHS, { record: "steps" });
    assert.equal(stepper.initialCost, run.initial_cost);
    for (const recorded of run.recording.steps) {
      const phases = [];
      do {
        assert.ok(stepper.next());
        phases.push(stepper.phase);
        if (stepper.phase === "update") break;
        const { step } = stepper;
        assert.deepEqual(step.before.weights, recorded.weights);
        assert.deepEqual(step.rows, recorded.rows);
        assert.equal(step.cost, recorded.cost);
        assert.deepEqual(step.backward.e, recorded.e);
        assert.deepEqual(step.backward.gradWeights, recorded.grad_weights);
      } while (phases.length < 9);
      assert.deepEqual(phases, ["forward", "error", "back", "update"]);
      assert.equal(stepper.updates, recorded.update);
    }
    assert.deepEqual(timeless(stepper.run()), timeless(run));
  });

  test(`${name}: the shares of a step add up to the errors`, () => {
    const stepper = new Stepper(state, XOR);
    stepper.seek(5, "back");
    const { shares, backward, rows } = stepper.step;
    rows.forEach((_, sample) => {
      shares(sample).forEach((layer, i) => {
        backward.e[i][sample].forEach((error, j) => {
          const sum = layer.reduce((total, row) => total + row[j], 0);
          assert.ok(Math.abs(sum - error) <= 1e-15, `${sum} is not ${error}`);
        });
      });
    });
  });

  test(`${name}: back, previous and seek come to the same numbers as going there`, () => {
    const there = new Stepper(state, XOR);
    there.seek(EPOCHS * there.batches);
    const end = timeless(there.run());
    const stepper = new Stepper(state, XOR);
    stepper.advance(EPOCHS * stepper.batches + 3);
    for (let i = 0; i < 3; i++) assert.ok(stepper.back());
    assert.equal(stepper.phase, "update");
    assert.deepEqual(timeless(stepper.run()), end);
    for (let i = 0; i < 5; i++) assert.ok(stepper.previous());
    assert.deepEqual([stepper.updates, stepper.phase], [EPOCHS * there.batches - 2, "back"]);
    stepper.restart();
    assert.deepEqual([stepper.updates, stepper.phase, stepper.costs], [0, "start", []]);
    assert.equal(stepper.back(), false);
    assert.equal(stepper.previous(), false);
    stepper.seek(EPOCHS * there.batches);
    assert.deepEqual(stepper.weights, there.weights);
  });
}

test("a training that is cut into slices is the same training", async () => {
  const state = change(DEFAULT_STATE, {
    ...{ data: { dataset: "iris" }, layers: [4, 8, 3], batchSize: 16, shuffle: true },
    optimizer: { name: "sgd", learningRate: 0.1 },
  });
  const samples = await loadDataset("iris");
  const stepper = new Stepper(state, samples);
  let slices = 0;
  const until = () => true; // each update its own slice
  while (!stepper.advance(50, until)) slices += 1;
  assert.ok(slices >= 20);
  assert.deepEqual(stepper.weights, trained(state, samples, 5).weights);
  while (!stepper.seek(20, "error", until)) slices += 1;
  assert.deepEqual([stepper.updates, stepper.phase, stepper.epoch], [20, "error", 3]);
  assert.deepEqual(stepper.weights, trained(state, samples, 2).weights);
});

test("what is kept to go back to stays within bounds, and going back is still exact", () => {
  const x = [Array.from({ length: 200 }, (_, i) => i / 200)];
  const state = change(DEFAULT_STATE, {
    ...{ data: namedData(x, [[1]]), layers: [200, 60, 1] },
    optimizer: { name: "adam", learningRate: 0.01 },
  });
  const stepper = new Stepper(state, { x, d: [[1]] });
  stepper.advance(200); // 12,121 numbers times 3 for each update: 7 million
  stepper.back();
  assert.deepEqual(stepper.weights, trained(state, { x, d: [[1]] }, 199).weights);
});

test("a denominator that vanishes stops the training before its update", () => {
  const state = change(DEFAULT_STATE, {
    rule: "proportional",
    layers: [2, 2, 1],
    weights: [
      [
        [1, 2],
        [3, 4],
      ],
      [[1, -1]],
    ],
  });
  const stepper = new Stepper(state, XOR);
  assert.ok(stepper.next());
  assert.ok(stepper.next());
  assert.equal(stepper.next(), false);
  assert.equal(stepper.phase, "error");
  assert.ok(stepper.stopped instanceof DenominatorError);
  assert.equal(stepper.explain(2, 1), null);
  assert.equal(stepper.advance(10), true);
  assert.equal(stepper.updates, 0);
  assert.ok(stepper.stopped instanceof DenominatorError);
  assert.ok(stepper.previous());
  assert.equal(stepper.phase, "forward");
});

test("a training that diverges stands where its last whole epoch left it", () => {
  const state = change(DEFAULT_STATE, {
    activations: ["identity", "identity"],
    optimizer: { name: "sgd", learningRate: 60 },
  });
  assert.throws(() => trained(state, XOR, 1000), DivergenceError);
  const stepper = new Stepper(state, XOR);
  assert.equal(stepper.advance(4000), true);
  assert.ok(stepper.stopped instanceof DivergenceError);
  let message = "";
  const network = new Network(state.layers, { activations: state.activations });
  try {
    network.train(XOR_X, XOR_D, { optimizer: new Optimizer("sgd", { learningRate: 60 }) });
  } catch (error) {
    ({ message } = error);
  }
  assert.equal(stepper.stopped.message, message);
  assert.deepEqual(stepper.weights, network.weights);
});

test("the equations are those of explain, with the weights before the step", () => {
  const stepper = new Stepper(DEFAULT_STATE, XOR);
  stepper.seek(7);
  const table = () => stepper.explain(2, 1).flatMap(({ rows }) => rows);
  const moved = table()
    .filter(({ stage }) => stage === "update")
    .map(({ value }) => value);
  assert.deepEqual(moved, [...stepper.weights[0][0], stepper.biases[0][0]]);
  const shares = table().filter(({ stage }) => stage === "share");
  assert.deepEqual(
    shares.map(({ layer, from, to, value }) => [layer, from, to, value]),
    [[3, 1, 1, stepper.step.shares(0)[0][0][0]]],
  );
  stepper.seek(0);
  assert.equal(table().find(({ stage }) => stage === "activation").value, 0.5);
});
