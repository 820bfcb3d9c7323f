// One training step as an exercise that marks itself. Twins: python/twinprop/exercise.py,
// r/exercise.R.
//
// The section Exercise of docs/contract.md. The numbers of the key are those of the explained step
// (explain.js); a known mistake is the same step computed by its own wrong formula.

import { ACTIVATIONS } from "./activations.js";
import { RULES } from "./backprop.js";
import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkObject,
  checkSeed,
  checkSwitch,
  describe,
  formatNumber,
  isList,
} from "./checks.js";
import { checkCostFits, costFunction, COSTS } from "./costs.js";
import { InputError } from "./errors.js";
import { explain } from "./explain.js";
import { Network } from "./network.js";
import { Optimizer } from "./optimizers.js";
import { RandomStream } from "./random.js";

const { abs, floor, max, min } = Math;

/** The layers of each level, and the decimals of its weights, biases and inputs. */
const LEVELS = [
  { layers: [2, 2, 1], decimals: 1 },
  { layers: [2, 2, 2], decimals: 1 },
  { layers: [3, 3, 2], decimals: 2 },
];

/** Layers and neurons in a layer that an exercise has at most. */
const MOST_LAYERS = 4;
const MOST_NEURONS = 3;

/**
 * An answer counts as given to so many significant digits, if it has less; a new weight or bias, of
 * which the step changes the last digits only, to so many decimals.
 */
const ANSWER_DIGITS = 3;
const ANSWER_DECIMALS = 6;

/** What is left of a number that two ways of computing it do not share, and room for a tie. */
const ROUNDING = 1e-9;
const CLOSEST = 1e-12;
const TIE = 1e-6;

/** A weighted sum up to this is 0 but for rounding. */
const KINK = 1e-9;

/** An answer that is off by at most this part of the number is nearly right. */
const NEARLY = 0.02;

const SHEET_FORMATS = ["text", "md"];

/** Lines of the key have so many characters; an equation that fits into one has one. */
const LINE = 100;

/** What a question asks for; of gradients and updates those of the weights and biases followed. */
const ASKED = ["weighted_sum", "activation", "output_error", "cost", "delta", "error"];
const FOLLOWED = ["gradient", "share", "update"];

/** What may be wrong, in the order in which it is named, and what to say. */
const MISTAKES = {
  no_derivative: "you forgot the derivative f' of the activation function",
  new_weights: "you sent the error back through the new weights instead of the old ones",
  no_transpose: "you forgot the transpose when the error went back (you used W[j,k] for W[k,j])",
  swapped_weights:
    "you swapped rows and columns of the weights on the way forward (you used W[j,k] for W[k,j])",
  wrong_sign: "a sign is wrong (the output error is a - d, and the step is subtracted)",
  no_learning_rate: "you forgot the learning rate eta",
  no_scale: "you forgot the 1 / K of the cost (K outputs)",
  no_half: "you forgot the 1 / 2 of the cost",
  no_bias: "you forgot the bias",
  no_activation: "you forgot the activation function (you used z for a)",
  other_layer: "you used the activations of another layer",
  rounded_early: "you rounded too early or gave too few digits",
};

/**
 * What the learner had right when the mistake came in: all but the question itself (and the shares
 * that an error adds up), the errors and what is before them, the output, nothing.
 */
const RIGHT_UNTIL = [
  ["weighted_sum", "activation", "output_error", "error", "delta", "gradient", "update"],
  ["weighted_sum", "activation", "output_error", "error"],
  ["weighted_sum", "activation", "output_error"],
  [],
];

/** What `exercise` returns. */
class Exercise {
  constructor(parts, rows) {
    Object.assign(this, parts);
    Object.defineProperty(this, "rows", { value: rows });
  }

  /**
   * The sheet: what is given, and the questions.
   *
   * @param {Object} options
   * @param {string} options.format "text" (default), or "md" for Markdown.
   * @param {boolean} options.key Whether the teacher's key follows; default false.
   * @returns {string}
   * @throws {InputError} If there is no such format.
   */
  sheet(options = {}) {
    checkKeys(checkObject(options, "options"), "options", ["format", "key"]);
    const format = checkChoice(options.format ?? "text", "format", SHEET_FORMATS);
    const key = checkSwitch(options.key ?? false, "key");
    const lines = format === "text" ? textSheet(this, key) : markdownSheet(this, key);
    return `${lines.join("\n")}\n`;
  }
}

/**
 * Make an exercise: a small network and a sample by chance, and the questions of one step.
 *
 * The seed decides all numbers, which are short and the same in JavaScript, Python and R. The
 * questions go from the forward pass to the new weights; all weighted sums, activations, errors and
 * deltas are asked for, and of each layer one weight and one bias with its gradient and its update.
 *
 * @param {number} seed An integer from -2147483647 to 2147483647.
 * @param {Object} options
 * @param {number} options.level 1 (default): layers 2-2-1, numbers of one decimal; 2: 2-2-2; 3: 3-3-2,
 *   numbers of two decimals.
 * @param {?number[]} options.layers 2 to 4 layers of 1 to 3 neurons; default those of the level.
 * @param {string|string[]} options.activations One name for every layer after the input, or one for
 *   each; default "sigmoid".
 * @param {string} options.cost "half_mse" (default), "half_sse", "mse" or "cross_entropy".
 * @param {string} options.rule "gradient" (default), "transpose", "proportional" (all weights are
 *   above 0) or "proportional_abs".
 * @param {number} options.learningRate That of the update, which is plain gradient descent; default
 *   0.5.
 * @returns {{seed: number, level: number, network: Network, x: number[][], d: number[][],
 *   cost: string, rule: string, learningRate: number, questions: Object[], key: Object[],
 *   explanation: Object, sheet: function(Object): string}}
 *   `questions`: an object for each question with number, stage, symbol and text. `key`: the
 *   teacher's, an object for each question with number, symbol, formula, substitution and value.
 *   `explanation`: what `explain` says of the whole step. `sheet({ format, key })`: the sheet in text
 *   or Markdown ("md"), followed by the key if `key` is true.
 * @throws {InputError} If an argument is not as described.
 *
 * Source: the section Exercise of docs/contract.md. The numbers to follow by hand are in the manner of
 * Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning representations by
 * back-propagating errors. Nature 323.
 *
 * @example
 * const task = exercise(1);
 * task.questions[0].symbol; // "z[2]_1"
 * task.key[0].formula; // "W[2]_1,1 * a[1]_1 + W[2]_1,2 * a[1]_2 + b[2]_1"
 */
export function exercise(seed, options = {}) {
  checkSeed(seed);
  const allowed = ["level", "layers", "activations", "cost", "rule", "learningRate"];
  checkKeys(checkObject(options, "options"), "options", allowed);
  const level = checkInteger(options.level ?? 1, "level", 1, LEVELS.length);
  const { decimals } = LEVELS[level - 1];
  const layers = checkFewLayers(options.layers ?? LEVELS[level - 1].layers);
  const { activations } = new Network(layers, { activations: options.activations ?? "sigmoid" });
  const cost = checkChoice(options.cost ?? "half_mse", "cost", Object.keys(COSTS));
  checkCostFits(cost, activations.at(-1));
  const rule = checkChoice(options.rule ?? "gradient", "rule", Object.keys(RULES));
  const learningRate = checkNumber(options.learningRate ?? 0.5, "learningRate");

  const stream = new RandomStream(seed);
  let network, x;
  do {
    ({ network, x } = draw(stream, layers, activations, decimals, rule));
  } while (atAKink(network, x));
  const outputs = layers.at(-1);
  let d = [Array(outputs).fill(0)];
  if (activations.at(-1) === "softmax") {
    d[0][drawWhole(stream, outputs)] = 1;
  } else {
    const unit = 10 ** decimals; // 0.1 or 0.9, so that the errors are not small
    d = [d[0].map(() => [1, unit - 1][drawWhole(stream, 2)] / unit)];
  }
  const followed = layers.map((units, l) =>
    l === 0
      ? null
      : { to: drawWhole(stream, units) + 1, from: drawWhole(stream, layers[l - 1]) + 1 },
  );
  const optimizer = new Optimizer("sgd", { learningRate });
  const explanation = explain(network, x, d, { cost, rule, optimizer });
  const rows = explanation.table.filter((row) => isAsked(row, followed));
  const questions = rows.map((row, i) => ({
    number: i + 1,
    stage: row.stage,
    symbol: row.symbol,
    text: questionText(row),
  }));
  const key = rows.map(({ symbol, formula, substitution, value }, i) => ({
    number: i + 1,
    symbol,
    formula,
    substitution,
    value,
  }));
  const settings = { cost, rule, learningRate };
  const parts = { seed, level, network, x, d, ...settings, questions, key, explanation };
  return new Exercise(parts, rows);
}

/**
 * Mark an answer: right, or which known mistake it looks like.
 *
 * An answer is right if it is the number rounded to as many digits as were given, but at least to
 * three significant ones, and in a new weight or bias to six decimals. Else each known mistake is
 * computed by its own wrong formula, made in the question itself, since the errors, since the output,
 * or from the start.
 *
 * @param {Object} task What `exercise` returned.
 * @param {number|string} question The question's number, from 1, or its symbol, as in "delta[2]_1".
 * @param {number|string} answer A number; in a string, as in "0.620", zeros at the end are digits
 *   given.
 * @param {Object} options
 * @param {?Object} options.earlier The learner's own answers to other questions, by their numbers or
 *   symbols: what follows from them is right as well, and mistakes are looked for in what was done
 *   with them.
 * @returns {{right: boolean, mistakes: string[], message: string}}
 *   `right`: whether the answer is right. `mistakes`: the names of the known mistakes that it looks
 *   like (docs/contract.md lists them); none if it is right, or looks like none of them. `message`: the
 *   same in words; the formula in symbols if it looks like none of them.
 * @throws {InputError} If an argument is not as described.
 *
 * Source: the section Exercise of docs/contract.md.
 *
 * @example
 * const task = exercise(1);
 * checkAnswer(task, 1, task.key[0].value).message; // "Right."
 * checkAnswer(task, "e[3]_1", -task.key[6].value).mistakes; // ["wrong_sign"]
 */
export function checkAnswer(task, question, answer, options = {}) {
  if (!(task instanceof Exercise)) {
    throw new InputError(`exercise must be made by exercise(), got ${describe(task)}`);
  }
  checkKeys(checkObject(options, "options"), "options", ["earlier"]);
  const row = task.rows[findQuestion(task, question, "question")];
  const given = readAnswer(answer, "answer");
  if (row.stage === "update") given.unit = min(given.unit, Number(`1e-${ANSWER_DECIMALS}`));
  const earlier = readEarlier(task, options.earlier ?? null);
  if (agrees(given, row.value)) return { right: true, mistakes: [], message: "Right." };
  const base = new Numbers(task, earlier);
  const own = base.formula(row.stage, row.layer, row.to, row.from);
  if (earlier.size > 0 && agrees(given, own)) {
    return { right: true, mistakes: [], message: "Right, with your earlier answers." };
  }
  const mistakes = fitting(task, row, base, own, given);
  const moved = own - base.start(row.stage, row.layer, row.to, row.from);
  if (mistakes.length === 0 && abs(given.number - own) <= NEARLY * abs(moved)) {
    mistakes.push("rounded_early");
  }
  if (mistakes.length === 0) {
    return { right: false, mistakes, message: `Not right. ${hint(task, row)}` };
  }
  const beginning = mistakes.join() === "rounded_early" ? "Nearly right" : "Not right";
  const causes = mistakes.map((name) => MISTAKES[name]).join(", or ");
  return { right: false, mistakes, message: `${beginning}: perhaps ${causes}.` };
}

function checkFewLayers(value) {
  if (!isList(value) || value.length < 2 || value.length > MOST_LAYERS) {
    throw new InputError(
      `layers must be a list of 2 to ${MOST_LAYERS} integers from 1 to ${MOST_NEURONS}, ` +
        `got ${describe(value)}`,
    );
  }
  return Array.from(value, (entry, i) =>
    checkInteger(entry, `layers entry ${i + 1}`, 1, MOST_NEURONS),
  );
}

/** A whole number from 0 to below `count`. */
function drawWhole(stream, count) {
  return floor(stream.next() * count);
}

/** Different short numbers: 0.1 to 0.9 or 0.01 to 0.99, and if `signed` their negatives. */
function drawNumbers(stream, count, decimals, signed) {
  const unit = 10 ** decimals;
  const choices = Array.from({ length: unit - 1 }, (_, i) => i + 1);
  if (signed) choices.push(...choices.map((choice) => -choice));
  return stream
    .order(choices.length)
    .slice(0, count)
    .map((i) => choices[i] / unit);
}

/** A network and the inputs of a sample. */
function draw(stream, layers, activations, decimals, rule) {
  const [weights, biases] = [[], []];
  for (let l = 1; l < layers.length; l++) {
    const [inputs, units] = [layers[l - 1], layers[l]];
    const drawn = drawNumbers(stream, inputs * units, decimals, rule !== "proportional");
    weights.push(
      Array.from({ length: units }, (_, k) => drawn.slice(k * inputs, (k + 1) * inputs)),
    );
    biases.push(drawNumbers(stream, units, decimals, true));
  }
  const network = new Network(layers, { activations, weights, biases });
  return { network, x: [drawNumbers(stream, layers[0], decimals, false)] };
}

/** Whether a weighted sum is 0 where f' has a jump, so that rounding would decide. */
function atAKink(network, x) {
  return network
    .forward(x)
    .z.some(
      ([row], l) =>
        !ACTIVATIONS[network.activations[l]].smooth && Array.from(row).some((z) => abs(z) <= KINK),
    );
}

/** Whether a row of the explained step is a question. */
function isAsked({ stage, layer, to, from }, followed) {
  if (ASKED.includes(stage)) return true;
  if (!FOLLOWED.includes(stage)) return false;
  const chosen = followed[layer - 1];
  return to === chosen.to && (from === null || from === chosen.from);
}

// The sheet ----------------------------------------------------------------------------------------

/** What a question asks for, in words. */
function questionText({ stage, layer, to, from }) {
  const neuron = `neuron ${to} of layer ${layer}`;
  const before = `neuron ${from} of layer ${layer - 1}`;
  const of = from === null ? `bias of ${neuron}` : `weight from ${before} to ${neuron}`;
  return {
    weighted_sum: `the weighted sum z of ${neuron}, its bias included`,
    activation: `the activation a of ${neuron}`,
    output_error: `the error e of output ${to}: by how much it is too large`,
    cost: "the cost C of the sample",
    delta: `the delta of ${neuron}`,
    share: `the share of its error that ${neuron} sends to ${before}`,
    error: `the error e that comes back to ${neuron}`,
    gradient: `the gradient of the ${of}`,
    update: `the new value of the ${of}`,
  }[stage];
}

export function sheetTitle({ seed, level, network }) {
  const layers = network.layers.join("-");
  return `Exercise ${seed}, level ${level}: one training step of a ${layers} network`;
}

/** What is given, as pairs of what it is and its text; for the page (sketch/practice.js). */
export function sheetGiven({ network, cost, rule, learningRate, x, d }) {
  const { layers, activations, weights, biases } = network;
  const named = (name, values) =>
    Array.from(values, (value, i) => `${name}${i + 1} = ${describe(value)}`).join(", ");
  const given = [
    ["activation functions", activations.map((name, l) => `${name} in layer ${l + 2}`).join(", ")],
    ["cost", `${cost}, K = ${layers.at(-1)}`],
    ["rule", rule],
    ["learning rate", `eta = ${describe(learningRate)}`],
    ["inputs", named("a[1]_", x[0])],
    ["desired outputs", named("d_", d[0])],
  ];
  weights.forEach((matrix, l) => {
    matrix.forEach((row, k) => {
      const bias = `b[${l + 2}]_${k + 1} = ${describe(biases[l][k])}`;
      const text = `${named(`W[${l + 2}]_${k + 1},`, row)}, ${bias}`;
      given.push([`layer ${l + 2}, neuron ${k + 1}`, text]);
    });
  });
  return given;
}

export const WEIGHTS_NOTE =
  "W[l]_k,j is the weight from neuron j of layer l-1 to neuron k of layer l.";
export const ORDER_NOTE = "All gradients are computed before any weight moves.";
export const DIGITS_NOTE =
  `Compute, to ${ANSWER_DIGITS} significant digits or more, new weights and biases to ` +
  `${ANSWER_DECIMALS} decimals or more`;

function textSheet(task, key) {
  const number = (i) => `${String(i + 1).padStart(4)}. `;
  const lines = [sheetTitle(task), "", "Given:", ""];
  lines.push(...sheetGiven(task).map(([name, text]) => `  ${name.padEnd(22)}${text}`));
  lines.push("", WEIGHTS_NOTE, ORDER_NOTE, "", `${DIGITS_NOTE}:`, "");
  lines.push(
    ...task.questions.map(({ symbol, text }, i) => `${number(i)}${symbol.padEnd(14)}${text}`),
  );
  if (!key) return lines;
  return [...lines, "", "Key:", "", ...task.rows.flatMap((row, i) => keyLines(row, number(i)))];
}

/** An equation of the key: in one line where it fits, else a line for each part. */
function keyLines({ text }, start) {
  const line = start + text.join(" = ");
  if (line.length <= LINE) return [line];
  const [first, second, ...others] = text;
  const indent = " ".repeat(start.length + first.length);
  return [`${start}${first} = ${second}`, ...others.map((part) => `${indent} = ${part}`)];
}

function markdownSheet(task, key) {
  const lines = [`# ${sheetTitle(task)}`, "", "## Given", "", "| what | value |", "| --- | --- |"];
  lines.push(...sheetGiven(task).map(([name, text]) => `| ${name} | \`${text}\` |`));
  lines.push("", WEIGHTS_NOTE.replace("W[l]_k,j", "`$&`"), ORDER_NOTE, "", "## Questions", "");
  lines.push(`${DIGITS_NOTE}.`, "", "| number | symbol | what | answer |");
  lines.push("| ---: | --- | --- | --- |");
  lines.push(
    ...task.questions.map(
      ({ number, symbol, text }) => `| ${number} | \`${symbol}\` | ${text} | |`,
    ),
  );
  if (!key) return lines;
  lines.push("", "## Key", "", "| number | equation |", "| ---: | --- |");
  return [...lines, ...task.rows.map(({ text }, i) => `| ${i + 1} | \`${text.join(" = ")}\` |`)];
}

// Answers ------------------------------------------------------------------------------------------

/** Which question is meant, from 0. */
function findQuestion({ questions }, question, name) {
  const at = questions.findIndex(({ symbol }) => symbol === question);
  if (at >= 0) return at;
  const digits = typeof question === "string" && /^[1-9][0-9]{0,2}$/.test(question);
  const number = digits ? Number(question) : question;
  if (!Number.isInteger(number) || number < 1 || number > questions.length) {
    throw new InputError(
      `${name} must be an integer from 1 to ${questions.length} or the symbol of a question, ` +
        `got ${describe(question)}`,
    );
  }
  return number - 1;
}

/** An answer's number, and the unit of its last digit; 0 for an answer of 0. */
function readAnswer(answer, name) {
  const text = typeof answer === "number" ? formatNumber(answer) : answer;
  const pattern = /^ *[+-]?([0-9]*)[.]?([0-9]*)(?:[eE]([+-]?[0-9]+))? *$/;
  const parts = typeof text === "string" ? pattern.exec(text) : null;
  const [, before, after, power = "0"] = parts ?? [null, "", ""];
  const number = typeof text === "string" ? Number(answer) : NaN;
  if (before + after === "" || !Number.isFinite(number)) {
    throw new InputError(
      `${name} must be a number or a string that holds one, got ${describe(answer)}`,
    );
  }
  if (number === 0) return { number, unit: 0 };
  const digits = (before + after).replace(/^0+/, "").length;
  const place = Number(power) - after.length - max(0, ANSWER_DIGITS - digits);
  return { number, unit: Number(`1e${place}`) };
}

/** The learner's own answers, by the place in the step. */
function readEarlier(task, earlier) {
  const given = new Map();
  if (earlier === null) return given;
  for (const [question, answer] of Object.entries(checkObject(earlier, "earlier"))) {
    const row = task.rows[findQuestion(task, question, "a name in earlier")];
    given.set(placeOf(row), readAnswer(answer, `earlier "${question}"`).number);
  }
  return given;
}

/** Whether an answer is this number, rounded to the answer's digits. */
function agrees({ number, unit }, value) {
  return abs(number - value) <= max(0.5 * unit * (1 + TIE), ROUNDING * abs(value), CLOSEST);
}

/** The formula of a question in symbols, and of what is in it and not asked for. */
function hint(task, row) {
  let text = `${row.symbol} = ${row.formula}`;
  const found = [];
  for (const stage of ["share", "scale", "derivative", "denominator"]) {
    for (const other of task.explanation.table) {
      const { symbol, formula, substitution } = other;
      const needed = stage === "scale" ? row.stage === "delta" : text.includes(symbol);
      if (other.stage === stage && needed && symbol !== row.symbol) {
        const right = formula === symbol ? substitution : formula;
        found.push(`${symbol} = ${right}`);
        text += right;
      }
    }
  }
  const where = found.length > 0 ? `, where ${found.join(", ")}` : "";
  return `The formula is ${row.symbol} = ${row.formula}${where}.`;
}

/** The mistakes that give this answer, by name. */
function fitting(task, row, base, own, given) {
  const known = task.explanation.table
    .filter(({ stage }) => RIGHT_UNTIL[0].includes(stage))
    .map((at) => [at.stage, placeOf(at), base.get(at.stage, at.layer, at.to, at.from)]);
  const rights = RIGHT_UNTIL.map((stages) => {
    const right = known.filter(([stage]) => stages.includes(stage));
    return new Map(right.map(([, place, value]) => [place, value]));
  });
  const fits = (way, number) =>
    rights.some((right) => {
      const numbers = new Numbers(task, right, way, number);
      const wrong = numbers.formula(row.stage, row.layer, row.to, row.from);
      return !agrees({ number: wrong, unit: 0 }, own) && agrees(given, wrong);
    });
  return Object.keys(MISTAKES).filter((name) => {
    const ways = name === "wrong_sign" ? ["error_sign", "step_sign"] : [name];
    let numbers = [0];
    if (name === "other_layer") numbers = [0, ...task.network.layers.map((_, l) => l + 1)];
    if (name === "rounded_early") numbers = [2, 3];
    return ways.some((way) => numbers.some((number) => fits(way, number)));
  });
}

/** A number of the step as a text: its stage, layer, neuron and neuron of the layer before. */
function placeOf({ stage, layer, to, from }) {
  return [stage, layer, to, from].join(" ");
}

/** The sum of numbers. */
function sumOf(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The numbers from 1 to `count`. */
function upTo(count) {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/**
 * The numbers of the step, from what is known of them, with a mistake made on the way.
 *
 * Layers and neurons count from 1. `at` is the layer whose activations are taken for those of another
 * one (0: the neuron's own activation), or the decimals that are kept.
 */
class Numbers {
  constructor(task, known, mistake = "", at = 0) {
    this.task = task;
    this.known = new Map(known);
    this.mistake = mistake;
    this.at = at;
    const { layers, activations, weights, biases } = task.network;
    this.layers = layers;
    this.activations = activations;
    this.weights = weights;
    this.biases = biases;
    this.last = layers.length;
    this.function = costFunction(task.cost, activations.at(-1));
  }

  /** A number of the step: what is known of it, else by its formula. */
  get(stage, layer, to, from = null) {
    const place = placeOf({ stage, layer, to, from });
    if (!this.known.has(place)) {
      let value = this.formula(stage, layer, to, from);
      if (this.mistake === "rounded_early" && stage !== "share") {
        const unit = 10 ** this.at;
        value = floor(value * unit + 0.5 + ROUNDING) / unit;
      }
      this.known.set(place, value);
    }
    return this.known.get(place);
  }

  /** A number by its formula, from the numbers before it. */
  formula(stage, layer, to, from = null) {
    switch (stage) {
      case "cost":
        return this.sampleCost();
      case "weighted_sum":
        return this.weightedSum(layer, to);
      case "activation":
        return this.activation(layer, to);
      case "output_error": {
        const error = this.input(layer, to) - this.task.d[0][to - 1];
        return this.mistake === "error_sign" ? -error : error;
      }
      case "delta":
        return this.scale() * this.error(layer, to) * this.slope(layer, to);
      case "gradient":
        return this.gradient(layer, to, from);
      case "share":
        return this.share(layer, to, from);
      case "error":
        return sumOf(upTo(this.layers[layer]).map((k) => this.get("share", layer + 1, k, to)));
      default: {
        let step = this.get("gradient", layer, to, from);
        if (this.mistake !== "no_learning_rate") step *= this.task.learningRate;
        const old = this.start(stage, layer, to, from);
        return this.mistake === "step_sign" ? old + step : old - step;
      }
    }
  }

  /** What a number moves away from: the old weight or bias, else 0. */
  start(stage, layer, to, from) {
    if (stage !== "update") return 0;
    if (from === null) return this.biases[layer - 2][to - 1];
    return this.weights[layer - 2][to - 1][from - 1];
  }

  weightedSum(layer, k) {
    const inputs = this.layers[layer - 2];
    const { at } = this;
    let of = layer - 1;
    if (this.mistake === "other_layer" && at > 0 && at < of && this.layers[at - 1] === inputs) {
      of = at;
    }
    const w = this.weights[layer - 2];
    const swapped = this.mistake === "swapped_weights" && inputs === this.layers[layer - 1];
    const sum = sumOf(
      upTo(inputs).map((j) => (swapped ? w[j - 1][k - 1] : w[k - 1][j - 1]) * this.input(of, j)),
    );
    return this.mistake === "no_bias" ? sum : sum + this.biases[layer - 2][k - 1];
  }

  /** An activation as it is used. */
  input(layer, j) {
    if (layer === 1) return this.task.x[0][j - 1];
    const stage = this.mistake === "no_activation" ? "weighted_sum" : "activation";
    return this.get(stage, layer, j);
  }

  activation(layer, k) {
    if (this.mistake === "no_activation") return this.get("weighted_sum", layer, k);
    const name = this.activations[layer - 2];
    const neurons = name === "softmax" ? upTo(this.layers[layer - 1]) : [k];
    const z = Float64Array.from(neurons, (n) => this.get("weighted_sum", layer, n));
    const a = new Float64Array(z.length);
    ACTIVATIONS[name].value(z, a, 1, z.length);
    return a[neurons.indexOf(k)];
  }

  error(layer, k) {
    return this.get(layer === this.last ? "output_error" : "error", layer, k);
  }

  /** f' of a neuron as delta and the rule gradient use it. */
  slope(layer, k) {
    const inCost = layer === this.last && this.task.cost === "cross_entropy";
    const { derivative } = ACTIVATIONS[this.activations[layer - 2]];
    if (derivative === null || inCost || this.mistake === "no_derivative") return 1;
    const z = this.get("weighted_sum", layer, k);
    const out = [0];
    derivative([abs(z) <= KINK ? 0 : z], [this.get("activation", layer, k)], out, 1);
    return out[0];
  }

  scale() {
    return this.function.scale(this.mistake === "no_scale" ? 1 : this.layers.at(-1));
  }

  sampleCost() {
    const { cost, d } = this.task;
    const outputs = this.layers.at(-1);
    const values = (stage) => upTo(outputs).map((k) => this.get(stage, this.last, k));
    if (cost === "cross_entropy") {
      const z = values("weighted_sum");
      return this.function.value(z, z, d[0], 1, outputs);
    }
    let total = sumOf(values("output_error").map((e) => e * e));
    if (cost !== "half_sse" && this.mistake !== "no_scale") total /= outputs;
    return cost === "mse" || this.mistake === "no_half" ? total : total / 2;
  }

  gradient(layer, k, j) {
    const delta = this.get("delta", layer, k);
    if (j === null) return delta;
    if (this.mistake === "other_layer") {
      const [of, neuron] = this.at > 0 ? [this.at, j] : [layer, k];
      if (neuron <= this.layers[of - 1]) return delta * this.input(of, neuron);
    }
    return delta * this.input(layer - 1, j);
  }

  share(layer, to, from) {
    const { rule } = this.task;
    const inputs = this.layers[layer - 2];
    const error = this.error(layer, to);
    const carried = rule === "gradient" ? error * this.slope(layer, to) : error;
    const swapped = this.mistake === "no_transpose" && inputs === this.layers[layer - 1];
    const [k, j] = swapped ? [from, to] : [to, from];
    const weights = upTo(inputs).map((n) => this.sent(layer, k, n));
    let divisor = 1;
    if (rule === "proportional") divisor = sumOf(weights);
    if (rule === "proportional_abs") divisor = sumOf(weights.map(abs));
    return (weights[j - 1] / divisor) * carried;
  }

  /** A weight as the error goes back through it. */
  sent(layer, k, j) {
    if (this.mistake === "new_weights") return this.get("update", layer, k, j);
    return this.start("update", layer, k, j);
  }
}
