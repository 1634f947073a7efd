/**
 * What a benchmark reports, and how it is printed.
 *
 * @module
 */
import type { Spread } from "./measure.ts";

/** One ratio. */
export interface Row {
  /** What was measured, such as "returns, 100 B". */
  readonly what: string;
  /** What the ratio divides, such as "execute() / physical limit". */
  readonly ratio: string;
  readonly measured: Spread;
  /** The bound of `performance.md`, if it has one for this row. */
  readonly target?: Target | undefined;
}

/** At least, or at most. */
export type Target = { readonly least: number } | { readonly most: number };

/** Whether the median keeps to the target. */
export function isMet(target: Target, { median }: Spread): boolean {
  return "least" in target ? median >= target.least : median <= target.most;
}

/** Prints one runtime's table; returns how many targets are missed. */
export function print(title: string, rows: readonly Row[]): number {
  const lines = rows.map(({ what, ratio, measured, target }) => [
    what,
    ratio,
    target === undefined ? "" : "least" in target ? `≥ ${target.least}` : `≤ ${target.most}`,
    digits(measured.median),
    `${digits(measured.low)} – ${digits(measured.high)}`,
    target === undefined ? "" : isMet(target, measured) ? "ok" : "MISS",
  ]);
  printColumns([title, "ratio", "target", "median", "10 % – 90 %", ""], lines);
  return lines.filter((line) => line.at(-1) === "MISS").length;
}

/** Prints lines of cells under a head, in columns. */
export function printColumns(head: readonly string[], lines: readonly string[][]): void {
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i]!.length)));
  const write = (line: readonly string[]) =>
    console.log(`| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`);
  console.log();
  write(head);
  write(widths.map((width) => "-".repeat(width)));
  for (const line of lines) write(line);
}

function digits(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(0) : ratio >= 1 ? ratio.toFixed(1) : ratio.toFixed(2);
}
