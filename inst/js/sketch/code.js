// What the page shows as code of the other languages. Twins: none, a page is JavaScript's alone.
//
// The code trains the plan of the page up to where the page stands, and prints the cost, the weights and
// the biases that the page has there.

import { planOf } from "./state.js";

/**
 * The plan that ends at a number of updates.
 *
 * @returns {{plan: Object, inside: boolean}} `inside` an epoch the numbers are those of a snapshot.
 */
function planUpTo(state, updates, batches) {
  const inside = updates % batches !== 0;
  const plan = planOf(state, {
    epochs: Math.ceil(updates / batches),
    snapshots: inside ? [updates] : [],
  });
  // what is as it is without saying stays unsaid
  for (const key of ["weights", "biases"]) {
    if (plan.network[key] === null) delete plan.network[key];
  }
  if (!inside) delete plan.training.snapshots;
  for (const key of ["record", "dropout", "clip_norm", "schedule", "arithmetic"])
    delete plan.training[key];
  delete plan.format;
  return { plan, inside };
}

const number = (value) => (Object.is(value, -0) ? "-0.0" : String(value));

function isFlat(value) {
  return Array.isArray(value) && value.every((entry) => typeof entry !== "object");
}

/** A value as Python writes it; lists of lists with a line for each. */
function python(value, indent = "") {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return JSON.stringify(value);
  const deeper = `${indent}    `;
  if (isFlat(value)) return `[${value.map((entry) => python(entry)).join(", ")}]`;
  if (Array.isArray(value)) {
    const rows = value.map((entry) => `${deeper}${python(entry, deeper)},\n`);
    return `[\n${rows.join("")}${indent}]`;
  }
  const entries = Object.entries(value).map(
    ([key, entry]) => `${deeper}"${key}": ${python(entry, deeper)},\n`,
  );
  return `{\n${entries.join("")}${indent}}`;
}

/** A value as R writes it; a list of rows is a matrix. */
function r(value, indent = "") {
  if (value === null) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return JSON.stringify(value);
  const deeper = `${indent}  `;
  const call = (name, parts) => `${name}(\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent})`;
  if (isFlat(value)) return `c(${value.map((entry) => r(entry)).join(", ")})`;
  if (Array.isArray(value)) {
    return call(
      value.every(isFlat) ? "rbind" : "list",
      value.map((entry) => r(entry, deeper)),
    );
  }
  return call(
    "list",
    Object.entries(value).map(([key, entry]) => `${key} = ${r(entry, deeper)}`),
  );
}

/** Lists of vectors, which are no matrix. */
function vectors(value, indent) {
  const deeper = `${indent}  `;
  const parts = value.map((entry) => r(entry));
  return `list(\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent})`;
}

const after = (updates) => `after ${updates} update${updates === 1 ? "" : "s"}`;

/**
 * The page's training as Python code.
 *
 * @param {Object} state A state of the page.
 * @param {number} updates How many updates it has made.
 * @param {number} batches How many updates an epoch has.
 * @returns {string}
 */
export function pythonCode(state, updates, batches) {
  const { plan, inside } = planUpTo(state, updates, batches);
  const [now, cost] = inside ? ["run.snapshots[0]", "cost"] : ["run", "final_cost"];
  return `# The network of the page in Python, ${after(updates)}.
from twinprop import run_plan

plan = ${python(plan)}
run = run_plan(plan)
now = ${now}
print("cost", now.${cost})
for layer, (weights, biases) in enumerate(zip(now.weights, now.biases), start=2):
    print("layer", layer, "weights", weights.tolist(), "biases", biases.tolist())
`;
}

/** The page's training as R code; likewise. */
export function rCode(state, updates, batches) {
  const { plan, inside } = planUpTo(state, updates, batches);
  const [now, cost] = inside ? ["run$snapshots[[1]]", "cost"] : ["run", "final_cost"];
  const biases = plan.network.biases;
  const placeholder = "@biases@";
  if (biases !== undefined) plan.network.biases = placeholder;
  const text = r(plan).replace(JSON.stringify(placeholder), () => vectors(biases, "    "));
  return `# The network of the page in R, ${after(updates)}.
library(twinprop)

plan <- ${text}
run <- tp_run(plan)
now <- ${now}
cat("cost", format(now$${cost}, digits = 15), "\\n")
print(now$weights, digits = 15)
print(now$biases, digits = 15)
`;
}
