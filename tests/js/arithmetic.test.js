// Twins: tests/python/test_arithmetic.py, tests/testthat/test-arithmetic.R.
//
// That every bit is the contract's, the conformance cases "portable-..." show; here are the parts.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";

import { PORTABLE } from "../../inst/js/arithmetic.js";
import { ACTIVATIONS, COSTS, InputError, Network, Optimizer, RULES } from "../../inst/js/index.js";
import { OPTIMIZERS } from "../../inst/js/optimizers.js";
import { SCHEDULES } from "../../inst/js/schedules.js";
import { AFTER_ONE_UPDATE, assertGroup, assertRun, assertThrows, XOR_D, XOR_X } from "./helpers.js";

// Arguments and the double nearest to the exact value, by mpmath with 200 bits.
const EXACTLY = {
  exp: [
    [0, 1],
    [-0, 1],
    [1e-300, 1],
    [-1e-17, 1],
    [0.5, 1.6487212707001282],
    [1, 2.718281828459045],
    [-1, 0.36787944117144233],
    [0.34657359027997264, 1.414213562373095],
    [0.3465735902799727, 1.4142135623730951],
    [-0.34657359027997264, 0.7071067811865476],
    [709.782712893384, 1.7976931348622732e308],
    [-708.4, 2.217119081664265e-308],
    [-720.5, 1.2326102893e-313],
    [-744.4, 5e-324],
    [30.25, 13721704977464.906],
    [-30.25, 7.287724095819692e-14],
    [-14.093378813347009, 7.573965978665965e-7],
    [-27.932066086039846, 7.400444921152205e-13],
    [12.074757843188301, 175388.33352862776],
    [-34.20509706659658, 1.3960953835260534e-15],
    [2.8705603445351358, 17.64690377600732],
    [-10.744886646993159, 2.1555347098045448e-5],
    [-35.36008601802345, 4.3985523256180023e-16],
    [0.5948586551536224, 1.8127747004896075],
    [-690.481312625354, 1.342072784417987e-300],
    [-114.47917595489093, 1.9156915780695753e-50],
    [-643.430214122504, 3.6459316001221925e-280],
    [-613.1032785980202, 5.402929094346364e-267],
    [-127.7490989867847, 3.3057594029781302e-56],
    [457.2429892731434, 3.785359491514465e198],
    [-564.9919484884153, 4.2375462543164e-246],
    [-420.4105454614009, 2.618303415039879e-183],
  ],
  log: [
    [5e-324, -744.4400719213812],
    [3e-310, -712.7027665394861],
    [2.2250738585072014e-308, -708.3964185322641],
    [1e-9, -20.72326583694641],
    [0.5, -0.6931471805599453],
    [0.7071067811865475, -0.34657359027997275],
    [0.7071067811865476, -0.3465735902799726],
    [0.9999999999999999, -1.1102230246251565e-16],
    [1, 0],
    [1.0000000000000002, 2.2204460492503128e-16],
    [1.414213562373095, 0.3465735902799726],
    [1.4142135623730951, 0.3465735902799727],
    [2, 0.6931471805599453],
    [10, 2.302585092994046],
    [1e300, 690.7755278982137],
    [1.7976931348623157e308, 709.782712893384],
    [1.8822996672167678, 0.6324942565519152],
    [2.843126827371017, 1.044904442075191],
    [1.731308845852496, 0.5488776807599647],
    [1.1900414239523405, 0.1739881165615661],
    [2.92876531677876, 1.0745809406268794],
    [0.13974804185326883, -1.9679141788285017],
    [2.575405377146039, 0.9460069497430886],
    [0.8688278589950288, -0.1406102642541532],
    [5.043407173258203e-217, -498.04288329958746],
    [4.101939773557865e-233, -535.0908666902843],
    [3.585900482093896e-117, -268.1254462572919],
    [1.6169876018491569e192, 442.57690276804396],
    [7.546055884443775e-195, -446.9830681064875],
    [4.110561226906073e49, 114.24022912745272],
    [2.891307104469916e84, 194.47885649665773],
    [2.606992008535089e-78, -178.64344018397628],
  ],
  log1p: [
    [0, 0],
    [5e-324, 5e-324],
    [1e-300, 1e-300],
    [1e-17, 1e-17],
    [1.1e-16, 1.1e-16],
    [2.3e-16, 2.2999999999999994e-16],
    [1e-8, 9.999999950000001e-9],
    [0.25, 0.22314355131420976],
    [0.41421356, 0.34657358860194104],
    [0.5, 0.4054651081081644],
    [1, 0.6931471805599453],
    [0.5477444657095578, 0.43679868771031594],
    [0.06278897497332314, 0.06089656128302677],
    [0.05960116996623266, 0.057892582573560475],
    [0.20595871281932654, 0.1872748629091239],
    [0.6803999731817859, 0.519031844353667],
    [1.1383082360486637e-10, 1.1383082359838765e-10],
    [1.2176319293911465e-12, 1.2176319293904051e-12],
    [6.316437005669882e-8, 6.316436806183009e-8],
    [3.168397643229255e-10, 3.1683976427273174e-10],
    [6.850256408489718e-13, 6.850256408487372e-13],
    [0.00026792037251032553, 0.0002678844882565945],
    [5.901980113990379e-6, 5.901962697374274e-6],
    [7.389438350621256e-14, 7.389438350620984e-14],
  ],
  tanh: [
    [0, 0],
    [1e-300, 1e-300],
    [-1e-17, -1e-17],
    [1e-9, 1e-9],
    [0.1, 0.09966799462495582],
    [-0.25, -0.24491866240370913],
    [0.55, 0.5005202111902353],
    [1, 0.7615941559557649],
    [-2, -0.9640275800758169],
    [9.5, 0.9999999887944072],
    [18, 0.9999999999999996],
    [19.5, 1],
    [-25, -1],
    [400, 1],
    [0.44654226155202625, 0.4190525989545452],
    [0.15117902286870866, 0.15003771850793146],
    [2.250824973440573, 0.9780619432263092],
    [1.3766717366353056, 0.8802037982782933],
    [-1.2723734106588809, -0.8544396155335768],
    [2.8810490849554924, 0.9937306999334072],
    [-2.2916053304702273, -0.979762816773876],
    [-0.49126306928863706, -0.45521833956913504],
    [1.5428455773914962, 0.9125972907383485],
    [-2.0880927920369716, -0.9697505916258095],
  ],
  cos: [
    [0, 1],
    [1e-9, 1],
    [0.7853981633974483, 0.7071067811865476],
    [0.7853981633974484, 0.7071067811865475],
    [1.5707963267948966, 6.123233995736766e-17],
    [1.5707963267948963, 2.83276944882399e-16],
    [2.356194490192345, -0.7071067811865475],
    [2.3561944901923444, -0.7071067811865471],
    [3, -0.9899924966004454],
    [3.141592653589793, -1],
    [1.5361228843312789, 0.034666495204012],
    [0.12317323070763679, 0.992423763553104],
    [2.099262025900667, -0.5042089410317454],
    [2.401970216442958, -0.7387230921555931],
    [1.800214084291813, -0.22741057496531217],
    [2.7503946620287856, -0.924452933746187],
    [0.9856668814456501, 0.5523072978557013],
    [2.1843348147603523, -0.5757641822916048],
    [1.867268039428194, -0.29214767255354057],
    [1.8217945136258298, -0.2483709914598026],
    [1.433211317345017, 0.13715134777524135],
    [2.638836608510324, -0.8762579122045796],
    [2.967803188376257, -0.9849365813042977],
    [1.48942385391669, 0.08128270157960205],
  ],
  power: [
    [0.9, 0, 1],
    [0.9, 1, 0.9],
    [0.999, 1000, 0.36769542477096373],
    [0.95, 7, 0.6983372960937497],
    [1, 5, 1],
    [0.5, 1074, 5e-324],
    [0.1, 30, 1.0000000000000017e-30],
    [0.99, 12345, 1.307607210564518e-54],
    [0.7, 3, 0.3429999999999999],
  ],
};

// Section 19 of docs/contract.md; half an ulp more, since the values above are rounded, is an ulp.
const ULPS = { exp: 1, log: 1, log1p: 2, tanh: 3, cos: 1 };

const INDEX = new URL("../../inst/js/index.js", import.meta.url);

/** The modules that take all their elementary functions from an arithmetic. */
const CORE = "activations backprop costs network optimizers schedules training".split(" ");

/** The distance to the next number away from 0. */
function ulp(x) {
  const [up] = new Float64Array(BigUint64Array.of(bits(Math.abs(x)) + 1n).buffer);
  return up - Math.abs(x);
}

function bits(x) {
  return new BigUint64Array(Float64Array.of(x).buffer)[0];
}

for (const [name, rows] of Object.entries(EXACTLY)) {
  test(`portable ${name} is the function`, () => {
    for (const row of rows) {
      const [given, expected] = [row.slice(0, -1), row.at(-1)];
      // each multiplication of a power may lose half an ulp, and what its factors lost counts t times
      const allowed = (ULPS[name] ?? row[1]) * ulp(expected);
      const found = PORTABLE[name](...given);
      assert.ok(Math.abs(found - expected) <= allowed, `${name}(${given}): ${found}, ${expected}`);
    }
  });
}

test("where there is no number to give", () => {
  const { exp, log, log1p, tanh, power, realPower } = PORTABLE;
  assert.deepEqual([-Infinity, -1e300, -746, 710, 1e300, Infinity].map(exp), [
    ...[0, 0, 0, Infinity, Infinity, Infinity],
  ]);
  assert.deepEqual([0, -0, Infinity].map(log), [-Infinity, -Infinity, Infinity]);
  assert.deepEqual([NaN, -1, -Infinity, -5e-324].map(log), [NaN, NaN, NaN, NaN]);
  assert.deepEqual(
    [NaN].flatMap((x) => [exp(x), log1p(x), tanh(x)]),
    [NaN, NaN, NaN],
  );
  assert.deepEqual([-Infinity, 0, Infinity].map(tanh), [-1, 0, 1]);
  assert.deepEqual([realPower(1, -0.5), realPower(4, 0)], [1, 1]);
  assert.deepEqual([power(0, 0), power(0, 3), power(2, 52)], [1, 0, 2 ** 52]);
});

test("portable exp and log never fall where they should rise", () => {
  // around the places where k, and with it the formula's other numbers, change
  for (const k of [-3, -1, 0, 1, 2, 10]) {
    for (const [name, at] of [
      ["exp", (k + 0.5) * Math.LN2],
      ["log", 2 ** (k + 0.5)],
    ]) {
      let previous = -Infinity;
      for (let i = -50; i <= 50; i++) {
        const value = PORTABLE[name](at + i * ulp(at));
        assert.ok(value >= previous, `${name} near ${at}`);
        previous = value;
      }
    }
  }
});

/** Five rows and their targets, by formulas of no special kind. */
const X = Array.from({ length: 5 }, (_, i) => [Math.sin(3 * i + 1), Math.cos(5 * i), i / 4 - 0.6]);
const D = Array.from({ length: 5 }, (_, i) => [i / 5, 1 - i / 5]);

/** One setting or two away from a plain training: what it is called, and the settings. */
const TRAININGS = [
  ...Object.keys(ACTIVATIONS)
    .filter((name) => name !== "softmax")
    .map((name) => [name, { activations: ["tanh", name, name] }]),
  ...Object.keys(COSTS).map((cost) => [cost, { cost }]),
  ["softmax", { activations: ["sigmoid", "tanh", "softmax"], cost: "cross_entropy" }],
  ...Object.keys(RULES).flatMap((rule) =>
    ["simultaneous", "output_first"].map((order) => [
      `${rule}, ${order}`,
      { rule, updateOrder: order, batchSize: 2 },
    ]),
  ),
  ...Object.keys(OPTIMIZERS).flatMap((name) =>
    [0, 0.01].map((weightDecay) => [
      `${name}, weight decay ${weightDecay}`,
      { optimizer: new Optimizer(name, { learningRate: 0.02, weightDecay }) },
    ]),
  ),
  ...Object.keys(SCHEDULES).map((schedule) => [schedule, { schedule }]),
  ["the rest", { dropout: 0.3, clipNorm: 0.01, sampleWeight: [1, 0, 2, 1, 3], shuffle: true }],
];

function trained({ activations = "sigmoid", optimizer, ...options }, arithmetic) {
  const network = new Network([3, 4, 3, 2], { activations, init: "uniform", seed: 5 });
  const moving = optimizer?.copy() ?? null;
  return network.train(X, D, {
    ...{ epochs: 3, batchSize: null, snapshots: [2], record: 2, optimizer: moving },
    ...options,
    arithmetic,
  });
}

for (const [name, options] of TRAININGS) {
  test(`portable is fast but for rounding: ${name}`, () => {
    const [portable, fast] = ["portable", "fast"].map((one) => trained(options, one));
    assertRun(portable, fast, AFTER_ONE_UPDATE, name);
    const kept = (run) => run.snapshots.map(({ cost, weights }) => [cost, weights]);
    assertGroup(kept(portable), kept(fast), AFTER_ONE_UPDATE, "snapshots");
    const costs = (run) => run.recording.steps.map(({ cost }) => cost);
    assertGroup(costs(portable), costs(fast), AFTER_ONE_UPDATE, "recording");
  });
}

/** The child process that trains everything, without the engine's own elementary functions. */
const WITHOUT = `
  for (const name of ["exp", "expm1", "log", "log1p", "log2", "log10", "tanh", "sinh", "cosh", "pow",
    "cos", "cbrt", "hypot"]) Math[name] = () => { throw new Error("Math." + name); };
  const { Network, Optimizer } = await import(process.argv[1]);
  for (const { activations, optimizer, ...options } of JSON.parse(process.argv[2])) {
    const network = new Network([3, 4, 3, 2], { activations });
    const { name, ...parameters } = optimizer;
    options.optimizer = new Optimizer(name, parameters);
    console.log(network.train(...JSON.parse(process.argv[3]), options).updates);
  }
`;

test("portable calls none of the engine's elementary functions, fast does", () => {
  const everything = TRAININGS.map(([, { activations = "sigmoid", optimizer, ...options }]) => ({
    ...{ activations, epochs: 2, optimizer: optimizer?.settings ?? { name: "sgd" } },
    ...options,
  }));
  const run = (arithmetic) => {
    const settings = JSON.stringify(everything.map((one) => ({ ...one, arithmetic })));
    const given = [INDEX.href, settings, JSON.stringify([X, D])];
    return execFileSync(
      process.execPath,
      ["--input-type=module", "--eval", WITHOUT, "--", ...given],
      { encoding: "utf8", stdio: "pipe" },
    );
  };
  assert.equal(run("portable").trim().split("\n").length, TRAININGS.length);
  assert.throws(() => run("fast"), /Error: Math\.(exp|tanh)/);
});

test("no module of the core has elementary functions of its own", () => {
  for (const name of CORE) {
    const text = readFileSync(new URL(`${name}.js`, INDEX), "utf8");
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    const found = /Math\.(exp|log|tanh|pow|cos|sin|hypot|cbrt|sinh|cosh)\w*|\*\*=?/.exec(code);
    assert.equal(found?.[0], undefined, name);
  }
});

test("without weight decay or momentum nothing is added, not even 0 times a number", () => {
  const endless = Float64Array.of(Infinity);
  const sgd = new Optimizer("sgd");
  sgd.startUpdate(1);
  sgd.move(endless, Float64Array.of(1), 0, 1, true, PORTABLE);
  assert.deepEqual(endless, Float64Array.of(Infinity)); // 0 * Infinity would be NaN
  const rmsprop = new Optimizer("rmsprop");
  rmsprop.startUpdate(1);
  rmsprop.move(Float64Array.of(1), Float64Array.of(1), 0, 1, true, PORTABLE);
  assert.deepEqual(rmsprop.state.velocity, Float64Array.of(0));
  // sign(-0) is 0: -0 - 0 is -0, and -0 - -0 would be 0
  const moved = Float64Array.of(-0);
  const rprop = new Optimizer("rprop");
  rprop.startUpdate(1);
  rprop.move(moved, Float64Array.of(-0), 0, 1, true, PORTABLE);
  assert.deepEqual(moved, Float64Array.of(-0));
});

test("sums of zeros are +0, of a single sample's gradients too", () => {
  const weights = [[[0, 0]]];
  const network = new Network([2, 1], { activations: "identity", weights });
  const gradients = network.backward(network.forward([[-1, 1]]), [[0]]);
  assert.deepEqual(gradients.gradWeights, [[[0, 0]]]);
});

test("costs are summed sample by sample", () => {
  const d = Float64Array.of(0, 0, 0, 0);
  // 1 and the parts that are lost beside it, unless they meet first
  const a = Float64Array.of(1, 1, 2 ** -27, 2 ** -27);
  const expected = (1 + 1) / 4 + (2 ** -54 + 2 ** -54) / 4;
  assert.equal(COSTS.half_mse.value(a, a, d, 2, 2, PORTABLE), expected);
  const thirds = Float64Array.of(0.1, 0.7, 0.3);
  const none = new Float64Array(3);
  const one = (e) => (e * e) / 2;
  assert.equal(
    COSTS.half_sse.value(thirds, thirds, none, 3, 1, PORTABLE, [0.1, 0.7, 0.3]),
    one(0.1) * 0.1 + one(0.7) * 0.7 + one(0.3) * 0.3,
  );
});

test("every function of a network takes it, and the three verbs do what a step does", () => {
  const options = { cost: "half_sse", arithmetic: "portable" };
  const [stepped, three] = [7, 7].map((seed) => new Network([2, 3, 1], { seed }));
  const adam = () => new Optimizer("adam", { learningRate: 0.1 });
  const [once, thrice] = [adam(), adam()];
  for (let i = 0; i < 20; i++) {
    const { forward } = stepped.step(XOR_X, XOR_D, { ...options, optimizer: once });
    const passed = three.forward(XOR_X, { arithmetic: "portable" });
    assert.deepEqual(passed, forward);
    assert.deepEqual(three.predict(XOR_X, { arithmetic: "portable" }), forward.a.at(-1));
    three.update(three.backward(passed, XOR_D, options), thrice, { arithmetic: "portable" });
    assert.deepEqual(three.parameters, stepped.parameters);
  }
  const run = new Network([2, 3, 1], { seed: 7 }).train(XOR_X, XOR_D, {
    ...{ ...options, batchSize: null, epochs: 20, optimizer: adam() },
  });
  assert.deepEqual(run.network.parameters, stepped.parameters);
  assert.equal(run.final_cost, stepped.meanCost(XOR_X, XOR_D, options));
  assert.equal(run.settings.arithmetic, "portable");
});

test("portable is not fast", () => {
  // V8's exp is fdlibm's as well; its tanh takes another way
  const network = new Network([2, 8, 1], { activations: "tanh" });
  const [portable, fast] = ["portable", "fast"].map((arithmetic) =>
    network.predict(
      [...X, ...XOR_X].map((row) => row.slice(0, 2)),
      { arithmetic },
    ),
  );
  assertGroup(portable, fast, AFTER_ONE_UPDATE, "outputs");
  assert.notDeepEqual(portable, fast);
});

test("another name is refused", () => {
  const network = new Network([2, 3, 1]);
  const message = 'arithmetic must be one of "fast", "portable", got "exact"';
  const options = { arithmetic: "exact" };
  const forward = network.forward(XOR_X);
  for (const call of [
    () => network.train(XOR_X, XOR_D, options),
    () => network.step(XOR_X, XOR_D, options),
    () => network.forward(XOR_X, options),
    () => network.predict(XOR_X, options),
    () => network.meanCost(XOR_X, XOR_D, options),
    () => network.backward(forward, XOR_D, options),
    () => network.update(network.backward(forward, XOR_D), "sgd", options),
  ]) {
    assertThrows(call, InputError, message);
  }
});
