// The data sets, and what a plan makes of them. Twins: python/twinprop/datasets.py, r/datasets.R.
//
// The rows are in data/NAME.csv, the columns are described in datasets.json beside this file: all
// languages share both. docs/data.md states the format and the steps.

import { checkChoice, checkKeys, checkObject, describe, isList } from "./checks.js";
import { InputError, TwinpropError } from "./errors.js";

/**
 * The names of the data sets, in the order of datasets.json (the tests compare the two): a plan is
 * checked before anything is loaded.
 */
export const DATASETS = Object.freeze([
  "xor",
  "three_by_three",
  "iris",
  "penguins",
  "wine",
  "digits",
  "diabetes",
  "linnerud",
]);

/** How the CSV files write a missing value. */
const MISSING = "NA";

/** Where the CSV files may lie, as seen from this file: installed, and in the source tree. */
const FOLDERS = ["../data/", "../../data/"];

/**
 * The rows of a CSV text (RFC 4180: comma, quotes where they are needed), the header first.
 *
 * @param {string} text
 * @returns {string[][]}
 */
export function parseCsv(text) {
  const rows = [];
  let row = [];
  // A field, quoted or not, and what ends it: a comma, the end of the line or of the text.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (match === null) throw new TwinpropError(`CSV: a stray quote in row ${rows.length + 1}`);
    const [, quoted, plain, end] = match;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ",") {
      rows.push(row);
      row = [];
    }
  }
  if (row.length > 0) rows.push([...row, ""]); // a text that ends with a comma
  return rows;
}

/**
 * Centre by the mean and divide by the standard deviation (with n, not n - 1); 0 where a column is
 * constant. Every language adds from the first value to the last, so that all get the same bits.
 */
function standardise(x) {
  if (Math.min(...x) === Math.max(...x)) return x.map(() => 0);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const mean = sum(x) / x.length;
  const centred = x.map((value) => value - mean);
  const sd = Math.sqrt(sum(centred.map((value) => value * value)) / x.length);
  return centred.map((value) => value / sd);
}

/** A column of the CSV as one or more columns of numbers, with their names. */
function numberColumns(name, values, { type, levels }, scaled) {
  if (type === "factor") {
    return levels.map((level) => ({
      name: `${name}_${level}`,
      values: values.map((value) => (value === level ? 1 : 0)),
    }));
  }
  const numbers = values.map(Number);
  return [{ name, values: scaled ? standardise(numbers) : numbers }];
}

/**
 * What a plan makes of a data set: rows with a missing value in an input or output are dropped;
 * numeric inputs are standardised where the description says so; factors become one column of 0 and 1
 * for each level; numeric outputs stay as they are.
 *
 * @param {Object} description The data set's entry in datasets.json.
 * @param {string} csv The text of its CSV file.
 * @returns {{x: number[][], d: number[][], dropped: number, inputNames: string[],
 *   outputNames: string[]}}
 */
export function planData(description, csv) {
  const { columns, inputs, outputs } = description;
  const [header, ...rows] = parseCsv(csv);
  const place = (name) => header.indexOf(name);
  const complete = rows.filter((row) =>
    [...inputs, ...outputs].every((name) => row[place(name)] !== MISSING),
  );
  const matrix = (names, scaled) => {
    const made = names.flatMap((name) =>
      numberColumns(
        name,
        complete.map((row) => row[place(name)]),
        columns[name],
        scaled,
      ),
    );
    return {
      rows: complete.map((_, i) => made.map(({ values }) => values[i])),
      names: made.map(({ name }) => name),
    };
  };
  const x = matrix(inputs, description.standardise);
  const d = matrix(outputs, false);
  return {
    x: x.rows,
    d: d.rows,
    dropped: rows.length - complete.length,
    inputNames: x.names,
    outputNames: d.names,
  };
}

/** The text at an address, in node (a file) as in a browser; null if there is none. */
async function readText(url) {
  if (url.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    try {
      return await readFile(url, "utf8");
    } catch (error) {
      if (error.code === "ENOENT") return null;
      throw error;
    }
  }
  const response = await fetch(url);
  return response.ok ? response.text() : null;
}

async function readFirst(urls) {
  for (const url of urls) {
    const text = await readText(url);
    if (text !== null) return text;
  }
  throw new TwinpropError(`cannot read the data set: nothing at ${urls.join(" or ")}`);
}

/** A JSON file beside this one: all languages share them. */
export async function readShared(name) {
  return JSON.parse(await readFirst([new URL(name, import.meta.url)]));
}

/** Return a list of folders' names, each with a slash at its end. */
function checkFolders(value) {
  if (!isList(value) || value.length === 0 || !value.every((name) => typeof name === "string")) {
    throw new InputError(`folders must be a list of at least 1 name, got ${describe(value)}`);
  }
  return value.map((name) => (name.endsWith("/") ? name : `${name}/`));
}

/**
 * A data set by its name, from the package's files.
 *
 * @param {string} name One of DATASETS.
 * @param {Object} options
 * @param {string[]} options.folders Where to look for NAME.csv, relative to this file or absolute.
 * @returns {Promise<Object>} `name`, `title`, `source`, `licence`; the matrices that a plan makes of
 *   it, `x` and `d`, with `inputNames`, `outputNames` and the number of `dropped` rows; `network`,
 *   the network that belongs to it, or null.
 * @throws {InputError} If there is no data set of that name, or folders are no list of names.
 * @throws {TwinpropError} If its files cannot be found.
 *
 * @example
 * const { x, d, dropped } = await loadDataset("penguins"); // 333 rows; 11 dropped
 */
export async function loadDataset(name, options = {}) {
  // Only a listed name becomes a part of a path.
  checkChoice(name, "dataset", DATASETS);
  checkKeys(checkObject(options, "options"), "options", ["folders"]);
  const { folders: given = FOLDERS } = options;
  const folders = checkFolders(given);
  const here = (path) => new URL(path, import.meta.url);
  const { datasets } = await readShared("datasets.json");
  const { title, source, licence, network = null } = datasets[name];
  const csv = await readFirst(folders.map((folder) => here(`${folder}${name}.csv`)));
  return { name, title, source, licence, network, ...planData(datasets[name], csv) };
}
