// Checks at the door: every argument, one message each. Twins: python/twinprop/checks.py,
// r/checks.R.
//
// The messages follow section 9 of docs/contract.md to the letter. Each check returns the value in
// the form in which the rest of the package wants it.

import { InputError } from "./errors.js";

/** Strings longer than this are cut in messages. */
const LONGEST_STRING = 60;

/** Weights and biases that a network may have, so that no language runs out of indices. */
const MOST_PARAMETERS = 2 ** 31 - 1;

/**
 * Integers that only have a lower end end here: nothing that is counted has more, and R no longer
 * counts by integers.
 */
const MOST_COUNT = 2 ** 31 - 1;

/** The significant digits that messages show of a number. */
const DIGITS = 15;

/** Control characters, marks of direction, breaks of lines and halves of characters. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Surrogate}]/gu;

/** The largest seed; R's NA takes the place of its smallest. */
const LARGEST_SEED = 2147483647;

/**
 * Round a finite number to so many significant digits, halves to the even digit as C's printf does
 * (toExponential rounds them up).
 */
function roundedExponential(number, digits) {
  // a half looks like one in two more digits, too; writing all digits of every number is slow
  if (/50(e|$)/.test(number.toExponential(digits + 1))) {
    // 100 digits hold every double that has its last digit as a 5 in the place after these.
    const [mantissa, exponent] = number.toExponential(99).split("e");
    const all = mantissa.replace("-", "").replace(".", "");
    const half = all[digits] === "5" && /^0*$/.test(all.slice(digits + 1));
    if (half && Number(all[digits - 1]) % 2 === 0) {
      return [all.slice(0, digits), Number(exponent)];
    }
  }
  const [rounded, power] = Math.abs(number)
    .toExponential(digits - 1)
    .split("e");
  return [rounded.replace(".", ""), Number(power)];
}

/**
 * Write a number as `%.15g` does, or NaN, Inf, -Inf.
 *
 * @param {number} number
 * @param {number} precision The significant digits, 15 by default: `%.6g` has 6.
 * @returns {string}
 */
export function formatNumber(number, precision = DIGITS) {
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "Inf" : "-Inf";
  const sign = number < 0 || Object.is(number, -0) ? "-" : "";
  if (number === 0) return `${sign}0`;
  const [digits, exponent] = roundedExponential(number, precision);
  const significant = digits.replace(/0+$/, "");
  if (exponent < -4 || exponent >= precision) {
    const fraction = significant.length > 1 ? `.${significant.slice(1)}` : "";
    const power = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${significant[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${significant}`;
  const whole = digits.slice(0, exponent + 1);
  const fraction = significant.slice(exponent + 1);
  return sign + whole + (fraction ? `.${fraction}` : "");
}

/** Whether a value is a list: an array or a typed array. */
export function isList(value) {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** The desired outputs as rows: in a direct call a vector will do for one output. */
export function asRows(d, outputs) {
  const vector = outputs === 1 && isList(d) && typeof d[0] === "number";
  return vector ? Array.from(d, (value) => [value]) : d;
}

/** Whether a value is an object with keys. */
export function isObject(value) {
  return typeof value === "object" && value !== null && !isList(value);
}

/** A text with the code of what a terminal would obey, or what would turn the text's direction. */
export function visible(text) {
  return text.replace(
    UNSEEN,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A string as it stands between double quotes in messages. */
export function escaped(text) {
  return visible(text.replace(/[\\"]/g, "\\$&"));
}

/**
 * Write a given value the way all three languages write it in messages.
 *
 * @param {*} value
 * @returns {string}
 */
export function describe(value) {
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") {
    const letters = Array.from(value);
    const cut =
      letters.length > LONGEST_STRING ? `${letters.slice(0, LONGEST_STRING).join("")}...` : value;
    return `"${escaped(cut)}"`;
  }
  if (isList(value)) return `a list of ${value.length}`;
  if (isObject(value)) return "an object";
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  return String(value); // null, true, false; undefined
}

/** Freeze a table with all that is in it, and return it. */
export function frozen(table) {
  for (const value of Object.values(table)) {
    if (typeof value === "object" && value !== null) frozen(value);
  }
  return Object.freeze(table);
}

/** List names in double quotes, with commas. */
export function quoted(names) {
  return names.map((name) => `"${escaped(name)}"`).join(", ");
}

/** batchSize for batch_size: JavaScript's name of what a file calls batch_size. */
export function camelCase(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

/** batch_size for batchSize: a file's name of what JavaScript calls batchSize. */
export function snakeCase(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** An object with its keys in JavaScript's spelling. */
export function camelKeys(object) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [camelCase(key), value]));
}

/** An object with its keys in the spelling of files. */
export function snakeKeys(object) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [snakeCase(key), value]));
}

/** How arguments are spelled in a direct call: as they are, without a section. */
export const DIRECT = Object.freeze({ spell: (key) => key, prefix: "" });

/** How arguments are spelled in a section of a plan: snake_case, with the section before them. */
export function inPlan(section) {
  return { spell: snakeCase, prefix: `${section}.` };
}

/** An argument's name in messages. */
export function label(naming, key) {
  return naming.prefix + naming.spell(key);
}

/** An argument's value, or its default where it is absent. */
export function valueOr(given, naming, key, absent) {
  const value = given[naming.spell(key)];
  return value === undefined ? absent : value;
}

/** Return an object. */
export function checkObject(value, name) {
  if (!isObject(value)) throw new InputError(`${name} must be an object, got ${describe(value)}`);
  return value;
}

/** Refuse a key that is not in `allowed`. */
export function checkKeys(value, where, allowed) {
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key)) {
      throw new InputError(`unknown key ${describe(key)} in ${where}; allowed: ${quoted(allowed)}`);
    }
  }
}

/** Return an integer within [low, high]; without `high` it is a count, up to `most`. */
export function checkInteger(value, name, low, high = null, most = MOST_COUNT) {
  const end = high ?? (Number.isInteger(value) && value > most ? MOST_COUNT : Infinity);
  if (!Number.isInteger(value) || value < low || value > end) {
    const allowed = end === Infinity ? `>= ${low}` : `from ${low} to ${end}`;
    throw new InputError(`${name} must be an integer ${allowed}, got ${describe(value)}`);
  }
  return value;
}

/** Return a seed that R's set.seed takes: 32 bits with a sign, without R's NA. */
export function checkSeed(value, name = "seed") {
  return checkInteger(value, name, -LARGEST_SEED, LARGEST_SEED);
}

/** Return a finite number that is not negative. */
export function checkNumber(value, name) {
  if (!Number.isFinite(value) || value < 0) {
    throw new InputError(`${name} must be a finite number >= 0, got ${describe(value)}`);
  }
  return value;
}

/** Return a number above 0 and at most 1. */
export function checkRatio(value, name) {
  if (!Number.isFinite(value) || value <= 0 || value > 1) {
    throw new InputError(`${name} must be a number above 0 and at most 1, got ${describe(value)}`);
  }
  return value;
}

/** Return a number from 0 to below 1. */
export function checkFraction(value, name) {
  if (!Number.isFinite(value) || value < 0 || value >= 1) {
    throw new InputError(`${name} must be a number from 0 to below 1, got ${describe(value)}`);
  }
  return value;
}

/** Return one of `choices`, or the choice that an alias stands for. */
export function checkChoice(value, name, choices, aliases = {}) {
  if (typeof value === "string") {
    if (choices.includes(value)) return value;
    if (Object.hasOwn(aliases, value)) return aliases[value];
  }
  throw new InputError(`${name} must be one of ${quoted(choices)}, got ${describe(value)}`);
}

/** Return a boolean. */
export function checkSwitch(value, name) {
  if (typeof value !== "boolean") {
    throw new InputError(`${name} must be true or false, got ${describe(value)}`);
  }
  return value;
}

/** Return a function, or null. */
export function checkFunction(value, name) {
  if (value !== null && typeof value !== "function") {
    throw new InputError(`${name} must be null or a function, got ${describe(value)}`);
  }
  return value;
}

/** Return the layer sizes n_1, ..., n_L. */
export function checkLayers(value, name = "layers") {
  if (!isList(value) || value.length < 2) {
    throw new InputError(
      `${name} must be a list of at least 2 integers >= 1, got ${describe(value)}`,
    );
  }
  // sizes have a limit of their own
  const checkSize = (entry, i) => checkInteger(entry, `${name} entry ${i + 1}`, 1, null, Infinity);
  const layers = Array.from(value, checkSize);
  let count = 0;
  for (let l = 1; l < layers.length; l++) count += layers[l] * (layers[l - 1] + 1);
  if (count > MOST_PARAMETERS) {
    throw new InputError(
      `${name} must make at most ${MOST_PARAMETERS} weights and biases, got ${describe(count)}`,
    );
  }
  return layers;
}

function checkPair(value, name, allowed, fits) {
  if (
    !isList(value) ||
    value.length !== 2 ||
    !Number.isFinite(value[0]) ||
    !Number.isFinite(value[1]) ||
    !fits(value[0], value[1])
  ) {
    throw new InputError(`${name} must be a list of 2 numbers${allowed}, got ${describe(value)}`);
  }
  return [value[0], value[1]];
}

/** Return adam's two decay rates. */
export function checkBetas(value, name) {
  return checkPair(
    value,
    name,
    " from 0 to below 1",
    (first, second) => 0 <= first && first < 1 && 0 <= second && second < 1,
  );
}

/** Return rprop's two factors. */
export function checkEtas(value, name) {
  return checkPair(
    value,
    name,
    ", 0 < first < 1 < second",
    (first, second) => 0 < first && first < 1 && 1 < second,
  );
}

/** Return rprop's smallest and largest step. */
export function checkStepSizes(value, name) {
  return checkPair(
    value,
    name,
    ", 0 < first <= second",
    (first, second) => 0 < first && first <= second,
  );
}

/** Return the numbers of updates at which to keep the weights. */
export function checkSnapshots(value, name) {
  const fits =
    isList(value) &&
    value.every((entry, i) => Number.isInteger(entry) && entry > (i > 0 ? value[i - 1] : 0));
  if (!fits) {
    throw new InputError(
      `${name} must be a list of integers >= 1, each larger than the one before, ` +
        `got ${describe(value)}`,
    );
  }
  return Array.from(value);
}

/** Return the interval at which to record steps; null for no recording. */
export function checkRecord(value, name) {
  if (value === null) return null;
  if (value === "steps") return 1;
  if (!Number.isInteger(value) || value < 1) {
    throw new InputError(
      `${name} must be null, "steps" or an integer >= 1, got ${describe(value)}`,
    );
  }
  return value;
}

/** Return the dropout of every hidden layer: one number, or one for each of them. */
export function checkDropout(value, name, hidden) {
  if (!isList(value)) return checkFraction(value, name);
  if (value.length !== hidden) {
    throw new InputError(
      `${name} must have one number for each hidden layer (${hidden}), got ${value.length}`,
    );
  }
  return Array.from(value, (entry, i) => checkFraction(entry, `${name} entry ${i + 1}`));
}

/** Return the largest norm of a gradient; null for no limit. */
export function checkClipNorm(value, name, updateOrder) {
  if (value === null) return null;
  if (!Number.isFinite(value) || value <= 0) {
    throw new InputError(`${name} must be null or a finite number above 0, got ${describe(value)}`);
  }
  if (updateOrder === "output_first") {
    throw new InputError(
      `${name} must be null with update order "output_first", got ${describe(value)}`,
    );
  }
  return value;
}

/** Return the weights of the samples; null if all have the same. */
export function checkSampleWeight(value, name, rows) {
  if (value === null) return null;
  const weights = checkVector(value, name, rows, 0);
  if (weights.every((weight) => weight === 0)) {
    throw new InputError(`${name} must have a value above 0, got none`);
  }
  return weights;
}

/**
 * Return a matrix of finite numbers, flat and row by row.
 *
 * @param {number[][]} value A list of rows, each a list (or typed array) of numbers.
 * @param {string} name The argument's name in messages.
 * @param {number} columns How many values each row must have.
 * @param {?number} rows How many rows there must be; any number from 1 if null.
 * @returns {Float64Array} (rows * columns)
 */
export function checkMatrix(value, name, columns, rows = null) {
  if (!isList(value)) {
    throw new InputError(
      `${name} must be a list of rows, each a list of numbers, got ${describe(value)}`,
    );
  }
  if (rows !== null && value.length !== rows) {
    throw new InputError(`${name} must have ${rows} rows, got ${value.length}`);
  }
  if (value.length === 0) throw new InputError(`${name} must have at least 1 row, got 0`);
  const flat = new Float64Array(value.length * columns);
  for (let i = 0; i < value.length; i++) {
    const row = value[i];
    if (!isList(row)) {
      throw new InputError(`${name} row ${i + 1} must be a list of numbers, got ${describe(row)}`);
    }
    if (row.length !== columns) {
      throw new InputError(`${name} row ${i + 1} must have ${columns} values, got ${row.length}`);
    }
    for (let j = 0; j < columns; j++) {
      if (!Number.isFinite(row[j])) {
        throw new InputError(
          `${name} row ${i + 1}, column ${j + 1} must be a finite number, got ${describe(row[j])}`,
        );
      }
      flat[i * columns + j] = row[j];
    }
  }
  return flat;
}

/** Refuse desired outputs that are not as many as the inputs. */
export function checkSameRows(dRows, dName, xRows, xName) {
  if (dRows !== xRows) {
    throw new InputError(`${dName} must have as many rows as ${xName} (${xRows}), got ${dRows}`);
  }
}

/** Return a vector of `size` finite numbers that are not below `least`. */
export function checkVector(value, name, size, least = -Infinity) {
  if (!isList(value) || value.length !== size) {
    const given = isList(value) ? value.length : describe(value);
    throw new InputError(`${name} must have ${size} values, got ${given}`);
  }
  const allowed = least === -Infinity ? "a finite number" : `a finite number >= ${describe(least)}`;
  for (let i = 0; i < size; i++) {
    if (!Number.isFinite(value[i]) || value[i] < least) {
      throw new InputError(`${name} value ${i + 1} must be ${allowed}, got ${describe(value[i])}`);
    }
  }
  return Float64Array.from(value);
}

function checkPerLayer(value, name, layers, what) {
  const count = layers.length - 1;
  if (!isList(value) || value.length !== count) {
    const given = isList(value) ? value.length : describe(value);
    throw new InputError(
      `${name} must have one ${what} for each layer after the input (${count}), got ${given}`,
    );
  }
}

/** Return the weight matrices W[2..L] given by hand, each flat and row by row. */
export function checkWeights(value, name, layers) {
  checkPerLayer(value, name, layers, "matrix");
  return Array.from(value, (matrix, i) =>
    checkMatrix(matrix, `${name} layer ${i + 2}`, layers[i], layers[i + 1]),
  );
}

/** Return the bias vectors b[2..L] given by hand. */
export function checkBiases(value, name, layers) {
  checkPerLayer(value, name, layers, "list");
  return Array.from(value, (vector, i) =>
    checkVector(vector, `${name} layer ${i + 2}`, layers[i + 1]),
  );
}
