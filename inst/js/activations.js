// Activation functions, each beside its derivative. Twins: python/twinprop/activations.py,
// r/activations.R.
//
// Section 1 of docs/contract.md. All work on flat arrays and write into `out`, so that training
// allocates nothing. A derivative is given both z and a = f(z) and uses the one named in `uses`.
// `arithmetic` is one of arithmetic.js's records.

import { FAST } from "./arithmetic.js";
import { frozen } from "./checks.js";

const LEAKY_RELU_SLOPE = 0.01;

/** f(z) = 1 / (1 + exp(-z)); exp may overflow to Inf, which gives the right limit 0. */
function sigmoid(z, out, rows, units, arithmetic = FAST) {
  for (let i = 0; i < rows * units; i++) out[i] = 1 / (1 + arithmetic.exp(-z[i]));
}

/** f'(z) = a (1 - a). */
function sigmoidDerivative(z, a, out, count) {
  for (let i = 0; i < count; i++) out[i] = a[i] * (1 - a[i]);
}

function tanh(z, out, rows, units, arithmetic = FAST) {
  for (let i = 0; i < rows * units; i++) out[i] = arithmetic.tanh(z[i]);
}

/** f'(z) = 1 - a^2. */
function tanhDerivative(z, a, out, count) {
  for (let i = 0; i < count; i++) out[i] = 1 - a[i] * a[i];
}

/** f(z) = z if z > 0 else 0; NaN stays NaN, so that a divergence is seen. */
function relu(z, out, rows, units) {
  for (let i = 0; i < rows * units; i++) out[i] = z[i] <= 0 ? 0 : z[i];
}

/** f'(z) = 1 if z > 0 else 0. */
function reluDerivative(z, a, out, count) {
  for (let i = 0; i < count; i++) out[i] = z[i] > 0 ? 1 : 0;
}

/** f(z) = z if z > 0 else 0.01 z. */
function leakyRelu(z, out, rows, units) {
  for (let i = 0; i < rows * units; i++) out[i] = z[i] > 0 ? z[i] : LEAKY_RELU_SLOPE * z[i];
}

/** f'(z) = 1 if z > 0 else 0.01. */
function leakyReluDerivative(z, a, out, count) {
  for (let i = 0; i < count; i++) out[i] = z[i] > 0 ? 1 : LEAKY_RELU_SLOPE;
}

/** f(z) = log(1 + exp(z)), written so that exp cannot overflow. */
function softplus(z, out, rows, units, arithmetic = FAST) {
  for (let i = 0; i < rows * units; i++) {
    out[i] = (z[i] > 0 ? z[i] : 0) + arithmetic.log1p(arithmetic.exp(-Math.abs(z[i])));
  }
}

/** f'(z) = 1 / (1 + exp(-z)). */
function softplusDerivative(z, a, out, count, arithmetic = FAST) {
  for (let i = 0; i < count; i++) out[i] = 1 / (1 + arithmetic.exp(-z[i]));
}

function identity(z, out, rows, units) {
  for (let i = 0; i < rows * units; i++) out[i] = z[i];
}

function identityDerivative(z, a, out, count) {
  for (let i = 0; i < count; i++) out[i] = 1;
}

/** f(z)_k = exp(z_k) / sum_j exp(z_j), shifted by the largest z so that exp cannot overflow. */
function softmax(z, out, rows, units, arithmetic = FAST) {
  for (let start = 0; start < rows * units; start += units) {
    let largest = -Infinity;
    for (let k = start; k < start + units; k++) largest = Math.max(largest, z[k]);
    let sum = 0;
    for (let k = start; k < start + units; k++) {
      out[k] = arithmetic.exp(z[k] - largest);
      sum += out[k];
    }
    for (let k = start; k < start + units; k++) out[k] /= sum;
  }
}

/**
 * The activation functions by name. Of each:
 * - `value(z, out, rows, units, arithmetic)` writes f(z) into `out`; both flat (rows * units).
 * - `derivative(z, a, out, count, arithmetic)` writes f'(z) into `out`; null for softmax, which is
 *   only used with a cost whose delta needs no f' (cross_entropy).
 * Both take the engine's own arithmetic unless they are given another.
 * - `uses`: "z" or "a", what the derivative is computed from.
 * - `smooth`: false if the derivative has a jump (at z = 0).
 */
export const ACTIVATIONS = frozen({
  sigmoid: { value: sigmoid, derivative: sigmoidDerivative, uses: "a", smooth: true },
  tanh: { value: tanh, derivative: tanhDerivative, uses: "a", smooth: true },
  relu: { value: relu, derivative: reluDerivative, uses: "z", smooth: false },
  leaky_relu: { value: leakyRelu, derivative: leakyReluDerivative, uses: "z", smooth: false },
  softplus: { value: softplus, derivative: softplusDerivative, uses: "z", smooth: true },
  identity: { value: identity, derivative: identityDerivative, uses: "z", smooth: true },
  softmax: { value: softmax, derivative: null, uses: "a", smooth: true },
});

/** Other names of the same functions, replaced as soon as they are read. */
export const ACTIVATION_ALIASES = Object.freeze({ logistic: "sigmoid", linear: "identity" });
