/**
 * Debian's Chromium and Firefox, driven for real. Every page that is opened here tells what it was
 * refused, what it asked for, and what it said: a page of the report has nothing to tell.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { CHROMIUM_ARGUMENTS, FIREFOX_PREFERENCES } from "../../../tests/support/browsers.ts";

/** The page as it was built. */
export const REPORT: string = new URL("../../dist/report.html", import.meta.url).href;

export type Name = "Chromium" | "Firefox";
export const NAMES: readonly Name[] = ["Chromium", "Firefox"];

/** Starts a browser. Firefox takes its colours at the start; Chromium, of each page. */
export async function start(name: Name, isDark = false): Promise<Browser> {
  if (name === "Firefox") {
    return await puppeteer.launch({
      browser: "firefox",
      executablePath: "/usr/bin/firefox-esr",
      headless: true,
      extraPrefsFirefox: {
        ...FIREFOX_PREFERENCES,
        "layout.css.prefers-color-scheme.content-override": isDark ? 0 : 1,
      },
    });
  }
  return await puppeteer.launch({
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: [...CHROMIUM_ARGUMENTS],
  });
}

/** A page, and whatever it did that a report must not do. */
export interface Opened {
  readonly page: Page;
  readonly wrongs: string[];
}

/** Opens an address in a page of its own. */
export async function open(browser: Browser, address: string = REPORT): Promise<Opened> {
  const page = await browser.newPage();
  const wrongs: string[] = [];
  page.on("console", (message) => wrongs.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrongs.push(`error: ${error}`));
  page.on("dialog", (dialog) => {
    wrongs.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on("request", (request) => {
    const url = request.url();
    if (url !== address && !url.startsWith("data:")) wrongs.push(`request: ${url.slice(0, 200)}`);
  });
  await page.evaluateOnNewDocument(() => {
    const refused: string[] = [];
    Object.assign(globalThis, { refused });
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
      refused.push(`${violatedDirective} ${blockedURI} ${sample}`);
    });
  });
  await page.setViewport({ width: 1280, height: 860 });
  await page.goto(address);
  return { page, wrongs };
}

/** What the page did wrong until now, and what its policy refused it. */
export async function wrongsOf({ page, wrongs }: Opened): Promise<string[]> {
  const refused = await page.evaluate(() =>
    (globalThis as unknown as { refused: string[] }).refused
  );
  return [...wrongs, ...refused.map((what) => `refused: ${what}`)];
}

/** Waits until all is read, and the list shows it. */
export async function read(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelector(".source")?.textContent?.includes("execution") &&
      !document.querySelector(".source")?.textContent?.includes("Reading"),
    { timeout: 60_000 },
  );
  await settled(page);
}

/** Waits until the list shows what was asked for. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 250)); // What is typed is waited for.
    for (let before = "", same = 0; same < 3;) {
      await new Promise((resolve) => setTimeout(resolve, 80));
      const seen = document.querySelector("main")?.textContent ?? "";
      same = seen === before ? same + 1 : 0;
      before = seen;
    }
  });
}

/** The rows that are drawn, each as one line. */
export async function rows(page: Page): Promise<string[]> {
  return await page.$$eval(
    ".rows .row",
    (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent).join(" | ")),
  );
}

/** Gives the page texts as files, by its own button. */
export async function choose(page: Page, files: readonly string[]): Promise<void> {
  const input = await page.$("input[type=file]");
  await input!.uploadFile(...files);
  await read(page);
}

/**
 * Drops files on the page. In Chromium as its user would. Firefox's driver drags, but cannot let go
 * of what it drags: there, a field takes the files from the disk, and the events are made here.
 */
export async function drop(page: Page, name: Name, files: readonly string[]): Promise<void> {
  if (name === "Chromium") {
    const session = await page.createCDPSession();
    const data = { items: [], files: [...files], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"] as const) {
      await session.send("Input.dispatchDragEvent", { type, x: 400, y: 300, data });
    }
    await session.detach();
  } else {
    const field = await page.evaluateHandle(() =>
      Object.assign(document.createElement("input"), { type: "file", multiple: true })
    );
    await field.uploadFile(...files);
    await field.evaluate(({ files }) => {
      const dataTransfer = new DataTransfer();
      for (const file of files!) dataTransfer.items.add(file);
      for (const type of ["dragover", "drop"]) {
        document.body.dispatchEvent(
          new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }),
        );
      }
    });
  }
  await read(page);
}

/** Copies a text from a field of its own, and pastes it on the page, both by keyboard. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((text) => {
    const field = document.createElement("textarea");
    field.id = "copied";
    document.body.append(field);
    field.value = text;
    field.select();
  }, text);
  await page.keyboard.down("Control");
  await page.keyboard.press("c", { commands: ["Copy"] });
  await page.evaluate(() => document.getElementById("copied")!.remove());
  await page.keyboard.press("v", { commands: ["Paste"] });
  await page.keyboard.up("Control");
  await read(page);
}

/** A folder for the files of a test. */
export function folder(): { path: (name: string) => string; remove: () => void } {
  const place = mkdtempSync(join(tmpdir(), "report-browser-"));
  return {
    path: (name) => join(place, name),
    remove: () => rmSync(place, { recursive: true, force: true, maxRetries: 3 }),
  };
}

export function fileOf(address: string): string {
  return fileURLToPath(address);
}
