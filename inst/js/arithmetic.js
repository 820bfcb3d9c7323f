// The elementary functions that all else is computed by, twice. Twins: python/twinprop/arithmetic.py,
// r/arithmetic.R.
//
// Section 19 of docs/contract.md. FAST has the engine's own, whose last bits differ from engine to
// engine; PORTABLE has them made of + - * / and exact powers of two, in the contract's order, so that
// every computer and every language gets the same bits. JavaScript rounds each of these operations by
// itself, and the loops of the other modules already take their sums in order: unlike its twins, a
// record here holds no sums.

import { checkChoice, frozen } from "./checks.js";

// The formulas and constants of fdlibm's e_exp.c, e_log.c, k_sin.c and k_cos.c.
const TO_INTEGER = 6755399441055744; // 1.5 * 2^52: what is added to it is rounded to an integer
const INV_LN2 = 1.4426950408889634;
const LN2_HIGH = 6.9314718036912382e-1;
const LN2_LOW = 1.9082149292705877e-10;
const QUARTER_PI = 0.7853981633974483;
const HALF_PI = 1.5707963267948966;
const HALF_PI_LOW = 6.123233995736766e-17;
const THREE_QUARTERS_PI = 2.356194490192345;
const PI_LOW = 1.2246467991473532e-16;

/** Below are the subnormal numbers; times 2^54 they are normal. */
const SMALLEST_NORMAL = 2.2250738585072014e-308;
const TWO_TO_54 = 18014398509481984;

/** The powers of two that exp needs: 2^k for k from LEAST to -LEAST, all of them exact. */
const LEAST = -538;
const POWERS = new Float64Array(1 - 2 * LEAST);
POWERS[-LEAST] = 1;
for (let k = 1; k <= -LEAST; k++) {
  POWERS[k - LEAST] = POWERS[k - 1 - LEAST] * 2;
  POWERS[-k - LEAST] = POWERS[1 - k - LEAST] / 2;
}

/** A number, and its bits as two words; HIGH is the place of the word with the exponent. */
const NUMBER = Float64Array.of(1);
const WORDS = new Uint32Array(NUMBER.buffer);
const HIGH = WORDS[0] === 0 ? 1 : 0;

/** The integer nearest to x / log(2). */
function nearestPower(x) {
  return x * INV_LN2 + TO_INTEGER - TO_INTEGER;
}

/** exp(x - k log(2)) - 1 for the nearest k. */
function restOfPower(x, k) {
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (1.66666666666666019037e-1 +
        t *
          (-2.77777777770155933842e-3 +
            t *
              (6.61375632143793436117e-5 +
                t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  return high - (low - (r * c) / (2 - c));
}

function exp(x) {
  if (Number.isNaN(x)) return x;
  const near = x > 710 ? 710 : x < -746 ? -746 : x;
  const k = nearestPower(near);
  const half = Math.floor(k / 2); // in two factors, neither of which overflows
  return (1 + restOfPower(near, k)) * POWERS[half - LEAST] * POWERS[k - half - LEAST];
}

/** exp(x) - 1 for x <= 0. */
function expm1(x) {
  if (Number.isNaN(x)) return x;
  const near = x < -746 ? -746 : x;
  const k = nearestPower(near);
  const half = Math.floor(k / 2);
  const twoToK = POWERS[half - LEAST] * POWERS[k - half - LEAST];
  return twoToK * restOfPower(near, k) + (twoToK - 1);
}

function log(x) {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  // x = 2^k m, at first with 1 <= m < 2
  const subnormal = x < SMALLEST_NORMAL;
  NUMBER[0] = subnormal ? x * TWO_TO_54 : x;
  let k = (WORDS[HIGH] >>> 20) - (subnormal ? 1077 : 1023);
  WORDS[HIGH] = (WORDS[HIGH] & 0xfffff) | 0x3ff00000;
  let m = NUMBER[0];
  if (m >= 1.4142135623730951) {
    m /= 2;
    k += 1;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even =
    w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const odd =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const h = 0.5 * f * f;
  return k * LN2_HIGH - (h - (s * (h + (odd + even)) + k * LN2_LOW) - f);
}

/** log(1 + u) for 0 <= u <= 1; the last term makes up for what 1 + u has lost. */
function log1p(u) {
  const w = 1 + u;
  return log(w) - (w - 1 - u) / w;
}

function tanh(z) {
  const e = expm1(-2 * Math.abs(z));
  const value = (0 - e) / (2 + e);
  return z >= 0 ? value : -value;
}

/** b^t for an integer t >= 0. */
function power(b, t) {
  let result = 1;
  for (; t > 0; t = Math.floor(t / 2)) {
    if (t % 2 === 1) result *= b;
    b *= b;
  }
  return result;
}

/** b^p for b > 0. */
function realPower(b, p) {
  return exp(p * log(b));
}

/** cos(x + y) of a number up to pi / 4, and a y far below its last digit. */
function cosNear0(x, y) {
  const z = x * x;
  const h = 0.5 * z;
  const w = 1 - h;
  const r =
    z *
    (4.16666666666666019037e-2 +
      z *
        (-1.38888888888741095749e-3 +
          z *
            (2.48015872894767294178e-5 +
              z *
                (-2.75573143513906633035e-7 +
                  z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11)))));
  return w + (1 - w - h + (z * r - x * y));
}

/** sin(x + y) likewise. */
function sinNear0(x, y) {
  const z = x * x;
  const v = z * x;
  const r =
    8.33333333332248946124e-3 +
    z *
      (-1.98412698298579493134e-4 +
        z *
          (2.75573137070700676789e-6 +
            z * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)));
  return x - (z * (0.5 * y - v * r) - y - v * -1.66666666666666324348e-1);
}

/** cos(x) for 0 <= x <= pi. */
function cos(x) {
  if (x <= QUARTER_PI) return cosNear0(x, 0);
  if (x < THREE_QUARTERS_PI) {
    const t = x - HALF_PI;
    const high = t - HALF_PI_LOW;
    return 0 - sinNear0(high, t - high - HALF_PI_LOW);
  }
  const t = Math.PI - x;
  const high = t + PI_LOW;
  return 0 - cosNear0(high, t - high + PI_LOW);
}

/** The engine's own functions. */
export const FAST = Object.freeze({
  name: "fast",
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  tanh: Math.tanh,
  power: Math.pow,
  realPower: Math.pow,
  cos: Math.cos,
});

/** Functions that give the same bits everywhere: exp, log and cos to 1 ulp. */
export const PORTABLE = Object.freeze({
  ...{ name: "portable", exp, log, log1p, tanh, power, realPower, cos },
});

/**
 * The arithmetics by name. Of each, functions of numbers: `exp(x)`; `log(x)`; `log1p(u)` for
 * 0 <= u <= 1; `tanh(x)`; `power(b, t)` for an integer t >= 0; `realPower(b, p)` for b > 0;
 * `cos(x)` for 0 <= x <= pi.
 */
export const ARITHMETICS = frozen({ fast: FAST, portable: PORTABLE });

/** Return the name of an arithmetic. */
export function checkArithmetic(value, name) {
  return checkChoice(value, name, Object.keys(ARITHMETICS));
}
