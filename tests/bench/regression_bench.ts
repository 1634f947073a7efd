/**
 * `execute()` beside bare code that keeps the same laws, once.
 *
 * @module
 */
import { assertSameResult, caseOf, type Setting } from "./cases.ts";
import { bareAndLawful, deployer } from "./lawful.ts";
import { inTurns, ratio } from "./measure.ts";
import type { Row } from "./table.ts";

// Not fewer: in the first few Bun still compiles, and runs `execute()` up to six times as long.
const ROUNDS = 41;

/**
 * Each with the most that the ratio may be: 1.3 to 1.5 times what was measured on two busy cores in
 * the slowest of the three runtimes (1.3, 1.5, 1.2, 1.6), and less than twice what was in the fastest.
 */
const SETTINGS: (Pick<Setting, "does" | "size"> & { most: number })[] = [
  { does: "returns", size: "nothing", most: 2 },
  { does: "returns", size: "100 B", most: 2.1 },
  { does: "returns", size: "5 KB", most: 1.6 },
  { does: "rejects", size: "100 B", most: 2.3 },
];

for (const { does, size, most } of SETTINGS) {
  const of = caseOf({ does, size, flight: 1, shared: false });
  await assertSameResult(of);
  const copy = (value: unknown) => value; // Neither of the two takes a copy that is given.
  const contenders = { executed: () => deployer(of, copy), bare: () => bareAndLawful(of, copy) };
  const times = await inTurns(contenders, ROUNDS);
  const what = `${does}, ${size}`;
  const row: Row = {
    what,
    ratio: "execute() / bare and lawful",
    measured: ratio(times, "executed", "bare"),
    target: { name: what, most },
  };
  console.log(JSON.stringify(row));
}
