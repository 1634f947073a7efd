/**
 * Measures what `performance.md` has targets for, under Node, Deno and Bun, one after another, and
 * prints one table of targets for each. Arguments: what to measure, instead of everything; "all" for
 * all rows as well; "every" for every combination of executions instead of the usual ones. Exits with
 * 1 if a target is missed.
 *
 * @module
 */
import process from "node:process";
import { sizeOf } from "../support/size.ts";
import { imported } from "./import.ts";
import { spread } from "./measure.ts";
import { bundled, outputOf, RUNTIMES, version } from "./runtimes.ts";
import { print, printTargets, type Row } from "./table.ts";

const given = process.argv.slice(2);
const OPTIONS = ["all", "every"];

const MEASURES: Record<string, (runtime: string) => Promise<Row[]>> = {
  execute: (runtime) => benchmark("execute", runtime, ...given.includes("every") ? ["every"] : []),
  capture: (runtime) => benchmark("capture", runtime),
  leak: (runtime) => benchmark("leak", runtime),
  import: imported,
  size,
};

const named = given.filter((name) => !OPTIONS.includes(name));
const wrong = named.find((name) => !(name in MEASURES));
if (wrong !== undefined) {
  throw new Error(`Expected ${[...Object.keys(MEASURES), ...OPTIONS].join(", ")}: ${wrong}`);
}

const total = { met: 0, of: 0 };
for (const runtime of Object.keys(RUNTIMES)) {
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (named.length === 0 || named.includes(name)) rows.push(...await measure(runtime));
  }
  const { met, of } = printTargets(version(runtime), rows);
  if (given.includes("all")) print(version(runtime), rows);
  total.met += met;
  total.of += of;
}
console.log(`\n${total.met} of ${total.of} met in all`);
process.exitCode = total.met === total.of ? 0 : 1;

function benchmark(name: string, ...options: string[]): Promise<Row[]> {
  const [runtime = ""] = options;
  return bundled(name, (file) => outputOf(runtime, file, options) as Row[]);
}

/** The same in every runtime. */
async function size(): Promise<Row[]> {
  const bytes = await sizeOf(`export * from "./mod.ts";`);
  const name = "bytes of the module, minified and gzipped";
  return [{
    what: "size",
    ratio: "bytes",
    measured: spread([bytes]),
    target: { name, most: 4096 },
  }];
}
