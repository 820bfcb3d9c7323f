// The page in a real browser.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { fromHash, toHash } from "../../inst/js/sketch/state.js";
import { assertGroup } from "../js/helpers.js";
import {
  closePage,
  DESKTOP,
  drop,
  openPage,
  output,
  PHONE,
  picture,
  PYTHON,
  saved,
  waitForText,
  withBrowser,
} from "./browser.js";

const here = withBrowser();

// Python's exp differs from V8's in the last bit (section 10 of docs/contract.md).
const AFTER_FEW_UPDATES = 1e-12;

/** What a function of the page's own modules returns for the page's state. */
function numbersOf(page) {
  return page.evaluate(async () => {
    const { fromHash: read } = await import("./state.js");
    const { Stepper } = await import("./stepper.js");
    const { loadSamples } = await import("./data.js");
    const state = read(location.hash);
    const stepper = new Stepper(state, await loadSamples(state.data));
    stepper.seek(state.updates, state.phase);
    return { state, weights: stepper.weights, biases: stepper.biases, cost: stepper.cost() };
  });
}

const stateOf = (page) => fromHash(new URL(page.url()).hash);

const BIG =
  "data=iris&layers=4-16-16-3&activations=sigmoid,sigmoid,softmax&cost=cross_entropy&batch_size=16";

test("the page loads without a complaint and asks only its own server", async () => {
  const page = await openPage(here);
  assert.equal(await page.locator("canvas").count(), 3);
  const origin = new URL(here.url).origin;
  assert.deepEqual(
    page.requested.filter((url) => !url.startsWith(origin) && !/^(blob|data):/.test(url)),
    [],
  );
  await picture(page, "start");
  await closePage(page);
});

test("p5.js comes from the CDN by its version and checksum, else from beside the page", async () => {
  const p5 = await readFile(new URL("../../node_modules/p5/lib/p5.min.js", import.meta.url));
  const loader = await readFile(
    new URL("../../inst/js/sketch/load_p5.js", import.meta.url),
    "utf8",
  );
  assert.ok(loader.includes(`sha384-${createHash("sha384").update(p5).digest("base64")}`));
  const page = await openPage(here, "", { query: "" });
  assert.equal(await page.locator("canvas").count(), 3);
  assert.ok(page.requested.includes("https://cdn.jsdelivr.net/npm/p5@2.3.4/lib/p5.min.js"));
  await closePage(page);

  const offline = await openPage(here, "", { query: "", offline: true });
  assert.equal(await offline.locator("canvas").count(), 3);
  await offline.close(); // the console says that the CDN was not reached
});

test("without p5.js there are no pictures, and all else works", async () => {
  const page = await openPage(here, "", { offline: true, withoutLocal: true });
  assert.match(await page.textContent("#p5-problem"), /p5\.js 2\.3\.4 could not be loaded/);
  await page.click("#step");
  assert.match(await page.textContent("#now"), /^Weights moved\. Update 1/);
  await page.close();
});

test("a played step gives the numbers of Python's engine", async () => {
  const plan = {
    network: { layers: [2, 4, 1], init: "uniform", seed: 7 },
    training: { epochs: 2, record: "steps", rule: "transpose", cost: "half_sse" },
  };
  const args = ["-m", "twinprop", "run", "-"];
  const run = JSON.parse(await output(PYTHON, args, JSON.stringify(plan)));
  const step = run.recording.steps[5];
  const after = run.recording.steps[6];

  const page = await openPage(here, "init=uniform&seed=7&rule=transpose&cost=half_sse");
  for (let i = 0; i < 5; i++) await page.click("#step");
  for (const phase of ["forward", "error", "back"]) {
    await page.click("#phase");
    assert.equal(stateOf(page).phase, phase);
    const { weights, biases } = await numbersOf(page);
    assertGroup(
      [weights, biases],
      [step.weights, step.biases],
      AFTER_FEW_UPDATES,
      "the weights before they move",
    );
  }
  // what is seen: the errors in the picture's table and the equations
  await page.click("#as-table summary");
  const cell = (row, column) =>
    page.textContent(`#table tbody tr:nth-child(${row}) :nth-child(${column})`);
  const shown = (value) => value.toFixed(2).replace("-", "\u2212");
  assert.equal(await cell(7, 3), shown(step.e[1][0][0]));
  const { short } = await import("../../inst/js/sketch/format.js");
  for (let k = 0; k < 4; k++) {
    assert.equal(await cell(3 + k, 3), short(step.e[0][0][k]).replaceAll("-", "\u2212"));
  }
  await page.click("#phase");
  assert.equal(stateOf(page).phase, "update");
  const moved = await numbersOf(page);
  assertGroup(
    [moved.weights, moved.biases],
    [after.weights, after.biases],
    AFTER_FEW_UPDATES,
    "the weights after they moved",
  );
  await waitForText(page, "#equations", /new\sW/);
  await picture(page, "step");
  // and to the end of the second epoch
  await page.click("#epoch");
  assert.equal(stateOf(page).updates, 8);
  const position = await page.textContent("#position");
  assert.ok(position.endsWith(`samples ${run.final_cost.toPrecision(6)}`), position);
  await closePage(page);
});

test("playing goes on by itself, in slices, and stops at the epochs", async () => {
  const page = await openPage(here, `${BIG}&epochs=20&speed=10000`);
  await page.evaluate(() => {
    globalThis.longest = 0;
    let last = performance.now();
    const look = (now) => {
      globalThis.longest = Math.max(globalThis.longest, now - last);
      last = now;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.click("#play");
  await waitForText(page, "#position", /^200 updates made, 20 of 20 epochs/);
  assert.equal(await page.textContent("#play"), "Play");
  assert.equal(stateOf(page).updates, 200);
  const longest = await page.evaluate(() => globalThis.longest);
  assert.ok(longest < 500, `a frame took ${longest} ms`);
  await page.click("#play");
  assert.match(await page.textContent("#problem"), /All 20 epochs are done/);
  await closePage(page);
});

test("playing slowly shows phase after phase", async () => {
  const page = await openPage(here, "speed=2", { motion: "no-preference" });
  await page.click("#play");
  for (const phase of ["forward", "error", "back", "update", "forward"]) {
    await page.waitForSelector(`#phases [data-phase="${phase}"][aria-current]`);
  }
  await page.click("#play");
  assert.equal(await page.getAttribute("#play", "aria-pressed"), "false");
  assert.ok(stateOf(page).updates >= 1);
  await closePage(page);
});

test("the address leads back to the same page", async () => {
  const page = await openPage(here);
  await page.selectOption("#rule", "transpose");
  await page.selectOption("#other-rule", "gradient");
  await page.selectOption("#optimizer", "adam");
  await page.fill("#rate", "0.05");
  await page.press("#rate", "Enter");
  await page.click("#more-2");
  await page.selectOption("#activation-2", "tanh");
  await page.fill("#batch", "");
  await page.press("#batch", "Tab");
  for (let i = 0; i < 3; i++) await page.click("#step");
  await page.click("#phase");
  await page.click("#phase");
  await page.selectOption("#focus", "3.1");
  const seen = async (one) => [
    await one.textContent("#position"),
    await one.textContent("#now"),
    await one.textContent("#equations"),
    await one.inputValue("#rate"),
  ];
  await page.waitForTimeout(300); // equations come after all else
  const before = await seen(page);
  const state = stateOf(page);
  assert.deepEqual(
    [state.rule, state.otherRule, state.optimizer, state.layers, state.batchSize, state.phase],
    ["transpose", "gradient", { name: "adam", learningRate: 0.05 }, [2, 5, 1], null, "error"],
  );
  assert.equal(state.updates, 3);
  await page.reload();
  await page.waitForFunction(() => document.documentElement.dataset.ready === "pictures");
  await page.waitForTimeout(300);
  assert.deepEqual(await seen(page), before);
  const other = await openPage(here, toHash(state));
  await other.waitForTimeout(300);
  assert.deepEqual(await seen(other), before);
  await picture(other, "two-rules");
  await closePage(other);
  await page.evaluate(() => (location.hash = "#seed=5"));
  await waitForText(page, "#now", /^Before the first update/);
  assert.equal(await page.inputValue("#seed"), "5");
  await closePage(page);
});

test("an address that cannot be is said, and the page starts anew", async () => {
  for (const hash of ["rule=best", "data=iris&layers=2-4-1", "nonsense"]) {
    const page = await openPage(here, hash);
    assert.ok(await page.isVisible("#problem"));
    assert.match(await page.textContent("#now"), /^Before the first update/);
    await closePage(page);
  }
});

test("an address may name a data set and no more", async () => {
  const page = await openPage(here, "data=three_by_three");
  assert.equal(stateOf(page).weights[0][0][0], 0.9);
  await page.click("#phase");
  assert.match(await page.textContent("#now"), /the output is 0\.73, 0\.71, 0\.78\.$/);
  await closePage(page);
});

test("going back comes to the same numbers", async () => {
  const page = await openPage(here, "optimizer=adam&learning_rate=0.1&shuffle=true");
  const seen = [];
  for (let i = 0; i < 6; i++) {
    seen.push(await page.textContent("#position"));
    await page.click("#step");
  }
  for (let i = 5; i >= 0; i--) {
    await page.click("#back");
    assert.equal(await page.textContent("#position"), seen[i]);
  }
  assert.ok(await page.isDisabled("#back"));
  await page.click("#step");
  await page.click("#phase-back");
  assert.equal(stateOf(page).phase, "back");
  await page.click("#restart");
  assert.equal(await page.textContent("#position"), seen[0]);
  await closePage(page);
});

test("a CSV file is dropped on the page and learned from", async () => {
  const page = await openPage(here);
  const rows = Array.from(
    { length: 40 },
    (_, i) => `${i / 40},${(i * 7) % 40},${i < 20 ? "b" : "a"}`,
  );
  await drop(page, "mine.csv", `u,v,kind\n${rows.join("\n")}\n`);
  await waitForText(page, "#data-words", /^40 rows, 2 inputs, 2 outputs\./);
  assert.deepEqual(stateOf(page).data.outputNames, ["kind_a", "kind_b"]);
  assert.equal(stateOf(page).cost, "cross_entropy");
  await page.selectOption("#speed", "10000");
  await page.fill("#epochs", "400");
  await page.press("#epochs", "Enter");
  await page.click("#play");
  await waitForText(page, "#position", /400 of 400 epochs/);
  assert.match(await page.textContent("#decision-words"), /^(39|40) of 40 samples/);
  await picture(page, "csv");
  await page.selectOption("#output", "u");
  await waitForText(page, "#data-words", /^40 rows, 3 inputs, 1 output\./);
  assert.equal(stateOf(page).activations.at(-1), "identity");
  await drop(page, "wrong.csv", "a,b\n1\n");
  await waitForText(page, "#problem", /must have 2 values in row 1, got 1/);
  assert.match(await page.textContent("#data-words"), /^40 rows/);
  await closePage(page);
});

test("a name that looks like markup is text, everywhere", async () => {
  const page = await openPage(here);
  const name = "<img src=x onerror=alert(1)>";
  await drop(page, "evil.csv", `${name},<b>u</b>,<script>y\n1,2,0\n2,1,1\n3,4,0\n`);
  await waitForText(page, "#data-words", /^3 rows, 2 inputs, 1 output/);
  await page.click("#as-table summary");
  await page.click("#step");
  await page.selectOption("#focus", "1.1");
  assert.equal(await page.locator("img, main script, main b").count(), 0);
  assert.ok((await page.textContent("#table")).includes(name));
  assert.ok((await page.textContent("#focus")).includes(name));
  await page.reload();
  await page.waitForFunction(() => document.documentElement.dataset.ready === "pictures");
  assert.deepEqual(stateOf(page).data.inputNames[0], name);
  assert.equal(await page.locator("img").count(), 0);
  await picture(page, "markup");
  await closePage(page);
});

test("a plan goes out and comes in again", async () => {
  const page = await openPage(
    here,
    "init=he&seed=3&rule=transpose&batch_size=2&updates=3&phase=back",
  );
  const { name, text } = await saved(page, "#save-plan");
  assert.equal(name, "plan.json");
  const run = JSON.parse(await output(PYTHON, ["-m", "twinprop", "run", "-"], text));
  assert.equal(run.updates, 2000);
  const fresh = await openPage(here);
  await drop(fresh, name, text);
  await waitForText(fresh, "#done", /The file is open/);
  assert.deepEqual(stateOf(fresh), { ...stateOf(page), updates: 0, phase: "start" });
  await drop(fresh, "plan.json", '{"format": "twinprop-plan/1", "network": {"layers": [2]}}');
  await waitForText(fresh, "#problem", /network.layers must be a list of at least 2 integers/);
  await drop(fresh, "plan.json", "{");
  await waitForText(fresh, "#problem", /not valid JSON/);
  await closePage(fresh);
  await closePage(page);
});

test("a run goes out, and its weights come in again", async () => {
  const page = await openPage(here, "updates=12&phase=update");
  const { name, text } = await saved(page, "#save-run");
  assert.equal(name, "run.json");
  const plan = JSON.stringify({ training: { epochs: 3 } });
  const expected = JSON.parse(await output(PYTHON, ["-m", "twinprop", "run", "-"], plan));
  const run = JSON.parse(text);
  assert.deepEqual(Object.keys(run), Object.keys(expected));
  for (const key of [
    "initial_cost",
    "cost",
    "final_cost",
    "outputs",
    "errors",
    "weights",
    "biases",
  ]) {
    assertGroup(run[key], expected[key], AFTER_FEW_UPDATES, key);
  }
  await page.click("#phase");
  assert.ok(await page.isDisabled("#save-run"));
  const fresh = await openPage(here);
  await fresh.setInputFiles("#file", {
    name,
    mimeType: "application/json",
    buffer: Buffer.from(text),
  });
  await waitForText(fresh, "#done", /The file is open/);
  assert.deepEqual(stateOf(fresh).weights, run.weights);
  await closePage(fresh);
  await closePage(page);
});

test("the code is copied, and is there to be read", async () => {
  const page = await openPage(here, "updates=3&phase=update");
  await page.click("#copy-python");
  await waitForText(page, "#done", /Python code is copied/);
  const code = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(code, /^# The network of the page in Python, after 3 updates\./);
  assert.equal(await page.inputValue("#code"), code);
  const { cost } = await numbersOf(page);
  const printed = await output(PYTHON, ["-"], code);
  assertGroup(Number(/^cost (\S+)/.exec(printed)[1]), cost, AFTER_FEW_UPDATES, "cost");
  await page.click("#copy-r");
  await waitForText(page, "#done", /R code is copied/);
  await page.click("#copy-link");
  await waitForText(page, "#done", /address is copied/);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
  await closePage(page);
});

test("a click on a weight edits it, one on a neuron writes it out", async () => {
  const page = await openPage(here, "updates=2&phase=update");
  const box = await page.locator(".picture").boundingBox();
  const spot = await page.evaluate(async () => {
    const { layout, weightLines } = await import("./picture.js");
    const node = document.querySelector(".picture");
    const size = { width: node.clientWidth, height: node.clientHeight };
    const placed = layout([2, 4, 1], size);
    const weights = [Array.from({ length: 4 }, () => [1, 1]), [[1, 1, 1, 1]]];
    const lines = weightLines(placed, weights);
    const line = lines.find(({ layer, to }) => layer === 3 && to === 1);
    return {
      weight: [(line.x1 + line.x2) / 2, (line.y1 + line.y2) / 2],
      neuron: [placed.columns[1][2].x, placed.columns[1][2].y],
    };
  });
  await page.mouse.click(box.x + spot.neuron[0], box.y + spot.neuron[1]);
  assert.deepEqual(stateOf(page).focus, [2, 3]);
  await page.mouse.move(box.x + spot.weight[0], box.y + spot.weight[1]);
  await picture(page, "weight-hovered", { of: "#stage" });
  await page.mouse.click(box.x + spot.weight[0], box.y + spot.weight[1]);
  assert.equal(
    await page.textContent("#dialog-title"),
    "Weight from neuron 1 of layer 2 to neuron 1 of layer 3",
  );
  const { weights } = await numbersOf(page);
  assert.equal(Number(await page.inputValue("#dialog-value")), weights[1][0][0]);
  await page.fill("#dialog-value", "-2.5");
  await page.click("#dialog-set");
  await waitForText(page, "#start-words", /^Given/);
  weights[1][0][0] = -2.5;
  const state = stateOf(page);
  assert.deepEqual([state.weights, state.updates], [weights, 0]);
  await closePage(page);
});

test("points are painted by a click and by the keyboard", async () => {
  const page = await openPage(here);
  await page.selectOption("#data", "painted");
  await waitForText(page, "#data-words", /^6 rows/);
  const plot = page.locator("#decision-plot");
  const { width, height } = await plot.boundingBox();
  await plot.click({ position: { x: width * 0.6, y: height * 0.3 } });
  await waitForText(page, "#data-words", /^7 rows/);
  const [x1, x2] = stateOf(page).data.x.at(-1);
  assert.ok(x1 > 0 && x1 < 0.4 && x2 > 0.2 && x2 < 0.6, `${x1}, ${x2}`);
  await page.selectOption("#paint-class", "0");
  await page.fill("#paint-x1", "-0.25");
  await page.fill("#paint-x2", "0.75");
  await page.click("#paint-add");
  await waitForText(page, "#data-words", /^8 rows/);
  assert.deepEqual(
    [stateOf(page).data.x.at(-1), stateOf(page).data.d.at(-1)],
    [[-0.25, 0.75], [0]],
  );
  await page.click("#paint-remove");
  await waitForText(page, "#data-words", /^7 rows/);
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + 80, box.y + 40);
  await page.mouse.down();
  for (let i = 1; i <= 4; i++) await page.mouse.move(box.x + 80 + 20 * i, box.y + 40);
  await page.mouse.up();
  await waitForText(page, "#data-words", /^11 rows/);
  assert.deepEqual(stateOf(page).data.d.slice(-4), [[0], [0], [0], [0]]);
  await picture(page, "painted");
  await closePage(page);
});

test("everything can be reached and done by the keyboard alone", async () => {
  const page = await openPage(here);
  const reached = new Set();
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press("Tab");
    const id = await page.evaluate(() => document.activeElement.id);
    if (id !== "") reached.add(id);
  }
  const controls = await page.$$eval("button:enabled, select, input, summary, textarea", (nodes) =>
    nodes.filter((node) => node.checkVisibility()).map(({ id, tagName }) => id || tagName),
  );
  assert.deepEqual(
    controls.filter((id) => id !== "SUMMARY" && !reached.has(id)),
    [],
  );
  // each has a name
  const nameless = await page.$$eval("button, select, input, textarea", (nodes) =>
    nodes
      .filter(
        (node) =>
          node.textContent.trim() === "" &&
          !node.labels?.length &&
          !node.getAttribute("aria-label"),
      )
      .map(({ outerHTML }) => outerHTML),
  );
  assert.deepEqual(nameless, []);
  await page.focus("#phase");
  for (let i = 0; i < 4; i++) await page.keyboard.press("Enter");
  assert.equal(stateOf(page).updates, 1);
  await page.focus("#more-2");
  await page.keyboard.press("Enter");
  await waitForText(page, "#layers", /hidden: 5 neurons/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "more-2");
  await page.focus("#edit");
  await page.keyboard.press("Enter");
  await page.keyboard.type("0.125");
  await page.keyboard.press("Enter");
  await waitForText(page, "#start-words", /^Given/);
  assert.equal(stateOf(page).weights[0][0][0], 0.125);
  await page.focus("#edit");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  assert.equal(stateOf(page).weights[0][0][0], 0.125);
  await closePage(page);
});

test("on a phone nothing is wider than the screen", async () => {
  for (const [name, hash] of Object.entries({
    phone: "updates=3&phase=back",
    "phone-big": `${BIG}&updates=40&phase=back`,
    "phone-two-rules": "other_rule=transpose&updates=40&phase=update",
  })) {
    const page = await openPage(here, hash, { viewport: PHONE, theme: "dark" });
    const wide = await page.evaluate(() => {
      const edge = document.documentElement.clientWidth;
      const inScroller = (node) => node.closest(".scroll") !== null;
      return [...document.querySelectorAll("main *")]
        .filter((node) => !inScroller(node) && node.getBoundingClientRect().right > edge + 0.5)
        .map(({ outerHTML }) => outerHTML.slice(0, 80));
    });
    assert.deepEqual(wide, [], name);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.width);
    await picture(page, name);
    await closePage(page);
  }
});

test("light and dark, as the system or as one chooses, with enough contrast", async () => {
  for (const theme of ["light", "dark"]) {
    const page = await openPage(here, "updates=9&phase=update", { theme });
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
    const contrasts = await page.evaluate(async () => {
      const { COLOURS } = await import("./draw.js");
      const channel = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      const luminance = (hex) => {
        const [r, g, b] = [1, 3, 5].map((i) => channel(parseInt(hex.slice(i, i + 2), 16) / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a, b) => {
        const [p, q] = [luminance(a), luminance(b)].sort((x, y) => y - x);
        return (p + 0.05) / (q + 0.05);
      };
      const found = {};
      for (const [name, colours] of Object.entries(COLOURS)) {
        for (const key of ["ink", "soft", "positive", "negative", "error"]) {
          found[`${name} ${key}`] = contrast(colours[key], colours.paper);
        }
      }
      return found;
    });
    for (const [name, ratio] of Object.entries(contrasts)) {
      assert.ok(ratio >= 4.5, `${name}: ${ratio}`); // WCAG 2.1, AA, for text
    }
    await picture(page, theme);
    await page.selectOption("#theme", theme === "light" ? "dark" : "light");
    assert.notEqual(await page.evaluate(() => document.documentElement.dataset.theme), theme);
    await closePage(page);
  }
});

test("who wants no motion sees each phase at rest", async () => {
  // what the canvas shows right after the click, and when all has come to rest
  const twice = (page) =>
    page.evaluate(async () => {
      const frame = () => new Promise(requestAnimationFrame);
      const canvas = document.querySelector(".picture canvas");
      document.querySelector("#phase").click();
      for (let i = 0; i < 3; i++) await frame();
      const early = canvas.toDataURL();
      const until = performance.now() + 1500;
      while (performance.now() < until) await frame();
      return early === canvas.toDataURL();
    });
  for (const [motion, atRest] of [
    ["reduce", true],
    ["no-preference", false],
  ]) {
    const page = await openPage(here, "", { motion });
    assert.equal(await twice(page), atRest);
    await closePage(page);
  }
});

test("what a rule cannot do is said where it happens", async () => {
  const page = await openPage(
    here,
    "layers=2-2-1&rule=proportional&weights=1,2,3,4,1,-1&biases=0,0,0&speed=2",
  );
  await page.click("#step");
  assert.match(await page.textContent("#problem"), /weights into neuron 1 of layer 3 sum to 0/);
  assert.equal(stateOf(page).phase, "error");
  await page.click("#play");
  await waitForText(page, "#play", /Play/);
  await page.click("#restart");
  assert.ok(!(await page.isVisible("#problem")));
  await closePage(page);
});

test("of two rules one may stop and the other go on", async () => {
  const start = "layers=2-2-1&weights=1,2,3,4,1,-1&biases=0,0,0&epochs=30&speed=1000";
  for (const rules of [
    "rule=proportional&other_rule=gradient",
    "rule=gradient&other_rule=proportional",
  ]) {
    const page = await openPage(here, `${start}&${rules}`);
    await page.click("#play");
    await waitForText(page, "#problem", /sum to 0/);
    await waitForText(page, "#play", /Play/);
    // the one that goes on has moved all its weights
    const shown = await page.textContent("#position");
    assert.equal(shown.startsWith("0 updates"), rules.startsWith("rule=proportional"), shown);
    await closePage(page);
  }
  const page = await openPage(here, `${BIG}&epochs=12&speed=10000&other_rule=transpose`);
  await page.click("#play");
  await waitForText(page, "#position", /^120 updates made, 12 of 12 epochs/);
  await closePage(page);
});

test("the pictures of larger networks, to be looked at", async () => {
  for (const [name, hash] of Object.entries({
    iris: `${BIG}&updates=100&phase=back`,
    digits: "data=digits&layers=64-16-10&batch_size=32&updates=3&phase=error",
    learned:
      "layers=2-4-2-1&activations=tanh,tanh,sigmoid&init=uniform&optimizer=adam&" +
      "learning_rate=0.05&batch_size=all&other_rule=transpose&updates=200&phase=back",
  })) {
    const page = await openPage(here, hash, { viewport: DESKTOP });
    await picture(page, name);
    await closePage(page);
  }
});
