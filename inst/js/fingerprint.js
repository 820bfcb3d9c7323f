// The numbers of a training in 32 digits. Twins: python/twinprop/fingerprint.py, r/fingerprint.R.
//
// Section 20 of docs/contract.md. A checksum against accidents, not a signature. MD5 (RFC 1321) is
// written out, because browsers have none.

import { describe } from "./checks.js";
import { InputError } from "./errors.js";

/** How far each of the four steps of a round turns its sum. */
const TURNS = Int32Array.of(
  ...[7, 12, 17, 22],
  ...[5, 9, 14, 20],
  ...[4, 11, 16, 23],
  ...[6, 10, 15, 21],
);

/** The 64 constants: 2^32 abs(sin(i)), i from 1. */
const SINES = Int32Array.from({ length: 64 }, (_, i) => 2 ** 32 * Math.abs(Math.sin(i + 1)));

const BLOCK = 64;
const START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];

/** Turn the bits of a word left. */
function turned(word, by) {
  return (word << by) | (word >>> (32 - by));
}

/** Mix the block at `from` into the state. */
function mixBlock(state, bytes, from) {
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    let mixed = (b & c) | (~b & d);
    let place = i;
    if (round === 1) {
      mixed = (d & b) | (~d & c);
      place = 5 * i + 1;
    } else if (round === 2) {
      mixed = b ^ c ^ d;
      place = 3 * i + 5;
    } else if (round === 3) {
      mixed = c ^ (b | ~d);
      place = 7 * i;
    }
    const word = bytes.getInt32(from + 4 * (place & 15), true);
    const sum = (a + mixed + SINES[i] + word) | 0;
    a = d;
    d = c;
    c = b;
    b = (b + turned(sum, TURNS[4 * round + (i & 3)])) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

/**
 * The fingerprint of a training: the MD5 of its numbers as little-endian float64.
 *
 * @param {number[]} cost The costs of the epochs.
 * @param {Float64Array} parameters All weights, layer by layer and row by row, then all biases.
 * @returns {string} 32 hexadecimal digits.
 */
export function fingerprintOf(cost, parameters) {
  const size = 8 * (cost.length + parameters.length);
  // after the numbers a bit, and at the end of the last block their size in bits
  const end = BLOCK * (Math.floor((size + 8) / BLOCK) + 1);
  const bytes = new DataView(new ArrayBuffer(end));
  let at = 0;
  for (const numbers of [cost, parameters]) {
    for (let i = 0; i < numbers.length; i++, at += 8) bytes.setFloat64(at, numbers[i], true);
  }
  bytes.setUint8(size, 0x80);
  bytes.setBigUint64(end - 8, BigInt(8 * size), true);
  const state = Int32Array.from(START);
  for (let from = 0; from < end; from += BLOCK) mixBlock(state, bytes, from);
  const digits = (byte) => byte.toString(16).padStart(2, "0");
  const found = new DataView(new ArrayBuffer(16));
  state.forEach((word, i) => found.setInt32(4 * i, word, true));
  return Array.from(new Uint8Array(found.buffer), digits).join("");
}

/**
 * The fingerprint of a run or a model: 32 digits that stand for all numbers of a training.
 *
 * It is the MD5 of the costs of the epochs, the weights and the biases, bit by bit: trainings with
 * the same fingerprint have computed the same numbers. With arithmetic "portable" a plan has one
 * fingerprint, in JavaScript, Python and R. It guards against accidents, not against forgery.
 *
 * @param {Object|MLP} source A run, or what its file says; or a model.
 * @returns {string} 32 hexadecimal digits.
 * @throws {InputError} If it is neither.
 *
 * @example
 * const run = await runPlan({ training: { epochs: 10 } });
 * fingerprint(run) === run.fingerprint; // true
 */
export function fingerprint(source) {
  if (Array.isArray(source?.cost)) {
    return fingerprintOf(source.cost, [source.weights, source.biases].flat(Infinity));
  }
  if (!(source?.network?.parameters instanceof Float64Array)) {
    throw new InputError(`source must be a run or an MLP, got ${describe(source)}`);
  }
  const curve = source.training?.loss_curve ?? [];
  if (!Array.isArray(curve) || !curve.every(Number.isFinite)) {
    throw new InputError("training.loss_curve must be a list of finite numbers");
  }
  return fingerprintOf(curve, source.network.parameters);
}
