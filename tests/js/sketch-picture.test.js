// The shapes of the page's pictures and its words, before anything is drawn: inst/js/sketch/picture.js,
// plots.js, words.js and format.js.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Network } from "../../inst/js/index.js";
import { costText, cutName, pretty, short } from "../../inst/js/sketch/format.js";
import { hit, layout, placesOf, scene, weightLines } from "../../inst/js/sketch/picture.js";
import * as plots from "../../inst/js/sketch/plots.js";
import { change, DEFAULT_STATE, PHASES } from "../../inst/js/sketch/state.js";
import { Stepper } from "../../inst/js/sketch/stepper.js";
import { nowWords, tableWords } from "../../inst/js/sketch/words.js";
import { XOR_D, XOR_X } from "./helpers.js";

const XOR = { x: XOR_X, d: XOR_D };
const SIZE = { width: 800, height: 460 };

function viewOf(stepper, state, extra = {}) {
  const { layers, activations, weights, biases, step, phase, updates, epoch, rule, rows } = stepper;
  return {
    ...{ layers, activations, weights, biases, step, phase, updates, epoch, rule, rows },
    ...{ inputNames: ["x1", "x2"], outputNames: ["y"], focus: state.focus, over: null, sample: 0 },
    ...extra,
  };
}

/** A scene of the default network at a phase of its fourth update. */
function at(phase, progress = 1, changes = {}, extra = {}) {
  const state = change(DEFAULT_STATE, changes);
  const stepper = new Stepper(state, XOR);
  stepper.seek(phase === "start" ? 0 : phase === "update" ? 4 : 3, phase);
  const view = viewOf(stepper, state, extra);
  return { ...scene(view, SIZE, progress), stepper, view };
}

const texts = ({ shapes }) => shapes.filter(({ kind }) => kind === "text").map(({ text }) => text);

test("numbers are written as in the pictures of Python and R", () => {
  // printed by twinprop.layout
  const written = [
    [0, "0"],
    [1, "1.00"],
    [-0.5, "-0.50"],
    [0.0995, "0.100"],
    [0.0999999, "0.10"],
    [0.00123, "0.001"],
    [0.000999, "1.0e-3"],
    [99.99, "100"],
    [12.345, "12.3"],
    [999.9, "1.0e3"],
    [12345, "1.2e4"],
    [-12345, "-1.2e4"],
    [-0.00012, "-1e-4"],
    [1e-12, "1e-12"],
    [NaN, "NaN"],
    [-Infinity, "-Inf"],
  ];
  for (const [value, text] of written) assert.equal(short(value), text, String(value));
  assert.equal(pretty(-0.00012), "\u22121e\u22124");
  assert.equal(costText(0.125), "0.125000");
  assert.equal(cutName("a name that is far too long"), "a name that i\u2026");
});

test("layers stand in columns, large ones with dots", () => {
  assert.deepEqual(placesOf(3), [1, 2, 3]);
  assert.deepEqual(placesOf(64), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, null, 64]);
  const { columns, radius } = layout([8, 16, 16, 4], SIZE);
  assert.deepEqual(
    columns.map((column) => column.length),
    [8, 12, 12, 4],
  );
  for (const column of columns) {
    for (let i = 1; i < column.length; i++) {
      assert.ok(column[i].y - column[i - 1].y >= 2 * radius, "neurons overlap");
    }
    for (const { y } of column) assert.ok(y - radius > 20 && y + radius < SIZE.height);
  }
});

test("a weight's line tells its sign by dashes and its size by width", () => {
  const { lines, shapes } = at("start");
  assert.equal(lines.length, 12);
  const drawn = shapes.filter(({ kind }) => kind === "line");
  lines.forEach((line, i) => assert.equal(drawn[i].dash, line.value < 0));
  const bySize = [...lines].sort((a, b) => Math.abs(a.value) - Math.abs(b.value));
  for (let i = 1; i < 12; i++) assert.ok(bySize[i].width >= bySize[i - 1].width);
});

test("what is not known yet is not shown", () => {
  const errors = (scenes) => texts(scenes).filter((text) => text.startsWith("e "));
  const { step } = at("update").stepper;
  const output = pretty(step.forward.a[2][0][0]);
  assert.ok(!texts(at("start")).includes("1.00"));
  assert.ok(!texts(at("forward", 0.4)).includes(output));
  assert.ok(texts(at("forward")).includes(output));
  assert.equal(errors(at("forward")).length, 0);
  assert.deepEqual(errors(at("error")), [`e ${pretty(step.outputError[0][0])}`]);
  assert.equal(errors(at("back", 0.5)).length, 1);
  assert.deepEqual(
    errors(at("back")).sort(),
    [...step.backward.e[0][0], ...step.backward.e[1][0]].map((e) => `e ${pretty(e)}`).sort(),
  );
});

test("the sample travels forward and the errors back, along the lines", () => {
  const travelling = (kind, scenes) => scenes.shapes.filter((shape) => shape.kind === kind);
  const xOf = (list) => list.map(({ x }) => x);
  const [early, late] = [0.1, 0.4].map((t) => travelling("disc", at("forward", t)).slice(0, 8));
  assert.ok(Math.max(...xOf(early)) < Math.max(...xOf(late)));
  const [soon, later] = [0.2, 0.8].map((t) => travelling("diamond", at("back", t)));
  assert.equal(soon.length, 4);
  assert.ok(Math.min(...xOf(soon)) > Math.max(...xOf(later)));
  assert.equal(travelling("diamond", at("update")).length, 0);
});

test("weights move from the old to the new ones, and bands show by how much", () => {
  const { stepper } = at("update");
  const value = ({ lines }) => lines.map((line) => line.value);
  const [from, half, to] = [0, 0.5, 1].map((t) => value(at("update", t)));
  const before = stepper.step.before.weights.flat(2);
  assert.deepEqual([...from].sort(), [...before].sort());
  assert.deepEqual([...to].sort(), stepper.weights.flat(2).sort());
  half.forEach((w, i) => assert.ok(Math.abs(w - (from[i] + to[i]) / 2) < 1e-15));
  const halos = at("update").shapes.filter(({ colour }) => colour === "halo");
  assert.equal(halos.length, 12);
});

test("no text of the picture hides another one", () => {
  for (const phase of PHASES) {
    for (const layers of [
      [2, 4, 1],
      [2, 3, 3, 1],
      [2, 12, 1],
      [2, 16, 16, 1],
      [2, 1],
    ]) {
      for (const width of [360, 800]) {
        const changes = { layers, activations: layers.slice(1).map(() => "tanh") };
        const state = change(DEFAULT_STATE, { ...changes, focus: [2, 1] });
        const stepper = new Stepper(state, XOR);
        stepper.seek(phase === "start" ? 0 : 2, phase);
        const { shapes } = scene(viewOf(stepper, state), { width, height: 400 });
        const boxes = shapes
          .filter(({ kind, behind }) => kind === "text" && behind === undefined)
          .map(({ text, x, y, size, align }) => {
            const w = text.length * size * 0.56;
            const from = { left: x, center: x - w / 2, right: x - w }[align];
            return { text, left: from, right: from + w, top: y - size / 2, bottom: y + size / 2 };
          });
        boxes.forEach((a, i) =>
          boxes.slice(i + 1).forEach((b) => {
            const apart =
              a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
            assert.ok(apart, `${layers} ${phase} ${width}: "${a.text}" and "${b.text}"`);
          }),
        );
        for (const { text, left, right } of boxes) {
          assert.ok(left >= 0 && right <= width, `${layers} ${phase} ${width}: "${text}" is cut`);
        }
      }
    }
  }
});

test("a point of the picture belongs to a neuron, a weight or nothing", () => {
  const { placed, lines } = at("start");
  const { x, y } = placed.columns[1][2];
  assert.deepEqual(hit(placed, lines, x, y), { kind: "neuron", layer: 2, neuron: 3 });
  const line = lines[7];
  const [mx, my] = [(line.x1 + 3 * line.x2) / 4, (line.y1 + 3 * line.y2) / 4];
  const { layer, to, from, value } = line;
  assert.deepEqual(hit(placed, lines, mx, my), { kind: "weight", layer, to, from, value });
  assert.equal(hit(placed, lines, 1, 1), null);
  assert.equal(weightLines(placed, [[], []].slice(0, 0)).length, 0);
});

test("ticks are round and inside", () => {
  assert.deepEqual(plots.ticks(0, 1), [0, 0.5, 1]);
  assert.deepEqual(plots.ticks(-0.3, 0.35, 4), [-0.2, 0, 0.2]);
  assert.deepEqual(plots.ticks(0, 0), [0]);
});

test("a long curve keeps its ends, its peaks and its order", () => {
  const values = Array.from({ length: 5000 }, (_, i) => 1 / (i + 1));
  values[777] = 9;
  const kept = plots.thinned(values, 100);
  assert.ok(kept.length <= 202);
  assert.deepEqual(
    [kept[0], kept.at(-1)],
    [
      [0, 1],
      [4999, 1 / 5000],
    ],
  );
  assert.ok(kept.some(([, value]) => value === 9));
  kept.slice(1).forEach(([i], at_) => assert.ok(i > kept[at_][0]));
  const curves = [{ rule: "gradient", initial: 1, costs: [0.5, NaN, Infinity] }];
  const [path] = plots.costShapes(curves, SIZE).filter(({ kind }) => kind === "path");
  assert.equal(path.points.length, 2);
});

test("the decision's border is where the output is 0.5", () => {
  // sigmoid(x1 + x2): 0.5 on the diagonal x1 = -x2
  const network = new Network([2, 1], { weights: [[[1, 1]]] });
  const range = [
    [-1, 1],
    [-1, 1],
  ];
  const found = plots.decision(network, range);
  assert.deepEqual(found.outputs, network.predict(found.points));
  const border = plots.contour(found.outputs, found.columns, found.rows);
  assert.ok(border.length >= plots.CELLS - 1);
  const input = (cell) => -1 + (2 * cell) / plots.CELLS;
  for (const [x1, y1] of border) assert.ok(Math.abs(input(x1) + input(y1)) < 1e-3);
  assert.equal(plots.decision(new Network([3, 1]), [...range, [0, 1]]), null);
});

test("a place of the plot and the inputs there belong together", () => {
  const range = plots.decisionRange({ x: [[0.5, 0.5]] }, true);
  assert.deepEqual(range, [
    [-1, 1],
    [-1, 1],
  ]);
  const size = { width: 300, height: 300 };
  const samples = { x: [[0.5, -0.25]], d: [[1]], inputNames: ["a", "b"], outputNames: ["y"] };
  const found = plots.decision(new Network([2, 1]), range);
  const shapes = plots.decisionShapes(found, range, samples, [1], size);
  const mark = shapes.find(({ kind }) => kind === "mark");
  assert.deepEqual(plots.inputsAt(range, size, mark.x, mark.y), [0.5, -0.25]);
  assert.equal(plots.inputsAt(range, size, 2, 2), null);
});

test("one input has a curve, several classes have their places", () => {
  const line = plots.decisionRange({ x: [[0], [2]] });
  const one = { x: [[0], [2]], d: [[1], [3]], inputNames: ["x"], outputNames: ["y"] };
  const curve = plots.decision(new Network([1, 1]), line);
  const shapes = plots.decisionShapes(curve, line, one, [], SIZE);
  assert.equal(shapes.filter(({ kind }) => kind === "path").length, 1);
  const network = new Network([2, 3], { activations: "softmax" });
  const range = plots.decisionRange({ x: XOR_X });
  const three = {
    ...one,
    x: XOR_X,
    d: [1, 2, 3, 1].map((c) => [0, 1, 2].map((k) => +(k + 1 === c))),
  };
  three.inputNames = ["a", "b"];
  const plane = plots.decisionShapes(plots.decision(network, range), range, three, [2], SIZE);
  const marks = plane.filter(({ kind }) => kind === "mark");
  assert.deepEqual(
    marks.map(({ shape, ring }) => [shape, ring]),
    [
      ["square", false],
      ["disc", true],
      ["triangle", false],
      ["square", false],
    ],
  );
});

test("the words say what the picture shows", () => {
  assert.match(
    nowWords(at("start").view),
    /^Before the first update: a network of 2, 4, 1 neurons/,
  );
  assert.match(
    nowWords(at("forward").view),
    /Update 4, epoch 1, row 4 of 4: the inputs 1.00, 1.00/,
  );
  assert.match(nowWords(at("error").view), /should be 0: the output error e is 0\.\d+\./);
  assert.match(nowWords(at("back").view), /to layer 2, by rule gradient\./);
  assert.match(nowWords(at("update").view), /^Weights moved\. Update 4/);
  assert.match(
    nowWords(at("back", 1, { layers: [2, 1], activations: ["sigmoid"] }).view),
    /no hidden/,
  );
  const batch = at("forward", 1, { batchSize: null }, { sample: 2 });
  assert.match(nowWords(batch.view), /row 3 of 4, sample 3 of the 4 of this update/);
  const { header, rows } = tableWords(at("back").view);
  assert.equal(rows.length, 7);
  assert.ok(rows.every((row) => row.length === header.length));
  assert.equal(rows[0][0], "layer 1, neuron 1 (x1)");
  assert.equal(rows[6][2], pretty(at("back").view.step.outputError[0][0]));
});
