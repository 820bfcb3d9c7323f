// The picture in words: what a screen reader says of the canvas. Twins: none, a page is JavaScript's alone.

import { costText, pretty } from "./format.js";

/** Values as a list; of many the first ones. */
function list(values, most = 6) {
  const words = values.slice(0, most).map(pretty).join(", ");
  return values.length > most ? `${words} and so on (${values.length} in all)` : words;
}

const PHASE_WORDS = {
  start: "Before the first update",
  forward: "Forward",
  error: "Output error",
  back: "Errors back",
  update: "Weights moved",
};

/** Which sample is shown, and where it comes from. */
export function sampleWords({ step, sample, rows }) {
  const size = step.rows.length;
  const batch = size > 1 ? `, sample ${sample + 1} of the ${size} of this update` : "";
  return `row ${step.rows[sample]} of ${rows}${batch}`;
}

/**
 * A sentence or two on what the picture shows now.
 *
 * @param {Object} view As for `scene`, with `rule`, `updates`, `epoch` and `rows`.
 * @returns {string}
 */
export function nowWords(view) {
  const { phase, step, sample, updates, epoch, layers, rule } = view;
  if (phase === "start" || step === null) {
    return (
      `${PHASE_WORDS.start}: a network of ${layers.join(", ")} neurons with its starting weights. ` +
      "Play, or take the first phase."
    );
  }
  const number = phase === "update" ? updates : updates + 1;
  const where = `Update ${number}, epoch ${epoch}, ${sampleWords(view)}`;
  const outputs = list(step.forward.a.at(-1)[sample]);
  const wanted = list(step.d[sample]);
  const words = {
    forward: () => `the inputs ${list(step.x[sample])} go forward; the output is ${outputs}.`,
    error: () =>
      `the output ${outputs} should be ${wanted}: the output error e is ` +
      `${list(step.outputError[sample])}.`,
    back: () =>
      layers.length === 2
        ? "there is no hidden layer that an error could go back to."
        : `${backWords(view)} by rule ${rule}.`,
    update: () =>
      `all weights have moved; the cost of this update's samples was ${costText(step.cost)}.`,
  };
  return `${PHASE_WORDS[phase]}. ${where}: ${words[phase]()}`;
}

function backWords({ step, sample, layers }) {
  const parts = [];
  for (let layer = layers.length - 1; layer >= 2; layer--) {
    parts.push(`${list(step.backward.e[layer - 2][sample])} to layer ${layer}`);
  }
  return `the errors go back, ${parts.join(", ")},`;
}

/**
 * All numbers of the picture, neuron by neuron: rows of texts under a header.
 *
 * @returns {{header: string[], rows: string[][]}}
 */
export function tableWords(view) {
  const { layers, step, sample, phase, inputNames, outputNames, weights, biases } = view;
  const header = ["neuron", "activation a", "error e", "bias b", "weights into it"];
  const rows = [];
  const seen = step !== null && phase !== "start";
  layers.forEach((units, i) => {
    for (let k = 0; k < units; k++) {
      const name = i === 0 ? inputNames[k] : i === layers.length - 1 ? outputNames[k] : null;
      const error =
        i === 0 || !seen || phase === "forward"
          ? null
          : i === layers.length - 1
            ? step.outputError[sample][k]
            : phase === "error" || step.backward === null
              ? null
              : step.backward.e[i - 1][sample][k];
      rows.push([
        `layer ${i + 1}, neuron ${k + 1}${name === null ? "" : ` (${name})`}`,
        seen ? pretty(step.forward.a[i][sample][k]) : "",
        error === null ? "" : pretty(error),
        i === 0 ? "" : pretty(biases[i - 1][k]),
        i === 0 ? "" : list(weights[i - 1][k], Infinity),
      ]);
    }
  });
  return { header, rows };
}
