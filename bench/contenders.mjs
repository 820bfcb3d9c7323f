// The contenders in JavaScript: ours, brain.js, Toy-Neural-Network-JS.
//
// Twins: contenders.py (which says what is asked and answered), contenders.R. BENCH_JS is a folder
// with node_modules/brain.js and Toy-Neural-Network-JS in it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { createInterface } from "node:readline";
import vm from "node:vm";

import { Network, Optimizer, VERSION } from "../inst/js/index.js";

class NotHere extends Error {}

function readNumbers(folder, name) {
  const bytes = readFileSync(join(folder, `${name}.bin`));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function toRows(flat, columns) {
  const rows = [];
  for (let i = 0; i < flat.length; i += columns) rows.push(Array.from(flat.slice(i, i + columns)));
  return rows;
}

function readTask(folder) {
  const plan = JSON.parse(readFileSync(join(folder, "plan.json"), "utf8"));
  const { layers } = plan;
  const start = readNumbers(folder, "start");
  const weights = [];
  const biases = [];
  let at = 0;
  for (let l = 1; l < layers.length; l++) {
    weights.push(toRows(start.slice(at, (at += layers[l] * layers[l - 1])), layers[l - 1]));
  }
  for (const units of layers.slice(1)) biases.push(Array.from(start.slice(at, (at += units))));
  return {
    plan,
    layers,
    x: toRows(readNumbers(folder, "x"), layers[0]),
    d: toRows(readNumbers(folder, "d"), layers.at(-1)),
    weights,
    biases,
  };
}

/** Parameters as start.bin has them. */
const flatten = (weights, biases) => Float64Array.from([weights, biases].flat(Infinity));

const result = ({ plan }, seconds, call = seconds) => ({
  seconds,
  call,
  updates: plan.epochs * Math.ceil(plan.rows / plan.batch),
  passes: plan.epochs,
});

function timed(call) {
  const started = performance.now();
  const value = call();
  return [(performance.now() - started) / 1000, value];
}

/** Network.train(). Its seconds, less those of a call with 0 epochs (the exact costs). */
function ours(task, options = {}) {
  const { plan, layers, weights, biases } = task;
  let last = null;
  const train = (epochs) => {
    last = new Network(layers, { activations: plan.activations, weights, biases });
    return last.train(task.x, task.d, {
      cost: plan.cost,
      optimizer: new Optimizer("sgd", { learningRate: plan.rate }),
      batchSize: plan.batch,
      epochs,
      ...options,
    });
  };
  if (options.arithmetic !== undefined) {
    try {
      train(0);
    } catch (error) {
      if (/unknown/.test(error.message)) throw new NotHere("not in this version");
      throw error;
    }
  }
  return {
    run() {
      const empty = Math.min(train(0).seconds, train(0).seconds, train(0).seconds);
      const [call, run] = timed(() => train(plan.epochs));
      return result(task, run.seconds - empty, call);
    },
    parameters: () => flatten(last.weights, last.biases),
    note: "",
  };
}

/** The folder of the peers, or an error that says that there is none. */
function peers(path) {
  const folder = process.env.BENCH_JS;
  if (!folder || !existsSync(join(folder, path))) throw new NotHere("not installed");
  return createRequire(join(folder, "index.js"));
}

function brain(task) {
  const { plan, layers, weights, biases } = task;
  const { NeuralNetwork } = peers("node_modules/brain.js")("brain.js");
  const data = task.x.map((input, i) => ({ input, output: task.d[i] }));
  let last = null;
  return {
    run() {
      last = new NeuralNetwork({ hiddenLayers: layers.slice(1, -1), activation: "sigmoid" });
      last.sizes = layers;
      last.initialize();
      for (let l = 1; l < layers.length; l++) {
        for (let k = 0; k < layers[l]; k++) {
          last.biases[l][k] = biases[l - 1][k];
          for (let j = 0; j < layers[l - 1]; j++) last.weights[l][k][j] = weights[l - 1][k][j];
        }
      }
      last.errorCheckInterval = Infinity; // it need not compute an error that nobody asked for
      const options = {
        iterations: plan.epochs,
        errorThresh: 1e-100, // it does not allow 0, neither here nor for the momentum
        learningRate: plan.rate,
        momentum: 1e-100,
        log: false,
      };
      const [seconds] = timed(() => last.train(data, options));
      return { ...result(task, seconds), updates: plan.epochs * plan.rows };
    },
    parameters: () =>
      flatten(
        last.weights.slice(1).map((rows) => Array.from(rows, (row) => Array.from(row))),
        last.biases.slice(1).map((row) => Array.from(row)),
      ),
    note: "",
  };
}

function toy(task) {
  const { plan, layers, weights, biases, x, d } = task;
  const folder = "Toy-Neural-Network-JS/lib";
  peers(folder);
  const read = (name) => readFileSync(join(process.env.BENCH_JS, folder, `${name}.js`), "utf8");
  // It is written for a page: no module, its classes global.
  const sources = `${read("matrix")}\n${read("nn")}\n({ NeuralNetwork, Matrix });`;
  const { NeuralNetwork } = vm.runInThisContext(`{ const module = undefined;\n${sources} }`);
  let last = null;
  return {
    run() {
      last = new NeuralNetwork(...layers);
      last.setLearningRate(plan.rate);
      last.weights_ih.data = weights[0].map((row) => row.slice());
      last.weights_ho.data = weights[1].map((row) => row.slice());
      last.bias_h.data = biases[0].map((value) => [value]);
      last.bias_o.data = biases[1].map((value) => [value]);
      const [seconds] = timed(() => {
        for (let epoch = 0; epoch < plan.epochs; epoch++) {
          for (let i = 0; i < x.length; i++) last.train(x[i], d[i]);
        }
      });
      return { ...result(task, seconds), updates: plan.epochs * plan.rows };
    },
    parameters: () =>
      flatten(
        [last.weights_ih.data, last.weights_ho.data],
        [last.bias_h.data.flat(), last.bias_o.data.flat()],
      ),
    note: "another rule",
  };
}

const TOY_RULE = { rule: "transpose", updateOrder: "output_first" };

const CONTENDERS = {
  js: ours,
  "js, portable": (task) => ours(task, { arithmetic: "portable" }),
  "js, rule of Toy-NN": (task) => ours(task, TOY_RULE),
  "brain.js": brain,
  "Toy-NN": toy,
};

function version(name) {
  const package_ = (path) =>
    JSON.parse(readFileSync(join(process.env.BENCH_JS, path, "package.json"), "utf8"));
  const of =
    name === "brain.js"
      ? `brain.js ${package_("node_modules/brain.js").version}`
      : name === "Toy-NN"
        ? "Toy-Neural-Network-JS (has no versions)"
        : `twinprop ${VERSION}`;
  return { version: `${of}, node ${process.versions.node}`, blas: "none" };
}

/** The system's own figure of the most memory this process ever had; null where it has none. */
function peakBytes() {
  if (!existsSync("/proc/self/status")) return null;
  const line = /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(line[1]) * 1024;
}

const answer = (values) => console.log(`BENCH ${JSON.stringify(values)}`);

const name = process.argv[2];
let ready = null;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    if (request.load !== undefined) {
      ready = CONTENDERS[name](readTask(request.load));
      answer({ note: ready.note, ...version(name) });
    } else if (request.run !== undefined) {
      answer(ready.run());
    } else if (request.parameters !== undefined) {
      writeFileSync(request.parameters, new Uint8Array(ready.parameters().buffer));
      answer({ written: true });
    } else if (request.import !== undefined) {
      answer({});
    } else if (request.peak !== undefined) {
      answer({ bytes: peakBytes() });
    } else break;
  } catch (error) {
    if (!(error instanceof NotHere)) throw error;
    answer({ absent: error.message });
  }
}
