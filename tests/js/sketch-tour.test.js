// The tour of the page, inst/js/sketch/tour.js: its states, its answers and what it claims.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  DenominatorError,
  InputError,
  loadDataset,
  Network,
  Optimizer,
} from "../../inst/js/index.js";
import { loadSamples } from "../../inst/js/sketch/data.js";
import * as page from "../../inst/js/sketch/state.js";
import { Stepper } from "../../inst/js/sketch/stepper.js";
import { mark, stateOfStep, stepOfHash, STEPS } from "../../inst/js/sketch/tour.js";

/** What rounding leaves of two ways to compute a number of a few terms. */
const ROUNDING = 1e-14;

/** How far apart the costs of a minimum and of a point near it are looked for. */
const SMALL_CHANGE = 1e-3;

const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);

function assertClose(value, expected) {
  const far = Math.abs(value - expected);
  assert.ok(far <= ROUNDING * Math.max(1, Math.abs(expected)), `${value}, not ${expected}`);
}

/** The numbers at a step. */
async function arrive(number) {
  const state = stateOfStep(number);
  const samples = await loadSamples(state.data);
  const stepper = new Stepper(state, samples);
  stepper.seek(state.updates, state.phase);
  return { state, samples, stepper };
}

/** The step of a title, and the numbers at it. */
async function stepNamed(title) {
  const at = STEPS.findIndex((step) => step.title === title);
  assert.ok(at >= 0, title);
  return { step: STEPS[at], ...(await arrive(at + 1)) };
}

/** The training of a step with some settings changed, after so many updates. */
function trained({ state, samples }, changes, updates) {
  const stepper = new Stepper(page.change(state, changes), samples);
  stepper.seek(updates);
  return stepper;
}

const accepted = (found, text) => mark(found.step, found, text).right;

/** The right answer as somebody types it, and wrong ones. */
function answersOf(found) {
  const { step } = found;
  const right = step.answer(found);
  if (step.options !== undefined) {
    const wrong = step.options(found).map(([value]) => value);
    return { right, wrong: wrong.filter((value) => value !== right) };
  }
  const unit = 10 ** -step.decimals;
  const near = [right + 1.5 * unit, right - 1.5 * unit];
  const wrong = [...step.slips(found).map(([value]) => value), ...near];
  return { right: right.toFixed(step.decimals), wrong: wrong.map(String) };
}

test("there are as many steps as the address takes", () => {
  assert.equal(STEPS.length, page.TOUR_STEPS);
  for (const number of [0, page.TOUR_STEPS + 1, 1.5]) {
    assert.throws(() => stateOfStep(number), InputError);
  }
});

STEPS.forEach((step, i) => {
  test(`step ${i + 1}, ${step.title}: reached, marked right and wrong`, async () => {
    const found = { step, ...(await arrive(i + 1)) };
    const { state, stepper } = found;
    assert.equal(state.tour, i + 1);
    assert.deepEqual([stepper.updates, stepper.phase], [state.updates, state.phase]);
    assert.equal(stepper.stopped, null);
    assert.deepEqual(page.fromHash(page.toHash(state)), state);

    const { right, wrong } = answersOf(found);
    assert.match(mark(step, found, right).message, /^Right\. ./);
    assert.ok(wrong.length >= 2);
    for (const text of [...wrong, "", "?"]) {
      const { right: isRight, message } = mark(step, found, text);
      assert.ok(!isRight, text);
      assert.match(message, /^Not yet\. ./);
    }
  });

  test(`step ${i + 1}: two sentences, and each slip is told`, async () => {
    assert.equal(step.text.length, 2);
    for (const sentence of step.text) {
      assert.match(sentence, /^[A-Z].*\.$/);
      assert.doesNotMatch(sentence, /[a-z)]\. [A-Z]/);
    }
    assert.match(step.question, /\?$/);
    const found = { step, ...(await arrive(i + 1)) };
    for (const [value, message] of step.slips?.(found) ?? []) {
      assert.equal(mark(step, found, String(value)).message, `Not yet. ${message}`);
    }
  });
});

test("a number is read with any minus and decimal mark", async () => {
  const found = await stepNamed("The output error");
  for (const text of ["-0.17", "\u22120.17", " -0,17 ", "-.174", "-17e-2"]) {
    assert.ok(accepted(found, text), text);
  }
  for (const text of ["0.17", "-0.1", "-0.18", "x"]) assert.ok(!accepted(found, text), text);
});

test("the samples are those of the data sets, and need no file", async () => {
  const first = stateOfStep(1).data;
  const { x, d, inputNames, outputNames, network } = await loadDataset("three_by_three");
  assert.deepEqual(first, { x, d, inputNames, outputNames });
  assert.deepEqual(stateOfStep(1).weights, network.weights);
  assert.deepEqual(stateOfStep(1).biases, network.biases);
  const xor = await loadDataset("xor");
  for (const number of [8, 9, 10, 12]) {
    const { data } = stateOfStep(number);
    assert.deepEqual([data.x, data.d], [xor.x, xor.d]);
    assert.deepEqual([data.inputNames, data.outputNames], [xor.inputNames, xor.outputNames]);
  }
  STEPS.forEach((_, i) => assert.equal(stateOfStep(i + 1).data.dataset, undefined));
});

test("an address may name a step and no more", () => {
  assert.equal(stepOfHash("#tour=5"), 5);
  assert.equal(stepOfHash("tour=12"), 12);
  for (const hash of ["", "#seed=1&tour=5", "#tour=5&seed=1", "#tour=x"]) {
    assert.equal(stepOfHash(hash), null);
  }
});

// ---- what the sentences claim

test("a layer: the weighted sum and the sigmoid", async () => {
  const found = await stepNamed("What a layer does");
  const { stepper } = found;
  const { forward, before } = stepper.step;
  const z = sumOf(before.weights[0][1].map((w, j) => w * forward.a[0][0][j])) + before.biases[0][1];
  assertClose(forward.z[0][0][1], z);
  assertClose(forward.a[1][0][1], 1 / (1 + Math.exp(-z)));
  assert.ok(z > 0 && forward.a[1][0][1] > 0.5);
  assert.ok(accepted(found, String(1 / (1 + Math.exp(-z)))));
});

test("the output error is a - d, and that of output 1 below 0", async () => {
  const { stepper } = await stepNamed("The output error");
  const { forward, d, outputError } = stepper.step;
  outputError[0].forEach((e, k) => assertClose(e, forward.a.at(-1)[0][k] - d[0][k]));
  assert.ok(outputError[0][0] < 0);
});

test("the cost: half the mean of the squares, nearly all from outputs 2 and 3", async () => {
  const found = await stepNamed("The cost");
  const { stepper } = found;
  const { outputError, cost } = stepper.step;
  const squares = outputError[0].map((e) => e * e);
  assertClose(cost, sumOf(squares) / squares.length / 2);
  assert.ok(squares[1] + squares[2] > 0.95 * sumOf(squares));
  assert.ok(accepted(found, String(sumOf(squares) / 6)));
});

test("the proportional rule: shares as the weights, which add up to the error", async () => {
  const found = await stepNamed("Blame in proportion to the weights");
  const { stepper } = found;
  const { outputError, shares, before } = stepper.step;
  shares(0)[0].forEach((row, k) => {
    const weights = before.weights[1][k];
    row.forEach((share, j) =>
      assertClose(share, (weights[j] / sumOf(weights)) * outputError[0][k]),
    );
    assertClose(sumOf(row), outputError[0][k]);
  });
  const last = before.weights[1][2];
  assert.equal(last.indexOf(Math.max(...last)), 2);
  assert.ok(accepted(found, "3"));
});

test("the transpose: W' e, and the proportions of before", async () => {
  const found = await stepNamed("The transpose");
  const { stepper } = found;
  const { outputError, shares, before, backward } = stepper.step;
  const w = before.weights[1];
  backward.e[0][0].forEach((e, j) =>
    assertClose(e, sumOf(w.map((row, k) => row[j] * outputError[0][k]))),
  );
  const column = sumOf(w.map((row, k) => row[0] * outputError[0][k]));
  assert.ok(accepted(found, String(column)));
  const across = sumOf(w[0].map((weight, k) => weight * outputError[0][k]));
  assert.match(mark(found.step, found, String(across)).message, /That is a row of W/);
  const earlier = (await stepNamed("Blame in proportion to the weights")).stepper.step.shares(0)[0];
  shares(0)[0].forEach((row, k) =>
    row.forEach((share, j) => assertClose(share / row[0], earlier[k][j] / earlier[k][0])),
  );
});

test("what the transpose leaves out is f' of the neuron that sends", async () => {
  const found = await stepNamed("What the transpose leaves out");
  const { state, samples, stepper } = found;
  const other = new Stepper(state, samples, state.otherRule);
  other.seek(state.updates, state.phase);
  const a = stepper.step.forward.a[2][0];
  const transposed = stepper.step.shares(0)[0];
  other.step.shares(0)[0].forEach((row, k) => {
    assert.ok(a[k] * (1 - a[k]) <= 0.25);
    row.forEach((share, j) => assertClose(share, a[k] * (1 - a[k]) * transposed[k][j]));
  });
  assertClose(found.step.answer(found), a[2] * (1 - a[2]));
  assert.equal(state.rule, "transpose");
  assert.equal(state.otherRule, "gradient");
});

test("gradient descent: eta times the gradient is taken off, and the cost falls", async () => {
  const found = await stepNamed("Gradient descent");
  const { state, stepper } = found;
  const { before, after, backward } = stepper.step;
  after.weights.forEach((matrix, l) =>
    matrix.forEach((row, k) =>
      row.forEach((w, j) => {
        const step = state.optimizer.learningRate * backward.gradWeights[l][k][j];
        assertClose(w, before.weights[l][k][j] - step);
      }),
    ),
  );
  assert.ok(stepper.cost() < stepper.initialCost);
  assert.ok(stepper.step.outputError[0][0] < 0 && backward.gradWeights[1][0][0] < 0);
  assert.ok(stepper.step.forward.a[1][0][0] > 0);
  assert.ok(accepted(found, "larger")); // what is below 0 is subtracted
});

test("one epoch: four updates, of a sample each, and outputs that hardly changed", async () => {
  const found = await stepNamed("One epoch");
  const { state, samples, stepper } = found;
  assert.deepEqual([stepper.updates, stepper.batches, stepper.costs.length], [4, 4, 1]);
  assert.equal(state.batchSize, 1);
  const { network } = trained({ state, samples }, {}, 0);
  const now = stepper.network.predict(samples.x);
  network.predict(samples.x).forEach(([a], i) => assert.ok(Math.abs(a - now[i][0]) < 0.05));
  const sizes = [];
  const larger = new Stepper(page.change(state, { batchSize: 3 }), samples);
  for (let i = 0; i < 2; i++) {
    larger.finish();
    sizes.push(larger.step.rows.length);
  }
  assert.deepEqual(sizes, [3, 1]);
  assert.ok(accepted(found, "2"));
});

test("many epochs: below a tenth, slowly first and then fast", async () => {
  const found = await stepNamed("Many epochs");
  const { stepper, samples } = found;
  const { costs, initialCost } = stepper;
  assert.equal(costs.length, 1000);
  assert.ok(stepper.cost() < initialCost / 10);
  const outputs = stepper.network.predict(samples.x);
  assert.deepEqual(
    outputs.map(([a]) => Math.round(a)),
    samples.d.flat(),
  );
  assert.ok(accepted(found, "4"));
  // the first 200 epochs take less off than any later 100 at the fastest
  const fastest = Math.max(...costs.slice(100).map((cost, i) => costs[i] - cost));
  assert.ok(fastest > 3 * (initialCost - costs[199]), `${fastest} ${initialCost - costs[199]}`);
});

test("denominators: a sum of 0.1, large shares, and none at a sum of 0", async () => {
  const found = await stepNamed("Why denominators fail");
  const { state, samples, stepper } = found;
  const { before, shares, outputError } = stepper.step;
  const [row] = before.weights[1];
  assert.deepEqual(row, [0.8, -0.7]);
  assertClose(sumOf(row), 0.1);
  const [sent] = shares(0)[0];
  assertClose(sumOf(sent), outputError[0][0]);
  for (const share of sent) assert.ok(Math.abs(share) > 5 * Math.abs(outputError[0][0]));
  assert.ok(accepted(found, "8") && accepted(found, "8.0"));
  const weights = structuredClone(before.weights);
  weights[1][0][1] = -0.8;
  const stuck = new Stepper(page.change(state, { weights }), samples);
  assert.ok(!stuck.finish());
  assert.ok(stuck.stopped instanceof DenominatorError);
});

test("local minima: every small change costs, and another start ends lower", async () => {
  const found = await stepNamed("Local minima");
  const { samples, stepper } = found;
  const other = trained(found, { seed: 1 }, found.state.updates);
  assert.ok(other.cost() < stepper.cost() - 0.02);
  assert.ok(accepted(found, String(other.cost())));
  for (const { network } of [stepper, other]) {
    const best = network.meanCost(samples.x, samples.d);
    for (let i = 0; i < 36; i++) {
      const angle = (i / 36) * 2 * Math.PI;
      const near = new Network([1, 1], { weights: network.weights, biases: network.biases });
      near.parameters[0] += SMALL_CHANGE * Math.cos(angle);
      near.parameters[1] += SMALL_CHANGE * Math.sin(angle);
      assert.ok(near.meanCost(samples.x, samples.d) > best, `direction ${i}`);
    }
  }
  // the lower one is flatter, and one sample is far less wrong
  const [steep, flat] = [stepper, other].map(({ network }) => network.weights[0][0][0]);
  assert.ok(Math.abs(flat) < Math.abs(steep) / 5);
  const worst = ({ network }) =>
    Math.max(...network.predict(samples.x).map(([a], i) => Math.abs(a - samples.d[i][0])));
  assert.ok(worst(other) < worst(stepper) - 0.05, `${worst(other)} ${worst(stepper)}`);
});

test("the stuck seed stays above 0.06, still falling to 1/16; others learn", async () => {
  const found = await stepNamed("A seed that gets stuck");
  const { state, samples, stepper } = found;
  const costAfter = (layers, seed, epochs) => {
    const network = new Network(layers, { seed });
    const { learningRate } = state.optimizer;
    network.train(samples.x, samples.d, {
      ...{ epochs, batchSize: state.batchSize, cost: state.cost },
      optimizer: new Optimizer("sgd", { learningRate }),
    });
    return network.meanCost(samples.x, samples.d, { cost: state.cost });
  };
  assert.equal(stepper.updates, 2000 * stepper.batches);
  const falling = [2000, 20000, 38000].map((epochs) => costAfter([2, 2, 1], state.seed, epochs));
  assert.equal(falling[0], stepper.cost());
  assert.ok(falling[1] > 0.06 && falling[1] < 1.01 / 16);
  assert.ok(falling[2] > 0.06 && falling[2] < falling[1]);
  assert.ok(falling[0] - falling[1] > falling[1] - falling[2]);
  assert.ok(costAfter([2, 2, 1], 2, 2000) < 0.001);
  assert.ok(costAfter([2, 4, 1], state.seed, 2000) < 0.01);
  // what the picture shows of the last four samples says the same as the answer
  const outputs = [0, 1, 2, 3].map((i) => {
    stepper.seek(state.updates - 4 + i, "forward");
    assert.deepEqual(stepper.step.rows, [i + 1]);
    return stepper.step.forward.a.at(-1)[0][0];
  });
  assert.deepEqual(samples.x[3], [1, 1]);
  const far = outputs.slice(0, 3).map((a) => Math.abs(a - outputs[3]));
  const twin = far.indexOf(Math.min(...far));
  assert.ok(accepted(found, String(twin + 1)));
  assert.deepEqual([samples.d[twin], samples.d[3]], [[1], [0]]);
  for (const row of [twin, 3]) assert.ok(Math.abs(outputs[row] - 0.5) < 0.03, String(outputs));
});
