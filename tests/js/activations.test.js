// Twins: tests/python/test_activations.py, tests/testthat/test-activations.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ACTIVATIONS } from "../../inst/js/index.js";

// Central differences with a step of 1e-6 are good to about 1e-10 of the value.
const STEP = 1e-6;
const BY_DIFFERENCES = 1e-8;

// A few roundings of the last bit, where exp and log1p are involved.
const ROUNDING = 1e-15;

const Z = Float64Array.of(-30, -3, -0.5, -0.01, 0.02, 0.7, 2, 30);

function values({ value }, z, rows = 1) {
  const out = new Float64Array(z.length);
  value(z, out, rows, z.length / rows);
  return out;
}

function assertNear(found, expected, tolerance) {
  assert.equal(found.length, expected.length);
  expected.forEach((one, i) => {
    const allowed = tolerance * Math.max(1, Math.abs(one));
    assert.ok(Math.abs(found[i] - one) <= allowed, `${found[i]} is not ${one}`);
  });
}

test("the functions give known values", () => {
  const third = Float64Array.of(-Math.log(2), 0, Math.log(2));
  assertNear(values(ACTIVATIONS.sigmoid, third), [1 / 3, 1 / 2, 2 / 3], ROUNDING);
  assertNear(values(ACTIVATIONS.tanh, third), [-0.6, 0, 0.6], ROUNDING);
  assertNear(values(ACTIVATIONS.softplus, third), [1.5, 2, 3].map(Math.log), ROUNDING);
  assertNear(values(ACTIVATIONS.relu, third), [0, 0, Math.log(2)], 0);
  assertNear(values(ACTIVATIONS.leaky_relu, third), [-0.01 * Math.log(2), 0, Math.log(2)], 0);
  assertNear(values(ACTIVATIONS.identity, third), third, 0);
  assertNear(values(ACTIVATIONS.softmax, third), [1 / 7, 2 / 7, 4 / 7], ROUNDING);
});

test("softmax works row by row", () => {
  const z = Float64Array.of(0, Math.log(3), 5, 5);
  assertNear(values(ACTIVATIONS.softmax, z, 2), [1 / 4, 3 / 4, 1 / 2, 1 / 2], ROUNDING);
});

test("nothing overflows", () => {
  const far = Float64Array.of(-1000, 1000);
  assertNear(values(ACTIVATIONS.sigmoid, far), [0, 1], 0);
  assertNear(values(ACTIVATIONS.softplus, far), [0, 1000], 0);
  assertNear(values(ACTIVATIONS.softmax, far), [0, 1], 0);
});

test("NaN stays NaN, so that a divergence is seen", () => {
  for (const [name, activation] of Object.entries(ACTIVATIONS)) {
    const found = values(activation, Float64Array.of(NaN, 1));
    assert.ok(Number.isNaN(found[0]), name);
  }
});

for (const [name, activation] of Object.entries(ACTIVATIONS)) {
  if (activation.derivative === null) continue;
  const { derivative, uses } = activation;

  test(`${name}: the derivative is that of the function`, () => {
    const higher = values(
      activation,
      Z.map((z) => z + STEP),
    );
    const lower = values(
      activation,
      Z.map((z) => z - STEP),
    );
    const expected = Array.from(Z, (_, i) => (higher[i] - lower[i]) / (2 * STEP));
    const found = new Float64Array(Z.length);
    derivative(Z, values(activation, Z), found, Z.length);
    assertNear(found, expected, BY_DIFFERENCES);
  });

  test(`${name}: the derivative uses ${uses} alone`, () => {
    const a = values(activation, Z);
    const nothing = new Float64Array(Z.length).fill(NaN);
    const [both, one] = [new Float64Array(Z.length), new Float64Array(Z.length)];
    derivative(Z, a, both, Z.length);
    if (uses === "a") derivative(nothing, a, one, Z.length);
    else derivative(Z, nothing, one, Z.length);
    assert.deepEqual(one, both);
  });
}
