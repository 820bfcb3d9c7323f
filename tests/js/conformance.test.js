// Every conformance case, stage by stage and as a whole run, and every error case.
// Twins: tests/python/test_conformance.py, tests/testthat/test-cases.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  DenominatorError,
  DivergenceError,
  formatRun,
  InputError,
  Network,
  Optimizer,
  readPlan,
  runPlan,
} from "../../inst/js/index.js";
import { camelKeys } from "../../inst/js/checks.js";
import { toJson } from "../../inst/js/plan.js"; // JSON.stringify() loses the sign of a -0
import {
  assertGroup,
  assertRecording,
  assertRun,
  cases,
  caught,
  errorCases,
  EXACT,
  tolerances,
} from "./helpers.js";

const CASES = cases();
const ERRORS = errorCases().filter((one) => one.plan_file === undefined); // run.test.js has files
const KINDS = { input: InputError, divergence: DivergenceError, denominator: DenominatorError };

/** The text of an error case's plan file. */
function planText(one) {
  return one.plan_text ?? JSON.stringify(one.plan);
}

function makeNetwork({ network: { layers, ...others } }) {
  return new Network(layers, camelKeys(others));
}

function makeOptimizer({ training }) {
  const { name, ...parameters } = camelKeys(training.optimizer);
  return new Optimizer(name, parameters);
}

test("there are cases", () => {
  assert.ok(CASES.length > 80);
  assert.ok(ERRORS.length > 70);
});

for (const { name, plan, expected } of CASES) {
  test(`${name}: the run`, async () => {
    const run = JSON.parse(formatRun(await runPlan(toJson(plan))));
    const [first, later] = tolerances(plan);
    assertRun(run, expected.run, run.updates > 1 ? later : first, "run");
    if (later === EXACT) assert.equal(run.fingerprint, expected.run.fingerprint);
    assertRecording(run.recording, expected, name, [first, later]);
    const kept = run.snapshots ?? [];
    assert.equal(kept.length, expected.snapshots.length);
    kept.forEach((snapshot, i) => {
      const reference = expected.snapshots[i];
      const within = i === 0 ? first : later;
      assert.equal(snapshot.updates, reference.updates);
      assertGroup(snapshot.cost, reference.cost, within, "snapshot's cost");
      assertGroup(
        [snapshot.weights, snapshot.biases],
        [reference.weights, reference.biases],
        within,
        "snapshot's weights and biases",
      );
    });
  });

  test(`${name}: the first update, stage by stage`, () => {
    const complete = readPlan(plan);
    const network = makeNetwork(complete);
    assertGroup(
      [network.weights, network.biases],
      [expected.starting_weights, expected.starting_biases],
      EXACT,
      "starting weights",
    );
    const first = expected.first_update;
    if (first === null) {
      // No update, or one that step() does not make.
      const { epochs, dropout, clip_norm: clipNorm } = complete.training;
      assert.ok(epochs === 0 || dropout || clipNorm || complete.data.sample_weight);
      return;
    }
    const [x, d] = [complete.data.x, complete.data.d].map((rows) =>
      first.rows.map((row) => rows[row - 1]),
    );
    const [within] = tolerances(plan);
    const { cost, rule, updateOrder, arithmetic } = camelKeys(complete.training);
    const { forward, backward } = network.step(x, d, {
      cost,
      rule,
      updateOrder,
      arithmetic,
      optimizer: makeOptimizer(complete),
    });
    assertGroup(forward.z, first.z, within, "z");
    assertGroup(forward.a, first.a, within, "a");
    assertGroup(backward.e, first.e, within, "e");
    assertGroup(backward.delta, first.delta, within, "delta");
    assertGroup(
      [backward.gradWeights, backward.gradBiases],
      [first.grad_weights, first.grad_biases],
      within,
      "gradients",
    );
    assertGroup(
      [network.weights, network.biases],
      [first.new_weights, first.new_biases],
      within,
      "new weights",
    );
    if (updateOrder === "simultaneous") {
      // The three verbs do the same as the step.
      const three = makeNetwork(complete);
      const passed = three.forward(x, { arithmetic });
      three.update(three.backward(passed, d, { cost, rule, arithmetic }), makeOptimizer(complete));
      assert.deepEqual(three.parameters, network.parameters);
    }
  });
}

for (const one of ERRORS) {
  test(`error ${one.name}`, async () => {
    const error = await caught(async () => {
      const plan = readPlan(planText(one));
      assert.notEqual(one.kind, "input", "an input error must come before anything is trained");
      await runPlan(plan);
    });
    assert.ok(error instanceof KINDS[one.kind], error.stack);
    if (one.message !== undefined) assert.equal(error.message, one.message);
    else assert.ok(error.message.startsWith(one.message_start), error.message);
  });
}

for (const one of ERRORS.filter(({ kind }) => kind !== "input")) {
  test(`error ${one.name}: the network keeps its weights from before the epoch`, async () => {
    const plan = readPlan(planText(one));
    const network = makeNetwork(plan);
    const after = [network.parameters.slice()]; // each number of epochs
    const error = await caught(() =>
      network.train(plan.data.x, plan.data.d, {
        ...camelKeys(plan.training),
        optimizer: makeOptimizer(plan),
        onEpoch: () => after.push(network.parameters.slice()),
      }),
    );
    const [, epoch = after.length] = /in epoch (\d+)/.exec(error.message) ?? [];
    assert.equal(error.network, network);
    assert.deepEqual(network.parameters, after[epoch - 1]);
  });
}
