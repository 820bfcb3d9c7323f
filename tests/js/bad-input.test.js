// Bad input: files broken in every way, arguments of every kind. docs/reliability.md says what is
// promised: an error of the package, never one of the language's own.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as twinprop from "../../inst/js/index.js";
import { decodeUtf8, parseJson } from "../../inst/js/json_text.js";

const { formatModel, InputError, loadDataset, MLP, Network, readPlan, TwinpropError } = twinprop;

const X = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const D = [[0], [1], [1], [0]];

const BAD = {
  null: null,
  nan: NaN,
  infinity: Infinity,
  minus: -1,
  fraction: 0.3,
  large: 1e300,
  bigint: 10n ** 400n,
  true: true,
  text: "no such thing",
  empty: "",
  half: "\ud800",
  list: [],
  lists: [[]],
  nulls: [null],
  texts: ["a"],
  ragged: [[1, 2], [3]],
  holes: new Array(4),
  object: {},
  bare: Object.create(null),
  a: { a: 1 },
  function: () => 1,
  symbol: Symbol("a"),
  date: new Date(0),
  map: new Map(),
  view: new DataView(new ArrayBuffer(8)),
  constructor: "constructor",
  proto: "__proto__",
};

const PLAN = JSON.stringify({
  format: "twinprop-plan/1",
  network: { layers: [2, 2, 1], seed: 1 },
  training: { epochs: 2, cost: "half_mse" },
  data: { dataset: "xor" },
});
const MODEL = formatModel(new MLP(new Network([2, 2, 1])));
const READERS = { plan: [readPlan, PLAN], model: [(text) => MLP.fromJSON(text), MODEL] };

for (const [what, [read, text]] of Object.entries(READERS)) {
  test(`a ${what} cut at every character`, () => {
    read(text);
    for (let end = 0; end < text.trimEnd().length; end++) {
      assert.throws(
        () => read(text.slice(0, end)),
        (error) =>
          error instanceof InputError &&
          error.message.startsWith(`the ${what} is not valid JSON: `),
      );
    }
  });

  test(`a ${what} with any character changed`, () => {
    for (let place = 0; place < text.length; place += 3) {
      for (const letter of ["\0", '"', "[", "9", "\\", "\ud800"]) {
        try {
          read(text.slice(0, place) + letter + text.slice(place + 1));
        } catch (error) {
          assert.ok(error instanceof TwinpropError, `${place} ${letter}: ${error.stack}`);
        }
      }
    }
  });
}

test("what JSON text is refused", () => {
  const refused = (text, message) => assert.throws(() => parseJson(text, "plan"), { message });
  refused("[".repeat(100_000), "the plan must not be nested more than 100 deep");
  refused('{"a":'.repeat(100_000), "the plan must not be nested more than 100 deep");
  const twice = (key) => `the plan must have distinct keys in each object, got "${key}" twice`;
  refused('{"a": 1, "a": 2}', twice("a"));
  refused('{"a": [{"b": 1, "\\u0062": 2}], "a": 2}', twice("b"));
  refused('{"__proto__": 1, "__proto__": 1}', twice("__proto__"));
  const odd = "the plan must have strings without NUL and without halves of characters";
  refused('["\\u0000"]', odd);
  refused('{"\\ud800": 1}', odd);
  assert.throws(
    () => parseJson("[\u001b]", "plan"),
    (error) => error.message.includes("\\u001b") && !error.message.includes("\u001b"),
  );
  assert.throws(() => decodeUtf8(Uint8Array.of(0xff), "plan"), /not valid JSON: invalid UTF-8$/);
});

test("what JSON text is read", () => {
  const deepest = "[".repeat(100) + "]".repeat(100);
  assert.equal(JSON.stringify(parseJson(deepest, "plan")), deepest);
  const strings = '["\\\\u0000", "\\ud83d\\ude00", "[[[{{"]';
  assert.deepEqual(parseJson(strings, "plan"), JSON.parse(strings));
  assert.deepEqual(parseJson('{"a": {"a": 1}, "b": {"a": "a"}}', "plan").b, { a: "a" });
});

test("stated sizes are checked before anything is made", () => {
  for (const layers of [
    [1e9, 1e9],
    [40000, 40000, 1],
    [2e9, 1, 1],
  ]) {
    const value = { ...JSON.parse(MODEL), network: { ...JSON.parse(MODEL).network, layers } };
    assert.throws(() => MLP.fromJSON(JSON.stringify(value)), InputError);
  }
});

/** Every function that the package exports, and every method of its classes. */
const network = () => new Network([2, 3, 1]);
const PUBLIC = {
  compareRules: (...given) => twinprop.compareRules(...given),
  checkGradient: (...given) => twinprop.checkGradient(...given),
  diagnose: (...given) => twinprop.diagnose(...given),
  exercise: (...given) => twinprop.exercise(...given),
  explain: (...given) => twinprop.explain(...given),
  explainPlan: (...given) => twinprop.explainPlan(...given),
  checkAnswer: (...given) => twinprop.checkAnswer(...given),
  formatModel: (...given) => twinprop.formatModel(...given),
  loadDataset: (...given) => loadDataset(...given),
  readPlan: (...given) => readPlan(...given),
  runPlan: (...given) => twinprop.runPlan(...given),
  startingWeights: (...given) => twinprop.startingWeights(...given),
  MLP: (...given) => new MLP(...given),
  fromJSON: (...given) => MLP.fromJSON(...given),
  Network: (...given) => new Network(...given),
  Optimizer: (...given) => new twinprop.Optimizer(...given),
  RandomStream: (...given) => new twinprop.RandomStream(...given),
  predict: (...given) => network().predict(...given),
  forward: (...given) => network().forward(...given),
  backward: (...given) => network().backward(...given),
  step: (...given) => network().step(...given),
  train: (...given) => network().train(...given),
  meanCost: (...given) => network().meanCost(...given),
};
const GOOD = {
  compareRules: [network(), X, D, { epochs: 1 }],
  checkGradient: [network(), X, D, {}],
  diagnose: [network(), X, D],
  exercise: [1, {}],
  explain: [network(), [X[1]], [D[1]], {}],
  explainPlan: [{ training: { epochs: 1 } }, {}],
  checkAnswer: [twinprop.exercise(1), 1, 0.5],
  formatModel: [new MLP(network())],
  loadDataset: ["xor", {}],
  readPlan: [PLAN],
  runPlan: [PLAN, {}],
  startingWeights: [[2, 1], "xavier", 1],
  MLP: [network(), {}],
  fromJSON: [MODEL],
  Network: [[2, 1], {}],
  Optimizer: ["sgd", {}],
  RandomStream: [1],
  predict: [X],
  forward: [X],
  backward: [network().forward(X), D, {}],
  step: [X, D, {}],
  train: [X, D, { epochs: 1 }],
  meanCost: [X, D, {}],
};

/** What is taken: no options, and what is one. */
const TAKEN = {
  object: ["readPlan", "runPlan", "explainPlan"],
  bare: ["readPlan", "runPlan", "explainPlan"],
  date: ["readPlan", "runPlan", "explainPlan"],
  map: ["readPlan", "runPlan", "explainPlan"],
  view: ["readPlan", "runPlan", "explainPlan"],
  minus: ["exercise", "startingWeights", "RandomStream", "checkAnswer"],
  fraction: ["checkAnswer"],
  large: ["checkAnswer"],
};

for (const [name, call] of Object.entries(PUBLIC)) {
  test(`${name} with every argument wrong`, async () => {
    await call(...GOOD[name]);
    for (let place = 0; place < GOOD[name].length; place++) {
      for (const [kind, value] of Object.entries(BAD)) {
        const given = GOOD[name].with(place, value);
        const where = `${name}, argument ${place + 1}, ${kind}`;
        try {
          await call(...given);
        } catch (error) {
          assert.ok(error instanceof TwinpropError, `${where}: ${error.stack}`);
          assert.ok(error.message.length < 1000, where);
          continue;
        }
        const options =
          place > 0 && typeof value === "object" && Object.keys(value ?? [1]).length === 0;
        assert.ok(options || TAKEN[kind]?.includes(name), `${where} is taken`);
      }
    }
  });
}

test("names of data sets do not leave their folder", async () => {
  for (const name of [
    "../x",
    "/etc/passwd",
    "iris.csv",
    "iris\0",
    "__proto__",
    "constructor",
    "",
  ]) {
    await assert.rejects(loadDataset(name), /^InputError: dataset must be one of "xor"/);
    assert.throws(() => readPlan({ data: { dataset: name } }), InputError);
  }
});

test("columns may be called as what objects inherit", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const columns = names.map((name) => ({ name, kind: "numeric" }));
  const terms = names.map((name) => ({ name, parts: [{ column: name }] }));
  const model = new MLP(new Network([4, 1], { seed: 3 }), {
    task: "regression",
    inputs: { columns, terms, center: null, scale: null },
    outputs: { names: ["__proto__"], levels: null, center: null, scale: null },
  });
  const again = MLP.fromJSON(formatModel(model));
  const row = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3, "hasOwnProperty": 4}');
  assert.deepEqual(again.predict([row]), again.predict([[1, 2, 3, 4]]));
  assert.throws(() => again.predict([{}]), /missing columns "__proto__", "constructor"/);
});

test("options of a prediction are checked for rows without names, too", () => {
  const model = new MLP(new Network([2, 1]));
  for (const [key, value] of [
    ["na", "no"],
    ["extra", 1],
  ]) {
    assert.throws(() => model.predict(X, { [key]: value }), new RegExp(`^InputError: ${key} must`));
  }
});
