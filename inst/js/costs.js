// Costs and the scale each puts on the output error. Twins: python/twinprop/costs.py, r/costs.R.
//
// Section 2 of docs/contract.md. The output error is e = a - d; dC/dz of the output layer is
// s * e * f'(z) for the squared costs and s * e for the cross entropies.

import { FAST } from "./arithmetic.js";
import { describe, frozen } from "./checks.js";
import { InputError } from "./errors.js";

/** Targets of softmax outputs must sum to 1 to this: 1/3 thrice does, 0.33 thrice does not. */
const SUM_TOLERANCE = 1e-12;

/** sum_k e_k^2 of the sample whose numbers start at `from`. */
function sumOfSquares(a, d, from, units) {
  let sum = 0;
  for (let k = from; k < from + units; k++) sum += (a[k] - d[k]) * (a[k] - d[k]);
  return sum;
}

/** 1/(2K) sum_k e_k^2. */
function halfMse(z, a, d, from, units) {
  return sumOfSquares(a, d, from, units) / (2 * units);
}

/** 1/2 sum_k e_k^2. */
function halfSse(z, a, d, from, units) {
  return sumOfSquares(a, d, from, units) / 2;
}

/** 1/K sum_k e_k^2. */
function mse(z, a, d, from, units) {
  return sumOfSquares(a, d, from, units) / units;
}

/** -sum_k (d log a + (1 - d) log(1 - a)) of sigmoid outputs, in z: finite when they saturate. */
function binaryCrossEntropy(z, a, d, from, units, arithmetic) {
  let sum = 0;
  for (let k = from; k < from + units; k++) {
    const rest = arithmetic.log1p(arithmetic.exp(-Math.abs(z[k])));
    sum += (z[k] > 0 ? z[k] : 0) - d[k] * z[k] + rest;
  }
  return sum;
}

/** -sum_k d_k log a_k of softmax outputs, in z: finite when they saturate. */
function multiclassCrossEntropy(z, a, d, from, units, arithmetic) {
  let largest = -Infinity;
  for (let k = from; k < from + units; k++) largest = Math.max(largest, z[k]);
  let exps = 0;
  for (let k = from; k < from + units; k++) exps += arithmetic.exp(z[k] - largest);
  const logSum = largest + arithmetic.log(exps);
  let sum = 0;
  for (let k = from; k < from + units; k++) sum += d[k] * (logSum - z[k]);
  return sum;
}

/** The sum of the samples' costs from that of one sample. */
function overSamples(ofSample) {
  return (z, a, d, rows, units, arithmetic = FAST, sampleWeight = null) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      const cost = ofSample(z, a, d, row * units, units, arithmetic);
      sum += sampleWeight === null ? cost : cost * sampleWeight[row];
    }
    return sum;
  };
}

/**
 * The costs by name. Of each:
 * - `value(z, a, d, rows, units, arithmetic, sampleWeight)` gives the SUM of the samples' costs, each
 *   times its weight if there are weights; z, a, d of the output layer, flat (rows * K).
 *   `arithmetic` is one of arithmetic.js's records, by default the engine's own.
 * - `scale(K)` is the factor s on the output error e.
 */
export const COSTS = frozen({
  half_mse: { value: overSamples(halfMse), scale: (units) => 1 / units },
  half_sse: { value: overSamples(halfSse), scale: () => 1 },
  mse: { value: overSamples(mse), scale: (units) => 2 / units },
  cross_entropy: { value: overSamples(binaryCrossEntropy), scale: () => 1 },
});

const SOFTMAX_CROSS_ENTROPY = { value: overSamples(multiclassCrossEntropy), scale: () => 1 };

/** The cost of this name for outputs of this activation. */
export function costFunction(cost, outputActivation) {
  if (cost === "cross_entropy" && outputActivation === "softmax") return SOFTMAX_CROSS_ENTROPY;
  return COSTS[cost];
}

/** weight_decay / 2 * sum of W^2; `weights` are all weights, flat, never biases. */
export function penalty(weights, weightDecay) {
  if (weightDecay === 0) return 0;
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * weights[i];
  return 0.5 * weightDecay * sum;
}

/** Refuse a cost that the output layer's activation cannot serve. */
export function checkCostFits(cost, outputActivation) {
  if (outputActivation === "softmax" && cost !== "cross_entropy") {
    throw new InputError(
      `activation "softmax" in the output layer needs cost "cross_entropy", got "${cost}"`,
    );
  }
  if (cost === "cross_entropy" && !["sigmoid", "softmax"].includes(outputActivation)) {
    throw new InputError(
      `cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, ` +
        `got "${outputActivation}"`,
    );
  }
}

/** Refuse desired outputs (flat) that are no probabilities where the cost asks for them. */
export function checkTargets(d, name, units, cost, outputActivation) {
  if (cost !== "cross_entropy") return;
  for (let i = 0; i < d.length; i++) {
    if (d[i] < 0 || d[i] > 1) {
      throw new InputError(
        `${name} row ${Math.floor(i / units) + 1}, column ${(i % units) + 1} must be from 0 to 1 ` +
          `for cost "cross_entropy", got ${describe(d[i])}`,
      );
    }
  }
  if (outputActivation !== "softmax") return;
  for (let row = 0; row < d.length / units; row++) {
    let sum = 0;
    for (let k = 0; k < units; k++) sum += d[row * units + k];
    if (Math.abs(sum - 1) > SUM_TOLERANCE) {
      throw new InputError(
        `${name} row ${row + 1} must sum to 1 for "softmax" outputs, got ${describe(sum)}`,
      );
    }
  }
}
