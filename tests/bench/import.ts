/**
 * How long the module takes to load, as a ratio to an empty module: medians over many processes. Node
 * loads the built JavaScript, as from npm; Deno and Bun the sources.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { spread } from "./measure.ts";
import { here, root, RUNTIMES } from "./runtimes.ts";
import type { Row } from "./table.ts";

const processes = Number(process.env["BENCH_PROCESSES"] ?? 40);

/** Starts the runtime often, and tells what loading the module costs it. */
export async function imported(runtime: string): Promise<Row[]> {
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
    const module = runtime === "Node" ? built : join(root, "mod.ts");
    const empty = join(folder, runtime === "Node" ? "empty.js" : "empty.ts");
    writeFileSync(empty, "export {};\n");
    const alone: number[] = [];
    const whole: number[] = [];
    for (let i = -2; i < processes; i++) {
      const mine = load(runtime, module, folder);
      const theirs = load(runtime, empty, folder);
      if (i < 0) continue; // Caches of the disk, and Deno's of what it compiled.
      alone.push(mine.import / theirs.import);
      whole.push(mine.process / theirs.process);
    }
    const what = "cold import";
    return [
      {
        what,
        ratio: "whole process / with an empty module",
        measured: spread(whole),
        target: { name: "cold import, beside an empty module", most: runtime === "Node" ? 1.2 : 2 },
      },
      { what, ratio: "import() alone / of an empty module", measured: spread(alone) },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds: of the import alone, and of the processor for the whole process. */
function load(
  runtime: string,
  module: string,
  folder: string,
): { import: number; process: number } {
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
