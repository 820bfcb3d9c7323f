// An exercise on the page, inst/js/sketch/practice.js.

import assert from "node:assert/strict";
import { test } from "node:test";

import { exercise, InputError } from "../../inst/js/index.js";
import {
  answer,
  done,
  exerciseState,
  goTo,
  said,
  startPractice,
} from "../../inst/js/sketch/practice.js";
import { change, DEFAULT_STATE, fromHash, toHash } from "../../inst/js/sketch/state.js";
import { Stepper } from "../../inst/js/sketch/stepper.js";

const START = change(DEFAULT_STATE, {});

/** The practice with an answer to a question, from 0. */
const answerAt = (practice, at, text) => answer(goTo(practice, at), text);

test("every question of every level takes the key's number, and says so", () => {
  for (const level of [1, 2, 3]) {
    let practice = startPractice(5, level);
    assert.equal(practice.task.level, level);
    const { questions, key } = practice.task;
    questions.forEach((_, i) => {
      practice = answerAt(practice, i, key[i].value.toPrecision(9));
      assert.deepEqual([said(practice).right, said(practice).message], [true, "Right."]);
    });
    assert.equal(done(practice).length, questions.length);
  }
});

test("a known mistake is named, and nothing of the practice before changes", () => {
  const practice = goTo(startPractice(1, 1), 6);
  const { key } = practice.task;
  assert.equal(key[6].symbol, "e[3]_1");
  const wrong = answer(practice, String(-key[6].value));
  assert.match(said(wrong).message, /^Not right: perhaps a sign is wrong/);
  assert.equal(said(practice), null);
  assert.equal(said(answer(wrong, String(key[6].value))).message, "Right.");
});

test("what follows from an earlier answer that was wrong is right", () => {
  const practice = startPractice(1, 1);
  const { questions, key } = practice.task;
  assert.deepEqual(
    questions.slice(0, 2).map(({ symbol }) => symbol),
    ["z[2]_1", "a[2]_1"],
  );
  const wrong = key[0].value + 0.3;
  const follows = String(1 / (1 + Math.exp(-wrong)));
  assert.ok(!said(answerAt(practice, 1, follows)).right);
  const after = answerAt(answerAt(practice, 0, String(wrong)), 1, follows);
  assert.equal(said(after).message, "Right, with your earlier answers.");
});

test("the questions answered stand in their order, with what was typed last", () => {
  const first = answerAt(startPractice(2, 1), 3, "\u22120,5");
  const both = answerAt(answerAt(first, 1, "0.1"), 1, "0.250");
  assert.deepEqual(
    done(both).map(({ number, text }) => [number, text]),
    [
      [2, "0.250"],
      [4, "-0.5"],
    ],
  );
});

test("what is no number is refused, and at the ends there is no further question", () => {
  const practice = startPractice(3, 1);
  for (const text of ["", "abc", "1e999", "1,2,3"]) {
    assert.throws(() => answer(practice, text), InputError);
  }
  assert.equal(goTo(practice, -1).at, 0);
  assert.equal(goTo(practice, 999).at, practice.task.questions.length - 1);
  assert.throws(() => startPractice(1, 4), InputError);
  assert.throws(() => startPractice(0.5, 1), InputError);
});

test("the page's step of an exercise has the numbers of its key", () => {
  for (const level of [1, 2, 3]) {
    const busy = change(START, {
      ...{ tour: null, otherRule: "transpose", batchSize: 2, shuffle: true },
      optimizer: { name: "adam", learningRate: 0.1 },
      updateOrder: "output_first",
    });
    const task = exercise(7, { level });
    const state = exerciseState(busy, task);
    assert.deepEqual(fromHash(toHash(state)), state);
    const stepper = new Stepper(state, state.data);
    stepper.finish();
    const { step } = stepper;
    const place = /^(new )?([a-zA-Z]+)\[([0-9])\]_([0-9])(?:,([0-9]))?$/;
    let compared = 0;
    for (const { symbol, value } of task.key) {
      const [, isNew, letter, l, k, j] = place.exec(symbol) ?? [];
      const found = {
        z: () => step.forward.z[l - 2][0][k - 1],
        a: () => step.forward.a[l - 1][0][k - 1],
        e: () => (isNew ? null : step.backward.e[l - 2][0][k - 1]),
        W: () => (isNew ? step.after.weights[l - 2][k - 1][j - 1] : null),
        b: () => (isNew ? step.after.biases[l - 2][k - 1] : null),
      }[letter]?.();
      if (found === undefined || found === null) continue;
      assert.equal(found, value, symbol);
      compared += 1;
    }
    assert.ok(compared >= 10, String(compared));
  }
});
