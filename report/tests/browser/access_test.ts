import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import type { Browser, Page } from "puppeteer-core";
import { assert, assertEquals } from "@std/assert";
import { entries } from "../../bench/results.ts";
import { resultOf } from "../results.ts";
import { hostileResults } from "./hostile.ts";
import * as browsers from "./start.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const files = browsers.folder();
const file = files.path("ledger.ndjson");
const wrong = files.path("wrong.ndjson");
const lines: string[] = [];
for await (const entry of entries(300)) lines.push(JSON.stringify(entry));
writeFileSync(file, lines.join("\n"));
const result = JSON.parse(JSON.stringify(await resultOf({ orderId: "wrong" }, () => [1n, "x"])));
delete result.trace.endedAt;
result.trace.fidelity.raw.tagged = 7;
writeFileSync(wrong, `${JSON.stringify(result)}\n${(await hostileResults()).ndjson}\noops`);
after(() => files.remove());

type Rule = { id: string; nodes: { target: string[]; failureSummary: string }[] };

/** What axe-core has against the page as it is shown. */
async function violations(page: Page): Promise<string[]> {
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    // deno-lint-ignore no-explicit-any -- the checker is put into the page by name
    const { violations } = await (globalThis as any).axe.run({ runOnly: tags });
    return violations as Rule[];
  });
  return found.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`)
  );
}

/** Each screen of the page, by what leads to it. */
const SCREENS: Record<string, (page: Page) => Promise<void>> = {
  "where results come in": () => Promise.resolve(),
  "the overview": (page) => browsers.choose(page, [file]),
  async "the overview with what was not read"(page) {
    await browsers.choose(page, [wrong]);
    await page.click(".refusals summary");
  },
  async "a list that is empty"(page) {
    await browsers.choose(page, [file]);
    await page.type("input[type=search]", "nobody wrote this");
    await browsers.settled(page);
  },
  "a result": (page) => opened(page, file, "FAILED"),
  "an order without a result": (page) => opened(page, file, "UNKNOWN", "no result"),
  "a result that the contract refuses": (page) => opened(page, wrong, "APPLIED"),
};

async function opened(page: Page, file: string, status: string, part = ""): Promise<void> {
  await browsers.choose(page, [file]);
  await page.click(`button.status.${status}`);
  await browsers.settled(page);
  const index = (await browsers.rows(page)).findIndex((row) => row.includes(part));
  await page.click(`.rows .row:nth-child(${index + 1})`);
  await page.waitForSelector(".detail .identity");
  for (const summary of await page.$$("details:not([open]) > summary")) {
    await summary.evaluate((element) => (element as HTMLElement).click());
  }
  await browsers.settled(page);
}

for (const name of browsers.NAMES) {
  let [browser, dark]: Browser[] = [];
  before(async () => {
    browser = await browsers.start(name);
    dark = await browsers.start(name, true);
  }, { timeout: 120_000 });
  after(async () => {
    await browser!.close();
    await dark!.close();
  });

  for (const [screen, lead] of Object.entries(SCREENS)) {
    for (const scheme of ["light", "dark"]) {
      test(`${name}: axe-core finds nothing on ${screen}, ${scheme}`, async () => {
        const { page } = await browsers.open(scheme === "dark" ? dark! : browser!);
        if (name === "Chromium") {
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        }
        const isDark = await page.evaluate(() =>
          matchMedia("(prefers-color-scheme: dark)").matches
        );
        assertEquals(isDark, scheme === "dark");
        await page.evaluate(axe);
        await lead(page);
        assertEquals(await violations(page), []);
        await page.close();
      });
    }

    test(`${name}: ${screen} fits 360 pixels, and 200 % of a small window`, async () => {
      const { page } = await browsers.open(browser!);
      await lead(page);
      // To zoom to 200 % is to have half as many pixels of CSS.
      for (const viewport of [{ width: 360, height: 640 }, { width: 512, height: 384 }]) {
        await page.setViewport(viewport);
        await browsers.settled(page);
        const wide = await page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          const list = document.querySelector(".list");
          const inList = list ? list.scrollWidth - list.clientWidth : 0;
          return [scrollWidth - clientWidth, inList];
        });
        assertEquals(wide, [0, 0], `${viewport.width} pixels`);
      }
      await page.close();
    });
  }

  test(`${name}: the first order is on the first screen of a telephone, the fields one touch away`, async () => {
    const { page } = await browsers.open(browser!);
    await page.setViewport({ width: 390, height: 844 });
    await browsers.choose(page, [file]);
    const shown = (selector: string) =>
      page.$$eval(
        selector,
        (all) => all.filter((one) => one.getBoundingClientRect().height > 0).length,
      );
    const bottom = await page.$eval(".rows .row", (row) => row.getBoundingClientRect().bottom);
    assert(bottom < 844 / 2, `${bottom} pixels`);
    assertEquals(await Promise.all([shown(".filters .field"), shown(".plot")]), [1, 0]);
    await page.click(".unfold");
    await browsers.settled(page);
    assertEquals(await Promise.all([shown(".filters .field"), shown(".plot")]), [6, 1]);
    await page.evaluate(axe);
    assertEquals(await violations(page), []);
    const wide = await page.$eval("main", (main) => main.scrollWidth - main.clientWidth);
    assertEquals(wide, 0);
    await page.click(".unfold");
    assertEquals(await shown(".plot"), 0);
    await page.close();
  });

  test(`${name}: letters of twice the size make rows of twice the height`, async () => {
    const { page } = await browsers.open(browser!);
    await browsers.choose(page, [file]);
    const height = () =>
      page.$$eval(
        ".rows .row",
        ([first, second]) =>
          second!.getBoundingClientRect().top - first!.getBoundingClientRect().top,
      );
    assertEquals(await height(), 36);
    await page.evaluate(() => document.documentElement.style.setProperty("font-size", "32px"));
    await page.setViewport({ width: 1600, height: 900 });
    await browsers.settled(page);
    await page.click("button.status.FAILED");
    await browsers.settled(page);
    assert(await height() >= 72, String(await height()));
    await page.close();
  });
}
