// The explained step: every number is that of the step, and every formula gives it.
// Twins: tests/python/test_explain.py, tests/testthat/test-explain.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  DenominatorError,
  explain,
  explainPlan,
  InputError,
  loadDataset,
  Network,
  Optimizer,
  RandomStream,
} from "../../inst/js/index.js";
import { assertGroup, assertThrows, XOR_D, XOR_X } from "./helpers.js";

const RULES = ["gradient", "transpose", "proportional", "proportional_abs"];
const ORDERS = ["simultaneous", "output_first"];
const HIDDEN = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"];
const OPTIMIZERS = [
  ["sgd", {}],
  ["momentum", { learningRate: 0.1 }],
  ["nesterov", { learningRate: 0.1 }],
  ["rmsprop", {}],
  ["rmsprop", { momentum: 0.8 }],
  ["adam", {}],
  ["rprop", { learningRate: 0.1 }],
];
const COLUMNS = [
  ...["stage", "sample", "layer", "from", "to", "symbol", "formula", "substitution", "value"],
];

// A formula is a dozen operations on numbers that are exact: each rounds by 1e-16 of its terms.
const ROUNDING = 1e-12;

// A number is rounded to 12 digits of its size, which is below 10 here, before it is rounded to 6 of
// its own: half of 1e-11.
const SHOWN = 1e-10;

/** A network 2-2-2-K with biases, and samples; with K = 1 a penalty of 10 weights is written out. */
function problem({ output = "sigmoid", k = 2, hidden = "tanh", rows = 2, seed = 1 } = {}) {
  const stream = new RandomStream(seed);
  const matrix = (columns, scale, shift) =>
    Array.from({ length: rows }, () =>
      Array.from(stream.uniform(columns), (value) => scale * value + shift),
    );
  const activations = [hidden, hidden, output];
  const network = new Network([2, 2, 2, k], { activations, init: "uniform", seed });
  const [x, d] = [matrix(2, 2, -1), matrix(k, 0.8, 0.1)];
  if (output !== "softmax") return { network, x, d };
  const sums = d.map((row) => row.reduce((sum, value) => sum + value, 0));
  return { network, x, d: d.map((row, i) => row.map((value) => value / sums[i])) };
}

/**
 * The number that a formula's text stands for: a reader of its own, which knows the notation (section
 * 12 of docs/contract.md) and nothing of the trees behind it. `numbers` has the value of each symbol;
 * those that were looked up are added to `used`.
 */
function evaluate(text, numbers, used = []) {
  const SYMBOL =
    /(?:new )?(?:f'\(z\[\d+\]_\d+(?:\^\(\d+\))?\)|(?:dC\/d[Wb]|[A-Za-z]+\d?)(?:\[\d+\])?(?:_\d+(?:,\d+)*)?(?:\^\(\d+\))?)/y;
  const NUMBER = /\d+(?:\.\d+)?(?:e[+-]\d+)?/y;
  const FUNCTION = /(?:exp|log|tanh|sqrt|abs|max|min|sign)(?=\()/y;
  let at = 0;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match?.[0];
  };
  const skip = (piece) => {
    if (!text.startsWith(piece, at)) return false;
    at += piece.length;
    return true;
  };
  const must = (piece) => assert.ok(skip(piece), `"${piece}" at ${at} of ${text}`);
  const atom = () => {
    if (skip("(")) {
      const inner = all();
      must(")");
      return inner;
    }
    const name = take(FUNCTION);
    if (name !== undefined) {
      must("(");
      const args = [all()];
      while (skip(", ")) args.push(all());
      must(")");
      return Math[name](...args);
    }
    const number = take(NUMBER);
    if (number !== undefined) return Number(number);
    const symbol = take(SYMBOL);
    assert.ok(numbers.has(symbol), `${symbol} at ${at} of ${text}`);
    used.push(numbers.get(symbol));
    return numbers.get(symbol);
  };
  const powers = () => {
    const base = atom();
    return skip("^") ? base ** atom() : base;
  };
  const products = () => {
    let value = powers();
    for (;;) {
      if (skip(" * ")) value *= powers();
      else if (skip(" / ")) value /= powers();
      else return value;
    }
  };
  const sums = () => {
    let value = skip("-") ? -products() : products();
    for (;;) {
      if (skip(" + ")) value += products();
      else if (skip(" - ")) value -= products();
      else return value;
    }
  };
  const all = () => {
    const value = sums();
    if (!skip(" if ")) return value;
    const above = sums() > 0;
    must(" > 0 else ");
    const otherwise = sums();
    return above ? value : otherwise;
  };
  const result = all();
  assert.equal(at, text.length, `the rest of ${text} from ${at}`);
  return result;
}

/** What optimisers remember, by the letters of the equations. */
const MEMORY = {
  sgd: { v: "velocity" },
  momentum: { v: "velocity" },
  nesterov: { v: "velocity" },
  rmsprop: { v: "square", u: "velocity" },
  adam: { m: "mean", v: "square" },
  rprop: { p: "previous", step: "step" },
};

/** The value of every symbol that may stand in a formula: those of the table, and what was there. */
function symbols(step, network, moved, x, d, optimizer) {
  const numbers = new Map();
  const set = (symbol, value) => {
    assert.ok(!numbers.has(symbol), `${symbol} twice`);
    numbers.set(symbol, value);
  };
  for (const { symbol, value } of step.table) set(symbol, value);
  const { layers } = network;
  numbers.set("K", layers.at(-1));
  numbers.set("n", x.length);
  const { name, learningRate } = optimizer.settings;
  const nameOf = (i) => (x.length > 1 ? `^(${i + 1})` : "");
  x.forEach((row, i) => row.forEach((value, j) => set(`x_${j + 1}${nameOf(i)}`, value)));
  const after = moved.forward(x);
  after.a.at(-1).forEach((row, i) =>
    row.forEach((value, k) => {
      set(`new a[${layers.length}]_${k + 1}${nameOf(i)}`, value);
      set(`new z[${layers.length}]_${k + 1}${nameOf(i)}`, after.z.at(-1)[i][k]);
    }),
  );
  // The optimiser's arrays hold all weights, layer by layer and row by row, then all biases.
  let at = 0;
  const remember = (place) => {
    for (const [letter, key] of Object.entries(MEMORY[name])) {
      const start = letter === "step" ? learningRate : 0;
      set(`${letter}${place}`, optimizer.state[key]?.[at] ?? start);
    }
    at += 1;
  };
  network.weights.forEach((matrix, l) =>
    matrix.forEach((row, k) =>
      row.forEach((value, j) => {
        set(`W[${l + 2}]_${k + 1},${j + 1}`, value);
        remember(`[${l + 2}]_${k + 1},${j + 1}`);
      }),
    ),
  );
  network.biases.forEach((vector, l) =>
    vector.forEach((value, k) => {
      set(`b[${l + 2}]_${k + 1}`, value);
      remember(`[${l + 2}]_${k + 1}`);
    }),
  );
  return numbers;
}

/** A network with the same numbers. */
function copyOf({ layers, activations, parameters }) {
  const copy = new Network(layers, { activations });
  copy.parameters.set(parameters);
  return copy;
}

/** Explain a step; every formula, and every substitution, must give the number beside it. */
function explained({ network, x, d }, options = {}, before = 0) {
  const { name = "sgd", parameters = {}, ...how } = options;
  const optimizer = new Optimizer(name, parameters);
  for (let i = 0; i < before; i++) network.step(x, d, { ...how, optimizer });
  const step = explain(network, x, d, { ...how, optimizer });
  const moved = copyOf(network);
  const { forward, backward } = moved.step(x, d, { ...how, optimizer: optimizer.copy() });
  const numbers = symbols(step, network, moved, x, d, optimizer);
  const what = (row) => `${JSON.stringify(how)}, ${name}: ${row.symbol} = ${row.formula}`;
  // As the substitution writes them.
  const rounded = new Map([...numbers].map(([key, value]) => [key, Number(value.toPrecision(6))]));
  for (const row of step.table) {
    if (row.formula.includes("...")) continue;
    const used = [row.value];
    const found = evaluate(row.formula, numbers, used);
    const size = Math.max(...used.map(Math.abs));
    assert.ok(Math.abs(found - row.value) <= ROUNDING * size, `${what(row)}: ${found}`);
    const [p, q] = [evaluate(row.substitution, new Map()), evaluate(row.formula, rounded)];
    assert.ok(Math.abs(p - q) <= SHOWN * Math.max(size, 1), `${what(row)}: ${p}`);
  }
  // The numbers are those of the step, to the last bit.
  const column = (test_) => step.table.filter(test_).map(({ value }) => value);
  const stage = (wanted) => column((row) => row.stage === wanted);
  const letter = (wanted) => column(({ symbol }) => symbol.startsWith(wanted));
  const byLayer = (lists) => [...lists].reverse().flat(2);
  assert.deepEqual(stage("delta"), byLayer(backward.delta));
  assert.deepEqual(
    stage("activation"),
    forward.a.slice(1).flatMap((rows) => rows.flat()),
  );
  assert.deepEqual(
    stage("weighted_sum"),
    forward.z.flatMap((rows) => rows.flat()),
  );
  assert.deepEqual(stage("output_error"), backward.e.at(-1).flat());
  assert.deepEqual(stage("error"), byLayer(backward.e.slice(0, -1)));
  assert.deepEqual(letter("dC/dW"), byLayer(backward.gradWeights));
  assert.deepEqual(letter("dC/db"), byLayer(backward.gradBiases));
  const order = how.updateOrder === "output_first" ? byLayer : (lists) => lists.flat(2);
  assert.deepEqual(letter("new W"), order(moved.weights));
  assert.deepEqual(letter("new b"), order(moved.biases));
  const cost = { cost: how.cost, weightDecay: parameters.weightDecay };
  assertGroup(step.costBefore, network.meanCost(x, d, cost), ROUNDING, "cost before");
  assertGroup(step.costAfter, moved.meanCost(x, d, cost), ROUNDING, "cost after");
  return step;
}

test("the numbers are those by hand", () => {
  // x = 2, d = 1; z[2] = 0.5 * 2 - 1 = 0, a[2] = tanh(0) = 0; z[3] = 3 * 0 + 0.5 = 0.5 = a[3].
  // e[3] = 0.5 - 1 = -0.5; C = 0.25 / 2 = 0.125; f'(z[3]) = 1; delta[3] = -0.5;
  // dC/dW[3] = -0.5 * 0 = 0; dC/db[3] = -0.5. e[2] = share = 3 * (-0.5) = -1.5; f'(z[2]) = 1 - 0 = 1;
  // delta[2] = -1.5; dC/dW[2] = -1.5 * 2 = -3; dC/db[2] = -1.5. With eta = 0.1: W[2] = 0.8,
  // b[2] = -0.85, W[3] = 3, b[3] = 0.55. Then z[2] = 0.75, a[3] = 3 tanh(0.75) + 0.55.
  const network = new Network([1, 1, 1], {
    activations: ["tanh", "identity"],
    weights: [[[0.5]], [[3]]],
    biases: [[-1], [0.5]],
  });
  const optimizer = new Optimizer("sgd", { learningRate: 0.1 });
  const step = explain(network, [[2]], [[1]], { optimizer });
  assert.equal(
    step.title,
    "One step of a 1-1-1 network (tanh, identity) on 1 sample: cost half_mse, rule gradient, " +
      "update order simultaneous, optimizer sgd (learning_rate 0.1)",
  );
  const error = 3 * Math.tanh(0.75) + 0.55 - 1; // 0.9054...
  const change = (error * error) / 2 - 0.125;
  const lines = [
    "a[1]_1 = x_1 = 2",
    "d_1 = 1",
    "z[2]_1 = W[2]_1,1 * a[1]_1 + b[2]_1 = 0.5 * 2 + (-1) = 0",
    "a[2]_1 = tanh(z[2]_1) = tanh(0) = 0",
    "z[3]_1 = W[3]_1,1 * a[2]_1 + b[3]_1 = 3 * 0 + 0.5 = 0.5",
    "a[3]_1 = z[3]_1 = 0.5",
    "e[3]_1 = a[3]_1 - d_1 = 0.5 - 1 = -0.5",
    "C = e[3]_1^2 / (2 * K) = (-0.5)^2 / (2 * 1) = 0.125",
    "s = 1 / K = 1 / 1 = 1",
    "f'(z[3]_1) = 1",
    "delta[3]_1 = s * e[3]_1 * f'(z[3]_1) = 1 * (-0.5) * 1 = -0.5",
    "dC/dW[3]_1,1 = delta[3]_1 * a[2]_1 = (-0.5) * 0 = 0",
    "dC/db[3]_1 = delta[3]_1 = -0.5",
    "blame[3]_1,1 = abs(W[3]_1,1) / abs(W[3]_1,1) = abs(3) / abs(3) = 1",
    "share[3]_1,1 = W[3]_1,1 * e[3]_1 * f'(z[3]_1) = 3 * (-0.5) * 1 = -1.5",
    "shares[3]_1 = share[3]_1,1 = -1.5",
    "e[2]_1 = share[3]_1,1 = -1.5",
    "f'(z[2]_1) = 1 - a[2]_1^2 = 1 - 0^2 = 1",
    "delta[2]_1 = s * e[2]_1 * f'(z[2]_1) = 1 * (-1.5) * 1 = -1.5",
    "dC/dW[2]_1,1 = delta[2]_1 * a[1]_1 = (-1.5) * 2 = -3",
    "dC/db[2]_1 = delta[2]_1 = -1.5",
    "eta = 0.1",
    "new W[2]_1,1 = W[2]_1,1 - eta * dC/dW[2]_1,1 = 0.5 - 0.1 * (-3) = 0.8",
    "new b[2]_1 = b[2]_1 - eta * dC/db[2]_1 = (-1) - 0.1 * (-1.5) = -0.85",
    "new W[3]_1,1 = W[3]_1,1 - eta * dC/dW[3]_1,1 = 3 - 0.1 * 0 = 3",
    "new b[3]_1 = b[3]_1 - eta * dC/db[3]_1 = 0.5 - 0.1 * (-0.5) = 0.55",
    "new e[3]_1 = new a[3]_1 - d_1 = 2.45545 - 1 = 1.45545",
    "new C = new e[3]_1^2 / (2 * K) = 1.45545^2 / (2 * 1) = 1.05916",
    "change = new C - C = 1.05916 - 0.125 = 0.934163",
  ];
  assert.deepEqual(
    step.table.map(({ text }) => text.join(" = ")),
    lines,
  );
  assert.equal(step.costBefore, 0.125);
  assertGroup(step.costAfter - step.costBefore, change, ROUNDING, "change");
  assert.deepEqual(
    step.sections.map(({ title }) => title),
    [
      "Inputs and desired outputs",
      "Forward to layer 2",
      "Forward to layer 3",
      "Output error and cost",
      "Deltas and gradients of layer 3",
      "Errors back from layer 3 to layer 2",
      "Deltas and gradients of layer 2",
      "New weights and biases of layer 2",
      "New weights and biases of layer 3",
      "Cost after the step",
    ],
  );
  assert.deepEqual(step.sections.at(-1).notes, [
    "The same samples with the new weights: the cost rises.",
  ]);
  assert.ok(!step.summarised);
});

test("a row has the table's columns, and more that is not enumerable", () => {
  const step = explain(new Network([2, 2, 1]), XOR_X.slice(1, 3), XOR_D.slice(1, 3));
  for (const row of step.table) assert.deepEqual(Object.keys(row), COLUMNS);
  assert.deepEqual(step.table[3], {
    stage: "input",
    sample: 2,
    layer: 1,
    from: null,
    to: 1,
    symbol: "a[1]_1^(2)",
    formula: "x_1^(2)",
    substitution: "1",
    value: 1,
  });
  const places = ({ stage, sample, layer, from, to }) => [stage, sample, layer, from, to];
  const named = (symbol) => places(step.table.find((row) => row.symbol === symbol));
  assert.deepEqual(named("d_1^(1)"), ["target", 1, 3, null, 1]);
  assert.deepEqual(named("C^(2)"), ["sample_cost", 2, null, null, null]);
  assert.deepEqual(named("C"), ["cost", null, null, null, null]);
  assert.deepEqual(named("dC/dW[2]_1,2"), ["gradient", null, 2, 2, 1]);
  assert.deepEqual(named("new b[2]_2"), ["update", null, 2, null, 2]);
  assert.deepEqual(named("share[3]_1,2^(2)"), ["share", 2, 3, 2, 1]);
  assert.deepEqual(named("e[2]_2^(2)"), ["error", 2, 2, null, 2]);
  assert.deepEqual(named("eta"), ["setting", null, null, null, null]);
  assert.deepEqual(step.table[0].text, ["a[1]_1^(1)", "x_1^(1)", "0"]);
  assert.equal(step.table[0].mathml.length, 3);
  assert.match(step.table[0].mathml[0], /^<msubsup><mi>a<\/mi>/);
  assert.deepEqual(
    step.sections.flatMap(({ rows }) => rows),
    step.table,
  );
  assert.equal(step.sections[1].rows[0], step.table[6]);
});

test("every formula gives its number: rules, update orders, batches", () => {
  for (const rule of RULES) {
    for (const updateOrder of ORDERS) {
      for (const rows of [1, 2, 5]) {
        for (const [k, weightDecay] of [
          [2, 0],
          [1, 0.1],
        ]) {
          const parameters = { learningRate: 2, weightDecay };
          const given = problem({ rows, k, seed: 3 });
          const step = explained(given, { rule, updateOrder, parameters });
          const moves = step.table.findIndex(({ stage }) => stage === "update");
          const shares = step.table.findIndex(({ stage }) => stage === "share");
          assert.equal(moves < shares, updateOrder === "output_first");
          const sentThrough = step.table[shares].formula.startsWith("new W");
          assert.equal(sentThrough, updateOrder === "output_first");
        }
      }
    }
  }
});

test("every formula gives its number: costs and activations", () => {
  const costs = ["half_mse", "half_sse", "mse"].flatMap((cost) =>
    HIDDEN.map((output) => [cost, output]),
  );
  costs.push(["cross_entropy", "sigmoid"], ["cross_entropy", "softmax"]);
  for (const [cost, output] of costs) {
    for (const hidden of HIDDEN) {
      for (const k of output === "softmax" ? [2, 3] : [1, 3]) {
        for (const seed of [1, 2]) {
          const step = explained(problem({ output, k, hidden, seed }), { cost });
          // The output layer of a cross entropy has no f' of its own.
          const slopes = step.table.filter(({ stage }) => stage === "derivative");
          assert.equal(slopes[0].layer, cost === "cross_entropy" ? 3 : 4);
        }
      }
    }
  }
});

test("every formula gives its number: optimisers, at their first and third update", () => {
  for (const [name, parameters] of OPTIMIZERS) {
    for (const updateOrder of ORDERS) {
      for (const weightDecay of [0, 0.05]) {
        for (const before of [0, 2]) {
          const given = { name, parameters: { ...parameters, weightDecay }, updateOrder };
          const step = explained(problem({ k: 1 }), given, before);
          const t = step.table.find(({ symbol }) => symbol === "t");
          assert.equal(t?.value, name === "adam" ? before + 1 : undefined);
          const G = step.table.filter(({ symbol }) => symbol.startsWith("G["));
          assert.equal(G.length, weightDecay > 0 ? 10 : 0); // weights, no biases
        }
      }
    }
  }
});

test("rprop's step grows, shrinks and stays within its bounds", () => {
  // C = (w - 1)^2 / 2 with x = 1: G = w - 1 = -1 at w = 0.
  const network = new Network([1, 1], { activations: "identity", weights: [[[0]]] });
  const optimizer = new Optimizer("rprop", { learningRate: 0.9, stepSizes: [0.6, 1] });
  const weight = (symbol) => {
    const { table } = explain(network, [[1]], [[1]], { optimizer });
    return table
      .find((row) => row.symbol === symbol)
      .text.slice(1)
      .join(" = ");
  };
  const bounded = "min(max(step[2]_1,1 *";
  assert.equal(
    weight("new step[2]_1,1"),
    `${bounded} 1, 0.6), 1) = min(max(0.9 * 1, 0.6), 1) = 0.9`,
  );
  assert.equal(weight("new p[2]_1,1"), "dC/dW[2]_1,1 = -1");
  // To w = b = 0.9, a = 1.8: the sign changes, 0.9 * 0.5 = 0.45 is less than 0.6.
  network.step([[1]], [[1]], { optimizer });
  assert.equal(
    weight("new step[2]_1,1"),
    `${bounded} 0.5, 0.6), 1) = min(max(0.9 * 0.5, 0.6), 1) = 0.6`,
  );
  assert.equal(weight("new p[2]_1,1"), "0");
  assert.equal(
    weight("new W[2]_1,1"),
    "W[2]_1,1 - sign(new p[2]_1,1) * new step[2]_1,1 = 0.9 - sign(0) * 0.6 = 0.9",
  );
});

test("what cancels is written 0", () => {
  // z = 0.1 + 0.2 - 0.3 is 5.6e-17 in float64.
  const network = new Network([3, 1], { activations: "identity", weights: [[[0.1, 0.2, -0.3]]] });
  const { table } = explain(network, [[1, 1, 1]], [[0]]);
  const z = table.find(({ symbol }) => symbol === "z[2]_1");
  assert.ok(z.value > 0 && z.value < 1e-16);
  assert.equal(z.text.at(-1), "0");
  // G is that noise, and its square not even that.
  const { table: moved } = explain(network, [[1, 1, 1]], [[0]], { optimizer: "rmsprop" });
  const v = moved.find(({ symbol }) => symbol === "new v[2]_1,1");
  assert.ok(v.value > 0);
  assert.equal(v.text.slice(2).join(" = "), "0.99 * 0 + (1 - 0.99) * 0^2 = 0");
  const change = table.at(-1);
  assert.deepEqual([change.stage, change.text.at(-1)], ["change", "0"]);
});

test("neurons keeps the equations of single neurons", () => {
  const { network, x, d } = problem({ k: 1 });
  const all = explain(network, x, d);
  const neurons = [
    [2, 2],
    [3, 1],
  ];
  const some = explain(network, x, d, { neurons });
  const wanted = all.table.filter(
    ({ stage, layer, to }) =>
      (stage.includes("cost") && !stage.startsWith("sample")) ||
      ["change", "setting"].includes(stage) ||
      neurons.some(([l, k]) => l === layer && k === to),
  );
  // the scale stands before the first slope and delta that are asked for
  const stages = some.table.map(({ stage }) => stage);
  assert.equal(stages.indexOf("scale"), stages.indexOf("derivative") - 1);
  assert.deepEqual(
    some.table.filter(({ stage }) => stage !== "scale"),
    wanted,
  );
  assert.deepEqual(some.summary, all.summary);
  assert.ok(!some.summarised);
  for (const asked of [
    [[4, 1]],
    [[2, 1]],
    [
      [2, 1],
      [4, 1],
    ],
  ]) {
    const { table } = explain(network, x, d, { neurons: asked });
    assert.equal(table.filter(({ stage }) => stage === "scale").length, 1);
  }
  const inputs = explain(network, x, d, { neurons: [[1, 2]] });
  assert.deepEqual(
    [...new Set(inputs.table.map(({ stage }) => stage))],
    ["input", "cost", "cost_after", "change"],
  );
});

test("a step of more than 1,000 equations is summarised", () => {
  // A 1-K network and one sample: 1 + K of the samples, 4 K of forward and delta, K errors, 4 K of
  // gradients and updates: 1 + 10 K.
  const step = (k) => explain(new Network([1, k]), [[1]], [new Array(k).fill(0)]);
  const [whole, short] = [step(99), step(100)];
  const rest = ["scale", "setting", "cost", "cost_after", "change", "output_error_after"];
  assert.equal(whole.table.filter(({ stage }) => !rest.includes(stage)).length, 991);
  assert.ok(!whole.summarised && short.summarised);
  assert.deepEqual(
    short.table.map(({ stage }) => stage),
    ["cost", "cost_after", "change"],
  );
  assert.deepEqual(
    short.sections.map(({ title }) => title),
    ["Output error and cost", "Cost after the step"],
  );
  const asked = explain(new Network([1, 100]), [[1]], [new Array(100).fill(0)], {
    neurons: [[2, 100]],
  });
  assert.ok(!asked.summarised && asked.table.some(({ symbol }) => symbol === "z[2]_100"));
});

test("the summary has smallest, mean and largest of each quantity in each layer", () => {
  const { network, x, d } = problem({ rows: 5, output: "softmax", k: 3 });
  const optimizer = new Optimizer("adam", { weightDecay: 0.1 });
  const step = explain(network, x, d, { cost: "cross_entropy", optimizer });
  assert.deepEqual(
    step.summary.map(({ symbol }) => symbol),
    [
      ...["z[2]", "a[2]", "z[3]", "a[3]", "z[4]", "a[4]"],
      ...["e[4]", "delta[4]", "dC/dW[4]", "dC/db[4]"],
      ...["e[3]", "f'(z[3])", "delta[3]", "dC/dW[3]", "dC/db[3]"],
      ...["e[2]", "f'(z[2])", "delta[2]", "dC/dW[2]", "dC/db[2]"],
      ...["new W[2]", "new b[2]", "new W[3]", "new b[3]", "new W[4]", "new b[4]"],
    ],
  );
  for (const row of step.summary) {
    assert.deepEqual(Object.keys(row), [
      ...["stage", "layer", "symbol", "count", "smallest", "mean", "largest"],
    ]);
    const [start, end] = row.symbol.startsWith("f'")
      ? [row.symbol.slice(0, -1), ")"]
      : [row.symbol, ""];
    const values = step.table
      .filter(({ symbol }) => symbol.startsWith(start) && symbol.endsWith(end))
      .filter(({ stage }) => stage === row.stage)
      .map(({ value }) => value);
    assert.equal(values.length, row.count, row.symbol);
    assert.equal(Math.min(...values), row.smallest);
    assert.equal(Math.max(...values), row.largest);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const size = Math.max(...values.map(Math.abs));
    assert.ok(Math.abs(mean - row.mean) <= ROUNDING * size);
    assert.deepEqual(row.text.slice(0, 2), [row.symbol, String(row.count)]);
    assert.equal(row.text.length, 5);
  }
});

test("network and optimizer are left as they are", () => {
  const { network, x, d } = problem();
  for (const [name, parameters] of OPTIMIZERS) {
    const optimizer = new Optimizer(name, parameters);
    network.step(x, d, { optimizer });
    const before = network.parameters.slice();
    const memory = structuredClone(optimizer.state);
    const first = explain(network, x, d, { optimizer });
    assert.deepEqual(network.parameters, before);
    assert.deepEqual([optimizer.updates, optimizer.state], [1, memory]);
    assert.deepEqual(explain(network, x, d, { optimizer }), first);
  }
});

test("an optimizer may be given by its name, d as a vector", () => {
  const network = new Network([2, 2, 1]);
  const adam = explain(network, XOR_X, XOR_D, { optimizer: "adam" });
  assert.deepEqual(
    adam,
    explain(
      network,
      XOR_X,
      XOR_D.map(([value]) => value),
      { optimizer: new Optimizer("adam") },
    ),
  );
  assert.match(
    adam.title,
    /on 4 samples: .*\(learning_rate 0.001, betas 0.9 and 0.999, eps 1e-08\)$/,
  );
  const given = new Optimizer("nesterov", { weightDecay: 0.25 });
  assert.match(
    explain(network, XOR_X, XOR_D, { optimizer: given }).title,
    /\(learning_rate 0.5, weight_decay 0.25, momentum 0.9, nesterov true\)$/,
  );
});

test("what cannot be explained is refused", () => {
  const network = new Network([2, 3, 1]);
  const refused = (given, message) => {
    const { net = network, x = XOR_X, d = XOR_D, ...options } = given;
    assertThrows(() => explain(net, x, d, options), InputError, message);
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
  refused(
    { updateOrder: "both" },
    'updateOrder must be one of "simultaneous", "output_first", got "both"',
  );
  refused(
    { optimizer: "sdg" },
    'optimizer must be one of "sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop", got "sdg"',
  );
  refused(
    { update_order: "output_first" },
    'unknown key "update_order" in options; ' +
      'allowed: "cost", "rule", "updateOrder", "optimizer", "neurons"',
  );
  refused({ x: [[1, 2, 3]] }, "x row 1 must have 2 values, got 3");
  refused({ d: [[1]] }, "d must have as many rows as x (4), got 1");
  refused(
    { net: new Network([2, 1], { activations: "tanh" }), cost: "cross_entropy" },
    'cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, got "tanh"',
  );
  const pairs = "neurons must be a list of pairs of a layer and a neuron, got";
  refused({ neurons: 2 }, `${pairs} 2`);
  refused({ neurons: [] }, `${pairs} a list of 0`);
  refused({ neurons: [2, 1] }, `${pairs} a list of 2`);
  refused({ neurons: [[2, 1], [3]] }, `${pairs} a list of 2`);
  refused({ neurons: [[2, 1.5]] }, `${pairs} a list of 1`);
  refused({ neurons: [[4, 1]] }, "neurons entry 1, layer must be an integer from 1 to 3, got 4");
  refused(
    {
      neurons: [
        [2, 1],
        [2, 4],
      ],
    },
    "neurons entry 2, neuron must be an integer from 1 to 3, got 4",
  );
  const ones = [
    [1, 1],
    [1, 1],
  ];
  const cancels = new Network([2, 2, 1], { weights: [ones, [[1, -1]]] });
  assert.throws(() => explain(cancels, XOR_X, XOR_D, { rule: "proportional" }), DenominatorError);
});

test("the first update of a plan is explained, or that by a sample", async () => {
  const xor = await explainPlan({ network: { layers: [2, 2, 1] } });
  assert.match(xor.title, /^One step of a 2-2-1 network \(sigmoid, sigmoid\) on 1 sample:/);
  assert.deepEqual(
    xor.table.slice(0, 3).map(({ value }) => value),
    [0, 0, 0],
  );
  const third = await explainPlan('{"network": {"layers": [2, 2, 1]}}', { sample: 3 });
  assert.deepEqual(
    third.table.slice(0, 3).map(({ value }) => value),
    [1, 0, 1],
  );
  const training = {
    optimizer: { name: "momentum", momentum: 0.5 },
    rule: "transpose",
    update_order: "output_first",
    batch_size: 3,
    shuffle: true,
    seed: 5,
  };
  const network = { layers: [4, 2, 3], activations: "tanh" };
  const neurons = [[2, 1]];
  const shuffled = await explainPlan({ network, training, data: { dataset: "iris" } }, { neurons });
  // The first batch is that of the first epoch of Network.train.
  const { x, d } = await loadDataset("iris");
  const rows = new RandomStream(5).order(150).slice(0, 3);
  const wanted = explain(
    new Network([4, 2, 3], { activations: "tanh" }),
    rows.map((i) => x[i]),
    rows.map((i) => d[i]),
    {
      rule: "transpose",
      updateOrder: "output_first",
      optimizer: new Optimizer("momentum", { momentum: 0.5 }),
      neurons,
    },
  );
  assert.deepEqual(shuffled, wanted);
  const all = await explainPlan({ training: { batch_size: null } });
  assert.match(all.title, /on 4 samples/);
});

test("a data set is explained by its name, sample 1 by default", async () => {
  const iris = await explainPlan("iris", { neurons: [[3, 1]] });
  assert.match(
    iris.title,
    /^One step of a 4-8-3 network \(sigmoid, sigmoid\) on 1 sample: cost half_mse, rule gradient, .*\(learning_rate 0.1\)$/,
  );
  const own = await explainPlan("three_by_three", { sample: 1 });
  const { network } = await loadDataset("three_by_three");
  assert.match(own.title, new RegExp(`^One step of a ${network.layers.join("-")} network`));
  assert.deepEqual(await explainPlan("three_by_three"), own);
  const asked = [];
  const load = (name) => {
    asked.push(name);
    return { x: new Array(20).fill([1, 2, 3]), d: new Array(20).fill([1, 0, 0]), network: null };
  };
  const given = await explainPlan("iris", { loadDataset: load });
  assert.match(given.title, /^One step of a 3-8-3 network/);
  assert.deepEqual(asked, ["iris"]);
});

test("a plan that cannot be explained is refused", async () => {
  const refused = async (source, options, message) => {
    await assert.rejects(explainPlan(source, options), { name: "InputError", message });
  };
  await refused("iris", { sample: 151 }, "sample must be an integer from 1 to 150, got 151");
  await refused({}, { sample: 0 }, "sample must be an integer from 1 to 4, got 0");
  await refused(
    {},
    { samples: 1 },
    'unknown key "samples" in options; allowed: "sample", "neurons", "loadDataset"',
  );
  await refused(3, {}, "the plan must be an object, got 3");
  await refused(
    { network: { layers: [3, 1] }, data: { dataset: "xor" } },
    {},
    "data.x row 1 must have 3 values, got 2",
  );
  await refused(
    "xor",
    { neurons: [[9, 1]] },
    "neurons entry 1, layer must be an integer from 1 to 3, got 9",
  );
});
