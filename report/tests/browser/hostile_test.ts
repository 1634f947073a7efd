import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { assert, assertEquals } from "@std/assert";
import { execute } from "../../../mod.ts";
import type { Entry } from "../../../runner/ledgers/ledger.ts";
import { reportOf } from "../../../runner/report.ts";
import { EVERYTHING, toFragment } from "../../query.ts";
import { hostileResults, INJECTIONS } from "./hostile.ts";
import * as browsers from "./start.ts";

const { ndjson, count } = await hostileResults();
const files = browsers.folder();
const file = files.path("hostile.ndjson");
writeFileSync(file, ndjson);
after(() => files.remove());

/** The page with the same results in it, as `deployer report` writes it. */
async function embedded(): Promise<string> {
  const page = readFileSync(browsers.fileOf(browsers.REPORT), "utf8");
  const entries = ndjson.split("\n").map((line) => {
    const result = JSON.parse(line);
    const { orderId, executionId, status } = result;
    return { status, fact: { ...result.facts[0], orderId, executionId }, result } as Entry;
  });
  const all = async function* () {
    yield* entries;
  };
  let text = "";
  for await (const part of reportOf(page, all())) {
    text += part.text;
  }
  const path = files.path("hostile.html");
  writeFileSync(path, text);
  return pathToFileURL(path).href;
}

/** Opens whatever can be opened, and tells what is wider than the page, or than its own card. */
async function openAll(page: Page): Promise<string[]> {
  return await page.evaluate(async () => {
    for (let round = 0; round < 12; round++) {
      const closed = [...document.querySelectorAll("details:not([open]) > summary")];
      if (closed.length === 0) break;
      for (const summary of closed) (summary as HTMLElement).click();
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const root = document.documentElement;
    const wide = root.scrollWidth > root.clientWidth ? ["the page"] : [];
    for (const card of document.querySelectorAll<HTMLElement>(".card, .headline")) {
      const { right, bottom } = card.getBoundingClientRect();
      for (const inside of card.querySelectorAll("*")) {
        const box = inside.getBoundingClientRect();
        const scrolls = inside.closest("pre") !== null && !inside.matches("pre");
        if (!scrolls && (box.right > right + 1 || box.bottom > bottom + 1)) {
          wide.push(`${inside.tagName}.${inside.className} of ${card.className}`);
        }
      }
    }
    return wide;
  });
}

/** Results that no Deployer makes: of a size, or of a kind, that a page may break on. */
const UNHEARD_OF = await unheardOf();

async function unheardOf(): Promise<Record<string, string>> {
  const order = { orderId: "x", action: { name: "x" } };
  const result = await execute(order, { executionId: "e", runner: "r" }, () => {
    throw new Error("no");
  });
  const mute = { toString: 1, valueOf: 1 };
  const text = (orderId: string, fields: object, trace: object) =>
    JSON.stringify({ ...result, orderId, ...fields, trace: { ...result.trace, ...trace } });
  const annotations = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`a${i}`, "b"]));
  const causes = `{"$js":"error","message":"m","cause":`.repeat(900) + "1" + "}".repeat(900);
  return {
    "a cause of a cause, 900 times": text("deep", {}, { rawError: "@" })
      .replace(`"@"`, () => causes),
    "200,000 facts": text("facts", { facts: Array(200_000).fill(result.facts[0]) }, {}),
    "100,000 annotations": text("notes", {}, { context: { ...result.trace.context, annotations } }),
    // Firefox takes no address of more than 1 MB, and the order that is open stands in it.
    "a name of 500 kB": text("W".repeat(500_000), {}, { action: { name: "W".repeat(500_000) } }),
    "what makes no text": text("mute", { status: "UNKNOWN" }, { settlement: mute, rawError: mute }),
    "a length without an end": text("long", {}, { durationMs: 7 })
      .replace(`"durationMs":7`, `"durationMs":1e999`),
    "an instant beyond all calendars": text("late", {}, {
      startedAt: "+275760-09-13T00:00:00.000Z",
    }),
  };
}

for (const name of browsers.NAMES) {
  let browser: Browser;
  before(async () => browser = await browsers.start(name), { timeout: 120_000 });
  after(async () => await browser.close());

  test(`${name}: of hostile results nothing runs, nothing loads, nothing is refused`, async () => {
    const opened = await browsers.open(browser);
    const { page } = opened;
    await page.setViewport({ width: 1280, height: 2400 });
    await browsers.choose(page, [file]);
    assertEquals(await page.$eval(".source", (text) => text.textContent), `${count} executions`);
    // Each row that is drawn has its text, and its text only.
    const drawn = await page.$$eval(
      ".rows .row *",
      (all) => [...new Set(all.map(({ tagName }) => tagName.toLowerCase()))].sort(),
    );
    assertEquals(drawn.filter((tag) => !"b bdi i path span svg".split(" ").includes(tag)), []);
    assertEquals(await browsers.wrongsOf(opened), []);
    await page.close();
  });

  test(`${name}: each hostile result is opened, and nothing leaves its box`, async () => {
    const opened = await browsers.open(browser);
    const { page } = opened;
    await page.setViewport({ width: 800, height: 900 });
    await browsers.choose(page, [file]);
    const identities = ndjson.split("\n").map((line) => JSON.parse(line))
      .map(({ orderId, executionId }) => ({ orderId, executionId }));
    for (const open of identities) {
      const fragment = toFragment({ ...EVERYTHING, open });
      await page.evaluate((fragment) => void (location.hash = fragment), fragment);
      await page.waitForSelector(".detail .identity");
      assertEquals(await openAll(page), [], JSON.stringify(open));
    }
    assertEquals(await browsers.wrongsOf(opened), []);
    await page.close();
  });

  test(`${name}: the same results in the page itself do nothing either, and are the same`, async () => {
    const opened = await browsers.open(browser, await embedded());
    const { page } = opened;
    await browsers.read(page);
    assertEquals(await page.$$eval("script", (scripts) => scripts.length), 2);
    const said = await page.$eval(".source", (text) => text.textContent ?? "");
    assert(said.startsWith(`${count} executions`), said);
    await page.type("input[type=search]", "<script>alert(1)</script>");
    await browsers.settled(page);
    const found = await page.$eval(".shown", (text) => parseInt(text.textContent ?? ""));
    const having = ndjson.split("\n").filter((line) => line.includes("<script>alert(1)</script>"));
    assertEquals(found, having.length);
    assert(
      found >= 2 * INJECTIONS.filter((text) => text.includes("<script>alert(1)</script>")).length,
    );
    assertEquals(await browsers.wrongsOf(opened), []);
    await page.close();
  });

  test(`${name}: what no Deployer makes is opened too, and the others beside it`, async () => {
    for (const [what, json] of Object.entries(UNHEARD_OF)) {
      const opened = await browsers.open(browser);
      const { page } = opened;
      const file = files.path(`${what}.ndjson`);
      writeFileSync(file, `${json}\n${ndjson.split("\n")[0]}`);
      await browsers.choose(page, [file]);
      const said = await page.$eval(".source", (text) => text.textContent);
      assertEquals(said, "2 executions", what);
      for (const index of [0, 1]) {
        await page.evaluate(
          (index) => document.querySelectorAll<HTMLElement>(".rows .row")[index]!.click(),
          index,
        );
        await page.waitForSelector(".detail .identity");
        await page.evaluate(() => document.querySelector<HTMLElement>(".steps button")!.click());
        await page.waitForSelector(".rows .row");
      }
      assertEquals(await browsers.wrongsOf(opened), [], what);
      await page.close();
    }
  });
}
