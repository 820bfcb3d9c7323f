// Optimisers, by torch's definitions. Twins: python/twinprop/optimizers.py, r/optimizers.R.
//
// Section 4 of docs/contract.md. Each step function moves the entries [from, to) of a flat array of
// parameters in place; the gradients it is given stay as they are.

import { FAST } from "./arithmetic.js";
import {
  checkBetas,
  checkChoice,
  checkEtas,
  checkFraction,
  checkKeys,
  checkNumber,
  checkObject,
  checkStepSizes,
  checkSwitch,
  DIRECT,
  frozen,
  label,
  valueOr,
} from "./checks.js";
import { InputError } from "./errors.js";

/** G: the gradient with that of the penalty; without weight decay as it is, its sign of 0 too. */
function withDecay(gradient, decay, parameter) {
  return decay === 0 ? gradient : gradient + decay * parameter;
}

/** v = momentum v + G; W -= eta v, or eta (G + momentum v) with nesterov; torch.optim.SGD. */
function sgd(parameters, gradients, from, to, decay, { velocity }, settings) {
  const { learningRate, momentum, nesterov } = settings;
  if (momentum === 0) {
    for (let i = from; i < to; i++) {
      parameters[i] -= learningRate * withDecay(gradients[i], decay, parameters[i]);
    }
    return;
  }
  for (let i = from; i < to; i++) {
    const gradient = withDecay(gradients[i], decay, parameters[i]);
    velocity[i] = momentum * velocity[i] + gradient;
    parameters[i] -= learningRate * (nesterov ? gradient + momentum * velocity[i] : velocity[i]);
  }
}

/** v = alpha v + (1 - alpha) G^2; W -= eta G / (sqrt(v) + eps); torch.optim.RMSprop. */
function rmsprop(parameters, gradients, from, to, decay, { square, velocity }, settings) {
  const { learningRate, alpha, eps, momentum } = settings;
  for (let i = from; i < to; i++) {
    const gradient = withDecay(gradients[i], decay, parameters[i]);
    square[i] = alpha * square[i] + (1 - alpha) * (gradient * gradient);
    const r = gradient / (Math.sqrt(square[i]) + eps);
    if (momentum !== 0) velocity[i] = momentum * velocity[i] + r;
    parameters[i] -= learningRate * (momentum === 0 ? r : velocity[i]);
  }
}

/** Kingma and Ba (2015), algorithm 1, with eps where torch.optim.Adam has it. */
function adam(parameters, gradients, from, to, decay, { mean, square }, settings, t, arithmetic) {
  const { learningRate, betas, eps } = settings;
  const [beta1, beta2] = betas;
  const rate = learningRate / (1 - arithmetic.power(beta1, t));
  const root = Math.sqrt(1 - arithmetic.power(beta2, t));
  for (let i = from; i < to; i++) {
    const gradient = withDecay(gradients[i], decay, parameters[i]);
    mean[i] = beta1 * mean[i] + (1 - beta1) * gradient;
    square[i] = beta2 * square[i] + (1 - beta2) * (gradient * gradient);
    parameters[i] -= rate * (mean[i] / (Math.sqrt(square[i]) / root + eps));
  }
}

/** Riedmiller and Braun (1993) without weight backtracking; torch.optim.Rprop. */
function rprop(parameters, gradients, from, to, decay, { previous, step }, settings) {
  const { etas, stepSizes } = settings;
  const [shrink, grow] = etas;
  const [smallest, largest] = stepSizes;
  for (let i = from; i < to; i++) {
    let gradient = withDecay(gradients[i], decay, parameters[i]);
    // A product that underflows to 0 leaves the step as it is, as torch has it.
    const agreement = gradient * previous[i];
    if (agreement > 0) step[i] *= grow;
    if (agreement < 0) {
      step[i] *= shrink;
      gradient = 0;
    }
    step[i] = Math.min(Math.max(step[i], smallest), largest);
    parameters[i] -= Math.sign(gradient + 0) * step[i]; // the sign of -0 would be -0
    previous[i] = gradient;
  }
}

/**
 * The optimisers by name. Of each:
 * - `defaults`: its own parameters and their defaults, under torch's names in camelCase.
 * - `state`: names and starting values of the arrays that it keeps from update to update; a starting
 *   value that is a string names a setting.
 * - `step(parameters, gradients, from, to, decay, state, settings, t, arithmetic)`: one update of the
 *   entries [from, to), in place; t counts the updates from 1.
 */
export const OPTIMIZERS = frozen({
  sgd: {
    defaults: { learningRate: 0.5, momentum: 0, nesterov: false },
    state: { velocity: 0 },
    step: sgd,
  },
  momentum: {
    defaults: { learningRate: 0.5, momentum: 0.9, nesterov: false },
    state: { velocity: 0 },
    step: sgd,
  },
  nesterov: {
    defaults: { learningRate: 0.5, momentum: 0.9, nesterov: true },
    state: { velocity: 0 },
    step: sgd,
  },
  rmsprop: {
    defaults: { learningRate: 0.01, alpha: 0.99, eps: 1e-8, momentum: 0 },
    state: { square: 0, velocity: 0 },
    step: rmsprop,
  },
  adam: {
    defaults: { learningRate: 0.001, betas: [0.9, 0.999], eps: 1e-8 },
    state: { mean: 0, square: 0 },
    step: adam,
  },
  rprop: {
    defaults: { learningRate: 0.01, etas: [0.5, 1.2], stepSizes: [1e-6, 50] },
    state: { previous: 0, step: "learningRate" },
    step: rprop,
  },
});

const CHECKS = {
  learningRate: checkNumber,
  weightDecay: checkNumber,
  momentum: checkFraction,
  nesterov: checkSwitch,
  alpha: checkFraction,
  eps: checkNumber,
  betas: checkBetas,
  etas: checkEtas,
  stepSizes: checkStepSizes,
};

/**
 * Return the complete settings of an optimiser, its name included, in camelCase.
 *
 * @param {Object} given Settings in the spelling of `naming`.
 * @param {Object} naming How they are spelled and named: DIRECT, or inPlan("training.optimizer").
 * @param {string} where Where they stand, for messages.
 */
export function checkOptimizer(given, naming, where) {
  const name = checkChoice(
    valueOr(given, naming, "name", "sgd"),
    label(naming, "name"),
    Object.keys(OPTIMIZERS),
  );
  const { learningRate, ...own } = OPTIMIZERS[name].defaults;
  const defaults = { learningRate, weightDecay: 0, ...own };
  checkKeys(given, where, ["name", ...Object.keys(defaults)].map(naming.spell));
  const settings = { name };
  for (const [key, absent] of Object.entries(defaults)) {
    settings[key] = CHECKS[key](valueOr(given, naming, key, absent), label(naming, key));
  }
  if (settings.nesterov && settings.momentum === 0) {
    throw new InputError(`${label(naming, "nesterov")} needs a momentum above 0, got momentum 0`);
  }
  return settings;
}

/**
 * An optimiser: its settings, and what it remembers from update to update.
 *
 * @example
 * new Optimizer("adam", { learningRate: 0.01 }).settings.betas; // [0.9, 0.999]
 */
export class Optimizer {
  #state = {};
  #size = 0;
  #step;

  /**
   * @param {string} name "sgd", "momentum", "nesterov", "rmsprop", "adam" or "rprop".
   * @param {Object} parameters `learningRate`, `weightDecay` and the optimiser's own parameters
   *   under torch's names: `momentum`, `nesterov`, `alpha`, `eps`, `betas`, `etas`, `stepSizes`.
   *   Defaults are in OPTIMIZERS.
   * @throws {InputError} If a name is unknown or a value out of its range.
   */
  constructor(name = "sgd", parameters = {}) {
    const given = { name, ...checkObject(parameters, "parameters") };
    /** All settings, defaults filled in. */
    this.settings = checkOptimizer(given, DIRECT, "optimizer");
    this.#step = OPTIMIZERS[this.settings.name].step;
    /** How many updates it has made. */
    this.updates = 0;
  }

  /** What it remembers: arrays over all weights, then all biases; empty at the start. */
  get state() {
    return this.#state;
  }

  /** What the entries of `state[name]` are before the first update. */
  startOf(name) {
    const start = OPTIMIZERS[this.settings.name].state[name];
    return typeof start === "string" ? this.settings[start] : start;
  }

  /** An optimiser of the same settings that remembers the same, in arrays of its own. */
  copy() {
    const { name, ...parameters } = this.settings;
    const made = new Optimizer(name, parameters);
    for (const [key, values] of Object.entries(this.#state)) made.#state[key] = values.slice();
    made.#size = this.#size;
    made.updates = this.updates;
    return made;
  }

  /** Count an update of `size` parameters; the first makes the state. */
  startUpdate(size) {
    if (this.#size === 0) {
      for (const name of Object.keys(OPTIMIZERS[this.settings.name].state)) {
        this.#state[name] = new Float64Array(size).fill(this.startOf(name));
      }
      this.#size = size;
    }
    if (this.#size !== size) {
      throw new InputError(
        `optimizer has state for a network of ${this.#size} parameters, got one of ${size}; ` +
          "make a new one",
      );
    }
    this.updates += 1;
  }

  /**
   * Move parameters[from], ..., parameters[to - 1] in place by the current update.
   *
   * @param {Float64Array} parameters All parameters of the network.
   * @param {Float64Array} gradients The gradients of the data's cost, in the same order.
   * @param {number} from
   * @param {number} to
   * @param {boolean} areWeights Whether weight decay applies (it never does to biases).
   * @param {Object} arithmetic One of arithmetic.js's records.
   */
  move(parameters, gradients, from, to, areWeights, arithmetic = FAST) {
    const { settings, updates } = this;
    const decay = areWeights ? settings.weightDecay : 0;
    this.#step(parameters, gradients, from, to, decay, this.#state, settings, updates, arithmetic);
  }
}

/** Shorten gradients in place to the norm `clipNorm` if theirs is larger. */
export function clipGradient(gradients, clipNorm) {
  let largest = 0;
  for (let i = 0; i < gradients.length; i++) largest = Math.max(largest, Math.abs(gradients[i]));
  if (largest === 0) return;
  let sum = 0;
  // The squares of the parts do not overflow.
  for (let i = 0; i < gradients.length; i++) {
    const part = gradients[i] / largest;
    sum += part * part;
  }
  const norm = largest * Math.sqrt(sum);
  if (norm > clipNorm) {
    for (let i = 0; i < gradients.length; i++) gradients[i] *= clipNorm / norm;
  }
}

/** Return an Optimizer, made by name (with its defaults) if need be; null is "sgd". */
export function asOptimizer(optimizer) {
  if (optimizer instanceof Optimizer) return optimizer;
  if (optimizer === null || optimizer === undefined) return new Optimizer();
  return new Optimizer(checkChoice(optimizer, "optimizer", Object.keys(OPTIMIZERS)));
}
