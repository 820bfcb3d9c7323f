// The page as a static site, as `make site` builds it, from a host that knows nothing of it.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";

import { closePage, newPage, output, untilReady, waitForText, withBrowser } from "./browser.js";

const here = withBrowser();

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

let folder;
let server;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinprop-site-"));
  await output("make", ["-s", "site", `SITE=${folder}`]);
  // below a path of its own, as on the hosts of projects
  server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://host").pathname);
    try {
      const file = join(folder, path.replace(/^\/lesson\/$/, "/lesson/index.html").slice(7));
      const body = await readFile(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

test("the site's first page leads to the page, which takes a step", async () => {
  const page = await newPage(here);
  await page.goto(`http://127.0.0.1:${server.address().port}/lesson/`);
  await page.waitForURL(/\/lesson\/js\/sketch\/index\.html/);
  await untilReady(page);
  await page.click("#step");
  await waitForText(page, "#position", /^1 update made/);
  await closePage(page);
});

test("the site has the data sets", async () => {
  const page = await newPage(here);
  const site = `http://127.0.0.1:${server.address().port}/lesson/js/sketch/index.html`;
  await page.goto(`${site}#data=iris`);
  await untilReady(page);
  await page.click("#step");
  await waitForText(page, "#position", /cost over all 150 samples/);
  assert.ok(page.requested.some((url) => url.endsWith("/lesson/data/iris.csv")));
  await closePage(page);
});
