// The page's samples: the package's data sets, points that were painted, a CSV file. Twins: none, a page
// is JavaScript's alone; what becomes of the columns of a file is datasets.js's.

import { describe } from "../checks.js";
import { loadDataset, parseCsv, planData, readShared } from "../datasets.js";
import { InputError } from "../errors.js";
import { namedData } from "./state.js";

/** A file of more rows than this is refused: its samples would not fit into an address. */
export const MOST_ROWS = 2000;

/** How a page writes what a class is called. */
const MISSING = "NA";

/**
 * The samples that a state's data stand for.
 *
 * @param {Object} data `{dataset}` or `{x, d, inputNames, outputNames}`.
 * @returns {Promise<{x: number[][], d: number[][], inputNames: string[], outputNames: string[]}>} With
 *   `title` and `source`, which may be null.
 */
export async function loadSamples(data) {
  if (data.dataset === undefined) return { ...data, title: null, source: null };
  return loadDataset(data.dataset);
}

/**
 * The settings that suit a data set: those by which the cross-check trains it.
 *
 * @param {string} name One of DATASETS.
 * @returns {Promise<Object>} Settings of a state.
 */
export async function datasetSettings(name) {
  const { settings } = await readShared("crosscheck.json");
  const { hidden, output, learning_rate, batch_size, shuffle } = settings[name];
  const { x, d, network } = await loadDataset(name);
  const layers = network?.layers ?? [x[0].length, ...hidden, d[0].length];
  return {
    data: { dataset: name },
    layers,
    activations: [...layers.slice(1, -1).map(() => "sigmoid"), output],
    weights: network?.weights ?? null,
    biases: network?.biases ?? null,
    cost: "half_mse",
    optimizer: { name: "sgd", learningRate: learning_rate },
    batchSize: batch_size,
    shuffle,
    focus: [2, 1],
  };
}

/** Points to start painting with. */
export function firstPoints() {
  const x = [
    [-0.6, -0.5],
    [-0.3, -0.7],
    [-0.5, 0.5],
    [0.5, 0.6],
    [0.4, -0.4],
    [0.7, -0.6],
  ];
  return namedData(x, [[1], [1], [0], [1], [0], [0]]);
}

/** The data with a point more. */
export function addPoint(data, point, target) {
  const { x, d, inputNames, outputNames } = data;
  return namedData([...x, point], [...d, [target]], inputNames, outputNames);
}

/** The data without its last point; one point stays. */
export function removePoint(data, at = data.x.length - 1) {
  const { x, d, inputNames, outputNames } = data;
  if (x.length === 1) return data;
  const keep = (_, i) => i !== at;
  return namedData(x.filter(keep), d.filter(keep), inputNames, outputNames);
}

/** Whether these are points that can be painted. */
export function isPainted({ x, d }) {
  if (x === undefined || x[0].length !== 2 || d[0].length !== 1) return false;
  return d.every(([value]) => value === 0 || value === 1);
}

const isMissing = (text) => text.trim() === "" || text.trim() === MISSING;
const isNumber = (text) => Number.isFinite(Number(text));

/** A text as a field of a CSV file. */
function field(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Sorted by code point, as all languages sort levels. */
function byCodePoint(a, b) {
  const [p, q] = [[...a], [...b]];
  for (let i = 0; i < Math.min(p.length, q.length); i++) {
    if (p[i] !== q[i]) return p[i].codePointAt(0) - q[i].codePointAt(0);
  }
  return p.length - q.length;
}

/**
 * The columns of a CSV file: the first row has their names.
 *
 * @param {string} text
 * @returns {{names: string[], rows: string[][]}}
 * @throws {InputError} If there is no table in it.
 */
export function readTable(text) {
  const [header = [], ...rows] = parseCsv(text.replace(/^\uFEFF/, "").replace(/\s+$/, "\n"));
  const names = header.map((name) => name.trim());
  const problem = (words) => new InputError(`the CSV file ${words}`);
  if (names.length < 2) throw problem("must have at least 2 columns, with names in its first row");
  if (rows.length === 0) throw problem("has no rows below its names");
  if (rows.length > MOST_ROWS) {
    throw problem(`must have at most ${MOST_ROWS} rows, got ${rows.length}`);
  }
  rows.forEach((row, i) => {
    if (row.length !== names.length) {
      throw problem(`must have ${names.length} values in row ${i + 1}, got ${row.length}`);
    }
  });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw problem(`has two columns named ${describe(twice)}`);
  return { names, rows };
}

/**
 * Samples and settings of a CSV file: one column is to be learned from all others. Numbers are
 * standardised, texts become a column of 0 and 1 for each level; rows with a missing value (empty or
 * NA) are left out (docs/data.md).
 *
 * @param {{names: string[], rows: string[][]}} table What readTable returned.
 * @param {string} output The column to be learned; default the last.
 * @returns {{data: Object, settings: Object, dropped: number}} `data` and `settings` for a state.
 * @throws {InputError} If nothing can be learned from it.
 */
export function tableData({ names, rows }, output = names.at(-1)) {
  if (!names.includes(output)) {
    throw new InputError(`the CSV file has no column ${describe(output)}`);
  }
  const columns = {};
  names.forEach((name, j) => {
    const values = rows.map((row) => row[j]).filter((text) => !isMissing(text));
    columns[name] = values.every(isNumber)
      ? { type: "number" }
      : { type: "factor", levels: [...new Set(values)].sort(byCodePoint) };
  });
  const clean = rows.map((row) => row.map((text) => (isMissing(text) ? MISSING : text)));
  const csv = [names, ...clean].map((row) => row.map(field).join(",")).join("\n");
  const inputs = names.filter((name) => name !== output);
  const description = { columns, inputs, outputs: [output], standardise: true };
  const { x, d, dropped, inputNames, outputNames } = planData(description, `${csv}\n`);
  if (x.length === 0) throw new InputError("the CSV file has no row without a missing value");
  return {
    data: namedData(x, d, inputNames, outputNames),
    settings: outputSettings(columns[output], d),
    dropped,
  };
}

/** What suits an output: its activation, cost and learning rate. */
function outputSettings({ type }, d) {
  const batchSize = Math.min(16, d.length);
  if (type === "factor" && d[0].length > 1) {
    return { output: "softmax", cost: "cross_entropy", learningRate: 0.1, batchSize };
  }
  const binary = d.every(([value]) => value === 0 || value === 1);
  return binary
    ? { output: "sigmoid", cost: "half_mse", learningRate: 0.5, batchSize }
    : { output: "identity", cost: "half_mse", learningRate: 0.01, batchSize };
}
