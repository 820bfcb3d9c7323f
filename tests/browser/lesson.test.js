// The tour and the exercise of the page, in a real browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { exercise } from "../../inst/js/index.js";
import { loadSamples } from "../../inst/js/sketch/data.js";
import { fromHash, TOUR_STEPS } from "../../inst/js/sketch/state.js";
import { Stepper } from "../../inst/js/sketch/stepper.js";
import { stateOfStep, STEPS } from "../../inst/js/sketch/tour.js";
import { closePage, openPage, PHONE, picture, waitForText, withBrowser } from "./browser.js";

const here = withBrowser();

const stateOf = (page) => fromHash(new URL(page.url()).hash);
const focused = (page) => page.evaluate(() => document.activeElement.id);

/** The right answer to a step's question, as one types or chooses it. */
async function rightAnswer(number) {
  const step = STEPS[number - 1];
  const state = stateOfStep(number);
  const samples = await loadSamples(state.data);
  const stepper = new Stepper(state, samples);
  stepper.seek(state.updates, state.phase);
  const answer = step.answer({ state, samples, stepper });
  return step.options === undefined ? answer.toFixed(step.decimals) : answer;
}

/** Tab on until a control has the focus. */
async function tabTo(page, id) {
  for (let i = 0; i < 40; i++) {
    if ((await focused(page)) === id) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${id} is not reached`);
}

async function reload(page) {
  await page.reload();
  await page.waitForFunction(() => document.documentElement.dataset.ready === "pictures");
}

test("a question of the tour takes the right answer and refuses a wrong one", async () => {
  const page = await openPage(here);
  assert.ok(!(await page.isVisible("#tour")));
  await page.click("#tour-open");
  await waitForText(page, "#tour-title", /^Tour, 1 of 12: What a layer does/);
  assert.equal(await page.getAttribute("#tour-open", "aria-expanded"), "true");
  assert.deepEqual(stateOf(page), stateOfStep(1));
  await page.fill("#tour-answer", "0.42");
  await page.click("#tour-form button");
  await waitForText(page, "#tour-verdict", /^Not yet\. That is z/);
  await picture(page, "tour-wrong");
  await page.fill("#tour-answer", await rightAnswer(1));
  await page.press("#tour-answer", "Enter");
  await waitForText(page, "#tour-verdict", /^Right\. /);
  await page.click("#tour-close");
  assert.ok(!(await page.isVisible("#lesson")));
  assert.equal(await focused(page), "tour-open");
  // the picture stays, and the way back leads to what was there before
  assert.deepEqual(stateOf(page).layers, [3, 3, 3]);
  await page.goBack();
  await waitForText(page, "#now", /a network of 2, 4, 1 neurons/);
  await closePage(page);
});

test("an answer is chosen among the options", async () => {
  const page = await openPage(here, "tour=4");
  assert.deepEqual(stateOf(page), stateOfStep(4));
  await page.waitForSelector("#tour-options input");
  assert.equal(await page.locator("#tour-options input").count(), 3);
  await page.click("#tour-form button");
  await waitForText(page, "#tour-verdict", /^Not yet\. Choose/);
  await page.check("#tour-options [value='1']");
  await page.click("#tour-form button");
  await waitForText(page, "#tour-verdict", /^Not yet\. Its size/);
  await page.check(`#tour-options [value='${await rightAnswer(4)}']`);
  await page.click("#tour-form button");
  await waitForText(page, "#tour-verdict", /^Right\. /);
  await picture(page, "tour-choice");
  await closePage(page);
});

test("the whole tour by the keyboard alone", async () => {
  const page = await openPage(here);
  await tabTo(page, "tour-open");
  await page.keyboard.press("Enter");
  for (let number = 1; number <= TOUR_STEPS; number++) {
    const step = STEPS[number - 1];
    await waitForText(page, "#tour-title", new RegExp(`^Tour, ${number} of ${TOUR_STEPS}: `));
    await page.waitForFunction(() => document.activeElement.id === "tour-title");
    assert.deepEqual(stateOf(page), stateOfStep(number));
    assert.equal(await page.textContent("#tour-text"), step.text.join(""));
    const answer = await rightAnswer(number);
    if (step.options === undefined) {
      await tabTo(page, "tour-answer");
      await page.keyboard.type(answer);
    } else {
      await page.waitForSelector("#tour-options input");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Space"); // the first option
      const values = await page.$$eval("#tour-options input", (all) => all.map((one) => one.value));
      for (let i = 0; i < values.indexOf(answer); i++) await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    await waitForText(page, "#tour-verdict", /^Right\. /);
    await picture(page, `tour-${number}`, {});
    if (number < TOUR_STEPS) {
      await tabTo(page, "tour-next");
      await page.keyboard.press("Enter");
    }
  }
  assert.ok(await page.isDisabled("#tour-next"));
  await tabTo(page, "tour-previous");
  await page.keyboard.press("Enter");
  await waitForText(page, "#tour-title", /^Tour, 11 of 12/);
  await tabTo(page, "tour-close");
  await page.keyboard.press("Enter");
  assert.ok(!(await page.isVisible("#lesson")));
  await closePage(page);
});

test("a reload keeps the step, and what was changed at it", async () => {
  const page = await openPage(here, "tour=11");
  await waitForText(page, "#position", /^3,000 updates made/);
  await page.fill("#seed", "1");
  await page.press("#seed", "Enter");
  await waitForText(page, "#position", /^0 updates made/);
  await page.selectOption("#speed", "10000");
  await page.click("#play");
  await waitForText(page, "#position", /^3,000 updates made/);
  const position = await page.textContent("#position");
  await reload(page);
  await waitForText(page, "#tour-title", /^Tour, 11 of 12: Local minima/);
  await waitForText(page, "#position", /^3,000 updates made/);
  assert.deepEqual([stateOf(page).tour, stateOf(page).seed], [11, 1]);
  assert.equal(await page.textContent("#position"), position);
  // the cost that is seen there is the answer to be given
  const [, cost] = /samples (\S+)$/.exec(position);
  await page.fill("#tour-answer", Number(cost).toFixed(3));
  await page.click("#tour-form button");
  await waitForText(page, "#tour-verdict", /^Right\. /);
  await page.click("#tour-again");
  await waitForText(page, "#position", /0\.0824515$/);
  assert.deepEqual(stateOf(page), stateOfStep(11));
  await picture(page, "tour-minimum");
  await closePage(page);
});

test("an exercise question takes the right answer and names a known mistake", async () => {
  const page = await openPage(here);
  await page.click("#exercise-open");
  assert.equal(await focused(page), "exercise-title");
  await page.fill("#exercise-seed", "7");
  await page.press("#exercise-seed", "Tab");
  const task = exercise(7, { level: 1 });
  await waitForText(page, "#exercise-title", /^Exercise 7, level 1/);
  assert.deepEqual(stateOf(page).exercise, [7, 1]);
  const { key } = task;
  await page.fill("#exercise-answer", key[0].value.toFixed(3));
  await page.press("#exercise-answer", "Enter");
  await waitForText(page, "#exercise-verdict", /^Right\.$/);
  for (let i = 0; i < 6; i++) await page.click("#exercise-next");
  await waitForText(page, "#exercise-question", /^Question 7 of 22: e\[3\]_1, the error/);
  assert.equal(await page.textContent("#exercise-verdict"), "");
  await page.fill("#exercise-answer", String(-key[6].value));
  await page.click("#exercise-form button");
  await waitForText(page, "#exercise-verdict", /^Not right: perhaps a sign is wrong/);
  await waitForText(page, "#exercise-count", /^Answered: 2 of 22, right: 1$/);
  await page.click("#exercise-count");
  assert.match(
    await page.textContent("#exercise-done"),
    /^z\[2\]_1 = 0\.770, righte\[3\]_1 = 0\.36\d+, not right$/,
  );
  await picture(page, "exercise");
  await page.click("#exercise-next");
  await page.fill("#exercise-answer", String(key[7].value));
  await page.click("#exercise-form button");
  await waitForText(page, "#exercise-verdict", /^Right\.$/);
  // delta follows from the error that was wrong
  await page.click("#exercise-next");
  await page.fill("#exercise-answer", String(-key[8].value));
  await page.click("#exercise-form button");
  await waitForText(page, "#exercise-verdict", /^Right, with your earlier answers\.$/);
  await page.fill("#exercise-answer", "half");
  await page.click("#exercise-form button");
  await waitForText(page, "#exercise-verdict", /^Type a number/);
  await page.click("#exercise-previous");
  assert.equal(await page.inputValue("#exercise-answer"), String(key[7].value));
  await closePage(page);
});

test("an exercise is kept by the address, and its network goes into the picture", async () => {
  const page = await openPage(here, "exercise=4.3");
  await waitForText(page, "#exercise-title", /^Exercise 4, level 3: .* 3-3-2 network/);
  await page.click("#exercise-show");
  const { network } = exercise(4, { level: 3 });
  await waitForText(page, "#now", /a network of 3, 3, 2 neurons/);
  assert.deepEqual(stateOf(page).weights, network.weights);
  await reload(page);
  await waitForText(page, "#exercise-title", /^Exercise 4, level 3/);
  await page.selectOption("#exercise-level", "2");
  await waitForText(page, "#exercise-title", /^Exercise 4, level 2: .* 2-2-2 network/);
  await page.fill("#exercise-seed", "1.5");
  await page.press("#exercise-seed", "Tab");
  await waitForText(page, "#problem", /seed of the exercise must be an integer/);
  assert.equal(await page.inputValue("#exercise-seed"), "4");
  // one or the other
  await page.click("#tour-open");
  await waitForText(page, "#tour-title", /^Tour, 1 of 12/);
  assert.ok(!(await page.isVisible("#exercise")));
  await page.click("#exercise-open");
  assert.ok(!(await page.isVisible("#tour")));
  await page.click("#exercise-close");
  assert.ok(!(await page.isVisible("#lesson")));
  await closePage(page);
});

test("all of it can be reached by the keyboard, has a name, and fits a phone", async () => {
  for (const [name, hash] of Object.entries({
    "phone-tour": "tour=6",
    "phone-tour-choice": "tour=12",
    "phone-exercise": "exercise=4.3",
  })) {
    const page = await openPage(here, hash, { viewport: PHONE, theme: "dark" });
    await waitForText(page, name === "phone-exercise" ? "#exercise" : "#tour", /\S/);
    await page.waitForTimeout(300);
    const wide = await page.evaluate(() => {
      const edge = document.documentElement.clientWidth;
      return [...document.querySelectorAll("header *, #lesson *")]
        .filter((node) => node.getBoundingClientRect().right > edge + 0.5)
        .map(({ outerHTML }) => outerHTML.slice(0, 80));
    });
    assert.deepEqual(wide, [], name);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.width);
    const [lesson, stage] = await page.$$eval("#lesson, #stage", (nodes) =>
      nodes.map((node) => node.getBoundingClientRect()),
    );
    assert.ok(lesson.bottom <= stage.top && stage.width > 0.9 * PHONE.width, name);
    const reached = new Set();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.outerHTML));
    }
    // of radio buttons one is reached, the others by arrows
    const controls = await page.$$eval(
      "#lesson :is(button:enabled, input:not([type=radio]), select, summary)",
      (nodes) => nodes.filter((node) => node.checkVisibility()).map(({ outerHTML }) => outerHTML),
    );
    assert.ok(controls.length >= 4);
    assert.deepEqual(
      controls.filter((html) => !reached.has(html)),
      [],
    );
    const nameless = await page.$$eval("#lesson :is(input, select)", (nodes) =>
      nodes.filter((node) => !node.labels?.length).map(({ outerHTML }) => outerHTML),
    );
    assert.deepEqual(nameless, []);
    await picture(page, name);
    await closePage(page);
  }
});
