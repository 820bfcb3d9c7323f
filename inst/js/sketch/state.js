// The page's state, and its address. Twins: none, a page is JavaScript's alone.
//
// A state is a plain object: what a plan says (data, network, training), where in the training the page
// stands, and what it looks at. All functions here are pure: they return a new state. A state and the
// hash of its address stand for each other, to the last bit of every number.

import { checkInteger, checkSeed, describe, snakeCase, snakeKeys } from "../checks.js";
import { levelText } from "../encoding.js";
import { InputError } from "../errors.js";
import { MLP } from "../model.js";
import { OPTIMIZERS } from "../optimizers.js";
import { readPlan } from "../plan.js";
import { Network, startingWeights } from "../network.js";
import { RULES } from "../backprop.js";

/** Where in an update the page may stand: before the first one, in one of its phases, after one. */
export const PHASES = Object.freeze(["start", "forward", "error", "back", "update"]);

/** How many updates a second are played, one phase after the other below 2. */
export const SPEEDS = Object.freeze([0.25, 0.5, 1, 2, 10, 100, 1000, 10000]);

/** The most neurons that a button adds to a layer, and the most hidden layers. */
export const MOST_NEURONS = 64;
export const MOST_HIDDEN = 6;

/** How many steps the tour has (tour.js), and levels an exercise (exercise.js). */
export const TOUR_STEPS = 12;
export const EXERCISE_LEVELS = 3;

/** The state of a page that was opened without an address. */
export const DEFAULT_STATE = freeze({
  data: { dataset: "xor" },
  layers: [2, 4, 1],
  activations: ["sigmoid", "sigmoid"],
  init: "xavier",
  seed: 42,
  weights: null,
  biases: null,
  cost: "half_mse",
  rule: "gradient",
  otherRule: null,
  updateOrder: "simultaneous",
  optimizer: { name: "sgd", learningRate: 0.5 },
  batchSize: 1,
  epochs: 1000,
  shuffle: false,
  shuffleSeed: 42,
  updates: 0,
  phase: "start",
  focus: [2, 1],
  speed: 0.5,
  tour: null,
  exercise: null,
});

/** Settings that say where the page stands or looks, and leave the training as it is. */
const VIEW = ["updates", "phase", "focus", "speed", "tour", "exercise"];

function freeze(value) {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}

// ---- state and plan

/**
 * The plan that a state stands for.
 *
 * @param {Object} state
 * @param {Object} changes Settings of the training to put in place of the state's, as in a plan.
 * @returns {Object} A plan, complete (section 7 of docs/contract.md).
 * @throws {InputError} If a setting is not allowed, in the words of a plan.
 */
export function planOf(state, changes = {}) {
  const { layers, activations, init, seed, weights, biases } = state;
  const { dataset, x, d } = state.data;
  return readPlan({
    network: { layers, activations, init, seed, weights, biases },
    training: {
      cost: state.cost,
      rule: state.rule,
      update_order: state.updateOrder,
      optimizer: snakeKeys(state.optimizer),
      batch_size: state.batchSize,
      epochs: state.epochs,
      shuffle: state.shuffle,
      seed: state.shuffleSeed,
      ...changes,
    },
    data: dataset === undefined ? { x, d } : { dataset },
  });
}

/** Refuse a plan that the page would train otherwise than it says. */
function checkShown({ training, data }) {
  const { dropout, clip_norm, schedule, arithmetic } = training;
  const set = [
    ["training.dropout", [dropout].flat().some((rate) => rate > 0)],
    ["training.clip_norm", clip_norm !== null],
    ["training.schedule", schedule !== null],
    ["training.arithmetic", arithmetic !== "fast"],
    ["data.sample_weight", (data.sample_weight ?? null) !== null],
  ];
  const [unknown] = set.find(([, isSet]) => isSet) ?? [];
  if (unknown !== undefined) throw new InputError(`the page cannot train with ${unknown} yet`);
}

/**
 * The state that a plan stands for, at its start. What a page has no place for, `snapshots` and
 * `record`, is left out.
 *
 * @param {string|Object} source The text of a plan file, or the plan itself.
 * @param {Object} state What the plan does not say is taken from this state.
 * @throws {InputError} If the plan is not allowed, or has a setting that the page has no place for.
 */
export function stateOfPlan(source, state = DEFAULT_STATE) {
  const plan = readPlan(source);
  checkShown(plan);
  const { network, training, data } = plan;
  const { optimizer, update_order, batch_size, seed, cost, rule, epochs, shuffle } = training;
  return checkState({
    ...state,
    ...network,
    data: data.dataset === undefined ? namedData(data.x, data.d) : { dataset: data.dataset },
    cost,
    rule,
    updateOrder: update_order,
    optimizer: withoutDefaults(optimizer),
    batchSize: batch_size,
    epochs,
    shuffle,
    shuffleSeed: seed,
    updates: 0,
    phase: "start",
    focus: [2, 1],
  });
}

/**
 * The state that a page of one file was given: a plan, and the names of its columns.
 *
 * @param {{plan: Object, inputs: ?string[], outputs: ?string[]}} given Names may be null.
 * @throws {InputError} As stateOfPlan.
 */
export function stateOfGiven({ plan, inputs, outputs }) {
  const state = stateOfPlan(plan);
  const { x, d } = state.data;
  return checkState({ ...state, data: namedData(x, d, inputs, outputs) });
}

/**
 * The state that starts from the weights of a run; its file says no more of a network than these.
 *
 * @param {Object} run A run, as its file has it.
 * @param {Object} state The rest. Layers and activations stay if their number does.
 * @throws {InputError} If the weights do not fit the data of the state.
 */
export function stateOfRun(run, state) {
  const { weights, biases } = run;
  const isMatrix = (matrix) => Array.isArray(matrix) && Array.isArray(matrix[0]);
  if (!Array.isArray(weights) || weights.length === 0 || !weights.every(isMatrix)) {
    throw new InputError("the run has no weights");
  }
  const layers = [weights[0][0].length, ...weights.map((matrix) => matrix.length)];
  checkFitsData("run", layers, state);
  const activations =
    layers.length === state.layers.length
      ? state.activations
      : [...layers.slice(1, -1).map(() => "sigmoid"), state.activations.at(-1)];
  return change(state, { layers, activations, weights, biases, focus: [2, 1] });
}

function checkFitsData(what, layers, state) {
  const [inputs, outputs] = [state.layers[0], state.layers.at(-1)];
  if (layers[0] !== inputs || layers.at(-1) !== outputs) {
    throw new InputError(
      `the ${what} is of a network with ${layers[0]} inputs and ${layers.at(-1)} outputs; ` +
        `open its data first (now ${inputs} and ${outputs})`,
    );
  }
}

/**
 * The state that starts from the network of a model. The cost is the one that it was trained by, if its
 * file says so, else that of the state if it suits the output.
 *
 * @param {MLP} model
 * @param {Object} state The rest.
 * @param {{x: number[][], d: number[][], inputNames: string[], outputNames: string[]}} samples The
 *   state's samples; a model with columns has names for theirs.
 * @throws {InputError} If the network does not fit the data, or the cost does not suit its output.
 */
export function stateOfModel(model, state, samples) {
  const { layers, activations, weights, biases } = model.network;
  checkFitsData("model", layers, state);
  const cost = model.training?.cost;
  const suited = cost === undefined ? fittingCost(state, activations.at(-1)) : { cost };
  const data = namedData(
    samples.x,
    samples.d,
    model.inputs?.terms.map(({ name: term }) => term) ?? samples.inputNames,
    namesOfOutputs(model) ?? samples.outputNames,
  );
  const isNamed = model.inputs !== null || model.outputs !== null;
  const named = isNamed && !sameNames(data, samples) ? { data } : {};
  const changes = { layers, activations, weights, biases, focus: [2, 1], ...suited, ...named };
  return change(state, changes);
}

const sameNames = (a, b) => same([a.inputNames, a.outputNames], [b.inputNames, b.outputNames]);

/** One name for each output of the network: of classes, which each is the probability of. */
function namesOfOutputs({ outputs }) {
  if (outputs === null) return null;
  const { names, levels } = outputs;
  if (levels === null) return names;
  return (levels.length === 2 ? levels.slice(1) : levels).map(levelText);
}

/** The network of the page as a model. */
export function modelOf({ layers, activations }, { weights, biases }) {
  return new MLP(new Network(layers, { activations, weights, biases }));
}

/** Samples with names for their columns. */
export function namedData(x, d, inputNames = null, outputNames = null) {
  const names = (columns, letter) => Array.from({ length: columns }, (_, j) => `${letter}${j + 1}`);
  return {
    x,
    d,
    inputNames: inputNames ?? names(x[0].length, "x"),
    outputNames: outputNames ?? names(d[0].length, "d"),
  };
}

const camel = (key) => key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** An optimiser's settings in camelCase, those left out that are its defaults but for the rate. */
function withoutDefaults({ name, ...settings }) {
  const defaults = { weightDecay: 0, ...OPTIMIZERS[name].defaults };
  const kept = Object.entries(settings)
    .map(([key, value]) => [camel(key), value])
    .filter(([key, value]) => key === "learningRate" || !same(value, defaults[key]));
  return { name, ...Object.fromEntries(kept) };
}

function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

// ---- checks

function fail(name, must, given) {
  throw new InputError(`${name} must be ${must}, got ${describe(given)}`);
}

function oneOf(value, name, allowed) {
  const list = allowed.map((entry) => describe(entry)).join(", ");
  if (!allowed.includes(value)) fail(name, `one of ${list}`, value);
  return value;
}

/**
 * Return the state, complete and frozen, or refuse it.
 *
 * @throws {InputError} In the words of a plan, or naming the part of the page.
 */
export function checkState(given) {
  const state = { ...DEFAULT_STATE, ...given };
  const plan = planOf(state);
  const { layers, activations, weights, biases } = plan.network;
  const { updates, phase, focus } = state;
  if (!Number.isSafeInteger(updates) || updates < 0) {
    fail("updates", "an integer >= 0", updates);
  }
  oneOf(phase, "phase", PHASES);
  if ((phase === "start" && updates > 0) || (phase === "update" && updates === 0)) {
    fail("phase", updates > 0 ? 'no "start" after an update' : '"start" before any', phase);
  }
  oneOf(state.speed, "speed", SPEEDS);
  checkLesson(state);
  const isPair = Array.isArray(focus) && focus.length === 2 && focus.every(Number.isInteger);
  const inside =
    isPair &&
    focus[0] >= 1 &&
    focus[0] <= layers.length &&
    focus[1] >= 1 &&
    focus[1] <= layers[focus[0] - 1];
  if (!inside) fail("focus", "a layer and a neuron of it", focus);
  if (state.otherRule !== null) {
    oneOf(state.otherRule, "the other rule", Object.keys(RULES));
  }
  return freeze({
    ...state,
    layers,
    activations,
    weights,
    biases,
    data: structuredClone(state.data),
    optimizer: withoutDefaults(plan.training.optimizer),
    focus: [...focus],
    exercise: state.exercise === null ? null : [...state.exercise],
  });
}

/** A step of the tour, or an exercise: its seed and its level. */
function checkLesson({ tour, exercise }) {
  const isStep = Number.isInteger(tour) && tour >= 1 && tour <= TOUR_STEPS;
  if (tour !== null && !isStep) fail("tour", `an integer from 1 to ${TOUR_STEPS}`, tour);
  if (exercise === null) return;
  if (tour !== null) throw new InputError("the page shows the tour or an exercise, not both");
  if (!Array.isArray(exercise) || exercise.length !== 2)
    fail("exercise", "a seed and a level", exercise);
  checkSeed(exercise[0], "the seed of the exercise");
  checkInteger(exercise[1], "the level of the exercise", 1, EXERCISE_LEVELS);
}

// ---- changes

/** Where a training starts. */
const AT_START = { updates: 0, phase: "start" };

/**
 * The state with some settings changed. A change of anything but position, focus or speed begins
 * the training again from its start.
 */
export function change(state, changes) {
  const onlyView = Object.keys(changes).every((key) => VIEW.includes(key));
  return checkState({ ...state, ...(onlyView ? {} : AT_START), ...changes });
}

/** The state with another optimiser, and that one's own learning rate. */
export function changeOptimizer(state, name) {
  const { learningRate } = OPTIMIZERS[name].defaults;
  return change(state, { optimizer: { name, learningRate } });
}

/** Weights given by hand, cut or filled up to new layers; what is new is drawn from the seed. */
function fitted(state, layers, layerBefore) {
  const { weights, biases, init, seed } = state;
  if (weights === null) return { weights: null, biases: null };
  const start = startingWeights(layers, init, seed);
  const old = (l) => layerBefore[l] ?? null; // where layer l was, both from 0
  return {
    weights: start.weights.map((matrix, i) =>
      matrix.map((row, k) =>
        row.map((value, j) => {
          const [from, to] = [old(i), old(i + 1)];
          if (from === null || to === null || to - from !== 1) return value;
          return weights[to - 1][k]?.[j] ?? value;
        }),
      ),
    ),
    biases: start.biases.map((vector, i) =>
      vector.map((value, k) => {
        const to = old(i + 1);
        return to === null ? value : ((biases ?? [])[to - 1]?.[k] ?? value);
      }),
    ),
  };
}

function withLayers(state, layers, activations, layerBefore) {
  const [layer, neuron] = state.focus;
  const focusLayer = Math.min(layer, layers.length);
  return change(state, {
    layers,
    activations,
    ...fitted(state, layers, layerBefore),
    focus: [focusLayer, Math.min(neuron, layers[focusLayer - 1])],
  });
}

const indexes = (list) => list.map((_, i) => i);

/** The state with `count` neurons in a hidden layer (2, ..., L - 1). */
export function changeNeurons(state, layer, count) {
  if (layer < 2 || layer >= state.layers.length || count < 1 || count > MOST_NEURONS) return state;
  const layers = state.layers.map((units, i) => (i === layer - 1 ? count : units));
  return withLayers(state, layers, state.activations, indexes(layers));
}

/** The state with a hidden layer more, before the output: like the one before it, or of 4 neurons. */
export function addLayer(state) {
  const { layers, activations } = state;
  if (layers.length - 2 >= MOST_HIDDEN) return state;
  const last = layers.length - 1;
  const units = layers.length > 2 ? layers[last - 1] : 4;
  const name = layers.length > 2 ? activations.at(-2) : "sigmoid";
  return withLayers(
    state,
    [...layers.slice(0, last), units, layers[last]],
    [...activations.slice(0, -1), name, activations.at(-1)],
    [...indexes(layers).slice(0, last), null, last],
  );
}

/** The state without a hidden layer (2, ..., L - 1). */
export function removeLayer(state, layer) {
  const { layers, activations } = state;
  if (layer < 2 || layer >= layers.length) return state;
  const keep = (_, i) => i !== layer - 1;
  return withLayers(
    state,
    layers.filter(keep),
    activations.filter((_, i) => i !== layer - 2),
    indexes(layers).filter(keep),
  );
}

/** The state with another activation in a layer (2, ..., L). */
export function changeActivation(state, layer, name) {
  const activations = state.activations.map((old, i) => (i === layer - 2 ? name : old));
  return change(state, { activations, ...fittingCost(state, activations.at(-1)) });
}

/** Softmax needs the cross entropy, and that one needs sigmoid or softmax. */
function fittingCost({ cost }, output) {
  if (output === "softmax") return { cost: "cross_entropy" };
  if (cost === "cross_entropy" && output !== "sigmoid") return { cost: "half_mse" };
  return {};
}

/**
 * The state in which the training starts from given weights.
 *
 * @param {Object} state
 * @param {{weights: number[][][], biases: number[][]}} network
 */
export function startFrom(state, { weights, biases }) {
  return change(state, { weights, biases });
}

/**
 * The state that starts from the weights of a network, one of them changed.
 *
 * @param {Object} state
 * @param {{weights: number[][][], biases: number[][]}} network
 * @param {{layer: number, to: number, from: ?number}} place Counted from 1; from null is the bias.
 * @param {number} value
 * @throws {InputError} If the value is no finite number.
 */
export function editWeight(state, network, { layer, to, from }, value) {
  if (!Number.isFinite(value)) fail("a weight", "a finite number", value);
  const weights = structuredClone(network.weights);
  const biases = structuredClone(network.biases);
  if (from === null) biases[layer - 2][to - 1] = value;
  else weights[layer - 2][to - 1][from - 1] = value;
  return startFrom(state, { weights, biases });
}

/** The state with other samples, whose columns the first and the last layer get. */
export function changeData(state, data, samples, settings = {}) {
  const layers = [samples.x[0].length, ...state.layers.slice(1, -1), samples.d[0].length];
  const activations = [...state.activations];
  if (activations.at(-1) === "softmax" && layers.at(-1) < 2) activations.splice(-1, 1, "sigmoid");
  const batchSize = state.batchSize === null ? null : Math.min(state.batchSize, samples.x.length);
  const made = { layers, activations, weights: null, biases: null, batchSize, ...settings };
  return change(state, { data, focus: [2, 1], ...made });
}

// ---- address

const decode = decodeURIComponent;
const number = (value) => (Object.is(value, -0) ? "-0" : String(value));
const numbers = (values) => values.flat(Infinity).map(number).join(",");
const name = encodeURIComponent; // commas too: they stand between names

function readNumber(raw, key) {
  const text = decode(raw);
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) fail(`${key} in the address`, "a finite number", text);
  return value;
}

function readNumbers(raw, key) {
  return raw === ""
    ? []
    : decode(raw)
        .split(",")
        .map((part) => readNumber(part, key));
}

function rowsOf(flat, columns, key) {
  if (flat.length === 0 || flat.length % columns !== 0) {
    throw new InputError(
      `${key} in the address must have rows of ${columns} numbers, got ${flat.length} numbers`,
    );
  }
  const rows = flat.length / columns;
  return Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
}

/** Cut a list of numbers into parts of these lengths. */
function cut(flat, sizes, key) {
  const needed = sizes.reduce((sum, size) => sum + size, 0);
  if (flat.length !== needed) {
    throw new InputError(`${key} in the address must have ${needed} numbers, got ${flat.length}`);
  }
  let at = 0;
  return sizes.map((size) => flat.slice(at, (at += size)));
}

/** How an optimiser's own parameters are written. */
const PARAMETERS = ["momentum", "nesterov", "alpha", "eps", "betas", "etas", "stepSizes"];

/**
 * The hash of a state's address, without the "#": what differs from DEFAULT_STATE, in a fixed order.
 *
 * @param {Object} state
 * @returns {string}
 */
export function toHash(state) {
  const parts = [];
  const add = (key, value) => parts.push(`${key}=${value}`);
  const differs = (key) => !same(state[key], DEFAULT_STATE[key]);
  const { data, optimizer } = state;
  if (data.dataset === undefined) {
    add("x", numbers(data.x));
    add("d", numbers(data.d));
    add("inputs", data.inputNames.map(name).join(","));
    add("outputs", data.outputNames.map(name).join(","));
  } else if (differs("data")) add("data", name(data.dataset));
  if (differs("layers")) add("layers", state.layers.join("-"));
  if (state.activations.some((activation) => activation !== "sigmoid")) {
    add("activations", state.activations.join(","));
  }
  if (differs("init")) add("init", state.init);
  if (differs("seed")) add("seed", number(state.seed));
  if (state.weights !== null) add("weights", numbers(state.weights));
  if (state.biases !== null) add("biases", numbers(state.biases));
  if (differs("cost")) add("cost", state.cost);
  if (differs("rule")) add("rule", state.rule);
  if (differs("otherRule")) add("other_rule", state.otherRule);
  if (differs("updateOrder")) add("update_order", state.updateOrder);
  if (differs("optimizer")) {
    add("optimizer", optimizer.name);
    add("learning_rate", number(optimizer.learningRate));
    if (optimizer.weightDecay) add("weight_decay", number(optimizer.weightDecay));
    for (const key of PARAMETERS) {
      const value = optimizer[key];
      if (value !== undefined)
        add(snakeCase(key), typeof value === "boolean" ? value : numbers([value]));
    }
  }
  if (differs("batchSize")) add("batch_size", state.batchSize === null ? "all" : state.batchSize);
  if (differs("epochs")) add("epochs", number(state.epochs));
  if (differs("shuffle")) add("shuffle", state.shuffle);
  if (differs("shuffleSeed")) add("shuffle_seed", number(state.shuffleSeed));
  if (differs("updates")) add("updates", number(state.updates));
  if (differs("phase")) add("phase", state.phase);
  if (differs("focus")) add("focus", state.focus.join("."));
  if (differs("speed")) add("speed", number(state.speed));
  if (state.tour !== null) add("tour", number(state.tour));
  if (state.exercise !== null) add("exercise", state.exercise.map(number).join("."));
  return parts.join("&");
}

const SWITCHES = { true: true, false: false };

function readSwitch(raw, key) {
  if (!Object.hasOwn(SWITCHES, raw)) fail(`${key} in the address`, "true or false", decode(raw));
  return SWITCHES[raw];
}

/**
 * The data set that a hash names without saying more of the network, or null: then the settings that
 * suit the data set are meant.
 */
export function datasetOfHash(hash) {
  const [, found] = /^#?(?:.*&)?data=([^&]*)/.exec(hash) ?? [];
  return found === undefined || /(?:^#?|&)layers=/.test(hash) ? null : decode(found);
}

/**
 * The state that a hash stands for; the inverse of toHash.
 *
 * @param {string} hash With or without the "#". Layers without activations have sigmoid ones.
 * @param {Object} base What the hash does not say; default DEFAULT_STATE.
 * @returns {Object} A state, checked.
 * @throws {InputError} If a key is unknown or a value not allowed.
 */
export function fromHash(hash, base = DEFAULT_STATE) {
  const given = new Map();
  for (const part of hash.replace(/^#/, "").split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    if (at < 0) throw new InputError(`the address has no value for ${describe(part)}`);
    given.set(part.slice(0, at), part.slice(at + 1));
  }
  const state = { ...base };
  const take = (key, read, as = key) => {
    if (!given.has(key)) return;
    state[as] = read(given.get(key), key);
    given.delete(key);
  };
  const text = (raw) => decode(raw);
  const names = (raw) => raw.split(",").map(decode);
  const list = (raw) => decode(raw).split(",");

  take("layers", (raw, key) => raw.split("-").map((part) => readNumber(part, key)));
  if (state.layers !== base.layers) state.activations = state.layers.slice(1).map(() => "sigmoid");
  take("activations", list);
  take("init", text);
  take("seed", readNumber);
  take("cost", text);
  take("rule", text);
  take("other_rule", text, "otherRule");
  take("update_order", text, "updateOrder");
  take("batch_size", (raw, key) => (raw === "all" ? null : readNumber(raw, key)), "batchSize");
  take("epochs", readNumber);
  take("shuffle", readSwitch);
  take("shuffle_seed", readNumber, "shuffleSeed");
  take("updates", readNumber);
  take("phase", text);
  take("focus", (raw, key) => raw.split(".").map((part) => readNumber(part, key)));
  take("speed", readNumber);
  take("tour", readNumber);
  take("exercise", (raw, key) => raw.split(".").map((part) => readNumber(part, key)));
  state.optimizer = readOptimizer(given, base.optimizer);

  const { layers } = state;
  const sizes = layers.slice(1).map((units, i) => [units, layers[i]]);
  const products = sizes.map(([units, inputs]) => units * inputs);
  take("weights", (raw, key) =>
    cut(readNumbers(raw, key), products, key).map((flat, i) => rowsOf(flat, sizes[i][1], key)),
  );
  take("biases", (raw, key) => cut(readNumbers(raw, key), layers.slice(1), key));
  take("data", (raw) => ({ dataset: decode(raw) }));
  if (given.has("x") || given.has("d")) {
    const rows = (key, columns) => rowsOf(readNumbers(given.get(key) ?? "", key), columns, key);
    const columnNames = (key) => (given.has(key) ? names(given.get(key)) : null);
    const [x, d] = [rows("x", layers[0]), rows("d", layers.at(-1))];
    const data = namedData(x, d, columnNames("inputs"), columnNames("outputs"));
    if (data.inputNames.length !== layers[0] || data.outputNames.length !== layers.at(-1)) {
      throw new InputError("inputs and outputs in the address must name each column");
    }
    state.data = data;
    for (const key of ["x", "d", "inputs", "outputs"]) given.delete(key);
  }
  const [unknown] = given.keys();
  if (unknown !== undefined)
    throw new InputError(`unknown key ${describe(unknown)} in the address`);
  return checkState(state);
}

/** Take an optimiser's settings out of `given`. */
function readOptimizer(given, base) {
  const isNamed = given.has("optimizer");
  const take = (key, read) => {
    if (!given.has(key)) return undefined;
    const value = read(given.get(key), key);
    given.delete(key);
    return value;
  };
  const optimizer = take("optimizer", decode) ?? base.name;
  oneOf(optimizer, "optimizer in the address", Object.keys(OPTIMIZERS));
  const { defaults } = OPTIMIZERS[optimizer];
  const found = {
    learningRate: take("learning_rate", readNumber) ?? (isNamed ? defaults : base).learningRate,
    weightDecay: take("weight_decay", readNumber),
  };
  for (const key of PARAMETERS) {
    const read = {
      boolean: readSwitch,
      number: readNumber,
      object: readNumbers,
    }[typeof (defaults[key] ?? [])];
    found[key] = take(snakeCase(key), read);
  }
  const set = Object.entries(found).filter(([, value]) => value !== undefined);
  return { name: optimizer, ...Object.fromEntries(set) };
}
