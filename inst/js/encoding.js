// How columns become inputs, and outputs predictions. Twins: python/twinprop/encoding.py,
// r/encoding.R.
//
// Section 16 of docs/contract.md; docs/data-contract.md says it with examples. Here an encoding is
// only applied: Python and R learn them, and a model's file brings them.

import {
  checkChoice,
  checkKeys,
  checkObject,
  checkSwitch,
  checkVector,
  describe,
  formatNumber,
  isList,
  isObject,
  quoted,
} from "./checks.js";
import { InputError } from "./errors.js";

/** What a model does, beside null: nothing is known but its network. */
export const TASKS = Object.freeze(["regression", "classification", "multilabel"]);

/** What is done with a row that lacks a value: an error, or a prediction that is missing too. */
export const NA_ACTIONS = Object.freeze(["error", "pass"]);

/** What is done with columns that the model does not know. */
export const EXTRA_ACTIONS = Object.freeze(["ignore", "error"]);

/** What a column holds. */
const KINDS = ["numeric", "logical", "factor"];

/** More levels than these are not listed in messages. */
const MOST_LISTED = 20;

/** Whether a single value is missing. */
function isMissing(value) {
  return value === null || value === undefined || Number.isNaN(value);
}

/** A level as text: a string itself, a number as %.15g has it, TRUE or FALSE. */
export function levelText(level) {
  if (typeof level === "boolean") return level ? "TRUE" : "FALSE";
  return typeof level === "number" ? formatNumber(level + 0) : level; // -0 is 0
}

/** List values for a message, the first ones only of many. */
function listed(values) {
  const shown = values.slice(0, MOST_LISTED).map(describe).join(", ");
  return values.length <= MOST_LISTED ? shown : `${shown}, ... (${values.length} in all)`;
}

/** Refuse what is no list of rows, or rows that are not all lists or all objects. */
function checkRows(data, width) {
  if (!isList(data)) {
    throw new InputError(`the data must be a list of rows, got ${describe(data)}`);
  }
  const named = data.length > 0 && !isList(data[0]);
  for (let i = 0; i < data.length; i++) {
    if (named && !isObject(data[i])) {
      throw new InputError(`row ${i + 1} must be an object, got ${describe(data[i])}`);
    }
    if (!named && !isList(data[i])) {
      throw new InputError(`row ${i + 1} must be a list of values, got ${describe(data[i])}`);
    }
    if (!named && data[i].length !== data[0].length) {
      throw new InputError(
        `row ${i + 1} must have ${data[0].length} values, got ${data[i].length}`,
      );
    }
  }
  return named;
}

/** The columns that the model needs, in its order, each a list of values. */
function findColumns(data, names, extra) {
  if (!checkRows(data)) {
    if (data.length > 0 && data[0].length !== names.length) {
      throw new InputError(
        `the data must have ${names.length} columns, got ${data[0].length}; ` +
          `needed: ${listed(names)}`,
      );
    }
    return names.map((name, j) => Array.from(data, (row) => row[j]));
  }
  const plural = (list) => (list.length > 1 ? "s" : "");
  const given = new Set(data.flatMap((row) => Object.keys(row)));
  const lacking = names.filter((name) => !given.has(name));
  if (lacking.length > 0) {
    throw new InputError(
      `missing column${plural(lacking)} ${listed(lacking)}; needed: ${listed(names)}`,
    );
  }
  const unknown = [...given].filter((name) => !names.includes(name));
  if (unknown.length > 0 && extra === "error") {
    throw new InputError(
      `unknown column${plural(unknown)} ${listed(unknown)}; needed: ${listed(names)}`,
    );
  }
  // a row that lacks a key lacks its value, whatever objects inherit
  return names.map((name) => data.map((row) => (Object.hasOwn(row, name) ? row[name] : null)));
}

/**
 * A column's numbers, or the places of its values among its levels (false, true), from 0; NaN where
 * a value is missing.
 */
function encodeColumn(about, values, na) {
  const name = `column ${describe(about.name)}`;
  const places = new Map((about.levels ?? []).map((level, i) => [levelText(level), i]));
  const kinds = {
    numeric: {
      read: (value) => (Number.isFinite(value) ? value : null),
      allowed: "a finite number",
    },
    logical: {
      read: (value) => (typeof value === "boolean" ? Number(value) : null),
      allowed: "true or false",
    },
    factor: {
      read: (value) => places.get(levelText(value)) ?? null,
      allowed: `one of ${listed(about.levels ?? [])}`,
    },
  };
  const { read, allowed } = kinds[about.kind];
  return values.map((value, i) => {
    if (isMissing(value)) {
      if (na === "error") throw new InputError(`${name} row ${i + 1} is missing`);
      return NaN;
    }
    const number = read(value);
    if (number === null) {
      throw new InputError(`${name} row ${i + 1} must be ${allowed}, got ${describe(value)}`);
    }
    return number;
  });
}

/**
 * The network's inputs for new rows.
 *
 * @param {Object} inputs A model's inputs, checked.
 * @param {Object[]|Array[]} data Rows: objects, whose columns are found by name, or lists in the
 *   order of the columns.
 * @param {Object} options
 * @param {string} options.na A row that lacks a value is an error, or with "pass" a row of NaN.
 * @param {string} options.extra Columns that the model does not know are left aside ("ignore"), or
 *   with "error" refused.
 * @returns {number[][]} A value for each term, standardised if center and scale are there.
 * @throws {InputError} If a column is missing, or a value is of the wrong kind or level; it names
 *   column and row.
 */
export function encodeInputs(inputs, data, { na = "error", extra = "ignore" } = {}) {
  checkChoice(na, "na", NA_ACTIONS);
  checkChoice(extra, "extra", EXTRA_ACTIONS);
  const names = inputs.columns.map((about) => about.name);
  const given = findColumns(data, names, extra);
  const values = new Map();
  inputs.columns.forEach((about, j) => {
    values.set(about.name, encodeColumn(about, given[j], na));
  });
  const columns = [...values.values()];
  return Array.from(data, (_, i) => {
    const missing = columns.some((column) => Number.isNaN(column[i]));
    return inputs.terms.map((term, j) => {
      const value = missing ? NaN : termValue(term, values, i);
      return inputs.center === null ? value : (value - inputs.center[j]) / inputs.scale[j];
    });
  });
}

/** The product of a term's parts in row i; of a level, its number in the coding. */
function termValue(term, values, i) {
  return term.parts.reduce((product, { column, coding }) => {
    const value = values.get(column)[i];
    return product * (coding === undefined ? value : coding[value]);
  }, 1);
}

/** x * scale + center of each column; x itself where these are null. */
export function unscaled(rows, { center, scale }) {
  if (center === null) return rows;
  return rows.map((row) => row.map((value, k) => value * scale[k] + center[k]));
}

/** How many outputs the network has: 1 for two classes. */
export function nOutputs(outputs, task) {
  if (task !== "classification") return outputs.names.length;
  return outputs.levels.length === 2 ? 1 : outputs.levels.length;
}

/** Refuse outputs that are no probabilities. */
export function checkProbabilities(outputActivation) {
  if (outputActivation !== "sigmoid" && outputActivation !== "softmax") {
    throw new InputError(
      'probabilities need "sigmoid" or "softmax" in the output layer, ' +
        `got ${describe(outputActivation)}`,
    );
  }
}

/**
 * The probabilities of the classes from a row of the network's outputs. One output is the
 * probability of the second class. Several sigmoid outputs are divided by their sum.
 */
export function classProbabilities(a, outputActivation) {
  checkProbabilities(outputActivation);
  if (a.length === 1) return [1 - a[0], a[0]];
  if (outputActivation === "softmax") return a;
  const total = a.reduce((sum, value) => sum + value, 0);
  return a.map((value) => (total > 0 ? value / total : 1 / a.length));
}

/**
 * The place of a row's class, from 0: the largest output, the first of equal ones; with one output
 * the second class, if it is above 0.5.
 */
export function classPlace(a) {
  if (a.length === 1) return a[0] > 0.5 ? 1 : 0;
  return a.indexOf(a.reduce((largest, value) => Math.max(largest, value)));
}

// Checks of what a file or a caller says ---------------------------------------------------------

/**
 * A model's inputs, as copies.
 *
 * @throws {InputError} If a part is missing, unknown, or of another kind.
 */
export function checkInputs(value, name = "inputs") {
  checkSection(value, name, ["columns", "terms", "center", "scale"]);
  const columns = checkEntries(value.columns, `${name}.columns`).map((entry, i) =>
    checkColumn(entry, `${name}.columns entry ${i + 1}`),
  );
  const names = columns.map((column) => column.name);
  checkUnlike(names, `${name}.columns`, "names");
  const about = new Map(columns.map((column) => [column.name, column]));
  const terms = checkEntries(value.terms, `${name}.terms`).map((entry, i) =>
    checkTerm(entry, `${name}.terms entry ${i + 1}`, about),
  );
  return { columns, terms, ...checkScaling(value, name, terms.length) };
}

/** A model's outputs, likewise. */
export function checkOutputs(value, task, name = "outputs") {
  checkSection(value, name, ["names", "levels", "center", "scale"]);
  const names = checkList(value.names, `${name}.names`, "strings").map((entry, i) =>
    checkText(entry, `${name}.names entry ${i + 1}`),
  );
  if ((task === "classification") !== (value.levels !== null)) {
    throw new InputError(`${name}.levels must be there for a classification and for nothing else`);
  }
  const levels = value.levels === null ? null : checkLevels(value.levels, `${name}.levels`, true);
  if (levels !== null && names.length !== 1) {
    throw new InputError(`${name}.names must have 1 values, got ${names.length}`);
  }
  const scaling = checkScaling(value, name, names.length);
  if (scaling.center !== null && task !== "regression") {
    throw new InputError(`${name}.center must be null but for a regression`);
  }
  return { names, levels, ...scaling };
}

/** Return an object that has all of these keys and no other. */
export function checkSection(value, name, keys) {
  checkObject(value, name);
  checkKeys(value, name, keys);
  checkAllThere(value, name, keys);
  return value;
}

/** Refuse an object that lacks a key. */
export function checkAllThere(value, where, keys) {
  for (const key of keys) {
    if (!Object.hasOwn(value, key)) {
      throw new InputError(`missing key ${describe(key)} in ${where}; needed: ${quoted(keys)}`);
    }
  }
}

function checkList(value, name, what) {
  if (!isList(value) || value.length === 0) {
    throw new InputError(`${name} must be a list of at least 1 ${what}, got ${describe(value)}`);
  }
  return Array.from(value);
}

function checkEntries(value, name) {
  const entries = checkList(value, name, "objects");
  entries.forEach((entry, i) => checkObject(entry, `${name} entry ${i + 1}`));
  return entries;
}

/** Return a string that every language can hold: without NUL and halves of characters. */
function checkText(value, name) {
  if (typeof value !== "string") {
    throw new InputError(`${name} must be a string, got ${describe(value)}`);
  }
  if (/\0|[\uD800-\uDFFF]/u.test(value)) {
    throw new InputError(`${name} must be a string without NUL and without halves of characters`);
  }
  return value;
}

function checkUnlike(values, name, what) {
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (twice !== undefined) {
    throw new InputError(`${name} must have distinct ${what}, got ${describe(twice)} twice`);
  }
}

function checkColumn(value, name) {
  checkKeys(value, name, ["name", "kind", "levels", "ordered"]);
  checkAllThere(value, name, ["name", "kind"]);
  const column = {
    name: checkText(value.name, `${name} name`),
    kind: checkChoice(value.kind, `${name} kind`, KINDS),
  };
  if (column.kind !== "factor") {
    checkKeys(value, name, ["name", "kind"]);
    return column;
  }
  checkAllThere(value, name, ["name", "kind", "levels", "ordered"]);
  column.levels = checkLevels(value.levels, `${name} levels`);
  column.ordered = checkSwitch(value.ordered, `${name} ordered`);
  return column;
}

/** Return levels: all strings, or all finite numbers, or (of outputs) true and false. */
function checkLevels(value, name, booleans = false) {
  const entries = isList(value) ? Array.from(value) : [];
  const all = (fits) => entries.every(fits);
  const fits =
    all((entry) => typeof entry === "string") ||
    all(Number.isFinite) ||
    (booleans && all((entry) => typeof entry === "boolean"));
  if (entries.length < 2 || !fits) {
    const allowed = booleans ? "strings, numbers or true and false" : "strings or numbers";
    throw new InputError(`${name} must be a list of at least 2 ${allowed}, got ${describe(value)}`);
  }
  if (typeof entries[0] === "string") {
    entries.forEach((entry, i) => checkText(entry, `${name} entry ${i + 1}`));
  }
  checkUnlike(entries.map(levelText), name, "entries");
  return entries;
}

function checkTerm(value, name, columns) {
  checkSection(value, name, ["name", "parts"]);
  return {
    name: checkText(value.name, `${name} name`),
    parts: checkList(value.parts, `${name} parts`, "objects").map((part, i) =>
      checkPart(part, `${name} part ${i + 1}`, columns),
    ),
  };
}

function checkPart(value, name, columns) {
  checkObject(value, name);
  checkKeys(value, name, ["column", "coding"]);
  checkAllThere(value, name, ["column"]);
  const column = checkChoice(value.column, `${name} column`, [...columns.keys()]);
  const about = columns.get(column);
  const coding = value.coding ?? null;
  if (about.kind === "numeric") {
    if (coding !== null) {
      throw new InputError(`${name} coding must be null, got ${describe(coding)}`);
    }
    return { column };
  }
  const count = about.kind === "logical" ? 2 : about.levels.length;
  return { column, coding: Array.from(checkVector(coding, `${name} coding`, count)) };
}

function checkScaling(value, name, count) {
  if ((value.center === null) !== (value.scale === null)) {
    throw new InputError(`${name}.center and ${name}.scale must both be there or both be null`);
  }
  if (value.center === null) return { center: null, scale: null };
  const center = Array.from(checkVector(value.center, `${name}.center`, count));
  const scale = Array.from(checkVector(value.scale, `${name}.scale`, count));
  scale.forEach((number, i) => {
    if (number <= 0) {
      throw new InputError(`${name}.scale value ${i + 1} must be above 0, got ${describe(number)}`);
    }
  });
  return { center, scale };
}
