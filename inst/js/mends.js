// The code that mends what a diagnosis finds. Twins: python/twinprop/mends.py, r/mends.R.
//
// Section 14 of docs/contract.md. Each language writes its own: JavaScript here, to be run where
// network, x and d are the user's. It ends in a training with the settings that the run had, but for
// what is mended; of a network without a run nothing is known of that, and it ends in the network.

import { describe } from "./checks.js";
import { OPTIMIZERS } from "./optimizers.js";
import { TRAINING_DEFAULTS } from "./training.js";

/** The optimisers that move by the gradient itself. */
export const SGD = Object.freeze(["sgd", "momentum", "nesterov"]);

/** Units of the hidden layer that a network without one is given. */
const HIDDEN_UNITS = 8;

/** The least and the largest value of each column, as code. */
const extremes = (values) =>
  ["min", "max"].map(
    (of) =>
      `const ${of === "min" ? "low" : "high"} = ` +
      `${values}[0].map((_, j) => Math.${of}(...${values}.map((row) => row[j])));`,
  );

/** Start anew, from weights that are drawn. */
export function newStart(network, settings, seed = null) {
  return code([newCode(network, { seed }), ...trainCode(settings)]);
}

/** Bring each column of d into the range of the outputs. */
export function scaleTargets(network, settings) {
  const output = network.activations.at(-1);
  const [low, high] = extremes("d");
  const each = (value) => `d = d.map((row) => row.map((value, k) => ${value}));`;
  const width = "(high[k] - low[k] || 1)";
  const lines = {
    relu: [low, each("value - low[k]")],
    softplus: [low, each("value - low[k]")],
    sigmoid: [low, high, each(`(value - low[k]) / ${width}`)],
    tanh: [low, high, each(`(2 * (value - low[k])) / ${width} - 1`)],
  }[output];
  const rows = "d = d.map((row) => [row].flat());";
  return code([rows, ...lines, newCode(network), ...trainCode(settings)]);
}

/** Bring each column of x to mean 0 and standard deviation 1; `constant`: some have none. */
export function scaleInputs(network, constant, settings) {
  const sum = (value) => `x.reduce((sum, row) => sum + ${value}, 0) / x.length`;
  const width = constant ? "(high[j] > low[j] ? sd[j] : 1)" : "sd[j]";
  return code([
    ...(constant ? extremes("x") : []),
    `const mean = x[0].map((_, j) => ${sum("row[j]")});`,
    `const sd = mean.map((m, j) => Math.sqrt(${sum("(row[j] - m) ** 2")}));`,
    `x = x.map((row) => row.map((value, j) => (value - mean[j]) / ${width}));`,
    newCode(network),
    ...trainCode(settings),
  ]);
}

/** Train anew with another learning rate. */
export function otherRate(network, settings, learningRate) {
  const optimizer = { ...settings.optimizer, learningRate };
  return code([newCode(network), ...trainCode({ ...settings, optimizer })]);
}

/** An optimiser's default learning rate. */
export function usualRate(optimizer) {
  return OPTIMIZERS[optimizer].defaults.learningRate;
}

/** Give a layer the activation leaky_relu. */
export function leaky(network, layer, settings) {
  const activations = network.activations.map((name, i) => (i === layer - 2 ? "leaky_relu" : name));
  return code([newCode(network, { activations }), ...trainCode(settings)]);
}

/** Train on, more times as many epochs. */
export function moreEpochs(settings, times) {
  return code(trainCode({ ...settings, epochs: settings.epochs * times }));
}

/** Start anew with twice the hidden units, and train twice as long. */
export function largerNetwork(network, settings) {
  const [inputs, ...rest] = network.layers;
  const outputs = rest.pop();
  const hidden = rest.length > 0 ? rest.map((units) => 2 * units) : [HIDDEN_UNITS];
  const activations = [...(rest.length > 0 ? [] : ["tanh"]), ...network.activations];
  const layers = [inputs, ...hidden, outputs];
  const longer = settings && { ...settings, epochs: settings.epochs * 2 };
  return code([newCode(network, { layers, activations, seed: 1 }), ...trainCode(longer)]);
}

/** Repeat the rows of small classes, so that all have about as many. */
export function balance(network, outputs, settings) {
  return code([
    outputs > 1
      ? "const labels = d.map((row) => row.indexOf(1));"
      : "const labels = d.map((row) => [row].flat()[0]);",
    `const counts = Array(${Math.max(outputs, 2)}).fill(0);`,
    "for (const label of labels) counts[label] += 1;",
    "const most = Math.max(...counts);",
    "const rows = labels.flatMap((label, i) => Array(Math.floor(most / counts[label])).fill(i));",
    "x = rows.map((i) => x[i]);",
    "d = rows.map((i) => d[i]);",
    ...(settings && (settings.sampleWeight ?? null) !== null
      ? ["sampleWeight = rows.map((i) => sampleWeight[i]);"]
      : []),
    newCode(network),
    ...trainCode(settings && { ...settings, shuffle: true }),
  ]);
}

/** Leave out columns of x, counted from 0. */
export function dropColumns(network, columns, settings) {
  const left = network.layers[0] - columns.length;
  if (left === 0) {
    return "// no column of x is left that tells rows apart: there is nothing to learn from";
  }
  const layers = [left, ...network.layers.slice(1)];
  return code([
    `x = x.map((row) => row.filter((_, j) => ![${columns.join(", ")}].includes(j)));`,
    newCode(network, { layers }),
    ...trainCode(settings),
  ]);
}

function newCode(network, { layers = network.layers, activations, seed = null } = {}) {
  const names = activations ?? network.activations;
  const same = new Set(names).size === 1;
  const options = [
    ...(same && names[0] === "sigmoid"
      ? []
      : [`activations: ${literal(same ? names[0] : [...names])}`]),
    ...(seed === null ? [] : [`seed: ${seed}`]),
  ];
  const more = options.length > 0 ? `, { ${options.join(", ")} }` : "";
  return `network = new Network(${literal([...layers])}${more});`;
}

/** The call that trains, with the settings that are not the defaults. */
function trainCode(settings) {
  if (settings === null) return [];
  const given = [];
  for (const [name, absent] of Object.entries(TRAINING_DEFAULTS)) {
    if (name === "optimizer") {
      const optimizer = optimizerCode(settings.optimizer);
      if (optimizer !== null) given.push(`optimizer: ${optimizer}`);
    } else if (name in settings && settings[name] !== absent) {
      given.push(`${name}: ${literal(settings[name])}`);
    }
  }
  if ((settings.sampleWeight ?? null) !== null) given.push("sampleWeight"); // the user's own
  const options = given.length > 0 ? `, { ${given.join(", ")} }` : "";
  return [`run = network.train(x, d${options});`];
}

/** The code of an optimiser; null for the default one. */
function optimizerCode({ name, ...settings }) {
  const defaults = { weightDecay: 0, ...OPTIMIZERS[name].defaults };
  const own = Object.entries(settings)
    .filter(([key, value]) => literal(value) !== literal(defaults[key]))
    .map(([key, value]) => `${key}: ${literal(value)}`);
  if (own.length > 0) return `new Optimizer(${literal(name)}, { ${own.join(", ")} })`;
  return name === "sgd" ? null : literal(name);
}

function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return describe(value);
  const entries = Object.entries(value).map(([key, entry]) => `${key}: ${literal(entry)}`);
  return `{ ${entries.join(", ")} }`;
}

function code(lines) {
  return lines.join("\n");
}
