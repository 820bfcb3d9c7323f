// One training step with every number explained. Twins: python/twinprop/explain.py, r/explain.R.
//
// Section 12 of docs/contract.md. The numbers are those of the step itself (quantities.js); here each
// gets its formula (formulas.js) and its place.

import { RULES, toRows, UPDATE_ORDERS } from "./backprop.js";
import {
  asRows,
  checkChoice,
  checkInteger,
  checkKeys,
  checkMatrix,
  checkObject,
  checkSameRows,
  describe,
  isList,
  snakeCase,
} from "./checks.js";
import { checkCostFits, checkTargets, COSTS } from "./costs.js";
import { DATASETS, loadDataset, readShared } from "./datasets.js";
import { MATHML, quantity, shown, TEXT, write, writeEquation } from "./equations.js";
import { InputError } from "./errors.js";
import * as formulas from "./formulas.js";
import { Network } from "./network.js";
import { asOptimizer } from "./optimizers.js";
import { loadPlan } from "./plan.js";
import { Quantities } from "./quantities.js";
import { RandomStream } from "./random.js";

/** A step of more equations than this is summarised, layer by layer. */
const MOST_EQUATIONS = 1000;

/**
 * Explain one training step, from the forward pass to the new weights and the new cost.
 *
 * Every number gets its equation: in symbols, with the numbers in it, and its value. The step is made
 * on copies; network and optimizer are left as they are. A step of more than 1,000 equations is
 * summarised by layer; `neurons` asks for the equations of single neurons.
 *
 * @param {Network} network The network.
 * @param {number[][]} x The inputs, n rows of n_1 values; the n samples make one update.
 * @param {number[][]} d The desired outputs, n rows of n_L values; for one output a vector of n
 *   values will do.
 * @param {Object} options
 * @param {string} options.cost "half_mse" (default), "half_sse", "mse" or "cross_entropy".
 * @param {string} options.rule "gradient" (default), "transpose", "proportional" or
 *   "proportional_abs".
 * @param {string} options.updateOrder "simultaneous" (default) or "output_first".
 * @param {Optimizer|string|null} options.optimizer How the weights move, an optimiser or the name of
 *   one with its defaults; what it remembers is used, and not changed; default "sgd".
 * @param {?number[][]} options.neurons Only the equations of these neurons, pairs of layer and neuron,
 *   both counted from 1; default all.
 * @returns {{title: string, table: Object[], summary: Object[], summarised: boolean,
 *   costBefore: number, costAfter: number, sections: Object[]}}
 *   `title`: the network and its settings in a line. `table`: an object for each equation, in the
 *   order of the computation, with stage, sample, layer, from, to, symbol, formula (in symbols),
 *   substitution (with the numbers in it) and value; what does not apply is null. `summary`: an object
 *   for each quantity of each layer with stage, layer, symbol, count, smallest, mean and largest.
 *   `summarised`: whether there are too many equations to write them all out. `costBefore` and
 *   `costAfter`: the mean cost of these samples, with the penalty, before and after the step.
 *   `sections`: the parts of the report, each with its `title`, its `notes` (sentences) and its `rows`
 *   of the table. For a page, each row of table and summary also has `text`, which is not enumerable:
 *   what a line of the report shows of it, as a list of strings with the numbers rounded; and each row
 *   of the table has `mathml`, the same in MathML, without the `<math>` around it.
 * @throws {InputError} If an argument is not as described.
 * @throws {DenominatorError} If a rule has to divide by a sum of weights of 0 or nearly 0.
 *
 * Source: section 12 of docs/contract.md. Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986).
 * Learning representations by back-propagating errors. Nature 323.
 *
 * @example
 * const network = new Network([1, 1], { weights: [[[0.5]]] });
 * const step = explain(network, [[2]], [[1]]);
 * step.table[2].formula; // "W[2]_1,1 * a[1]_1 + b[2]_1"
 * step.table[2].substitution; // "0.5 * 2 + 0"
 * step.table[2].text.join(" = "); // "z[2]_1 = W[2]_1,1 * a[1]_1 + b[2]_1 = 0.5 * 2 + 0 = 1"
 * step.costAfter < step.costBefore; // true
 */
export function explain(network, x, d, options = {}) {
  if (!(network instanceof Network)) {
    throw new InputError(`network must be a Network, got ${describe(network)}`);
  }
  const allowed = ["cost", "rule", "updateOrder", "optimizer", "neurons"];
  checkKeys(checkObject(options, "options"), "options", allowed);
  const { layers, activations } = network;
  const cost = checkChoice(options.cost ?? "half_mse", "cost", Object.keys(COSTS));
  checkCostFits(cost, activations.at(-1));
  const rule = checkChoice(options.rule ?? "gradient", "rule", Object.keys(RULES));
  const order = options.updateOrder ?? "simultaneous";
  const updateOrder = checkChoice(order, "updateOrder", UPDATE_ORDERS);
  const optimizer = asOptimizer(options.optimizer);
  checkMatrix(x, "x", layers[0]);
  const desired = checkMatrix(asRows(d, layers.at(-1)), "d", layers.at(-1));
  checkSameRows(d.length, "d", x.length, "x");
  checkTargets(desired, "d", layers.at(-1), cost, activations.at(-1));
  const chosen = checkNeurons(options.neurons ?? null, layers);

  const moved = new Network(layers, { activations });
  moved.parameters.set(network.parameters);
  const mover = optimizer.copy();
  const { forward, backward } = moved.step(x, d, { cost, rule, updateOrder, optimizer: mover });
  const record = {
    before: numbersOf(network),
    after: numbersOf(moved),
    d: toRows(desired, x.length, layers.at(-1)),
    forward,
    backward,
    forwardAfter: moved.forward(x),
    optimizer,
    optimizerAfter: mover,
    cost,
    rule,
    updateOrder,
  };
  return new Writer(new Quantities(record), chosen).explanation();
}

/** What `explain` reads of a network; `weights` and `biases` are made anew at each look. */
function numbersOf({ layers, activations, parameters, weights, biases }) {
  return { layers, activations, parameters, weights, biases };
}

/**
 * Explain the first update of a plan, or that by one of its samples.
 *
 * @param {string|Object} source The name of a data set, the text of a plan file, or the plan itself. A
 *   data set has the network and settings of the cross-check, with rule "gradient" and cost
 *   "half_mse".
 * @param {Object} options
 * @param {?number} options.sample The sample, from 1, that makes the update by itself. Default: the
 *   first batch of the plan; of a data set, sample 1.
 * @param {?number[][]} options.neurons As for `explain`.
 * @param {function(string)} options.loadDataset Gives a data set's `x` and `d`, with its `network` or
 *   null, or a promise of them; default: the package's loadDataset.
 * @returns {Promise<Object>} What `explain` returns.
 * @throws {InputError} If the plan is not allowed, or there is no such sample or neuron.
 * @throws {DenominatorError} As for `explain`.
 *
 * @example
 * const step = await explainPlan("xor", { sample: 2 });
 * step.table.slice(0, 3).map(({ value }) => value); // [0, 1, 1]
 */
export async function explainPlan(source, options = {}) {
  checkKeys(checkObject(options, "options"), "options", ["sample", "neurons", "loadDataset"]);
  const { neurons = null, loadDataset: load = loadDataset } = options;
  let { sample = null } = options;
  let plan = source;
  if (DATASETS.includes(source)) {
    plan = await datasetPlan(source, load);
    sample ??= 1;
  }
  const { network, x, d, training } = await loadPlan(plan, load);
  checkExplicable(training);
  const { cost, rule, updateOrder, optimizer, batchSize, shuffle, seed } = training;
  let rows = x.map((_, i) => i);
  if (sample !== null) {
    rows = [checkInteger(sample, "sample", 1, x.length) - 1];
  } else {
    if (shuffle) rows = new RandomStream(seed).order(x.length);
    rows = rows.slice(0, batchSize ?? x.length);
  }
  const [inputs, desired] = [x, d].map((matrix) => rows.map((i) => matrix[i]));
  return explain(network, inputs, desired, { cost, rule, updateOrder, optimizer, neurons });
}

/** Refuse a plan whose step is more than forward, backward and update. */
function checkExplicable({ dropout, clipNorm, sampleWeight }) {
  const there = {
    "training.dropout": [dropout].flat().some((rate) => rate > 0),
    "training.clip_norm": clipNorm !== null,
    "data.sample_weight": sampleWeight !== null,
  };
  for (const name of Object.keys(there).filter((key) => there[key])) {
    throw new InputError(`a step with ${name} cannot be explained: leave it out of the plan`);
  }
}

/** The plan by which the cross-check trains a data set, with its first rule and its first cost. */
async function datasetPlan(name, load) {
  const { settings, rules, costs } = await readShared("crosscheck.json");
  const { hidden, output, learning_rate, batch_size, shuffle } = settings[name];
  const { x, d, network } = await load(name);
  const { layers, ...given } = network ?? { layers: [x[0].length, ...hidden, d[0].length] };
  const activations = [...layers.slice(1, -1).map(() => "sigmoid"), output];
  const training = { cost: costs[0], rule: rules[0], optimizer: { learning_rate } };
  return {
    network: { layers, ...given, activations },
    training: { ...training, batch_size, shuffle },
    data: { x, d },
  };
}

/** Return the neurons asked for, each as the text of its layer and number; null: all. */
function checkNeurons(value, layers) {
  if (value === null) return null;
  const pair = (entry) => isList(entry) && entry.length === 2 && entry.every(Number.isInteger);
  if (!isList(value) || value.length === 0 || !value.every(pair)) {
    throw new InputError(
      `neurons must be a list of pairs of a layer and a neuron, got ${describe(value)}`,
    );
  }
  return new Set(
    value.map(([layer, neuron], i) => {
      checkInteger(layer, `neurons entry ${i + 1}, layer`, 1, layers.length);
      checkInteger(neuron, `neurons entry ${i + 1}, neuron`, 1, layers[layer - 1]);
      return `${layer}, ${neuron}`;
    }),
  );
}

/** A row of the table. What a page shows of it is written when it is asked for. */
function tableRow(stage, left, right, layer, to, from) {
  const row = {
    stage,
    sample: left.sample,
    layer,
    from: from === null ? null : from + 1,
    to: to === null ? null : to + 1,
    symbol: write(left, TEXT),
    formula: write(right, TEXT),
    substitution: write(right, TEXT, true),
    value: left.value,
  };
  return Object.defineProperties(row, {
    text: { get: () => writeEquation(left, right, TEXT) },
    mathml: { get: () => writeEquation(left, right, MATHML) },
  });
}

/** A row of the summary; the quantities are those of the smallest, mean and largest. */
function summaryRow(stage, layer, symbol, count, quantities) {
  const [smallest, mean, largest] = quantities.map(({ value }) => value);
  const numbers = quantities.map(({ value, size }) => shown(value, size));
  const row = { stage, layer, symbol, count, smallest, mean, largest };
  return Object.defineProperty(row, "text", { value: [symbol, String(count), ...numbers] });
}

/** Writes the equations of a step, section by section, in the order of the computation. */
class Writer {
  constructor(quantities, chosen) {
    this.q = quantities;
    this.record = quantities.record;
    this.layers = quantities.layers;
    this.last = this.layers.length;
    this.outputFirst = this.record.updateOrder === "output_first";
    this.summarised = chosen === null && this.count() > MOST_EQUATIONS;
    this.chosen = this.summarised ? new Set() : chosen;
    this.sections = [];
    this.scaleWritten = false;
    this.settingsWritten = false;
  }

  /** How many equations the step has, but for those of cost and optimiser. */
  count() {
    const n = this.q.rows;
    let count = n * (this.layers[0] + this.layers.at(-1));
    for (let layer = 2; layer <= this.last; layer++) {
      const [inputs, units] = [this.layers[layer - 2], this.layers[layer - 1]];
      count += 4 * n * units + 2 * units * (inputs + 1);
      if (layer === this.last) count += n * units;
      if (layer > 2) count += n * (units * inputs + units + inputs) + units * inputs;
    }
    return count;
  }

  /** The neurons of a layer whose equations are asked for; from 0. */
  neurons(layer) {
    const all = Array.from({ length: this.layers[layer - 1] }, (_, k) => k);
    return all.filter((k) => this.chosen === null || this.chosen.has(`${layer}, ${k + 1}`));
  }

  /** Whether no neuron of a layer is asked for. */
  empty(layer) {
    return this.neurons(layer).length === 0;
  }

  /** The samples; from 0. */
  samples() {
    return Array.from({ length: this.q.rows }, (_, i) => i);
  }

  /** The weights into a neuron of a layer, from 0, and null for its bias. */
  incoming(layer) {
    return [...Array.from({ length: this.layers[layer - 2] }, (_, j) => j), null];
  }

  open(title, ...notes) {
    this.sections.push({ title, notes: notes.filter((note) => note !== ""), rows: [] });
  }

  /** Add an equation; `to` and `from` are neurons from 0. */
  add(stage, left, right, layer = null, to = null, from = null) {
    this.sections.at(-1).rows.push(tableRow(stage, left, right, layer, to, from));
  }

  explanation() {
    const layers = Array.from({ length: this.last - 1 }, (_, l) => l + 2);
    this.writeSamples();
    for (const layer of layers) this.writeForward(layer);
    this.writeError();
    for (const layer of [...layers].reverse()) {
      this.writeGradients(layer);
      if (this.outputFirst) this.writeUpdate(layer);
      if (layer > 2) this.writeBack(layer);
    }
    if (!this.outputFirst) {
      for (const layer of layers) this.writeUpdate(layer);
    }
    this.writeCostAfter();
    const sections = this.sections.filter(({ rows }) => rows.length > 0);
    return {
      title: this.title(),
      table: sections.flatMap(({ rows }) => rows),
      summary: this.summary(),
      summarised: this.summarised,
      costBefore: this.cost(false).value,
      costAfter: this.cost(true).value,
      sections,
    };
  }

  title() {
    const { record, layers } = this;
    const n = this.q.rows;
    const { name, ...settings } = record.optimizer.settings;
    const setTo = Object.entries(settings)
      .filter(([key, value]) => key === "learningRate" || (value !== false && value !== 0))
      .map(([key, value]) => `${snakeCase(key)} ${[value].flat().map(describe).join(" and ")}`)
      .join(", ");
    return (
      `One step of a ${layers.join("-")} network (${record.before.activations.join(", ")}) on ${n} ` +
      `sample${n > 1 ? "s" : ""}: cost ${record.cost}, rule ${record.rule}, update order ` +
      `${record.updateOrder}, optimizer ${name} (${setTo})`
    );
  }

  writeSamples() {
    this.open("Inputs and desired outputs");
    for (const i of this.samples()) {
      for (const j of this.neurons(1)) {
        const a = this.q.a(1, j, i);
        this.add("input", a, { ...a, letter: "x", layer: null }, 1, j);
      }
      for (const k of this.neurons(this.last)) {
        const d = this.q.target(k, i);
        this.add("target", d, d, this.last, k);
      }
    }
  }

  writeForward(layer) {
    const { q } = this;
    const name = this.record.before.activations[layer - 2];
    this.open(
      `Forward to layer ${layer}`,
      "Each neuron adds up the activations of the layer before times its weights, and its bias; the " +
        `activation function ${name} makes its activation of that.`,
    );
    for (const i of this.samples()) {
      for (const k of this.neurons(layer)) {
        const [z, a] = [q.z(layer, k, i), q.a(layer, k, i)];
        this.add("weighted_sum", z, formulas.weightedSum(q, layer, k, i), layer, k);
        this.add("activation", a, formulas.activation(q, layer, k, i), layer, k);
      }
    }
  }

  writeError() {
    this.open("Output error and cost", "The output error is by how much an output is too large.");
    this.writeOutputErrors("output_error", false);
    this.writeCosts("cost", false);
  }

  writeCostAfter() {
    const [before, after] = [this.cost(false), this.cost(true)];
    const change = quantity("change", after.value - before.value, before.size + after.size);
    const text = shown(change.value, change.size);
    let way = text.startsWith("-") ? "falls" : "rises";
    if (text === "0") way = "stays the same";
    if (!Number.isFinite(change.value)) way = "is no finite number any more";
    this.open("Cost after the step", `The same samples with the new weights: the cost ${way}.`);
    this.writeOutputErrors("output_error_after", true);
    this.writeCosts("cost_after", true);
    this.add("change", change, formulas.difference(after, before));
  }

  writeOutputErrors(stage, isNew) {
    for (const i of this.samples()) {
      for (const k of this.neurons(this.last)) {
        const e = this.q.e(this.last, k, i, isNew);
        this.add(stage, e, formulas.outputError(this.q, k, i, isNew), this.last, k);
      }
    }
  }

  /** The mean cost of the samples, with the penalty. */
  cost(isNew) {
    const costs = this.q.sampleCosts(isNew);
    let [value, size] = ["value", "size"].map((name) => meanOf(costs.map((cost) => cost[name])));
    if (this.q.decay > 0) {
      const penalty = this.q.penalty(isNew);
      [value, size] = [value + penalty.value, size + penalty.size];
    }
    return quantity("C", value, size, { isNew });
  }

  writeCosts(stage, isNew) {
    const { q } = this;
    const costs = q.sampleCosts(isNew);
    if (costs[0].sample === null) {
      // one sample and no penalty: its cost is all
      this.add(stage, costs[0], formulas.sampleCost(q, 0, isNew));
      return;
    }
    if (this.chosen === null) {
      costs.forEach((cost, i) =>
        this.add(`sample_${stage}`, cost, formulas.sampleCost(q, i, isNew)),
      );
    }
    if (q.decay > 0) {
      const name = isNew ? "penalty_after" : "penalty";
      this.add(name, q.penalty(isNew), formulas.penalty(q, isNew));
    }
    this.add(stage, this.cost(isNew), formulas.meanCost(q, isNew));
  }

  writeGradients(layer) {
    const { q } = this;
    const { rule } = this.record;
    const exact = rule === "gradient" || layer === this.last;
    this.open(
      `Deltas and gradients of layer ${layer}`,
      q.hasSlope(layer)
        ? "A delta is the error times the slope f' of the activation function, times the scale s " +
            "that the cost puts on the errors."
        : "A delta is the error times the scale s; with cross_entropy the slope f' of the output " +
            "layer is in the cost already.",
      "The gradient of a weight is the delta of its neuron times the activation that came along it" +
        `${q.rows === 1 ? "" : ", the mean over the samples"}; that of a bias is the delta` +
        `${q.rows === 1 ? "" : ", likewise"}.`,
      exact ? "" : `With rule ${rule} these are not the gradients of the cost.`,
    );
    if (!this.empty(layer) && !this.scaleWritten) {
      this.scaleWritten = true;
      this.add("scale", q.setting("s", q.s), formulas.scale(q));
    }
    for (const i of this.samples()) {
      for (const k of this.neurons(layer)) {
        if (q.hasSlope(layer)) {
          const slope = q.slope(layer, k, i);
          this.add("derivative", slope, formulas.derivative(q, layer, k, i), layer, k);
        }
        this.add("delta", q.delta(layer, k, i), formulas.delta(q, layer, k, i), layer, k);
      }
    }
    for (const k of this.neurons(layer)) {
      for (const j of this.incoming(layer)) {
        const formula = formulas.gradient(q, layer, k, j);
        this.add("gradient", q.gradient(layer, k, j), formula, layer, k, j);
      }
    }
  }

  writeBack(layer) {
    const { q } = this;
    const { rule } = this.record;
    this.open(
      `Errors back from layer ${layer} to layer ${layer - 1}`,
      RULE_NOTES[rule],
      this.outputFirst ? "They go through the new weights (update order output_first)." : "",
      "The blame that a neuron of the layer before has in an error is its part of the sizes of the " +
        "weights; the shares of each error are added up too.",
    );
    for (const k of this.neurons(layer)) {
      if (rule.startsWith("proportional")) {
        const D = q.denominator(layer, k);
        this.add("denominator", D, formulas.denominator(q, layer, k), layer, k);
      }
      q.blames(layer, k).forEach((blame, j) =>
        this.add("blame", blame, formulas.blame(q, layer, k, j), layer, k, j),
      );
    }
    for (const i of this.samples()) {
      for (const k of this.neurons(layer)) {
        q.shares(layer, k, i).forEach((share, j) =>
          this.add("share", share, formulas.share(q, layer, k, j, i), layer, k, j),
        );
        const shares = q.sumOfShares(layer, k, i);
        this.add("shares", shares, formulas.sumOfShares(q, layer, k, i), layer, k);
      }
      for (const j of this.neurons(layer - 1)) {
        const e = q.e(layer - 1, j, i);
        this.add("error", e, formulas.error(q, layer - 1, j, i), layer - 1, j);
      }
    }
  }

  writeUpdate(layer) {
    const { q } = this;
    this.open(
      `New weights and biases of layer ${layer}`,
      OPTIMIZER_NOTES[this.record.optimizer.settings.name],
    );
    if (!this.empty(layer) && !this.settingsWritten) {
      this.settingsWritten = true;
      for (const setting of this.settings()) this.add("setting", setting, setting);
    }
    for (const k of this.neurons(layer)) {
      for (const j of this.incoming(layer)) {
        const { steps, step, size } = formulas.move(q, layer, k, j);
        for (const [left, right] of steps) this.add("optimizer", left, right, layer, k, j);
        const [old, moved] = [q.parameter(layer, k, j), q.parameter(layer, k, j, true)];
        const sized = { ...moved, size: Math.max(old.size, size) };
        this.add("update", sized, formulas.difference(old, step), layer, k, j);
      }
    }
  }

  /** The optimiser's settings as its equations name them. */
  settings() {
    const { settings, updates } = this.record.optimizer;
    const found = [["eta", settings.learningRate]];
    if (settings.momentum > 0) found.push(["mu", settings.momentum]);
    for (const name of ["alpha", "eps"]) {
      if (name in settings) found.push([name, settings[name]]);
    }
    if ("betas" in settings) {
      const [beta1, beta2] = settings.betas;
      found.push(["beta1", beta1], ["beta2", beta2], ["t", updates + 1]);
    }
    if (this.q.decay > 0) found.push(["lambda", this.q.decay]);
    return found.map(([letter, value]) => this.q.setting(letter, value));
  }

  /** Smallest, mean and largest of each quantity in each layer. */
  summary() {
    const { q, record } = this;
    const [forward, backward] = [q.forwardSizes, q.backwardSizes];
    const rows = [];
    const add = (stage, layer, symbol, values, sizes) => {
      const flat = values.flat();
      const size = largestOf(sizes.flat());
      const numbers = [smallestOf(flat), meanOf(flat), largestOf(flat)];
      const quantities = numbers.map((number) => quantity("", number, size));
      rows.push(summaryRow(stage, layer, symbol, flat.length, quantities));
    };
    const absolute = (values) => values.flat().map(Math.abs);

    for (let layer = 2; layer <= this.last; layer++) {
      const i = layer - 2;
      add("weighted_sum", layer, `z[${layer}]`, record.forward.z[i], forward.z[i]);
      add("activation", layer, `a[${layer}]`, record.forward.a[i + 1], forward.a[i + 1]);
    }
    for (let layer = this.last; layer >= 2; layer--) {
      const [i, values] = [layer - 2, record.backward];
      const stage = layer === this.last ? "output_error" : "error";
      add(stage, layer, `e[${layer}]`, values.e[i], backward.e[i]);
      if (q.hasSlope(layer)) {
        const a = forward.a[i + 1].flat();
        const sizes = absolute(q.slopes[i]).map((slope, at) => Math.max(slope, a[at]));
        add("derivative", layer, `f'(z[${layer}])`, q.slopes[i], sizes);
      }
      add("delta", layer, `delta[${layer}]`, values.delta[i], backward.delta[i]);
      const [ofWeights, ofBiases] = [backward.gradWeights[i], backward.gradBiases[i]];
      add("gradient", layer, `dC/dW[${layer}]`, values.gradWeights[i], ofWeights);
      add("gradient", layer, `dC/db[${layer}]`, values.gradBiases[i], ofBiases);
    }
    for (let layer = 2; layer <= this.last; layer++) {
      const [w, b] = [record.after.weights[layer - 2], record.after.biases[layer - 2]];
      add("update", layer, `new W[${layer}]`, w, absolute(w));
      add("update", layer, `new b[${layer}]`, b, absolute(b));
    }
    return rows;
  }
}

function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

// Math.max(...values) has a limit to how many values it takes.
function largestOf(values) {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}

function smallestOf(values) {
  return values.reduce((least, value) => Math.min(least, value), Infinity);
}

const RULE_NOTES = Object.freeze({
  gradient:
    "Rule gradient, the chain rule: along each weight goes back the error times f' times the " +
    "weight, and what arrives at a neuron adds up to its error.",
  transpose:
    "Rule transpose: along each weight goes back the error times the weight, without f', and what " +
    "arrives at a neuron adds up to its error.",
  proportional:
    "Rule proportional: each error is shared out in proportion to the weights, so that its shares " +
    "add up to it, and what arrives at a neuron adds up to its error.",
  proportional_abs:
    "Rule proportional_abs: each error is shared out in proportion to the weights, over the sum of " +
    "their sizes; its shares add up to it where no weight is below 0. What arrives at a neuron adds " +
    "up to its error.",
});

const OPTIMIZER_NOTES = Object.freeze({
  sgd: "Each weight moves against its gradient, by the learning rate eta times it.",
  momentum: "Each weight moves against a velocity v, in which former gradients live on.",
  nesterov:
    "Each weight moves against its gradient and a velocity v, in which former gradients live on.",
  rmsprop:
    "Each weight moves against its gradient over the root of v, a running mean of squared " +
    "gradients.",
  adam:
    "Each weight moves against m over the root of v, the running means of its gradient and of its " +
    "squared gradient, both corrected for their start at 0.",
  rprop:
    "Each weight moves against the sign of its gradient by a step of its own, which grows while the " +
    "sign stays and shrinks when it changes.",
});
