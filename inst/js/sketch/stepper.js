// A training that stands still: one update at a time, in phases, forwards and back. Twins: none, a page
// is JavaScript's alone.
//
// The numbers are those of Network.step and Network.train, to the last bit; here is only the bookkeeping
// of where the training stands.

import { offsets, RULES } from "../backprop.js";
import { costFunction, penalty } from "../costs.js";
import { DenominatorError } from "../errors.js";
import { explain } from "../explain.js";
import { fingerprintOf } from "../fingerprint.js";
import { Network } from "../network.js";
import { Optimizer } from "../optimizers.js";
import { derivatives } from "../quantities.js";
import { RandomStream } from "../random.js";
import { diverged, VERSION } from "../training.js";
import { PHASES } from "./state.js";

/** How many numbers the kept states may have: 16 MiB. */
const MOST_KEPT = 2 ** 21;

/** Of how many neurons at most the shares are written out that they send back. */
const MOST_SENDERS = 24;

/** The phases of an update, in their order. */
const IN_UPDATE = PHASES.slice(1, -1);

function allFinite(values) {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/**
 * A training that can be stepped through.
 *
 * `updates` and `phase` say where it stands: "start" before the first update; "forward", "error" and
 * "back" inside update number `updates + 1`, whose weights have not moved yet; "update" after update
 * number `updates`. `step` is what the update does that is shown, or null at the start. `costs` has the
 * cost of each whole epoch. `stopped` is the error that ended the training, or null.
 */
export class Stepper {
  #x;
  #d;
  #how;
  #network;
  #optimizer;
  #stream;
  #drawn = 0;
  #order;
  #total = 0;
  #kept = new Map();
  #interval = 1;
  #pending = null;

  /**
   * @param {Object} state A state of the page (state.js).
   * @param {{x: number[][], d: number[][]}} samples Those that the state's data stand for.
   * @param {string} rule The backpropagation rule; default that of the state.
   * @throws {InputError} If the samples do not fit the network or the cost.
   */
  constructor(state, { x, d }, rule = state.rule) {
    const { layers, activations, init, seed, weights, biases } = state;
    const { cost, updateOrder, optimizer, batchSize, shuffle, shuffleSeed } = state;
    this.#x = x;
    this.#d = d;
    this.#network = new Network(layers, { activations, init, seed, weights, biases });
    this.#network.meanCost(x, d, { cost }); // refuses what does not fit
    const { name, ...parameters } = optimizer;
    this.#optimizer = new Optimizer(name, parameters);
    this.#how = { cost, rule, updateOrder };
    this.rule = rule;
    this.layers = this.#network.layers;
    this.activations = this.#network.activations;
    this.rows = x.length;
    this.batchSize = Math.min(batchSize ?? x.length, x.length);
    this.batches = Math.ceil(x.length / this.batchSize);
    this.shuffle = shuffle;
    this.shuffleSeed = shuffleSeed;
    this.#order = x.map((_, row) => row);
    this.updates = 0;
    this.phase = "start";
    this.step = null;
    this.costs = [];
    this.stopped = null;
    this.initialCost = this.cost();
    this.#keep();
  }

  /** The number of the epoch that the shown update belongs to, from 1. */
  get epoch() {
    const shown = this.phase === "update" ? this.updates - 1 : this.updates;
    return Math.floor(shown / this.batches) + 1;
  }

  /** The weights as they are now. */
  get weights() {
    return this.#network.weights;
  }

  get biases() {
    return this.#network.biases;
  }

  /** The network as it is now; its numbers are not to be changed. */
  get network() {
    return this.#network;
  }

  /** The exact mean cost now, over all samples, with the penalty. */
  cost() {
    const { weightDecay } = this.#optimizer.settings;
    return this.#network.meanCost(this.#x, this.#d, { cost: this.#how.cost, weightDecay });
  }

  /**
   * Go on by one phase.
   *
   * @returns {boolean} Whether there was one: false if the training has stopped.
   */
  next() {
    const at = IN_UPDATE.indexOf(this.phase);
    if (at < 0) {
      this.stopped = null;
      this.#pending = this.#attempt();
      this.step = this.#pending.step;
      this.phase = IN_UPDATE[0];
      return true;
    }
    if (this.phase !== IN_UPDATE.at(-1)) {
      if (IN_UPDATE[at + 1] === "back" && this.#pending.error !== null) {
        this.stopped = this.#pending.error;
        return false;
      }
      this.phase = IN_UPDATE[at + 1];
      return true;
    }
    return this.#commit();
  }

  /** Go back by one phase. False at the start. */
  previous() {
    const at = IN_UPDATE.indexOf(this.phase);
    if (this.phase === "start") return false;
    if (at > 0) this.phase = IN_UPDATE[at - 1];
    else if (at === 0) this.seek(this.updates);
    else this.seek(this.updates - 1, IN_UPDATE.at(-1));
    return true;
  }

  /** Make the update that is under way, or the next one, whole. False if the training has stopped. */
  finish() {
    do {
      if (!this.next()) return false;
    } while (this.phase !== "update");
    return true;
  }

  /** Go back to before the shown update. False at the start. */
  back() {
    if (this.phase === "start") return false;
    const inside = IN_UPDATE.includes(this.phase);
    this.seek(inside ? this.updates : this.updates - 1);
    return true;
  }

  /** Go to the start. */
  restart() {
    this.seek(0);
  }

  /**
   * Go to a place in the training, forwards or back.
   *
   * @param {number} updates How many updates are made there.
   * @param {string} phase One of PHASES.
   * @param {?function(): boolean} until Asked now and then; true puts the rest off, and `seek` is to be
   *   called again.
   * @returns {boolean} Whether it has arrived, or the training has stopped on the way.
   */
  seek(updates, phase = updates === 0 ? "start" : "update", until = null) {
    const inside = IN_UPDATE.indexOf(phase);
    // the last update is made as a shown one
    const target = phase === "update" ? updates - 1 : updates;
    if (target < this.updates) this.#restore(target);
    this.#unshow();
    if (!this.#run(target, until)) return false;
    if (this.stopped !== null) return true;
    if (phase === "update") this.finish();
    for (let i = 0; i <= inside && this.next(); i++);
    return true;
  }

  /**
   * Go on until there are `updates` updates.
   *
   * @param {number} updates
   * @param {?function(): boolean} until As for `seek`.
   * @returns {boolean} As for `seek`. The last update made is always the shown one.
   */
  advance(updates, until = null) {
    if (IN_UPDATE.includes(this.phase) && !this.finish()) return true;
    if (updates <= this.updates) return true;
    this.#unshow();
    const arrived = this.#run(updates - 1, until);
    if (this.stopped === null) this.finish();
    return arrived || this.stopped !== null;
  }

  /**
   * The run so far, as its file has it (section 8 of docs/contract.md).
   *
   * @returns {?Object} null inside an epoch: a run has whole epochs.
   */
  run() {
    const { updates, batches } = this;
    if (updates % batches !== 0 || IN_UPDATE.includes(this.phase)) return null;
    const outputs = this.#network.predict(this.#x);
    return {
      format: "twinprop-run/1",
      engine: "js",
      version: VERSION,
      updates,
      seconds: 0,
      initial_cost: this.initialCost,
      cost: this.costs.slice(),
      final_cost: this.cost(),
      outputs,
      errors: outputs.map((row, i) => row.map((a, k) => a - this.#d[i][k])),
      weights: this.weights,
      biases: this.biases,
      fingerprint: fingerprintOf(this.costs, this.#network.parameters),
    };
  }

  /**
   * The equations of a neuron in the shown update, or, at the start, in the first one; of an update by
   * one sample with those of the shares that come back to it.
   *
   * @param {number} layer From 1.
   * @param {number} neuron From 1.
   * @returns {?Object[]} The sections that `explain` returns, or null if the update cannot be made.
   */
  explain(layer, neuron) {
    const pending = this.step === null ? this.#attempt() : this.#pending;
    if (pending.error !== null) return null;
    const { before, optimizer } = pending;
    const { rows } = pending.step;
    const network = new Network(this.layers, { activations: this.activations });
    network.parameters.set(before);
    const above = layer > 1 && layer < this.layers.length ? this.layers[layer] : 0;
    // writing them out for a whole batch would take seconds
    const senders = rows.length === 1 && above <= MOST_SENDERS ? above : 0;
    const { sections } = explain(network, this.#take(this.#x, rows), this.#take(this.#d, rows), {
      ...this.#how,
      optimizer,
      neurons: [[layer, neuron], ...Array.from({ length: senders }, (_, k) => [layer + 1, k + 1])],
    });
    const own = (row) => row.layer === null || (row.layer === layer && row.to === neuron);
    const sent = ({ stage, layer: at, from }) =>
      at === layer + 1 && (stage === "denominator" || (stage === "share" && from === neuron));
    return sections
      .map((section) => ({ ...section, rows: section.rows.filter((row) => own(row) || sent(row)) }))
      .filter((section) => section.rows.length > 0);
  }

  #take(from, rows) {
    return rows.map((row) => from[row - 1]);
  }

  /** The rows of an update, from 0. */
  #rowsOf(update) {
    const epoch = Math.floor(update / this.batches) + 1;
    if (this.shuffle && this.#drawn !== epoch) {
      if (this.#drawn > epoch || this.#stream === undefined) {
        this.#stream = new RandomStream(this.shuffleSeed);
        this.#drawn = 0;
      }
      for (; this.#drawn < epoch; this.#drawn++) this.#order = this.#stream.order(this.rows);
    }
    const from = (update % this.batches) * this.batchSize;
    return Array.from(this.#order.slice(from, from + this.batchSize));
  }

  /** The summed cost of a batch in its forward pass, and its penalty, as the training loop adds them. */
  #costOf(forward, d, before) {
    const rows = d.length;
    const { value } = costFunction(this.#how.cost, this.activations.at(-1));
    const outputs = this.layers.at(-1);
    const [z, a] = [forward.z.at(-1).flat(), forward.a.at(-1).flat()];
    const sum = value(z, a, d.flat(), rows, outputs);
    const weights = before.subarray(0, offsets(this.layers).weights.at(-1));
    return { sum, penalty: penalty(weights, this.#optimizer.settings.weightDecay) };
  }

  /** What the next update would do; the network stays as it is. */
  #attempt() {
    const network = this.#network;
    const before = network.parameters.slice();
    const { weights, biases } = network;
    const rows = this.#rowsOf(this.updates);
    const [x, d] = [this.#x, this.#d].map((from) => rows.map((row) => from[row]));
    const optimizer = this.#optimizer.copy();
    const step = { rows: rows.map((row) => row + 1), x, d, before: { weights, biases } };
    const errorOf = ({ a }) => a.at(-1).map((row, i) => row.map((value, k) => value - d[i][k]));
    try {
      const { forward, backward } = network.step(x, d, { ...this.#how, optimizer });
      Object.assign(step, { forward, backward });
      step.after = { weights: network.weights, biases: network.biases };
      const sent = this.#how.updateOrder === "output_first" ? step.after : step.before;
      step.shares = (sample) => this.#shares(sent.weights, step, sample);
    } catch (error) {
      if (!(error instanceof DenominatorError)) throw error;
      const forward = network.forward(x);
      Object.assign(step, { forward, backward: null, after: null });
      step.error = error;
    }
    const after = network.parameters.slice();
    network.parameters.set(before);
    const { sum, penalty: decay } = this.#costOf(step.forward, d, before);
    step.outputError = errorOf(step.forward);
    step.cost = sum / rows.length + decay;
    return {
      ...{ step, before, after, decay, sum, error: step.error ?? null },
      optimizer: this.#optimizer.copy(),
      moved: optimizer,
    };
  }

  /**
   * What goes back along each weight: share_kj, of which e[l-1]_j is the sum over k (section 15 of
   * docs/contract.md). By layer 3..L, rows like those of the weights.
   */
  #shares(weights, { forward, backward }, sample) {
    const { layers, activations } = this;
    const slopes = derivatives({ activations }, forward);
    const rule = RULES[this.rule];
    return weights.slice(1).map((matrix, at) => {
      const i = at + 1;
      const flat = Float64Array.from(matrix.flat());
      const e = backward.e[i][sample];
      const withSlope = i < weights.length - 1 || this.#how.cost !== "cross_entropy";
      const g = withSlope ? e.map((error, k) => error * slopes[i][sample][k]) : e;
      return matrix.map((_, k) => {
        // one neuron's error alone: what the package's own rule makes of it are its shares
        const only = (values) => values.map((value, other) => (other === k ? value : 0));
        const out = new Float64Array(layers[i]);
        rule(flat, only(e), only(g), 1, layers[i], layers[i + 1], i + 2, out);
        return Array.from(out);
      });
    });
  }

  /** Let the weights move as the pending update says. */
  #commit() {
    const { after, moved, decay, sum, step } = this.#pending;
    this.#network.parameters.set(after);
    this.#optimizer = moved;
    if (!this.#count(step.rows.length, decay, sum)) return false;
    this.phase = "update";
    return true;
  }

  /** Make an update that is not shown. */
  #updateOnce() {
    const network = this.#network;
    const rows = this.#rowsOf(this.updates);
    const [x, d] = [this.#x, this.#d].map((from) => rows.map((row) => from[row]));
    const before = network.parameters.slice();
    let forward;
    try {
      ({ forward } = network.step(x, d, { ...this.#how, optimizer: this.#optimizer }));
    } catch (error) {
      if (!(error instanceof DenominatorError)) throw error;
      this.#stop(error, this.updates);
      return;
    }
    const { sum, penalty: decay } = this.#costOf(forward, d, before);
    this.#count(rows.length, decay, sum);
  }

  /** Count an update that was made; a diverged epoch is undone. */
  #count(rows, decay, sum) {
    // in the training loop's order: first the penalty, then the batch
    this.#total += rows * decay;
    this.#total += sum;
    this.updates += 1;
    const whole = this.updates % this.batches === 0;
    const finite = allFinite(this.#network.parameters);
    if (!finite || (whole && !Number.isFinite(this.#total))) {
      const epoch = Math.ceil(this.updates / this.batches);
      const error = diverged(epoch, this.#optimizer);
      this.#stop(error, (epoch - 1) * this.batches);
      return false;
    }
    if (whole) {
      this.costs.push(this.#total / this.rows);
      this.#total = 0;
    }
    if (this.updates % this.#interval === 0) this.#keep();
    return true;
  }

  /** Keep the state after an update, and thin out what is kept if it is too much. */
  #keep() {
    const { parameters } = this.#network;
    this.#kept.set(this.updates, {
      parameters: parameters.slice(),
      optimizer: this.#optimizer.copy(),
      total: this.#total,
    });
    while (this.#kept.size > 2 && this.#kept.size * parameters.length * 3 > MOST_KEPT) {
      this.#interval *= 2;
      for (const updates of this.#kept.keys()) {
        if (updates % this.#interval !== 0) this.#kept.delete(updates);
      }
    }
  }

  /** Go to the last kept state at or before `updates`. */
  #restore(updates) {
    let nearest = 0;
    for (const kept of this.#kept.keys()) {
      if (kept <= updates && kept > nearest) nearest = kept;
    }
    const { parameters, optimizer, total } = this.#kept.get(nearest);
    this.#network.parameters.set(parameters);
    this.#optimizer = optimizer.copy();
    this.#total = total;
    this.updates = nearest;
    this.costs.length = Math.floor(nearest / this.batches);
  }

  /** Show no update. */
  #unshow() {
    this.#pending = null;
    this.step = null;
    this.phase = "start";
    this.stopped = null;
  }

  /** Make updates up to `updates`, none of them shown. */
  #run(updates, until) {
    while (this.updates < updates && this.stopped === null) {
      this.#updateOnce();
      if (until?.()) return this.updates >= updates;
    }
    return true;
  }

  /** End the training: `updates` updates are left, the optimiser's memory with them. */
  #stop(error, updates) {
    this.#restore(updates);
    this.seek(updates);
    this.stopped = error;
  }
}
