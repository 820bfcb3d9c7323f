// Why a training did not learn. Twins: python/twinprop/diagnose.py, r/diagnose.R.
//
// Section 14 of docs/contract.md. Each finding has a function of its own, which looks at the facts
// and says nothing unless the evidence is there; the code that mends it comes from mends.js. Inside,
// arrays are flat, row by row.

import { ACTIVATIONS } from "./activations.js";
import {
  backwardBuffers,
  backwardPass,
  forwardBuffers,
  forwardPass,
  learning,
  offsets,
  views,
} from "./backprop.js";
import {
  asRows,
  checkChoice,
  checkKeys,
  checkMatrix,
  checkObject,
  checkSameRows,
  describe,
} from "./checks.js";
import { checkCostFits, checkTargets, COSTS, penalty } from "./costs.js";
import { DivergenceError, InputError } from "./errors.js";
import * as mends from "./mends.js";
import { Network } from "./network.js";

/**
 * A cost is clearly below that of the best constant prediction if it is below this share of it: what
 * there is to find in data is mostly more than 1 %, and noise about a plateau is less.
 */
const LEARNED = 0.99;

/** A training of fewer updates is given no warning: it is a look at the first steps, not a training. */
const FEWEST_UPDATES = 100;

/**
 * A column of x is scaled if its root mean square lies between these. The curvature of the cost grows
 * with the square of the inputs: beyond a factor of 10 from 1, a learning rate that suits one column
 * is 100 times too large or too small for another, and units of weights about 1 saturate.
 */
const SMALLEST_INPUT = 0.01;
const LARGEST_INPUT = 10;

/**
 * A unit is saturated on a sample if f' is below this share of its largest value: a weight then needs
 * 100 updates to move as far as it could in one.
 */
const TINY_SLOPE = 0.01;

/** On how many samples a saturated unit has to be so: a few that are not can still move it. */
const NEARLY_ALL = 0.95;

/** The largest f' of the bounded activations, at z = 0. */
const LARGEST_SLOPES = Object.freeze({ sigmoid: 0.25, tanh: 1 });

/**
 * The cost rises or swings if it does so by this share of what there is to learn: ten times what
 * counts as having learned, and above the noise of the epochs of a training that goes well.
 */
const ROUGH = 0.1;

/** A cost swings if it rises in at least this share of the epochs; one that falls in steps does not. */
const RISES = 0.25;

/**
 * The cost still falls if the last tenth of the epochs lowered it by this share of what there is to
 * learn: at that pace the next as many epochs bring another tenth of it.
 */
const FALLS = 0.01;

/** A lower cost is reachable if a few steps lower it by this share of what there is to learn. */
const REACHABLE = 0.01;

/**
 * How many steps are tried for it, each of which has to lower the cost: a learning rate that is too
 * large lowers it once by luck, not ten times.
 */
const STEPS = 10;

/** The longest steps that are tried: 10 to this power times the moves of an epoch. */
const LONGEST_STEP = 6;

/**
 * Classes are unbalanced if the largest has this many times the samples of the smallest: a network
 * that never answers with the small one is then right on 10 of 11.
 */
const UNBALANCED = 10;

/**
 * Weights are the same if they differ by at most this share of the layer's largest: equal units drift
 * apart by rounding, 1e-16 an update, and stay equal for all that matters.
 */
const SAME = 1e-6;

/** Room for rounding before a threshold that round numbers may meet exactly. */
const ROOM = 1e-9;

/**
 * A cost is shown in steps of 10 to minus this of what there is to learn: smaller ones may be
 * rounding, which no two languages share.
 */
const SHOWN_POWER = 6;

/** The values that outputs can take, for activations that cannot take all. */
const RANGES = Object.freeze({
  sigmoid: [0, 1],
  tanh: [-1, 1],
  relu: [0, Infinity],
  softplus: [0, Infinity],
});

/**
 * Say why a network did not learn, or what may keep it from learning.
 *
 * The cost is held against that of the best constant prediction: the mean of each column of d, which
 * for classes are their shares. Then the data, the weights and, of a run, its costs and its settings
 * are searched for what commonly keeps networks from learning; section 14 of docs/contract.md lists
 * the kinds, and the evidence that each needs. A finding is a fact and not always the cause.
 *
 * @param {Object|Network} model A run, as `Network.train` or `runPlan` returned it, or a network. Of a
 *   network alone only the weights and the data are judged.
 * @param {number[][]} x The inputs, n rows of n_1 values, those of the training.
 * @param {number[][]} d The desired outputs, n rows of n_L values; for one output a vector of n values
 *   will do.
 * @param {Object} options
 * @param {?string} options.cost For a network: "half_mse", "half_sse", "mse" or "cross_entropy". The
 *   default is "half_mse", for softmax outputs "cross_entropy"; of a run it is the run's own.
 * @returns {{findings: Object[], learned: boolean, verdict: string, cost: number,
 *   constantCost: number, text: string}} `findings`: objects with kind, message and mend (code that
 *   mends it), the likely most important first. `learned`: whether the cost is clearly (by 1 % of what
 *   there is to learn) below that of the best constant prediction. `verdict`: the same in a line.
 *   `cost` and `constantCost`: the cost of the network on x and d, without a penalty, and that of the
 *   best constant prediction. `text`: all of it, to be printed.
 * @throws {InputError} If an argument is not as described.
 * @throws {DivergenceError} If the cost is NaN or Inf at the network's weights.
 *
 * Source: LeCun, Y., Bottou, L., Orr, G. B. and Mueller, K.-R. (1998). Efficient BackProp. In Neural
 * networks: tricks of the trade. Springer.
 *
 * @example
 * // targets that sigmoid outputs cannot reach
 * const found = diagnose(new Network([1, 3, 1]), [[-1], [0], [1]], [[10], [20], [30]]);
 * found.learned; // false
 * found.findings[0].kind; // "targets_out_of_range"
 */
export function diagnose(model, x, d, options = {}) {
  checkKeys(checkObject(options, "options"), "options", ["cost"]);
  return judge(checkFacts(model, x, d, options.cost ?? null));
}

/**
 * The warning of a training that has ended without having learned, or null; one that has learned
 * costs no time. `x` and `d` are those that were given.
 */
export function notLearned(run, x, d) {
  const { network, settings } = run;
  if (run.updates < FEWEST_UPDATES || run.cost.length < settings.epochs) return null;
  // With weights of samples the best constant is another one.
  if (settings.sampleWeight !== null) return null;
  const weights = network.parameters.subarray(0, offsets(network.layers).weights.at(-1));
  const cost = run.final_cost - penalty(weights, settings.optimizer.weightDecay);
  const outputs = network.layers.at(-1);
  const desired = checkMatrix(asRows(d, outputs), "d", outputs);
  const levels = costLevels(cost, desired, d.length, settings.cost, network);
  if (levels.worth <= 0 || levels.learned) return null;
  const { verdict, findings } = diagnose(run, x, d);
  const lines = findings.map(({ kind, message }) => `${kind}: ${message}`);
  // before the findings: R cuts a long warning where it prints it
  const tells = "diagnose(run, x, d) shows the code that mends what was found:";
  return [verdict, tells, ...lines].join("\n");
}

/** Whether a value is a run: an object with costs, whatever it knows. */
function isRun(model) {
  return typeof model === "object" && model !== null && "final_cost" in model;
}

/**
 * All that the findings are made from: network; x and d, flat; rows; cost; run and settings, null of a
 * network alone, where batchSize is null if it was all rows; forward; levels; classes.
 */
function checkFacts(model, x, d, givenCost) {
  let [run, network, settings, cost] = [null, model, null, givenCost];
  if (isRun(model)) {
    if (!(model.network instanceof Network) || !model.settings) {
      throw new InputError(
        "model must be a run that knows its network and its settings; one that is read from a file " +
          "does not",
      );
    }
    [run, network, settings] = [model, model.network, { ...model.settings }];
    if (cost !== null && cost !== settings.cost) {
      throw new InputError(
        `cost must be null or the run's own, "${settings.cost}", got ${describe(cost)}`,
      );
    }
    cost = settings.cost;
  }
  if (!(network instanceof Network)) {
    throw new InputError(`model must be a run or a Network, got ${describe(network)}`);
  }
  const { layers, activations } = network;
  cost ??= activations.at(-1) === "softmax" ? "cross_entropy" : "half_mse";
  checkChoice(cost, "cost", Object.keys(COSTS));
  checkCostFits(cost, activations.at(-1));
  const inputs = checkMatrix(x, "x", layers[0]);
  const desired = checkMatrix(asRows(d, layers.at(-1)), "d", layers.at(-1));
  checkSameRows(d.length, "d", x.length, "x");
  checkTargets(desired, "d", layers.at(-1), cost, activations.at(-1));

  const rows = x.length;
  if (settings !== null && settings.batchSize === rows && rows > 1) settings.batchSize = null;
  const forward = forwardBuffers(layers, rows, inputs);
  const how = learning(layers, activations, cost, "gradient");
  const { weights, biases } = views(layers, network.parameters);
  forwardPass(weights, biases, how, rows, forward);
  const mean = how.cost(forward.z.at(-1), forward.a.at(-1), desired, rows, layers.at(-1)) / rows;
  if (!Number.isFinite(mean)) {
    throw new DivergenceError(
      "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights",
      network,
    );
  }
  return {
    network,
    x: inputs,
    d: desired,
    rows,
    cost,
    run,
    settings,
    forward,
    levels: costLevels(mean, desired, rows, cost, network),
    classes: findClasses(desired, rows, layers.at(-1)),
  };
}

/** A column of a flat array. */
function columnOf(values, rows, columns, j) {
  return Array.from({ length: rows }, (_, i) => values[i * columns + j]);
}

/** The columns of a flat array. */
function columnsOf(values, rows) {
  const columns = values.length / rows;
  return Array.from({ length: columns }, (_, j) => columnOf(values, rows, columns, j));
}

const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);
const meanOf = (values) => sumOf(values) / values.length;
// not Math.min(...values), which has no room for many
const least = (values) => values.reduce((low, value) => Math.min(low, value), Infinity);
const largest = (values) => values.reduce((high, value) => Math.max(high, value), -Infinity);
const isConstant = (values) => values.every((value) => value === values[0]);

/**
 * Costs to judge by, means over the samples, without a penalty: `cost`, the network's; `constant`,
 * that of the best constant prediction, the mean of the targets; `worth`, what there is to learn:
 * `constant` less the lowest cost that any outputs could have; `learned`.
 */
function costLevels(costValue, d, rows, cost, network) {
  const output = network.activations.at(-1);
  const units = network.layers.at(-1);
  const constant = constantCost(d, rows, units, cost, output);
  const lowest = cost === "cross_entropy" ? entropy(d, output) / rows : 0;
  // where d is constant, the constant is all there is to learn
  const worth = d.every((value, i) => value === d[i % units]) ? 0 : constant - lowest;
  const learned = worth > 0 && constant - costValue > (1 - LEARNED) * worth;
  return { cost: costValue, constant, worth, learned };
}

/**
 * The cost of predicting the mean of each column of d in every row: the best constant of the squared
 * costs and of the cross entropies alike.
 */
function constantCost(d, rows, units, cost, output) {
  const mean = new Float64Array(units);
  for (let i = 0; i < d.length; i++) mean[i % units] += d[i] / rows;
  if (cost === "cross_entropy") return entropy(mean, output);
  const outputs = d.map((_, i) => mean[i % units]);
  return COSTS[cost].value(outputs, outputs, d, rows, units) / rows;
}

/** The summed cross entropy of outputs that are as desired: 0 only where d is 0 and 1. */
function entropy(d, output) {
  const term = (p) => (p > 0 ? -p * Math.log(p) : 0);
  let sum = 0;
  for (const p of d) sum += output === "softmax" ? term(p) : term(p) + term(1 - p);
  return sum;
}

/** The classes that targets of 0 and 1 stand for, their names and counts; null for other targets. */
function findClasses(d, rows, units) {
  if (!d.every((value) => value === 0 || value === 1)) return null;
  const ones = columnsOf(d, rows).map(sumOf);
  let names = ones.map((_, k) => `column ${k + 1} of d`);
  let counts = ones;
  if (units === 1) {
    names = ["d = 0", "d = 1"];
    counts = [rows - ones[0], ones[0]];
  } else {
    for (let i = 0; i < d.length; i += units) {
      if (sumOf(d.subarray(i, i + units)) !== 1) return null;
    }
  }
  return counts.filter((count) => count > 0).length > 1 ? { names, counts } : null;
}

/** Round to significant digits as C's printf does: halves to the even digit. */
function rounded(value, digits) {
  // 100 digits hold all of a double that ends in a half there
  const [mantissa, exponent] = Math.abs(value).toExponential(99).split("e");
  const all = mantissa.replace(".", "");
  const half = all[digits] === "5" && /^0*$/.test(all.slice(digits + 1));
  if (half && Number(all[digits - 1]) % 2 === 0) {
    return Math.sign(value) * Number(`${all[0]}.${all.slice(1, digits)}e${exponent}`);
  }
  return Number(value.toPrecision(digits));
}

/**
 * Write a number as %.DIGITSg does. First to ten digits, so that 1.115 and what is 1.115 but for its
 * last bit round to the same. A zero has no sign.
 */
function shown(value, digits) {
  if (value === 0) return "0";
  const text = rounded(rounded(value, 10), digits).toExponential();
  const [mantissa, exponent] = text.split("e").map(Number);
  if (exponent < -4 || exponent >= digits) {
    const power = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  return describe(Number(text));
}

/** Write a cost, to three digits and without those that are rounding. */
function shownCost(value, { worth, constant }) {
  const size = worth > 0 ? worth : Math.max(Math.abs(constant), 1);
  const unit = 10 ** (Math.floor(Math.log10(size * (1 + ROOM))) - SHOWN_POWER);
  return shown(Math.round(value / unit) * unit + 0, 3);
}

// The findings. Each function takes the facts and returns a list, empty where there is nothing to say.

/** Of each hidden layer its number, the weights into its units, their biases, the weights out. */
function hiddenLayers({ layers, weights, biases }) {
  return layers.slice(1, -1).map((units, i) => ({
    layer: i + 2,
    into: weights[i],
    biases: biases[i],
    out: biases[i].map((_, k) => weights[i + 1].map((row) => row[k])),
  }));
}

const allZero = ({ into, out }) => [...into, ...out].every((row) => row.every((w) => w === 0));

function zeroWeights({ network, settings }) {
  return hiddenLayers(network)
    .filter((part) => allZero(part) && isConstant(part.biases))
    .map(({ layer, into, out }) => ({
      kind: "zero_weights",
      message:
        `all ${into.flat().length + out.flat().length} weights into and out of layer ${layer} are ` +
        "0, so its units are alike and pass nothing on.",
      mend: mends.newStart(network, settings),
    }));
}

function symmetricWeights({ network, settings }) {
  return hiddenLayers(network).flatMap((part) => {
    if (allZero(part)) return []; // zero_weights
    const into = part.into.map((row, k) => [...row, part.biases[k]]);
    const [likeInto, likeOut] = [alike(into), alike(part.out)];
    const units = into.map((_, k) => k);
    const same = units.filter((k) => units.some((i) => i !== k && likeInto(i, k) && likeOut(i, k)));
    if (same.length === 0) return [];
    return {
      kind: "symmetric_weights",
      message:
        `${same.length} of ${into.length} units of layer ${part.layer} have the same incoming and ` +
        "outgoing weights as another one, so they compute and learn the same.",
      mend: mends.newStart(network, settings),
    };
  });
}

/** A function that says whether two rows are the same, beside the largest of all. */
function alike(rows) {
  const room = SAME * largest(rows.flat().map(Math.abs));
  return (i, k) => rows[i].every((value, j) => Math.abs(value - rows[k][j]) <= room);
}

function targetsOutOfRange({ network, d, rows, settings }) {
  const output = network.activations.at(-1);
  if (!Object.hasOwn(RANGES, output)) return [];
  const [low, high] = RANGES[output];
  const isOutside = (value) => value < low || value > high;
  const outside = d.filter(isOutside).length;
  if (outside === 0) return [];
  const columns = columnsOf(d, rows);
  const column = columns.findIndex((values) => values.some(isOutside));
  return [
    {
      kind: "targets_out_of_range",
      message:
        `${outside} of ${d.length} targets lie outside ${describe(low)} to ${describe(high)}, the ` +
        `range of ${output} outputs: column ${column + 1} of d goes from ` +
        `${shown(least(columns[column]), 6)} to ${shown(largest(columns[column]), 6)}.`,
      mend: mends.scaleTargets(network, settings),
    },
  ];
}

function inputsNotScaled({ network, x, rows, settings }) {
  const columns = columnsOf(x, rows);
  const sizes = columns.map((values) => Math.sqrt(meanOf(values.map((value) => value * value))));
  const constant = columns.map(isConstant);
  const unscaled = sizes.flatMap((size, j) => {
    const scaled = size <= LARGEST_INPUT * (1 + ROOM) && size >= SMALLEST_INPUT * (1 - ROOM);
    return scaled || constant[j] ? [] : j;
  });
  if (unscaled.length === 0) return [];
  const [column] = unscaled;
  return [
    {
      kind: "inputs_not_scaled",
      message:
        `${unscaled.length} of ${columns.length} columns of x are not scaled: column ` +
        `${column + 1} goes from ${shown(least(columns[column]), 6)} to ` +
        `${shown(largest(columns[column]), 6)}, a root mean square of ` +
        `${shown(sizes[column], 3)} where 0.01 to 10 will do.`,
      mend: mends.scaleInputs(network, constant.includes(true), settings),
    },
  ];
}

/** Whether the facts are those of a run with a history of this many epochs that can be judged by it. */
function hasHistory({ run, levels }, epochs) {
  return run !== null && run.cost.length >= epochs && levels.worth > 0;
}

/** A tenth of the epochs, at least one. */
const tenthOf = (epochs) => Math.max(1, Math.floor(epochs / 10));

function learningRateTooLarge(facts) {
  if (!hasHistory(facts, 2)) return [];
  const { network, run, settings, levels } = facts;
  const epochs = run.cost.length;
  const rough = ROUGH * levels.worth;
  const tenth = tenthOf(epochs);
  const recent = meanOf(run.cost.slice(-tenth));
  const lowest = Math.min(run.initial_cost, least(run.cost));
  const half = run.cost.slice(Math.floor(epochs / 2));
  const moves = half.slice(1).map((cost, i) => cost - half[i]);
  const rises = moves.filter((move) => move > 0).length;
  const move = moves.length > 1 ? meanOf(moves.map(Math.abs)) : 0;
  let what;
  if (Math.min(recent, run.final_cost) - lowest > rough) {
    what =
      `the cost rises: it is ${shownCost(recent, levels)} on average in the last ${tenth} epochs ` +
      `and ${shownCost(lowest, levels)} at its lowest`;
  } else if (rises >= RISES * moves.length && move > rough) {
    what =
      `the cost swings: in the last ${half.length} epochs it rises ${rises} times, and moves by ` +
      `${shownCost(move, levels)} an epoch on average`;
  } else {
    return [];
  }
  const { learningRate } = settings.optimizer;
  const { rule } = settings;
  const other =
    rule === "gradient" ? "" : `, or rule "${rule}", which is not the gradient, misleads`;
  return [
    {
      kind: "learning_rate_too_large",
      message: `${what}: learning_rate ${describe(learningRate)} is too large${other}.`,
      mend: mends.otherRate(network, settings, learningRate / 10),
    },
  ];
}

/**
 * What a few steps down the gradient, longer than the moves of an epoch, do: `times`, the length of
 * each in such moves, and `fall`, by how much all of them lower the cost. Each of them has to lower it.
 * Of the lengths that do half as well as the best, the shortest; null if there is none.
 */
function reachableCost({ network, x, d, rows, cost: costName, settings }) {
  const { layers, activations } = network;
  const { optimizer } = settings;
  const { weightDecay } = optimizer;
  const how = learning(layers, activations, costName, "gradient");
  const parameters = network.parameters.slice();
  const { weights, biases } = views(layers, parameters);
  const allWeights = parameters.subarray(0, offsets(layers).weights.at(-1));
  const gradient = new Float64Array(parameters.length);
  const parts = views(layers, gradient);
  const forward = forwardBuffers(layers, rows, x);
  const backward = backwardBuffers(layers, rows);

  // The cost at the parameters; the gradient is then that of it.
  const measure = () => {
    forwardPass(weights, biases, how, rows, forward);
    const sum = how.cost(forward.z.at(-1), forward.a.at(-1), d, rows, layers.at(-1));
    backwardPass(weights, d, how, rows, forward, backward, parts);
    for (let i = 0; i < allWeights.length; i++) gradient[i] += weightDecay * allWeights[i];
    return sum / rows + penalty(allWeights, weightDecay);
  };
  const now = measure();
  const size = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
  if (!(size > 0)) return null;
  // an update moves by the gradient with sgd, each weight by the rate with adam and rmsprop
  let rate = optimizer.learningRate / (1 - (optimizer.momentum ?? 0));
  if (!mends.SGD.includes(optimizer.name)) rate *= Math.sqrt(gradient.length) / size;
  rate *= Math.ceil(rows / (settings.batchSize ?? rows));
  const tried = [];
  for (let power = 1; power <= LONGEST_STEP; power++) {
    const times = 10 ** power;
    parameters.set(network.parameters);
    let cost = measure();
    let steps = 0;
    for (; steps < STEPS; steps++) {
      for (let i = 0; i < parameters.length; i++) parameters[i] -= rate * times * gradient[i];
      const after = measure();
      if (!(after < cost)) break;
      cost = after;
    }
    if (steps === STEPS) tried.push({ times, fall: now - cost });
  }
  const most = Math.max(0, ...tried.map(({ fall }) => fall));
  return tried.find(({ fall }) => fall >= most / 2) ?? null;
}

function learningRateTooSmall(facts) {
  const { network, run, settings, levels } = facts;
  if (!hasHistory(facts, 1)) return [];
  // a larger rate may well be faster than one that does learn
  const moved = run.initial_cost - run.final_cost;
  if (levels.learned && moved > REACHABLE * levels.worth) return [];
  const { name, learningRate } = settings.optimizer;
  const kind = "learning_rate_too_small";
  if (learningRate === 0) {
    const mend = mends.otherRate(network, settings, mends.usualRate(name));
    return [{ kind, message: "learning_rate is 0, so no weight moves.", mend }];
  }
  // rprop finds its own steps; of another rule the gradient does not say where it leads
  if (name === "rprop" || settings.rule !== "gradient") return [];
  const reach = reachableCost(facts);
  const half = Math.max(1, Math.floor(run.cost.length / 2));
  const before = half < run.cost.length ? run.cost.at(-half - 1) : run.initial_cost;
  const gained = Math.max(0, before - run.final_cost);
  if (reach === null || reach.fall <= Math.max(gained, REACHABLE * levels.worth)) return [];
  return [
    {
      kind,
      message:
        `the last ${half} epochs lowered the cost by ${shownCost(gained, levels)}; ${STEPS} steps ` +
        `down the gradient, each ${reach.times} times as long as the moves of an epoch, lower it ` +
        `by ${shownCost(reach.fall, levels)}: learning_rate ${describe(learningRate)} is too small.`,
      mend: mends.otherRate(network, settings, learningRate * reach.times),
    },
  ];
}

function deadUnits({ network, forward, rows, settings }) {
  return network.activations.flatMap((activation, i) => {
    if (activation !== "relu") return [];
    const columns = columnsOf(forward.z[i], rows);
    const dead = columns.filter((z) => z.every((value) => value <= 0)).length;
    if (dead === 0) return [];
    return {
      kind: "dead_units",
      message:
        `${dead} of ${columns.length} units of layer ${i + 2} (relu) are dead: their net input is ` +
        `above 0 on none of the ${rows} samples, so no gradient reaches their weights.`,
      mend: mends.leaky(network, i + 2, settings),
    };
  });
}

function saturatedUnits({ network, forward, rows, cost, settings, levels }) {
  // Where a network has learned, saturated units are its decisions.
  if (levels.learned) return [];
  const last = network.activations.length - 1;
  return network.activations.flatMap((activation, i) => {
    // the delta of a cross entropy's outputs has no f'
    if (!Object.hasOwn(LARGEST_SLOPES, activation)) return [];
    if (i === last && cost === "cross_entropy") return [];
    const slopes = new Float64Array(forward.z[i].length);
    ACTIVATIONS[activation].derivative(forward.z[i], forward.a[i + 1], slopes, slopes.length);
    const tiny = TINY_SLOPE * LARGEST_SLOPES[activation];
    const enough = NEARLY_ALL * rows * (1 - ROOM);
    const columns = columnsOf(slopes, rows);
    const saturated = columns.map((slope) => slope.filter((f) => f < tiny).length >= enough);
    if (!saturated.includes(true)) return [];
    const sizes = columnsOf(forward.z[i], rows).map((z) => largest(z.map(Math.abs)));
    return {
      kind: "saturated_units",
      message:
        `${saturated.filter(Boolean).length} of ${columns.length} units of layer ${i + 2} ` +
        `(${activation}) are saturated: on at least 95 % of the ${rows} samples f' is below 1 % of ` +
        "its largest value (abs(z) goes up to " +
        `${shown(largest(sizes.filter((_, k) => saturated[k])), 3)}), so their weights hardly move.`,
      mend: mends.newStart(network, settings, 1),
    };
  });
}

function tooFewEpochs(facts) {
  if (!hasHistory(facts, 2)) return [];
  const { run, settings, levels } = facts;
  const tenth = tenthOf(run.cost.length);
  const recent = meanOf(run.cost.slice(-tenth));
  const before = meanOf(run.cost.slice(-2 * tenth, -tenth));
  if (before - recent <= FALLS * levels.worth || learningRateTooLarge(facts).length > 0) return [];
  return [
    {
      kind: "too_few_epochs",
      message:
        `the cost still falls: it is ${shownCost(recent, levels)} on average in the last ${tenth} ` +
        `epochs and ${shownCost(before, levels)} in the ${tenth} before.`,
      mend: mends.moreEpochs(settings, 5),
    },
  ];
}

function noBetterThanConstant({ network, settings, levels, classes }) {
  if (levels.learned || levels.worth <= 0) return [];
  const mend = mends.largerNetwork(network, settings);
  const costs =
    `the cost ${shownCost(levels.cost, levels)} is not clearly below ` +
    `${shownCost(levels.constant, levels)}, that of predicting the `;
  if (classes === null) {
    const message = `${costs}mean of each column of d in every row.`;
    return [{ kind: "no_better_than_mean", message, mend }];
  }
  const { names, counts } = classes;
  const most = counts.indexOf(Math.max(...counts));
  const message =
    `${costs}shares of the classes in every row (the largest, ${names[most]}, has ` +
    `${counts[most]} of ${sumOf(counts)} samples).`;
  return [{ kind: "no_better_than_largest_class", message, mend }];
}

function unbalancedClasses({ network, classes, settings }) {
  if (classes === null) return [];
  const { names, counts } = classes;
  const most = counts.indexOf(Math.max(...counts));
  const fewest = counts.indexOf(Math.min(...counts.filter((count) => count > 0)));
  if (counts[most] < UNBALANCED * counts[fewest]) return [];
  return [
    {
      kind: "unbalanced_classes",
      message:
        `the smallest class, ${names[fewest]}, has ${counts[fewest]} of ${sumOf(counts)} samples, ` +
        `the largest, ${names[most]}, ${counts[most]}.`,
      mend: mends.balance(network, network.layers.at(-1), settings),
    },
  ];
}

function constantColumns({ network, x, rows, settings }) {
  if (rows === 1) return [];
  const columns = columnsOf(x, rows);
  const constant = columns.flatMap((values, j) => (isConstant(values) ? j : []));
  if (constant.length === 0) return [];
  const [first] = constant;
  return [
    {
      kind: "constant_columns",
      message:
        `${constant.length} of ${columns.length} columns of x are constant: column ${first + 1} ` +
        `is ${shown(columns[first][0], 6)} in every row.`,
      mend: mends.dropColumns(network, constant, settings),
    },
  ];
}

function duplicateColumns({ network, x, rows, settings }) {
  if (rows === 1) return [];
  const columns = columnsOf(x, rows);
  const first = new Map();
  const repeated = [];
  columns.forEach((values, j) => {
    if (isConstant(values)) return;
    const key = values.join(); // -0 is written as 0
    if (first.has(key)) repeated.push({ column: j, equal: first.get(key) });
    else first.set(key, j);
  });
  if (repeated.length === 0) return [];
  const [{ column, equal }] = repeated;
  return [
    {
      kind: "duplicate_columns",
      message:
        `${repeated.length} of ${columns.length} columns of x repeat an earlier one: column ` +
        `${column + 1} equals column ${equal + 1}.`,
      mend: mends.dropColumns(
        network,
        repeated.map((one) => one.column),
        settings,
      ),
    },
  ];
}

/**
 * The order of likely importance: what stops learning for certain, then what stops it often, then what
 * is seen when it has stopped, then what is merely in the data.
 */
const FINDERS = Object.freeze([
  zeroWeights,
  symmetricWeights,
  targetsOutOfRange,
  inputsNotScaled,
  learningRateTooLarge,
  learningRateTooSmall,
  deadUnits,
  saturatedUnits,
  tooFewEpochs,
  noBetterThanConstant,
  unbalancedClasses,
  constantColumns,
  duplicateColumns,
]);

/** What the facts mean. */
function judge(facts) {
  const findings = FINDERS.flatMap((find) => find(facts));
  const { network, run, levels, cost } = facts;
  const verdict = makeVerdict(levels);
  const trained = run === null ? "" : `, ${run.updates} updates in ${run.cost.length} epochs`;
  const title =
    `Diagnosis of a ${network.layers.join("-")} network (${network.activations.join(", ")}), ` +
    `cost ${cost}${trained}`;
  const lines = findings.flatMap(({ kind, message, mend }, i) => [
    "",
    `${i + 1}. ${kind}: ${message}`,
    ...mend.split("\n").map((line) => `    ${line}`),
  ]);
  if (findings.length === 0) lines.push("", "Nothing found that keeps it from learning.");
  return {
    findings,
    learned: levels.learned,
    verdict,
    cost: levels.cost,
    constantCost: levels.constant,
    text: [title, verdict, ...lines].join("\n"),
  };
}

function makeVerdict(levels) {
  if (levels.worth <= 0) {
    return "NOT JUDGED: all rows of d are the same, so that there is nothing to tell apart.";
  }
  const [cost, constant] = [levels.cost, levels.constant].map((value) => shownCost(value, levels));
  const best = "that of the best constant prediction.";
  if (levels.learned) return `LEARNED: the cost ${cost} is clearly below ${constant}, ${best}`;
  return `NOT LEARNED: the cost ${cost} is not clearly below ${constant}, ${best}`;
}
