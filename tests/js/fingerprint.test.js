// Twins: tests/python/test_fingerprint.py, tests/testthat/test-fingerprint.R.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { fingerprintOf } from "../../inst/js/fingerprint.js";
import { fingerprint, formatRun, InputError, MLP, Network, runPlan } from "../../inst/js/index.js";
import { assertThrows, XOR_D, XOR_X } from "./helpers.js";

/** The same by node's MD5. */
function expected(cost, parameters) {
  const bytes = Buffer.alloc(8 * (cost.length + parameters.length));
  [...cost, ...parameters].forEach((value, i) => bytes.writeDoubleLE(value, 8 * i));
  return createHash("md5").update(bytes).digest("hex");
}

test("it is the MD5 of the numbers, however many blocks they fill", () => {
  for (let count = 0; count < 40; count++) {
    const numbers = Float64Array.from({ length: count }, (_, i) => Math.sin(i) / (i + 1));
    for (const costs of [0, 1, 3].filter((n) => n <= count)) {
      const [cost, parameters] = [numbers.slice(0, costs), numbers.slice(costs)];
      assert.equal(fingerprintOf(cost, parameters), expected(cost, parameters), `${count}`);
    }
  }
  const special = Float64Array.of(-0, 5e-324, 1.7976931348623157e308, -1 / 3);
  assert.equal(fingerprintOf([], special), expected([], special));
  const many = new Float64Array(100_000).map((_, i) => Math.sqrt(i));
  assert.equal(fingerprintOf(many, special), expected(many, special));
});

test("every bit counts, and what is a cost and what a weight does not", () => {
  const of = (...numbers) => fingerprintOf([], Float64Array.from(numbers));
  const prints = [of(), of(0), of(-0), of(5e-324), of(0, 0), of(1, 2), of(2, 1)];
  assert.equal(new Set(prints).size, prints.length);
  assert.equal(of(1, 2), fingerprintOf([1], [2]));
});

test("a run has that of its costs, weights and biases, and its file says it", async () => {
  const network = new Network([2, 4, 1]);
  const run = network.train(XOR_X, XOR_D, { epochs: 3, arithmetic: "portable" });
  const numbers = [...run.weights.flat(2), ...run.biases.flat()];
  assert.equal(run.fingerprint, expected(run.cost, numbers));
  assert.equal(JSON.parse(formatRun(run)).fingerprint, run.fingerprint);
  const again = await runPlan({ training: { epochs: 3, arithmetic: "portable" } });
  assert.equal(again.fingerprint, run.fingerprint);
  const other = await runPlan({ training: { epochs: 4, arithmetic: "portable" } });
  assert.notEqual(other.fingerprint, run.fingerprint);
  // no epoch: that of the starting weights
  const untrained = await runPlan({
    network: { layers: [2, 1], weights: [[[1, 2]]] },
    training: { epochs: 0 },
  });
  assert.equal(untrained.fingerprint, "9fff185c9099ec7aa6992134a469e103");
});

test("it is that of a run, of what its file says, and of a model", () => {
  const network = new Network([2, 4, 1]);
  const run = network.train(XOR_X, XOR_D, { epochs: 3 });
  assert.equal(fingerprint(run), run.fingerprint);
  assert.equal(fingerprint(JSON.parse(formatRun(run))), run.fingerprint);
  assert.equal(fingerprint(new MLP(network)), expected([], network.parameters));
  const model = new MLP(network, { training: { loss_curve: run.cost } });
  assert.equal(fingerprint(model), run.fingerprint);
});

test("Python's and R's tests have the same number", () => {
  const run = {
    cost: [0.5],
    weights: [
      [
        [1, -0],
        [3, 4],
      ],
    ],
    biases: [[2, 5]],
  };
  assert.equal(fingerprint(run), "43184e3ab9548f070d5b909d9d3fbb53");
});

test("what has none is refused", () => {
  for (const [source, given] of [
    [3, "3"],
    [null, "null"],
    [{}, "an object"],
  ]) {
    const message = `source must be a run or an MLP, got ${given}`;
    assertThrows(() => fingerprint(source), InputError, message);
  }
  const model = new MLP(new Network([1, 1]), { training: { loss_curve: [0.5, "low"] } });
  const message = "training.loss_curve must be a list of finite numbers";
  assertThrows(() => fingerprint(model), InputError, message);
});
