// The diagnosis cases of tests/cases/diagnose, and how JavaScript is asked about them.
// Twins: tests/diagnoses.py, tests/testthat/helper-diagnose.R.

import { readdirSync, readFileSync } from "node:fs";

import { camelKeys } from "../../inst/js/checks.js";
import { diagnose, Network, Optimizer, readPlan } from "../../inst/js/index.js";

const FOLDER = new URL("../cases/diagnose/", import.meta.url);

/** All cases: what fires, and what nearly does. */
export function diagnosisCases() {
  return readdirSync(FOLDER)
    .sort()
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")));
}

/** The run or the network of a case, and x and d. */
export function modelOf({ network, training, data, history }) {
  const { layers, ...options } = network;
  const [start, { x, d }] = [new Network(layers, options), data];
  if (training === undefined) return { model: start, x, d };
  const settings = camelKeys(readPlan({ network, training, data }).training);
  settings.optimizer = camelKeys(settings.optimizer);
  if (history === undefined) {
    const { name, ...parameters } = settings.optimizer;
    settings.optimizer = new Optimizer(name, parameters);
    return { model: start.train(x, d, settings), x, d };
  }
  settings.batchSize ??= x.length;
  delete settings.snapshots;
  return { model: { ...history, network: start, settings }, x, d };
}

/** JavaScript's diagnosis of a case. */
export function diagnoseCase(one) {
  const { model, x, d } = modelOf(one);
  return diagnose(model, x, d, { cost: one.cost ?? null });
}
