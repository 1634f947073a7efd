/**
 * The module as it is here beside an earlier revision of it: `npm run bench:since -- REV`. Both are
 * bundled, and measured in turns in one process of each runtime. Prints how the time changed: 1.05
 * is 5 % slower than REV. Nothing is gated: what a change may cost is for its author to say.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { bundled, here, outputOf, root, RUNTIMES, version } from "./runtimes.ts";
import { printColumns, type Row } from "./table.ts";

const [revision] = process.argv.slice(2);
if (revision === undefined) throw new Error("Expected a revision: npm run bench:since -- HEAD~1");
const git = (...args: string[]) => execFileSync("git", ["-C", root, ...args], { encoding: "utf8" });
const commit = git("rev-parse", "--short", "--verify", `${revision}^{commit}`).trim();

mkdirSync(join(here, "dist"), { recursive: true });
const folder = mkdtempSync(join(here, "dist/since-"));
try {
  const earlier = join(folder, "earlier");
  mkdirSync(earlier);
  git("archive", `--output=${earlier}.tar`, commit);
  execFileSync("tar", ["-xf", `${earlier}.tar`, "-C", earlier]);
  const modules = [await bundledModule("before", earlier), await bundledModule("after", root)];

  const runtimes = Object.keys(RUNTIMES);
  const columns = await bundled(
    "since",
    (file) => runtimes.map((runtime) => outputOf(runtime, file, modules) as Row[]),
  );
  const [first] = columns as [Row[], ...Row[][]];
  printColumns(
    [`here / ${commit}`, ...runtimes.map(version)],
    first.map(({ what }, i) => [what, ...columns.map((rows) => written(rows[i] as Row))]),
  );
} finally {
  rmSync(folder, { recursive: true });
}

/** Bundles `mod.ts` of a folder into a file of its own, and returns its path. */
async function bundledModule(name: string, source: string): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(source, "mod.ts")],
    outfile,
    bundle: true,
    format: "esm",
    target: "node20.19",
    logLevel: "error",
  });
  return outfile;
}

/** The median of the rounds' ratios, and the first and the last tenth of them. */
function written({ measured: { median, low, high } }: Row): string {
  return `${median.toFixed(2)} (${low.toFixed(2)} – ${high.toFixed(2)})`;
}
