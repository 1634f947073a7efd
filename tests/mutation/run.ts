/**
 * Runs Stryker, and holds what survived against `equivalent.ts`: neither may a mutant survive that
 * is not listed there, nor may one be listed that was killed or is no more. Exits with 1 otherwise.
 * Options go to Stryker: `--mutate trace.ts` asks for one file only. `dist/report.html` shows it all.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { EQUIVALENT } from "./equivalent.ts";

interface Position {
  readonly line: number;
  readonly column: number;
}

interface Mutant {
  readonly status: string;
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Report {
  readonly files: Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>;
}

const here = fileURLToPath(new URL(".", import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [
    join(here, "node_modules/@stryker-mutator/core/bin/stryker.js"),
    "run",
    join(here, "stryker.config.json"),
    ...process.argv.slice(2),
  ],
  { cwd: join(here, "../.."), stdio: "inherit" },
);
if (status !== 0) process.exit(1);

const { files }: Report = JSON.parse(readFileSync(join(here, "dist/report.json"), "utf8"));
const count: Record<string, number> = {};
const survivors = new Map<string, string>();
for (const [file, { source, mutants }] of Object.entries(files)) {
  const lines = source.split("\n");
  for (const { status, replacement, location: { start, end } } of mutants) {
    count[status] = (count[status] ?? 0) + 1;
    if (status === "Killed" || status === "Timeout") continue;
    const from = lines.slice(start.line - 1, end.line).join("\n");
    const after = lines[end.line - 1]!.slice(end.column - 1);
    const to = from.slice(0, start.column - 1) + replacement + after;
    survivors.set(keyOf({ file, from, to }), `${file}:${start.line}:${start.column} ${status}`);
  }
}

/** What tells one mutant from the others, wherever it moves; white space does not count. */
function keyOf(mutant: { file: string; from: string; to: string }): string {
  const { file, from, to } = mutant;
  return [file, `- ${from}`, `+ ${to}`].map((text) => text.replace(/\s+/g, " ").trim()).join("\n");
}

const listed = new Set(EQUIVALENT.filter(({ file }) => file in files).map(keyOf));
const unlisted = [...survivors].filter(([key]) => !listed.has(key));
const untrue = [...listed].filter((key) => !survivors.has(key));
for (const [key, where] of unlisted) console.log(`\nNo test kills it: ${where}\n${key}`);
for (const key of untrue) console.log(`\nListed as equivalent, but killed or no more:\n${key}`);
console.log(
  `\n${Object.entries(count).map(([status, times]) => `${times} ${status}`).join(", ")}; ` +
    `${listed.size} listed as equivalent`,
);
const wrong = unlisted.length + untrue.length;
console.log(wrong === 0 ? "Every mutant is killed, or listed." : `${wrong} mutants are neither.`);
process.exitCode = wrong === 0 ? 0 : 1;
