/**
 * That speed is not lost unseen: `execute()` beside bare code that keeps the same laws, five times in
 * each runtime, each in a process of its own. Exits with 1 if the median of the five is above its
 * bound. The bounds are generous, for machines that have other work; the targets are `bench`'s.
 *
 * @module
 */
import process from "node:process";
import { spread } from "./measure.ts";
import { bundled, outputOf, RUNTIMES, version } from "./runtimes.ts";
import { isMet, print, type Row } from "./table.ts";

const REPEATS = 5;

let exceeded = 0;
await bundled("regression", (file) => {
  for (const runtime of Object.keys(RUNTIMES)) {
    const repeats = Array.from({ length: REPEATS }, () => outputOf(runtime, file, []) as Row[]);
    const [first = []] = repeats;
    const rows = first.map((row, i): Row => ({
      ...row,
      measured: spread(repeats.map((rows) => rows[i]!.measured.median)),
    }));
    print(version(runtime), rows);
    exceeded += rows.filter(({ target, measured }) => !isMet(target!, measured)).length;
  }
});
console.log(exceeded === 0 ? "\nNo speed is lost." : `\n${exceeded} above their bounds.`);
process.exitCode = exceeded === 0 ? 0 : 1;
