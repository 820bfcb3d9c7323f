// Twins: tests/python/test_costs.py, tests/testthat/test-costs.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError, Network } from "../../inst/js/index.js";
import { AFTER_ONE_UPDATE, assertGroup, assertThrows } from "./helpers.js";

/** A network whose outputs are its inputs (identity) or a function of them. */
function through(activation, units) {
  const rows = Array.from({ length: units }, (_, k) =>
    Array.from({ length: units }, (_unused, j) => (j === k ? 1 : 0)),
  );
  return new Network([units, units], { activations: activation, weights: [rows] });
}

test("the squared costs, by hand", () => {
  // a = x, e = (3, -1) and (0, 2): sums of squares 10 and 4, K = 2, mean over 2 samples.
  const network = through("identity", 2);
  const x = [
    [4, 1],
    [1, 2],
  ];
  const d = [
    [1, 2],
    [1, 0],
  ];
  assert.equal(network.meanCost(x, d, { cost: "half_mse" }), (10 / 4 + 4 / 4) / 2);
  assert.equal(network.meanCost(x, d, { cost: "half_sse" }), (10 / 2 + 4 / 2) / 2);
  assert.equal(network.meanCost(x, d, { cost: "mse" }), (10 / 2 + 4 / 2) / 2);
  assert.equal(network.meanCost([[4, 1]], [[1, 2]], { cost: "half_mse" }), 2.5);
  // The penalty: 0.5 * 0.1 * (1 + 1), biases apart.
  assertGroup(
    network.meanCost([[4, 1]], [[1, 2]], { weightDecay: 0.1 }),
    2.6,
    AFTER_ONE_UPDATE,
    "penalty",
  );
});

test("the cross entropies, by their definitions", () => {
  const x = [[-0.4, 1.3, 0.2]];
  const binary = through("sigmoid", 3);
  const targets = [[0, 1, 0.25]];
  const [a] = binary.predict(x);
  const expected = a.reduce((sum, one, k) => {
    const d = targets[0][k];
    return sum - d * Math.log(one) - (1 - d) * Math.log(1 - one);
  }, 0);
  const found = binary.meanCost(x, targets, { cost: "cross_entropy" });
  assertGroup(found, expected, AFTER_ONE_UPDATE, "binary");

  const softmax = through("softmax", 3);
  const shares = [[0.5, 0.25, 0.25]];
  const [p] = softmax.predict(x);
  assertGroup(
    softmax.meanCost(x, shares, { cost: "cross_entropy" }),
    p.reduce((sum, one, k) => sum - shares[0][k] * Math.log(one), 0),
    AFTER_ONE_UPDATE,
    "softmax",
  );
});

test("saturated outputs give finite costs", () => {
  const options = { cost: "cross_entropy" };
  assert.equal(through("sigmoid", 1).meanCost([[1000]], [[0]], options), 1000);
  assert.equal(through("sigmoid", 1).meanCost([[-1000]], [[0]], options), 0);
  assert.equal(through("softmax", 2).meanCost([[1000, 0]], [[0, 1]], options), 1000);
});

test("bad arguments are refused by name", () => {
  const network = through("sigmoid", 2);
  assertThrows(
    () => network.meanCost([[1, 2]], [[1, 1]], { cost: "sse" }),
    InputError,
    'cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", got "sse"',
  );
  assertThrows(
    () => network.meanCost([[1, 2]], [[1, 1]], { weightDecay: -1 }),
    InputError,
    "weightDecay must be a finite number >= 0, got -1",
  );
  assertThrows(
    () => network.meanCost([[1, 2]], [[1, 2]], { cost: "cross_entropy" }),
    InputError,
    'd row 1, column 2 must be from 0 to 1 for cost "cross_entropy", got 2',
  );
  assertThrows(
    () => network.meanCost([[1, 2]], [[1, 2]], { weight_decay: 1 }),
    InputError,
    'unknown key "weight_decay" in options; allowed: "cost", "weightDecay", "arithmetic"',
  );
});
