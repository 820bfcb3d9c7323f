// Plans and runs: what to train, and what came of it. Twins: python/twinprop/plan.py, r/plan.R.
//
// Sections 7 to 9 of docs/contract.md. The keys of plans and runs are in snake_case, as in their
// files. Reading and writing files is run.js's.

import { toRows } from "./backprop.js";
import {
  camelKeys,
  checkChoice,
  checkFunction,
  checkKeys,
  checkMatrix,
  checkObject,
  checkSampleWeight,
  checkSameRows,
  describe,
  inPlan,
  snakeCase,
  snakeKeys,
} from "./checks.js";
import { checkCostFits, checkTargets } from "./costs.js";
import { DATASETS, loadDataset } from "./datasets.js";
import { InputError, TwinpropError } from "./errors.js";
import { parseJson } from "./json_text.js";
import { checkNetwork, Network, NETWORK_KEYS } from "./network.js";
import { checkOptimizer, Optimizer } from "./optimizers.js";
import { checkBatchSize, checkTraining, TRAINING_DEFAULTS } from "./training.js";

const PLAN_FORMAT = "twinprop-plan/1";
const PLAN_KEYS = ["format", "network", "training", "data"];
const TRAINING_KEYS = Object.keys(TRAINING_DEFAULTS).map(snakeCase);
const DATA_KEYS = ["x", "d", "dataset", "sample_weight"];
const DEFAULT_LAYERS = [2, 4, 1];
/** The exclusive or. */
const DEFAULT_DATA = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  d: [[0], [1], [1], [0]],
};

function checkSection(plan, name, allowed) {
  const section = checkObject(plan[name] === undefined ? {} : plan[name], name);
  checkKeys(section, name, allowed);
  return section;
}

function checkPlanOptimizer(value, name) {
  return checkOptimizer(checkObject(value, name), inPlan(name), name);
}

/**
 * Check x and d against the network and the cost, and the samples' weights and the batch size against
 * their rows.
 */
function checkSamples({ x, d, sample_weight: weight = null }, network, training) {
  const [inputs, outputs] = [network.layers[0], network.layers.at(-1)];
  const flatX = checkMatrix(x, "data.x", inputs);
  const flatD = checkMatrix(d, "data.d", outputs);
  checkSameRows(d.length, "data.d", x.length, "data.x");
  checkTargets(flatD, "data.d", outputs, training.cost, network.activations.at(-1));
  const weights = checkSampleWeight(weight, "data.sample_weight", x.length);
  checkBatchSize(training.batchSize, "training.batch_size", x.length);
  return {
    x: toRows(flatX, x.length, inputs),
    d: toRows(flatD, d.length, outputs),
    ...(weights === null ? {} : { sample_weight: Array.from(weights) }),
  };
}

function checkData(plan, network, training) {
  const data = checkSection({ data: DEFAULT_DATA, ...plan }, "data", DATA_KEYS);
  const kinds = DATA_KEYS.filter((key) => key !== "sample_weight");
  const given = kinds.filter((key) => Object.hasOwn(data, key)).join();
  if (given !== "dataset" && given !== "x,d") {
    throw new InputError('data must have either "dataset" or both "x" and "d"');
  }
  if (given === "dataset") {
    return { ...data, dataset: checkChoice(data.dataset, "data.dataset", DATASETS) };
  }
  return checkSamples(data, network, training);
}

/** A network's settings as a plan has them. */
function networkSection({ layers, weights, biases, ...others }) {
  return {
    layers,
    ...others,
    weights: weights && weights.map((flat, i) => toRows(flat, layers[i + 1], layers[i])),
    biases: biases && biases.map((flat) => Array.from(flat)),
  };
}

/**
 * Read and check a plan: fill in the defaults of what is absent.
 *
 * @param {string|Object} source The text of a plan file, or the plan itself.
 * @returns {Object} The plan, complete: every key of section 7 of docs/contract.md has its value. A
 *   data set is named, not yet loaded.
 * @throws {InputError} If the text is not JSON, or a key is unknown or its value not allowed.
 *
 * @example
 * readPlan('{"data": {"dataset": "xor"}}').network.layers; // [2, 4, 1]
 */
export function readPlan(source) {
  const plan = checkObject(
    typeof source === "string" ? parseJson(source, "plan") : source,
    "the plan",
  );
  const format = plan.format === undefined ? PLAN_FORMAT : plan.format;
  if (format !== PLAN_FORMAT) {
    throw new InputError(`format must be "${PLAN_FORMAT}", got ${describe(format)}`);
  }
  checkKeys(plan, "the plan", PLAN_KEYS);

  const network = checkNetwork(
    { layers: DEFAULT_LAYERS, ...checkSection(plan, "network", NETWORK_KEYS) },
    inPlan("network"),
  );
  const training = checkTraining(
    { optimizer: {}, ...checkSection(plan, "training", TRAINING_KEYS) },
    inPlan("training"),
    checkPlanOptimizer,
    network.layers.length - 2,
  );
  checkCostFits(training.cost, network.activations.at(-1));
  const data = checkData(plan, network, training);
  return {
    format,
    network: networkSection(network),
    training: { ...snakeKeys(training), optimizer: snakeKeys(training.optimizer) },
    data,
  };
}

/**
 * Train what a plan says.
 *
 * @param {string|Object} source The text of a plan file, or the plan itself.
 * @param {Object} options
 * @param {function(string)} options.loadDataset Gives a data set's `x` and `d`, or a promise of
 *   them; default: the package's loadDataset.
 * @param {?function(number, number)} options.onEpoch As for Network.train.
 * @returns {Promise<Object>} The run, as in section 8 of docs/contract.md.
 * @throws {InputError} If the plan is not allowed.
 * @throws {DivergenceError|DenominatorError} As for Network.train.
 *
 * @example
 * const run = await runPlan({ training: { epochs: 10 }, data: { dataset: "xor" } });
 * run.updates; // 40
 */
export async function runPlan(source, options = {}) {
  checkKeys(checkObject(options, "options"), "options", ["loadDataset", "onEpoch"]);
  const { loadDataset: load = loadDataset, onEpoch = null } = options;
  const { network, x, d, training } = await loadPlan(source, load);
  return network.train(x, d, { ...training, onEpoch });
}

/**
 * Read a plan and make what it stands for: the network, the samples, and the settings of the
 * training in camelCase, with an Optimizer among them.
 */
export async function loadPlan(source, load) {
  checkFunction(load, "loadDataset");
  const plan = readPlan(source);
  const { layers, ...others } = plan.network;
  const training = camelKeys(plan.training);
  const { dataset, sample_weight: sampleWeight = null } = plan.data;
  let { x, d } = plan.data;
  if (dataset !== undefined) {
    ({ x, d } = await load(dataset));
    checkSamples({ ...plan.data, x, d }, plan.network, training);
  }
  const { name, ...parameters } = camelKeys(plan.training.optimizer);
  const network = new Network(layers, camelKeys(others));
  const optimizer = new Optimizer(name, parameters);
  return { network, x, d, training: { ...training, optimizer, sampleWeight } };
}

/** JSON in which every number reads back as the same float64: JSON.stringify writes -0 as 0. */
export function toJson(value) {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TwinpropError(`${value} is not a JSON number`);
    return Object.is(value, -0) ? "-0.0" : String(value);
  }
  if (Array.isArray(value)) return `[${value.map(toJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(
      ([key, entry]) => `${JSON.stringify(key)}: ${toJson(entry)}`,
    );
    return `{${entries.join(", ")}}`;
  }
  return JSON.stringify(value);
}

/**
 * A run as the text of its file.
 *
 * @param {Object} run What `train` or `runPlan` returned.
 * @returns {string} JSON; every number reads back as the same float64.
 */
export function formatRun(run) {
  return toJson(run);
}
