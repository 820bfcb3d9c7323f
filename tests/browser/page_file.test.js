// The page as one file, in a real browser: as to_html() and tp_to_html() write it, without a server.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { MLP } from "../../inst/js/index.js";
import { fromHash } from "../../inst/js/sketch/state.js";
import { assertGroup } from "../js/helpers.js";
import {
  closePage,
  drop,
  newPage,
  openFile,
  openPage,
  output,
  picture,
  PYTHON,
  saved,
  untilReady,
  waitForText,
  withBrowser,
} from "./browser.js";

const here = withBrowser();

// Python's exp differs from V8's in the last bit (section 10 of docs/contract.md).
const AFTER_FEW_UPDATES = 1e-12;

const EVIL = "</script><img src=x onerror=alert(1)>";

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "twinprop-page-"))));
after(() => rm(folder, { recursive: true, force: true }));

/** Run Python code with the folder as `folder`; what it prints as JSON. */
async function python(code) {
  const start = `import json, pathlib, twinprop\nfolder = pathlib.Path(${JSON.stringify(folder)})\n`;
  return JSON.parse(await output(PYTHON, ["-"], start + code));
}

const WRITTEN = `
from twinprop import Network, to_html, play
network = Network([2, 3, 1], ["tanh", "sigmoid"], init="uniform", seed=4)
x, d = [[0.5, -1], [1.5, 0.25], [-2, 1 / 3]], [[0], [1], [1]]
`;

const stateOf = (page) => fromHash(new URL(page.url()).hash);

test("the file works without a server, and a played step gives Python's numbers", async () => {
  const expected = await python(`${WRITTEN}
to_html(network, x, d, folder / "page.html")
before = [w.tolist() for w in network.weights]
network.step(x[:1], d[:1], optimizer=twinprop.Optimizer("sgd", learning_rate=0.5))
print(json.dumps({"before": before, "weights": [w.tolist() for w in network.weights],
                  "biases": [b.tolist() for b in network.biases],
                  "cost": network.mean_cost(x, d)}))
`);
  const page = await openFile(here, join(folder, "page.html"));
  assert.equal(await page.locator("canvas").count(), 3);
  // p5.js is in it: nothing else is asked for
  assert.deepEqual(
    page.requested.filter((url) => !/^(blob|data):/.test(url)),
    [page.requested[0]],
  );
  assert.deepEqual(stateOf(page).weights, expected.before);
  await page.click("#step");
  const position = await page.textContent("#position");
  assert.ok(position.startsWith("1 update made"), position);
  const [shown] = / ([\d.]+)$/.exec(position).slice(1);
  assert.equal(Number(shown), Number(expected.cost.toPrecision(6)));
  const { text } = await saved(page, "#save-model");
  const { network } = MLP.fromJSON(text);
  assertGroup(
    [network.weights, network.biases],
    [expected.weights, expected.biases],
    AFTER_FEW_UPDATES,
    "the weights after a step",
  );
  await picture(page, "file");
  // the address leads back
  await page.reload();
  await untilReady(page);
  assert.equal(await page.textContent("#position"), position);
  const choices = await page.$$eval("#data option", (options) => options.map(({ value }) => value));
  assert.deepEqual(choices, ["given", "painted"]);
  await page.selectOption("#data", "painted");
  await waitForText(page, "#data-words", /^6 rows/);
  await page.selectOption("#data", "given");
  await waitForText(page, "#data-words", /^3 rows/);
  assert.deepEqual(stateOf(page).weights, expected.before);
  await closePage(page);
});

test("an address without samples is about those of the file", async () => {
  await python(`${WRITTEN}
to_html(network, x, d, folder / "page.html")
print("null")
`);
  const path = join(folder, "page.html");
  const page = await openFile(here, path, { hash: "rule=transpose&updates=2&phase=back" });
  assert.match(await page.textContent("#data-words"), /^3 rows, 2 inputs/);
  const { rule, updates, phase, layers } = stateOf(page);
  assert.deepEqual([rule, updates, phase, layers], ["transpose", 2, "back", [2, 3, 1]]);
  await closePage(page);
  const wrong = await openFile(here, path, { hash: "rule=best" });
  assert.match(await wrong.textContent("#problem"), /rule must be one of/);
  assert.match(await wrong.textContent("#data-words"), /^3 rows, 2 inputs/);
  await closePage(wrong);
});

test("tour and exercise are in the file", async () => {
  await python(`${WRITTEN}
to_html(network, x, d, folder / "page.html")
print("null")
`);
  const page = await openFile(here, join(folder, "page.html"));
  await page.click("#tour-open");
  for (let step = 1; step <= 12; step++) {
    await waitForText(page, "#tour-title", new RegExp(`^Tour, ${step} of 12`));
    assert.ok(!(await page.isVisible("#problem")), await page.textContent("#problem"));
    if (step < 12) await page.click("#tour-next");
  }
  await page.reload();
  await untilReady(page);
  await waitForText(page, "#tour-title", /^Tour, 12 of 12/);
  await page.click("#tour-close");
  await page.click("#exercise-open");
  await page.waitForSelector("#exercise:not([hidden])");
  assert.ok(!(await page.isVisible("#problem")), await page.textContent("#problem"));
  await page.selectOption("#data", "given");
  await waitForText(page, "#data-words", /^3 rows/);
  await closePage(page);
});

test("a name that looks like markup does nothing, in any place", async () => {
  await python(`${WRITTEN}
import pandas
evil = ${JSON.stringify(EVIL)}
x = pandas.DataFrame(x, columns=[evil, "<!--<script>"])
to_html(network, x, pandas.DataFrame(d, columns=["<b>" + evil]), folder / "page.html")
print("null")
`);
  const page = await openFile(here, join(folder, "page.html"));
  await page.click("#as-table summary");
  await page.click("#step");
  await page.selectOption("#focus", "1.1");
  assert.equal(await page.locator("img, main script, main b").count(), 0);
  assert.ok((await page.textContent("#table")).includes(EVIL));
  assert.ok((await page.textContent("#focus")).includes(`<b>${EVIL}`));
  assert.deepEqual(stateOf(page).data.inputNames, [EVIL, "<!--<script>"]);
  // and even what became markup would not run
  await page.evaluate(() => {
    for (const text of ["globalThis.ran = 1", "globalThis.ran = 2"]) {
      const script = document.createElement("script");
      script.textContent = text;
      document.body.append(script);
    }
    document.body.insertAdjacentHTML("beforeend", '<img src="data:," onerror="ran = 3">');
  });
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => globalThis.ran), undefined);
  const refused = page.problems.splice(0);
  assert.ok(refused.length >= 3 && refused.every((text) => /Content Security Policy/.test(text)));
  await closePage(page);
});

test("without a copy p5.js comes from the CDN, by version and checksum, and else is missed", async () => {
  await python(`${WRITTEN}
import sys
sys.modules["twinprop.play"].local_p5 = lambda: None
to_html(network, x, d, folder / "page.html")
print("null")
`);
  const path = join(folder, "page.html");
  const page = await openFile(here, path);
  assert.equal(await page.locator("canvas").count(), 3);
  assert.ok(page.requested.includes("https://cdn.jsdelivr.net/npm/p5@2.3.4/lib/p5.min.js"));
  await closePage(page);
  const offline = await openFile(here, path, { offline: true });
  assert.match(await offline.textContent("#p5-problem"), /p5\.js 2\.3\.4 could not be loaded/);
  await offline.click("#step");
  assert.match(await offline.textContent("#now"), /^Weights moved/);
  await offline.close();
});

test("a notebook shows it in a frame, from which it reaches nothing", async () => {
  const { shown } = await python(`${WRITTEN}
import sys, types
kernel = types.SimpleNamespace(kernel=1)
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: kernel)
print(json.dumps({"shown": play(network, x, d)._repr_html_()}))
`);
  const path = join(folder, "notebook.html");
  await writeFile(path, `<!doctype html><title>a notebook</title>${shown}`);
  const page = await newPage(here);
  await page.goto(`file://${path}`);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await untilReady(frame);
  assert.equal(await frame.locator("canvas").count(), 3);
  await frame.click("#step");
  assert.match(await frame.textContent("#position"), /^1 update made/);
  await frame.click("#tour-open");
  await waitForText(frame, "#tour-title", /^Tour, 1 of 12/);
  await frame.click("#tour-close");
  await frame.click("#edit");
  await frame.fill("#dialog-value", "-2.5");
  await frame.click("#dialog-set");
  await waitForText(frame, "#position", /^0 updates made/);
  assert.equal(await frame.evaluate(() => self.origin), "null");
  // p5.js listens to sensors, which no frame of another origin has
  page.problems = page.problems.filter((text) => !/permissions policy/i.test(text));
  await closePage(page);
});

test("as much as a file may hold stays at hand", async () => {
  await python(`
import numpy
from twinprop import Network, to_html
random = numpy.random.default_rng(1)
network = Network([90, 900, 10], ["tanh", "softmax"])
to_html(network, random.normal(size=(2000, 90)), numpy.eye(10)[numpy.arange(2000) % 10],
        folder / "page.html")
print("null")
`);
  const page = await openFile(here, join(folder, "page.html"));
  const took = await page.evaluate(() => {
    const start = performance.now();
    document.querySelector("#step").click();
    return performance.now() - start;
  });
  console.log(`a step of the largest page: ${took.toFixed(0)} ms`);
  assert.match(await page.textContent("#position"), /^1 update made/);
  assert.match(await page.textContent("#data-words"), /Too much for the address/);
  await closePage(page);
});

test("a model goes out, and comes in again, in any language", async () => {
  const page = await openPage(here, "updates=5&phase=update&activations=tanh,sigmoid");
  const { name, text } = await saved(page, "#save-model");
  assert.equal(name, "network.twinprop.json");
  const { network } = MLP.fromJSON(text);
  await writeFile(join(folder, name), text);
  const read = await python(`
model = twinprop.read_model(folder / "${name}")
print(json.dumps({"weights": [w.tolist() for w in model.network.weights],
                  "biases": [b.tolist() for b in model.network.biases]}))
`);
  assert.deepEqual([read.weights, read.biases], [network.weights, network.biases]);
  const fresh = await openPage(here);
  await drop(fresh, name, text);
  await waitForText(fresh, "#done", /^The file is open\.$/);
  assert.deepEqual(stateOf(fresh).weights, network.weights);
  assert.deepEqual(stateOf(fresh).activations, ["tanh", "sigmoid"]);
  assert.deepEqual((await saved(fresh, "#save-model")).text, text);
  await drop(fresh, name, text.replace("tanh", "relu"));
  await waitForText(fresh, "#problem", /does not compute the outputs of its probes/);
  await closePage(fresh);
  await closePage(page);
});

test("a model with columns labels the picture, and says what does not fit", async () => {
  const page = await openPage(here);
  const { text } = await python(`
from twinprop.model_file import format_model
from twinprop import Model, Network
names = ["<i>age", "size"]
inputs = {"columns": [{"name": name, "kind": "numeric"} for name in names],
          "terms": [{"name": name, "parts": [{"column": name}]} for name in names],
          "center": [1.0, 2.0], "scale": [1.0, 1.0]}
outputs = {"names": ["kind"], "levels": ["no", "yes"], "center": None, "scale": None}
model = Model(Network([2, 3, 1]), "classification", inputs, outputs,
              training={"cost": "cross_entropy"})
print(json.dumps({"text": format_model(model)}))
`);
  await drop(page, "ages.twinprop.json", text);
  await waitForText(page, "#done", /^The file is open\. The cost is cross_entropy now\.$/);
  assert.deepEqual(stateOf(page).data.inputNames, ["<i>age", "size"]);
  assert.ok((await page.textContent("#focus")).includes("(<i>age)"));
  assert.ok((await page.textContent("#focus")).includes("(yes)"));
  await drop(page, "other.twinprop.json", formatOf([3, 1]));
  await waitForText(page, "#problem", /is of a network with 3 inputs and 1 outputs; open its data/);
  await closePage(page);
});

function formatOf(layers) {
  const weights = [[[0, 0, 0]]];
  const rows = [[0, 0, 0]];
  return JSON.stringify({
    format: "twinprop-model/1",
    task: null,
    network: { layers, activations: ["identity"], weights, biases: [[0]] },
    inputs: null,
    outputs: null,
    na: "error",
    training: null,
    probes: { rows, outputs: [[0]] },
  });
}
