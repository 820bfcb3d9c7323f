// Forward and backward, and the rules by which errors go back. Twins: python/twinprop/backprop.py,
// r/backprop.R.
//
// Sections 1 to 4 of docs/contract.md. Functions over flat arrays (row by row): `Network` calls them
// for one step at a time, the training loop for many, with buffers that are made once. Lists over the
// layers start at index 0: weights[i], biases[i] and z[i] belong to layer i + 2, a[i] to layer i + 1.

import { ACTIVATIONS } from "./activations.js";
import { ARITHMETICS, FAST } from "./arithmetic.js";
import { costFunction } from "./costs.js";
import { DenominatorError } from "./errors.js";

/**
 * A denominator this small beside the sum of the weights' sizes counts as vanishing: what is left of
 * it after cancellation has lost six of its sixteen digits.
 */
const VANISHING = 1e-6;

/** When the weights of a layer move: see section 4 of the contract. */
export const UPDATE_ORDERS = Object.freeze(["simultaneous", "output_first"]);

/**
 * The places of a network's parameters in its flat array: all weights, layer by layer and row by row,
 * then all biases.
 *
 * @returns {{weights: number[], biases: number[]}} Where the weights and biases of each layer start,
 *   with one more entry for the end: weights.at(-1) is the number of weights, biases.at(-1) that of
 *   all parameters.
 */
export function offsets(layers) {
  const weights = [0];
  for (let i = 1; i < layers.length; i++) weights.push(weights[i - 1] + layers[i] * layers[i - 1]);
  const biases = [weights.at(-1)];
  for (let i = 1; i < layers.length; i++) biases.push(biases[i - 1] + layers[i]);
  return { weights, biases };
}

/** The layers' weights and biases as views into a flat array. */
export function views(layers, flat) {
  const { weights, biases } = offsets(layers);
  const parts = (starts) => starts.slice(1).map((end, i) => flat.subarray(starts[i], end));
  return { weights: parts(weights), biases: parts(biases) };
}

/** A flat array as rows: plain arrays. */
export function toRows(flat, rows, columns) {
  return Array.from({ length: rows }, (_, i) =>
    Array.from(flat.subarray(i * columns, (i + 1) * columns)),
  );
}

/** The weights and biases in a flat array as plain arrays. */
export function asLists(layers, flat) {
  const { weights, biases } = views(layers, flat);
  return {
    weights: weights.map((matrix, i) => toRows(matrix, layers[i + 1], layers[i])),
    biases: biases.map((vector) => Array.from(vector)),
  };
}

/** z = a W' + b for every row of a. */
function weightedSums(a, weights, biases, rows, inputs, units, z) {
  for (let row = 0; row < rows; row++) {
    const start = row * inputs;
    for (let k = 0; k < units; k++) {
      const from = k * inputs;
      let sum = 0;
      for (let j = 0; j < inputs; j++) sum += weights[from + j] * a[start + j];
      z[row * units + k] = sum + biases[k];
    }
  }
}

/** e[l-1] = W[l]' v for every row v: the error sent back through the transpose. */
function throughTranspose(v, weights, rows, inputs, units, out) {
  for (let row = 0; row < rows; row++) {
    const start = row * units;
    for (let j = 0; j < inputs; j++) {
      let sum = 0;
      for (let k = 0; k < units; k++) sum += weights[k * inputs + j] * v[start + k];
      out[row * inputs + j] = sum;
    }
  }
}

/** e[l-1] = W[l]' (e[l] f_l'(z[l])): the chain rule. */
function gradientRule(weights, e, g, rows, inputs, units, layer, out) {
  throughTranspose(g, weights, rows, inputs, units, out);
}

/** e[l-1] = W[l]' e[l]: without f'. */
function transposeRule(weights, e, g, rows, inputs, units, layer, out) {
  throughTranspose(e, weights, rows, inputs, units, out);
}

/** e[l-1]_j = sum_k e_k W_kj / sum_j W_kj. */
function proportionalRule(weights, e, g, rows, inputs, units, layer, out) {
  shareOut(weights, e, rows, inputs, units, layer, out, false);
}

/** e[l-1]_j = sum_k e_k W_kj / sum_j abs(W_kj). */
function proportionalAbsRule(weights, e, g, rows, inputs, units, layer, out) {
  shareOut(weights, e, rows, inputs, units, layer, out, true);
}

/** Share out each neuron's error over its inputs, in proportion to its weights. */
function shareOut(weights, e, rows, inputs, units, layer, out, absolute) {
  for (let i = 0; i < rows * inputs; i++) out[i] = 0;
  for (let k = 0; k < units; k++) {
    let sum = 0;
    let size = 0;
    for (let j = 0; j < inputs; j++) {
      sum += weights[k * inputs + j];
      size += Math.abs(weights[k * inputs + j]);
    }
    const denominator = absolute ? size : sum;
    if (Math.abs(denominator) <= VANISHING * size) {
      throw vanishingDenominator(absolute ? "proportional_abs" : "proportional", layer, k + 1);
    }
    for (let row = 0; row < rows; row++) {
      const error = e[row * units + k];
      for (let j = 0; j < inputs; j++) {
        out[row * inputs + j] += (weights[k * inputs + j] / denominator) * error;
      }
    }
  }
}

function vanishingDenominator(rule, layer, neuron) {
  const other = rule === "proportional" ? 'rule "proportional_abs" or ' : "";
  return new DenominatorError(
    `rule "${rule}": the weights into neuron ${neuron} of layer ${layer} sum to 0 or nearly 0, ` +
      `so its error cannot be shared out; try ${other}other starting weights`,
  );
}

/**
 * The rules by name: `rule(weights, e, g, rows, inputs, units, layer, out)` writes e[l-1], flat
 * (rows * inputs), into `out` from W[l], e[l] and g[l] = e[l] f_l'(z[l]).
 */
export const RULES = Object.freeze({
  gradient: gradientRule,
  transpose: transposeRule,
  proportional: proportionalRule,
  proportional_abs: proportionalAbsRule,
});

/**
 * Look up the functions behind the names once, before the loop.
 *
 * @returns {Object} `layers`; `activations`, one record of ACTIVATIONS per layer after the input;
 *   `cost`, the function of a batch's summed cost; `scale` on the output error; `rule`;
 *   `outputDerivative`: false with cross_entropy, whose dC/dz = s e already holds the output
 *   layer's f'; and `arithmetic`, its record.
 */
export function learning(layers, activations, cost, rule, arithmetic = "fast") {
  const { value, scale } = costFunction(cost, activations.at(-1));
  return {
    layers: Array.from(layers), // V8 reads the network's frozen ones more slowly
    activations: activations.map((name) => ACTIVATIONS[name]),
    cost: value,
    scale: scale(layers.at(-1)),
    rule: RULES[rule],
    outputDerivative: cost !== "cross_entropy",
    arithmetic: ARITHMETICS[arithmetic],
  };
}

/**
 * Where a forward pass of up to n samples puts its results, each array flat (n * n_l): `z` of the
 * layers 2..L and `a` of the layers 1..L, the first of which is `x`.
 */
export function forwardBuffers(layers, n, x) {
  const perLayer = () => layers.slice(1).map((units) => new Float64Array(n * units));
  return { z: perLayer(), a: [x, ...perLayer()] };
}

/** Where a backward pass of up to n samples puts its results: e, g and delta of the layers 2..L. */
export function backwardBuffers(layers, n) {
  const perLayer = () => layers.slice(1).map((units) => new Float64Array(n * units));
  return { e: perLayer(), g: perLayer(), delta: perLayer() };
}

/**
 * The dropout of passes of up to n samples, whose activations are in the buffers `a`: the `rates` of
 * the hidden layers 2..L-1; `masks`, what the activations of the layers 2..L are multiplied by, null
 * for a layer without dropout; `fed`, what the layers 2..L are fed with, the masked activations.
 */
export function dropoutBuffers(layers, n, rates, a) {
  const masks = [
    ...rates.map((rate, i) => (rate > 0 ? new Float64Array(n * layers[i + 1]) : null)),
    null,
  ];
  const fed = a.map((values, i) =>
    i > 0 && masks[i - 1] !== null ? new Float64Array(values.length) : values,
  );
  return { rates, masks, fed };
}

/** Draw the masks of a batch: layer by layer, row by row. */
export function drawMasks({ rates, masks }, layers, rows, stream) {
  for (let i = 0; i < rates.length; i++) {
    if (masks[i] === null) continue;
    const u = stream.uniform(rows * layers[i + 1]);
    for (let j = 0; j < u.length; j++) masks[i][j] = u[j] < rates[i] ? 0 : 1 / (1 - rates[i]);
  }
}

function multiply(values, mask, count, out) {
  for (let i = 0; i < count; i++) out[i] = values[i] * mask[i];
}

/**
 * Write z and a of every layer (section 1), and what each is fed with by dropout; a[0] holds the
 * inputs.
 */
export function forwardPass(
  weights,
  biases,
  { layers, activations, arithmetic },
  rows,
  { z, a },
  dropout = null,
) {
  const fed = dropout === null ? a : dropout.fed;
  for (let i = 0; i < weights.length; i++) {
    weightedSums(fed[i], weights[i], biases[i], rows, layers[i], layers[i + 1], z[i]);
    activations[i].value(z[i], a[i + 1], rows, layers[i + 1], arithmetic);
    if (dropout !== null && dropout.masks[i] !== null) {
      multiply(a[i + 1], dropout.masks[i], rows * layers[i + 1], fed[i + 1]);
    }
  }
}

/** e = a - d of the output layer. */
function outputErrors(a, d, count, e) {
  for (let i = 0; i < count; i++) e[i] = a[i] - d[i];
}

/** g = e f'(z), delta = s g of one layer. */
function deltas(z, a, e, derivative, scale, count, g, delta, arithmetic) {
  if (derivative === null) {
    for (let i = 0; i < count; i++) {
      g[i] = e[i];
      delta[i] = scale * e[i];
    }
    return;
  }
  derivative(z, a, g, count, arithmetic);
  for (let i = 0; i < count; i++) {
    g[i] *= e[i];
    delta[i] = scale * g[i];
  }
}

/** outer(delta, a) and delta of one sample, as sums that start at +0. */
function sampleGradients(delta, a, inputs, units, gradWeights, gradBiases) {
  for (let k = 0; k < units; k++) {
    const own = delta[k];
    const from = k * inputs;
    gradBiases[k] = 0 + own;
    for (let j = 0; j < inputs; j++) gradWeights[from + j] = 0 + own * a[j];
  }
}

/** The means over the samples of outer(delta, a) and of delta. */
function layerGradients(delta, a, rows, inputs, units, gradWeights, gradBiases) {
  if (rows === 1) {
    sampleGradients(delta, a, inputs, units, gradWeights, gradBiases);
    return;
  }
  for (let k = 0; k < units; k++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += delta[row * units + k];
    gradBiases[k] = sum / rows;
    for (let j = 0; j < inputs; j++) {
      sum = 0;
      for (let row = 0; row < rows; row++) sum += delta[row * units + k] * a[row * inputs + j];
      gradWeights[k * inputs + j] = sum / rows;
    }
  }
}

/** The deltas of a layer, each sample's times its weight. */
function weigh(delta, sampleWeight, rows, units) {
  const weighted = new Float64Array(rows * units);
  for (let row = 0; row < rows; row++) {
    for (let k = row * units; k < (row + 1) * units; k++)
      weighted[k] = delta[k] * sampleWeight[row];
  }
  return weighted;
}

/**
 * Write e, delta and the gradients of every layer (section 3) after a forward pass.
 *
 * @param {Float64Array[]} weights
 * @param {Float64Array} d The desired outputs, flat.
 * @param {Object} how What `learning` returned.
 * @param {number} rows How many samples.
 * @param {Object} forward z and a of the forward pass.
 * @param {Object} backward See backwardBuffers; written.
 * @param {{weights: Float64Array[], biases: Float64Array[]}} gradients Written.
 * @param {?function(number)} afterLayer Called with i when the gradients of weights[i] are there and
 *   before the error goes back through them: update order "output_first" moves the weights in it.
 * @param {?Float64Array} sampleWeight Weighs the samples in the gradients.
 * @param {?Object} dropout That of the forward pass, see dropoutBuffers.
 * @throws {DenominatorError} If a rule's denominator vanishes.
 */
export function backwardPass(
  weights,
  d,
  how,
  rows,
  forward,
  backward,
  gradients,
  afterLayer = null,
  sampleWeight = null,
  dropout = null,
) {
  const { layers, activations, scale, rule, outputDerivative, arithmetic } = how;
  const { z, a } = forward;
  const { e, g, delta } = backward;
  const fed = dropout === null ? a : dropout.fed;
  const last = weights.length - 1;
  const outputs = rows * layers[last + 1];
  outputErrors(a[last + 1], d, outputs, e[last]);
  for (let i = last; i >= 0; i--) {
    const inputs = layers[i];
    const units = layers[i + 1];
    const derivative = i < last || outputDerivative ? activations[i].derivative : null;
    deltas(z[i], a[i + 1], e[i], derivative, scale, rows * units, g[i], delta[i], arithmetic);
    const weighted = sampleWeight === null ? delta[i] : weigh(delta[i], sampleWeight, rows, units);
    layerGradients(
      weighted,
      fed[i],
      rows,
      inputs,
      units,
      gradients.weights[i],
      gradients.biases[i],
    );
    if (afterLayer !== null) afterLayer(i);
    if (i === 0) break;
    rule(weights[i], e[i], g[i], rows, inputs, units, i + 2, e[i - 1]);
    if (dropout !== null && dropout.masks[i - 1] !== null) {
      multiply(e[i - 1], dropout.masks[i - 1], rows * inputs, e[i - 1]);
    }
  }
}

/**
 * Move all parameters at once (update order "simultaneous"): the weights with weight decay, the
 * biases without.
 */
export function moveAll(optimizer, parameters, gradients, weightCount, arithmetic = FAST) {
  const count = parameters.length;
  optimizer.startUpdate(count);
  if (optimizer.settings.weightDecay === 0) {
    optimizer.move(parameters, gradients, 0, count, false, arithmetic);
  } else {
    optimizer.move(parameters, gradients, 0, weightCount, true, arithmetic);
    optimizer.move(parameters, gradients, weightCount, count, false, arithmetic);
  }
}

/**
 * A function that moves one layer's parameters: what "output_first" does after each layer, once
 * optimizer.startUpdate has counted the update.
 */
export function layerMover(optimizer, parameters, gradients, { weights, biases }, arithmetic) {
  return (i) => {
    optimizer.move(parameters, gradients, weights[i], weights[i + 1], true, arithmetic);
    optimizer.move(parameters, gradients, biases[i], biases[i + 1], false, arithmetic);
  };
}
