/** The page on paper: printed for real, and as its print styles show it on a screen. */
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { after, before, test } from "node:test";
import type { Browser, Page } from "puppeteer-core";
import { assert, assertEquals } from "@std/assert";
import { entries } from "../../bench/results.ts";
import * as browsers from "./start.ts";

const files = browsers.folder();
const file = files.path("ledger.ndjson");
const long = files.path("long.ndjson");
const lines: string[] = [];
for await (const entry of entries(2000)) lines.push(JSON.stringify(entry));
writeFileSync(file, lines.join("\n"));
/** With names as long as the contract has them. */
const names = ["release-of-the-shop-".repeat(12), "W".repeat(250)];
const inFull = lines.slice(0, 200).map((line, index) =>
  line.replaceAll(/"(orderId|name|runner)":"/g, (field) => field + names[index % 2])
);
writeFileSync(long, inFull.join("\n"));
after(() => files.remove());

/** How many pages of A4 a browser prints. */
async function printed(page: Page): Promise<number> {
  // Without tags, Chromium needs two thirds of the time.
  const pdf = await page.pdf({ format: "A4", tagged: false, timeout: 240_000 });
  const text = Buffer.from(pdf).toString("latin1");
  const streams = Array.from(text.matchAll(/stream\r?\n([\s\S]*?)endstream/g), ([, stream]) => {
    try { // Firefox compresses the pages' own descriptions, too.
      return inflateSync(Buffer.from(stream!, "latin1")).toString("latin1");
    } catch {
      return "";
    }
  });
  return [text, ...streams].join("\n").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
}

/** Shows what would be printed, in a window as wide as the paper. */
async function preview(page: Page): Promise<void> {
  await page.emulateMediaType("print");
  await page.setViewport({ width: 718, height: 1000 });
  await browsers.settled(page);
}

/** Has a page keep what its chart is while the browser prints: once the page's own listeners ran. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    addEventListener("beforeprint", () => {
      const svg = document.querySelector(".plot svg")!;
      const ends = [...svg.querySelectorAll(".axes line")].map((line) => line.getAttribute("x2"));
      const rows = document.querySelectorAll(".rows .row").length;
      Object.assign(globalThis, { watched: [svg.getAttribute("viewBox"), ends[0], rows] });
    });
  });
}

let browser: Browser;
before(async () => browser = await browsers.start("Chromium"), { timeout: 120_000 });
after(async () => await browser.close());

for (const name of browsers.NAMES) {
  for (const [screen, width] of [["a wide screen", 1280], ["a telephone", 390]] as const) {
    test(`${name}: 2,000 orders need at most 36 pages and the chart is whole, printed from ${screen}`, async () => {
      const own = await browsers.start(name);
      try {
        const { page } = await browsers.open(own);
        await page.setViewport({ width, height: 844 });
        await browsers.choose(page, [file]);
        await watch(page);
        const pages = await printed(page);
        assert(pages >= 20 && pages <= 36, `${pages} pages`);
        // The chart is as wide as its axis, whatever the screen.
        const watched = await page.evaluate(() => (globalThis as { watched?: unknown }).watched);
        assertEquals(watched, ["0 0 700 180", "684", 2000]);
        await page.waitForFunction(() => !document.querySelector(".printing"));
      } finally {
        await own.close();
      }
    });
  }
}

test("on paper there are all rows, what was asked for, and no buttons", async () => {
  const { page } = await browsers.open(browser);
  await browsers.choose(page, [file]);
  await page.emulateMediaType("print");
  await browsers.settled(page);
  assertEquals((await browsers.rows(page)).length, 2000);
  await page.emulateMediaType();
  await page.click("button.status.FAILED");
  await page.type("input[type=search]", "mirror docs");
  await page.emulateMediaType("print");
  await browsers.settled(page);
  const said = await page.$eval("main", (main) => main.innerText);
  for (const part of ["status: FAILED", "text: mirror docs", "the mirror of docs did not take"]) {
    assert(said.includes(part), part);
  }
  const buttons = await page.$$eval(
    ".filters, .top .choice, .shown button",
    (all) => all.filter((one) => one.getBoundingClientRect().height > 0).length,
  );
  assertEquals(buttons, 0);
  await page.close();
});

test("on paper no name is cut, and none reaches into another", async () => {
  const { page } = await browsers.open(browser);
  await browsers.choose(page, [long]);
  await preview(page);
  const cut = await page.$$eval(".rows .row > span", (cells) =>
    cells.flatMap((cell) => {
      const box = cell.getBoundingClientRect();
      const own = document.createRange();
      own.selectNodeContents(cell);
      const text = own.getBoundingClientRect();
      const { overflow, textOverflow } = getComputedStyle(cell);
      const isWhole = text.right <= box.right + 1 && text.bottom <= box.bottom + 1 &&
        box.right <= innerWidth && overflow === "visible";
      return isWhole ? [] : [`${cell.className} ${overflow} ${textOverflow}`];
    }));
  assertEquals(cut, []);
  await page.close();
});
