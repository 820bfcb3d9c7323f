// The gradient check: it passes what is right, and fires on what is not.
// Twins: tests/python/test_gradcheck.py, tests/testthat/test-gradcheck.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  checkGradient,
  DenominatorError,
  DivergenceError,
  InputError,
  Network,
  RandomStream,
} from "../../inst/js/index.js";
import { assertGroup, assertThrows, XOR_D, XOR_X } from "./helpers.js";

const COLUMNS = [
  ...["layer", "from", "to", "parameter", "backprop", "difference", "absolute", "relative"],
  ...["kink", "passes"],
];
const HIDDEN = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"];
const SMOOTH = ["sigmoid", "tanh", "softplus", "identity"];

// Central differences of step 2^-17 or less, of costs up to 10: roundings of 2^-52 of the cost.
const DIFFERENCES = 1e-8;

/** A network 2-3-2-K with biases and five samples. */
function problem(output, k, hidden = "tanh", seed = 1) {
  const stream = new RandomStream(seed);
  const rows = (columns, scale, shift) =>
    Array.from({ length: 5 }, () =>
      Array.from(stream.uniform(columns), (value) => scale * value + shift),
    );
  const activations = [hidden, hidden, output];
  const network = new Network([2, 3, 2, k], { activations, init: "uniform", seed });
  const x = rows(2, 2, -1);
  const d = rows(k, 0.8, 0.1);
  if (output !== "softmax") return { network, x, d };
  const sums = d.map((row) => row.reduce((sum, value) => sum + value, 0));
  return { network, x, d: d.map((row, i) => row.map((value) => value / sums[i])) };
}

/** The network with a backward pass that gets `change(gradients)` wrong. */
function broken(network, change) {
  const right = Object.getPrototypeOf(network).backward;
  network.backward = function (...given) {
    const backward = right.apply(this, given);
    change(backward);
    return backward;
  };
  return network;
}

/** All numbers of nested lists times a factor. */
const scaled = (values, factor) =>
  Array.isArray(values) ? values.map((value) => scaled(value, factor)) : values * factor;

function failingLayers({ table }) {
  return [...new Set(table.filter(({ passes }) => passes === false).map(({ layer }) => layer))];
}

test("the gradient passes for every cost, output activation and K", () => {
  const pairs = [
    ...["half_mse", "half_sse", "mse"].flatMap((cost) =>
      HIDDEN.flatMap((output) => [1, 2, 3].map((k) => [cost, output, k])),
    ),
    ...[1, 2, 3].map((k) => ["cross_entropy", "sigmoid", k]),
    ...[2, 3].map((k) => ["cross_entropy", "softmax", k]),
  ];
  for (const [cost, output, k] of pairs) {
    for (const hidden of HIDDEN) {
      const { network, x, d } = problem(output, k, hidden);
      for (const weightDecay of [0, 0.3]) {
        const check = checkGradient(network, x, d, { cost, weightDecay });
        const what = `${cost}, ${hidden}, ${output}, ${k}: ${check.verdict}`;
        assert.ok(check.passes, what);
        // The cases are checks, not exemptions.
        assert.ok(!check.table.some(({ kink }) => kink), what);
        assert.equal(check.warning, null);
      }
    }
  }
});

test("the numbers are those by hand", () => {
  // C = (3 w + b - 1)^2 / 2 at w = 1, b = 0: dC/dw = 6, dC/db = 2; the penalty adds 0.1 w.
  const network = new Network([1, 1], { activations: "identity", weights: [[[1]]] });
  const check = checkGradient(network, [[3]], [[1]], { weightDecay: 0.1 });
  const column = (name) => check.table.map((row) => row[name]);
  assert.deepEqual(Object.keys(check.table[0]), COLUMNS);
  assertGroup(column("backprop"), [6.1, 2], 1e-14, "backprop");
  assertGroup(column("difference"), [6.1, 2], 1e-9, "difference");
  assert.deepEqual(
    column("absolute"),
    check.table.map(({ backprop, difference }) => Math.abs(backprop - difference)),
  );
  assert.deepEqual(column("from"), [1, null]);
  assert.deepEqual(column("parameter"), ["weight", "bias"]);
  assertGroup([check.cosine, check.lengthRatio], [1, 1], 1e-9, "cosine and length ratio");
  assert.equal(
    check.verdict,
    "PASSES: backpropagation and central differences agree in all 2 weights and biases " +
      "(relative errors up to 1e-06).",
  );
});

test("the rows are in order: weights row by row, then biases", () => {
  const { table } = checkGradient(new Network([2, 2, 1]), XOR_X, XOR_D);
  assert.deepEqual(
    table.map(({ layer, from, to }) => [layer, from, to]),
    [
      [2, 1, 1],
      [2, 2, 1],
      [2, 1, 2],
      [2, 2, 2],
      [2, null, 1],
      [2, null, 2],
      [3, 1, 1],
      [3, 2, 1],
      [3, null, 1],
    ],
  );
});

test("it fires on a broken derivative", () => {
  const { network, x, d } = problem("sigmoid", 2, "tanh");
  assert.ok(checkGradient(network, x, d).passes);
  // A derivative of the hidden layers that is 1.001 times too large.
  broken(network, (backward) => {
    for (const [i, factor] of [1.001 ** 2, 1.001, 1].entries()) {
      backward.gradWeights[i] = scaled(backward.gradWeights[i], factor);
      backward.gradBiases[i] = scaled(backward.gradBiases[i], factor);
    }
  });
  const check = checkGradient(network, x, d);
  assert.ok(!check.passes);
  assert.match(check.verdict, /^FAILS: /);
  // What is behind the broken derivative is right.
  assert.deepEqual(failingLayers(check), [2, 3]);
});

test("it fires on a broken scale", () => {
  const { network, x, d } = problem("sigmoid", 2);
  broken(network, (backward) => {
    backward.gradWeights = scaled(backward.gradWeights, 0.5);
    backward.gradBiases = scaled(backward.gradBiases, 0.5);
  });
  const check = checkGradient(network, x, d, { cost: "mse" });
  assert.ok(check.table.every(({ passes }) => passes === false));
  assertGroup([check.cosine, check.lengthRatio], [1, 0.5], 1e-9, "cosine and length ratio");
  assert.ok(
    check.worst.every(({ relative }, i, all) => i === 0 || relative <= all[i - 1].relative + 1e-3),
  );
});

test("it fires on one wrong weight", () => {
  const { network, x, d } = problem("sigmoid", 2);
  const right = network.backward.bind(network);
  network.backward = (...given) => {
    const backward = right(...given);
    backward.gradWeights[1][1][2] += 1e-4;
    return backward;
  };
  const check = checkGradient(network, x, d);
  assert.match(
    check.verdict,
    /^FAILS: 1 of 23 weights and biases differ, the most the weight from neuron 3 of layer 2 to neuron 2 of layer 3 \(relative error \d\.\d\de-0\d\)\.$/,
  );
  assert.equal(check.worst.length, 5);
  assert.deepEqual(
    check.worst.map(({ passes }) => passes),
    [false, true, true, true, true],
  );
});

test("a gradient that is no number fails", () => {
  const { network, x, d } = problem("sigmoid", 2);
  const right = network.backward.bind(network);
  network.backward = (...given) => {
    const backward = right(...given);
    backward.gradBiases[0][1] = NaN;
    return backward;
  };
  assert.equal(
    checkGradient(network, x, d).verdict,
    "FAILS: 1 of 23 weights and biases differ, the most the bias of neuron 2 of layer 2 " +
      "(relative error Inf).",
  );
});

test("another rule fails and says by how much", () => {
  const { network, x, d } = problem("sigmoid", 2, "sigmoid");
  const gradient = (rule, weightDecay) => {
    const { gradWeights, gradBiases } = network.backward(network.forward(x), d, { rule });
    const weights = network.weights.flat(2);
    return [
      ...gradWeights.flat(2).map((g, i) => g + weightDecay * weights[i]),
      ...gradBiases.flat(),
    ];
  };
  const dot = (p, q) => p.reduce((sum, value, i) => sum + value * q[i], 0);
  for (const rule of ["transpose", "proportional", "proportional_abs"]) {
    for (const weightDecay of [0, 0.2]) {
      const check = checkGradient(network, x, d, { rule, weightDecay });
      assert.ok(!check.passes);
      const [p, q] = [gradient(rule, weightDecay), gradient("gradient", weightDecay)];
      const cosine = dot(p, q) / Math.sqrt(dot(p, p)) / Math.sqrt(dot(q, q));
      const ratio = Math.sqrt(dot(p, p)) / Math.sqrt(dot(q, q));
      assertGroup([check.cosine, check.lengthRatio], [cosine, ratio], DIFFERENCES, rule);
      const largest = Math.max(...check.table.map(({ relative }) => relative));
      assert.equal(check.largestRelative, largest);
      assert.ok(largest > 0.1);
      const shown = (value) => value.toExponential(2).replace(/(\d)$/, "0$1");
      assert.equal(
        check.warning,
        `rule "${rule}" is not the gradient, so it is not expected to pass: the largest relative ` +
          `error is ${shown(largest)}; of the whole gradient the cosine is ${cosine.toFixed(3)} and the ` +
          `length ratio ${shown(ratio)}`,
      );
      // The output layer has the same error by every rule.
      assert.deepEqual(
        check.table.filter(({ passes }) => passes).map(({ layer }) => layer),
        new Array(6).fill(4),
      );
    }
  }
});

test("another rule passes where it is the gradient", () => {
  const one = checkGradient(new Network([2, 1]), XOR_X, XOR_D, { rule: "proportional" });
  assert.deepEqual([one.passes, one.warning], [true, null]);
  const identity = new Network([2, 3, 1], { activations: "identity" });
  const two = checkGradient(identity, XOR_X, XOR_D, { rule: "transpose" });
  assert.deepEqual([two.passes, two.warning], [true, null]);
});

test("kinks are told apart and left out", () => {
  // z = (0, 0.5) in the hidden layer: the weight and the bias of its first neuron kink.
  const network = new Network([1, 2, 1], {
    activations: ["relu", "identity"],
    weights: [[[1], [0.5]], [[1, 1]]],
    biases: [[-1, 0], [0]],
  });
  const check = checkGradient(network, [[1]], [[3]]);
  const kinks = check.table.map(({ kink }) => kink);
  assert.deepEqual(kinks, [true, false, true, false, false, false, false]);
  assert.deepEqual(
    check.table.map(({ passes }) => passes),
    kinks.map((kink) => (kink ? null : true)),
  );
  // The derivative at 0 is 0, the difference is half of the other slope, e = -2.5.
  assert.equal(Math.abs(check.table[0].backprop), 0);
  assertGroup(check.table[0].difference, -1.25, 1e-4, "difference at a kink");
  assertGroup(check.cosine, 1, 1e-9, "cosine without the kinks");
  assert.ok(check.passes);
  assert.equal(
    check.verdict,
    "PASSES: backpropagation and central differences agree in all 5 weights and biases " +
      "(relative errors up to 1e-06). 2 at a kink left out.",
  );
  assert.ok(!check.worst.some(({ kink }) => kink));

  for (const activations of ["relu", "leaky_relu"]) {
    for (const steps of [0, 0.5, -0.5, 1.5, -1.5]) {
      const near = new Network([1, 1], {
        activations,
        weights: [[[1]]],
        biases: [[steps * 2 ** -17]],
      });
      const { table } = checkGradient(near, [[0]], [[1]]);
      assert.deepEqual(
        table.map(({ kink }) => kink),
        [false, Math.abs(steps) < 1],
      );
    }
  }

  // z[3] = tanh(x): 0 for the sample x = 0 only; the bias into layer 2 moves it.
  const later = new Network([1, 1, 1], {
    activations: ["tanh", "relu"],
    weights: [[[1]], [[1]]],
  });
  assert.deepEqual(
    checkGradient(later, [[0.5], [0], [-0.7]], [[1], [1], [1]]).table.map(({ kink }) => kink),
    [false, true, false, true],
  );

  for (const activations of SMOOTH) {
    const zero = new Network([2, 1], { activations, weights: [[[0, 0]]] });
    const smooth = checkGradient(zero, XOR_X, XOR_D);
    assert.ok(smooth.passes && !smooth.table.some(({ kink }) => kink));
  }
});

test("nothing left to judge is not a pass", () => {
  const network = new Network([1, 1], { activations: "relu", weights: [[[1]]], biases: [[-1]] });
  const check = checkGradient(network, [[1]], [[3]]);
  assert.equal(check.passes, false);
  assert.equal(check.verdict, "NOT CHECKED: all 2 weights and biases are at a kink.");
  assert.equal(check.largestRelative, 0);
});

test("inputs, targets and weights of any size pass", () => {
  for (const output of HIDDEN) {
    const { network, x, d } = problem(output, 2, "softplus");
    const bounded = problem(output, 2, "tanh").network;
    for (const scale of [1e-3, 30, 1e3, 1e5]) {
      const times = (rows) => rows.map((row) => row.map((value) => scale * value));
      assert.ok(checkGradient(network, times(x), d).passes);
      assert.ok(checkGradient(bounded, times(x), d).passes);
      assert.ok(checkGradient(network, x, times(d)).passes);
    }
  }
  // A net input of 3.1 that a step of 2^-17 would move by 300 times as much.
  const steep = new Network([1, 1, 1], {
    activations: "tanh",
    weights: [[[0.01]], [[1]]],
    biases: [[0.1], [0.2]],
  });
  assert.ok(checkGradient(steep, [[300]], [[1]]).passes);
  // a - d rounds to 1e-8, beside costs of 1e-4.
  const far = new Network([1, 1], { activations: "identity", weights: [[[0.9]]], biases: [[1e8]] });
  const x = [[0.3], [-0.6]];
  const [[first], [second]] = far.predict(x);
  assert.ok(checkGradient(far, x, [[first - 0.01], [second + 0.01]]).passes);
  // Its neighbour holds z at 0, so that the step cannot be as large as the weight asks.
  const huge = new Network([2, 1], { activations: "identity", weights: [[[2 ** 40, -(2 ** 40)]]] });
  assert.ok(checkGradient(huge, [[1, 1]], [[1]]).passes);
});

test("what rounds at a minimum is not called wrong", () => {
  const network = new Network([1, 1], { weights: [[[0.3]]], biases: [[0.2]] });
  const x = [[0.7], [0.7]];
  const [[a]] = network.predict(x);
  for (const gap of [0, 1e-12, 1e-3, 0.1]) {
    const check = checkGradient(network, x, [[a - gap], [a + gap]]);
    assert.ok(check.passes, check.verdict);
  }
});

test("the network is left as it is", () => {
  const { network, x, d } = problem("sigmoid", 2);
  const before = network.parameters.slice();
  const first = checkGradient(network, x, d);
  assert.deepEqual(network.parameters, before);
  assert.deepEqual(checkGradient(network, x, d), first);
});

test("what cannot be checked is refused", () => {
  const network = new Network([2, 1]);
  const refused = (given, message) => {
    const { net = network, x = XOR_X, d = XOR_D, ...options } = given;
    assertThrows(() => checkGradient(net, x, d, options), InputError, message);
  };
  refused({ net: 3 }, "network must be a Network, got 3");
  refused(
    { cost: "sse" },
    'cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", got "sse"',
  );
  refused(
    { rule: "hebb" },
    'rule must be one of "gradient", "transpose", "proportional", "proportional_abs", got "hebb"',
  );
  refused({ weightDecay: -1 }, "weightDecay must be a finite number >= 0, got -1");
  refused(
    { weight_decay: 1 },
    'unknown key "weight_decay" in options; allowed: "cost", "rule", "weightDecay"',
  );
  refused({ x: [[1, 2, 3]] }, "x row 1 must have 2 values, got 3");
  refused({ d: [[1]] }, "d must have as many rows as x (4), got 1");
  refused(
    { net: new Network([2, 1], { activations: "tanh" }), cost: "cross_entropy" },
    'cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, got "tanh"',
  );
  const far = new Network([2, 1], { activations: "identity" });
  far.parameters[0] = 1e300;
  assertThrows(
    () => checkGradient(far, XOR_X, XOR_D),
    DivergenceError,
    "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights",
  );
  const ones = [
    [1, 1],
    [1, 1],
  ];
  const cancels = new Network([2, 2, 1], { weights: [ones, [[1, -1]]] });
  assert.throws(
    () => checkGradient(cancels, XOR_X, XOR_D, { rule: "proportional" }),
    DenominatorError,
  );
});

test("for one output a vector of desired outputs will do", () => {
  const network = new Network([2, 2, 1]);
  const rows = XOR_D.map((row) => row[0]);
  assert.deepEqual(checkGradient(network, XOR_X, rows), checkGradient(network, XOR_X, XOR_D));
});
