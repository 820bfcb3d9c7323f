// The text of files in JSON, read strictly.
// Twins: python/twinprop/json_text.py, r/json_text.R.
//
// Section 9 of docs/contract.md. JSON's parsers differ in what they let pass: a key that is there
// twice, NaN, bytes that are no UTF-8, brackets nested until the stack ends. Here none of it passes,
// in any language.

import { describe, visible } from "./checks.js";
import { InputError } from "./errors.js";

/** Brackets inside of each other; plans need 5, models 6. */
const DEEPEST = 100;

/** A string, a bracket or a comma: all that matters of a text that is JSON. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},]/gs;

/** NUL and halves of characters, which not every language can hold. */
const ODD = /[\0\p{Surrogate}]/u;

/** How deep brackets are nested, of a text that need not be JSON. */
function depthOf(text) {
  let [depth, deepest] = [0, 0];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "[" || token === "{") depth++;
    if (token === "]" || token === "}") depth--;
    if (depth > deepest) deepest = depth;
  }
  return deepest;
}

/**
 * What JSON.parse does not tell of a text: whether a string is odd, and the first key that is there
 * twice, of the objects in the order in which they end; null without one.
 */
function inspect(text) {
  let [odd, twice] = [false, null];
  const open = []; // the keys of each object that has begun, null for a list
  let before = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "{") open.push({ keys: new Set(), twice: null });
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") {
      const ended = open.pop();
      if (ended !== null && twice === null) ({ twice } = ended);
    } else if (token !== ",") {
      const string = token.includes("\\") ? JSON.parse(token) : token.slice(1, -1);
      odd ||= token.includes("\\u") && ODD.test(string);
      const object = open.at(-1);
      if (object && (before === "{" || before === ",")) {
        if (object.keys.has(string)) object.twice ??= string;
        object.keys.add(string);
      }
    }
    before = token;
  }
  return { odd, twice };
}

/**
 * Parse JSON as its standard has it.
 *
 * @param {string} text
 * @param {string} what What it is, for messages.
 * @returns {*}
 * @throws {InputError} If it is not JSON, is nested too deep, has a key twice in an object, or a
 *   string that not every language can hold.
 */
export function parseJson(text, what) {
  if (depthOf(text) > DEEPEST) {
    throw new InputError(`the ${what} must not be nested more than ${DEEPEST} deep`);
  }
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`the ${what} is not valid JSON: ${visible(error.message)}`);
  }
  const { odd, twice } = inspect(text);
  if (odd) {
    throw new InputError(
      `the ${what} must have strings without NUL and without halves of characters`,
    );
  }
  if (twice !== null) {
    throw new InputError(
      `the ${what} must have distinct keys in each object, got ${describe(twice)} twice`,
    );
  }
  return value;
}

/**
 * The text that bytes say.
 *
 * @param {Uint8Array} bytes
 * @param {string} what What it is, for messages.
 * @returns {string}
 * @throws {InputError} If they are no UTF-8.
 */
export function decodeUtf8(bytes, what) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError(`the ${what} is not valid JSON: invalid UTF-8`);
  }
}
