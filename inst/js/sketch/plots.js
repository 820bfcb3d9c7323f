// The cost's curve and the decision as shapes. Twins: none, the pictures of Python and R are plots.py's
// and plots.R's.
//
// Shapes as in picture.js, and "cell" and "path". Numbers come from the stepper and the network.

import { cutName } from "./format.js";

/** Cells of a decision along each side. */
export const CELLS = 48;

/** How far beyond the samples a decision goes. */
const MARGIN = 0.08;

/** The colours of classes, which differ in shape too. */
export const CLASS_SHAPES = Object.freeze(["square", "disc", "triangle", "diamond"]);

/** Round numbers that divide a range into about `count` parts. */
export function ticks(low, high, count = 4) {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((size) => size >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/** Ticks are round numbers: they are written as they are. */
const tickText = (value) => String(value).replace("-", "\u2212");

const text = (
  words,
  x,
  y,
  { size = 11, colour = "soft", align = "center", bold = false } = {},
) => ({
  ...{ kind: "text", text: words, x, y, size, colour, align, bold },
});

const line = (x1, y1, x2, y2, colour, { width = 1, dash = false, alpha = 1 } = {}) => ({
  ...{ kind: "line", x1, y1, x2, y2, colour, width, dash, alpha },
});

/** Frame, ticks and their texts. */
function axes({ left, right, top, bottom }, xTicks, yTicks, toX, toY) {
  return [
    ...yTicks.flatMap((value) => [
      line(left, toY(value), right, toY(value), "grid"),
      text(tickText(value), left - 6, toY(value), { align: "right" }),
    ]),
    ...xTicks.flatMap((value) => [
      line(toX(value), bottom, toX(value), bottom + 4, "soft"),
      text(tickText(value), toX(value), bottom + 13),
    ]),
    line(left, bottom, right, bottom, "soft"),
  ];
}

/**
 * The curves of the cost by epoch, from the exact one at epoch 0.
 *
 * @param {Object[]} curves `{rule, initial, costs}` of each training.
 * @param {{width: number, height: number}} size
 * @returns {Object[]} Shapes.
 */
export function costShapes(curves, { width, height }) {
  const top = curves.length > 1 ? 24 : 12; // below the names of the rules
  const box = { left: 48, right: width - 12, top, bottom: height - 30 };
  const finite = curves
    .flatMap(({ initial, costs }) => [initial, ...costs])
    .filter(Number.isFinite);
  const highest = finite.reduce((most, value) => Math.max(most, value), 0) || 1;
  const epochs = Math.max(1, ...curves.map(({ costs }) => costs.length));
  const toX = (epoch) => box.left + (epoch / epochs) * (box.right - box.left);
  const toY = (cost) => box.bottom - (cost / (highest * 1.05)) * (box.bottom - box.top);
  const whole = ticks(0, epochs, width < 300 ? 3 : 5).filter(Number.isInteger);
  const shapes = axes(box, whole, ticks(0, highest), toX, toY);
  shapes.push(text("epoch", (box.left + box.right) / 2, height - 5));
  curves.forEach(({ rule, initial, costs }, i) => {
    const colour = i === 0 ? "positive" : "negative";
    const points = thinned([initial, ...costs], Math.round(box.right - box.left))
      .filter(([, cost]) => Number.isFinite(cost))
      .map(([epoch, cost]) => [toX(epoch), toY(cost)]);
    shapes.push({ kind: "path", points, colour, width: 2.2, dash: i > 0 });
    const [x, y] = points.at(-1) ?? [box.left, box.top];
    shapes.push({ kind: "disc", x, y, r: 4, fill: colour, shade: 1, stroke: colour });
    if (curves.length > 1) {
      const from = box.left + (i * (box.right - box.left)) / 2;
      shapes.push(line(from, 10, from + 26, 10, colour, { width: 2.2, dash: i > 0 }));
      shapes.push(text(rule, from + 32, 10, { colour: "ink", align: "left" }));
    }
  });
  return shapes;
}

/** Of many values the smallest and the largest of each pixel, in their order. */
export function thinned(values, pixels) {
  const pairs = values.map((value, i) => [i, value]);
  const each = Math.ceil(values.length / Math.max(1, pixels));
  if (each <= 2) return pairs;
  const kept = [];
  for (let from = 0; from < pairs.length; from += each) {
    const part = pairs.slice(from, from + each);
    let [least, most] = [part[0], part[0]];
    for (const pair of part) {
      if (pair[1] < least[1]) least = pair;
      if (pair[1] > most[1]) most = pair;
    }
    kept.push(...[...new Set([least, most])].sort((a, b) => a[0] - b[0]));
  }
  if (kept.at(-1)[0] !== pairs.at(-1)[0]) kept.push(pairs.at(-1));
  return kept;
}

/** From below the smallest to above the largest value of a column. */
function rangeOf(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = high > low ? MARGIN * (high - low) : 0.5;
  return [low - room, high + room];
}

/**
 * The part of the plane that a decision shows. Painted points have a place of their own, which does not
 * move under the brush.
 */
export function decisionRange({ x }, isPainted = false) {
  return x[0].map((_, j) => {
    const [low, high] = rangeOf(x.map((row) => row[j]));
    return isPainted ? [Math.min(-1, low), Math.max(1, high)] : [low, high];
  });
}

/** Which class a row of outputs or of desired outputs stands for; the first of equal ones. */
function classOf(row) {
  if (row.length === 1) return row[0] >= 0.5 ? 1 : 0;
  return row.indexOf(Math.max(...row));
}

/**
 * What the network answers over the plane, or along the line, of its inputs.
 *
 * @param {Network} network With 1 or 2 inputs.
 * @param {number[][]} range What decisionRange returned.
 * @returns {?{points: number[][], outputs: number[][], columns: number, rows: number}} null with more
 *   inputs. Points from the lower left, row by row.
 */
export function decision(network, range, cells = CELLS) {
  if (range.length > 2) return null;
  const at = ([low, high], i, count) => low + ((i + 0.5) / count) * (high - low);
  if (range.length === 1) {
    const count = 2 * cells;
    const points = Array.from({ length: count }, (_, i) => [at(range[0], i, count)]);
    return { points, outputs: network.predict(points), columns: count, rows: 1 };
  }
  const points = Array.from({ length: cells * cells }, (_, i) => [
    at(range[0], i % cells, cells),
    at(range[1], Math.floor(i / cells), cells),
  ]);
  return { points, outputs: network.predict(points), columns: cells, rows: cells };
}

/** Where a plot's inner part is. */
export function plotBox({ width, height }) {
  return { left: 48, right: width - 10, top: 8, bottom: height - 36 };
}

/** The inputs at a place of the plot; the inverse of how it draws. */
export function inputsAt(range, size, x, y) {
  const { left, right, top, bottom } = plotBox(size);
  if (x < left || x > right || y < top || y > bottom) return null;
  const across = range[0][0] + ((x - left) / (right - left)) * (range[0][1] - range[0][0]);
  const up = range[1][0] + ((bottom - y) / (bottom - top)) * (range[1][1] - range[1][0]);
  // as many digits as a pixel has: they go into the address
  return [across, up].map((value) => Number(value.toPrecision(3)));
}

/**
 * The decision, or the curve, that is being learned, and the samples.
 *
 * @param {Object} found What decision returned.
 * @param {number[][]} range What decisionRange returned.
 * @param {{x: number[][], d: number[][], inputNames: string[], outputNames: string[]}} samples
 * @param {number[]} marked The rows of the shown update, from 1.
 * @param {{width: number, height: number}} size
 * @param {?Object} other What decision returned of a second network, whose border is drawn dashed.
 * @returns {Object[]} Shapes.
 */
export function decisionShapes(found, range, samples, marked, size, other = null) {
  const draw = range.length === 1 ? curveShapes : planeShapes;
  return draw(found, range, samples, new Set(marked), size, other);
}

function scaleOf([low, high], from, to) {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

function names(box, size, across, up) {
  const middle = (box.left + box.right) / 2;
  return [
    text(cutName(across, 24), middle, size.height - 6, { colour: "ink" }),
    { ...text(cutName(up, 24), 9, (box.top + box.bottom) / 2, { colour: "ink" }), turned: true },
  ];
}

function planeShapes({ outputs, columns, rows }, range, samples, marked, size, other) {
  const box = plotBox(size);
  const toX = scaleOf(range[0], box.left, box.right);
  const toY = scaleOf(range[1], box.bottom, box.top);
  const [w, h] = [(box.right - box.left) / columns, (box.bottom - box.top) / rows];
  const single = outputs[0].length === 1;
  const shapes = outputs.map((row, i) => {
    // from pixel to pixel, so that no seams are seen
    const [c, r] = [i % columns, Math.floor(i / columns)];
    const [x, right] = [c, c + 1].map((at) => Math.round(box.left + at * w));
    const [y, below] = [r + 1, r].map((at) => Math.round(box.bottom - at * h));
    const place = { kind: "cell", x, y, w: right - x, h: below - y };
    if (single) {
      const value = Math.min(1, Math.max(0, row[0]));
      const colour = value >= 0.5 ? "positive" : "negative";
      return { ...place, colour, shade: 0.12 + 0.76 * Math.abs(value - 0.5) };
    }
    return { ...place, colour: `class${classOf(row) % 4}`, shade: 0.3 };
  });
  for (const [answers, dash] of [
    [outputs, false],
    [other?.outputs, true],
  ]) {
    if (answers === undefined) continue;
    const border = (single ? contour : classBorder)(answers, columns, rows);
    const [px, py] = [(v) => box.left + v * w, (v) => box.bottom - v * h];
    // the pieces of a dashed line are too short to be dashed themselves
    const pieces = dash ? border.filter((_, i) => i % 4 < 2) : border;
    for (const [x1, y1, x2, y2] of pieces) {
      shapes.push(line(px(x1), py(y1), px(x2), py(y2), "ink", { width: 2 }));
    }
  }
  samples.x.forEach((row, i) => {
    const label = classOf(samples.d[i]);
    const r = samples.x.length > 60 ? 3.5 : 5.5;
    shapes.push({
      ...{ kind: "mark", x: toX(row[0]), y: toY(row[1]), r, shape: CLASS_SHAPES[label % 4] },
      fill: single ? ["negative", "positive"][label] : `class${label % 4}`,
      ring: marked.has(i + 1) && marked.size < samples.x.length,
    });
  });
  const [x, y] = samples.inputNames;
  shapes.push(...axes(box, ticks(...range[0]), [], toX, toY));
  for (const value of ticks(...range[1])) {
    shapes.push(text(tickText(value), box.left - 5, toY(value), { align: "right" }));
  }
  return [...shapes, ...names(box, size, x, y)];
}

/** Where one output crosses 0.5: line pieces, in cells from the lower left (marching squares). */
export function contour(outputs, columns, rows, level = 0.5) {
  const value = (c, r) => outputs[r * columns + c][0] - level;
  const pieces = [];
  for (let r = 0; r + 1 < rows; r++) {
    for (let c = 0; c + 1 < columns; c++) {
      const corners = [
        [c, r],
        [c + 1, r],
        [c + 1, r + 1],
        [c, r + 1],
      ];
      const crossings = [];
      corners.forEach(([c1, r1], side) => {
        const [c2, r2] = corners[(side + 1) % 4];
        const [p, q] = [value(c1, r1), value(c2, r2)];
        if (p >= 0 === q >= 0) return;
        const t = p / (p - q);
        crossings.push([c1 + t * (c2 - c1) + 0.5, r1 + t * (r2 - r1) + 0.5]);
      });
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        pieces.push([...crossings[i], ...crossings[i + 1]]);
      }
    }
  }
  return pieces;
}

/** The edges between cells of different classes. */
function classBorder(outputs, columns, rows) {
  const label = outputs.map(classOf);
  const pieces = [];
  label.forEach((own, i) => {
    const [c, r] = [i % columns, Math.floor(i / columns)];
    if (c + 1 < columns && label[i + 1] !== own) pieces.push([c + 1, r, c + 1, r + 1]);
    if (r + 1 < rows && label[i + columns] !== own) pieces.push([c, r + 1, c + 1, r + 1]);
  });
  return pieces;
}

function curveShapes({ points, outputs }, range, samples, marked, size, other) {
  const box = plotBox(size);
  const all = [...outputs, ...samples.d].flat().filter(Number.isFinite);
  const up = rangeOf(all.length > 0 ? all : [0, 1]);
  const toX = scaleOf(range[0], box.left, box.right);
  const toY = scaleOf(up, box.bottom, box.top);
  const shapes = axes(box, ticks(...range[0]), ticks(...up), toX, toY);
  outputs[0].forEach((_, k) => {
    const path = outputs
      .map((row, i) => [toX(points[i][0]), toY(row[k])])
      .filter(([, y]) => Number.isFinite(y));
    const colour = k === 0 ? "positive" : `class${k % 4}`;
    shapes.push({ kind: "path", points: path, colour, width: 2.5, dash: k > 0 });
    if (other !== null) {
      const second = other.outputs
        .map((row, i) => [toX(points[i][0]), toY(row[k])])
        .filter(([, y]) => y >= box.top && y <= box.bottom);
      shapes.push({ kind: "path", points: second, colour: "ink", width: 1.5, dash: true });
    }
    samples.x.forEach((row, i) => {
      shapes.push({
        ...{ kind: "mark", x: toX(row[0]), y: toY(samples.d[i][k]), r: 4.5 },
        ...{ shape: CLASS_SHAPES[(k + 1) % 4], fill: colour },
        ring: marked.has(i + 1) && marked.size < samples.x.length,
      });
    });
  });
  return [...shapes, ...names(box, size, samples.inputNames[0], samples.outputNames[0])];
}
