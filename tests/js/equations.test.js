// Equations as trees, and how they are written. Twins: tests/python/test_equations.py,
// tests/testthat/test-equations.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  call,
  cases,
  constant,
  MATHML,
  power,
  product,
  quantity,
  quotient,
  shown,
  sum,
  TEXT,
  total,
  write,
  writeEquation,
} from "../../inst/js/equations.js";

const one = (letter, value) => quantity(letter, value, Math.abs(value));
const [A, B, C] = [one("a", 2), one("b", -3), one("c", 0.5)];

/** An expression in symbols and with its numbers. */
const both = (expression) => [write(expression, TEXT), write(expression, TEXT, true)];

test("numbers are rounded to 12 digits of their size, then written as %.6g writes them", () => {
  for (const [value, size, text] of [
    [0, 0, "0"],
    [-0, 0, "0"],
    [1 / 3, 0, "0.333333"],
    [-2 / 3, 1, "-0.666667"],
    [1e-5, 0, "1e-05"],
    [0.0001, 0, "0.0001"],
    [123456, 0, "123456"],
    [1234567, 0, "1.23457e+06"],
    [999999.5, 0, "1e+06"],
    [1e300, 0, "1e+300"],
    [5e-324, 0, "4.94066e-324"],
    [1.5e-310, 0, "1.5e-310"],
    [NaN, 1, "NaN"],
    [Infinity, 1, "Inf"],
    [-Infinity, 1, "-Inf"],
    [1, Infinity, "1"],
    [1, NaN, "1"],
    // 12 digits of a size from 0.1 to below 1 are 12 decimals, of one from 1 to below 10 are 11.
    [5.551115123125783e-17, 0.3, "0"],
    [-4.9e-13, 0.3, "0"],
    [1.26e-11, 0.3, "1.3e-11"],
    [-1.26e-11, 0.3, "-1.3e-11"],
    [1.26e-11, 1, "1e-11"],
    [1.26e-11, 9.99, "1e-11"],
    [1.26e-11, 10, "0"],
    [1234567890.4, 1e20, "1e+09"],
    [499999999, 1e20, "0"],
    // Halves of the first rounding go to the even digit; of a size of 1e12 it rounds to tens.
    [5, 1e12, "0"],
    [15, 1e12, "20"],
    [25, 1e12, "20"],
    [-5, 1e12, "0"],
    [-15, 1e12, "-20"],
    [-25, 1e12, "-20"],
    // So do those of the second, where they are exact.
    [1000000.5, 0, "1e+06"],
    [1234565, 0, "1.23456e+06"],
    [1234575, 0, "1.23458e+06"],
    [-1234575, 0, "-1.23458e+06"],
    // The first rounding takes the last bits away: both become the number nearest to 0.1234565, which
    // is just below the half.
    [0.1234565, 0, "0.123456"],
    [0.1234565 + 3e-16, 0, "0.123456"],
  ]) {
    assert.equal(shown(value, size), text, `${value} of size ${size}`);
  }
});

test("parts that hold together less than what is around them stand in parentheses", () => {
  for (const [expression, symbols, numbers] of [
    [A, "a", "2"],
    [B, "b", "-3"],
    [sum([A]), "a", "2"],
    [sum([B]), "b", "-3"],
    [sum([A], [true]), "-a", "-2"],
    [sum([B], [true]), "-b", "-(-3)"],
    [sum([A, B]), "a + b", "2 + (-3)"],
    [sum([B, A], [false, true]), "b - a", "(-3) - 2"],
    [sum([A, sum([B, C])]), "a + (b + c)", "2 + ((-3) + 0.5)"],
    [sum([A, product([B, C])]), "a + b * c", "2 + (-3) * 0.5"],
    [product([A, sum([B, C])]), "a * (b + c)", "2 * ((-3) + 0.5)"],
    [product([quotient(A, B), C]), "a / b * c", "2 / (-3) * 0.5"],
    [quotient(A, product([B, C])), "a / (b * c)", "2 / ((-3) * 0.5)"],
    [quotient(A, quotient(B, C)), "a / (b / c)", "2 / ((-3) / 0.5)"],
    [quotient(A, power(B, C)), "a / b^c", "2 / (-3)^0.5"],
    [quotient(sum([A, B]), C), "(a + b) / c", "(2 + (-3)) / 0.5"],
    [power(sum([A, B]), constant(2)), "(a + b)^2", "(2 + (-3))^2"],
    [power(B, A), "b^a", "(-3)^2"],
    [power(power(A, B), C), "(a^b)^c", "(2^(-3))^0.5"],
    [call("max", [B, constant(0)]), "max(b, 0)", "max(-3, 0)"],
    [call("exp", [sum([call("abs", [B])], [true])]), "exp(-abs(b))", "exp(-abs(-3))"],
    [cases(B, constant(1), constant(0.01)), "1 if b > 0 else 0.01", "1 if -3 > 0 else 0.01"],
  ]) {
    assert.deepEqual(both(expression), [symbols, numbers]);
  }
});

test("a symbol says layer, neuron, sample, and whether it is new", () => {
  const written = (letter, where) => write(quantity(letter, 1, 1, where), TEXT);
  assert.equal(written("eta", {}), "eta");
  assert.equal(written("C", { sample: 3 }), "C^(3)");
  assert.equal(written("d", { place: [2] }), "d_2");
  assert.equal(written("W", { layer: 3, place: [1, 2], isNew: true }), "new W[3]_1,2");
  assert.equal(written("f'", { layer: 3, place: [1], sample: 2 }), "f'(z[3]_1^(2))");
  assert.equal(written("dC/dW", { layer: 3, place: [1, 2] }), "dC/dW[3]_1,2");
});

test("a sum of more than 10 terms is written as its first 4 and its last 2", () => {
  const made = [];
  const term = (i) => {
    made.push(i);
    return quantity("a", i, i, { place: [i + 1] });
  };
  const ten = "a_1 + a_2 + a_3 + a_4 + a_5 + a_6 + a_7 + a_8 + a_9 + a_10";
  assert.equal(write(total(10, term), TEXT), ten);
  made.length = 0;
  const many = total(1000, term);
  assert.deepEqual(made, [0, 1, 2, 3, 998, 999]); // no more are made
  assert.deepEqual(both(many), [
    "a_1 + a_2 + a_3 + a_4 + ... + a_999 + a_1000",
    "0 + 1 + 2 + 3 + ... + 998 + 999",
  ]);
  assert.equal(write(total(11, term), TEXT).split(" + ").length, 7);
});

test("what would be said twice is said once", () => {
  const z = quantity("z", 1, 1, { place: [1] });
  const parts = (left, right) => writeEquation(left, right, TEXT);
  assert.deepEqual(parts(z, product([A, C])), ["z_1", "a * c", "2 * 0.5", "1"]);
  assert.deepEqual(parts(z, sum([quantity("y", 1, 1)])), ["z_1", "y", "1"]);
  assert.deepEqual(parts(z, z), ["z_1", "1"]);
  assert.deepEqual(parts(z, constant(1)), ["z_1", "1"]);
  assert.deepEqual(parts({ ...z, value: -1 }, product([A, C])).at(-1), "-1");
});

test("MathML is well-formed and says the same", () => {
  const text = (mathml) =>
    mathml
      .replace(/<[^>]*>/g, "")
      .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  const slope = quantity("f'", 1e-7, 1e-7, { layer: 2, place: [1], sample: 3 });
  const beta = quantity("beta1", -Infinity, 1);
  const gradient = quantity("dC/dW", -2.5e30, 1, { layer: 2, place: [1, 4], isNew: true });
  const parts = [slope, beta, gradient, one("eta", 0.5), one("share", 3), one("u", NaN)];
  const expression = sum(
    [
      call("sqrt", [A]),
      call("abs", [B]),
      cases(B, A, C),
      quotient(A, sum([A, C])),
      power(sum([A, C]), C),
      ...parts,
    ],
    [true],
    2,
  );
  assert.equal(
    text(write(expression, MATHML)),
    "\u2212a+|b|+\u22ef+(a\u00a0if\u00a0b&gt;0\u00a0else\u00a0c)+aa+c+(a+c)c".replace(
      "b>0",
      "b&gt;0",
    ) + "+f\u2032(z1[2](3))+\u03b21+\u2202C\u2202new\u00a0W1,4[2]+\u03b7+share+u",
  );
  assert.equal(
    text(write(sum(parts), MATHML, true)),
    "1\u00b710\u22127+(\u2212\u221e)+(\u22122.5\u00b71030)+0.5+3+NaN",
  );
  for (const numbers of [false, true]) {
    const open = [];
    for (const [, close, tag] of write(expression, MATHML, numbers).matchAll(/<(\/?)(\w+)>/g)) {
      if (close === "") open.push(tag);
      else assert.equal(open.pop(), tag);
    }
    assert.deepEqual(open, []);
  }
});
