// The formula of each number of a step. Twins: python/twinprop/formulas.py, r/formulas.R.
//
// Sections 1 to 4 of docs/contract.md as trees (equations.js) over the quantities of a step, `q`.
// Layers count from 1, neurons (k, j) and samples (i) from 0.

import { call, cases, constant, power, product, quotient, sum, total } from "./equations.js";

const [ONE, TWO, ZERO] = [1, 2, 0].map(constant);

/** -expression. */
export function minus(expression) {
  return sum([expression], [true]);
}

/** first - second. */
export function difference(first, second) {
  return sum([first, second], [false, true]);
}

/** z_k = sum_j W_kj a_j + b_k. */
export function weightedSum(q, layer, k, i) {
  const inputs = q.layers[layer - 2];
  return total(inputs + 1, (j) =>
    j === inputs
      ? q.parameter(layer, k, null)
      : product([q.parameter(layer, k, j), q.a(layer - 1, j, i)]),
  );
}

/** f(z), section 1. */
export function activation(q, layer, k, i) {
  const z = q.z(layer, k, i);
  switch (q.record.before.activations[layer - 2]) {
    case "sigmoid":
      return quotient(ONE, sum([ONE, call("exp", [minus(z)])]));
    case "tanh":
      return call("tanh", [z]);
    case "relu":
      return call("max", [z, ZERO]);
    case "leaky_relu":
      return call("max", [z, product([constant(0.01), z])]);
    case "softplus":
      return call("log", [sum([ONE, call("exp", [z])])]);
    case "softmax":
      return quotient(call("exp", [z]), sumOfExponentials(q, i, false));
    default:
      return z;
  }
}

function sumOfExponentials(q, i, isNew) {
  return total(q.layers.at(-1), (k) => call("exp", [q.z(q.layers.length, k, i, isNew)]));
}

/** f'(z), section 1. */
export function derivative(q, layer, k, i) {
  const [z, a] = [q.z(layer, k, i), q.a(layer, k, i)];
  switch (q.record.before.activations[layer - 2]) {
    case "sigmoid":
      return product([a, difference(ONE, a)]);
    case "tanh":
      return difference(ONE, power(a, TWO));
    case "relu":
      return cases(z, ONE, ZERO);
    case "leaky_relu":
      return cases(z, ONE, constant(0.01));
    case "softplus":
      return quotient(ONE, sum([ONE, call("exp", [minus(z)])]));
    default:
      return ONE;
  }
}

/** e_k = a_k - d_k. */
export function outputError(q, k, i, isNew) {
  return difference(q.a(q.layers.length, k, i, isNew), q.target(k, i));
}

/** s, section 2. */
export function scale(q) {
  const top = { half_mse: ONE, mse: TWO }[q.record.cost];
  return top === undefined ? q.setting("s", q.s) : quotient(top, q.setting("K", q.layers.at(-1)));
}

/** C of a sample, section 2. */
export function sampleCost(q, i, isNew) {
  const [K, last] = [q.setting("K", q.layers.at(-1)), q.layers.length];
  if (q.record.cost === "cross_entropy") {
    const softmax = q.record.before.activations.at(-1) === "softmax";
    const ofOutput = softmax ? softmaxCost : binaryCost;
    return total(q.layers.at(-1), (k) => ofOutput(q, k, i, isNew));
  }
  const squares = total(q.layers.at(-1), (k) => power(q.e(last, k, i, isNew), TWO));
  const below = { half_mse: product([TWO, K]), half_sse: TWO, mse: K };
  return quotient(squares, below[q.record.cost]);
}

/** d_k (log(sum exp(z)) - z_k). */
function softmaxCost(q, k, i, isNew) {
  const logSum = call("log", [sumOfExponentials(q, i, isNew)]);
  return product([q.target(k, i), difference(logSum, q.z(q.layers.length, k, i, isNew))]);
}

/** max(z, 0) - d z + log(1 + exp(-abs(z))). */
function binaryCost(q, k, i, isNew) {
  const [z, d] = [q.z(q.layers.length, k, i, isNew), q.target(k, i)];
  const rest = call("log", [sum([ONE, call("exp", [minus(call("abs", [z]))])])]);
  return sum([call("max", [z, ZERO]), product([d, z]), rest], [false, true, false]);
}

/** lambda / 2 * sum of W^2. */
export function penalty(q, isNew) {
  const counts = q.layers.slice(1).map((units, l) => units * q.layers[l]);
  const square = (which) => {
    let [layer, left] = [2, which];
    while (left >= counts[layer - 2]) {
      left -= counts[layer - 2];
      layer += 1;
    }
    const inputs = q.layers[layer - 2];
    return power(q.parameter(layer, Math.floor(left / inputs), left % inputs, isNew), TWO);
  };
  const count = counts.reduce((all, one) => all + one, 0);
  return product([quotient(q.setting("lambda", q.decay), TWO), total(count, square)]);
}

/** C = mean of the samples' costs + penalty. */
export function meanCost(q, isNew) {
  const costs = q.sampleCosts(isNew);
  let mean = costs[0];
  if (q.rows > 1)
    mean = quotient(
      total(q.rows, (i) => costs[i]),
      q.setting("n", q.rows),
    );
  return q.decay > 0 ? sum([mean, q.penalty(isNew)]) : mean;
}

/** s e f'(z), section 3. */
export function delta(q, layer, k, i) {
  const factors = [q.setting("s", q.s), q.e(layer, k, i)];
  return product(q.hasSlope(layer) ? [...factors, q.slope(layer, k, i)] : factors);
}

/** dC/dW_kj = mean over the samples of delta_k a_j; if j is null, dC/db_k: of delta_k. */
export function gradient(q, layer, k, j) {
  const products = total(q.rows, (i) => {
    const moved = q.delta(layer, k, i);
    return j === null ? moved : product([moved, q.a(layer - 1, j, i)]);
  });
  return q.rows > 1 ? quotient(products, q.setting("n", q.rows)) : products;
}

/** sum_j W_kj, or sum_j abs(W_kj). */
export function denominator(q, layer, k) {
  if (q.record.rule === "proportional_abs") return sumOfSizes(q, layer, k);
  return total(q.layers[layer - 2], (j) => q.sentWeight(layer, k, j));
}

function sizeOf(q, layer, k, j) {
  return call("abs", [q.sentWeight(layer, k, j)]);
}

function sumOfSizes(q, layer, k) {
  return total(q.layers[layer - 2], (j) => sizeOf(q, layer, k, j));
}

/** abs(W_kj) / sum_j abs(W_kj). */
export function blame(q, layer, k, j) {
  return quotient(sizeOf(q, layer, k, j), sumOfSizes(q, layer, k));
}

/** share_kj: what goes back along the weight from neuron j to neuron k; section 3. */
export function share(q, layer, k, j, i) {
  const [weight, e] = [q.sentWeight(layer, k, j), q.e(layer, k, i)];
  switch (q.record.rule) {
    case "transpose":
      return product([weight, e]);
    case "gradient":
      return product(q.hasSlope(layer) ? [weight, e, q.slope(layer, k, i)] : [weight, e]);
    default:
      return product([quotient(weight, q.denominator(layer, k)), e]);
  }
}

/** sum_j share_kj. */
export function sumOfShares(q, layer, k, i) {
  const shares = q.shares(layer, k, i);
  return total(shares.length, (j) => shares[j]);
}

/** e_j = sum_k share_kj. */
export function error(q, layer, j, i) {
  return total(q.layers[layer], (k) => q.share(layer + 1, k, j, i));
}

/**
 * How a weight, or, if j is null, a bias, moves; section 4.
 *
 * @returns {{steps: Object[][], step: Object, size: number}} What the optimiser computes on the way,
 *   pairs of a quantity and its formula; what is subtracted in the end; and the size of that.
 */
export function move(q, layer, k, j) {
  const of = q.parameter(layer, k, j);
  let G = q.gradient(layer, k, j);
  const decayed = [];
  if (q.decay > 0 && j !== null) {
    const formula = sum([G, product([q.setting("lambda", q.decay), of])]);
    const size = Math.max(G.size, q.decay * of.size);
    G = { ...G, letter: "G", value: G.value + q.decay * of.value, size };
    decayed.push([G, formula]);
  }
  const { steps, step, size } = MOVES[q.record.optimizer.settings.name](q, of, G);
  return { steps: [...decayed, ...steps], step, size };
}

/** keep * before + (1 - keep) * added. */
function runningMean(keep, before, added) {
  return sum([product([keep, before]), product([difference(ONE, keep), added])]);
}

/**
 * The running mean of squares before and after the step. The size of G^2 is abs(G) times that of G: a
 * rounding of G moves it by twice as much.
 */
function meanSquares(q, of, G, keep) {
  let before = q.remembered("v", "square", of, false, 0);
  before = { ...before, size: Math.max(before.value, Math.sqrt(before.value) * G.size) };
  const size = Math.max(keep * before.size, (1 - keep) * Math.abs(G.value) * G.size);
  return [before, q.remembered("v", "square", of, true, size)];
}

function sgd(q, of, G) {
  const { learningRate, momentum, nesterov } = q.record.optimizer.settings;
  const [eta, mu] = [q.setting("eta", learningRate), q.setting("mu", momentum)];
  if (momentum === 0) {
    return { steps: [], step: product([eta, G]), size: eta.value * G.size };
  }
  const before = q.remembered("v", "velocity", of, false, G.size);
  const v = q.remembered("v", "velocity", of, true, Math.max(mu.value * before.size, G.size));
  const steps = [[v, sum([product([mu, before]), G])]];
  if (nesterov) {
    const ahead = sum([G, product([mu, v])]);
    const size = eta.value * Math.max(G.size, mu.value * v.size);
    return { steps, step: product([eta, ahead]), size };
  }
  return { steps, step: product([eta, v]), size: eta.value * v.size };
}

function rmsprop(q, of, G) {
  const { settings } = q.record.optimizer;
  const [eta, mu] = [q.setting("eta", settings.learningRate), q.setting("mu", settings.momentum)];
  const [alpha, eps] = [q.setting("alpha", settings.alpha), q.setting("eps", settings.eps)];
  const [before, v] = meanSquares(q, of, G, alpha.value);
  const steps = [[v, runningMean(alpha, before, power(G, TWO))]];
  let step = quotient(G, sum([call("sqrt", [v]), eps]));
  let size = over(G.size, Math.sqrt(v.value) + eps.value);
  if (mu.value > 0) {
    const former = q.remembered("u", "velocity", of, false, size);
    const u = q.remembered("u", "velocity", of, true, Math.max(mu.value * former.size, size));
    steps.push([u, sum([product([mu, former]), step])]);
    [step, size] = [u, u.size];
  }
  return { steps, step: product([eta, step]), size: eta.value * size };
}

function adam(q, of, G) {
  const { learningRate, betas, eps: small } = q.record.optimizer.settings;
  const [eta, eps] = [q.setting("eta", learningRate), q.setting("eps", small)];
  const [b1, b2] = betas;
  const [beta1, beta2] = [q.setting("beta1", b1), q.setting("beta2", b2)];
  const t = q.setting("t", q.record.optimizer.updates + 1);
  const before = q.remembered("m", "mean", of, false, G.size);
  const m = q.remembered("m", "mean", of, true, Math.max(b1 * before.size, (1 - b1) * G.size));
  const [former, v] = meanSquares(q, of, G, b2);
  const steps = [
    [m, runningMean(beta1, before, G)],
    [v, runningMean(beta2, former, power(G, TWO))],
  ];
  const root = quotient(call("sqrt", [v]), call("sqrt", [difference(ONE, power(beta2, t))]));
  const rate = quotient(eta, difference(ONE, power(beta1, t)));
  const bottom = Math.sqrt(v.value) / Math.sqrt(1 - b2 ** t.value) + eps.value;
  const size = (eta.value / (1 - b1 ** t.value)) * over(m.size, bottom);
  return { steps, step: product([rate, quotient(m, sum([root, eps]))]), size };
}

function rprop(q, of, G) {
  const { etas, stepSizes } = q.record.optimizer.settings;
  const [shrink, grow] = etas;
  const [smallest, largest] = stepSizes.map(constant);
  const agreement = G.value * q.remembered("p", "previous", of, false, 0).value;
  let factor = 1;
  if (agreement > 0) factor = grow;
  if (agreement < 0) factor = shrink;
  const scaled = product([q.remembered("step", "step", of, false, 0), constant(factor)]);
  const bounded = call("min", [call("max", [scaled, smallest]), largest]);
  const step = q.remembered("step", "step", of, true, 0);
  const p = q.remembered("p", "previous", of, true, G.size);
  const steps = [
    [step, bounded],
    [p, agreement < 0 ? ZERO : G],
  ];
  return { steps, step: product([call("sign", [p]), step]), size: step.size };
}

function over(top, bottom) {
  return bottom > 0 ? top / bottom : 0;
}

const MOVES = Object.freeze({ sgd, momentum: sgd, nesterov: sgd, rmsprop, adam, rprop });
