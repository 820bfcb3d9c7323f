// The diagnosis: each finding fires and nearly does, its mend mends, what works is left in peace.
// Twins: tests/python/test_diagnose.py, tests/testthat/test-diagnose.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  diagnose,
  DivergenceError,
  formatRun,
  InputError,
  loadDataset,
  Network,
  Optimizer,
  RandomStream,
  runPlan,
} from "../../inst/js/index.js";
import { diagnoseCase, diagnosisCases, modelOf } from "./diagnoses.js";
import { assertThrows, XOR_D, XOR_X } from "./helpers.js";

const CASES = diagnosisCases();
const kindsOf = ({ findings }) => findings.map(({ kind }) => kind);

/** Run the code of a mend where network, x and d are the user's. */
function runMend(mend, { network, x, d }) {
  const body = `let run = null;\n${mend}\nreturn { run, network, x, d };`;
  return new Function("network", "x", "d", "Network", "Optimizer", body)(
    ...[network, x, d, Network, Optimizer],
  );
}

for (const one of CASES) {
  test(one.name, () => {
    const found = diagnoseCase(one);
    const { kinds, verdict, messages = [] } = one.expected;
    assert.deepEqual(kindsOf(found), kinds, found.text);
    assert.ok(found.verdict.startsWith(verdict), found.verdict);
    assert.equal(found.learned, found.verdict.startsWith("LEARNED"));
    messages.forEach((message, i) => {
      if (message !== null) assert.equal(found.findings[i].message, message);
    });
  });
}

const stream = new RandomStream(1);
const LARGE_X = Array.from({ length: 40 }, () =>
  Array.from(stream.uniform(2), (value) => Math.round(10 * (50 + 250 * value)) / 10),
);
const LARGE_D = LARGE_X.map(([a, b]) => [0.02 * a + 0.05 * b + 3]);
const SMALL_X = LARGE_X.map((row) => row.map((value) => (value - 175) / 75));
const LOW = Math.min(...LARGE_D.flat());
const SMALL_D = LARGE_D.map(([value]) => [(value - LOW) / (Math.max(...LARGE_D.flat()) - LOW)]);
const rows = (count, row) => Array.from({ length: count }, () => row);

const LINEAR = { activations: ["tanh", "identity"] };
const RELU = { activations: ["relu", "identity"] };
const sgd = (learningRate) => new Optimizer("sgd", { learningRate });

const MENDED = {
  inputs_not_scaled: () => [new Network([2, 4, 1]), LARGE_X, SMALL_D, { epochs: 100 }],
  targets_out_of_range: () => [new Network([2, 4, 1]), SMALL_X, LARGE_D, { epochs: 100 }],
  learning_rate_too_large: () => [
    ...[new Network([2, 4, 1], { seed: 3 }), XOR_X, XOR_D],
    { epochs: 500, optimizer: sgd(60) },
  ],
  learning_rate_too_small: () => [
    ...[new Network([2, 4, 1], LINEAR), SMALL_X, SMALL_D],
    { epochs: 200, batchSize: 8, optimizer: new Optimizer("adam", { learningRate: 1e-7 }) },
  ],
  symmetric_weights: () => [
    new Network([2, 3, 1], { weights: [rows(3, [0.5, 0.5]), [[0.3, 0.3, 0.3]]] }),
    ...[XOR_X, XOR_D, { epochs: 2000 }],
  ],
  zero_weights: () => [
    new Network([2, 3, 1], { activations: "tanh", weights: [rows(3, [0, 0]), [[0, 0, 0]]] }),
    ...[XOR_X, XOR_D, { epochs: 500 }],
  ],
  dead_units: () => [
    new Network([2, 4, 1], { ...RELU, biases: [[-9, -9, -9, -9], [0]] }),
    ...[SMALL_X, SMALL_D, { epochs: 20, optimizer: sgd(0.05) }],
  ],
  saturated_units: () => [
    new Network([2, 3, 1], { ...LINEAR, biases: [[20, -20, 25], [0]] }),
    ...[SMALL_X, SMALL_D, { epochs: 20, optimizer: sgd(0.02) }],
  ],
  no_better_than_largest_class: () => [new Network([2, 1]), XOR_X, XOR_D, { epochs: 1000 }],
};

for (const [kind, make] of Object.entries(MENDED)) {
  test(`the mend of ${kind} lets it learn`, () => {
    const [network, x, d, settings] = make();
    const before = diagnose(network.train(x, d, settings), x, d);
    assert.equal(before.learned, false);
    const { mend } = before.findings.find((finding) => finding.kind === kind);
    const after = runMend(mend, { network, x, d });
    const found = diagnose(after.run, after.x, after.d);
    assert.ok(found.learned, `${before.text}\n\n${found.text}`);
    assert.ok(!kindsOf(found).includes(kind));
  });
}

test("every mend runs, and of a network its finding goes", () => {
  for (const one of CASES) {
    const { model, x, d } = modelOf(one);
    const isRun = !(model instanceof Network);
    for (const { kind, mend } of diagnoseCase(one).findings) {
      // with a rate that is too large it may diverge
      if (one.name.includes("too_large") && kind !== "learning_rate_too_large") continue;
      const after = runMend(mend, { network: isRun ? model.network : model, x, d });
      if (isRun) assert.ok(after.run.updates > 0);
      else if (!kind.startsWith("no_better") && !mend.startsWith("//")) {
        const found = diagnose(after.network, after.x, after.d, { cost: one.cost ?? null });
        assert.ok(!kindsOf(found).includes(kind), `${one.name}\n${mend}`);
      }
    }
  }
});

test("the mend keeps the settings", () => {
  const optimizer = new Optimizer("adam", {
    learningRate: 0,
    weightDecay: 0.01,
    betas: [0.8, 0.9],
  });
  const run = new Network([2, 4, 1], { activations: "tanh" }).train(SMALL_X, SMALL_D, {
    ...{ rule: "transpose", updateOrder: "output_first", cost: "mse", optimizer },
    ...{ batchSize: 5, epochs: 3, shuffle: true, seed: 7 },
  });
  const { findings } = diagnose(run, SMALL_X, SMALL_D);
  const { mend } = findings.find(({ kind }) => kind === "learning_rate_too_small");
  assert.deepEqual(mend.split("\n"), [
    'network = new Network([2, 4, 1], { activations: "tanh" });',
    'run = network.train(x, d, { cost: "mse", rule: "transpose", updateOrder: "output_first", ' +
      'optimizer: new Optimizer("adam", { weightDecay: 0.01, betas: [0.8, 0.9] }), batchSize: 5, ' +
      "epochs: 3, shuffle: true, seed: 7 });",
  ]);
  const after = runMend(mend, { network: null, x: SMALL_X, d: SMALL_D });
  const changed = structuredClone(run.settings);
  changed.optimizer.learningRate = 0.001;
  assert.deepEqual(after.run.settings, changed);
});

for (const name of ["xor", "iris", "penguins", "wine"]) {
  test(`a training on ${name} that works is left in peace`, async () => {
    const { x, d } = await loadDataset(name);
    const outputs = d[0].length;
    const activations = ["tanh", outputs > 1 ? "softmax" : "sigmoid"];
    const network = new Network([x[0].length, 8, outputs], { activations });
    const run = network.train(x, d, {
      ...{ cost: "cross_entropy", optimizer: sgd(0.2), shuffle: true },
      ...{ batchSize: Math.min(16, x.length), epochs: name === "xor" ? 2000 : 150 },
    });
    assert.equal(run.warning, null);
    const found = diagnose(run, x, d);
    assert.ok(found.learned);
    assert.deepEqual(found.findings, []);
  });
}

test("a training that has not learned says so in its run's warning", () => {
  const run = new Network([2, 1]).train(XOR_X, XOR_D, { epochs: 25 });
  const { verdict, findings } = diagnose(run, XOR_X, XOR_D);
  assert.ok(findings.length > 0);
  assert.deepEqual(run.warning.split("\n"), [
    verdict,
    "diagnose(run, x, d) shows the code that mends what was found:",
    ...findings.map(({ kind, message }) => `${kind}: ${message}`),
  ]);
});

test("so does a plan", async () => {
  const plan = { network: { layers: [2, 1] }, training: { epochs: 25 } };
  assert.match((await runPlan(plan)).warning, /^NOT LEARNED: /);
});

test("fewer than 100 updates and constant targets are not judged", () => {
  const warning = (options, d = XOR_D) => new Network([2, 1]).train(XOR_X, d, options).warning;
  assert.equal(warning({ epochs: 24 }), null);
  assert.equal(warning({ epochs: 99, batchSize: null }), null);
  assert.match(warning({ epochs: 100, batchSize: null }), /^NOT LEARNED: /);
  assert.equal(warning({ epochs: 50 }, [0.5, 0.5, 0.5, 0.5]), null);
});

test("a run knows its network and its settings, and its file does not", () => {
  const network = new Network([2, 2, 1]);
  const options = { epochs: 3, batchSize: null, optimizer: "momentum", seed: 5 };
  const run = network.train(XOR_X, XOR_D, options);
  assert.deepEqual(run.settings, {
    ...{ cost: "half_mse", rule: "gradient", updateOrder: "simultaneous" },
    optimizer: {
      ...{ name: "momentum", learningRate: 0.5, weightDecay: 0, momentum: 0.9, nesterov: false },
    },
    ...{ batchSize: 4, epochs: 3, shuffle: false, seed: 5 },
    ...{ sampleWeight: null, dropout: 0, clipNorm: null, schedule: null, arithmetic: "fast" },
  });
  assert.notEqual(run.network, network);
  assert.deepEqual(run.network.parameters, network.parameters);
  const written = JSON.parse(formatRun(run));
  for (const text of [formatRun(run), JSON.stringify(run)]) {
    assert.deepEqual(Object.keys(JSON.parse(text)), Object.keys(run));
  }
  for (const name of ["network", "settings", "warning"]) {
    assert.ok(name in run);
    assert.ok(!(name in written) && !Object.keys(run).includes(name));
  }
});

test("bad arguments are refused by name", () => {
  const network = new Network([2, 1]);
  const run = network.train(XOR_X, XOR_D, { epochs: 1 });
  const refused = (message, ...given) => {
    assertThrows(() => diagnose(...given), InputError, message);
  };
  refused("model must be a run or a Network, got 3", 3, XOR_X, XOR_D);
  refused("model must be a run or a Network, got null", null, XOR_X, XOR_D);
  refused(
    "model must be a run that knows its network and its settings; one that is read from a file " +
      "does not",
    ...[{ ...run }, XOR_X, XOR_D],
  );
  refused(
    'cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", got "sse"',
    ...[network, XOR_X, XOR_D, { cost: "sse" }],
  );
  refused(
    'cost must be null or the run\'s own, "half_mse", got "mse"',
    ...[run, XOR_X, XOR_D, { cost: "mse" }],
  );
  refused('unknown key "rule" in options; allowed: "cost"', network, XOR_X, XOR_D, { rule: 1 });
  refused("d must have as many rows as x (4), got 1", network, XOR_X, [[1]]);
  const huge = new Network([1, 1], { activations: "identity", weights: [[[1e200]]] });
  assertThrows(
    () => diagnose(huge, [[1], [2]], [[1], [2]]),
    DivergenceError,
    "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights",
  );
});

test("nothing is changed", () => {
  const one = CASES.find(({ name }) => name === "learning_rate_too_small: a training, xor");
  const { model, x, d } = modelOf(one);
  const [parameters, settings] = [
    model.network.parameters.slice(),
    structuredClone(model.settings),
  ];
  diagnose(model, x, d);
  assert.deepEqual(model.network.parameters, parameters);
  assert.deepEqual(model.settings, settings);
  assert.deepEqual(x, XOR_X);
});

test("numbers are short, round halves to even as C does, and forget the last bit", () => {
  const shown = (value) => {
    const network = new Network([1, 1], { activations: "sigmoid" });
    const { findings } = diagnose(network, [[0], [1]], [[0], [value]]);
    return findings[0].message.match(/ to (\S+)\.$/)[1];
  };
  const text = diagnose(new Network([1, 1]), [[-0], [1000]], [[0], [1]]).findings[0].message;
  assert.match(text, /column 1 goes from 0 to 1000,/);
  const values = [1.0000125, 1.0000125 + 2 ** -50, 128.0625, 128.1875, 285320.5, 1.5e10, 9999999.5];
  assert.deepEqual(values.map(shown), [
    ...["1.00001", "1.00001", "128.062", "128.188", "285320", "1.5e+10", "1e+07"],
  ]);
});
