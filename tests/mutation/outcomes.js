// Writes what came of each test as JSON: a reporter of node's test runner. Twins: outcomes.py,
// outcomes.R.

/** "passed", "failed" (an assertion was not met) or "broken" (anything else went wrong). */
function outcome(type, { error }) {
  if (type === "test:pass") return "passed";
  return error.cause?.code === "ERR_ASSERTION" ? "failed" : "broken";
}

export default async function* outcomes(source) {
  const found = {};
  for await (const { type, data } of source) {
    if (type === "test:pass" || type === "test:fail")
      found[data.name] = outcome(type, data.details);
  }
  yield JSON.stringify(found);
}
