// Model files: train in one language, use in another. Twins: python/twinprop/model_file.py,
// r/model_file.R.
//
// Section 16 of docs/contract.md; docs/model.schema.json is its schema. A file is JSON: reading it
// runs no code. It holds probes, rows with the outputs that the model computed for them when it was
// written; the reader computes them anew and refuses the file if they differ. Files themselves are
// whoever's calls: a browser fetches them, node reads them.

import {
  checkChoice,
  checkKeys,
  checkMatrix,
  checkObject,
  describe,
  formatNumber,
  inPlan,
  isList,
} from "./checks.js";
import {
  checkAllThere,
  checkSection,
  encodeInputs,
  NA_ACTIONS,
  TASKS,
  unscaled,
} from "./encoding.js";
import { InputError } from "./errors.js";
import { checkNetwork, Network } from "./network.js";
import { toJson } from "./plan.js";
import { RandomStream } from "./random.js";
import { VERSION } from "./training.js";

const MODEL_FORMAT = "twinprop-model/1";

/** The keys of a file, in its order. */
const MODEL_KEYS = [
  "format",
  "version",
  "task",
  "network",
  "inputs",
  "outputs",
  "na",
  "training",
  "probes",
];

/**
 * By how much a probe's output may differ, of the largest sum of sizes in its net input. Sums in
 * another order and exp in its last bit make 1e-13 of it; a changed digit makes more.
 */
const PROBE_TOLERANCE = 1e-9;

/** How many probes there are: one for each level of a factor, within these. */
const FEWEST_PROBES = 4;
const MOST_PROBES = 20;

/** The digits of a number in the message on a probe. */
const PROBE_DIGITS = 10;

/**
 * Check what a file says, in the order of its keys, and return the model.
 *
 * @param {Object} value What the file's text says.
 * @param {function(Network, Object)} make Makes a model of its network and its other parts.
 */
export function modelFromObject(value, make) {
  checkObject(value, "the model");
  if (value.format !== MODEL_FORMAT) {
    throw new InputError(`format must be "${MODEL_FORMAT}", got ${describe(value.format ?? null)}`);
  }
  checkKeys(value, "the model", MODEL_KEYS);
  checkAllThere(
    value,
    "the model",
    MODEL_KEYS.filter((key) => key !== "version"),
  );
  if (value.task !== null) checkChoice(value.task, "task", TASKS);
  const network = networkFromObject(value.network);
  const { task, inputs, outputs, training } = value;
  const na = checkChoice(value.na, "na", NA_ACTIONS);
  const model = make(network, { task, inputs, outputs, na, training });
  checkProbes(model, value.probes);
  return model;
}

function networkFromObject(value) {
  checkSection(value, "network", ["layers", "activations", "weights", "biases"]);
  for (const [key, what] of [
    ["weights", "matrix"],
    ["biases", "list"],
  ]) {
    if (value[key] === null) {
      throw new InputError(
        `network.${key} must have one ${what} for each layer after the input, got null`,
      );
    }
  }
  checkNetwork(value, inPlan("network"));
  const { layers, activations, weights, biases } = value;
  return new Network(layers, { activations, weights, biases });
}

/** A model as its file has it. */
export function modelToObject(model) {
  const { layers, activations, weights, biases } = model.network;
  return {
    format: MODEL_FORMAT,
    version: VERSION,
    task: model.task,
    network: { layers: [...layers], activations: [...activations], weights, biases },
    inputs: model.inputs,
    outputs: model.outputs,
    na: model.na,
    training: model.training,
    probes: makeProbes(model),
  };
}

/**
 * A model as the text of its file: a line for each key, floats to their last bit.
 *
 * @param {MLP} model The model.
 * @returns {string} JSON; every number reads back as the same float64.
 * @throws {InputError} If the model has an output that is not finite.
 */
export function formatModel(model) {
  if (!(model?.network instanceof Network)) {
    throw new InputError(`model must be an MLP, got ${describe(model)}`);
  }
  const lines = Object.entries(modelToObject(model)).map(
    ([key, value]) => `${JSON.stringify(key)}: ${toJson(value)}`,
  );
  return `{${lines.join(",\n ")}}\n`;
}

// Probes -------------------------------------------------------------------------------------------

/** Made-up rows, none of the user's, and their outputs. */
function makeProbes(model) {
  const rows = probeRows(model);
  const { outputs } = probeOutputs(model, rows);
  if (!outputs.flat().every(Number.isFinite)) {
    throw new InputError("the model has outputs that are not finite");
  }
  return { rows, outputs };
}

/** Rows in the order of the columns: numbers about their center, levels in turn. */
function probeRows({ inputs, network }) {
  const columns = inputs === null ? null : inputs.columns;
  const width = columns === null ? network.layers[0] : columns.length;
  const levels = (columns ?? []).map((about) => (about.levels ?? []).length);
  const count = Math.min(Math.max(FEWEST_PROBES, ...levels), MOST_PROBES);
  const stream = new RandomStream(1);
  return Array.from({ length: count }, (_, i) =>
    Array.from(stream.uniform(width), (u, j) => {
      const move = 4 * u - 2;
      return columns === null ? move : probeValue(inputs, columns[j], i, move);
    }),
  );
}

function probeValue(inputs, about, i, move) {
  if (about.kind === "logical") return i % 2 === 1;
  if (about.kind === "factor") return about.levels[i % about.levels.length];
  const alone = ({ parts }) => parts.length === 1 && parts[0].column === about.name;
  const j = inputs.center === null ? -1 : inputs.terms.findIndex(alone);
  return j < 0 ? move : inputs.center[j] + inputs.scale[j] * move;
}

/** The outputs, a regression's on its own scale, and their sizes. */
function probeOutputs({ inputs, network, outputs, task }, rows) {
  if (inputs === null) checkMatrix(rows, "probes.rows", network.layers[0]);
  const x = inputs === null ? rows : encodeInputs(inputs, rows);
  const { a } = network.forward(x);
  const biases = network.biases.at(-1);
  const sizes = network.weights.at(-1).map((weights, k) =>
    a.at(-2).reduce((largest, row) => {
      const sum = (total, weight, j) => total + Math.abs(weight * row[j]);
      return Math.max(largest, weights.reduce(sum, Math.abs(biases[k])));
    }, 0),
  );
  if (task !== "regression" || outputs.center === null) return { outputs: a.at(-1), sizes };
  const { center, scale } = outputs;
  return {
    outputs: unscaled(a.at(-1), outputs),
    sizes: sizes.map((size, k) => size * scale[k] + Math.abs(center[k])),
  };
}

/** Compute the outputs of the probes anew and refuse a file in which they differ. */
function checkProbes(model, value) {
  checkSection(value, "probes", ["rows", "outputs"]);
  const { rows } = value;
  if (!isList(rows) || rows.length === 0) {
    throw new InputError(`probes.rows must be a list of at least 1 rows, got ${describe(rows)}`);
  }
  const units = model.network.layers.at(-1);
  const wanted = checkMatrix(value.outputs, "probes.outputs", units, rows.length);
  for (let i = 0; model.inputs !== null && i < rows.length; i++) {
    if (!isList(rows[i])) {
      throw new InputError(`row ${i + 1} must be a list of values, got ${describe(rows[i])}`);
    }
  }
  const { outputs, sizes } = probeOutputs(model, rows);
  outputs.forEach((row, i) =>
    row.forEach((output, k) => {
      const filed = wanted[i * units + k];
      if (Math.abs(output - filed) <= PROBE_TOLERANCE * sizes[k]) return;
      const shown = (number) => formatNumber(number, PROBE_DIGITS);
      throw new InputError(
        `the model does not compute the outputs of its probes (row ${i + 1}, output ${k + 1}: ` +
          `${shown(output)}, in the file ${shown(filed)}): the file was changed or damaged`,
      );
    }),
  );
}
