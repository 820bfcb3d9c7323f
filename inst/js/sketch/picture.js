// The picture of a network as shapes: where everything is, before anything is drawn. Twins: none, the
// pictures of Python and R are layout.py's and layout.R's; signs, sizes and texts mean the same here.
//
// A shape is a plain object with a `kind` ("line", "disc", "diamond", "text") and names for its colours,
// which draw.js knows. Numbers come from the stepper; here they are only placed.

import { cutName, pretty } from "./format.js";

/** Of a layer of more neurons the first ten, dots and the last are shown. */
const MOST_PLACES = 12;

const [SMALLEST_RADIUS, LARGEST_RADIUS] = [6, 25];

/** What an error below a circle needs. */
const ERROR_ROOM = 16;

/** What the three lines beside an output need. */
const SIDE_ROOM = 46;

/** The radius from which on a neuron's number fits into it. */
const WITH_TEXT = 13;

/** Lines of the weights are this thick. */
const [THIN, THICK] = [0.8, 6];

/** Neurons of a layer that are shown, from 1; null stands for the dots. */
export function placesOf(units) {
  if (units <= MOST_PLACES) return Array.from({ length: units }, (_, k) => k + 1);
  return [...Array.from({ length: MOST_PLACES - 2 }, (_, k) => k + 1), null, units];
}

/**
 * Where the neurons are.
 *
 * @param {number[]} layers
 * @param {{width: number, height: number}} size
 * @returns {Object} `radius`; `columns`: for each layer its neurons, `{neuron, x, y}`, neuron from 1,
 *   null for the dots; `left` and `right`, the room for names; `withErrors`, whether there is room for
 *   errors below the circles.
 */
export function layout(layers, { width, height }) {
  const places = layers.map(placesOf);
  const most = Math.max(...places.map((column) => column.length));
  const narrow = width < 520;
  const [left, right, largest] = narrow ? [62, 78, 20] : [112, 104, LARGEST_RADIUS];
  const [top, bottom] = [34, 12];
  const gap = (height - top - bottom) / most;
  const across = (width - left - right) / Math.max(1, layers.length - 1);
  // errors stand below the circles where there is room for both
  const withErrors = gap >= 2 * WITH_TEXT + ERROR_ROOM;
  const room = withErrors ? gap - ERROR_ROOM : gap - 5;
  const fits = Math.min(room / 2, across / 4, largest);
  const radius = Math.max(SMALLEST_RADIUS, fits);
  const middle = top + (height - top - bottom) / 2 - 4;
  const columns = places.map((column, i) => {
    const step = Math.min(gap, 4.4 * radius + 10);
    return column.map((neuron, at) => ({
      neuron,
      x: left + i * across,
      y: middle + (at - (column.length - 1) / 2) * step,
    }));
  });
  return { radius, columns, top, left, right, withErrors };
}

/**
 * The weights as lines from border to border.
 *
 * @param {Object} placed What layout returned.
 * @param {number[][][]} weights
 * @param {number} largest The largest size of a weight; default that of these.
 * @returns {Object[]} `{layer, to, from, value, x1, y1, x2, y2, width}`, counted from 1.
 */
export function weightLines(placed, weights, largest = largestOf(weights)) {
  const { radius, columns } = placed;
  const thick = Math.min(THICK, Math.max(2.4, radius / 4));
  const lines = [];
  for (let i = 0; i < weights.length; i++) {
    for (const start of columns[i]) {
      for (const end of columns[i + 1]) {
        if (start.neuron === null || end.neuron === null) continue;
        const value = weights[i][end.neuron - 1][start.neuron - 1];
        const length = Math.hypot(end.x - start.x, end.y - start.y);
        const [dx, dy] = [(end.x - start.x) / length, (end.y - start.y) / length];
        lines.push({
          layer: i + 2,
          to: end.neuron,
          from: start.neuron,
          value,
          x1: start.x + dx * radius,
          y1: start.y + dy * radius,
          x2: end.x - dx * radius,
          y2: end.y - dy * radius,
          width: THIN + (thick - THIN) * (largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0),
        });
      }
    }
  }
  return lines;
}

function largestOf(values) {
  return values.flat(Infinity).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** What lies at a point: a neuron, else the nearest weight within reach, else null. */
export function hit(placed, lines, x, y, reach = 8) {
  const { radius, columns } = placed;
  for (const [i, column] of columns.entries()) {
    for (const place of column) {
      if (place.neuron === null) continue;
      if (Math.hypot(x - place.x, y - place.y) <= Math.max(radius, 12)) {
        return { kind: "neuron", layer: i + 1, neuron: place.neuron };
      }
    }
  }
  let nearest = null;
  let least = reach;
  for (const line of lines) {
    const distance = toLine(line, x, y);
    if (distance < least) [nearest, least] = [line, distance];
  }
  if (nearest === null) return null;
  const { layer, to, from, value } = nearest;
  return { kind: "weight", layer, to, from, value };
}

function toLine({ x1, y1, x2, y2 }, x, y) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const share = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy);
  const t = Math.min(1, Math.max(0, share));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}

const REACHED = { start: 0, forward: 1, error: 2, back: 3, update: 4 };

/**
 * The shapes of the picture, in the order in which they are drawn.
 *
 * @param {Object} view What is to be seen: `layers`, `activations`, `weights` (now), `step` (of the
 *   stepper, or null), `phase`, `sample` (which of the step's rows, from 0), `inputNames`, `outputNames`,
 *   `focus` ([layer, neuron]) and `over` (what hit returned, or null).
 * @param {{width: number, height: number}} size
 * @param {number} progress How much of the phase is over, from 0 to 1.
 * @returns {{shapes: Object[], placed: Object, lines: Object[]}} With what `hit` needs.
 */
export function scene(view, size, progress = 1) {
  const { layers, step, phase } = view;
  const placed = layout(layers, size);
  const reached = step === null ? 0 : REACHED[phase];
  const moving = phase === "update" && step !== null;
  const from = moving ? step.before.weights : view.weights;
  const largest = Math.max(largestOf(from), largestOf(view.weights));
  const shown = moving ? between(from, view.weights, progress) : view.weights;
  const lines = weightLines(placed, shown, largest);
  const hops = layers.length - 1;
  // how many layers the sample and the error have reached
  const forward = reached > 1 ? hops : reached === 1 ? Math.min(hops, progress * hops) : 0;
  const backHops = Math.max(0, hops - 1);
  const back = reached > 3 ? backHops : reached === 3 ? Math.min(backHops, progress * backHops) : 0;
  const moment = { reached, forward, back, progress, hops };
  const shares = reached >= 3 && step.backward !== null ? step.shares(view.sample) : null;
  const shapes = [
    ...(moving ? haloShapes(lines, step, view.weights) : []),
    ...weightShapes(lines, view, placed),
    ...(reached === 1 && progress < 1 ? signalShapes(lines, view, moment) : []),
    ...(shares === null
      ? []
      : shareShapes(lines, shares, view, { ...moment, many: areMany(lines, placed) })),
    ...captionShapes(placed, view, size),
    ...placed.columns.flatMap((column, i) => neuronShapes(column, i + 1, placed, view, moment)),
    ...valueShapes(lines, placed, view, size),
  ];
  // boxes lie over all else
  const [boxes, others] = [true, false].map((is) => shapes.filter(({ boxed }) => !!boxed === is));
  return { shapes: [...others, ...boxes], placed, lines };
}

function between(from, to, t) {
  return to.map((matrix, i) =>
    matrix.map((row, k) => row.map((value, j) => from[i][k][j] + t * (value - from[i][k][j]))),
  );
}

const colourOf = (value) => (value >= 0 ? "positive" : "negative");

function isFocused({ layer, to }, [focusLayer, neuron]) {
  return layer === focusLayer && to === neuron;
}

/** Whether so many lines cross that only those of the focused neuron are drawn in full. */
function areMany(lines, { radius }) {
  return lines.length > (radius < 18 ? 24 : 60);
}

function weightShapes(lines, { focus, over, layers }, placed) {
  const many = areMany(lines, placed);
  return lines.map((line) => {
    const { x1, y1, x2, y2, width, value } = line;
    const hovered = over?.kind === "weight" && sameWeight(over, line);
    const near = isFocused(line, focus) || hovered || layers.length === 2;
    return {
      ...{ kind: "line", x1, y1, x2, y2, width: hovered ? width + 2 : width },
      ...{ colour: colourOf(value), dash: value < 0, alpha: near || !many ? 1 : 0.35 },
    };
  });
}

function sameWeight(a, b) {
  return a.layer === b.layer && a.to === b.to && a.from === b.from;
}

/** How much each weight has moved, as a band behind its line. */
function haloShapes(lines, step, weights) {
  const change = ({ layer, to, from }) =>
    weights[layer - 2][to - 1][from - 1] - step.before.weights[layer - 2][to - 1][from - 1];
  const largest = lines.reduce((most, line) => Math.max(most, Math.abs(change(line))), 0);
  if (!(largest > 0)) return [];
  return lines.map((line) => ({
    ...{ kind: "line", x1: line.x1, y1: line.y1, x2: line.x2, y2: line.y2, dash: false },
    ...{ width: line.width + (10 * Math.abs(change(line))) / largest, colour: "halo", alpha: 0.55 },
  }));
}

/** A place on a line; t from 0 at its start to 1. */
function along({ x1, y1, x2, y2 }, t) {
  return { x: x1 + t * (x2 - x1), y: y1 + t * (y2 - y1) };
}

/** A line beside that of a weight, so that both are seen. */
function beside({ x1, y1, x2, y2, width }) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const by = width / 2 + 4;
  const [dx, dy] = [(-(y2 - y1) / length) * by, ((x2 - x1) / length) * by];
  return { x1: x1 + dx, y1: y1 + dy, x2: x2 + dx, y2: y2 + dy };
}

function sizeOf(value, largest, [least, most]) {
  return largest > 0 ? least + (most - least) * Math.sqrt(Math.abs(value) / largest) : least;
}

/** What goes forward along the weights: W_kj a_j. */
function signalShapes(lines, { step, sample, weights }, { forward }) {
  const hop = Math.floor(forward); // from layer hop + 1 to hop + 2
  const activations = step.forward.a[hop][sample];
  const going = lines.filter(({ layer }) => layer === hop + 2);
  const signal = ({ to, from }) => weights[hop][to - 1][from - 1] * activations[from - 1];
  const largest = going.reduce((most, line) => Math.max(most, Math.abs(signal(line))), 0);
  return going
    .filter((line) => signal(line) !== 0)
    .map((line) => ({
      ...{ kind: "disc", ...along(line, forward - hop), r: sizeOf(signal(line), largest, [2, 7]) },
      ...{
        fill: signal(line) > 0 ? "positive" : "paper",
        shade: 1,
        stroke: colourOf(signal(line)),
      },
    }));
}

/** What goes back along the weights: the shares of the errors. */
function shareShapes(lines, shares, { focus }, { back, reached, progress, hops, many }) {
  const shapes = [];
  // of many the focused neuron's own are seen best: those that it sends, and those that it gets
  const isNear = (line) =>
    !many || isFocused(line, focus) || (line.layer === focus[0] + 1 && line.from === focus[1]);
  const hop = Math.floor(back);
  const shareOf = ({ layer, to, from }) => shares[layer - 3][to - 1][from - 1];
  for (let layer = hops + 1; layer >= 3; layer--) {
    const at = hops + 1 - layer; // which hop back goes from this layer
    if (at > hop || (at === hop && back === hop && reached === 3)) break;
    const going = lines.filter((line) => line.layer === layer);
    const largest = going.reduce((most, line) => Math.max(most, Math.abs(shareOf(line))), 0);
    const t = at < hop || reached > 3 ? 1 : back - hop;
    for (const weight of going) {
      const share = shareOf(weight);
      if (share === 0) continue;
      const line = beside(weight);
      const start = along(line, 1);
      const end = along(line, 1 - t);
      const near = isNear(weight);
      const fade = (reached === 4 ? 0.35 : 0.9) * (near ? 1 : 0.25);
      shapes.push({
        ...{ kind: "line", x1: start.x, y1: start.y, x2: end.x, y2: end.y, dash: share < 0 },
        width: sizeOf(share, largest, [0.5, 3.5]),
        ...{ colour: "error", alpha: fade },
      });
      if (reached === 3 && (t < 1 || (progress === 1 && near))) {
        const r = sizeOf(share, largest, [2.5, 8]);
        const tip = t < 1 ? end : along(line, r / Math.hypot(line.x2 - line.x1, line.y2 - line.y1));
        shapes.push({ kind: "diamond", ...tip, r, colour: "error", filled: share > 0 });
      }
    }
  }
  return shapes;
}

function captionShapes({ columns }, { layers, activations }, { width }) {
  const narrow = width < 520;
  return columns.map((column, i) => {
    const name = i === 0 ? "input" : i === layers.length - 1 ? "output" : `layer ${i + 1}`;
    const detail = i === 0 || narrow || layers.length > 5 ? "" : ` \u00b7 ${activations[i - 1]}`;
    const words = narrow && layers.length > 5 ? String(i + 1) : `${name}${detail}`;
    return text(words, column[0].x, 14, { size: 12, colour: "soft" });
  });
}

function text(words, x, y, { size = 12, colour = "ink", align = "center", bold = false } = {}) {
  return { kind: "text", text: words, x, y, size, colour, align, bold };
}

/** The neurons of a layer, with what is known of them by now. */
function neuronShapes(column, layer, placed, view, moment) {
  const { step, sample, focus, layers, over } = view;
  const { radius, right, withErrors } = placed;
  const { reached, forward, back, hops } = moment;
  const apart = column.length > 1 ? column[1].y - column[0].y : Infinity;
  const isOutput = layer === layers.length;
  const activations = step === null ? null : step.forward.a[layer - 1][sample];
  const isThere = activations !== null && reached > 0 && forward >= layer - 1;
  const largest = isThere ? Math.max(1, largestOf(activations)) : 1;
  const errors = errorsOf(layer, step, sample, { reached, back, hops, isOutput });
  return column.flatMap(({ neuron, x, y }) => {
    if (neuron === null) return [text("\u22ee", x, y, { size: 18, colour: "soft" })];
    const a = isThere ? activations[neuron - 1] : null;
    const isFocus = layer === focus[0] && neuron === focus[1];
    const hovered = over?.kind === "neuron" && over.layer === layer && over.neuron === neuron;
    const shapes = [
      {
        ...{ kind: "disc", x, y, r: radius, stroke: "ink", strokeWidth: isFocus ? 3 : 1.2 },
        fill: a === null ? "paper" : colourOf(a),
        shade: a === null ? 0 : 0.6 * Math.min(1, Math.abs(a) / largest),
      },
    ];
    if (isFocus || hovered) {
      shapes.push({
        kind: "ring",
        x,
        y,
        r: radius + 4,
        colour: "focus",
        width: isFocus ? 2.5 : 1.5,
      });
    }
    if (a !== null && radius >= WITH_TEXT) {
      const words = pretty(a);
      const size = Math.min(13, (1.75 * radius) / (0.64 * Math.max(3, words.length)));
      shapes.push(text(words, x, y, { size: Math.max(8, size), bold: true }));
    }
    if (!isOutput || reached < 2 || apart >= SIDE_ROOM) {
      const high = isOutput && apart >= SIDE_ROOM ? y - 15 : y;
      shapes.push(...sideShapes({ layer, neuron, x, y: high }, placed, view));
    }
    if (errors !== null && !isOutput) {
      const words = `e ${pretty(errors[neuron - 1])}`;
      if (withErrors) {
        shapes.push(text(words, x, y + radius + 8, { size: 11, colour: "error", bold: true }));
      } else if (isFocus || hovered) {
        const at = x + radius + 12 + 3.4 * words.length;
        shapes.push({ ...label(words, at, y, "error"), boxed: true });
      }
    }
    if (isOutput && reached >= 2) {
      const from = x + radius + 7;
      const side = { size: right < 80 ? 10 : 12, align: "left" };
      const d = pretty(step.d[sample][neuron - 1]);
      const e = text(`e ${pretty(errors[neuron - 1])}`, from, y, { ...side, bold: true });
      const hasRoom = apart >= SIDE_ROOM;
      if (hasRoom) shapes.push(text(`d ${d}`, from, y - 1, side));
      shapes.push({ ...e, y: hasRoom ? y + 13 : y, colour: "error" });
    }
    return shapes;
  });
}

/** The errors of a layer as far as they have come back, or null. */
function errorsOf(layer, step, sample, { reached, back, hops, isOutput }) {
  if (step === null || reached < 2 || layer === 1) return null;
  if (isOutput) return step.outputError[sample];
  if (step.backward === null) return null;
  return back >= hops + 1 - layer ? step.backward.e[layer - 2][sample] : null;
}

/** Names beside inputs and outputs. */
function sideShapes({ layer, neuron, x, y }, { radius, right }, view) {
  const { layers, inputNames, outputNames } = view;
  const narrow = right < 80;
  if (layer === 1) {
    const most = narrow ? 6 : 12;
    const name = cutName(inputNames[neuron - 1], most);
    return [text(name, x - radius - 6, y, { size: narrow ? 10 : 12, align: "right" })];
  }
  if (layer !== layers.length) return [];
  const name = cutName(outputNames[neuron - 1], narrow ? 7 : 12);
  const side = { size: narrow ? 10 : 12, colour: "soft", align: "left" };
  return [text(name, x + radius + 7, y, side)];
}

/** The values of the weights into the focused neuron, and of the weight under the pointer. */
function valueShapes(lines, placed, { focus, over }, { width }) {
  const shapes = [];
  const into = lines.filter((line) => isFocused(line, focus));
  const across = into.length > 0 ? into[0].x2 - into[0].x1 : 0;
  if (into.length <= 6 && across > 80) {
    // nearest to their sources the lines are farthest apart
    for (const line of into) {
      const { x, y } = along(line, width < 520 ? 0.3 : 0.25);
      shapes.push(label(pretty(line.value), x, y, colourOf(line.value)));
    }
  }
  const line = over?.kind === "weight" ? lines.find((one) => sameWeight(one, over)) : undefined;
  if (line !== undefined) {
    const { x, y } = along(line, 0.5);
    const words = `W ${line.to},${line.from} = ${line.value.toPrecision(6)}`;
    shapes.push({ ...label(words, x, y - 14, colourOf(line.value)), size: 13, boxed: true });
  }
  return shapes;
}

function label(words, x, y, colour) {
  return { ...text(words, x, y, { size: 11, colour, bold: true }), behind: "paper" };
}
