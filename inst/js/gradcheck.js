// Backpropagation checked against differences. Twins: python/twinprop/gradcheck.py, r/gradcheck.R.
//
// Section 11 of docs/contract.md. The differences are of the exact mean cost and use no derivative at
// all, so they judge backpropagation from outside.

import { forwardBuffers, forwardPass, learning, offsets, RULES, views } from "./backprop.js";
import {
  asRows,
  checkChoice,
  checkKeys,
  checkMatrix,
  checkNumber,
  checkObject,
  checkSameRows,
  describe,
} from "./checks.js";
import { checkCostFits, checkTargets, COSTS, penalty } from "./costs.js";
import { DivergenceError, InputError } from "./errors.js";
import { Network } from "./network.js";

/**
 * The largest move of a net input z, relative to max(1, abs(z)). A central difference errs by step^2
 * (cut off) and by rounding / step; the two are alike at the cube root of float64's 2^-52. A power of
 * two, so that w + h and w - h seldom round.
 */
const STEP = 2 ** -17;

/** A step is never smaller beside abs(w): half of the 52 bits of w are left to it. */
const SMALLEST_STEP = 2 ** -26;

/**
 * The largest relative error that passes. Cutting off errs by about STEP^2 / 6 = 1e-11 and what
 * curvature makes of it; a forgotten factor, sign or sample errs by 1e-3 and more.
 */
const TOLERANCE = 1e-6;

/**
 * Errors are judged beside at least this share of the layer's largest derivative: what samples that
 * cancel leave over is no more precise than they are.
 */
const SMALL = 1e-3;

/** How many roundings, of 2^-52 of the cost, a difference of two costs may hold. */
const ROUNDINGS = 20;

/**
 * What cutting off may leave, in moves of the net inputs (STEP) times the difference of slopes between
 * the two ends: the third derivative of these costs is at most 6 times the second, over 6. It counts
 * where the gradient vanishes, as in a perfect fit.
 */
const CUTTING = 10;

/** How many of the worst are shown. */
const WORST = 5;

/** Room for rounding before a choice between two powers: 2 and 1.999999999 must choose alike. */
const ROOM = 1e-6;

/**
 * Check every weight and bias of backpropagation against central differences of the mean cost.
 *
 * The network is left as it is. Each weight has a step of its own: as large as moves no net input by
 * more than 2^-17 of its size (or of 1). The relative error is the absolute one divided by the larger
 * of the two derivatives, but at least by a thousandth of the layer's largest derivative, and at least
 * by 1e6 times what the difference may err; it passes up to 1e-6. A weight is at a kink if a net input
 * of relu or leaky_relu is on different sides of 0 at the two ends of the difference: there the
 * difference is no derivative, and the weight is left out of the verdict.
 *
 * It takes two or four forward passes for every weight: for small networks and few samples.
 *
 * @param {Network} network The network.
 * @param {number[][]} x The inputs, n rows of n_1 values.
 * @param {number[][]} d The desired outputs, n rows of n_L values.
 * @param {Object} options
 * @param {string} options.cost "half_mse" (default), "half_sse", "mse" or "cross_entropy".
 * @param {string} options.rule "gradient" (default), "transpose", "proportional" or
 *   "proportional_abs".
 * @param {number} options.weightDecay lambda of the penalty lambda / 2 * sum of W^2; default 0.
 * @returns {{table: Object[], passes: boolean, verdict: string, worst: Object[],
 *   largestRelative: number, cosine: number, lengthRatio: number, warning: ?string}}
 *   `table`: an object for each weight and bias with layer (into which it leads), from (null for a
 *   bias), to, parameter ("weight" or "bias"), backprop, difference, absolute, relative, kink, passes
 *   (null at a kink). `passes`: whether every weight and bias that is not at a kink passes, and there
 *   is one. `verdict`: the result in a line. `worst`: the worst five of the table, those that fail
 *   first. `largestRelative`: the largest relative error of those that are not at a kink. `cosine`
 *   between the whole gradient of backpropagation and that of the differences and `lengthRatio`, the
 *   length of the one divided by the length of the other, kinks left out. `warning`: if a rule other
 *   than "gradient" fails, that it is not expected to pass, and by how much it fails; else null.
 * @throws {InputError} If an argument is not as described.
 * @throws {DenominatorError} If a rule has to divide by a sum of weights of 0 or nearly 0.
 * @throws {DivergenceError} If the cost is NaN or Inf at the network's weights.
 *
 * Source: Nocedal, J. and Wright, S. J. (2006). Numerical optimization, section 8.1. Springer.
 *
 * @example
 * const network = new Network([2, 3, 1], { activations: "tanh" });
 * const check = checkGradient(network, [[0, 1], [1, 1]], [[1], [0]]);
 * check.passes; // true
 * Object.keys(check.table[0]).slice(0, 4); // ["layer", "from", "to", "parameter"]
 */
export function checkGradient(network, x, d, options = {}) {
  if (!(network instanceof Network)) {
    throw new InputError(`network must be a Network, got ${describe(network)}`);
  }
  checkKeys(checkObject(options, "options"), "options", ["cost", "rule", "weightDecay"]);
  const { layers, activations } = network;
  const cost = checkChoice(options.cost ?? "half_mse", "cost", Object.keys(COSTS));
  checkCostFits(cost, activations.at(-1));
  const rule = checkChoice(options.rule ?? "gradient", "rule", Object.keys(RULES));
  const weightDecay = checkNumber(options.weightDecay ?? 0, "weightDecay");
  const inputs = checkMatrix(x, "x", layers[0]);
  const desired = checkMatrix(asRows(d, layers.at(-1)), "d", layers.at(-1));
  checkSameRows(d.length, "d", x.length, "x");
  checkTargets(desired, "d", layers.at(-1), cost, activations.at(-1));

  const differences = centralDifferences(network, inputs, desired, x.length, cost, weightDecay);
  const { gradWeights, gradBiases } = network.backward(network.forward(x), d, { cost, rule });
  const penalised = gradWeights.map((rows, i) =>
    rows.map((row, k) => row.map((g, j) => g + weightDecay * network.weights[i][k][j])),
  );
  const backprop = penalised.flatMap((rows, i) => [...rows.flat(), ...gradBiases[i]]);
  const places = parameterPlaces(layers);
  const floor = smallestSize(differences, places);
  const table = places.map((place, i) => ({
    ...place,
    ...compare(backprop[i], differences[i], floor[i]),
  }));
  return judge(table, rule);
}

/** The rows of the table: layer by layer the weights, row by row, then the biases. */
function parameterPlaces(layers) {
  const places = [];
  for (let layer = 2; layer <= layers.length; layer++) {
    const [inputs, units] = [layers[layer - 2], layers[layer - 1]];
    for (let to = 1; to <= units; to++) {
      for (let from = 1; from <= inputs; from++) {
        places.push({ layer, from, to, parameter: "weight" });
      }
    }
    for (let to = 1; to <= units; to++) places.push({ layer, from: null, to, parameter: "bias" });
  }
  return places;
}

/**
 * The central differences of the exact mean cost by every weight and bias, in the order of the table.
 * Of each: `value`; `kink`, whether a net input of relu or leaky_relu is on different sides of 0 at the
 * two ends; `error`, how much of the value may be rounding and what is cut off.
 */
function centralDifferences(network, x, d, rows, cost, weightDecay) {
  const { layers } = network;
  // On copies: nothing that goes wrong here can leave a weight of the network moved.
  const parameters = network.parameters.slice();
  const { weights, biases } = views(layers, parameters);
  const allWeights = parameters.subarray(0, offsets(layers).weights.at(-1));
  const how = learning(layers, network.activations, cost, "gradient");

  // From layer i + 1, with the activations out.a[0], to the outputs: the mean cost.
  const measure = (i, out) => {
    const rest = { ...how, layers: layers.slice(i), activations: how.activations.slice(i) };
    forwardPass(weights.slice(i), biases.slice(i), rest, rows, out);
    const sum = how.cost(out.z.at(-1), out.a.at(-1), d, rows, layers.at(-1));
    return sum / rows + penalty(allWeights, weightDecay);
  };
  const start = forwardBuffers(layers, rows, x);
  const middle = measure(0, start);
  if (!Number.isFinite(middle)) {
    throw new DivergenceError(
      "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights",
      network,
    );
  }
  const outputs = outputRounding(start, d, rows, cost) * how.scale;

  const difference = (i, values, k, low, high) => {
    const value = values[k];
    const costs = (h) => {
      values[k] = value - h;
      const below = measure(i, low);
      values[k] = value + h;
      const above = measure(i, high);
      values[k] = value;
      return [below, above];
    };
    let h = firstStep(value);
    let [below, above] = costs(h);
    const smaller = fittingStep(h, value, low.z, high.z, start.z.slice(i));
    if (smaller < h) {
      h = smaller;
      [below, above] = costs(h);
    }
    const kinked = how.activations.slice(i).map(({ smooth }) => !smooth);
    const rounding = ROUNDINGS * Number.EPSILON * (Math.max(below, above) + outputs);
    const cutOff = CUTTING * STEP * Math.abs(below - 2 * middle + above);
    return {
      // the width as it was rounded
      value: (above - below) / (value + h - (value - h)),
      kink: crossesZero(low.z, high.z, kinked),
      error: (rounding + cutOff) / h,
    };
  };
  return weights.flatMap((matrix, i) => {
    const [low, high] = [0, 1].map(() => forwardBuffers(layers.slice(i), rows, start.a[i]));
    const all = (values) => Array.from(values, (_, k) => difference(i, values, k, low, high));
    return [...all(matrix), ...all(biases[i])];
  });
}

/**
 * How far a relative change of the outputs moves the mean cost, before its scale s. A squared cost
 * forgets the size of a in e = a - d; a cross entropy that of z in its sum.
 */
export function outputRounding(forward, d, rows, cost) {
  const [z, a] = [forward.z.at(-1), forward.a.at(-1)];
  let sum = 0;
  for (let i = 0; i < d.length; i++) {
    sum +=
      cost === "cross_entropy"
        ? Math.abs(z[i])
        : Math.abs(a[i] - d[i]) * Math.max(Math.abs(z[i]), Math.abs(a[i]));
  }
  return sum / rows;
}

/** The power of two at or below abs(value), 0 for 0. */
function powerBelow(value) {
  return value === 0 ? 0 : 2 ** Math.floor(Math.log2(Math.abs(value)));
}

/** The step to try: relative to the parameter, or to 1 if that is larger. */
function firstStep(value) {
  return STEP * Math.max(1, powerBelow(value));
}

/** h made small enough that no net input moves by more than STEP of its size. */
function fittingStep(h, value, low, high, start) {
  let largest = 0;
  start.forEach((z, l) =>
    z.forEach((size, i) => {
      const move = Math.abs(high[l][i] - low[l][i]) / (2 * Math.max(1, Math.abs(size)));
      largest = Math.max(largest, move);
    }),
  );
  const ratio = largest / STEP;
  if (!Number.isFinite(ratio) || ratio <= 1 + ROOM) return h;
  return Math.max(h * 2 ** -Math.ceil(Math.log2(ratio) - ROOM), SMALLEST_STEP * powerBelow(value));
}

/** Whether a net input of a layer with a kink is on different sides of 0. */
function crossesZero(low, high, kinked) {
  return kinked.some((kink, l) => kink && low[l].some((z, i) => z > 0 !== high[l][i] > 0));
}

/** The size that each error is judged beside at least. */
function smallestSize(differences, places) {
  const largest = new Map();
  differences.forEach(({ value, kink }, i) => {
    const { layer } = places[i];
    const size = kink || !Number.isFinite(value) ? 0 : Math.abs(value);
    largest.set(layer, Math.max(largest.get(layer) ?? 0, size));
  });
  return differences.map(({ error }, i) =>
    Math.max(error / TOLERANCE, SMALL * largest.get(places[i].layer)),
  );
}

/** The numbers of a row of the table. */
function compare(backprop, { value, kink }, floor) {
  const absolute = Math.abs(backprop - value);
  let relative = 0;
  if (absolute > 0) {
    relative = absolute / Math.max(Math.abs(backprop), Math.abs(value), floor);
  }
  // what is no number does not pass
  if (!Number.isFinite(absolute)) relative = Infinity;
  const passes = kink ? null : relative <= TOLERANCE;
  return { backprop, difference: value, absolute, relative, kink, passes };
}

/**
 * The rows that fail first, by relative error as shown; then those that pass, then kinks. What passes
 * differs by rounding only, which differs from language to language: in the table's order.
 */
function worstFirst(table) {
  const rank = ({ kink, passes }) => (kink ? 2 : Number(passes));
  const size = (row) => (rank(row) === 0 ? Number(row.relative.toExponential(2)) : 0);
  // Infinity - Infinity is no number
  return [...table].sort(
    (p, q) => rank(p) - rank(q) || (size(p) === size(q) ? 0 : size(q) - size(p)),
  );
}

/** What the table means. */
function judge(table, rule) {
  const judged = table.filter(({ kink }) => !kink);
  const failing = judged.filter(({ passes }) => !passes).length;
  const largestRelative = judged.reduce((most, { relative }) => Math.max(most, relative), 0);
  const { cosine, lengthRatio } = alike(judged);
  const ordered = worstFirst(table);
  const warning =
    rule !== "gradient" && failing > 0
      ? `rule "${rule}" is not the gradient, so it is not expected to pass: the largest relative ` +
        `error is ${exponential(largestRelative)}; of the whole gradient the cosine is ` +
        `${fixed(cosine)} and the length ratio ${exponential(lengthRatio)}`
      : null;
  return {
    table,
    passes: failing === 0 && judged.length > 0,
    verdict: makeVerdict(table.length, judged.length, failing, ordered[0]),
    worst: ordered.slice(0, WORST),
    largestRelative,
    cosine,
    lengthRatio,
    warning,
  };
}

/** The cosine between two gradients, and the first one's length by the second's. */
function alike(rows) {
  let [pq, pp, qq] = [0, 0, 0];
  for (const { backprop: p, difference: q } of rows) {
    pq += p * q;
    pp += p * p;
    qq += q * q;
  }
  const [p, q] = [Math.sqrt(pp), Math.sqrt(qq)];
  return { cosine: pq / (p * q), lengthRatio: p / q };
}

function makeVerdict(count, judged, failing, worst) {
  const leftOut = judged < count ? ` ${count - judged} at a kink left out.` : "";
  if (judged === 0) return `NOT CHECKED: all ${count} weights and biases are at a kink.`;
  if (failing > 0) {
    return (
      `FAILS: ${failing} of ${judged} weights and biases differ, the most the ` +
      `${placeName(worst)} (relative error ${exponential(worst.relative)}).${leftOut}`
    );
  }
  return (
    `PASSES: backpropagation and central differences agree in all ${judged} weights and biases ` +
    `(relative errors up to 1e-06).${leftOut}`
  );
}

function placeName({ layer, from, to, parameter }) {
  if (parameter === "bias") return `bias of neuron ${to} of layer ${layer}`;
  return `weight from neuron ${from} of layer ${layer - 1} to neuron ${to} of layer ${layer}`;
}

/** A number as %.2e prints it, with at least two digits in the exponent. */
function exponential(value) {
  if (!Number.isFinite(value)) return describe(value);
  return value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
}

function fixed(value) {
  return Number.isFinite(value) ? value.toFixed(3) : describe(value);
}
