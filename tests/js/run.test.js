// The command line. Twin: tests/python/test_cli.py.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { VERSION } from "../../inst/js/index.js";

const RUN_JS = fileURLToPath(new URL("../../inst/js/run.js", import.meta.url));
const FILE_ERRORS = new URL("../cases/errors/file.json", import.meta.url);
const PLAN = '{"training": {"epochs": 2}, "data": {"dataset": "xor"}}';

const folder = mkdtempSync(join(tmpdir(), "twinprop-"));
after(() => rmSync(folder, { recursive: true }));

function command(args, input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN_JS, ...args], {
    input,
    encoding: "utf8",
    cwd: folder,
  });
  return { status, stdout, stderr };
}

/** A file of the folder with this content. */
function file(name, content) {
  writeFileSync(join(folder, name), content);
  return name;
}

function withoutSeconds(text) {
  assert.ok(text.endsWith("}\n"));
  const { seconds, ...run } = JSON.parse(text);
  assert.ok(seconds >= 0);
  return run;
}

test("--fingerprint prints the run's fingerprint alone", () => {
  const plan = file("plan.json", PLAN);
  const { fingerprint } = JSON.parse(command([plan]).stdout);
  assert.deepEqual(command(["--fingerprint", plan]), {
    status: 0,
    stdout: `${fingerprint}\n`,
    stderr: "",
  });
  assert.equal(command(["--fingerprint", plan, "run.json"]).status, 1);
  assert.equal(command(["--fingerprint"]).status, 1);
});

test("from a file to a file, or by standard input and output, a plan gives the same run", () => {
  const plan = file("plan.json", PLAN);
  const quiet = { status: 0, stdout: "", stderr: "" };
  assert.deepEqual(command([plan, "run.json"]), quiet);
  const run = withoutSeconds(readFileSync(join(folder, "run.json"), "utf8"));
  assert.equal(run.format, "twinprop-run/1");
  assert.equal(run.updates, 8);
  for (const args of [[plan], [plan, "-"], ["-"], ["-", "-"]]) {
    const { status, stdout, stderr } = command(args, PLAN);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.deepEqual(withoutSeconds(stdout), run);
  }
  file("run.json", "old");
  assert.deepEqual(command(["-", "run.json"], PLAN), quiet);
  assert.deepEqual(withoutSeconds(readFileSync(join(folder, "run.json"), "utf8")), run);
});

test("an error is its message on standard error, status 1, and no file", () => {
  const input = '{"network": {"layers": [2]}}';
  assert.deepEqual(command(["-", "none.json"], input), {
    status: 1,
    stdout: "",
    stderr: "network.layers must be a list of at least 2 integers >= 1, got a list of 1\n",
  });
  for (const one of JSON.parse(readFileSync(FILE_ERRORS, "utf8"))) {
    const { status, stderr } = command([one.plan_file]);
    assert.deepEqual([status, stderr], [1, `${one.message}\n`]);
  }
  const invalid = command(["-"], "{");
  assert.equal(invalid.status, 1);
  assert.match(invalid.stderr, /^the plan is not valid JSON: .+\n$/);
  assert.match(
    command(["."]).stderr,
    /^cannot read the plan "\.": illegal operation on a directory\n$/,
  );
  const unwritable = command(["-", join("no-such-folder", "run.json")], PLAN);
  assert.equal(unwritable.status, 1);
  assert.match(
    unwritable.stderr,
    /^cannot write "no-such-folder.run\.json": no such file or directory\n$/,
  );
  // A folder in the run file's place: what was written beside it is gone.
  mkdirSync(join(folder, "folder"));
  assert.match(command(["-", "folder"], PLAN).stderr, /^cannot write "folder": .+\n$/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith(".") || name === "none.json"),
    [],
  );
});

const unix = { skip: process.platform === "win32" };

test(
  "a run file that is a link stays one, and a pipe is written to, not replaced",
  unix,
  async () => {
    file("target.json", "old");
    symlinkSync("target.json", join(folder, "link.json"));
    assert.equal(command(["-", "link.json"], PLAN).status, 0);
    assert.ok(lstatSync(join(folder, "link.json")).isSymbolicLink());
    withoutSeconds(readFileSync(join(folder, "target.json"), "utf8"));

    assert.equal(spawnSync("mkfifo", [join(folder, "pipe")]).status, 0);
    const reader = spawn("cat", [join(folder, "pipe")]);
    let received = "";
    reader.stdout.on("data", (data) => (received += data));
    const closed = once(reader, "close");
    const { status } = command(["-", "pipe"], PLAN);
    if (lstatSync(join(folder, "pipe")).isFile()) reader.kill();
    await closed;
    assert.equal(status, 0);
    assert.ok(lstatSync(join(folder, "pipe")).isFIFO());
    withoutSeconds(received);
  },
);

test("a reader who leaves early is no error to talk about", unix, () => {
  const plan = file(
    "long.json",
    '{"network": {"layers": [2, 99, 99, 1]}, "training": {"epochs": 1}}',
  );
  const script = `"${process.execPath}" "${RUN_JS}" ${plan} | head -c 5`;
  const { stdout, stderr } = spawnSync("sh", ["-c", script], { encoding: "utf8", cwd: folder });
  assert.deepEqual([stdout, stderr], ['{"for', ""]);
});

test("--version prints the version; anything else that is no plan, how to use it", () => {
  assert.deepEqual(command(["--version"]), { status: 0, stdout: `${VERSION}\n`, stderr: "" });
  for (const args of [[], ["a", "b", "c"]]) {
    const { status, stderr } = command(args);
    assert.equal(status, 1);
    assert.match(stderr, /^usage: /);
  }
});
