// A trained model: columns in, predictions out. Twins: python/twinprop/model.py, r/model.R.
//
// Section 16 of docs/contract.md. A model is a network with what belongs to it: how columns become
// its inputs, and its outputs predictions. Python and R train it; here it predicts.

import { checkChoice, checkKeys, checkObject, describe } from "./checks.js";
import {
  checkInputs,
  checkOutputs,
  checkProbabilities,
  classPlace,
  classProbabilities,
  encodeInputs,
  EXTRA_ACTIONS,
  NA_ACTIONS,
  nOutputs,
  TASKS,
  unscaled,
} from "./encoding.js";
import { InputError } from "./errors.js";
import { parseJson } from "./json_text.js";
import { modelFromObject, modelToObject } from "./model_file.js";
import { Network } from "./network.js";

/** The parts of a model beside its network. */
const PARTS = ["task", "inputs", "outputs", "na", "training"];

/**
 * A trained multilayer perceptron with how columns become its inputs, and its outputs predictions.
 *
 * @example
 * const model = MLP.fromJSON(await (await fetch("penguins.twinprop.json")).text());
 * model.predict([{ island: "Dream", bill_length_mm: 39.5, alive: true }]);
 */
export class MLP {
  /**
   * @param {Network} network The network.
   * @param {Object} parts
   * @param {?string} parts.task "regression", "classification" or "multilabel"; null (default) if
   *   nothing is known but the network, whose outputs are then the predictions.
   * @param {?Object} parts.inputs The columns, and the terms made of them, one for each input of the
   *   network; null (default) for rows of the network's inputs. See docs/data-contract.md.
   * @param {?Object} parts.outputs The outputs' names, and the levels or the scale; needed with a
   *   task.
   * @param {string} parts.na What `predict` does with a row that lacks a value: "error" (default),
   *   or "pass", which predicts null.
   * @param {?Object} parts.training What else is known of the training; kept as it is.
   * @throws {InputError} If the parts do not fit each other.
   */
  constructor(network, parts = {}) {
    checkKeys(checkObject(parts, "parts"), "parts", PARTS);
    const { task = null, inputs = null, outputs = null, na = "error", training = null } = parts;
    if (!(network instanceof Network)) {
      throw new InputError(`network must be a Network, got ${describe(network)}`);
    }
    this.network = network;
    this.task = task === null ? null : checkChoice(task, "task", TASKS);
    if ((task === null) !== (outputs === null)) {
      throw new InputError("task and outputs must both be there or both be null");
    }
    this.inputs = inputs === null ? null : checkInputs(inputs);
    this.outputs = outputs === null ? null : checkOutputs(outputs, task);
    this.na = checkChoice(na, "na", NA_ACTIONS);
    this.training = training === null ? null : checkObject(training, "training");
    this.#checkFit();
  }

  /**
   * The model of a file.
   *
   * @param {string|Object} json The file's text, or the object that it says.
   * @returns {MLP} Its `predict` gives what the model gave where it was trained.
   * @throws {InputError} If it is no model, or does not compute the outputs of its probes.
   */
  static fromJSON(json) {
    const value = typeof json === "string" ? parseJson(json, "model") : json;
    return modelFromObject(value, (network, parts) => new MLP(network, parts));
  }

  /** The model as its file has it: an object for `JSON.stringify`, or see `formatModel`. */
  toJSON() {
    return modelToObject(this);
  }

  /** The names of the columns that `predict` needs; null for rows of the network's inputs. */
  get columns() {
    return this.inputs && this.inputs.columns.map((about) => about.name);
  }

  /** What it predicts by: "portable" if it was trained so, else "fast". */
  get arithmetic() {
    return this.training?.arithmetic === "portable" ? "portable" : "fast";
  }

  /** The classes, in the order of the probabilities; null but for a classification. */
  get classes() {
    return this.outputs && this.outputs.levels;
  }

  /**
   * The network's outputs a[L] for new rows.
   *
   * @param {Object[]|Array[]} rows As for `predict`.
   * @param {Object} options As for `predict`.
   * @returns {Array} n rows of K values; null for a row that lacks a value.
   * @throws {InputError} As for `predict`.
   */
  raw(rows, options = {}) {
    checkKeys(checkObject(options, "options"), "options", ["na", "extra"]);
    const { arithmetic } = this;
    const { na = this.na, extra = "ignore" } = options;
    checkChoice(na, "na", NA_ACTIONS);
    checkChoice(extra, "extra", EXTRA_ACTIONS);
    if (this.inputs === null) return this.network.predict(rows, { arithmetic });
    const x = encodeInputs(this.inputs, rows, { na: this.na, ...options });
    const complete = x.filter((row) => !row.some(Number.isNaN));
    const outputs = complete.length > 0 ? this.network.predict(complete, { arithmetic }) : [];
    let next = 0;
    return x.map((row) => (row.some(Number.isNaN) ? null : outputs[next++]));
  }

  /**
   * Predict new rows.
   *
   * @param {Object[]|Array[]} rows Rows: objects, whose columns are found by name, or lists in the
   *   order of the columns.
   * @param {Object} options
   * @param {string} options.na What to do with a row that lacks a value, "error" or "pass"; default
   *   the model's own.
   * @param {string} options.extra Columns that the model does not know are left aside ("ignore", the
   *   default), or with "error" refused.
   * @returns {Array} For each row: of a regression a number, or for several outputs a list; of a
   *   classification the class; of several labels a list of 0 and 1; without a task the outputs;
   *   null for a row that lacks a value.
   * @throws {InputError} If a column is missing, or a value is missing, unknown or of the wrong
   *   kind; it names column and row.
   */
  predict(rows, options = {}) {
    const outputs = this.raw(rows, options);
    const each = (decode) => outputs.map((a) => a && decode(a));
    if (this.task === "classification") return each((a) => this.outputs.levels[classPlace(a)]);
    if (this.task === "multilabel") return each((a) => a.map((value) => (value > 0.5 ? 1 : 0)));
    if (this.task === null) return outputs;
    return each((a) => {
      const [values] = unscaled([a], this.outputs);
      return values.length === 1 ? values[0] : values;
    });
  }

  /**
   * Predict the probabilities of the classes.
   *
   * @param {Object[]|Array[]} rows As for `predict`.
   * @param {Object} options As for `predict`.
   * @returns {Array} For each row a list with a probability for each class, in the order of
   *   `classes`; for several labels the probability of each; null for a row that lacks a value.
   * @throws {InputError} As for `predict`, and if the model is no classification or its outputs are
   *   no probabilities.
   */
  predictProba(rows, options = {}) {
    const last = this.network.activations.at(-1);
    if (this.task !== "classification" && this.task !== "multilabel") {
      throw new InputError(
        'probabilities need a model of task "classification" or "multilabel", ' +
          `got ${describe(this.task)}`,
      );
    }
    checkProbabilities(last);
    const outputs = this.raw(rows, options);
    if (this.task === "multilabel") return outputs;
    return outputs.map((a) => a && classProbabilities(a, last));
  }

  #checkFit() {
    const { layers } = this.network;
    if (this.inputs !== null && this.inputs.terms.length !== layers[0]) {
      throw new InputError(
        `inputs.terms must have one entry for each input of the network (${layers[0]}), ` +
          `got ${this.inputs.terms.length}`,
      );
    }
    if (this.task === null) return;
    const count = nOutputs(this.outputs, this.task);
    if (count !== layers.at(-1)) {
      throw new InputError(
        `outputs must be as many as those of the network (${layers.at(-1)}), got ${count}`,
      );
    }
  }
}
