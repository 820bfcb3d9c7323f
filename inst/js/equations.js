// Equations as trees, and how they are written. Twins: python/twinprop/equations.py, r/equations.R.
//
// Section 12 of docs/contract.md. One tree is written in symbols, with its numbers, as plain text and
// as MathML, so that none of these can say anything else than the others.

import { formatNumber } from "./checks.js";

/** Significant digits of a number in an equation. */
const DIGITS = 6;

/**
 * A number is first rounded to this many digits of its size (the sum of the sizes of the terms it came
 * from): what is left of terms that cancel is rounding, and is shown as 0.
 */
const SIZE_DIGITS = 12;

/** A sum of more terms is shortened: the first FIRST_TERMS, dots, the last LAST_TERMS. */
const MOST_TERMS = 10;
const FIRST_TERMS = 4;
const LAST_TERMS = 2;

// The trees: plain objects with a `kind`, each made by the function of that name.

/**
 * A symbol and its number.
 *
 * @param {string} letter What it is: "a", "z", "W", "delta", "dC/dW", "f'" (of z), "eta" and so on.
 * @param {number} value Its number.
 * @param {number} size The sum of the sizes of the terms it came from: a rounding is some 1e-16 of
 *   this.
 * @param {Object} where
 * @param {?number} where.layer Its layer, from 1.
 * @param {number[]} where.place Its neuron; for weights also the neuron of the layer before; from 1.
 * @param {?number} where.sample Its sample, from 1; null where there is one sample only, or where it
 *   belongs to none.
 * @param {boolean} where.isNew Whether it is the value after the update.
 */
export function quantity(letter, value, size, where = {}) {
  const { layer = null, place = [], sample = null, isNew = false } = where;
  return { kind: "quantity", letter, value, size, layer, place, sample, isNew };
}

/** A number that stands in the formula itself. */
export function constant(value) {
  return { kind: "constant", value };
}

/**
 * Terms added up.
 *
 * @param {Object[]} terms What is written; see `total` for long sums.
 * @param {boolean[]} minus Which of them are subtracted; none if it is empty.
 * @param {?number} dots Before which term dots stand for those that are left out.
 */
export function sum(terms, minus = [], dots = null) {
  return { kind: "sum", terms, minus, dots };
}

/** Factors multiplied. */
export function product(factors) {
  return { kind: "product", factors };
}

/** One expression divided by another. */
export function quotient(top, bottom) {
  return { kind: "quotient", top, bottom };
}

/** An expression to the power of another. */
export function power(base, exponent) {
  return { kind: "power", base, exponent };
}

/** A function of expressions: exp, log, tanh, sqrt, abs, max, min or sign. */
export function call(name, args) {
  return { kind: "call", name, args };
}

/** `then` if the quantity is above 0, else `otherwise`. */
export function cases(of, then, otherwise) {
  return { kind: "cases", of, then, otherwise };
}

/** 10^n as precisely as a number can be: 10 ** n may be off in the last bit. */
function tenTo(n) {
  return Number(`1e${n}`);
}

/** The nearest integer, halves to the even one. */
function roundHalfEven(value) {
  const rounded = Math.round(value); // halves up
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/**
 * Write a number: to SIZE_DIGITS digits of its size, then to DIGITS digits of its own.
 *
 * The first rounding hides the bits in which two languages may differ, so that the second gives the
 * same digits in all of them.
 */
export function shown(value, size) {
  if (!Number.isFinite(value)) return formatNumber(value);
  const own = Math.abs(value);
  const largest = size > own ? size : own; // a size of NaN counts as none
  if (largest === 0) return "0";
  let rounded = value;
  if (Number.isFinite(largest)) {
    const decimals = SIZE_DIGITS - 1 - Math.floor(Math.log10(largest));
    if (decimals <= 300) {
      // 10^decimals must be a number
      const unit = tenTo(Math.abs(decimals));
      rounded =
        decimals >= 0 ? roundHalfEven(value * unit) / unit : roundHalfEven(value / unit) * unit;
    }
  }
  return formatNumber(rounded + 0, DIGITS); // -0 + 0 is 0
}

/** The sum of term(0), ..., term(count - 1), of which only the written ones are made. */
export function total(count, term) {
  const which = Array.from({ length: count }, (_, i) => i);
  if (count <= MOST_TERMS) return sum(which.map(term));
  const written = [...which.slice(0, FIRST_TERMS), ...which.slice(-LAST_TERMS)];
  return sum(written.map(term), [], FIRST_TERMS);
}

// How tightly what was written holds together; a part that holds less is put into parentheses.
const [NEGATIVE, SUM, PRODUCT, POWER, ATOM] = [0, 1, 2, 3, 4];

/**
 * Write an expression in symbols, or with the numbers in their place.
 *
 * @param {Object} expression
 * @param {Object} notation TEXT or MATHML. Of a notation:
 *   - `number(text)` writes what `shown` gave.
 *   - `quantity(quantity)` writes a symbol.
 *   - `join(parts, operators)` writes parts with an operator ("+", "-", "*") before each but the
 *     first, before which it is "" or "-".
 *   - `fraction(top, bottom)`, `power(base, exponent)`, `call(name, args)`,
 *     `cases(of, then, otherwise)` and `parentheses(text)` are given written parts.
 *   - `dots` stands for the terms left out.
 *   - `tightFraction`: whether a fraction holds together by itself, as one written with a bar does.
 * @param {boolean} numbers
 * @returns {string}
 */
export function write(expression, notation, numbers = false) {
  return writePart(expression, notation, numbers).text;
}

/**
 * Write an equation: symbol, formula, substitution and value, without what would be said twice.
 *
 * @param {Object} left The quantity on the left side.
 * @param {Object} right The expression on the right side.
 * @param {Object} notation
 * @returns {string[]} What stands between the signs of equality.
 */
export function writeEquation(left, right, notation) {
  const texts = [write(left, TEXT)];
  const parts = [write(left, notation)];
  for (const numbers of [false, true]) {
    const text = write(right, TEXT, numbers);
    if (text !== texts.at(-1)) {
      texts.push(text);
      parts.push(write(right, notation, numbers));
    }
  }
  const value = shown(left.value, left.size);
  if (value !== texts.at(-1)) parts.push(notation.number(value));
  return parts;
}

/** What was written, and how tightly it holds together. */
function writePart(expression, notation, numbers) {
  const part = (inner, least) => {
    const { text, tightness } = writePart(inner, notation, numbers);
    return tightness >= least ? text : notation.parentheses(text);
  };
  const written = (text, tightness) => ({ text, tightness });
  switch (expression.kind) {
    case "constant": {
      const { value } = expression;
      return written(notation.number(shown(value, value)), ATOM);
    }
    case "quantity": {
      if (!numbers) return written(notation.quantity(expression), ATOM);
      const text = shown(expression.value, expression.size);
      return written(notation.number(text), text.startsWith("-") ? NEGATIVE : ATOM);
    }
    case "sum": {
      const { terms, minus } = expression;
      // a sum of one term is that term
      if (terms.length === 1 && minus.length === 0) return writePart(terms[0], notation, numbers);
      return written(writeSum(expression, part, notation), SUM);
    }
    case "product": {
      const parts = expression.factors.map((factor) => part(factor, PRODUCT));
      return written(
        notation.join(
          parts,
          parts.map((_, i) => (i === 0 ? "" : "*")),
        ),
        PRODUCT,
      );
    }
    case "quotient": {
      const { top, bottom } = expression;
      const { fraction, tightFraction } = notation;
      if (tightFraction) {
        return written(fraction(part(top, NEGATIVE), part(bottom, NEGATIVE)), ATOM);
      }
      return written(fraction(part(top, PRODUCT), part(bottom, POWER)), PRODUCT);
    }
    case "power": {
      const { base, exponent } = expression;
      return written(notation.power(part(base, ATOM), part(exponent, ATOM)), POWER);
    }
    case "call": {
      const { name, args } = expression;
      const inner = args.map((argument) => part(argument, NEGATIVE));
      return written(notation.call(name, inner), ATOM);
    }
    default: {
      const { of, then, otherwise } = expression;
      const inner = [of, then, otherwise].map((one) => part(one, NEGATIVE));
      return written(notation.cases(...inner), NEGATIVE);
    }
  }
}

function writeSum({ terms, minus, dots }, part, notation) {
  const parts = terms.map((term) => part(term, PRODUCT));
  const operators = parts.map((_, i) => (minus[i] ? "-" : "+"));
  if (operators[0] === "+") operators[0] = "";
  if (dots !== null) {
    parts.splice(dots, 0, notation.dots);
    operators.splice(dots, 0, "+");
  }
  return notation.join(parts, operators);
}

function textQuantity({ letter, layer, place, sample, isNew }) {
  let text = letter === "f'" ? "z" : letter;
  if (layer !== null) text += `[${layer}]`;
  if (place.length > 0) text += `_${place.join()}`;
  if (sample !== null) text += `^(${sample})`;
  if (letter === "f'") text = `f'(${text})`;
  return isNew ? `new ${text}` : text;
}

function textJoin(parts, operators) {
  return parts.map((part, i) => (i === 0 ? operators[0] : ` ${operators[i]} `) + part).join("");
}

/** Plain text. */
export const TEXT = Object.freeze({
  number: (text) => text,
  quantity: textQuantity,
  join: textJoin,
  fraction: (top, bottom) => `${top} / ${bottom}`,
  power: (base, exponent) => `${base}^${exponent}`,
  call: (name, args) => `${name}(${args.join(", ")})`,
  cases: (of, then, otherwise) => `${then} if ${of} > 0 else ${otherwise}`,
  parentheses: (text) => `(${text})`,
  dots: "...",
  tightFraction: false,
});

/** Letters that have a sign of their own. */
const GREEK = Object.freeze({
  delta: "&#948;",
  eta: "&#951;",
  lambda: "&#955;",
  mu: "&#956;",
  alpha: "&#945;",
  eps: "&#949;",
  beta1: "&#946;",
  beta2: "&#946;",
});

/** Words among the letters. */
const WORDS = ["share", "shares", "blame", "step", "penalty", "change"];

const MINUS = "&#8722;";

function mathmlNumber(text) {
  const [all, exponent] = text.split("e");
  const sign = all.startsWith("-") ? `<mo>${MINUS}</mo>` : "";
  const digits = all.replace("-", "");
  const number = `${sign}<mn>${digits === "Inf" ? "&#8734;" : digits}</mn>`;
  if (exponent === undefined) return sign ? `<mrow>${number}</mrow>` : number;
  const ten = String(Number(exponent)).replace("-", MINUS);
  return `<mrow>${number}<mo>&#183;</mo><msup><mn>10</mn><mn>${ten}</mn></msup></mrow>`;
}

function mathmlLetter(letter) {
  if (WORDS.includes(letter)) return `<mtext>${letter}</mtext>`;
  if (letter.startsWith("beta")) {
    return `<msub><mi>${GREEK[letter]}</mi><mn>${letter.at(-1)}</mn></msub>`;
  }
  return `<mi>${GREEK[letter] ?? letter}</mi>`;
}

function mathmlQuantity(one) {
  const { letter, layer, place, sample, isNew } = one;
  if (letter.startsWith("dC/d")) {
    const parameter = mathmlQuantity({ ...one, letter: letter.replace("dC/d", "") });
    return (
      "<mfrac><mrow><mo>&#8706;</mo><mi>C</mi></mrow>" +
      `<mrow><mo>&#8706;</mo>${parameter}</mrow></mfrac>`
    );
  }
  if (letter === "f'") {
    const z = mathmlQuantity({ ...one, letter: "z" });
    return `<mrow><mi>f</mi><mo>&#8242;</mo><mo>(</mo>${z}<mo>)</mo></mrow>`;
  }
  const above = (layer === null ? "" : `[${layer}]`) + (sample === null ? "" : `(${sample})`);
  const below = place.join();
  const base = mathmlLetter(letter);
  let text = base;
  if (above && below) {
    text = `<msubsup>${base}<mtext>${below}</mtext><mtext>${above}</mtext></msubsup>`;
  } else if (above || below) {
    const tag = above ? "msup" : "msub";
    text = `<${tag}>${base}<mtext>${above || below}</mtext></${tag}>`;
  }
  return isNew ? `<mrow><mtext>new&#160;</mtext>${text}</mrow>` : text;
}

function mathmlJoin(parts, operators) {
  const signs = { "": "", "-": `<mo>${MINUS}</mo>`, "+": "<mo>+</mo>", "*": "<mo>&#183;</mo>" };
  return `<mrow>${parts.map((part, i) => signs[operators[i]] + part).join("")}</mrow>`;
}

function mathmlCall(name, args) {
  const inner = args.join("<mo>,</mo>");
  if (name === "abs") return `<mrow><mo>|</mo>${inner}<mo>|</mo></mrow>`;
  if (name === "sqrt") return `<msqrt>${inner}</msqrt>`;
  return `<mrow><mi>${name}</mi><mo>(</mo>${inner}<mo>)</mo></mrow>`;
}

/** MathML, without the `<math>` around it. */
export const MATHML = Object.freeze({
  number: mathmlNumber,
  quantity: mathmlQuantity,
  join: mathmlJoin,
  fraction: (top, bottom) => `<mfrac>${top}${bottom}</mfrac>`,
  power: (base, exponent) => `<msup>${base}${exponent}</msup>`,
  call: mathmlCall,
  cases: (of, then, otherwise) =>
    `<mrow>${then}<mtext>&#160;if&#160;</mtext>${of}<mo>&gt;</mo><mn>0</mn>` +
    `<mtext>&#160;else&#160;</mtext>${otherwise}</mrow>`,
  parentheses: (text) => `<mrow><mo>(</mo>${text}<mo>)</mo></mrow>`,
  dots: "<mo>&#8943;</mo>",
  tightFraction: true,
});
