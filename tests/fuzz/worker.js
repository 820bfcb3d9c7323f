// The fuzzer's node: answers one request after the other. Twin: worker.R.
//
//     node worker.js URL-of-index.js
//
// A request is a line of standard input, DO<tab>FILE<tab>OUTPUT; the answer a line of JSON: {} if it
// went well and wrote OUTPUT, else the error's name and message.

import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { createInterface } from "node:readline";

const { formatRun, MLP, RandomStream, readPlan, runPlan, TwinpropError } = await import(
  process.argv[2]
);

const DO = {
  run: async (text) => formatRun(await runPlan(text)),
  read(text) {
    readPlan(text);
    return "";
  },
  random(text) {
    const { seed, draws } = JSON.parse(text);
    const stream = new RandomStream(seed);
    return JSON.stringify(draws.map(([what, n]) => stream[what](n)));
  },
  predict(text) {
    const { text: file, columns } = JSON.parse(text);
    const model = MLP.fromJSON(file);
    const row = (_, i) => Object.fromEntries(columns.map(({ name, values }) => [name, values[i]]));
    const rows = columns[0].values.map(row);
    return JSON.stringify({ raw: model.raw(rows), response: model.predict(rows) });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [task, file, output] = line.split("\t");
  let answer = {};
  try {
    await writeFile(output, await DO[task](await readFile(file, "utf8")));
  } catch (error) {
    const ours = error instanceof TwinpropError;
    answer = { error: error.constructor.name, message: ours ? error.message : error.stack };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
