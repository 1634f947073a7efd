/** The pictures in `docs/report/`, taken in Chromium: `npm --prefix report run pictures`. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { entries } from "../../bench/results.ts";
import * as browsers from "./start.ts";

const target = new URL("../../../docs/report/", import.meta.url);
mkdirSync(target, { recursive: true });
const files = browsers.folder();
const file = files.path("ledger.ndjson");
const lines: string[] = [];
for await (const entry of entries(2500)) lines.push(JSON.stringify(entry));
writeFileSync(file, lines.join("\n"));

const browser = await browsers.start("Chromium");
try {
  const { page } = await browsers.open(browser);
  await page.setViewport({ width: 1120, height: 700 });
  await browsers.choose(page, [file]);
  await take(page, "overview");
  await page.click("button.status.FAILED");
  await browsers.settled(page);
  await page.setViewport({ width: 1120, height: 1000 });
  await page.click(".rows .row");
  await browsers.settled(page);
  await take(page, "detail");
} finally {
  await browser.close();
  files.remove();
}

async function take(page: Page, name: string): Promise<void> {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await browsers.settled(page);
    const path = browsers.fileOf(new URL(`${name}-${scheme}.webp`, target).href);
    await page.screenshot({ path: path as `${string}.webp`, type: "webp", quality: 55 });
    console.log(`docs/report/${name}-${scheme}.webp: ${statSync(path).size} bytes`);
  }
}
