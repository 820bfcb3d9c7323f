// The panels of the tour and the exercise. Twins: none, a page is JavaScript's alone.
//
// What is said and what is right is decided by tour.js and practice.js.

import { DIGITS_NOTE, ORDER_NOTE, sheetGiven, sheetTitle, WEIGHTS_NOTE } from "../exercise.js";
import { InputError } from "../errors.js";
import { loadSamples } from "./data.js";
import * as practising from "./practice.js";
import { EXERCISE_LEVELS, TOUR_STEPS } from "./state.js";
import { Stepper } from "./stepper.js";
import { mark, stateOfStep, STEPS } from "./tour.js";

const $ = (id) => document.getElementById(id);

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function say(id, { right, message }) {
  $(id).textContent = message;
  $(id).dataset.right = String(right);
}

const unsaid = { right: false, message: "" };

/** The exercise that is opened first. */
const FIRST_EXERCISE = [1, 1];

/**
 * The panels.
 *
 * @param {Object} page What the page does for them:
 *   `state()`: its state. `show(state)`: bring another one into force. `look(changes)`: change what
 *   is looked at, and no training. `attempt(action)`: do it, and say what is not allowed.
 *   `seek(stepper, state)`: let a training go to where the state stands, in slices.
 * @returns {function(): void} Brings the panels up to date with the state.
 */
export function lesson(page) {
  const tour = tourPanel(page);
  const exercise = exercisePanel(page);
  return () => {
    const { tour: step, exercise: task } = page.state();
    $("lesson").hidden = step === null && task === null;
    tour(step);
    exercise(task);
  };
}

/** Show or hide a panel, and let its button say so. */
function open(name, isOpen) {
  $(name).hidden = !isOpen;
  $(`${name}-open`).setAttribute("aria-expanded", String(isOpen));
}

// ---- the tour

function tourPanel({ state, show, look, attempt, seek }) {
  let shown = null;
  let at = null; // the numbers at the step, once they were asked for

  async function numbers() {
    const number = shown;
    if (at === null) {
      const own = stateOfStep(number);
      const samples = await loadSamples(own.data);
      const stepper = new Stepper(own, samples);
      await seek(stepper, own);
      if (shown !== number) return null;
      at = { state: own, samples, stepper };
    }
    return at;
  }

  /** To a step, and there to its title, so that it is read out. */
  const goTo = (number) =>
    attempt(async () => {
      await show(stateOfStep(number));
      $("tour-title").focus();
    });

  const close = () => {
    look({ tour: null });
    $("tour-open").focus();
  };

  async function fillQuestion({ question, options }) {
    $("tour-question").textContent = question;
    $("tour-answer-label").hidden = options !== undefined;
    $("tour-answer").value = "";
    $("tour-options").replaceChildren();
    say("tour-verdict", unsaid);
    if (options === undefined) return;
    const found = await numbers();
    if (found === null) return;
    $("tour-options").replaceChildren(
      ...options(found).map(([value, words]) => {
        const label = element("label", "", { class: "choice" });
        label.append(
          element("input", "", { type: "radio", name: "tour-choice", value }),
          ` ${words}`,
        );
        return label;
      }),
    );
  }

  $("tour-open").addEventListener("click", () => {
    if (state().tour !== null) close();
    else {
      // so that the browser's way back leads to what was there
      history.pushState(null, "", location.href);
      goTo(1);
    }
  });
  $("tour-close").addEventListener("click", close);
  $("tour-previous").addEventListener("click", () => goTo(shown - 1));
  $("tour-next").addEventListener("click", () => goTo(shown + 1));
  $("tour-again").addEventListener("click", () => goTo(shown));
  $("tour-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const step = STEPS[shown - 1];
      const chosen = document.querySelector("[name=tour-choice]:checked")?.value ?? "";
      const text = step.options === undefined ? $("tour-answer").value : chosen;
      const found = await numbers();
      if (found !== null) say("tour-verdict", mark(step, found, text));
    });
  });

  return (number) => {
    open("tour", number !== null);
    if (number === shown) return;
    [shown, at] = [number, null];
    if (number === null) return;
    const step = STEPS[number - 1];
    $("tour-title").textContent = `Tour, ${number} of ${TOUR_STEPS}: ${step.title}`;
    $("tour-text").replaceChildren(...step.text.map((sentence) => element("p", sentence)));
    $("tour-previous").disabled = number === 1;
    $("tour-next").disabled = number === TOUR_STEPS;
    attempt(() => fillQuestion(step));
  };
}

// ---- the exercise

function exercisePanel({ state, show, look, attempt }) {
  let shown = null;
  let practice = null;

  function showQuestion() {
    const { task, at } = practice;
    const { number, symbol, text } = task.questions[at];
    $("exercise-question").textContent =
      `Question ${number} of ${task.questions.length}: ${symbol}, ${text}`;
    const found = practising.said(practice);
    $("exercise-answer").value = found === null ? "" : found.text;
    say("exercise-verdict", found ?? unsaid);
    $("exercise-previous").disabled = at === 0;
    $("exercise-next").disabled = at === task.questions.length - 1;
    const answered = practising.done(practice);
    const right = answered.filter((one) => one.right).length;
    $("exercise-count").textContent =
      `Answered: ${answered.length} of ${task.questions.length}, right: ${right}`;
    $("exercise-done").replaceChildren(
      ...answered.map((one) =>
        element("li", `${one.symbol} = ${one.text}, ${one.right ? "right" : "not right"}`, {
          value: one.number,
        }),
      ),
    );
  }

  function showTask() {
    const { task } = practice;
    $("exercise-title").textContent = sheetTitle(task);
    const rows = sheetGiven(task).flatMap(([name, text]) => [
      element("dt", name),
      element("dd", text),
    ]);
    $("exercise-given").replaceChildren(...rows);
    showQuestion();
  }

  const moveTo = (at) => {
    practice = practising.goTo(practice, at);
    showQuestion();
    $("exercise-answer").focus();
  };

  const close = () => {
    look({ exercise: null });
    $("exercise-open").focus();
  };

  /** Another exercise, as its seed and level say. */
  const choose = () =>
    attempt(() => {
      const seed = $("exercise-seed").value.trim() === "" ? NaN : $("exercise-seed").valueAsNumber;
      look({ exercise: [seed, Number($("exercise-level").value)] });
    });

  $("exercise-level").replaceChildren(
    ...Array.from({ length: EXERCISE_LEVELS }, (_, i) => new Option(String(i + 1), String(i + 1))),
  );
  $("exercise-notes").textContent = `${WEIGHTS_NOTE} ${ORDER_NOTE} ${DIGITS_NOTE}.`;
  $("exercise-open").addEventListener("click", () => {
    if (state().exercise !== null) close();
    else {
      look({ tour: null, exercise: FIRST_EXERCISE });
      $("exercise-title").focus();
    }
  });
  $("exercise-close").addEventListener("click", close);
  $("exercise-seed").addEventListener("change", choose);
  $("exercise-level").addEventListener("change", choose);
  $("exercise-previous").addEventListener("click", () => moveTo(practice.at - 1));
  $("exercise-next").addEventListener("click", () => moveTo(practice.at + 1));
  $("exercise-show").addEventListener("click", () => {
    history.pushState(null, "", location.href);
    attempt(() => show(practising.exerciseState(state(), practice.task)));
  });
  $("exercise-form").addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      practice = practising.answer(practice, $("exercise-answer").value);
      showQuestion();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      say("exercise-verdict", { right: false, message: "Type a number, as in 0.620." });
    }
  });

  return (exercise) => {
    open("exercise", exercise !== null);
    const key = exercise === null ? null : exercise.join(".");
    if (exercise !== null) {
      // also after one that is not allowed was typed
      $("exercise-seed").value = String(exercise[0]);
      $("exercise-level").value = String(exercise[1]);
    }
    if (key === shown) return;
    shown = key;
    if (exercise === null) return;
    practice = practising.startPractice(...exercise);
    showTask();
  };
}
