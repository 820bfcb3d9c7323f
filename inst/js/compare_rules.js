// The backpropagation rules compared. Twins: python/twinprop/compare_rules.py, r/compare_rules.R.
//
// Section 13 of docs/contract.md. From one start each rule trains a copy of the network; on the way its
// gradient is held against the exact one.

import {
  backwardBuffers,
  backwardPass,
  forwardBuffers,
  forwardPass,
  learning,
  offsets,
  RULES,
  views,
} from "./backprop.js";
import {
  asRows,
  checkChoice,
  checkFunction,
  checkInteger,
  checkKeys,
  checkMatrix,
  checkObject,
  checkSameRows,
  describe,
  DIRECT,
  isList,
} from "./checks.js";
import { checkCostFits, checkTargets } from "./costs.js";
import { DenominatorError, DivergenceError, InputError, TrainingError } from "./errors.js";
import { outputRounding } from "./gradcheck.js";
import { Network } from "./network.js";
import { asOptimizer, Optimizer } from "./optimizers.js";
import { checkBatchSize, checkTraining, diverged, exactCost, train } from "./training.js";

/** About how many points are measured if `every` does not say. */
const POINTS = 50;

/** Each rule is measured along its own training. */
const OWN = "own";

/** The first layer that the rules reach by different ways, where there is a hidden layer at all. */
const FIRST = 2;

/** How many roundings, of 2^-52 of the cost, a difference of two costs may hold; as in gradcheck. */
const ROUNDINGS = 20;

/** Digits that no two languages differ in; rounding to them first makes halves round alike. */
const COMMON_DIGITS = 9;

/**
 * What is left of the starting cost counts down to this share of it: errors a millionth of the first
 * ones, still well above rounding.
 */
const SMALLEST_COST = 1e-12;

const OPTIONS = [
  "rules",
  "cost",
  "updateOrder",
  "optimizer",
  "batchSize",
  "epochs",
  "shuffle",
  "seed",
  "along",
  "every",
  "onEpoch",
];

/**
 * Train by each backpropagation rule from the same start, and hold it against the gradient.
 *
 * Each rule trains a copy of the network, with an optimiser of the given settings that remembers
 * nothing; the network and the optimiser given are left as they are. Before the first epoch, after
 * every `every`-th one and after the last one reached, over all samples and with the penalty of weight
 * decay, three things are measured: how the rule's gradient of each layer lies to the exact one,
 * whether a step against the rule's whole gradient, as long as the learning rate makes it, lowers the
 * cost, and how small the rule's denominators are.
 *
 * A rule that meets a vanishing denominator or diverges stops, and the result says where and why.
 *
 * @param {Network} network The network, with the weights to start from.
 * @param {number[][]} x The inputs, n rows of n_1 values.
 * @param {number[][]} d The desired outputs, n rows of n_L values; for one output a vector of n
 *   values will do.
 * @param {Object} options
 * @param {?string|string[]} options.rules Which rules to compare, in this order: "gradient",
 *   "transpose", "proportional", "proportional_abs"; default all four.
 * @param {string} options.cost "half_mse" (default), "half_sse", "mse" or "cross_entropy".
 * @param {string} options.updateOrder "simultaneous" (default) or "output_first", for the trainings;
 *   what is measured is always simultaneous.
 * @param {Optimizer|string|null} options.optimizer How the weights move; of an Optimizer the settings
 *   are taken. Default "sgd".
 * @param {?number} options.batchSize How many rows make an update; null: all. Default 1.
 * @param {number} options.epochs How often all rows are gone through; default 100.
 * @param {boolean} options.shuffle Whether each epoch has its own order of rows, the same for every
 *   rule; default false.
 * @param {number} options.seed The seed of these orders; default 42.
 * @param {string} options.along "own" (default): each rule is measured at the weights of its own
 *   training; or the name of a rule, at the weights of whose training all are measured. The costs are
 *   always those of each rule's own training.
 * @param {?number} options.every How many epochs from one point to the next; default a fiftieth of the
 *   epochs, rounded up.
 * @param {?function(string, number, number)} options.onEpoch Called after each epoch with the rule that
 *   trains, the epoch's number, from 1, and its cost.
 * @returns {{table: Object[], steps: Object[], costs: Object[], summary: Object[], text: string}}
 *   `table`: an object for each point and layer with rule, epoch, layer, cosine, lengthRatio (the
 *   rule's length by the exact one); null where either gradient is zero or the rule has none. `steps`:
 *   an object for each point with rule, epoch, lowersCost, change (the cost after the step minus the
 *   cost before it), smallestDenominator (the smallest abs(D_k) / sum_j abs(W_kj) of the layers 3..L,
 *   from 0 to 1; null for the rules that do not divide). `costs`: an object for each point of each
 *   rule's own training with rule, epoch (0 is the start), cost. `summary`: an object for each rule with
 *   rule, initialCost, finalCost, epochs (reached), meanCosine, smallestCosine and lengthRatio (the
 *   median) of layer 2, lowersCost (the share of the points where the step lowers the cost),
 *   smallestDenominator, stopped (why, or null). `text`: the summary in words.
 * @throws {InputError} If an argument is not as described.
 * @throws {DivergenceError} If the cost is NaN or Inf before training.
 *
 * Source: Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning representations by
 * back-propagating errors. Nature 323. docs/rules.md holds the rules against each other at length.
 *
 * @example
 * const x = [[0, 0], [0, 1], [1, 0], [1, 1]];
 * const network = new Network([2, 3, 1], { init: "uniform" });
 * const found = compareRules(network, x, [[0], [1], [1], [0]], { epochs: 50 });
 * found.summary.map(({ rule, meanCosine }) => [rule, meanCosine]);
 */
export function compareRules(network, x, d, options = {}) {
  if (!(network instanceof Network)) {
    throw new InputError(`network must be a Network, got ${describe(network)}`);
  }
  checkKeys(checkObject(options, "options"), "options", OPTIONS);
  const rules = checkRules(options.rules ?? null);
  const given = { ...options, epochs: options.epochs === undefined ? 100 : options.epochs };
  const settings = checkTraining(given, DIRECT, asOptimizer, network.layers.length - 2);
  const { layers, activations } = network;
  checkCostFits(settings.cost, activations.at(-1));
  const along = checkChoice(options.along ?? OWN, "along", [OWN, ...Object.keys(RULES)]);
  const every = checkEvery(options.every ?? null, settings.epochs);
  const onEpoch = checkFunction(options.onEpoch ?? null, "onEpoch");
  const inputs = checkMatrix(x, "x", layers[0]);
  const desired = checkMatrix(asRows(d, layers.at(-1)), "d", layers.at(-1));
  checkSameRows(d.length, "d", x.length, "x");
  checkTargets(desired, "d", layers.at(-1), settings.cost, activations.at(-1));
  checkBatchSize(settings.batchSize, "batchSize", x.length);

  const samples = { x: inputs, d: desired, rows: x.length };
  if (!Number.isFinite(ruleMeasures(network, samples, settings).cost())) {
    throw new DivergenceError(
      "the cost is NaN or Inf before training: standardise the inputs or use smaller starting weights",
      network,
    );
  }
  const traces = traceRules(rules, along, (rule, measured) =>
    trainAndMeasure(network, samples, { ...settings, rule }, measured, every, onEpoch),
  );
  return summarise(traces, title(network, settings, along));
}

/** The names of the rules to compare; null is all of them. */
function checkRules(value) {
  if (value === null) return Object.keys(RULES);
  const entries = typeof value === "string" ? [value] : value;
  if (!isList(entries) || entries.length === 0) {
    throw new InputError(`rules must be a name or a list of names, got ${describe(value)}`);
  }
  const names = Array.from(entries, (entry, i) =>
    checkChoice(entry, `rules entry ${i + 1}`, Object.keys(RULES)),
  );
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new InputError(`rules must name each rule once, got ${describe(twice)} twice`);
  }
  return names;
}

/** How many epochs lie between two points. */
function checkEvery(value, epochs) {
  if (value === null) return Math.max(1, Math.ceil(epochs / POINTS));
  if (!Number.isInteger(value) || value < 1) {
    throw new InputError(`every must be null or an integer >= 1, got ${describe(value)}`);
  }
  return checkInteger(value, "every", 1);
}

/**
 * What is known of each rule: `rule`, `points`, `costs`, `epochs` (reached) and `stopped` (a message or
 * null). `trainBy(rule, measured)` trains and measures.
 */
function traceRules(rules, along, trainBy) {
  const traces = new Map(rules.map((rule) => [rule, { rule }]));
  for (const rule of along === OWN ? rules : new Set([along, ...rules])) {
    const measured = along === OWN ? [rule] : rule === along ? rules : [];
    const { points, ...training } = trainBy(rule, measured);
    for (const name of measured) {
      traces.get(name).points = points.map((point) => point[name]);
    }
    // the training of a rule that is not compared leaves no costs
    if (traces.has(rule)) Object.assign(traces.get(rule), training);
  }
  return [...traces.values()];
}

/**
 * The training by settings.rule, with the rules `measured` at its points: `points`, each an object by
 * rule; `costs`, `epochs` (reached) and `stopped`.
 */
function trainAndMeasure(network, samples, settings, measured, every, onEpoch) {
  const { x, d, rows } = samples;
  const { rule } = settings;
  const copy = new Network(network.layers, {
    activations: network.activations,
    weights: network.weights,
    biases: network.biases,
  });
  const { name, ...own } = settings.optimizer.settings;
  const optimizer = new Optimizer(name, own); // one that remembers nothing
  const measure = ruleMeasures(copy, samples, settings);
  const found = { points: [], costs: [], epochs: 0, stopped: null };
  // whether the cost is finite
  const point = (epoch) => {
    const cost = measure.cost();
    if (!Number.isFinite(cost)) return false;
    found.points.push(
      Object.fromEntries(measured.map((one) => [one, { epoch, ...measure.rule(one) }])),
    );
    found.costs.push({ epoch, cost });
    return true;
  };
  const afterEpoch = (epoch, cost) => {
    if (epoch % every === 0 && !point(epoch)) throw diverged(epoch, optimizer);
    found.epochs = epoch;
    if (onEpoch !== null) onEpoch(rule, epoch, cost);
  };
  point(0);
  try {
    train(copy, x, d, rows, { ...settings, optimizer }, afterEpoch);
  } catch (error) {
    if (!(error instanceof TrainingError)) throw error;
    found.stopped = error.message;
  }
  if (found.costs.at(-1).epoch < found.epochs) point(found.epochs);
  return found;
}

/**
 * Two functions: `cost()`, the exact cost with the penalty, at the weights that the network has then;
 * `rule(rule)`, what is measured of a rule there.
 */
function ruleMeasures(network, { x, d, rows }, { cost: costName, optimizer }) {
  const { layers, activations, parameters } = network;
  const { learningRate, weightDecay } = optimizer.settings;
  const weightCount = offsets(layers).weights.at(-1);
  const { weights, biases } = views(layers, parameters);
  const exactly = learning(layers, activations, costName, "gradient");
  const { measure: cost } = exactCost(network, x, d, rows, exactly, weightDecay);
  const forward = forwardBuffers(layers, rows, x);
  const backward = backwardBuffers(layers, rows);
  const moved = new Network(layers, { activations });
  const { measure: movedCost } = exactCost(moved, x, d, rows, exactly, weightDecay);

  /** The gradient by a rule, with the penalty's, flat. */
  const gradientBy = (rule) => {
    const gradient = new Float64Array(parameters.length);
    const how = learning(layers, activations, costName, rule);
    backwardPass(weights, d, how, rows, forward, backward, views(layers, gradient));
    for (let i = 0; i < weightCount; i++) gradient[i] += weightDecay * parameters[i];
    return gradient;
  };
  const byLayer = (gradient) => {
    const parts = views(layers, gradient);
    return parts.weights.map((values, i) => [...values, ...parts.biases[i]]);
  };
  const measureRule = (rule) => {
    forwardPass(weights, biases, exactly, rows, forward);
    const denominator = smallestDenominator(layers, weights, rule);
    let gradient;
    try {
      gradient = gradientBy(rule);
    } catch (error) {
      if (!(error instanceof DenominatorError)) throw error;
      const missing = weights.map(() => null);
      return {
        cosine: missing,
        lengthRatio: missing,
        lowersCost: null,
        change: null,
        smallestDenominator: denominator,
      };
    }
    const exact = byLayer(gradientBy("gradient"));
    const parts = byLayer(gradient).map((part, i) => alike(part, exact[i]));
    parameters.forEach((value, i) => {
      moved.parameters[i] = value - learningRate * gradient[i];
    });
    const [before, after] = [cost(), movedCost()];
    const change = Number.isFinite(after) ? after - before : Infinity;
    const outputs = outputRounding(forward, d, rows, costName) * exactly.scale;
    return {
      cosine: parts.map(({ cosine }) => cosine),
      lengthRatio: parts.map(({ lengthRatio }) => lengthRatio),
      lowersCost: change < -ROUNDINGS * Number.EPSILON * (before + outputs),
      change,
      smallestDenominator: denominator,
    };
  };
  return { cost, rule: measureRule };
}

/**
 * The cosine between two gradients, and the first one's length by the second's; null where one of them
 * is zero or not finite.
 */
function alike(gradient, exact) {
  const [p, q] = [gradient, exact].map((values) =>
    // Math.max keeps NaN
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  );
  if (![p, q].every((size) => size > 0 && Number.isFinite(size))) {
    return { cosine: null, lengthRatio: null };
  }
  // by the largest first: squares of saturated layers would underflow
  let [pq, pp, qq] = [0, 0, 0];
  gradient.forEach((value, i) => {
    const [u, v] = [value / p, exact[i] / q];
    pq += u * v;
    pp += u * u;
    qq += v * v;
  });
  const cosine = pq / (Math.sqrt(pp) * Math.sqrt(qq));
  return {
    cosine: Math.min(1, Math.max(-1, cosine)),
    lengthRatio: (p / q) * (Math.sqrt(pp) / Math.sqrt(qq)),
  };
}

/** The smallest abs(D_k) / sum_j abs(W_kj) of the layers 3..L; null without any. */
function smallestDenominator(layers, weights, rule) {
  if (!["proportional", "proportional_abs"].includes(rule) || weights.length < FIRST) return null;
  let smallest = Infinity;
  for (let i = 1; i < weights.length; i++) {
    for (let k = 0; k < layers[i + 1]; k++) {
      let [sum, size] = [0, 0];
      for (const w of weights[i].subarray(k * layers[i], (k + 1) * layers[i])) {
        sum += w;
        size += Math.abs(w);
      }
      const denominator = rule === "proportional" ? Math.abs(sum) : size;
      smallest = Math.min(smallest, size === 0 ? 0 : denominator / size);
    }
  }
  return smallest;
}

function title({ layers, activations }, { cost, epochs, optimizer }, along) {
  const { name, learningRate, weightDecay } = optimizer.settings;
  return (
    `Rules compared on a ${layers.join("-")} network (${activations.join(", ")}), cost ${cost}, ` +
    `optimizer ${name}, learning rate ${describe(learningRate)}` +
    (weightDecay > 0 ? `, weight decay ${describe(weightDecay)}` : "") +
    `, ${epochs} epochs, ` +
    (along === OWN ? "each along its own training" : `along the training by ${along}`)
  );
}

/** What was found as tables and words. */
function summarise(traces, head) {
  const summary = traces.map(summariseRule);
  return {
    table: traces.flatMap(({ rule, points }) =>
      points.flatMap(({ epoch, cosine, lengthRatio }) =>
        cosine.map((value, i) => ({
          rule,
          epoch,
          layer: i + FIRST,
          cosine: value,
          lengthRatio: lengthRatio[i],
        })),
      ),
    ),
    steps: traces.flatMap(({ rule, points }) =>
      points.map(({ epoch, lowersCost, change, smallestDenominator: denominator }) => ({
        rule,
        epoch,
        lowersCost,
        change,
        smallestDenominator: denominator,
      })),
    ),
    costs: traces.flatMap(({ rule, costs }) => costs.map((cost) => ({ rule, ...cost }))),
    summary,
    text: [head, "", ...textLines(traces, summary)].join("\n"),
  };
}

/** A rule's row of the summary. */
function summariseRule({ rule, points, costs, epochs, stopped }) {
  const present = (pick) => points.map(pick).filter((value) => value !== null);
  const orNull = (values, of) => (values.length > 0 ? of(values) : null);
  const cosines = present(({ cosine }) => cosine[0]);
  return {
    rule,
    initialCost: costs[0].cost,
    finalCost: costs.at(-1).cost,
    epochs,
    meanCosine: orNull(cosines, mean),
    smallestCosine: orNull(cosines, (values) => Math.min(...values)),
    lengthRatio: orNull(
      present(({ lengthRatio }) => lengthRatio[0]),
      median,
    ),
    lowersCost: orNull(present(({ lowersCost }) => lowersCost).map(Number), mean),
    smallestDenominator: orNull(
      present((point) => point.smallestDenominator),
      (values) => Math.min(...values),
    ),
    stopped,
  };
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values) {
  const sorted = [...values].sort((p, q) => p - q);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The summary as a table, and why a rule stopped. */
function textLines(traces, summary) {
  const widths = [13, 13, 8, 13, 10, 14, 13, 13];
  const line = (first, cells) =>
    first.padEnd(16) + cells.map((cell, i) => cell.padStart(widths[i])).join("");
  const head = [
    ...["cost before", "cost after", "epochs", "mean cosine", "smallest"],
    ...["length ratio", "lowers cost", "denominator"],
  ];
  const rows = summary.map((row, i) => {
    const judged = traces[i].points.map((p) => p.lowersCost).filter((lowers) => lowers !== null);
    return line(row.rule, [
      shownCost(row.initialCost, row.initialCost),
      shownCost(row.finalCost, row.initialCost),
      String(row.epochs),
      shownFixed(row.meanCosine, 3),
      shownFixed(row.smallestCosine, 3),
      shownExponential(row.lengthRatio),
      `${judged.filter(Boolean).length} of ${judged.length}`,
      shownFixed(row.smallestDenominator, 6),
    ]);
  });
  const stopped = summary
    .filter((row) => row.stopped !== null)
    .map((row) => `${row.rule} stopped after epoch ${row.epochs}: ${row.stopped}`);
  return [
    line("rule", head),
    ...rows,
    "",
    "Cosine (mean, smallest) and length ratio (median) are of the gradient into layer 2, against the " +
      "exact one.",
    "Lowers cost: at how many of the points a step by the rule's gradient does.",
    ...(stopped.length > 0 ? ["", ...stopped] : []),
  ];
}

/** toFixed or toExponential, but halves to the even digit as C's printf does (these round them up). */
function rounded(value, method, digits) {
  const up = value[method](digits);
  // 100 digits hold every double that is a half at a digit shown
  const [mantissa, ...exponent] = value[method](100).split("e");
  const end = mantissa.indexOf(".") + 1 + digits;
  if (!/^50*$/.test(mantissa.slice(end)) || Number(mantissa[end - 1]) % 2 === 1) return up;
  return [mantissa.slice(0, end), ...exponent].join("e");
}

/** A number of the size of 1, without the digits that are rounding. */
function shownFixed(value, digits) {
  if (value === null) return "-";
  const shown = rounded(Number(rounded(value, "toFixed", COMMON_DIGITS)), "toFixed", digits);
  return Number(shown) === 0 ? shown.replace("-", "") : shown;
}

/** A number of any size, without the digits that are rounding. */
function shownExponential(value) {
  if (value === null) return "-";
  if (!Number.isFinite(value)) return describe(value);
  const common = Number(rounded(value, "toExponential", COMMON_DIGITS));
  return rounded(common, "toExponential", 2).replace(/e([+-])(\d)$/, "e$10$2");
}

/** A cost; what is left of the first one below SMALLEST_COST is rounding. */
function shownCost(value, start) {
  return shownExponential(value <= SMALLEST_COST * start ? 0 : value);
}
