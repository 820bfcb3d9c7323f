// The exercises of tests/cases/exercise (see tests/cases/README.md), and their sheets.
// Twins: tests/python/test_exercise.py, tests/testthat/test-exercise.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkAnswer, exercise, InputError } from "../../inst/js/index.js";
import { camelKeys, describe } from "../../inst/js/checks.js";
import { AFTER_ONE_UPDATE, exerciseCases } from "./helpers.js";

const CASES = exerciseCases();
const plain = (matrix) => Array.from(matrix, (row) => Array.from(row));

for (const one of CASES) {
  const { seed, ...how } = one.exercise;
  const task = exercise(seed, camelKeys(how));

  test(`exercise ${one.name} draws, asks and knows`, () => {
    assert.deepEqual(task.network.weights.map(plain), one.weights);
    assert.deepEqual(plain(task.network.biases), one.biases);
    assert.deepEqual([task.x, task.d], [[one.x], [one.d]]);
    const asked = task.questions.map(({ stage, symbol }) => [stage, symbol]);
    assert.deepEqual(
      asked,
      one.questions.map((question) => question.slice(0, 2)),
    );
    task.key.forEach(({ number, symbol, value }, i) => {
      assert.deepEqual([number, symbol], [i + 1, task.questions[i].symbol]);
      assert.equal(task.questions[i].number, i + 1);
      // the numbers are of the size of 1
      assert.ok(Math.abs(value - one.questions[i][2]) <= AFTER_ONE_UPDATE, symbol);
    });
    assert.deepEqual(Object.keys(task.questions[0]), ["number", "stage", "symbol", "text"]);
    const columns = ["number", "symbol", "formula", "substitution", "value"];
    assert.deepEqual(Object.keys(task.key[0]), columns);
  });

  test(`the answers to exercise ${one.name} are marked as by hand`, () => {
    for (const { question, answer, earlier, ...verdict } of one.answers) {
      const found = checkAnswer(task, question, answer, { earlier });
      assert.deepEqual(found, verdict, `${question}: ${answer}`);
    }
  });
}

test("there are cases", () => {
  assert.ok(CASES.length > 10);
});

test("the sheet has the key only if asked for", () => {
  const task = exercise(1);
  const sheet = task.sheet();
  assert.ok(sheet.startsWith("Exercise 1, level 1: one training step of a 2-2-1 network\n"));
  assert.ok(!sheet.includes("Key"));
  const withKey = task.sheet({ key: true });
  assert.ok(withKey.startsWith(sheet));
  for (const { formula } of task.key) assert.ok(withKey.includes(formula));
  assert.ok(task.sheet({ format: "md" }).includes("| 1 | `z[2]_1` | the weighted sum z of "));
});

/** Whether an input error has this message. */
function refused(code, message) {
  assert.throws(code, (error) => error instanceof InputError && error.message === message);
}

test("what is no exercise is refused", () => {
  const few = "layers must be a list of 2 to 4 integers from 1 to 3, got ";
  refused(() => exercise(0.5), "seed must be an integer from -2147483647 to 2147483647, got 0.5");
  refused(() => exercise(1, { level: 4 }), "level must be an integer from 1 to 3, got 4");
  refused(() => exercise(1, { layers: 3 }), `${few}3`);
  refused(() => exercise(1, { layers: [1, 1, 1, 1, 1] }), `${few}a list of 5`);
  refused(
    () => exercise(1, { layers: [2, 4] }),
    "layers entry 2 must be an integer from 1 to 3, got 4",
  );
  refused(
    () => exercise(1, { activations: ["tanh"] }),
    "activations must have one name for each layer after the input (2), got 1",
  );
  assert.throws(() => exercise(1, { cost: "mae" }), InputError);
  assert.throws(() => exercise(1, { cost: "cross_entropy", activations: "tanh" }), InputError);
  assert.throws(() => exercise(1, { rule: "hebb" }), InputError);
  refused(
    () => exercise(1, { learningRate: -1 }),
    "learningRate must be a finite number >= 0, got -1",
  );
  refused(
    () => exercise(1, { rate: 1 }),
    'unknown key "rate" in options; allowed: "level", "layers", "activations", "cost", "rule", ' +
      '"learningRate"',
  );
});

test("what is no answer is refused", () => {
  const task = exercise(1);
  refused(() => checkAnswer(3, 1, 1), "exercise must be made by exercise(), got 3");
  const which = " must be an integer from 1 to 22 or the symbol of a question, got ";
  for (const question of [0, 23, 1.5, true, null, "0", "23", "e[9]_1", "01"]) {
    refused(() => checkAnswer(task, question, 1), `question${which}${describe(question)}`);
  }
  const answers = [null, true, [1], "", ".", "1,5", "1.2.3", "e5", "1e", "0x1", "nan", "Infinity"];
  for (const answer of [...answers, "1e999", NaN, Infinity, "1\n"]) {
    refused(
      () => checkAnswer(task, 1, answer),
      `answer must be a number or a string that holds one, got ${describe(answer)}`,
    );
  }
  const given = (earlier) => () => checkAnswer(task, 1, task.key[0].value, { earlier });
  refused(given(3), "earlier must be an object, got 3");
  refused(given({ w: 1 }), `a name in earlier${which}"w"`);
  refused(given({ 3: "x" }), 'earlier "3" must be a number or a string that holds one, got "x"');
  refused(() => task.sheet({ format: "html" }), 'format must be one of "text", "md", got "html"');
  refused(() => task.sheet({ key: "yes" }), 'key must be true or false, got "yes"');
});
