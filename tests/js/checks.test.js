// Twins: tests/python/test_checks.py, tests/testthat/test-checks.R. The messages of plans are in the
// error cases (conformance.test.js); here is what plans cannot hold.

import assert from "node:assert/strict";
import { test } from "node:test";

import { camelCase, checkMatrix, describe, formatNumber, snakeCase } from "../../inst/js/checks.js";
import { InputError } from "../../inst/js/index.js";
import { assertThrows } from "./helpers.js";

test("numbers are written as %.15g writes them", () => {
  // The texts are C's: printf("%.15g").
  for (const [number, text] of [
    [0, "0"],
    [-0, "-0"],
    [3, "3"],
    [-2.5, "-2.5"],
    [0.1, "0.1"],
    [0.1 + 0.2, "0.3"],
    [1 / 3, "0.333333333333333"],
    [2 / 3, "0.666666666666667"],
    [100, "100"],
    [123456789012345, "123456789012345"],
    [1e15, "1e+15"],
    [1234567890123456, "1.23456789012346e+15"],
    [999999999999999.9, "1e+15"],
    [1e14, "100000000000000"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [0.00009999999999999999, "0.0001"],
    [1.5e-7, "1.5e-07"],
    [5e-324, "4.94065645841247e-324"],
    [1.7976931348623157e308, "1.79769313486232e+308"],
    [1e100, "1e+100"],
    [NaN, "NaN"],
    [Infinity, "Inf"],
    [-Infinity, "-Inf"],
    // Exactly half way between two texts: C takes the even digit.
    [12345678901234.25, "12345678901234.2"],
    [12345678901234.75, "12345678901234.8"],
    [-100000000000000.5, "-100000000000000"],
    [100000000000001.5, "100000000000002"],
  ]) {
    assert.equal(formatNumber(number), text);
  }
});

test("numbers are written as %.6g writes them", () => {
  // The texts are C's: printf("%.6g").
  for (const [number, text] of [
    [0, "0"],
    [1 / 3, "0.333333"],
    [-2 / 3, "-0.666667"],
    [123456, "123456"],
    [999999.5, "1e+06"],
    [1e6, "1e+06"],
    [1234567, "1.23457e+06"],
    [0.0000999999, "9.99999e-05"],
    [0.00009999999, "0.0001"],
    [100, "100"],
    // Exactly half way between two texts: C takes the even digit.
    [1234565, "1.23456e+06"],
    [1234575, "1.23458e+06"],
    [-1000000.5, "-1e+06"],
    [0.5000005, "0.5"], // the number is just below the half
    [1.000005, "1.00001"], // this one just above
  ]) {
    assert.equal(formatNumber(number, 6), text);
  }
});

test("given values are written the same way in all languages", () => {
  const letters = "a".repeat(60);
  for (const [value, text] of [
    [null, "null"],
    [true, "true"],
    [false, "false"],
    [2, "2"],
    ["relu", '"relu"'],
    ['say "a\\b"', '"say \\"a\\\\b\\""'],
    [letters, `"${letters}"`],
    [`${letters}b`, `"${letters}..."`],
    ["\u{1F600}".repeat(61), `"${"\u{1F600}".repeat(60)}..."`],
    [[], "a list of 0"],
    [[1, [2, 3]], "a list of 2"],
    [new Float64Array(3), "a list of 3"],
    [{ a: 1 }, "an object"],
    [undefined, "undefined"],
    [() => 1, "a function"],
    [10n, "10n"],
  ]) {
    assert.equal(describe(value), text);
  }
});

test("a name has two spellings", () => {
  assert.equal(camelCase("update_order"), "updateOrder");
  assert.equal(snakeCase("updateOrder"), "update_order");
  assert.equal(camelCase("x"), "x");
});

test("a matrix may hold typed arrays, and becomes flat", () => {
  const flat = checkMatrix([new Float32Array([1, 2]), [3, 4]], "x", 2);
  assert.deepEqual(flat, new Float64Array([1, 2, 3, 4]));
});

test("a matrix without one of its values is refused", () => {
  assertThrows(
    () => checkMatrix([[1, 2], [3]], "x", 2),
    InputError,
    "x row 2 must have 2 values, got 1",
  );
  assertThrows(
    () => checkMatrix([[1, undefined]], "x", 2),
    InputError,
    "x row 1, column 2 must be a finite number, got undefined",
  );
  assertThrows(
    () => checkMatrix([[1, NaN]], "x", 2),
    InputError,
    "x row 1, column 2 must be a finite number, got NaN",
  );
  assertThrows(
    () => checkMatrix(new Float64Array(2), "x", 2),
    InputError,
    "x row 1 must be a list of numbers, got 0",
  );
});
