// Twins: tests/python/test_random.py, tests/testthat/test-random.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError, RandomStream } from "../../inst/js/index.js";
import { inside } from "../../inst/js/random.js";
import { assertThrows } from "./helpers.js";

// From R 4.2.2:
//   set.seed(SEED, "Mersenne-Twister", "Inversion", "Rejection"); u <- runif(1e5)
//   sprintf("%.17g", u[c(1, 2, 3, 624, 625, 1000, 99999, 100000)])
// The state is remade before draws 1, 625, ...
const DRAWS = [1, 2, 3, 624, 625, 1000, 99999, 100000];
const FROM_R = new Map([
  [
    0,
    [
      0.8966972001362592, 0.26550866314209998, 0.37212389963679016, 0.76824843045324087,
      0.13648758619092405, 0.19125945609994233, 0.98475575214251876, 0.09235741151496768,
    ],
  ],
  [
    1,
    [
      0.26550866314209998, 0.37212389963679016, 0.57285336335189641, 0.13648758619092405,
      0.32486514048650861, 0.2655367199331522, 0.09235741151496768, 0.12311414023861289,
    ],
  ],
  [
    42,
    [
      0.91480604349635541, 0.93707541329786181, 0.28613953478634357, 0.7340297200717032,
      0.15048409905284643, 0.0074175230693072081, 0.94494949490763247, 0.66766943060792983,
    ],
  ],
  [
    2026,
    [
      0.69867347087711096, 0.55653050588443875, 0.14013995765708387, 0.67723057721741498,
      0.87652176944538951, 0.29855694179423153, 0.61204887880012393, 0.3678810705896467,
    ],
  ],
  [
    -5,
    [
      0.73459476791322231, 0.33969277143478394, 0.1910452856682241, 0.31926427106373012,
      0.20666268677450716, 0.039222365710884333, 0.677674924954772, 0.57162153022363782,
    ],
  ],
  [
    2147483647,
    [
      0.68966742674820125, 0.98787517822347581, 0.19676422467455268, 0.46012574597261846,
      0.10062019852921367, 0.78030070336535573, 0.35137515212409198, 0.99019713839516044,
    ],
  ],
]);

for (const [seed, expected] of FROM_R) {
  test(`seed ${seed} gives R's numbers`, () => {
    const u = new RandomStream(seed).uniform(100000);
    assert.deepEqual(
      DRAWS.map((draw) => u[draw - 1]),
      expected,
    );
  });
}

test("one stream gives the same numbers in pieces", () => {
  const stream = new RandomStream(42);
  const pieces = [...stream.uniform(2), stream.next(), ...stream.uniform(700)];
  assert.deepEqual(pieces, new RandomStream(42).uniform(703));
});

test("0 and 1 are never drawn", () => {
  // From R: s <- .Random.seed; s[2] <- 5L; s[8] <- 0L; .Random.seed <- s, so that the next output of
  // MT19937 is 0; sprintf("%.17g", runif(1)).
  assert.equal(inside(0), 1.1641532185403984e-10);
  assert.equal(inside(1), 1 - 1.1641532185403984e-10);
  assert.equal(inside(0.5), 0.5);
});

test("an order is R's order(runif(n)) less 1", () => {
  // set.seed(42, "Mersenne-Twister", "Inversion", "Rejection"); order(runif(10)):
  //   8 3 6 5 9 10 7 4 1 2
  assert.deepEqual(new RandomStream(42).order(10), [7, 2, 5, 4, 8, 9, 6, 3, 0, 1]);
  assert.deepEqual(new RandomStream(42).order(0), []);
});

test("a seed is an integer of 32 bits, without R's NA", () => {
  const range = "seed must be an integer from -2147483647 to 2147483647, got ";
  for (const [seed, given] of [
    [2147483648, "2147483648"],
    [-2147483648, "-2147483648"],
    [1.5, "1.5"],
    [NaN, "NaN"],
    ["42", '"42"'],
    [null, "null"],
    [undefined, "undefined"],
    [true, "true"],
  ]) {
    assertThrows(() => new RandomStream(seed), InputError, range + given);
  }
  assertThrows(
    () => new RandomStream(1).uniform(-1),
    InputError,
    "n must be an integer >= 0, got -1",
  );
});
