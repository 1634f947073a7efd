/**
 * How long the module takes to load, as a ratio to an empty module: medians over many processes,
 * printed, not gated. Node loads the built JavaScript, as from npm; Deno and Bun the sources.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { spread } from "./measure.ts";
import { here, root, RUNTIMES, version } from "./run.ts";
import { print, type Row, type Target } from "./table.ts";

const processes = Number(process.env["BENCH_PROCESSES"] ?? 40);

/** The targets of `performance.md`. */
const TARGETS: Record<string, Target> = {
  Node: { most: 1.2 },
  Deno: { most: 2 },
  Bun: { most: 2 },
};

mkdirSync(join(here, "dist"), { recursive: true });
const folder = mkdtempSync(join(here, "dist/import-"));
try {
  const built = join(folder, "mod.js");
  await build({
    entryPoints: [join(root, "mod.ts")],
    outfile: built,
    bundle: true,
    format: "esm",
    target: "node20.19",
  });
  const empty = { js: join(folder, "empty.js"), ts: join(folder, "empty.ts") };
  for (const file of Object.values(empty)) writeFileSync(file, "export {};\n");

  for (const runtime of Object.keys(RUNTIMES)) {
    const [module, nothing] = runtime === "Node"
      ? [built, empty.js]
      : [join(root, "mod.ts"), empty.ts];
    const imported: number[] = [];
    const started: number[] = [];
    for (let i = -2; i < processes; i++) {
      const [mine, theirs] = [load(runtime, module), load(runtime, nothing)];
      if (i < 0) continue; // Caches of the disk, and Deno's of what it compiled.
      imported.push(mine.import / theirs.import);
      started.push(mine.process / theirs.process);
    }
    const rows: Row[] = [
      {
        what: "cold import",
        ratio: "whole process / with an empty module",
        measured: spread(started),
        target: TARGETS[runtime],
      },
      {
        what: "cold import",
        ratio: "import() alone / of an empty module",
        measured: spread(imported),
      },
    ];
    print(version(runtime), rows);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Milliseconds: of the import alone, and of the processor for the whole process. */
function load(runtime: string, module: string): { import: number; process: number } {
  const [command, ...before] = RUNTIMES[runtime] as readonly [string, ...string[]];
  const code = `const start = performance.now();
await import(${JSON.stringify(new URL(`file://${module}`).href)});
const end = performance.now();
const { user, system } = (await import("node:process")).cpuUsage();
console.log(end - start, (user + system) / 1000);`;
  const file = join(folder, "load.mjs");
  writeFileSync(file, code);
  const { stdout, status } = spawnSync(command, [...before, file], { encoding: "utf8" });
  if (status !== 0) {
    throw new Error(`${runtime} exited with ${status} while it loaded a module`);
  }
  const [imported, whole] = stdout.trim().split(" ").map(Number) as [number, number];
  return { import: imported, process: whole };
}
