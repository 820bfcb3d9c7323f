// The page: its controls, its clock and its files. Twins: none, a page is JavaScript's alone.
//
// What can be done without a browser is done elsewhere: state.js, stepper.js, data.js, code.js, words.js,
// picture.js and plots.js. Texts of data go into the page as text, never as markup.

import {
  ACTIVATIONS,
  COSTS,
  DATASETS,
  formatModel,
  formatRun,
  MLP,
  OPTIMIZERS,
  RULES,
} from "../index.js";
import { UPDATE_ORDERS } from "../backprop.js";
import { TwinpropError } from "../errors.js";
import { decodeUtf8, parseJson } from "../json_text.js";
import { INITS } from "../network.js";
import { pythonCode, rCode } from "./code.js";
import * as samplesOf from "./data.js";
import { COLOURS, surface } from "./draw.js";
import { costText } from "./format.js";
import { lesson } from "./lesson.js";
import { loadP5 } from "./load_p5.js";
import { hit, scene } from "./picture.js";
import * as plots from "./plots.js";
import * as page from "./state.js";
import { Stepper } from "./stepper.js";
import { stateOfStep, stepOfHash } from "./tour.js";
import { nowWords, tableWords } from "./words.js";

const $ = (id) => document.getElementById(id);

/** How long a slice of computing may take, in milliseconds, so that the page stays at hand. */
const SLICE = 10;

/** How often texts and plots are brought up to date while it plays fast, in milliseconds. */
const REFRESH = 120;

/** How long a phase takes that is asked for by a button. */
const PHASE_TIME = 900;

/** Up to this speed each phase is played, above it only updates. */
const PHASED = 2;

/** Of an update by more samples than this equations wait for a pause. */
const MOST_WRITTEN = 8;

/** How far apart points are that are painted on one way, in pixels. */
const BRUSH = 18;

/** An address longer than this would not be kept by every browser. */
const LONGEST_ADDRESS = 60000;

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const darkSystem = matchMedia("(prefers-color-scheme: dark)");

/** What a page of one file was given; null in a page that has its files beside it. */
const GIVEN = JSON.parse($("given")?.textContent ?? "null");
const GIVEN_STATE = GIVEN === null ? page.DEFAULT_STATE : page.stateOfGiven(GIVEN);

let state = page.DEFAULT_STATE;
let samples = null;
let steppers = [];
let sample = 0;
let over = null;
let table = null; // the CSV file that was opened last
const surfaces = { networks: [], cost: null, decision: null };
let P5 = null;
let scenes = [];
let showLesson = null;
let found = null; // the decision that is drawn

const clock = {
  playing: false,
  animating: false,
  since: 0,
  length: PHASE_TIME,
  progress: 1,
  last: 0,
  owed: 0,
  refreshed: 0,
};

// ---- what there is to see

function viewOf(stepper) {
  const { layers, activations, weights, biases, step, phase, updates, epoch, rule, rows } = stepper;
  return {
    ...{ layers, activations, weights, biases, step, phase, updates, epoch, rule, rows },
    ...{ inputNames: samples.inputNames, outputNames: samples.outputNames },
    ...{
      focus: state.focus,
      over,
      sample: step === null ? 0 : Math.min(sample, step.rows.length - 1),
    },
  };
}

const main = () => steppers[0];
const isDark = () => document.documentElement.dataset.theme === "dark";
const colours = () => (isDark() ? COLOURS.dark : COLOURS.light);

// ---- errors

function showProblem(error) {
  if (error !== null && !(error instanceof TwinpropError)) console.error(error);
  $("problem").textContent = error === null ? "" : error.message;
  $("problem").hidden = error === null;
}

/** Do what a control asks for; what is not allowed is said, and the controls go back. */
async function attempt(action) {
  try {
    showProblem(null);
    await action();
  } catch (error) {
    showProblem(error);
    if (steppers.length > 0) syncControls();
  }
}

// ---- the state in force

/** Bring a state into force: its samples, its trainings, the controls. */
async function apply(next, { seek = true } = {}) {
  const sameData = samples !== null && sameJson(next.data, state.data);
  const loaded = sameData ? samples : await samplesOf.loadSamples(next.data);
  const rules = next.otherRule === null ? [next.rule] : [next.rule, next.otherRule];
  const made = rules.map((rule) => new Stepper(next, loaded, rule));
  stop();
  [state, samples, steppers, sample, over] = [next, loaded, made, 0, null];
  fillChoices();
  placePictures();
  if (seek && (next.updates > 0 || next.phase !== "start")) await seekAll(next.updates, next.phase);
  else showAll();
}

const sameJson = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The state that the address stands for. */
async function addressed() {
  const { hash } = location;
  const step = stepOfHash(hash);
  if (step !== null) return stateOfStep(step);
  if (GIVEN !== null) {
    // an address with samples says all; one without is about those that were given
    const base = /[#&]x=/.test(hash) ? page.DEFAULT_STATE : GIVEN_STATE;
    return page.fromHash(hash, base);
  }
  const name = page.datasetOfHash(hash);
  if (!DATASETS.includes(name)) return page.fromHash(hash);
  const settings = await samplesOf.datasetSettings(name);
  return page.fromHash(hash, page.change(page.DEFAULT_STATE, settings));
}

/** A change of settings. */
function set(changes) {
  return attempt(() => apply(page.change(state, changes)));
}

/** Go to a place in the training, in slices. */
async function seekAll(updates, phase) {
  stop();
  const mine = (seekAll.latest = Symbol("seek"));
  for (const stepper of steppers) {
    for (;;) {
      const until = performance.now() + SLICE;
      if (stepper.seek(updates, phase, () => performance.now() > until)) break;
      $("position").textContent = `Computing update ${stepper.updates} of ${updates}`;
      await nextFrame();
      if (seekAll.latest !== mine) return;
    }
  }
  showAll();
}

/** Let a training that is not shown go to where a state stands, in slices. */
async function seekOne(stepper, { updates, phase }) {
  for (;;) {
    const until = performance.now() + SLICE;
    if (stepper.seek(updates, phase, () => performance.now() > until)) return;
    await nextFrame();
  }
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

function keepPosition() {
  const { updates, phase } = main();
  state = page.change(state, { updates, phase });
  // browsers refuse an address that changes many times a second
  if (!clock.playing) writeAddress();
}

function writeAddress() {
  const hash = page.toHash(state);
  const fits = hash.length <= LONGEST_ADDRESS;
  const hasAddress = location.protocol !== "about:"; // in a notebook it has none
  if (fits && hasAddress && `#${hash}` !== location.hash) {
    history.replaceState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
  }
  $("data-words").dataset.tooLong = String(!fits);
  return fits;
}

// ---- going through the training

const lastUpdate = () => state.epochs * main().batches;

/** All trainings go one way together; one that has stopped stays. */
function together(action) {
  const moved = steppers.map((stepper) => action(stepper));
  return moved.some(Boolean);
}

function stop() {
  clock.playing = false;
  clock.animating = false;
  clock.progress = 1;
}

/** Let the phase that was reached be seen moving. */
function animate(length) {
  clock.animating = !calm.matches && main().phase !== "start";
  clock.since = performance.now();
  clock.length = length;
  clock.progress = clock.animating ? 0 : 1;
  startClock();
}

function manual(action, animated = true) {
  stop();
  showProblem(null);
  sample = 0;
  together(action);
  reportStopped();
  showAll();
  if (animated) animate(PHASE_TIME);
}

function reportStopped() {
  const first = steppers.find(({ stopped }) => stopped !== null);
  if (first !== undefined) showProblem(first.stopped);
}

function play() {
  if (clock.playing) {
    stop();
    showAll();
    return;
  }
  showProblem(null);
  if (main().updates >= lastUpdate()) {
    showProblem(
      new TwinpropError(`All ${state.epochs} epochs are done: raise Epochs, or restart.`),
    );
    return;
  }
  clock.playing = true;
  clock.owed = 0;
  clock.last = performance.now();
  if (state.speed <= PHASED) playPhase(clock.last);
  showControls();
  startClock();
}

function playPhase(now) {
  sample = 0;
  const moved = together((stepper) => stepper.next());
  clock.since = now;
  clock.length = 1000 / (4 * state.speed);
  clock.progress = calm.matches ? 1 : 0;
  const done = main().updates >= lastUpdate() && main().phase === "update";
  if (!moved || done) {
    stop();
    reportStopped();
  }
  showAll();
}

function startClock() {
  if (clock.running) return;
  clock.running = true;
  requestAnimationFrame(tick);
}

function tick(now) {
  if (clock.playing && state.speed > PHASED) playFast(now);
  else if (clock.playing || clock.animating) {
    const t = (now - clock.since) / clock.length;
    clock.progress = calm.matches ? 1 : Math.min(1, Math.max(0, t));
    if (t >= 1) {
      clock.animating = false;
      if (clock.playing) playPhase(now);
    }
    redrawNetworks();
  }
  clock.running = clock.playing || clock.animating;
  if (clock.running) requestAnimationFrame(tick);
}

/** Make as many updates as the speed asks for and a slice has room for. */
function playFast(now) {
  clock.progress = 1;
  sample = 0;
  clock.owed += ((now - clock.last) / 1000) * state.speed;
  clock.last = now;
  const count = Math.floor(clock.owed);
  if (count >= 1) {
    const reached = advanceTogether(count);
    // what a slice has no room for is not made up for later
    clock.owed = reached ? clock.owed - count : 0;
  }
  const going = steppers.filter(({ stopped }) => stopped === null);
  if (going.every(({ updates }) => updates >= lastUpdate())) {
    stop();
    reportStopped();
    showAll();
  } else {
    redrawNetworks();
    if (now - clock.refreshed > REFRESH) {
      clock.refreshed = now;
      showTexts();
      showPlots();
    }
  }
}

/** Make some updates in all trainings that have not stopped; all stand at the same one after it. */
function advanceTogether(count) {
  const going = () => steppers.filter(({ stopped }) => stopped === null);
  if (going().length === 0) return true;
  const target = Math.min(lastUpdate(), going()[0].updates + count);
  for (const stepper of going()) {
    const until = performance.now() + SLICE / steppers.length;
    stepper.advance(target, () => performance.now() > until);
  }
  const most = Math.max(0, ...going().map(({ updates }) => updates));
  for (const stepper of going()) stepper.advance(most);
  return most === target;
}

// ---- showing

function showAll() {
  keepPosition();
  syncControls();
  showTexts();
  showPlots();
  redrawNetworks();
}

function showControls() {
  const { phase, updates } = main();
  $("play").textContent = clock.playing ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", String(clock.playing));
  for (const id of ["back", "phase-back", "restart"]) $(id).disabled = phase === "start";
  for (const item of $("phases").children) {
    if (item.dataset.phase === phase) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  $("save-run").disabled = updates % main().batches !== 0 || !["start", "update"].includes(phase);
}

function showTexts() {
  showControls();
  const { updates, batches, rows, costs, initialCost } = main();
  const cost = main().cost();
  const whole = Math.floor(updates / batches);
  $("position").textContent =
    `${many(updates, "update")} made, ` +
    `${whole.toLocaleString("en")} of ${state.epochs.toLocaleString("en")} epochs; ` +
    `cost over ${rows === 1 ? "the sample" : `all ${rows} samples`} ${costText(cost)}` +
    (steppers.length > 1 ? `, ${steppers[1].rule} ${costText(steppers[1].cost())}` : "");
  $("now").setAttribute("aria-live", clock.playing ? "off" : "polite");
  if (!clock.playing || state.speed <= PHASED) $("now").textContent = nowWords(viewOf(main()));
  $("cost-words").textContent =
    costs.length === 0
      ? `At the start ${costText(initialCost)}; the curve has a point for each epoch.`
      : `From ${costText(initialCost)} at the start to ${costText(costs.at(-1))} in epoch ${costs.length}.`;
  if (!clock.playing || state.speed <= PHASED) {
    showSampleChoice();
    showEquations();
  }
  if ($("as-table").open) showTable();
}

function element(name, text = null, attributes = {}) {
  const made = document.createElement(name);
  if (text !== null) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function showTable() {
  const { header, rows } = tableWords(viewOf(main()));
  const row = (cells, name) => {
    const made = element("tr");
    made.append(...cells.map((cell, i) => element(i === 0 ? "th" : name, cell)));
    return made;
  };
  const body = element("tbody");
  body.append(...rows.map((cells) => row(cells, "td")));
  const head = element("thead");
  head.append(row(header, "th"));
  $("table").replaceChildren(head, body);
}

/** Which phase an equation belongs to. */
const STAGE_PHASE = {
  input: "forward",
  target: "error",
  weighted_sum: "forward",
  activation: "forward",
  output_error: "error",
  sample_cost: "error",
  penalty: "error",
  cost: "error",
  scale: "back",
  derivative: "back",
  delta: "back",
  gradient: "back",
  denominator: "back",
  blame: "back",
  share: "back",
  shares: "back",
  error: "back",
  setting: "update",
  optimizer: "update",
  update: "update",
};

/** Equations in MathML, which the package writes from symbols and numbers alone. */
const parser = new DOMParser();

function equation(row) {
  const made = element("div", null, { class: "equation" });
  row.mathml.forEach((part, i) => {
    const sign = i === 0 ? "" : "<mo>=</mo>";
    const text = `<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true"><mrow>${sign}${part}</mrow></math>`;
    const parsed = parser.parseFromString(text, "application/xml");
    const piece = element("span");
    if (parsed.querySelector("parsererror") === null) {
      piece.append(document.importNode(parsed.documentElement, true));
    } else piece.textContent = `${i === 0 ? "" : "= "}${row.text[i]}`;
    made.append(piece);
  });
  return made;
}

/** Equations are written after the picture is drawn, and once for an update. */
const written = { of: undefined, focus: "", sections: null, due: null };

function showEquations() {
  clearTimeout(written.due);
  written.due = setTimeout(writeEquations, 0);
}

function equationsOf() {
  const of = main().step ?? main();
  const focus = state.focus.join(".");
  if (written.of !== of || written.focus !== focus) {
    Object.assign(written, { of, focus, sections: main().explain(...state.focus) });
  }
  return written.sections;
}

function writeEquations() {
  const { phase, step } = main();
  const target = $("equations");
  if (clock.playing && (step?.rows.length ?? 1) > MOST_WRITTEN) {
    target.replaceChildren(element("p", "Equations of so many samples are written in a pause."));
    return;
  }
  const explained = equationsOf();
  if (explained === null) {
    target.replaceChildren(element("p", "This update cannot be made, so it has no equations."));
    return;
  }
  const shown = step === null ? 1 : Math.min(sample, step.rows.length - 1) + 1;
  const parts = explained.flatMap(({ title, rows }) => {
    const kept = rows.filter(
      (row) => (row.sample === null || row.sample === shown) && row.stage in STAGE_PHASE,
    );
    if (kept.length === 0) return [];
    const of = STAGE_PHASE[kept.at(-1).stage];
    const current = of === phase || (phase === "start" && of === "forward");
    const later = page.PHASES.indexOf(of) > Math.max(1, page.PHASES.indexOf(phase));
    const part = element("div", null, { class: current ? "current" : later ? "later" : "" });
    part.append(element("h3", title), ...kept.map(equation));
    return [part];
  });
  target.replaceChildren(...parts);
  const current = target.querySelector(".current");
  if (current !== null) target.scrollTop = current.offsetTop - target.offsetTop;
}

function showSampleChoice() {
  const rows = main().step?.rows ?? [];
  $("sample-label").hidden = rows.length < 2;
  fill(
    $("sample"),
    rows.map((row, i) => [String(i), `row ${row}`]),
    String(sample),
  );
}

function showPlots() {
  const twoD = samples.x[0].length <= 2;
  $("decision-section").hidden = !twoD;
  if (twoD) {
    const of = main().updates;
    if (found?.steppers !== steppers || found.of !== of) {
      const range = plots.decisionRange(samples, samplesOf.isPainted(state.data));
      const [first, second] = steppers.map(({ network }) => plots.decision(network, range));
      found = { steppers, of, range, first, second: second ?? null };
      $("decision-words").textContent = decisionWords();
    }
  }
  surfaces.cost?.redraw();
  if (twoD) {
    surfaces.decision?.resize();
    surfaces.decision?.redraw();
  }
}

function decisionWords() {
  const outputs = main().network.predict(samples.x);
  const ofRule = steppers.length > 1 ? ` by rule ${main().rule} (dashed: ${steppers[1].rule})` : "";
  if (samples.x[0].length === 1)
    return `The curve is the output${ofRule}, the marks are the samples.`;
  const classes = samples.d.every((row) => row.every((value) => value === 0 || value === 1));
  if (!classes) return `The line is where the output is 0.5${ofRule}.`;
  const label = (row) => (row.length === 1 ? Number(row[0] >= 0.5) : row.indexOf(Math.max(...row)));
  const right = outputs.filter((row, i) => label(row) === label(samples.d[i])).length;
  return (
    `${right} of ${samples.x.length} samples lie on their own side of the line${ofRule}. ` +
    "A ring marks the samples of this update."
  );
}

function redrawNetworks() {
  for (const drawn of surfaces.networks) drawn.redraw();
}

// ---- pictures

/** One picture for each training. */
function placePictures() {
  const node = $("pictures");
  if (node.children.length === steppers.length) {
    nameFigures();
    return;
  }
  node.classList.toggle("two", steppers.length > 1);
  surfaces.networks = [];
  scenes = [];
  node.replaceChildren(
    ...steppers.map((_, i) => {
      const figure = element("figure");
      const canvas = element("div", null, {
        class: "picture",
        role: "img",
        "aria-describedby": "now",
      });
      figure.append(element("figcaption"), canvas);
      canvas.addEventListener("pointermove", (event) => pointAt(event, i, canvas));
      canvas.addEventListener("pointerleave", () => setOver(null));
      canvas.addEventListener("click", (event) => clickAt(event, i, canvas));
      return figure;
    }),
  );
  nameFigures();
  if (P5 === null) return;
  surfaces.networks = [...node.querySelectorAll(".picture")].map((canvas, i) =>
    surface(
      P5,
      canvas,
      (size) => {
        scenes[i] = scene(viewOf(steppers[i]), size, clock.progress);
        return scenes[i].shapes;
      },
      colours,
    ),
  );
}

function nameFigures() {
  [...$("pictures").children].forEach((figure, i) => {
    const { rule } = steppers[i];
    figure.firstChild.textContent = `Rule ${rule}`;
    figure.firstChild.hidden = steppers.length === 1;
    const network = `The network ${state.layers.join("-")}, rule ${rule}`;
    figure.querySelector(".picture").setAttribute("aria-label", network);
  });
}

function under(event, i, canvas) {
  if (scenes[i] === undefined) return null;
  const box = canvas.getBoundingClientRect();
  const reach = event.pointerType === "touch" ? 16 : 8;
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  return hit(scenes[i].placed, scenes[i].lines, x, y, reach);
}

function setOver(next) {
  if (sameJson(over, next)) return;
  over = next;
  redrawNetworks();
}

function pointAt(event, i, canvas) {
  const at = under(event, i, canvas);
  canvas.style.cursor = at === null ? "default" : "pointer";
  setOver(at);
}

function clickAt(event, i, canvas) {
  const at = under(event, i, canvas);
  if (at === null) return;
  if (at.kind === "neuron") focusOn([at.layer, at.neuron]);
  else {
    focusOn([at.layer, at.to]);
    askForWeight(at, steppers[i]);
  }
}

function focusOn(focus) {
  look({ focus });
  showEquations();
  redrawNetworks();
}

/** Change what is looked at, and no training. */
function look(changes) {
  state = page.change(state, changes);
  syncControls();
  writeAddress();
}

/** Ask for a new value of a weight or, if from is null, a bias. */
function askForWeight({ layer, to, from }, stepper = main()) {
  stop();
  const { weights, biases } = stepper;
  const value = from === null ? biases[layer - 2][to - 1] : weights[layer - 2][to - 1][from - 1];
  $("dialog-title").textContent =
    from === null
      ? `Bias of neuron ${to} of layer ${layer}`
      : `Weight from neuron ${from} of layer ${layer - 1} to neuron ${to} of layer ${layer}`;
  $("dialog-value").value = String(value);
  const dialog = $("dialog");
  dialog.returnValue = "cancel";
  dialog.onclose = () => {
    if (dialog.returnValue !== "set") return;
    const given = $("dialog-value").valueAsNumber;
    attempt(() => apply(page.editWeight(state, stepper, { layer, to, from }, given)));
  };
  dialog.showModal();
  $("dialog-value").select();
}

// ---- controls

/** Put options into a select; texts of data stay texts. */
function fill(select, options, value) {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) {
    select.replaceChildren(...options.map(([name, words]) => new Option(words, name)));
    select.dataset.options = key;
  }
  select.value = value;
}

const asOptions = (names) => names.map((name) => [name, name]);

const PAINTED = "painted";
const OWN = "own";
const FIRST = "given";

/** Fill the choices that depend on the state. */
function fillChoices() {
  const { layers, data } = state;
  const given = GIVEN !== null && sameJson(data, GIVEN_STATE.data);
  const own = data.dataset === undefined && !samplesOf.isPainted(data);
  const chosen = given ? FIRST : (data.dataset ?? (own ? OWN : PAINTED));
  fill(
    $("data"),
    [
      ...(GIVEN === null ? asOptions(DATASETS) : [[FIRST, "those of this file"]]),
      [PAINTED, "points that I paint"],
      ...(own && !given ? [[OWN, "my own"]] : []),
    ],
    chosen,
  );
  fill(
    $("focus"),
    layers.flatMap((units, i) =>
      Array.from({ length: units }, (_, k) => [
        `${i + 1}.${k + 1}`,
        `layer ${i + 1}, neuron ${k + 1}${nameOf(i, k)}`,
      ]),
    ),
    state.focus.join("."),
  );
}

function nameOf(i, k) {
  if (i === 0) return ` (${samples.inputNames[k]})`;
  return i === state.layers.length - 1 ? ` (${samples.outputNames[k]})` : "";
}

/** Let all controls say what the state is. */
function syncControls() {
  fillChoices();
  fill(
    $("speed"),
    page.SPEEDS.map((speed) => [String(speed), speedWords(speed)]),
    String(state.speed),
  );
  fill($("init"), asOptions(Object.keys(INITS)), state.init);
  fill($("rule"), asOptions(Object.keys(RULES)), state.rule);
  fill(
    $("other-rule"),
    [["", "no other rule"], ...asOptions(Object.keys(RULES))],
    state.otherRule ?? "",
  );
  fill($("cost"), asOptions(Object.keys(COSTS)), state.cost);
  fill($("update-order"), asOptions(UPDATE_ORDERS), state.updateOrder);
  fill($("optimizer"), asOptions(Object.keys(OPTIMIZERS)), state.optimizer.name);
  $("seed").value = String(state.seed);
  $("rate").value = String(state.optimizer.learningRate);
  $("batch").value = state.batchSize === null ? "" : String(state.batchSize);
  $("batch").max = String(main().rows);
  $("epochs").value = String(state.epochs);
  $("shuffle").checked = state.shuffle;
  $("shuffle-seed").value = String(state.shuffleSeed);
  $("start-words").textContent =
    state.weights === null ? "Drawn from the seed." : "Given: the seed draws only new ones.";
  $("draw").disabled = state.weights === null && state.biases === null;
  $("data-words").textContent = dataWords();
  $("paint").hidden = !samplesOf.isPainted(state.data);
  const [layer, neuron] = state.focus;
  $("edit-row").hidden = layer === 1;
  if (layer > 1) {
    const from = Array.from({ length: state.layers[layer - 2] }, (_, j) => [
      String(j + 1),
      `from neuron ${j + 1} to ${neuron}`,
    ]);
    const options = [...from, ["bias", `bias of ${neuron}`]];
    const kept = options.some(([name]) => name === $("weight").value) ? $("weight").value : "1";
    fill($("weight"), options, kept);
  }
  syncLayers();
  showLesson();
}

const speedWords = (speed) =>
  speed < 1
    ? `1 update in ${1 / speed} s`
    : `${speed.toLocaleString("en")} update${speed > 1 ? "s" : ""}/s`;

const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function dataWords() {
  const [x, d] = [samples.x[0].length, samples.d[0].length];
  const count = `${many(samples.x.length, "row")}, ${many(x, "input")}, ${many(d, "output")}.`;
  const title = samples.title === null || samples.title === undefined ? "" : `${samples.title}. `;
  const tooLong = $("data-words").dataset.tooLong === "true";
  const long = tooLong ? " Too much for the address: save the plan to keep it." : "";
  return `${title}${count}${long}`;
}

/** A row of controls for each layer. */
function syncLayers() {
  const focused = document.activeElement?.id ?? "";
  const { layers, activations } = state;
  const last = layers.length;
  const items = layers.map((units, i) => {
    const layer = i + 1;
    const item = element("li");
    const kind = layer === 1 ? "input" : layer === last ? "output" : "hidden";
    item.append(
      element("span", `Layer ${layer}, ${kind}: ${many(units, "neuron")}`, { class: "name" }),
    );
    if (kind === "hidden") {
      const button = (words, label, id, next) => {
        const made = element("button", words, { "aria-label": label, id, type: "button" });
        made.addEventListener("click", () => attempt(() => apply(next())));
        return made;
      };
      item.append(
        button("\u2212", `One neuron less in layer ${layer}`, `less-${layer}`, () =>
          page.changeNeurons(state, layer, units - 1),
        ),
        element("span", String(units), { class: "count", "aria-hidden": "true" }),
        button("+", `One neuron more in layer ${layer}`, `more-${layer}`, () =>
          page.changeNeurons(state, layer, units + 1),
        ),
        button("\u00d7", `Remove layer ${layer}`, `remove-${layer}`, () =>
          page.removeLayer(state, layer),
        ),
      );
    }
    if (kind !== "input") {
      const names = Object.keys(ACTIVATIONS).filter(
        (name) => name !== "softmax" || (kind === "output" && units > 1),
      );
      const select = element("select", null, {
        "aria-label": `Activation of layer ${layer}`,
        id: `activation-${layer}`,
      });
      fill(select, asOptions(names), activations[i - 1]);
      select.addEventListener("change", () =>
        attempt(() => apply(page.changeActivation(state, layer, select.value))),
      );
      item.append(select);
    }
    return item;
  });
  $("layers").replaceChildren(...items);
  $("add-layer").disabled = last - 2 >= page.MOST_HIDDEN;
  if (/^(less|more|remove|activation)-/.test(focused)) ($(focused) ?? $("add-layer")).focus();
}

/** Another choice of samples. */
async function chooseData(name) {
  table = null;
  $("output-label").hidden = true;
  if (name === OWN) return;
  if (name === FIRST) {
    await apply(GIVEN_STATE);
    return;
  }
  if (name === PAINTED) {
    const data = samplesOf.firstPoints();
    await apply(page.changeData(state, data, data, { batchSize: 1, shuffle: true }));
    return;
  }
  const settings = await samplesOf.datasetSettings(name);
  await apply(page.change(state, settings));
}

function paint(point, target) {
  const data = samplesOf.addPoint(state.data, point, target);
  return attempt(() => apply(page.change(state, { data })));
}

const asNumber = (id) => ($(id).value.trim() === "" ? NaN : $(id).valueAsNumber);

function listen() {
  const click = (id, action) => $(id).addEventListener("click", action);
  const changed = (id, action) => $(id).addEventListener("change", action);
  click("play", play);
  click("phase", () => manual((stepper) => stepper.next()));
  click("step", () => manual((stepper) => stepper.finish()));
  click("back", () => manual((stepper) => stepper.back(), false));
  click("phase-back", () => manual((stepper) => stepper.previous(), false));
  click("restart", () => manual((stepper) => stepper.restart(), false));
  click("epoch", () => attempt(playEpoch));
  changed("speed", () => {
    const wasPlaying = clock.playing;
    stop();
    state = page.change(state, { speed: Number($("speed").value) });
    writeAddress();
    if (wasPlaying) play();
  });
  changed("focus", () => focusOn($("focus").value.split(".").map(Number)));
  changed("sample", () => {
    sample = Number($("sample").value);
    showTexts();
    redrawNetworks();
  });
  click("edit", () => {
    const [layer, to] = state.focus;
    const from = $("weight").value === "bias" ? null : Number($("weight").value);
    askForWeight({ layer, to, from });
  });

  changed("data", () => attempt(() => chooseData($("data").value)));
  changed("output", () => attempt(() => useTable($("output").value)));
  click("add-layer", () => attempt(() => apply(page.addLayer(state))));
  changed("init", () => set({ init: $("init").value, weights: null, biases: null }));
  changed("seed", () => set({ seed: asNumber("seed") }));
  click("keep", () => attempt(() => apply(page.startFrom(state, main()))));
  click("draw", () => set({ weights: null, biases: null }));
  changed("rule", () => set({ rule: $("rule").value }));
  changed("other-rule", () => set({ otherRule: $("other-rule").value || null }));
  changed("cost", () => set({ cost: $("cost").value }));
  changed("update-order", () => set({ updateOrder: $("update-order").value }));
  changed("optimizer", () =>
    attempt(() => apply(page.changeOptimizer(state, $("optimizer").value))),
  );
  changed("rate", () => {
    set({ optimizer: { ...state.optimizer, learningRate: asNumber("rate") } });
  });
  changed("batch", () => set({ batchSize: $("batch").value === "" ? null : asNumber("batch") }));
  changed("epochs", () =>
    attempt(() => {
      // how long it plays changes nothing of what was played
      const { updates, phase } = main();
      state = page.change(state, { epochs: asNumber("epochs"), updates, phase });
      showAll();
    }),
  );
  changed("shuffle", () => set({ shuffle: $("shuffle").checked }));
  changed("shuffle-seed", () => set({ shuffleSeed: asNumber("shuffle-seed") }));

  click("paint-add", () =>
    paint([asNumber("paint-x1"), asNumber("paint-x2")], Number($("paint-class").value)),
  );
  click("paint-remove", () => set({ data: samplesOf.removePoint(state.data) }));
  listenToBrush($("decision-plot"));

  click("save-plan", () => savePlan());
  click("save-model", () => attempt(saveModel));
  click("save-run", () => save("run.json", `${formatRun(main().run())}\n`));
  click("copy-link", () =>
    attempt(() => {
      if (!writeAddress()) throw new TwinpropError("The data are too many for an address.");
      return copy(location.href, "The address is copied.");
    }),
  );
  for (const [id, write, name] of [
    ["copy-python", pythonCode, "Python"],
    ["copy-r", rCode, "R"],
  ]) {
    click(id, () =>
      attempt(() => {
        stop();
        keepPosition();
        const code = write(state, main().updates, main().batches);
        $("code").value = code;
        return copy(code, `The ${name} code is copied; it is below as well.`);
      }),
    );
  }
  changed("file", () => {
    const [file] = $("file").files;
    if (file !== undefined) attempt(() => openFile(file));
    $("file").value = "";
  });
  listenToDrops();
  $("as-table").addEventListener("toggle", showTable);
  changed("theme", () => useTheme($("theme").value));
  darkSystem.addEventListener("change", () => useTheme($("theme").value));
  addEventListener("hashchange", () => attempt(async () => apply(await addressed())));
  new ResizeObserver(() => resizeAll()).observe($("stage"));
  new ResizeObserver(() => resizeAll()).observe($("numbers"));
}

/** Points are painted by clicks, and along the way of a pressed mouse or pen. */
function listenToBrush(node) {
  let last = null;
  let drawn = false;
  const paintAt = ({ clientX, clientY }) => {
    if (!samplesOf.isPainted(state.data) || found === null) return;
    const box = node.getBoundingClientRect();
    const size = { width: node.clientWidth, height: node.clientHeight };
    const point = plots.inputsAt(found.range, size, clientX - box.left, clientY - box.top);
    if (point !== null) paint(point, Number($("paint-class").value));
  };
  node.addEventListener("pointerdown", ({ clientX, clientY }) => {
    last = [clientX, clientY];
    drawn = false;
  });
  node.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || event.buttons !== 1 || last === null) return;
    if (Math.hypot(event.clientX - last[0], event.clientY - last[1]) < BRUSH) return;
    last = [event.clientX, event.clientY];
    drawn = true;
    paintAt(event);
  });
  node.addEventListener("click", (event) => {
    if (!drawn) paintAt(event);
  });
}

async function playEpoch() {
  stop();
  const { updates, phase, batches } = main();
  const made = phase === "update" || phase === "start" ? updates : updates + 1;
  const target = (Math.floor(made / batches) + 1) * batches;
  const end = phase === "update" || phase === "start" || made % batches !== 0 ? target : made;
  for (const stepper of steppers) {
    for (;;) {
      const until = performance.now() + SLICE;
      if (stepper.advance(end, () => performance.now() > until)) break;
      await nextFrame();
    }
  }
  reportStopped();
  showAll();
  animate(PHASE_TIME / 2);
}

function resizeAll() {
  for (const drawn of [...surfaces.networks, surfaces.cost, surfaces.decision]) drawn?.resize();
}

function useTheme(choice) {
  const theme = choice === "auto" ? (darkSystem.matches ? "dark" : "light") : choice;
  document.documentElement.dataset.theme = theme;
  redrawNetworks();
  surfaces.cost?.redraw();
  surfaces.decision?.redraw();
}

// ---- files

async function openFile(file) {
  const bytes = await file.arrayBuffer();
  const text = new TextDecoder().decode(bytes);
  stop();
  if (/^\s*\{/.test(text)) await openJson(decodeUtf8(bytes, "file"));
  else await openCsv(text);
}

async function openJson(text) {
  const given = parseJson(text, "file");
  const { cost } = state;
  const format = given?.format;
  if (format === "twinprop-run/1") await apply(page.stateOfRun(given, state));
  else if (format === "twinprop-model/1") {
    await apply(page.stateOfModel(MLP.fromJSON(given), state, samples));
  } else await apply(page.stateOfPlan(given, state));
  table = null;
  $("output-label").hidden = true;
  const now = state.cost === cost ? "" : ` The cost is ${state.cost} now.`;
  said(`The file is open.${now}`);
}

async function openCsv(text) {
  table = samplesOf.readTable(text);
  await useTable(table.names.at(-1));
  fill($("output"), asOptions(table.names), table.names.at(-1));
  $("output-label").hidden = false;
}

async function useTable(output) {
  const { data, settings, dropped } = samplesOf.tableData(table, output);
  const { output: activation, cost, learningRate, batchSize } = settings;
  const activations = state.activations.with?.(-1, activation) ?? [
    ...state.activations.slice(0, -1),
    activation,
  ];
  const optimizer = { name: "sgd", learningRate };
  const changes = { activations, cost, optimizer, batchSize, shuffle: true };
  await apply(page.changeData(state, data, data, changes));
  const left = dropped > 0 ? `; ${dropped} rows with missing values are left out` : "";
  said(`The file is open: ${data.x.length} rows${left}.`);
}

function listenToDrops() {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const [file] = event.dataTransfer.files;
    if (file !== undefined) attempt(() => openFile(file));
  });
}

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = element("a", null, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  said(`Saved as ${name}.`);
}

/** The network as it is now, for any language. */
function saveModel() {
  save("network.twinprop.json", formatModel(page.modelOf(state, main())));
}

function savePlan() {
  // formatRun writes every number so that it reads back as the same
  save("plan.json", `${formatRun(page.planOf(state))}\n`);
}

async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
    said(words);
  } catch {
    $("code").value = text;
    $("code-details").open = true;
    $("code").select();
    said("The browser does not let the page copy: take the text from below.");
  }
}

function said(words) {
  $("done").textContent = words;
}

// ---- start

async function start() {
  useTheme("auto");
  listen();
  showLesson = lesson({ state: () => state, show: apply, look, attempt, seek: seekOne });
  let problem = null;
  let first = GIVEN_STATE;
  try {
    first = await addressed();
  } catch (error) {
    problem = error;
  }
  try {
    await apply(first);
  } catch (error) {
    problem = error;
    await apply(GIVEN_STATE);
  }
  if (problem !== null) showProblem(problem);
  document.documentElement.dataset.ready = "numbers";
  try {
    P5 = await loadP5(new URLSearchParams(location.search).get("p5") === "local");
  } catch (error) {
    $("p5-problem").textContent = error.message;
    $("p5-problem").hidden = false;
    document.documentElement.dataset.ready = "without p5";
    return;
  }
  $("pictures").replaceChildren();
  placePictures();
  const cost = (size) =>
    plots.costShapes(
      steppers.map(({ rule, initialCost, costs }) => ({ rule, initial: initialCost, costs })),
      size,
    );
  surfaces.cost = surface(P5, $("cost-plot"), cost, colours);
  surfaces.decision = surface(
    P5,
    $("decision-plot"),
    (size) =>
      found === null || samples.x[0].length > 2
        ? []
        : plots.decisionShapes(
            found.first,
            found.range,
            samples,
            main().step?.rows ?? [],
            size,
            found.second,
          ),
    colours,
  );
  document.documentElement.dataset.ready = "pictures";
}

start();
