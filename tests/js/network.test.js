// Twins: tests/python/test_network.py, tests/testthat/test-network.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError, Network, RandomStream, startingWeights } from "../../inst/js/index.js";
import { assertThrows } from "./helpers.js";

test("starting weights are drawn layer by layer, row by row, weights before biases", () => {
  const u = new RandomStream(5).uniform(6 + 2 + 2 + 1);
  const between = (limit, from, to) => u.slice(from, to).map((one) => -limit + 2 * limit * one);
  const first = between(1 / Math.sqrt(3), 0, 8);
  const second = between(1 / Math.sqrt(2), 8, 11);
  assert.deepEqual(startingWeights([3, 2, 1], "torch", 5), {
    weights: [[first.slice(0, 3), first.slice(3, 6)], [second.slice(0, 2)]],
    biases: [first.slice(6), second.slice(2)],
  });
});

test("where biases are 0 nothing is drawn for them", () => {
  const u = new RandomStream(42).uniform(3);
  for (const [init, limits] of [
    ["xavier", [Math.sqrt(6 / 3), Math.sqrt(6 / 2)]],
    ["he", [Math.sqrt(6 / 2), Math.sqrt(6 / 1)]],
  ]) {
    const [hidden, output] = limits.map((r) => (one) => -r + 2 * r * one);
    assert.deepEqual(startingWeights([2, 1, 1], init), {
      weights: [[[hidden(u[0]), hidden(u[1])]], [[output(u[2])]]],
      biases: [[0], [0]],
    });
  }
});

test("a network's parameters are all weights, then all biases, in one array", () => {
  const weights = [
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    [[7, 8, 9]],
  ];
  const network = new Network([2, 3, 1], { weights, biases: [[10, 11, 12], [13]] });
  assert.deepEqual(
    network.parameters,
    Float64Array.from({ length: 13 }, (_, i) => i + 1),
  );
  assert.deepEqual(network.weights, weights);
  network.parameters[12] = -1;
  assert.deepEqual(network.biases, [[10, 11, 12], [-1]]);
  // What the getters give is a copy.
  network.weights[0][0][0] = 99;
  assert.equal(network.parameters[0], 1);
});

test("weights given by hand go without biases; biases given by hand leave drawn weights", () => {
  const options = { init: "uniform", seed: 3 };
  const drawn = startingWeights([2, 1], "uniform", 3);
  const byHand = new Network([2, 1], { ...options, weights: [[[1, 2]]] });
  assert.deepEqual([byHand.weights, byHand.biases], [[[[1, 2]]], [[0]]]);
  const half = new Network([2, 1], { ...options, biases: [[0.5]] });
  assert.deepEqual([half.weights, half.biases], [drawn.weights, [[0.5]]]);
});

test("an alias is replaced, and one name is for every layer", () => {
  assert.deepEqual(new Network([1, 1, 1]).activations, ["sigmoid", "sigmoid"]);
  assert.deepEqual(new Network([1, 1, 1], { activations: "linear" }).activations, [
    "identity",
    "identity",
  ]);
  const mixed = new Network([1, 1, 2], { activations: ["logistic", "softmax"] });
  assert.deepEqual(mixed.activations, ["sigmoid", "softmax"]);
});

test("predict gives the outputs of forward, and leaves the inputs alone", () => {
  const network = new Network([2, 3, 2], { activations: ["tanh", "identity"] });
  const x = [
    [1, 2],
    [3, 4],
  ];
  assert.deepEqual(network.predict(x), network.forward(x).a.at(-1));
  assert.deepEqual(x, [
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(network.predict([new Float64Array([1, 2])]), network.predict([[1, 2]]));
});

test("bad arguments are refused by name, without a section", () => {
  const refused = (layers, options, message) =>
    assertThrows(() => new Network(layers, options), InputError, message);
  refused(undefined, {}, "layers must be a list of at least 2 integers >= 1, got undefined");
  refused([2], {}, "layers must be a list of at least 2 integers >= 1, got a list of 1");
  refused([2, 0.5], {}, "layers entry 2 must be an integer >= 1, got 0.5");
  refused([2, 1], { activations: 1 }, "activations must be a name or a list of names, got 1");
  refused(
    [2, 1],
    { activations: "toString" },
    'activations entry 1 must be one of "sigmoid", "tanh", "relu", "leaky_relu", "softplus", ' +
      '"identity", "softmax", got "toString"',
  );
  refused(
    [2, 1],
    { init: "zero" },
    'init must be one of "xavier", "he", "torch", "uniform", got "zero"',
  );
  refused(
    [2, 1],
    { seed: 2 ** 31 },
    "seed must be an integer from -2147483647 to 2147483647, got 2147483648",
  );
  refused(
    [2, 1],
    { weights: [[[1, 2]], []] },
    "weights must have one matrix for each layer after the input (1), got 2",
  );
  refused([2, 1], { weights: [[[1]]] }, "weights layer 2 row 1 must have 2 values, got 1");
  refused([2, 1], { biases: [[NaN]] }, "biases layer 2 value 1 must be a finite number, got NaN");
  refused(
    [2, 1],
    { activation: "tanh" },
    'unknown key "activation" in options; allowed: "activations", "init", "seed", "weights", "biases"',
  );
  refused([2, 1], "tanh", 'options must be an object, got "tanh"');
});
