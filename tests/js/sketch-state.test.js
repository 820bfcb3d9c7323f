// The state of the page and its address, inst/js/sketch/state.js.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  formatModel,
  InputError,
  MLP,
  Network,
  RandomStream,
  readPlan,
  startingWeights,
} from "../../inst/js/index.js";
import * as page from "../../inst/js/sketch/state.js";
import { cases } from "./helpers.js";

const { DEFAULT_STATE: START } = page;

/** The address of a state leads back to it, and to the same address. */
function assertRoundTrip(state) {
  const hash = page.toHash(state);
  const again = page.fromHash(hash);
  assert.deepStrictEqual(again, state);
  assert.equal(page.toHash(again), hash);
}

test("an address that says nothing is the start", () => {
  assert.deepStrictEqual(page.fromHash(""), page.checkState(START));
  assert.deepStrictEqual(page.fromHash("#"), page.checkState(START));
  assert.equal(page.toHash(page.checkState(START)), "");
});

test("every setting goes through the address and back", () => {
  const states = [
    { seed: -7, init: "he", epochs: 3, speed: 1000, focus: [3, 1] },
    { rule: "transpose", otherRule: "gradient", updateOrder: "output_first", cost: "half_sse" },
    { batchSize: null, shuffle: true, shuffleSeed: 0 },
    { updates: 17, phase: "back" },
    { updates: 17, phase: "update" },
    { updates: 0, phase: "forward" },
    { optimizer: { name: "nesterov", learningRate: 0.1, momentum: 0.5, weightDecay: 1e-4 } },
    { optimizer: { name: "sgd", learningRate: 0, momentum: 0.5, nesterov: true } },
    { optimizer: { name: "adam", learningRate: 1e-3, betas: [0.8, 0.99], eps: 1e-7 } },
    { optimizer: { name: "rmsprop", learningRate: 0.01, alpha: 0.5, momentum: 0.1 } },
    { optimizer: { name: "rprop", learningRate: 0.01, etas: [0.4, 1.3], stepSizes: [1e-5, 9] } },
    {
      data: { dataset: "iris" },
      layers: [4, 8, 3],
      activations: ["tanh", "softmax"],
      cost: "cross_entropy",
    },
    { ...startingWeights([2, 4, 1], "uniform", 3) },
    { tour: 5, updates: 17, phase: "back" },
    { exercise: [-3, 2] },
  ];
  states.forEach((changes) => assertRoundTrip(page.checkState({ ...START, ...changes })));
});

test("the tour and an exercise leave the training as it is", () => {
  const at = page.change(START, { updates: 17, phase: "back", seed: 5 });
  const there = page.change({ ...at, updates: 17, phase: "back" }, { tour: 3 });
  assert.deepEqual([there.updates, there.phase, there.tour], [17, "back", 3]);
  assert.equal(page.change(there, { tour: null, exercise: [1, 2] }).updates, 17);
  // and a training that begins again leaves them where they are
  assert.deepEqual(page.change(there, { seed: 6 }).tour, 3);
  assert.equal(page.stateOfPlan("{}", there).tour, 3);
});

test("an address may leave out what is as in a plan, or as suits a data set", () => {
  assert.deepEqual(page.fromHash("layers=2-3-3-1").activations, ["sigmoid", "sigmoid", "sigmoid"]);
  assert.equal(page.toHash(page.fromHash("layers=2-3-3-1")), "layers=2-3-3-1");
  assert.equal(page.datasetOfHash("#seed=1&data=iris"), "iris");
  assert.equal(page.datasetOfHash("data=iris"), "iris");
  assert.equal(page.datasetOfHash("data=iris&layers=4-3"), null);
  assert.equal(page.datasetOfHash("seed=1"), null);
  const base = page.change(START, {
    ...{ data: { dataset: "iris" }, layers: [4, 8, 3], batchSize: 16 },
    optimizer: { name: "sgd", learningRate: 0.1 },
  });
  const state = page.fromHash("data=iris&seed=7", base);
  assert.deepEqual(state, { ...base, seed: 7 });
  assertRoundTrip(state);
  const { optimizer } = page.fromHash("data=iris&optimizer=adam", base);
  assert.deepEqual(optimizer, { name: "adam", learningRate: 0.001 });
});

test("an address has the words of a plan", () => {
  const optimizer = { name: "rprop", learningRate: 0.01, stepSizes: [1e-5, 9] };
  const state = page.change(START, { optimizer, otherRule: "transpose", batchSize: null });
  assert.equal(
    page.toHash(state),
    "other_rule=transpose&optimizer=rprop&learning_rate=0.01&step_sizes=0.00001,9&batch_size=all",
  );
});

test("numbers and names of one's own data go through the address to the last bit", () => {
  const stream = new RandomStream(1);
  const row = () => Array.from(stream.uniform(2), (u) => (u - 0.5) * 10 ** Math.round(40 * u - 20));
  const x = [[0, -0], [5e-324, 1.7976931348623157e308], ...Array.from({ length: 50 }, row)];
  const d = x.map((_, i) => [i / 3]);
  const names = ["a,b&c=d#%25", "<img src=x onerror=alert(1)>"];
  const state = page.change(START, { data: page.namedData(x, d, names, ["längs\u2028"]) });
  assertRoundTrip(state);
  assert.ok(Object.is(page.fromHash(page.toHash(state)).data.x[0][1], -0));
  assert.match(page.toHash(state), /^[\w.~!*'(),&=%+-]*$/);
});

test("an address that was escaped once more still leads there", () => {
  const state = page.change(START, { ...startingWeights([2, 4, 1]) });
  const escaped = page.toHash(state).replaceAll(",", "%2C");
  assert.deepStrictEqual(page.fromHash(escaped), state);
});

test("what is wrong in an address is named", () => {
  const wrong = {
    foo: /no value for "foo"/,
    "foo=1": /unknown key "foo" in the address/,
    "seed=x": /seed in the address must be a finite number, got "x"/,
    "rule=best": /training.rule must be one of "gradient"/,
    "activations=tanh": /must have one name for each layer/,
    "layers=2-0-1": /network.layers entry 2 must be an integer >= 1, got 0/,
    "shuffle=yes": /shuffle in the address must be true or false, got "yes"/,
    "updates=-1": /updates must be an integer >= 0, got -1/,
    "updates=3": /phase must be no "start" after an update/,
    "phase=update": /phase must be "start" before any/,
    "phase=rest": /phase must be one of "start"/,
    "focus=9.1": /focus must be a layer and a neuron of it/,
    "speed=3": /speed must be one of 0.25/,
    "weights=1,2": /weights in the address must have 12 numbers, got 2/,
    "x=1,2,3&d=1": /x in the address must have rows of 2 numbers, got 3 numbers/,
    "x=1,2&d=1&inputs=a": /must name each column/,
    "data=mnist": /data.dataset must be one of "xor"/,
    "optimizer=sgdd": /optimizer in the address must be one of/,
    "optimizer=sgd&alpha=1": /unknown key "alpha"/,
    "other_rule=best": /the other rule must be one of/,
    "tour=0": /tour must be an integer from 1 to 12, got 0/,
    "tour=13": /tour must be/,
    "exercise=1": /exercise must be a seed and a level/,
    "exercise=1.4": /the level of the exercise must be an integer from 1 to 3/,
    "exercise=5000000000.1": /the seed of the exercise must be/,
    "tour=1&exercise=1.1": /not both/,
  };
  for (const [hash, message] of Object.entries(wrong)) {
    assert.throws(
      () => page.fromHash(hash),
      (error) => {
        assert.ok(error instanceof InputError, `${hash}: ${error.stack}`);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

test("a plan becomes a state and the state that plan again", () => {
  const extras =
    /the page cannot train with (training|data)\.(dropout|clip_norm|schedule|arithmetic|sample_weight)/;
  let [compared, refused] = [0, 0];
  for (const { plan } of cases()) {
    const complete = readPlan(plan);
    const { dropout, clip_norm, schedule, arithmetic } = complete.training;
    const weight = complete.data.sample_weight ?? null;
    const drops = [dropout].flat().some((rate) => rate > 0);
    if (drops || (clip_norm ?? schedule ?? weight) !== null || arithmetic !== "fast") {
      assert.throws(() => page.stateOfPlan(plan), extras);
      refused += 1;
      continue;
    }
    complete.training.snapshots = [];
    complete.training.record = null;
    complete.training.dropout = 0; // or a list of zeros
    const state = page.stateOfPlan(JSON.stringify(complete));
    assert.deepStrictEqual(page.planOf(state), complete);
    assertRoundTrip(state);
    compared += 1;
  }
  assert.ok(compared > 100 && refused > 10);
});

test("the page shows the engine's own arithmetic", () => {
  assert.throws(
    () => page.stateOfPlan({ training: { arithmetic: "portable" } }),
    /the page cannot train with training\.arithmetic yet/,
  );
});

test("a change begins the training again, a look does not", () => {
  const state = page.checkState({ ...START, updates: 9, phase: "update" });
  assert.equal(page.change(state, { focus: [1, 2], speed: 10 }).updates, 9);
  assert.deepEqual(
    [page.change(state, { rule: "transpose" })].map(({ updates, phase }) => [updates, phase]),
    [[0, "start"]],
  );
});

test("neurons and layers come and go in place", () => {
  const grown = page.addLayer(page.changeNeurons(START, 2, 3));
  assert.deepEqual([grown.layers, grown.activations.length], [[2, 3, 3, 1], 3]);
  assert.deepEqual(page.removeLayer(grown, 2).layers, [2, 3, 1]);
  assert.deepEqual(page.removeLayer(page.removeLayer(grown, 2), 2).layers, [2, 1]);
  assert.deepEqual(page.addLayer(page.removeLayer(START, 2)).layers, [2, 4, 1]);
  assert.equal(page.changeNeurons(START, 1, 5), START); // the data's
  assert.equal(page.changeNeurons(START, 2, 0), START);
  const far = page.change(START, { focus: [2, 4] });
  assert.deepEqual(page.changeNeurons(far, 2, 2).focus, [2, 2]);
  let deep = START;
  for (let i = 0; i < 20; i++) deep = page.addLayer(deep);
  assert.equal(deep.layers.length, page.MOST_HIDDEN + 2);
});

test("weights given by hand stay where the network changes around them", () => {
  const weights = [
    [
      [1, 2],
      [3, 4],
    ],
    [[5, 6]],
  ];
  const biases = [[7, 8], [9]];
  const state = page.change(START, { layers: [2, 2, 1], weights, biases });
  const fewer = page.changeNeurons(state, 2, 1);
  assert.deepEqual(
    [fewer.weights, fewer.biases],
    [
      [[[1, 2]], [[5]]],
      [[7], [9]],
    ],
  );
  const more = page.changeNeurons(state, 2, 3);
  const drawn = startingWeights([2, 3, 1]);
  assert.deepEqual(more.weights[0], [...weights[0], drawn.weights[0][2]]);
  assert.deepEqual(more.biases, [[7, 8, 0], [9]]);
  const deeper = page.addLayer(state);
  const between = startingWeights([2, 2, 2, 1]);
  assert.deepEqual(deeper.weights, [weights[0], between.weights[1], between.weights[2]]);
  assert.deepEqual(page.removeLayer(deeper, 3).weights[0], weights[0]);
});

test("an edited weight is the start of a training of its own", () => {
  const network = startingWeights([2, 4, 1], "uniform", 1);
  const at = page.checkState({ ...START, updates: 9, phase: "update" });
  const edited = page.editWeight(at, network, { layer: 2, to: 3, from: 1 }, 0.25);
  assert.equal(edited.weights[0][2][0], 0.25);
  assert.equal(edited.updates, 0);
  assert.notEqual(network.weights[0][2][0], 0.25);
  const bias = page.editWeight(at, network, { layer: 3, to: 1, from: null }, -1);
  assert.deepEqual([bias.biases[1], bias.weights], [[-1], network.weights]);
  assert.throws(() => page.editWeight(at, network, { layer: 2, to: 1, from: 1 }, NaN), InputError);
});

test("softmax brings its cost, and other outputs take it back", () => {
  const iris = page.change(START, { data: { dataset: "iris" }, layers: [4, 3, 3] });
  const soft = page.changeActivation(iris, 3, "softmax");
  assert.equal(soft.cost, "cross_entropy");
  assert.equal(page.changeActivation(soft, 3, "tanh").cost, "half_mse");
  const one = { x: [[1], [2]], d: [[0], [1]] };
  const back = page.changeData(soft, page.namedData(one.x, one.d), one);
  assert.deepEqual([back.layers, back.activations.at(-1)], [[1, 3, 1], "sigmoid"]);
});

const XOR = {
  x: [
    [0, 0],
    [0, 1],
  ],
  d: [[0], [1]],
  inputNames: ["x1", "x2"],
  outputNames: ["d1"],
};

test("a model's network is the start, and its names label the samples", () => {
  const network = new Network([2, 3, 1], { activations: ["tanh", "sigmoid"], seed: 8 });
  const bare = page.stateOfModel(new MLP(network), { ...START, updates: 4, phase: "error" }, XOR);
  assert.deepEqual(
    [bare.layers, bare.activations, bare.weights, bare.biases],
    [network.layers, network.activations, network.weights, network.biases],
  );
  assert.deepEqual([bare.data, bare.updates, bare.phase], [START.data, 0, "start"]);
  const term = (name) => ({ name, parts: [{ column: name }] });
  const inputs = {
    columns: ["age", "size"].map((name) => ({ name, kind: "numeric" })),
    terms: [term("age"), term("size")],
    center: null,
    scale: null,
  };
  const classes = (levels, outputs = ["kind"]) => ({
    names: outputs,
    levels,
    center: null,
    scale: null,
  });
  const model = new MLP(network, {
    task: "classification",
    inputs,
    outputs: classes(["no", "yes"]),
    training: { cost: "cross_entropy" },
  });
  const named = page.stateOfModel(model, START, XOR);
  assert.deepEqual(named.data, {
    ...XOR,
    inputNames: ["age", "size"],
    outputNames: ["yes"],
  });
  assert.equal(named.cost, "cross_entropy");
  // three classes have three outputs
  const softmax = new Network([2, 3], { activations: "softmax" });
  const three = new MLP(softmax, { task: "classification", outputs: classes([1, 2.5, 3]) });
  const samples = { ...XOR, d: XOR.d.map(() => [0, 0, 1]), outputNames: ["a", "b", "c"] };
  const wide = page.change(START, { layers: [2, 4, 3], data: samples });
  const state = page.stateOfModel(three, wide, samples);
  assert.deepEqual(state.data.outputNames, ["1", "2.5", "3"]);
  assert.deepEqual([state.cost, state.layers], ["cross_entropy", [2, 3]]);
});

test("what the page cannot do with a model is said", () => {
  const softmax = new Network([2, 2], { activations: "softmax" });
  const samples = { ...XOR, d: XOR.d.map(() => [0, 1]), outputNames: ["a", "b"] };
  const wide = page.change(START, { layers: [2, 2], activations: ["sigmoid"], data: samples });
  assert.throws(
    () => page.stateOfModel(new MLP(softmax, { training: { cost: "mse" } }), wide, samples),
    /"softmax" in the output layer needs cost "cross_entropy", got "mse"/,
  );
  assert.throws(
    () => page.stateOfModel(new MLP(softmax), START, XOR),
    /the model is of a network with 2 inputs and 2 outputs; open its data first \(now 2 and 1\)/,
  );
});

test("the model of the page has its weights to the bit", () => {
  const weights = [[[0.1, -0], [1 / 3, 1e-300]], [[5e-324, -2.5e22]]]; // prettier-ignore
  const state = page.change(START, { layers: [2, 2, 1], activations: ["tanh", "sigmoid"] });
  const text = formatModel(page.modelOf(state, { weights, biases: [[-0, 1], [0.7]] }));
  const { network } = MLP.fromJSON(text);
  assert.deepStrictEqual(network.weights, weights);
  assert.deepStrictEqual(network.biases, [[-0, 1], [0.7]]);
  assert.deepStrictEqual([...network.activations], state.activations);
});

test("a page of one file begins with the plan and the names that it was given", () => {
  const plan = {
    network: { layers: [2, 1], activations: "tanh", weights: [[[1, 2]]], biases: [[3]] },
    training: { optimizer: { name: "sgd", learning_rate: 0.25 }, batch_size: 2, seed: 5 },
    data: { x: XOR.x, d: XOR.d },
  };
  const state = page.stateOfGiven({ plan, inputs: ["</script>", "b"], outputs: null });
  assert.deepEqual(state.data, { ...XOR, inputNames: ["</script>", "b"] });
  assert.deepEqual([state.weights, state.biases], [[[[1, 2]]], [[3]]]);
  assert.deepEqual([state.optimizer, state.batchSize, state.shuffleSeed], [{ name: "sgd", learningRate: 0.25 }, 2, 5]); // prettier-ignore
  assertRoundTrip(state);
});
