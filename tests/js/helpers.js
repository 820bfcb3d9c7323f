// What the suites share: reading the cases and comparing groups of numbers.
// Twins: tests/conformance.py, tests/testthat/helper-cases.R.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

// Section 10 of docs/contract.md: exp in V8 differs from C's in the last bit on 1 argument in 10, and
// sums are taken in another order than BLAS takes them. A few such bits are 1e-12 after one update;
// training multiplies them.
export const AFTER_ONE_UPDATE = 1e-12;
export const AFTER_MANY_UPDATES = 1e-10;

// The same arithmetic on the same numbers (+ - * / sqrt only) gives the same bits.
export const EXACT = 0;

/** The tolerances after one update and after many; 0 of a plan in portable arithmetic. */
export function tolerances(plan) {
  const exact = plan.training?.arithmetic === "portable";
  return exact ? [EXACT, EXACT] : [AFTER_ONE_UPDATE, AFTER_MANY_UPDATES];
}

export const XOR_X = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
export const XOR_D = [[0], [1], [1], [0]];

const CASES = new URL("../cases/", import.meta.url);

function readJson(url) {
  return JSON.parse(readFileSync(url, "utf8"));
}

function jsonFiles(url) {
  return readdirSync(url).filter((name) => name.endsWith(".json"));
}

/** All conformance cases. */
export function cases() {
  return jsonFiles(CASES).map((name) => readJson(new URL(name, CASES)));
}

/** All cases of the rules compared. */
export function rulesCases() {
  const folder = new URL("rules/", CASES);
  return jsonFiles(folder).map((name) => readJson(new URL(name, folder)));
}

/** All explained steps. */
export function explainCases() {
  const folder = new URL("explain/", CASES);
  return jsonFiles(folder).map((name) => readJson(new URL(name, folder)));
}

/** All exercises. */
export function exerciseCases() {
  const folder = new URL("exercise/", CASES);
  return jsonFiles(folder).map((name) => readJson(new URL(name, folder)));
}

/** All error cases. */
export function errorCases() {
  const folder = new URL("errors/", CASES);
  return jsonFiles(folder).flatMap((name) => readJson(new URL(name, folder)));
}

/** The shape of nested lists, as text that two of them can be compared by. */
function shape(value) {
  return Array.isArray(value) ? `[${value.map(shape).join("")}]` : ".";
}

function largest(numbers) {
  return numbers.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
}

/**
 * Compare a group of numbers (nested lists) with the reference: the shapes, then that all are finite,
 * then the largest difference against `size`, the largest value of the reference. With tolerance 0
 * every bit counts, the sign of a zero too.
 */
export function assertGroup(found, expected, tolerance, what, size = null) {
  assert.equal(shape(found), shape(expected), `${what}: shape`);
  const [p, q] = [[found].flat(Infinity), [expected].flat(Infinity)];
  for (const value of [...p, ...q]) {
    assert.ok(Number.isFinite(value), `${what}: ${value} is not a finite number`);
  }
  const difference = largest(p.map((value, i) => value - q[i]));
  const scale = size ?? largest(q);
  if (tolerance === EXACT) assert.deepEqual(p, q, `${what}: not the same bits`);
  assert.ok(
    difference <= tolerance * scale,
    `${what}: differs by ${difference}, ${difference / scale} of the largest value`,
  );
}

/** Compare a run with the reference, group by group. */
export function assertRun(run, expected, tolerance, what) {
  assert.equal(run.updates, expected.updates, `${what}: updates`);
  const costs = (one) => [one.initial_cost, one.cost, one.final_cost];
  const parameters = (one) => [one.weights, one.biases];
  assertGroup(costs(run), costs(expected), tolerance, `${what}: costs`);
  assertGroup(run.outputs, expected.outputs, tolerance, `${what}: outputs`);
  // An error is a small difference of outputs of that size.
  const size = largest(expected.outputs.flat());
  assertGroup(run.errors, expected.errors, tolerance, `${what}: errors`, size);
  assertGroup(parameters(run), parameters(expected), tolerance, `${what}: weights and biases`);
}

/** Compare a run's recording with that of a case's expected results, or that neither has one. */
export function assertRecording(found, expected, what, [first, later]) {
  const wanted = expected.recording;
  assert.equal(found === undefined, wanted === undefined, `${what}: recording`);
  if (wanted === undefined) return;
  assert.equal(found.interval, wanted.interval, `${what}: interval`);
  assert.equal(found.steps.length, wanted.steps.length, `${what}: recorded steps`);
  const outputs = largest(expected.run.outputs.flat());
  wanted.steps.forEach((want, i) => {
    const got = found.steps[i];
    const within = want.update === 1 ? first : later;
    const step = `${what}: step ${want.update}`;
    const { update, epoch, rows } = want;
    assert.deepEqual(Object.keys(got), Object.keys(want), step);
    assert.deepEqual(
      { update: got.update, epoch: got.epoch, rows: got.rows },
      { update, epoch, rows },
    );
    assertGroup(got.cost, want.cost, within, `${step}, cost`);
    const parameters = (one) => [one.weights, one.biases];
    assertGroup(parameters(got), parameters(want), within, `${step}, weights and biases`);
    const size = Math.max(outputs, largest(want.e.flat(Infinity)));
    assertGroup(got.e, want.e, within, `${step}, e`, size);
    const gradients = (one) => [one.grad_weights, one.grad_biases];
    assertGroup(gradients(got), gradients(want), within, `${step}, gradients`);
  });
}

/** The error that a function throws, or the promise it returns is rejected with. */
export async function caught(compute) {
  try {
    await compute();
  } catch (error) {
    return error;
  }
  return assert.fail("no error");
}

/** Check the class and the whole message of the error that a function throws. */
export function assertThrows(compute, kind, message) {
  assert.throws(compute, (error) => {
    assert.ok(error instanceof kind, `${error?.stack}`);
    assert.equal(error.message, message);
    return true;
  });
}

/** All cases of model files. */
export function modelCases() {
  const folder = new URL("model/", CASES);
  const names = jsonFiles(folder).filter((name) => name !== "errors.json");
  return names.map((name) => readJson(new URL(name, folder)));
}

/** Model files, and rows, that must be refused. */
export function modelErrors() {
  return readJson(new URL("model/errors.json", CASES));
}
