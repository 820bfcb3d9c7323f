// Starting weights and the network. Twins: python/twinprop/network.py, r/network.R.
//
// Sections 3 to 5 of docs/contract.md. The network holds the numbers; backprop.js computes.

import { ACTIVATIONS, ACTIVATION_ALIASES } from "./activations.js";
import { ARITHMETICS, checkArithmetic } from "./arithmetic.js";
import {
  asLists,
  backwardBuffers,
  backwardPass,
  forwardBuffers,
  forwardPass,
  layerMover,
  learning,
  moveAll,
  offsets,
  toRows,
  views,
} from "./backprop.js";
import {
  asRows,
  checkBiases,
  checkChoice,
  checkFunction,
  checkKeys,
  checkLayers,
  checkMatrix,
  checkNumber,
  checkObject,
  checkSameRows,
  checkSampleWeight,
  checkSeed,
  checkWeights,
  describe,
  DIRECT,
  frozen,
  isList,
  label,
  valueOr,
} from "./checks.js";
import { checkCostFits, checkTargets } from "./costs.js";
import { notLearned } from "./diagnose.js";
import { InputError, TrainingError } from "./errors.js";
import { asOptimizer } from "./optimizers.js";
import { RandomStream } from "./random.js";
import {
  checkBatchSize,
  checkTraining,
  exactCost,
  runSettings,
  train,
  TRAINING_DEFAULTS,
} from "./training.js";

/** The settings of a network beside its layers, in the order of the plan. */
const OPTIONS = ["activations", "init", "seed", "weights", "biases"];

/** The keys of a plan's network, in its order. */
export const NETWORK_KEYS = Object.freeze(["layers", ...OPTIONS]);

/**
 * How weights are drawn, by name: `limit(inputs, units)`, weights come from U(-limit, limit), and
 * whether `biases` do too (else they are 0, and nothing is drawn for them).
 */
export const INITS = frozen({
  xavier: { limit: (inputs, units) => Math.sqrt(6 / (inputs + units)), biases: false },
  he: { limit: (inputs) => Math.sqrt(6 / inputs), biases: false },
  torch: { limit: (inputs) => 1 / Math.sqrt(inputs), biases: true },
  uniform: { limit: () => 1, biases: true },
});

/** Write the starting weights and biases into a flat array (section 5). */
function drawParameters(parameters, layers, init, seed) {
  const stream = new RandomStream(seed);
  const { weights, biases } = views(layers, parameters);
  for (let i = 0; i < weights.length; i++) {
    const high = INITS[init].limit(layers[i], layers[i + 1]);
    const low = -high;
    const draw = (values) => {
      for (let k = 0; k < values.length; k++) values[k] = low + (high - low) * stream.next();
    };
    draw(weights[i]);
    if (INITS[init].biases) draw(biases[i]);
  }
}

/**
 * The starting weights and biases of a network: the same numbers in every language.
 *
 * @param {number[]} layers The numbers of neurons, from the input to the output.
 * @param {string} init "xavier", "he", "torch" or "uniform".
 * @param {number} seed An integer from -2147483647 to 2147483647.
 * @returns {{weights: number[][][], biases: number[][]}} Lists over the layers 2..L.
 * @throws {InputError} If an argument is not of that kind.
 *
 * @example
 * startingWeights([2, 4, 1]).biases; // [[0, 0, 0, 0], [0]]
 */
export function startingWeights(layers, init = "xavier", seed = 42) {
  const sizes = checkLayers(layers);
  const name = checkChoice(init, "init", Object.keys(INITS));
  const parameters = new Float64Array(offsets(sizes).biases.at(-1));
  drawParameters(parameters, sizes, name, seed);
  return asLists(sizes, parameters);
}

function checkActivations(value, name, layers) {
  const count = layers.length - 1;
  if (typeof value !== "string" && !isList(value)) {
    throw new InputError(`${name} must be a name or a list of names, got ${describe(value)}`);
  }
  const given = typeof value === "string" ? new Array(count).fill(value) : Array.from(value);
  if (given.length !== count) {
    throw new InputError(
      `${name} must have one name for each layer after the input (${count}), got ${given.length}`,
    );
  }
  const activations = given.map((entry, i) =>
    checkChoice(entry, `${name} entry ${i + 1}`, Object.keys(ACTIVATIONS), ACTIVATION_ALIASES),
  );
  const first = activations.indexOf("softmax");
  if (first >= 0 && first < count - 1) {
    throw new InputError(
      `activation "softmax" is for the output layer only, got it in layer ${first + 2}`,
    );
  }
  if (first >= 0 && layers.at(-1) < 2) {
    throw new InputError(
      `activation "softmax" needs at least 2 outputs, got ${layers.at(-1)}; ` +
        'use "sigmoid" for one output',
    );
  }
  return activations;
}

/**
 * Return the complete settings of a network, in camelCase; weights and biases as flat arrays or null.
 *
 * @param {Object} given Settings in the spelling of `naming`.
 * @param {Object} naming How they are spelled and named: DIRECT, or inPlan("network").
 */
export function checkNetwork(given, naming) {
  const layers = checkLayers(given.layers, label(naming, "layers"));
  const check = (key, absent, checked) =>
    checked(valueOr(given, naming, key, absent), label(naming, key), layers);
  const orNull = (checked) => (value, name) =>
    value === null ? null : checked(value, name, layers);
  return {
    layers,
    activations: check("activations", "sigmoid", checkActivations),
    init: check("init", "xavier", (value, name) => checkChoice(value, name, Object.keys(INITS))),
    seed: check("seed", 42, checkSeed),
    weights: check("weights", null, orNull(checkWeights)),
    biases: check("biases", null, orNull(checkBiases)),
  };
}

/** Refuse options that do not exist. */
function checkOptions(options, allowed) {
  checkKeys(checkObject(options, "options"), "options", allowed);
}

/**
 * A multilayer perceptron: every number in sight.
 *
 * All its weights and biases stand in one flat Float64Array, `parameters`: all weights first, layer by
 * layer and row by row, then all biases. Rows are samples; results are plain arrays of arrays.
 *
 * @example
 * const network = new Network([2, 4, 1]);
 * const x = [[0, 0], [0, 1], [1, 0], [1, 1]];
 * network.train(x, [[0], [1], [1], [0]], { epochs: 1000 }).final_cost;
 * network.predict(x);
 */
export class Network {
  #views;

  /**
   * @param {number[]} layers The numbers of neurons n_1, ..., n_L, from the input to the output.
   * @param {Object} options
   * @param {string|string[]} options.activations One name for all layers after the input, or one
   *   for each: "sigmoid" ("logistic"), "tanh", "relu", "leaky_relu", "softplus", "identity"
   *   ("linear"), "softmax" (output layer). Default "sigmoid".
   * @param {string} options.init How weights are drawn: "xavier" (default), "he", "torch", "uniform".
   * @param {number} options.seed The seed of the starting weights; default 42.
   * @param {?number[][][]} options.weights Starting weights by hand, a list over the layers 2..L of
   *   n_l rows of n_{l-1} values; then biases that are not given are 0.
   * @param {?number[][]} options.biases Starting biases by hand, a list over the layers 2..L.
   * @throws {InputError} If an argument is not of that kind; the message says what is allowed.
   */
  constructor(layers, options = {}) {
    checkOptions(options, OPTIONS);
    const settings = checkNetwork({ ...options, layers }, DIRECT);
    /** The numbers of neurons, from the input to the output. */
    this.layers = Object.freeze(settings.layers);
    /** The activation of each layer after the input; aliases replaced. */
    this.activations = Object.freeze(settings.activations);
    /** All weights, then all biases. Change its numbers as you like, but keep the array. */
    this.parameters = new Float64Array(offsets(settings.layers).biases.at(-1));
    this.#views = views(settings.layers, this.parameters);
    if (settings.weights === null) {
      drawParameters(this.parameters, settings.layers, settings.init, settings.seed);
    } else {
      settings.weights.forEach((matrix, i) => this.#views.weights[i].set(matrix));
    }
    if (settings.biases !== null) {
      settings.biases.forEach((vector, i) => this.#views.biases[i].set(vector));
    }
  }

  /** The weights W[2..L], a list of arrays of rows; row k holds the weights into neuron k. A copy. */
  get weights() {
    return asLists(this.layers, this.parameters).weights;
  }

  /** The biases b[2..L], a list of arrays. A copy. */
  get biases() {
    return asLists(this.layers, this.parameters).biases;
  }

  /**
   * The forward pass: z[l] = W[l] a[l-1] + b[l], a[l] = f_l(z[l]).
   *
   * @param {number[][]} x The inputs, n rows of n_1 values.
   * @param {Object} options
   * @param {string} options.arithmetic "fast" (default) or "portable": the machine's own sums and
   *   elementary functions, or those that give the same bits on every computer and in every language
   *   (section 19 of docs/contract.md).
   * @returns {{z: number[][][], a: number[][][]}} z of the layers 2..L and a of the layers 1..L
   *   (a[1] = x), each n rows of n_l values.
   * @throws {InputError} If an argument is not of that kind.
   */
  forward(x, options = {}) {
    checkOptions(options, ["arithmetic"]);
    const arithmetic = checkArithmetic(options.arithmetic ?? "fast", "arithmetic");
    const flat = checkMatrix(x, "x", this.layers[0]);
    return this.#forwardRows(this.#forward(flat, x.length, arithmetic), x.length);
  }

  /**
   * The outputs a[L] for the inputs x.
   *
   * @param {number[][]} x The inputs, n rows of n_1 values.
   * @param {Object} options
   * @param {string} options.arithmetic As for `forward`.
   * @returns {number[][]} n rows of n_L values.
   * @throws {InputError} If an argument is not of that kind.
   */
  predict(x, options = {}) {
    return this.forward(x, options).a.at(-1);
  }

  /**
   * The cost: the mean over the samples, and the penalty of weight decay.
   *
   * @param {number[][]} x The inputs, n rows of n_1 values.
   * @param {number[][]} d The desired outputs, n rows of n_L values; for one output a vector of n
   *   values will do.
   * @param {Object} options
   * @param {string} options.cost "half_mse" (default), "half_sse", "mse" or "cross_entropy".
   * @param {number} options.weightDecay lambda of the penalty lambda / 2 * sum of W^2; default 0.
   * @param {string} options.arithmetic As for `forward`.
   * @returns {number}
   * @throws {InputError} If an argument is not of that kind.
   *
   * @example
   * const network = new Network([1, 1], { activations: "identity", weights: [[[1]]] });
   * network.meanCost([[3]], [[1]]); // 2
   */
  meanCost(x, d, options = {}) {
    checkOptions(options, ["cost", "weightDecay", "arithmetic"]);
    const { cost, rule, arithmetic } = this.#checkHow(options);
    const weightDecay = checkNumber(options.weightDecay ?? 0, "weightDecay");
    const flat = checkMatrix(x, "x", this.layers[0]);
    const desired = this.#checkDesired(d, x.length, cost);
    const how = learning(this.layers, this.activations, cost, rule, arithmetic);
    return exactCost(this, flat, desired, x.length, how, weightDecay).measure();
  }

  /**
   * The backward pass: errors, deltas and gradients; nothing moves.
   *
   * @param {{z: number[][][], a: number[][][]}} forward What `forward(x)` returned.
   * @param {number[][]} d The desired outputs, n rows of n_L values; for one output a vector of n
   *   values will do.
   * @param {Object} options
   * @param {string} options.cost "half_mse" (default), "half_sse", "mse" or "cross_entropy".
   * @param {string} options.rule How the error reaches the layer before: "gradient" (default),
   *   "transpose", "proportional" or "proportional_abs".
   * @param {string} options.arithmetic As for `forward`.
   * @returns {{e: number[][][], delta: number[][][], gradWeights: number[][][],
   *   gradBiases: number[][]}} Lists over the layers 2..L: e and delta, n rows of n_l values each;
   *   the gradients of the data's cost, in the shapes of the weights and the biases.
   * @throws {InputError} If an argument is not of that kind.
   * @throws {DenominatorError} If a rule divides by a sum of weights that is 0 or nearly 0.
   */
  backward(forward, d, options = {}) {
    checkOptions(options, ["cost", "rule", "arithmetic"]);
    const { cost, rule, arithmetic } = this.#checkHow(options);
    const { passed, rows } = this.#checkForward(forward);
    const desired = this.#checkDesired(d, rows, cost);
    return this.#withNetwork(() => {
      const how = learning(this.layers, this.activations, cost, rule, arithmetic);
      const result = backwardBuffers(this.layers, rows);
      const gradients = new Float64Array(this.parameters.length);
      const parts = views(this.layers, gradients);
      backwardPass(this.#views.weights, desired, how, rows, passed, result, parts);
      return this.#backwardRows(result, gradients, rows);
    });
  }

  /**
   * Move the weights and biases by one update of the optimiser.
   *
   * @param {{gradWeights: number[][][], gradBiases: number[][]}} gradients What `backward` returned.
   * @param {Optimizer|string|null} optimizer An optimiser, which keeps its memory from update to
   *   update, or the name of one with its defaults; default "sgd".
   * @param {Object} options
   * @param {string} options.arithmetic As for `forward`.
   * @throws {InputError} If an argument is not of that kind.
   */
  update(gradients, optimizer = null, options = {}) {
    checkOptions(options, ["arithmetic"]);
    const arithmetic = checkArithmetic(options.arithmetic ?? "fast", "arithmetic");
    checkObject(gradients, "gradients");
    const moving = asOptimizer(optimizer);
    const flat = new Float64Array(this.parameters.length);
    const parts = views(this.layers, flat);
    checkWeights(gradients.gradWeights, "gradWeights", this.layers).forEach((matrix, i) =>
      parts.weights[i].set(matrix),
    );
    checkBiases(gradients.gradBiases, "gradBiases", this.layers).forEach((vector, i) =>
      parts.biases[i].set(vector),
    );
    const { weights } = offsets(this.layers);
    moveAll(moving, this.parameters, flat, weights.at(-1), ARITHMETICS[arithmetic]);
  }

  /**
   * One step on one batch: forward, backward, update.
   *
   * @param {number[][]} x The inputs, n rows of n_1 values.
   * @param {number[][]} d The desired outputs, n rows of n_L values; for one output a vector of n
   *   values will do.
   * @param {Object} options
   * @param {string} options.cost As for `backward`.
   * @param {string} options.rule As for `backward`.
   * @param {string} options.updateOrder "simultaneous" (default): all gradients exist before any
   *   weight moves; "output_first": a layer moves before the error goes back through it.
   * @param {Optimizer|string|null} options.optimizer As for `update`.
   * @param {string} options.arithmetic As for `forward`.
   * @returns {{forward: Object, backward: Object}} What `forward` and `backward` return.
   * @throws {InputError} If an argument is not of that kind.
   * @throws {DenominatorError} If a rule divides by a sum of weights that is 0 or nearly 0; the
   *   network keeps its weights from before the step.
   */
  step(x, d, options = {}) {
    checkOptions(options, ["cost", "rule", "updateOrder", "optimizer", "arithmetic"]);
    const { cost, rule, updateOrder, optimizer, arithmetic } = this.#checkHow(options);
    const flat = checkMatrix(x, "x", this.layers[0]);
    const rows = x.length;
    const desired = this.#checkDesired(d, rows, cost);
    return this.#withNetwork(() => {
      const how = learning(this.layers, this.activations, cost, rule, arithmetic);
      const passed = this.#forward(flat, rows, arithmetic);
      const result = backwardBuffers(this.layers, rows);
      const gradients = new Float64Array(this.parameters.length);
      const parts = views(this.layers, gradients);
      const starts = offsets(this.layers);
      const outputFirst = updateOrder === "output_first";
      const mover = outputFirst
        ? layerMover(optimizer, this.parameters, gradients, starts, how.arithmetic)
        : null;
      if (outputFirst) optimizer.startUpdate(gradients.length);
      backwardPass(this.#views.weights, desired, how, rows, passed, result, parts, mover);
      if (!outputFirst) {
        moveAll(optimizer, this.parameters, gradients, starts.weights.at(-1), how.arithmetic);
      }
      return {
        forward: this.#forwardRows(passed, rows),
        backward: this.#backwardRows(result, gradients, rows),
      };
    });
  }

  /**
   * Train on x and d; the network keeps the final weights.
   *
   * @param {number[][]} x The inputs, n rows of n_1 values.
   * @param {number[][]} d The desired outputs, n rows of n_L values; for one output a vector of n
   *   values will do.
   * @param {Object} options
   * @param {string} options.cost As for `backward`.
   * @param {string} options.rule As for `backward`.
   * @param {string} options.updateOrder As for `step`.
   * @param {Optimizer|string|null} options.optimizer As for `update`.
   * @param {?number} options.batchSize How many rows make an update; null: all. Default 1.
   * @param {number} options.epochs How often all rows are gone through; default 1000.
   * @param {boolean} options.shuffle Whether each epoch has its own order of rows; default false.
   * @param {number} options.seed The seed of these orders and of dropout; default 42.
   * @param {number[]} options.snapshots After which updates to keep the weights; default none.
   * @param {number|string|null} options.record Record what updates did: every update ("steps"), or
   *   the updates 1, 1 + k, 1 + 2k, ...; default null, none. A recording holds at most 2^23 numbers
   *   (64 MiB); where more would come, every second step is dropped and k doubles, but two steps are
   *   always kept.
   * @param {number[]|null} options.sampleWeight A weight >= 0 for each sample (n), not all 0: its
   *   share in gradients and costs, as w over the mean of all w. With the full batch, a weight of 2
   *   is the row twice, and a weight of 0 the row left out. Default null: all have the same.
   * @param {number|number[]} options.dropout Share from 0 to below 1 of the units of a hidden layer
   *   that each sample of a batch goes without, at random: one number, or one for each hidden layer;
   *   default 0. The other activations are divided by 1 - dropout, so that predictions need none of
   *   it. Costs of epochs are those of the passes with dropout, all other costs without.
   * @param {?number} options.clipNorm Largest norm of the gradient, of all weights and biases
   *   together, without weight decay: a longer one is shortened to it; default null, no limit. Not
   *   with update order "output_first".
   * @param {string|Object|null} options.schedule How the learning rate changes from epoch to epoch,
   *   by a name or an object of name and parameters. Epoch t of T on n rows has the optimiser's
   *   learning rate times "exponential": gamma^(t-1), gamma 0.95; "step": gamma^floor((t-1)/every),
   *   gamma 0.1, every 30; "cosine": (1 + cos(pi (t-1)/T)) / 2; "inverse": 1 / (1 + n (t-1))^power,
   *   power 0.5. Default null: it stays. Not with rprop, whose steps do not follow the learning rate.
   * @param {string} options.arithmetic As for `forward`.
   * @param {?function(number, number)} options.onEpoch Called after each epoch with its number, from
   *   1, and its cost; if it returns true, the training ends there.
   * @returns {Object} The run, as in section 8 of docs/contract.md: `updates`, `seconds`,
   *   `initial_cost`, `cost` (of each epoch), `final_cost`, `outputs`, `errors`, `weights`, `biases`,
   *   `fingerprint` (32 digits that stand for costs, weights and biases, bit by bit),
   *   and `snapshots` and `recording` if asked for. A recording has its `interval` and its `steps`:
   *   `update` and `epoch`, the numbers of its `rows` (from 1), `cost` (of the batch, before the
   *   update), `weights` and `biases` (the ones it started from), `e`, `grad_weights`, `grad_biases`.
   *   Three more properties are no part of the run's file and not
   *   enumerable: `network`, a copy of the trained one; `settings`, what it was trained by; and
   *   `warning`, if 100 updates or more end without having learned (with a cost that is not clearly
   *   below that of the best constant prediction), which says why, as far as `diagnose` can tell; else
   *   null.
   * @throws {InputError} If an argument is not of that kind.
   * @throws {DivergenceError} If the cost or a weight becomes NaN or Inf; the network keeps its
   *   weights from before that epoch, and the error's `network` is the network.
   * @throws {DenominatorError} If a rule divides by a sum of weights that is 0 or nearly 0; likewise.
   *   Both errors carry the steps up to the failure as `recording`, if `record` asks for them.
   *
   * @example
   * // A recorded step again, from its weights.
   * const run = network.train(x, d, { epochs: 2, record: "steps" });
   * const { rows, weights, biases, e } = run.recording.steps[6];
   * const again = new Network(network.layers, { weights, biases });
   * const take = (from) => rows.map((row) => from[row - 1]);
   * again.backward(again.forward(take(x)), take(d)).e; // what e holds
   */
  train(x, d, options = {}) {
    checkOptions(options, [...Object.keys(TRAINING_DEFAULTS), "sampleWeight", "onEpoch"]);
    const settings = this.#checkHow(options);
    const onEpoch = checkFunction(options.onEpoch ?? null, "onEpoch");
    const flat = checkMatrix(x, "x", this.layers[0]);
    const desired = this.#checkDesired(d, x.length, settings.cost);
    settings.sampleWeight = checkSampleWeight(
      options.sampleWeight ?? null,
      "sampleWeight",
      x.length,
    );
    checkBatchSize(settings.batchSize, "batchSize", x.length);
    const run = train(this, flat, desired, x.length, settings, onEpoch);
    const { layers, activations, weights, biases } = this;
    const network = new Network(layers, { activations, weights, biases });
    Object.defineProperties(run, {
      network: { value: network },
      settings: { value: runSettings(settings, x.length) },
    });
    return Object.defineProperty(run, "warning", { value: notLearned(run, x, d) });
  }

  #forward(x, rows, arithmetic) {
    const passed = forwardBuffers(this.layers, rows, x);
    const activations = this.activations.map((name) => ACTIVATIONS[name]);
    const how = { layers: this.layers, activations, arithmetic: ARITHMETICS[arithmetic] };
    forwardPass(this.#views.weights, this.#views.biases, how, rows, passed);
    return passed;
  }

  #forwardRows({ z, a }, rows) {
    return {
      z: z.map((flat, i) => toRows(flat, rows, this.layers[i + 1])),
      a: a.map((flat, i) => toRows(flat, rows, this.layers[i])),
    };
  }

  #backwardRows({ e, delta }, gradients, rows) {
    const perLayer = (list) => list.map((flat, i) => toRows(flat, rows, this.layers[i + 1]));
    const { weights, biases } = asLists(this.layers, gradients);
    return { e: perLayer(e), delta: perLayer(delta), gradWeights: weights, gradBiases: biases };
  }

  #checkHow(options) {
    const settings = checkTraining(options, DIRECT, asOptimizer, this.layers.length - 2);
    checkCostFits(settings.cost, this.activations.at(-1));
    return settings;
  }

  #checkForward(forward) {
    checkObject(forward, "forward");
    const count = this.layers.length;
    const { z, a } = forward;
    if (!isList(z) || !isList(a) || z.length !== count - 1 || a.length !== count) {
      throw new InputError("forward must be what the network's forward() returned");
    }
    const rows = isList(a[0]) ? a[0].length : 0;
    const check = (list, name, units, layer) =>
      checkMatrix(list, `forward.${name} layer ${layer}`, units, rows);
    return {
      rows,
      passed: {
        z: Array.from(z, (list, i) => check(list, "z", this.layers[i + 1], i + 2)),
        a: Array.from(a, (list, i) => check(list, "a", this.layers[i], i + 1)),
      },
    };
  }

  #checkDesired(d, rows, cost) {
    const units = this.layers.at(-1);
    const flat = checkMatrix(asRows(d, units), "d", units);
    checkSameRows(d.length, "d", rows, "x");
    checkTargets(flat, "d", units, cost, this.activations.at(-1));
    return flat;
  }

  /** Run `compute`; if it fails, the network keeps its weights, and the error holds the network. */
  #withNetwork(compute) {
    const before = this.parameters.slice();
    try {
      return compute();
    } catch (error) {
      this.parameters.set(before);
      if (error instanceof TrainingError) error.network = this;
      throw error;
    }
  }
}
