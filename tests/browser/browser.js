// A real browser and the page in it, for the tests beside this file.
//
// Debian's Chromium by playwright-core; the page is served as `twinprop play` serves it. p5.js comes from
// node_modules, also where the page asks the CDN: no test needs the internet.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where Python with the package is: that of make, else any. */
export const PYTHON = existsSync(join(ROOT, ".venv/bin/python"))
  ? join(ROOT, ".venv/bin/python")
  : "python3";

/** Where the pictures of the page go. */
const PICTURES = join(ROOT, "build", "page");

const P5 = join(ROOT, "node_modules/p5/lib/p5.min.js");

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
];

export const DESKTOP = { width: 1440, height: 1000 };
export const PHONE = { width: 360, height: 740 };

/** The package of this source tree, wherever another one is installed. */
const ENV = { ...process.env, PYTHONPATH: join(ROOT, "python") };

/** Run a program and return what it prints. */
export async function output(command, args, input = "") {
  const child = spawn(command, args, { cwd: ROOT, env: ENV });
  const [out, err] = [[], []];
  child.stdout.on("data", (data) => out.push(data));
  child.stderr.on("data", (data) => err.push(data));
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(code, 0, Buffer.concat(err).toString());
  return Buffer.concat(out).toString();
}

/** Start server and browser before the tests of a file and end them after. */
export function withBrowser() {
  const here = { url: null, context: null };
  let server = null;
  let folder = null;
  before(async () => {
    const stdio = ["ignore", "pipe", "inherit"];
    const args = ["-u", "-m", "twinprop", "play", "--no-browser"];
    server = spawn(PYTHON, args, { cwd: ROOT, env: ENV, stdio });
    for await (const line of createInterface({ input: server.stdout })) {
      here.url = /http:\S+index\.html/.exec(line)[0];
      break;
    }
    assert.ok(here.url, "the server does not start");
    folder = await mkdtemp(join(tmpdir(), "twinprop-browser-"));
    const given = process.env.TWINPROP_CHROMIUM;
    here.executablePath = given ?? CHROMIUM.find((path) => existsSync(path));
    assert.ok(here.executablePath, "there is no Chromium: tools/system.sh test installs it");
    here.context = await chromium.launchPersistentContext(folder, {
      executablePath: here.executablePath,
      args: FLAGS,
      acceptDownloads: true,
      viewport: DESKTOP,
    });
    await here.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  });
  after(async () => {
    await here.context?.close();
    server?.kill("SIGINT");
    if (folder !== null) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return here;
}

/**
 * Open the page at a hash.
 *
 * @returns {Promise<Page>} With `problems`, all that the console and the network complained about.
 */
export async function openPage(here, hash = "", options = {}) {
  const page = await newPage(here, options);
  const { query = "?p5=local" } = options;
  await page.goto(`${here.url}${query}#${hash}`);
  await untilReady(page);
  return page;
}

/** Open a file that has the page in it, as a browser without a server does. */
export async function openFile(here, path, options = {}) {
  const page = await newPage(here, options);
  await page.goto(`${pathToFileURL(path)}#${options.hash ?? ""}`);
  await untilReady(page);
  return page;
}

/** Wait until the page, or a frame with it, has all that it will have. */
export function untilReady(page) {
  return page.waitForFunction(
    () => ["pictures", "without p5"].includes(document.documentElement.dataset.ready),
    null,
    { timeout: 20000 },
  );
}

export async function newPage(here, options = {}) {
  const { viewport = DESKTOP, theme = "light", motion = "reduce" } = options;
  const page = await here.context.newPage();
  page.problems = [];
  page.requested = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.problems.push(message.text());
  });
  page.on("pageerror", (error) => page.problems.push(error.stack));
  page.on("dialog", (dialog) => {
    page.problems.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => page.requested.push(request.url()));
  await page.route(/^https:/, async (route) => {
    if (options.offline || !/\/p5@/.test(route.request().url())) return route.abort();
    return route.fulfill({
      contentType: "text/javascript",
      headers: { "access-control-allow-origin": "*" },
      body: await readFile(P5),
    });
  });
  if (options.withoutLocal) await page.route(/\/p5\.min\.js$/, (route) => route.abort());
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme: theme, reducedMotion: motion });
  return page;
}

/** Close a page that had nothing to complain about. */
export async function closePage(page) {
  assert.deepEqual(page.problems, []);
  await page.close();
}

/** Write the page as a picture, to be looked at. */
export async function picture(page, name, options = { fullPage: true }) {
  mkdirSync(PICTURES, { recursive: true });
  await page.waitForTimeout(150);
  const path = join(PICTURES, `${name}.png`);
  await (options.of ? page.locator(options.of) : page).screenshot({ path, ...options });
  return path;
}

/** Wait until the page's text at a selector matches. */
export async function waitForText(page, selector, pattern) {
  await page.waitForFunction(
    ([where, source]) => new RegExp(source).test(document.querySelector(where).textContent),
    [selector, pattern.source],
    { timeout: 10000 },
  );
}

/** Drop a file on the page. */
export async function drop(page, name, text) {
  await page.evaluate(
    ([fileName, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], fileName));
      for (const type of ["dragover", "drop"]) {
        document.body.dispatchEvent(
          new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }),
        );
      }
    },
    [name, text],
  );
}

/** The file that a button saves, as text. */
export async function saved(page, selector) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  return {
    name: download.suggestedFilename(),
    text: await readFile(await download.path(), "utf8"),
  };
}
