/**
 * How the page does with 10^5 results: `npm --prefix report run bench`. It prints, for each browser,
 * the time to the first rows and to the last result, the memory, and the longest frame while the
 * list is scrolled: while it is being read, and after. `RESULTS=10000` asks for another number.
 */
import { createWriteStream, readdirSync, readFileSync, statSync } from "node:fs";
import { once } from "node:events";
import { loadavg } from "node:os";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import type { Browser, Page } from "puppeteer-core";
import * as browsers from "../tests/browser/start.ts";
import { entries } from "./results.ts";

const RESULTS = Number(process.env.RESULTS ?? 100_000);
const files = browsers.folder();
const file = files.path("results.ndjson");
await write(file);
console.log(`${RESULTS} results, ${(statSync(file).size / 1e6).toFixed(0)} MB`);
console.log(`load before: ${loadavg().map((load) => load.toFixed(1)).join(" ")}`);

try {
  for (const name of browsers.NAMES) {
    const browser = await browsers.start(name);
    try {
      console.log(`\n${await browser.version()}`);
      await setTimeout(3000); // After their start, browsers load pages of their own.
      await measure(browser);
      if (name === "Chromium") await measureTasks(browser);
    } finally {
      await browser.close();
    }
  }
} finally {
  files.remove();
}

async function write(path: string): Promise<void> {
  const out = createWriteStream(path);
  for await (const { result, fact } of entries(RESULTS)) {
    if (!out.write(`${JSON.stringify(result ?? fact)}\n`)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}

async function measure(browser: Browser): Promise<void> {
  const { page } = await browsers.open(browser);
  const before = memoryOf(browser);
  await watch(page);
  const input = await page.$("input[type=file]");
  await input!.uploadFile(file);
  await page.waitForSelector(".list .rows .row");
  const reading = await scrolled(page);
  await page.waitForFunction(
    () => document.querySelector(".source")?.textContent?.includes("Reading") === false,
    { timeout: 300_000 },
  );
  const times = await page.evaluate(() => (globalThis as unknown as Watched).watched);
  print("first rows", `${times.first.toFixed(0)} ms after the file was chosen`);
  print("all read, judged and sorted", `${(times.last / 1000).toFixed(1)} s`);
  await browsers.settled(page);
  print("memory of the browser", `${before} MB before, ${memoryOf(browser)} MB after`);
  print("longest frame, scrolling while reading", reading);
  print("longest frame, scrolling", await scrolled(page));
}

/**
 * The longest tasks of the page, in processor time: on a machine that others use too, a frame waits
 * for them, and the clock on the wall measures how many they are.
 */
async function measureTasks(browser: Browser): Promise<void> {
  const { page } = await browsers.open(browser);
  const input = await page.$("input[type=file]");
  await page.tracing.start({ categories: ["toplevel"] });
  await input!.uploadFile(file);
  await page.waitForSelector(".list .rows .row");
  await scrolled(page);
  await browsers.read(page);
  await scrolled(page);
  const trace = JSON.parse(new TextDecoder().decode(await page.tracing.stop())) as {
    traceEvents: {
      name: string;
      pid: number;
      tid: number;
      tdur?: number;
      args: { name?: string };
    }[];
  };
  const threadOf = ({ pid, tid }: { pid: number; tid: number }) => `${pid} ${tid}`;
  const mains = new Set(
    trace.traceEvents.filter(({ name, args }) =>
      name === "thread_name" && args.name === "CrRendererMain"
    ).map(threadOf),
  );
  const tasks = trace.traceEvents
    .filter((event) => event.name.endsWith("RunTask") && mains.has(threadOf(event)))
    .map(({ tdur = 0 }) => tdur / 1000).sort((a, b) => b - a);
  const longest = tasks.slice(0, 5).map((ms) => ms.toFixed(0)).join(", ");
  print("longest tasks while reading and scrolling", `${longest} ms of processor time`);
}

interface Watched {
  watched: { first: number; last: number };
}

/** Takes the times in the page itself: from the choice to the first rows, and to the last result. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const watched = { first: 0, last: 0 };
    Object.assign(globalThis, { watched });
    document.addEventListener("change", () => {
      const start = performance.now();
      const observer = new MutationObserver(() => {
        const said = document.querySelector(".source")?.textContent ?? "";
        if (watched.first === 0 && document.querySelector(".rows .row")) {
          watched.first = performance.now() - start;
        }
        if (said !== "" && !said.includes("Reading")) {
          watched.last = performance.now() - start;
          observer.disconnect();
        }
      });
      observer.observe(document, { childList: true, subtree: true, characterData: true });
    }, { capture: true, once: true });
  });
}

/** Turns the wheel over the list for two seconds, and tells how long its frames took. */
async function scrolled(page: Page): Promise<string> {
  const box = await (await page.$(".list"))!.boundingBox();
  await page.mouse.move(box!.x + 200, box!.y + 100);
  const frames = page.evaluate(async () => {
    const frames: number[] = [];
    const end = performance.now() + 2000;
    for (let last = await new Promise<number>(requestAnimationFrame); last < end;) {
      const next = await new Promise<number>(requestAnimationFrame);
      frames.push(next - last);
      last = next;
    }
    return frames.sort((a, b) => a - b);
  });
  let isOver = false;
  frames.then(() => isOver = true);
  while (!isOver) await page.mouse.wheel({ deltaY: 900 });
  const sorted = await frames;
  const median = sorted[sorted.length >> 1]!;
  const longest = sorted.at(-1)!;
  const long = sorted.filter((frame) => frame > 50).length;
  return `${longest.toFixed(0)} ms of ${sorted.length} (median ${
    median.toFixed(0)
  }; over 50 ms: ${long})`;
}

/** Resident memory of the browser and all its processes, in MB. */
function memoryOf(browser: Browser): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch { /* It has just ended. */ }
  }
  const root = browser.process()!.pid!;
  const belongs = (pid: number): boolean =>
    pid === root || (parents.has(pid) && pid > 1 && belongs(parents.get(pid)!));
  const sizes = [...parents.keys()].filter(belongs).map((pid) => {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      return Number(/^Pss: +(\d+)/m.exec(rollup)?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1024);
}

function print(what: string, value: string): void {
  console.log(`  ${what.padEnd(40)} ${value}`);
}
