// An exercise on the page: which question is asked, and what was answered. Twins: none, a page is
// JavaScript's alone; the exercise and its marking are exercise.js's.
//
// All functions are pure: they return a new practice.

import { checkAnswer, exercise } from "../exercise.js";
import { change, namedData } from "./state.js";

/**
 * An exercise at its first question.
 *
 * @param {number} seed
 * @param {number} level
 * @returns {{task: Object, at: number, answers: Map}} `at`: the question that is asked, from 0.
 *   `answers`: by the question's symbol, what was typed last and what was said of it.
 * @throws {InputError} If there is no such exercise.
 */
export function startPractice(seed, level) {
  return { task: exercise(seed, { level }), at: 0, answers: new Map() };
}

/** What a learner types, with the minus and the decimal point that the exercise reads. */
function plain(text) {
  return text
    .trim()
    .replace(/[\u2212\u2013]/g, "-")
    .replace(",", ".");
}

/**
 * Answer the question that is asked. What follows from the learner's other answers is right too.
 *
 * @throws {InputError} If the text is no number.
 */
export function answer(practice, text) {
  const { task, at, answers } = practice;
  const { symbol } = task.questions[at];
  const others = [...answers].filter(([name]) => name !== symbol);
  const earlier = Object.fromEntries(others.map(([name, given]) => [name, given.text]));
  const typed = plain(text);
  const { right, message } = checkAnswer(task, symbol, typed, { earlier });
  return { task, at, answers: new Map(answers).set(symbol, { text: typed, right, message }) };
}

/** The practice at another question, from 0; at an end it stays. */
export function goTo(practice, at) {
  const last = practice.task.questions.length - 1;
  return { ...practice, at: Math.max(0, Math.min(last, at)) };
}

/** What was said of the question that is asked, or null. */
export function said({ task, at, answers }) {
  return answers.get(task.questions[at].symbol) ?? null;
}

/** The questions that were answered, in their order, with the answers. */
export function done({ task, answers }) {
  return task.questions
    .filter(({ symbol }) => answers.has(symbol))
    .map(({ number, symbol }) => ({ number, symbol, ...answers.get(symbol) }));
}

/** The state of the page with the network, the sample and the step of an exercise. */
export function exerciseState(state, { network, x, d, cost, rule, learningRate }) {
  return change(state, {
    data: namedData(x, d),
    layers: [...network.layers],
    activations: [...network.activations],
    weights: network.weights,
    biases: network.biases,
    cost,
    rule,
    otherRule: null,
    updateOrder: "simultaneous",
    optimizer: { name: "sgd", learningRate },
    batchSize: 1,
    shuffle: false,
    focus: [2, 1],
  });
}
