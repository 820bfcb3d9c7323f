// Twins: tests/python/test_backprop.py, tests/testthat/test-backprop.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ACTIVATIONS,
  COSTS,
  DenominatorError,
  InputError,
  Network,
  Optimizer,
  RandomStream,
  RULES,
} from "../../inst/js/index.js";
import { AFTER_ONE_UPDATE, assertGroup, assertThrows, caught } from "./helpers.js";

// Central differences with a step of 1e-5: the error is about 1e-10 from the step and 1e-11 from
// rounding, against gradients of about 0.1.
const STEP = 1e-5;
const BY_DIFFERENCES = 1e-7;

/** Rows of numbers from U(low, high). */
function draw(stream, rows, columns, low, high) {
  return Array.from({ length: rows }, () =>
    stream.uniform(columns).map((u) => low + (high - low) * u),
  );
}

function differences(network, x, d, cost) {
  const { parameters } = network;
  return Array.from(parameters, (kept, i) => {
    const costAt = (value) => {
      parameters[i] = value;
      return network.meanCost(x, d, { cost });
    };
    const slope = (costAt(kept + STEP) - costAt(kept - STEP)) / (2 * STEP);
    parameters[i] = kept;
    return slope;
  });
}

const PAIRS = Object.keys(COSTS).flatMap((cost) =>
  Object.keys(ACTIVATIONS)
    .filter((output) =>
      cost === "cross_entropy" ? ["sigmoid", "softmax"].includes(output) : output !== "softmax",
    )
    .flatMap((output) => [1, 2, 3].map((outputs) => ({ cost, output, outputs })))
    .filter(({ output, outputs }) => output !== "softmax" || outputs > 1),
);

for (const { cost, output, outputs } of PAIRS) {
  test(`the gradient is that of the cost: ${cost}, ${output}, ${outputs} outputs`, () => {
    const stream = new RandomStream(7);
    const x = draw(stream, 5, 3, -1, 1);
    const drawn = draw(stream, 5, outputs, 0.1, 0.9);
    const total = (row) => row.reduce((sum, value) => sum + value, 0);
    const d = output === "softmax" ? drawn.map((row) => row.map((v) => v / total(row))) : drawn;
    const activations = ["tanh", "softplus", output];
    const network = new Network([3, 4, 3, outputs], { activations, init: "torch", seed: 3 });
    const { gradWeights, gradBiases } = network.backward(network.forward(x), d, { cost });
    assertGroup(
      [gradWeights, gradBiases].flat(Infinity),
      differences(network, x, d, cost),
      BY_DIFFERENCES,
      "gradients",
    );
  });
}

test("one step by hand", () => {
  // 2-2-1, identity in the hidden layer, identity out, x = (1, 2), d = 1, half_mse (s = 1/K = 1):
  //   W[2] = (0.5 -1; 0.25 1), b[2] = (0.5, -0.25);  W[3] = (2 -1), b[3] = (0.5)
  //   z[2] = (0.5 - 2 + 0.5, 0.25 + 2 - 0.25) = (-1, 2) = a[2]
  //   z[3] = -2 - 2 + 0.5 = -3.5 = a[3];  e[3] = -3.5 - 1 = -4.5 = delta[3]
  //   grad W[3] = -4.5 (-1, 2) = (4.5, -9);  grad b[3] = -4.5
  //   e[2] = W[3]' delta[3] = (-9, 4.5) = delta[2]
  //   grad W[2] = outer((-9, 4.5), (1, 2)) = (-9 -18; 4.5 9);  grad b[2] = (-9, 4.5)
  // All of these are exact in binary. With eta = 0.1:
  //   W[2] = (1.4 0.8; -0.2 0.1), b[2] = (1.4, -0.7);  W[3] = (1.55 -0.1), b[3] = 0.95
  const network = new Network([2, 2, 1], {
    activations: "identity",
    weights: [
      [
        [0.5, -1],
        [0.25, 1],
      ],
      [[2, -1]],
    ],
    biases: [[0.5, -0.25], [0.5]],
  });
  const { forward, backward } = network.step([[1, 2]], [[1]], {
    optimizer: new Optimizer("sgd", { learningRate: 0.1 }),
  });
  assert.deepEqual(forward, { z: [[[-1, 2]], [[-3.5]]], a: [[[1, 2]], [[-1, 2]], [[-3.5]]] });
  assert.deepEqual(backward, {
    e: [[[-9, 4.5]], [[-4.5]]],
    delta: [[[-9, 4.5]], [[-4.5]]],
    gradWeights: [
      [
        [-9, -18],
        [4.5, 9],
      ],
      [[4.5, -9]],
    ],
    gradBiases: [[-9, 4.5], [-4.5]],
  });
  const moved = [
    [
      [1.4, 0.8],
      [-0.2, 0.1],
    ],
    [[1.55, -0.1]],
  ];
  assertGroup(network.weights, moved, AFTER_ONE_UPDATE, "weights");
  assertGroup(network.biases, [[1.4, -0.7], [0.95]], AFTER_ONE_UPDATE, "biases");
});

test("a sigmoid and its two layers by hand", () => {
  // 1-1-1, sigmoid twice, x = 1, d = 0, W = b = 0 but W[3] = 2, half_sse:
  //   z[2] = 0, a[2] = 1/2, f' = 1/4;  z[3] = 1, a[3] = p = 1/(1 + 1/e), f' = p (1 - p)
  //   e[3] = p;  delta[3] = p^2 (1 - p);  grad W[3] = delta[3] / 2
  //   gradient: e[2] = 2 delta[3];  transpose: e[2] = 2 p
  const p = 1 / (1 + Math.exp(-1));
  const delta = p * p * (1 - p);
  const make = () => new Network([1, 1, 1], { weights: [[[0]], [[2]]], biases: [[0], [0]] });
  for (const [rule, e] of [
    ["gradient", 2 * delta],
    ["transpose", 2 * p],
    ["proportional", p],
    ["proportional_abs", p],
  ]) {
    const network = make();
    network.parameters[3] = -1 + 1; // b[3] = 0: z[3] = 2 * 1/2 = 1
    const found = network.backward(network.forward([[1]]), [[0]], { cost: "half_sse", rule });
    assertGroup(found.e, [[[e]], [[p]]], AFTER_ONE_UPDATE, rule);
    assertGroup(found.delta, [[[e / 4]], [[delta]]], AFTER_ONE_UPDATE, rule);
    assertGroup(found.gradWeights, [[[e / 4]], [[delta / 2]]], AFTER_ONE_UPDATE, rule);
  }
});

test("the rules share an error out over the weights", () => {
  // e[3] = (2, -1) through W[3] = (1 3; -2 1), identity everywhere, half_sse.
  const weights = [
    [
      [1, 0],
      [0, 1],
    ],
    [
      [1, 3],
      [-2, 1],
    ],
  ];
  const network = new Network([2, 2, 2], { activations: "identity", weights });
  const forward = network.forward([[1, 1]]); // a[3] = (4, -1)
  const sent = (rule) => network.backward(forward, [[2, 0]], { cost: "half_sse", rule }).e[0][0];
  assert.deepEqual(sent("gradient"), [2 * 1 - 1 * -2, 2 * 3 - 1 * 1]);
  assert.deepEqual(sent("transpose"), [4, 5]);
  // (1/4, 3/4) * 2 + (2, -1) * -1
  assert.deepEqual(sent("proportional"), [0.5 - 2, 1.5 + 1]);
  // (1/4, 3/4) * 2 + (-2/3, 1/3) * -1
  const shared = [0.5 + 2 / 3, 1.5 - 1 / 3];
  assertGroup(sent("proportional_abs"), shared, AFTER_ONE_UPDATE, "proportional_abs");
});

test("the rules are those of the contract, in its order", () => {
  const names = ["gradient", "transpose", "proportional", "proportional_abs"];
  assert.deepEqual(Object.keys(RULES), names);
});

test("output_first sends the error back through the moved weights", () => {
  const options = { activations: "identity", weights: [[[1]], [[2]]] };
  const step = (updateOrder) => {
    const network = new Network([1, 1, 1], options);
    const optimizer = new Optimizer("sgd", { learningRate: 0.5 });
    return network.step([[1]], [[0]], { updateOrder, optimizer }).backward.e[0][0][0];
  };
  // a[3] = 2 = e[3] = grad W[3]; W[3] = 2 - 0.5 * 2 = 1
  assert.equal(step("simultaneous"), 2 * 2);
  assert.equal(step("output_first"), 1 * 2);
});

test("a batch's gradients are the means of its samples'", () => {
  const network = new Network([2, 3, 2], { init: "uniform" });
  const x = [
    [0.5, -1],
    [2, 0.25],
    [1, 1],
  ];
  const d = [
    [0, 1],
    [1, 0],
    [0.5, 0.5],
  ];
  const of = (rows, targets) => {
    const { gradWeights, gradBiases } = network.backward(network.forward(rows), targets);
    return [gradWeights, gradBiases].flat(Infinity);
  };
  const each = x.map((row, i) => of([row], [d[i]]));
  const means = each[0].map((_, i) => (each[0][i] + each[1][i] + each[2][i]) / 3);
  assertGroup(of(x, d), means, AFTER_ONE_UPDATE, "means");
});

test("after a vanishing denominator the network keeps its weights", async () => {
  const weights = [
    [
      [1, 2],
      [3, 4],
    ],
    [
      [1, 2],
      [0.5, -0.5],
    ],
  ];
  const network = new Network([2, 2, 2], { weights });
  for (const compute of [
    () =>
      network.step([[1, 1]], [[0, 1]], {
        rule: "proportional",
        updateOrder: "output_first",
        optimizer: new Optimizer("sgd", { learningRate: 0 }),
      }),
    () => network.backward(network.forward([[1, 1]]), [[0, 1]], { rule: "proportional" }),
  ]) {
    const error = await caught(compute);
    assert.ok(error instanceof DenominatorError, error.stack);
    assert.match(error.message, /^rule "proportional": the weights into neuron 2 of layer 3 sum/);
    assert.equal(error.network, network);
    assert.deepEqual(network.weights, weights);
  }
});

test("a step that fails half way moves nothing", async () => {
  // The output layer moves before the denominator of layer 3 is met, and must move back. Neuron 1
  // of layer 3 is shut (relu, z = -1), so that its weight 0 stays 0.
  const network = new Network([1, 1, 2, 1], {
    activations: ["identity", "relu", "identity"],
    weights: [[[1]], [[0], [1]], [[1, 2]]],
    biases: [[0], [-1, 0], [0]],
  });
  const before = network.parameters.slice();
  const error = await caught(() =>
    network.step([[1]], [[5]], { rule: "proportional_abs", updateOrder: "output_first" }),
  );
  assert.match(error.message, /neuron 1 of layer 3 .* try other starting weights$/);
  assert.deepEqual(network.parameters, before);
});

test("bad arguments are refused by name", () => {
  const network = new Network([2, 2, 1]);
  const forward = network.forward([[1, 2]]);
  const refused = (compute, message) => assertThrows(compute, InputError, message);
  refused(() => network.forward([[1]]), "x row 1 must have 2 values, got 1");
  refused(() => network.forward([]), "x must have at least 1 row, got 0");
  refused(() => network.forward("x"), 'x must be a list of rows, each a list of numbers, got "x"');
  refused(() => network.backward(forward, [[1], [2]]), "d must have as many rows as x (1), got 2");
  refused(
    () => network.backward(forward, [[1]], { rule: "chain" }),
    'rule must be one of "gradient", "transpose", "proportional", "proportional_abs", got "chain"',
  );
  refused(
    () => network.backward(forward, [[1]], { optimizer: "sgd" }),
    'unknown key "optimizer" in options; allowed: "cost", "rule", "arithmetic"',
  );
  refused(
    () => network.backward({ z: [], a: [] }, [[1]]),
    "forward must be what the network's forward() returned",
  );
  refused(
    () => network.step([[1, 2]], [[1]], { updateOrder: "input_first" }),
    'updateOrder must be one of "simultaneous", "output_first", got "input_first"',
  );
  refused(
    () => network.step([[1, 2]], [[1]], { optimizer: "sdg" }),
    'optimizer must be one of "sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop", got "sdg"',
  );
  refused(
    () => network.step([[1, 2]], [[1]], { cost: null }),
    'cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", got null',
  );
  refused(() => network.step([[1, 2]], [[1]], null), "options must be an object, got null");
  refused(() => network.update(null), "gradients must be an object, got null");
  refused(
    () => network.update({ gradWeights: [[[1]]], gradBiases: [] }),
    "gradWeights must have one matrix for each layer after the input (2), got 1",
  );
});
