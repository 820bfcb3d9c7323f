#!/usr/bin/env node
// Run a plan from the command line. Twins: python/twinprop/__main__.py; in R, tp_run().
//
//     node inst/js/run.js PLAN [RUN]
//
// PLAN is a plan file, RUN the run file to write; "-" is standard input or standard output, which is
// also where the run goes if RUN is absent. On an error its message goes to standard error, nothing
// is written, and the exit status is 1.

import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";

import { formatRun, InputError, runPlan, TwinpropError, VERSION } from "./index.js";

const USAGE = 'usage: node run.js PLAN [RUN] ("-" is standard input or output), or --version';

async function readSource(name) {
  if (name === "-") return text(process.stdin);
  try {
    return await readFile(name, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") throw new InputError(`cannot read the plan: no file "${name}"`);
    throw new InputError(`cannot read the plan "${name}": ${error.message}`);
  }
}

/** Write a text file so that it is there whole or not at all. */
async function writeWhole(name, content) {
  const unique = randomBytes(6).toString("hex");
  const temporary = join(dirname(name), `.${basename(name)}.${unique}`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, name);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new InputError(`cannot write "${name}": ${error.message}`);
  }
}

async function main(args) {
  if (args.length === 1 && args[0] === "--version") {
    console.log(VERSION);
    return;
  }
  if (args.length < 1 || args.length > 2) throw new InputError(USAGE);
  const [plan, run = "-"] = args;
  const content = `${formatRun(await runPlan(await readSource(plan)))}\n`;
  if (run === "-") process.stdout.write(content);
  else await writeWhole(run, content);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof TwinpropError ? error.message : error);
  process.exitCode = 1;
}
