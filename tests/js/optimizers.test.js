// Twins: tests/python/test_optimizers.py, tests/testthat/test-optimizers.R. The cases optimizer-*
// (conformance.test.js) hold the numbers of many updates.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ACTIVATIONS,
  COSTS,
  InputError,
  Network,
  Optimizer,
  OPTIMIZERS,
} from "../../inst/js/index.js";
import { AFTER_ONE_UPDATE, assertGroup, assertThrows, XOR_D, XOR_X } from "./helpers.js";

/** One parameter from 1, moved by these gradients, one update each. */
function path(name, settings, gradients, areWeights = true) {
  const optimizer = new Optimizer(name, settings);
  const parameters = Float64Array.of(1);
  return gradients.map((gradient) => {
    optimizer.startUpdate(1);
    optimizer.move(parameters, Float64Array.of(gradient), 0, 1, areWeights);
    return parameters[0];
  });
}

test("the defaults are the contract's", () => {
  assert.deepEqual(new Optimizer().settings, {
    name: "sgd",
    learningRate: 0.5,
    weightDecay: 0,
    momentum: 0,
    nesterov: false,
  });
  assert.equal(new Optimizer("momentum").settings.momentum, 0.9);
  assert.equal(new Optimizer("nesterov").settings.nesterov, true);
  assert.deepEqual(new Optimizer("rmsprop").settings, {
    name: "rmsprop",
    learningRate: 0.01,
    weightDecay: 0,
    alpha: 0.99,
    eps: 1e-8,
    momentum: 0,
  });
  assert.deepEqual(new Optimizer("adam", { weightDecay: 0.1 }).settings, {
    name: "adam",
    learningRate: 0.001,
    weightDecay: 0.1,
    betas: [0.9, 0.999],
    eps: 1e-8,
  });
  assert.deepEqual(new Optimizer("rprop").settings, {
    name: "rprop",
    learningRate: 0.01,
    weightDecay: 0,
    etas: [0.5, 1.2],
    stepSizes: [1e-6, 50],
  });
});

// Two updates by hand, W = 1, gradients 2 and -1.
for (const [name, settings, expected] of [
  ["sgd", { learningRate: 0.1 }, [1 - 0.2, 0.8 + 0.1]],
  // v = 2, then 0.5 * 2 - 1 = 0
  ["sgd", { learningRate: 0.1, momentum: 0.5 }, [0.8, 0.8]],
  // G + 0.5 v: 2 + 1 = 3, then -1 + 0 = -1
  ["nesterov", { learningRate: 0.1, momentum: 0.5 }, [0.7, 0.8]],
  // G = 2 + 0.5 * 1 = 2.5, then -1 + 0.5 * 0.75 = -0.625
  ["sgd", { learningRate: 0.1, weightDecay: 0.5 }, [0.75, 0.8125]],
  // v = 0.5 * 4 = 2, then 0.5 * 2 + 0.5 * 1 = 1.5
  [
    "rmsprop",
    { learningRate: 0.1, alpha: 0.5, eps: 0 },
    [1 - 0.2 / Math.sqrt(2), 1 - 0.2 / Math.sqrt(2) + 0.1 / Math.sqrt(1.5)],
  ],
  // u = 2/sqrt(2), then 0.5 u - 1/sqrt(1.5)
  [
    "rmsprop",
    { learningRate: 0.1, alpha: 0.5, eps: 0, momentum: 0.5 },
    [1 - 0.1 * Math.SQRT2, 1 - 0.1 * Math.SQRT2 - 0.1 * (0.5 * Math.SQRT2 - 1 / Math.sqrt(1.5))],
  ],
  // m = 0.5 * 2 = 1, v = 0.25 * 4 = 1; m / 0.5 = 2, sqrt(v / 0.25) = 2: a step of eta.
  // m = 0.5 - 0.5 = 0: no step
  ["adam", { learningRate: 0.1, betas: [0.5, 0.75], eps: 0 }, [0.9, 0.9]],
  // step 0.1; then the sign turns: no step, and p = 0
  ["rprop", { learningRate: 0.1 }, [0.9, 0.9]],
]) {
  test(`${name} ${JSON.stringify(settings)} by hand`, () => {
    assertGroup(path(name, settings, [2, -1]), expected, AFTER_ONE_UPDATE, name);
  });
}

test("rprop grows, shrinks and keeps to its sizes", () => {
  const settings = { learningRate: 0.1, etas: [0.5, 2], stepSizes: [0.09, 0.3] };
  // 0.1; 0.2; 0.3 (not 0.4); turned: 0.15, no step; then the sign is 0: 0.15
  const expected = [0.9, 0.7, 0.4, 0.4, 0.55];
  const gradients = [1e-100, 1e-100, 5, -1, -1];
  assertGroup(path("rprop", settings, gradients), expected, AFTER_ONE_UPDATE, "rprop");
  // A product that underflows to 0 leaves the step as it is.
  const tiny = path("rprop", settings, [1e-300, 1e-300]);
  assertGroup(tiny, [0.9, 0.8], AFTER_ONE_UPDATE, "rprop");
  // Smaller than the smallest: 0.09.
  const small = path("rprop", { ...settings, learningRate: 0.01 }, [1]);
  assertGroup(small, [0.91], AFTER_ONE_UPDATE, "rprop");
});

test("biases do not decay", () => {
  for (const name of Object.keys(OPTIMIZERS)) {
    const settings = { learningRate: 0.1, weightDecay: 0.5 };
    assert.deepEqual(path(name, settings, [0, 0], false), [1, 1], name);
    assert.ok(path(name, settings, [0, 0], true)[1] < 1, name);
  }
});

test("an optimiser keeps its memory from update to update", () => {
  const gradients = { gradWeights: [[[1]]], gradBiases: [[0]] };
  const network = new Network([1, 1], { weights: [[[0]]] });
  const optimizer = new Optimizer("momentum", { learningRate: 1, momentum: 0.5 });
  network.update(gradients, optimizer);
  network.update(gradients, optimizer);
  assert.equal(network.parameters[0], -(1 + 1.5));
  assert.equal(optimizer.updates, 2);
  network.update(gradients, "sgd"); // by name: new, with its defaults
  assert.equal(network.parameters[0], -3);
});

test("bad arguments are refused by name", () => {
  const refused = (name, settings, message) =>
    assertThrows(() => new Optimizer(name, settings), InputError, message);
  refused(
    "lbfgs",
    {},
    'name must be one of "sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop", got "lbfgs"',
  );
  refused("sgd", { learningRate: -1 }, "learningRate must be a finite number >= 0, got -1");
  refused("sgd", { momentum: 1 }, "momentum must be a number from 0 to below 1, got 1");
  refused("sgd", { nesterov: true }, "nesterov needs a momentum above 0, got momentum 0");
  refused("sgd", { nesterov: 1 }, "nesterov must be true or false, got 1");
  refused(
    "adam",
    { betas: [0.9, 1] },
    "betas must be a list of 2 numbers from 0 to below 1, got a list of 2",
  );
  refused(
    "rprop",
    { stepSizes: [2, 1] },
    "stepSizes must be a list of 2 numbers, 0 < first <= second, got a list of 2",
  );
  refused(
    "rprop",
    { etas: [1, 2] },
    "etas must be a list of 2 numbers, 0 < first < 1 < second, got a list of 2",
  );
  refused(
    "sgd",
    { learning_rate: 1 },
    'unknown key "learning_rate" in optimizer; allowed: "name", "learningRate", ' +
      '"weightDecay", "momentum", "nesterov"',
  );
  const optimizer = new Optimizer("adam");
  new Network([1, 1]).step([[1]], [[1]], { optimizer });
  assertThrows(
    () => new Network([2, 1]).step([[1, 1]], [[1]], { optimizer }),
    InputError,
    "optimizer has state for a network of 2 parameters, got one of 3; make a new one",
  );
});

test("no default can be changed by mistake", () => {
  assert.throws(() => (OPTIMIZERS.adam.defaults.betas[0] = 0.5), TypeError);
  assert.throws(() => (OPTIMIZERS.sgd.defaults.learningRate = 1), TypeError);
  assert.throws(() => (ACTIVATIONS.sigmoid.value = null), TypeError);
  assert.throws(() => (COSTS.half_mse.scale = null), TypeError);
  const settings = new Optimizer("adam").settings;
  settings.betas[0] = 0.5;
  assert.equal(new Optimizer("adam").settings.betas[0], 0.9);
});

test("what an optimiser remembers can be seen, and starts as startOf says", () => {
  const network = new Network([1, 1], { activations: "identity", weights: [[[2]]] });
  const optimizer = new Optimizer("rprop", { learningRate: 0.25 });
  assert.deepEqual(optimizer.state, {});
  assert.deepEqual([optimizer.startOf("previous"), optimizer.startOf("step")], [0, 0.25]);
  // G = e x = (2 * 3 - 4) * 3 = 6 for the weight, 2 for the bias.
  network.step([[3]], [[4]], { optimizer });
  assert.deepEqual(optimizer.state, {
    previous: new Float64Array([6, 2]),
    step: new Float64Array([0.25, 0.25]),
  });
});

test("a copy has the same settings and memory, and goes its own way", () => {
  for (const name of Object.keys(OPTIMIZERS)) {
    const optimizer = new Optimizer(name, { learningRate: 0.01, weightDecay: 0.1 });
    assert.deepEqual(optimizer.copy().state, {});
    const network = new Network([2, 2, 1]);
    network.step(XOR_X, XOR_D, { optimizer });
    const copy = optimizer.copy();
    assert.deepEqual(
      [copy.settings, copy.state, copy.updates],
      [optimizer.settings, optimizer.state, 1],
    );
    const [one, other] = [network, new Network([2, 2, 1])];
    other.parameters.set(one.parameters);
    const before = structuredClone(optimizer.state);
    other.step(XOR_X, XOR_D, { optimizer: copy });
    assert.deepEqual([optimizer.state, optimizer.updates, copy.updates], [before, 1, 2]);
    one.step(XOR_X, XOR_D, { optimizer });
    assert.deepEqual([one.parameters, optimizer.state], [other.parameters, copy.state]);
    // Of another size it is refused, as the optimiser itself is.
    assert.throws(() => new Network([1, 1]).step([[1]], [[1]], { optimizer: copy }), InputError);
  }
});
