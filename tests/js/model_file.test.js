// Twins: tests/python/test_model_file.py, tests/testthat/test-model_file.R.

import assert from "node:assert/strict";
import { test } from "node:test";

import { formatModel, InputError, MLP, Network } from "../../inst/js/index.js";
import { encodeInputs } from "../../inst/js/encoding.js";
import { AFTER_ONE_UPDATE, assertThrows, modelCases, modelErrors } from "./helpers.js";

const CASES = modelCases();
const ERRORS = modelErrors();
const MIXED = CASES.find(({ name }) => name === "mixed").model;

/** The file of the case "mixed" with one change. */
function changed({ path, value = null, remove = false }) {
  const model = structuredClone(MIXED);
  const at = path.slice(0, -1).reduce((inner, key) => inner[key], model);
  if (remove) delete at[path.at(-1)];
  else Object.defineProperty(at, path.at(-1), { value, enumerable: true });
  return model;
}

/** Numbers relative to the largest; null, and a row that is, has to be the same. */
function assertClose(found, wanted, what) {
  const flat = (rows) => rows.map((row) => row ?? NaN).flat(Infinity);
  const [p, q] = [flat(found), flat(wanted)];
  assert.equal(p.length, q.length, what);
  const size = Math.max(...q.filter(Number.isFinite).map(Math.abs));
  p.forEach((value, i) => {
    const same = Number.isNaN(value) && Number.isNaN(q[i]);
    assert.ok(same || Math.abs(value - q[i]) <= AFTER_ONE_UPDATE * size, `${what}: ${value}`);
  });
}

test("there are cases to replay", () => {
  assert.ok(CASES.length >= 8);
  assert.ok(ERRORS.length >= 70);
});

for (const { name, model: file, rows, expected } of CASES) {
  test(`model ${name}: what the oracle says`, () => {
    const model = MLP.fromJSON(file);
    if (model.inputs !== null) {
      const x = encodeInputs(model.inputs, rows, { na: model.na });
      const missing = (row) => (row.some(Number.isNaN) ? null : row);
      assertClose(x.map(missing), expected.x, "x");
    }
    assertClose(model.raw(rows), expected.raw, "raw");
    if (model.task === "classification") {
      assert.deepEqual(model.predict(rows), expected.predictions);
    } else {
      assertClose(model.predict(rows), expected.predictions, "predictions");
    }
    if (expected.probabilities.some((row) => row !== null)) {
      assertClose(model.predictProba(rows), expected.probabilities, "probabilities");
    } else {
      assert.throws(() => model.predictProba(rows), /probabilities need/);
    }
  });

  test(`model ${name}: written as it was read`, () => {
    const model = MLP.fromJSON(file);
    const text = formatModel(model);
    const again = MLP.fromJSON(text);
    assert.deepEqual(again.network.parameters, model.network.parameters);
    assert.deepEqual({ ...again, network: null }, { ...model, network: null });
    assert.equal(formatModel(again), text);
    assert.deepEqual(MLP.fromJSON(JSON.stringify(model)).inputs, model.inputs);
    assert.deepEqual(
      text.split("\n").map((line) => line.split('"')[1]),
      [..."format version task network inputs outputs na training probes".split(" "), undefined],
    );
  });
}

for (const one of ERRORS) {
  test(`model error ${one.name}`, () => {
    const fails = () => {
      if (one.rows === undefined) return MLP.fromJSON(one.text ?? changed(one.change));
      const { na = "error", extra = "ignore" } = one;
      return MLP.fromJSON(MIXED).predict(one.rows, { na, extra });
    };
    assert.throws(fails, (error) => {
      assert.ok(error instanceof InputError, error.stack);
      if (one.message !== undefined) assert.equal(error.message, one.message);
      else assert.ok(error.message.startsWith(one.message_start), error.message);
      return true;
    });
  });
}

test("floats survive to their last bit", () => {
  const values = [0.1, -0, 5e-324, 1.7e308 / 1e300, 1 / 3, -2.5e-308, 1e22, 123456789.12345679];
  const network = new Network([8, 1, 1], {
    activations: "identity",
    weights: [[values], [[-1e-3]]],
    biases: [[0], [-0]],
  });
  const again = MLP.fromJSON(formatModel(new MLP(network))).network;
  const bytes = ({ parameters }) => new BigUint64Array(parameters.buffer);
  assert.deepEqual(bytes(again), bytes(network));
});

test("one-unit layers stay lists", () => {
  const { network, probes } = new MLP(new Network([1, 1, 1])).toJSON();
  assert.deepEqual(network.biases, [[0], [0]]);
  assert.equal(network.weights[0][0].length, 1);
  assert.equal(probes.rows.length, 4);
});

test("a model whose outputs are not finite is not written", () => {
  const network = new Network([1, 1]);
  network.parameters.fill(NaN);
  assertThrows(
    () => formatModel(new MLP(network)),
    InputError,
    "the model has outputs that are not finite",
  );
});

test("a file with __proto__ changes no object", () => {
  const text = JSON.stringify(MIXED).replace(
    '"training":{',
    '"training":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},',
  );
  const model = MLP.fromJSON(text);
  assert.equal({}.polluted, undefined);
  assert.equal(model.training.polluted, undefined);
  assert.ok(Object.hasOwn(model.training, "__proto__"));
  assert.ok(formatModel(model).includes('"__proto__": {"polluted": true}'));
});

test("names that not every language holds are refused", () => {
  for (const name of ["a\0b", "\ud83d", "a\udc00"]) {
    const file = changed({ path: ["inputs", "columns", 1, "name"], value: name });
    assert.throws(() => MLP.fromJSON(file), /without NUL and without halves of characters/);
  }
});
