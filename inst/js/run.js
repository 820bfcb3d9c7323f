#!/usr/bin/env node
// Run a plan from the command line. Twins: python/twinprop/__main__.py; in R, tp_run().
//
//     node inst/js/run.js PLAN [RUN]
//     node inst/js/run.js --fingerprint PLAN
//
// PLAN is a plan file, RUN the run file to write; "-" is standard input or standard output, which is
// also where the run goes if RUN is absent. On an error its message goes to standard error, nothing
// is written, and the exit status is 1. With --fingerprint the run's is printed instead.

import { randomBytes } from "node:crypto";
import { open, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { buffer } from "node:stream/consumers";

import { escaped } from "./checks.js";
import { formatRun, InputError, runPlan, TwinpropError, VERSION } from "./index.js";
import { decodeUtf8 } from "./json_text.js";

const USAGE =
  'usage: node run.js [--fingerprint] PLAN [RUN] ("-" is standard input or output), or --version';

/** The system's own words, without the code before them and the call after. */
function reason(error) {
  return error.message.replace(/^[A-Z0-9]+: /, "").replace(/, [a-z]+( '.*)?$/s, "");
}

async function readSource(name) {
  if (name === "-") return decodeUtf8(await buffer(process.stdin), "plan");
  let bytes;
  try {
    bytes = await readFile(name);
  } catch (error) {
    if (error.code === "ENOENT")
      throw new InputError(`cannot read the plan: no file "${escaped(name)}"`);
    throw new InputError(`cannot read the plan "${escaped(name)}": ${reason(error)}`);
  }
  return decodeUtf8(bytes, "plan");
}

/** Write a text file so that it is there whole or not at all. */
async function writeWhole(name, content) {
  const there = await stat(name).catch(() => null);
  try {
    // a pipe or a device is no file to replace
    if (there && !there.isFile()) return await writeFile(name, content);
  } catch (error) {
    throw new InputError(`cannot write "${escaped(name)}": ${reason(error)}`);
  }
  const target = there ? await realpath(name) : name; // a link stays a link
  const unique = randomBytes(6).toString("hex");
  const temporary = join(dirname(target), `.${basename(target)}.${unique}`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new InputError(`cannot write "${escaped(name)}": ${reason(error)}`);
  }
}

async function main(args) {
  if (args.length === 1 && args[0] === "--version") {
    console.log(VERSION);
    return;
  }
  const mark = args[0] === "--fingerprint";
  if (mark) args.shift();
  if (args.length < 1 || args.length > (mark ? 1 : 2)) throw new InputError(USAGE);
  const [plan, run = "-"] = args;
  const trained = await runPlan(await readSource(plan));
  const content = `${mark ? trained.fingerprint : formatRun(trained)}\n`;
  if (run === "-") process.stdout.write(content);
  else await writeWhole(run, content);
  if (trained.warning !== null) console.error(`Warning: ${trained.warning}`);
}

process.stdout.on("error", (error) => {
  // Whoever read us has gone: no more to say, and no fault of ours.
  if (error.code === "EPIPE") process.exit(141);
  console.error(`cannot write "-": ${reason(error)}`);
  process.exit(1);
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof TwinpropError ? error.message : error);
  process.exitCode = 1;
}
