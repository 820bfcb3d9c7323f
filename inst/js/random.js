// R's random numbers. Twins: python/twinprop/random.py, r/random.R.
//
// Section 5 of docs/contract.md: the same bits as R's
// set.seed(seed, "Mersenne-Twister", "Inversion", "Rejection"); runif(n).

import { checkInteger, checkSeed } from "./checks.js";

// MT19937 (Matsumoto and Nishimura, 1998).
const STATE_SIZE = 624;
const SHIFT_SIZE = 397;
const UPPER_BIT = 0x80000000;
const LOWER_BITS = 0x7fffffff;
const TWIST = 0x9908b0df;

// How R fills the state from a seed, and how it makes a uniform of a 32-bit output.
const SEED_MULTIPLIER = 69069;
const SCRAMBLES = 50;
const TO_UNIFORM = 2.3283064365386963e-10;
const EDGE = 0.5 * 2.328306437080797e-10; // R's fixup halves 1 / (2^32 - 1), not 1 / 2^32

function initialState(seed) {
  let s = seed >>> 0;
  const next = () => (s = (Math.imul(SEED_MULTIPLIER, s) + 1) >>> 0);
  for (let i = 0; i < SCRAMBLES; i++) next();
  next(); // the value that R drops: it becomes the position, which R then resets
  return Uint32Array.from({ length: STATE_SIZE }, next);
}

function twisted(high, low) {
  const y = (high & UPPER_BIT) | (low & LOWER_BITS);
  return (y >>> 1) ^ (y & 1 ? TWIST : 0);
}

/** Make the next 624 outputs of the generator, in place. */
function refill(state) {
  for (let i = 0; i < STATE_SIZE; i++) {
    const next = state[(i + 1) % STATE_SIZE];
    state[i] = state[(i + SHIFT_SIZE) % STATE_SIZE] ^ twisted(state[i], next);
  }
}

function tempered(value) {
  let y = value;
  y ^= y >>> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  y ^= y >>> 18;
  return y >>> 0;
}

/** R keeps its uniforms inside (0, 1): 0 and 1 are moved by half a step. */
export function inside(u) {
  if (u <= 0) return EDGE;
  if (1 - u <= 0) return 1 - EDGE;
  return u;
}

/**
 * A stream of R's uniform random numbers.
 *
 * @example
 * new RandomStream(42).uniform(2); // 0.91480604349635541, 0.93707541329786181
 */
export class RandomStream {
  #state;
  #position = STATE_SIZE;

  /**
   * @param {number} seed An integer from -2147483647 to 2147483647.
   * @throws {InputError} If the seed is anything else.
   */
  constructor(seed) {
    this.#state = initialState(checkSeed(seed));
  }

  /**
   * The next number, from the open interval (0, 1).
   *
   * @returns {number}
   */
  next() {
    if (this.#position === STATE_SIZE) {
      refill(this.#state);
      this.#position = 0;
    }
    return inside(tempered(this.#state[this.#position++]) * TO_UNIFORM);
  }

  /**
   * The next n numbers: R's runif(n).
   *
   * @param {number} n How many, an integer >= 0.
   * @returns {number[]}
   */
  uniform(n) {
    return Array.from({ length: checkInteger(n, "n", 0) }, () => this.next());
  }

  /**
   * A shuffled order of n rows, counted from 0: R's order(runif(n)) less 1.
   *
   * @param {number} n How many, an integer >= 0.
   * @returns {number[]}
   */
  order(n) {
    const u = this.uniform(n);
    return u.map((_, i) => i).sort((i, j) => u[i] - u[j] || i - j);
  }
}
