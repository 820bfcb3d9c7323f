// The rules compared: the oracle's cases, numbers by hand, and what stops a training.
// Twins: tests/python/test_compare_rules.py, tests/testthat/test-compare_rules.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  compareRules,
  DivergenceError,
  InputError,
  Network,
  Optimizer,
} from "../../inst/js/index.js";
import { camelKeys, describe } from "../../inst/js/checks.js";
import { AFTER_MANY_UPDATES, assertThrows, rulesCases, XOR_D, XOR_X } from "./helpers.js";

// A cosine and a denominator are numbers of the size of 1, whatever cancels in them; a length ratio and
// a cost are as good as their gradients and outputs; a change is a difference of two costs.
const OF_SIZE_1 = ["cosine", "meanCosine", "smallestCosine", "smallestDenominator"];
const EXACT = ["rule", "epoch", "layer", "epochs", "stopped", "lowersCost"];

function replay({ plan, rules, along, every }) {
  const { layers, ...network } = plan.network;
  const { optimizer = {}, ...training } = plan.training;
  const { name, ...parameters } = camelKeys(optimizer);
  return compareRules(new Network(layers, camelKeys(network)), plan.data.x, plan.data.d, {
    ...camelKeys(training),
    optimizer: new Optimizer(name, parameters),
    rules,
    along,
    every,
  });
}

function assertColumn(got, want, column, rules, what) {
  if (EXACT.includes(column)) return assert.deepEqual(got, want, what);
  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const words = (values) => values.map((value) => (isNumber(value) ? "number" : value));
  const named = got.map((value) => (value === Infinity ? describe(value) : value));
  assert.deepEqual(words(named), words(want), what);
  want.forEach((value, i) => {
    if (!isNumber(value)) return;
    let size = OF_SIZE_1.includes(column) ? 1 : Math.abs(value);
    if (column === "change") {
      const mine = want.filter((other, k) => isNumber(other) && rules[k] === rules[i]);
      size = Math.max(...mine.map(Math.abs));
    }
    assert.ok(
      Math.abs(got[i] - value) <= AFTER_MANY_UPDATES * size,
      `${what}, row ${i + 1}: ${got[i]} for ${value}`,
    );
  });
}

test("there are cases", () => {
  assert.ok(rulesCases().length > 20);
});

for (const one of rulesCases()) {
  test(`case ${one.name}`, () => {
    const found = replay(one);
    for (const [table, columns] of Object.entries(one.expected)) {
      const wanted = camelKeys(columns);
      assert.deepEqual(Object.keys(found[table][0]), Object.keys(wanted), table);
      for (const [column, want] of Object.entries(wanted)) {
        const got = found[table].map((row) => row[column]);
        assertColumn(got, want, column, wanted.rule, `${table}, ${column}`);
      }
    }
  });
}

// By hand as in tests/python/test_compare_rules.py: 1-2-1, identity, x = 1, d = 1, W[2] = (1, 2)',
// W[3] = (3, 1); eta = 1/16. The gradient of layer 2 is (12, 4), that of proportional (3, 1).
function byHand(options) {
  const weights = [[[1], [2]], [[3, 1]]];
  const network = new Network([1, 2, 1], { activations: "identity", weights });
  const optimizer = new Optimizer("sgd", { learningRate: 1 / 16 });
  return compareRules(network, [[1]], [1], { optimizer, epochs: 0, ...options });
}

test("the numbers by hand", () => {
  const { table, steps, costs } = byHand({ rules: ["gradient", "proportional"] });
  const close = (got, want) =>
    assert.ok(Math.abs(got - want) < 1e-15 * Math.max(1, Math.abs(want)));
  [1, 1, 1, 1].forEach((want, i) => close(table[i].cosine, want));
  [1, 1, 0.25, 1].forEach((want, i) => close(table[i].lengthRatio, want));
  [-799 / 128, -14359 / 2048].forEach((want, i) => close(steps[i].change, want));
  assert.deepEqual(
    steps.map(({ lowersCost, smallestDenominator }) => [lowersCost, smallestDenominator]),
    [
      [true, null],
      [true, 1],
    ],
  );
  assert.deepEqual(
    costs.map(({ cost }) => cost),
    [8, 8],
  );
});

test("a negative denominator turns the sign", () => {
  const cosine = (weights, rules) => {
    const network = new Network([1, 2, 1], {
      activations: "identity",
      weights: [[[1], [2]], [weights]],
    });
    const { table, steps } = compareRules(network, [[1]], [5], { rules, epochs: 0 });
    return [Math.round(table[0].cosine * 1e12) / 1e12, steps[0].smallestDenominator];
  };
  assert.deepEqual(cosine([3, -1], "proportional"), [1, 0.5]);
  assert.deepEqual(cosine([1, -3], "proportional"), [-1, 0.5]);
  assert.deepEqual(cosine([1, -3], "proportional_abs"), [1, 1]);
});

test("each rule trains as train does, and what is given is left as it is", () => {
  const network = new Network([2, 3, 1], { activations: "tanh", seed: 2 });
  const optimizer = new Optimizer("momentum", { learningRate: 0.1 });
  new Network([2, 3, 1]).train(XOR_X, XOR_D, { optimizer, epochs: 3 });
  const before = network.parameters.slice();
  const how = { batchSize: 3, shuffle: true, seed: 4 };
  const found = compareRules(network, XOR_X, XOR_D, { ...how, optimizer, epochs: 7, every: 3 });
  assert.deepEqual(network.parameters, before);
  assert.equal(optimizer.updates, 12);
  assert.deepEqual([...new Set(found.costs.map(({ epoch }) => epoch))], [0, 3, 6, 7]);
  for (const { rule, epoch, cost } of found.costs) {
    const copy = new Network([2, 3, 1], { activations: "tanh", seed: 2 });
    // an optimiser's memory is not taken over
    const fresh = new Optimizer("momentum", { learningRate: 0.1 });
    const run = copy.train(XOR_X, XOR_D, { ...how, rule, optimizer: fresh, epochs: epoch });
    assert.equal(cost, run.final_cost);
  }
});

test("the points are where they should be", () => {
  const points = (epochs, every) => {
    const options = { rules: "gradient", epochs, every };
    const { steps } = compareRules(new Network([2, 2, 1]), XOR_X, XOR_D, options);
    return steps.map(({ epoch }) => epoch);
  };
  assert.deepEqual(points(0), [0]);
  assert.deepEqual(points(50), [...new Array(51).keys()]);
  assert.deepEqual(points(51), [...[...new Array(26).keys()].map((i) => 2 * i), 51]);
  assert.deepEqual(points(5, 2), [0, 2, 4, 5]);
  assert.deepEqual(points(5, 9), [0, 5]);
});

test("a rule stops at a vanishing denominator, the others go on", () => {
  const weights = [
    [
      [1, 1],
      [1, 1],
    ],
    [[1, -1]],
  ];
  const found = compareRules(new Network([2, 2, 1], { weights }), XOR_X, XOR_D, { epochs: 3 });
  const message =
    'rule "proportional": the weights into neuron 1 of layer 3 sum to 0 or nearly 0, so its error ' +
    'cannot be shared out; try rule "proportional_abs" or other starting weights';
  assert.deepEqual(
    found.summary.map(({ stopped, epochs }) => [stopped, epochs]),
    [
      [null, 3],
      [null, 3],
      [message, 0],
      [null, 3],
    ],
  );
  assert.ok(
    found.table
      .filter(({ rule }) => rule === "proportional")
      .every(({ cosine, lengthRatio }) => cosine === null && lengthRatio === null),
  );
  assert.equal(found.text.split("\n").at(-1), `proportional stopped after epoch 0: ${message}`);
});

test("a rule stops at a cost that is not finite", () => {
  const network = new Network([1, 1], { activations: "identity", weights: [[[1]]] });
  const optimizer = new Optimizer("sgd", { learningRate: 1e60 });
  const options = { rules: "gradient", optimizer, epochs: 9, every: 1 };
  const { summary, costs, steps } = compareRules(network, [[1]], [0], options);
  const [{ epochs, stopped }] = summary;
  assert.equal(costs.length, epochs + 1);
  assert.match(stopped, new RegExp(`in epoch ${epochs + 1};`));
  assert.equal(steps.at(-1).change, Infinity);
  network.parameters[0] = 1e300;
  assertThrows(
    () => compareRules(network, [[1]], [0]),
    DivergenceError,
    "the cost is NaN or Inf before training: standardise the inputs or use smaller starting weights",
  );
});

test("a step that changes nothing but rounding does not lower the cost", () => {
  // a perfect fit but for the last bit of the outputs
  const options = { activations: "identity", weights: [[[0.1]]], biases: [[0.2]] };
  const network = new Network([1, 1], options);
  const x = [[0.3], [0.7]];
  const d = network.predict(x).map(([a]) => a * (1 + 2 ** -52));
  const { steps } = compareRules(network, x, d, { rules: "gradient", epochs: 0 });
  assert.ok(steps[0].change < 0);
  assert.equal(steps[0].lowersCost, false);
});

test("onEpoch gets the rule, the epoch and its cost", () => {
  const seen = [];
  compareRules(new Network([2, 2, 1]), XOR_X, XOR_D, {
    rules: ["transpose", "gradient"],
    epochs: 2,
    onEpoch: (rule, epoch, cost) => seen.push([rule, epoch, Number.isFinite(cost)]),
  });
  assert.deepEqual(seen, [
    ["transpose", 1, true],
    ["transpose", 2, true],
    ["gradient", 1, true],
    ["gradient", 2, true],
  ]);
  const stops = () => {
    throw new RangeError("enough");
  };
  assert.throws(
    () => compareRules(new Network([2, 1]), XOR_X, XOR_D, { onEpoch: stops }),
    /RangeError: enough/,
  );
});

test("input errors name the argument", () => {
  const all = '"gradient", "transpose", "proportional", "proportional_abs"';
  const network = new Network([2, 1]);
  for (const [options, message] of [
    [{ rules: [] }, "rules must be a name or a list of names, got a list of 0"],
    [{ rules: 3 }, "rules must be a name or a list of names, got 3"],
    [{ rules: ["gradient", "hebb"] }, `rules entry 2 must be one of ${all}, got "hebb"`],
    [
      { rules: ["transpose", "gradient", "transpose"] },
      'rules must name each rule once, got "transpose" twice',
    ],
    [{ along: "mine" }, `along must be one of "own", ${all}, got "mine"`],
    [{ every: 0 }, "every must be null or an integer >= 1, got 0"],
    [{ every: 1.5 }, "every must be null or an integer >= 1, got 1.5"],
    [{ epochs: -1 }, "epochs must be an integer >= 0, got -1"],
    [{ onEpoch: 1 }, "onEpoch must be null or a function, got 1"],
    [
      { batchSize: 5 },
      "batchSize must be null or an integer from 1 to 4 (the number of rows), got 5",
    ],
    [
      { rate: 1 },
      'unknown key "rate" in options; allowed: "rules", "cost", "updateOrder", "optimizer", ' +
        '"batchSize", "epochs", "shuffle", "seed", "along", "every", "onEpoch"',
    ],
  ]) {
    assertThrows(() => compareRules(network, XOR_X, XOR_D, options), InputError, message);
  }
  assertThrows(() => compareRules(3), InputError, "network must be a Network, got 3");
  assertThrows(
    () => compareRules(network, XOR_X, [[1]]),
    InputError,
    "d must have as many rows as x (4), got 1",
  );
});
