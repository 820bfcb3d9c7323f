// The training loop. Twins: python/twinprop/training.py, r/training.R.
//
// Section 6 of docs/contract.md. Everything is checked and allocated before the first update; an
// update allocates nothing, unless samples are weighted or units dropped out.

import { checkArithmetic } from "./arithmetic.js";
import {
  asLists,
  backwardBuffers,
  backwardPass,
  drawMasks,
  dropoutBuffers,
  forwardBuffers,
  forwardPass,
  layerMover,
  learning,
  moveAll,
  offsets,
  RULES,
  toRows,
  UPDATE_ORDERS,
  views,
} from "./backprop.js";
import {
  checkChoice,
  checkClipNorm,
  checkDropout,
  checkInteger,
  checkRecord,
  checkSeed,
  checkSnapshots,
  checkSwitch,
  describe,
  frozen,
  label,
  valueOr,
} from "./checks.js";
import { COSTS, penalty } from "./costs.js";
import { DivergenceError, InputError, TrainingError } from "./errors.js";
import { fingerprintOf } from "./fingerprint.js";
import { clipGradient } from "./optimizers.js";
import { RandomStream } from "./random.js";
import { Recorder } from "./recorder.js";
import { checkSchedule, learningRateAt } from "./schedules.js";

/** The package's version, as in package.json. */
export const VERSION = "0.1.0";

/** How run files name this engine and their format. */
const ENGINE = "js";
const RUN_FORMAT = "twinprop-run/1";

/** The settings of a training and their defaults, in the order of the plan. */
export const TRAINING_DEFAULTS = frozen({
  cost: "half_mse",
  rule: "gradient",
  updateOrder: "simultaneous",
  optimizer: null,
  batchSize: 1,
  epochs: 1000,
  shuffle: false,
  seed: 42,
  snapshots: [],
  record: null,
  dropout: 0,
  clipNorm: null,
  schedule: null,
  arithmetic: "fast",
});

/**
 * Return the complete settings of a training, in camelCase. The batch size is checked by
 * checkBatchSize once the rows are known.
 *
 * @param {Object} given Settings in the spelling of `naming`.
 * @param {Object} naming How they are spelled and named: DIRECT, or inPlan("training").
 * @param {function} checkOptimizer Checks the optimizer.
 * @param {number} hidden How many hidden layers there are.
 */
export function checkTraining(given, naming, checkOptimizer, hidden) {
  const check = (key, checked, ...allowed) =>
    checked(valueOr(given, naming, key, TRAINING_DEFAULTS[key]), label(naming, key), ...allowed);
  const checked = {
    cost: check("cost", checkChoice, Object.keys(COSTS)),
    rule: check("rule", checkChoice, Object.keys(RULES)),
    updateOrder: check("updateOrder", checkChoice, UPDATE_ORDERS),
    optimizer: check("optimizer", checkOptimizer),
    batchSize: valueOr(given, naming, "batchSize", TRAINING_DEFAULTS.batchSize),
    epochs: check("epochs", checkInteger, 0),
    shuffle: check("shuffle", checkSwitch),
    seed: check("seed", checkSeed),
    snapshots: check("snapshots", checkSnapshots),
    record: check("record", checkRecord),
    dropout: check("dropout", checkDropout, hidden),
  };
  const { optimizer, updateOrder } = checked;
  const { name } = optimizer.settings ?? optimizer;
  return {
    ...checked,
    clipNorm: check("clipNorm", checkClipNorm, updateOrder),
    schedule: check("schedule", checkSchedule, name),
    arithmetic: check("arithmetic", checkArithmetic),
  };
}

/** Refuse a batch size that is neither null (all rows) nor from 1 to the number of rows. */
export function checkBatchSize(value, name, rows) {
  if (value !== null && (!Number.isInteger(value) || value < 1 || value > rows)) {
    throw new InputError(
      `${name} must be null or an integer from 1 to ${rows} (the number of rows), ` +
        `got ${describe(value)}`,
    );
  }
  return value;
}

/** What a run was trained by, as plain values. */
export function runSettings(
  { snapshots, record, optimizer, batchSize, sampleWeight, ...others },
  rows,
) {
  return {
    ...others,
    optimizer: { ...optimizer.settings },
    batchSize: batchSize ?? rows,
    sampleWeight: sampleWeight && Array.from(sampleWeight),
  };
}

function allFinite(values) {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** Copy row `from[source]` of a flat array to row `target` of another. */
function copyRow(from, source, columns, to, target) {
  for (let j = 0; j < columns; j++) to[target * columns + j] = from[source * columns + j];
}

/** Weights of samples, divided by their mean. */
function withMean1(sampleWeight) {
  const largest = sampleWeight.reduce((most, weight) => Math.max(most, weight), 0);
  const shares = sampleWeight.map((weight) => weight / largest); // whose sum does not overflow
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => share * (shares.length / sum));
}

export function diverged(epoch, optimizer) {
  return new DivergenceError(
    `the cost or a weight became NaN or Inf in epoch ${epoch}; the network keeps its weights ` +
      "from before that epoch. Try a smaller learning_rate " +
      `(now ${describe(optimizer.settings.learningRate)}), standardised inputs or smaller ` +
      "starting weights",
  );
}

/**
 * A function that measures the network over all samples: the exact cost, with the penalty. The
 * outputs are then in `outputs`. The samples' weights have mean 1.
 */
export function exactCost(network, x, d, rows, how, weightDecay, sampleWeight = null) {
  const { layers, parameters } = network;
  const { weights, biases } = views(layers, parameters);
  const allWeights = parameters.subarray(0, offsets(layers).weights.at(-1));
  const passed = forwardBuffers(layers, rows, x);
  const [z, outputs] = [passed.z.at(-1), passed.a.at(-1)];
  const measure = () => {
    forwardPass(weights, biases, how, rows, passed);
    const units = layers.at(-1);
    const sum = how.cost(z, outputs, d, rows, units, how.arithmetic, sampleWeight);
    return sum / rows + penalty(allWeights, weightDecay);
  };
  return { measure, outputs };
}

/** One update of a network from rows of x and d: forward, backward, and the weights moved. */
class Update {
  constructor(network, x, d, how, settings, batchSize, sampleWeight) {
    const { layers, parameters } = network;
    const { optimizer, updateOrder, dropout, clipNorm } = settings;
    this.x = x;
    this.d = d;
    this.how = how;
    this.optimizer = optimizer;
    this.clipNorm = clipNorm;
    this.sampleWeight = sampleWeight;
    this.batchWeight = sampleWeight === null ? null : new Float64Array(batchSize);
    this.inputs = layers[0];
    this.outputs = layers.at(-1);
    this.parameters = parameters;
    this.gradients = new Float64Array(parameters.length);
    this.parameterViews = views(layers, parameters);
    this.gradientViews = views(layers, this.gradients);
    this.weightCount = offsets(layers).weights.at(-1);
    this.batchX = new Float64Array(batchSize * this.inputs);
    this.batchD = new Float64Array(batchSize * this.outputs);
    this.forward = forwardBuffers(layers, batchSize, this.batchX);
    this.backward = backwardBuffers(layers, batchSize);
    const rates = layers
      .slice(1, -1)
      .map((_, i) => (Array.isArray(dropout) ? dropout[i] : dropout));
    this.dropout = rates.some((rate) => rate > 0)
      ? dropoutBuffers(layers, batchSize, rates, this.forward.a)
      : null;
    this.lastZ = this.forward.z.at(-1);
    this.lastA = this.forward.a.at(-1);
    this.mover =
      updateOrder === "output_first"
        ? layerMover(optimizer, parameters, this.gradients, offsets(layers), how.arithmetic)
        : null;
  }

  /**
   * Make the update from the rows order[from], ..., order[to - 1]; the stream is for dropout. Returns
   * the sum of the costs that these samples had in its forward pass, without the penalty.
   */
  make(order, from, to, stream) {
    const { how, batchX, batchD, parameterViews, parameters, optimizer, mover } = this;
    const { batchWeight, dropout } = this;
    const rows = to - from;
    for (let row = 0; row < rows; row++) {
      copyRow(this.x, order[from + row], this.inputs, batchX, row);
      copyRow(this.d, order[from + row], this.outputs, batchD, row);
    }
    if (batchWeight !== null) {
      for (let row = 0; row < rows; row++) batchWeight[row] = this.sampleWeight[order[from + row]];
    }
    if (dropout !== null) drawMasks(dropout, how.layers, rows, stream);
    const { weights, biases } = parameterViews;
    forwardPass(weights, biases, how, rows, this.forward, dropout);
    const cost = this.cost(rows);
    if (mover !== null) optimizer.startUpdate(parameters.length);
    backwardPass(
      weights,
      batchD,
      how,
      rows,
      this.forward,
      this.backward,
      this.gradientViews,
      mover,
      batchWeight,
      dropout,
    );
    if (this.clipNorm !== null) clipGradient(this.gradients, this.clipNorm);
    if (mover === null) {
      moveAll(optimizer, parameters, this.gradients, this.weightCount, how.arithmetic);
    }
    return cost;
  }

  /** The sum of the costs of the batch's rows, as they are after its forward pass. */
  cost(rows) {
    const { how, lastZ, lastA, batchD, outputs, batchWeight } = this;
    return how.cost(lastZ, lastA, batchD, rows, outputs, how.arithmetic, batchWeight);
  }

  /**
   * What the update that was made last did, as a recording has it: from its epoch, its rows as for
   * `make`, the parameters that it started from and the penalty of these.
   */
  record(update, epoch, order, from, to, startedFrom, penaltyThen) {
    const { layers } = this.how;
    const rows = to - from;
    const cost = this.cost(rows);
    const started = asLists(layers, startedFrom);
    const gradients = asLists(layers, this.gradients);
    return {
      update,
      epoch,
      rows: Array.from(order.slice(from, to), (row) => row + 1),
      cost: cost / rows + penaltyThen,
      weights: started.weights,
      biases: started.biases,
      e: this.backward.e.map((flat, i) => toRows(flat, rows, layers[i + 1])),
      grad_weights: gradients.weights,
      grad_biases: gradients.biases,
    };
  }
}

/**
 * Train a network with settings that were checked.
 *
 * @param {Network} network Its parameters are moved.
 * @param {Float64Array} x The inputs, flat (rows * n_1).
 * @param {Float64Array} d The desired outputs, flat (rows * n_L).
 * @param {number} rows How many samples.
 * @param {Object} settings What checkTraining returned, with an Optimizer, and the samples'
 *   `sampleWeight`, if any.
 * @param {?function(number, number)} onEpoch Called with each epoch's number and cost; if it returns
 *   true, the training ends there.
 * @returns {Object} The run, as in section 8 of the contract.
 */
export function train(network, x, d, rows, settings, onEpoch = null) {
  const started = performance.now();
  const { cost: costName, rule, optimizer, epochs, shuffle, seed, schedule } = settings;
  const { layers, activations, parameters } = network;
  const batchSize = settings.batchSize ?? rows;
  const how = learning(layers, activations, costName, rule, settings.arithmetic);
  const { weightDecay, learningRate } = optimizer.settings;
  const allWeights = parameters.subarray(0, offsets(layers).weights.at(-1));
  const given = settings.sampleWeight ?? null;
  const sampleWeight = given === null ? null : withMean1(given);
  const { measure, outputs } = exactCost(network, x, d, rows, how, weightDecay, sampleWeight);
  const update = new Update(network, x, d, how, settings, batchSize, sampleWeight);

  const initialCost = measure();
  if (!Number.isFinite(initialCost)) {
    throw new DivergenceError(
      "the cost is NaN or Inf before training: standardise the inputs or use smaller starting weights",
      network,
    );
  }
  const stream = new RandomStream(seed);
  const before = parameters.slice();
  let order = Array.from({ length: rows }, (_, row) => row);
  const epochCosts = [];
  const kept = [];
  let updates = 0;
  let due = settings.snapshots[0];
  const recorder = settings.record === null ? null : new Recorder(settings.record, layers);
  let dueStep = recorder?.due;
  // The optimizer, with its learning rate without the factor of a schedule.
  const unscheduled = () => {
    if (schedule !== null) optimizer.settings.learningRate = learningRate;
    return optimizer;
  };
  let finalCost;
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      before.set(parameters);
      if (schedule !== null) {
        optimizer.settings.learningRate = learningRateAt(
          epoch,
          schedule,
          learningRate,
          epochs,
          rows,
          how.arithmetic,
        );
      }
      if (shuffle) order = stream.order(rows);
      let total = 0;
      for (let from = 0; from < rows; from += batchSize) {
        const to = Math.min(from + batchSize, rows);
        const startedFrom = updates + 1 === dueStep ? parameters.slice() : null;
        // The penalty is that of the weights of this forward pass.
        total += (to - from) * penalty(allWeights, weightDecay);
        total += update.make(order, from, to, stream);
        updates += 1;
        if (updates === due) {
          kept.push({ updates, cost: measure(), weights: network.weights, biases: network.biases });
          due = settings.snapshots[kept.length];
        }
        if (startedFrom !== null) {
          const decay = penalty(startedFrom.subarray(0, update.weightCount), weightDecay);
          recorder.keep(update.record(updates, epoch, order, from, to, startedFrom, decay));
          dueStep = recorder.due;
        }
      }
      if (!Number.isFinite(total) || !allFinite(parameters)) {
        throw diverged(epoch, unscheduled());
      }
      epochCosts.push(total / rows);
      if (onEpoch !== null && onEpoch(epoch, total / rows) === true) break;
    }
    finalCost = measure();
    if (!Number.isFinite(finalCost)) throw diverged(epochCosts.length, unscheduled());
  } catch (error) {
    if (error instanceof TrainingError) {
      parameters.set(before);
      error.network = network;
      error.recording = recorder?.recording() ?? null;
    }
    throw error;
  } finally {
    unscheduled();
  }
  const run = {
    format: RUN_FORMAT,
    engine: ENGINE,
    version: VERSION,
    updates,
    seconds: (performance.now() - started) / 1000,
    initial_cost: initialCost,
    cost: epochCosts,
    final_cost: finalCost,
    outputs: toRows(outputs, rows, layers.at(-1)),
    errors: toRows(
      outputs.map((output, i) => output - d[i]),
      rows,
      layers.at(-1),
    ),
    weights: network.weights,
    biases: network.biases,
    fingerprint: fingerprintOf(epochCosts, parameters),
  };
  if (kept.length > 0) run.snapshots = kept;
  if (recorder !== null) run.recording = recorder.recording();
  return run;
}
