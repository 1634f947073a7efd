/**
 * What a benchmark reports, and how it is printed.
 *
 * @module
 */
import type { Spread } from "./measure.ts";

/** One ratio, or one number of bytes. */
export interface Row {
  /** What was measured, such as "returns, 100 B". */
  readonly what: string;
  /** What the ratio divides, such as "execute() / physical limit". */
  readonly ratio: string;
  readonly measured: Spread;
  /** The target that this row counts for, if it has one. */
  readonly target?: Target | undefined;
}

/** At least, or at most, in each of the rows that count for it. */
export type Target =
  | { readonly name: string; readonly least: number }
  | { readonly name: string; readonly most: number };

/** Whether the median keeps to the target. */
export function isMet(target: Target, { median }: Spread): boolean {
  return "least" in target ? median >= target.least : median <= target.most;
}

/** Prints one runtime's targets, each with the row that is worst for it; returns what came of them. */
export function printTargets(
  title: string,
  rows: readonly Row[],
): { readonly met: number; readonly of: number } {
  const worst = new Map<string, Row & { target: Target }>();
  for (const { target, ...row } of rows) {
    if (target === undefined) continue;
    const other = worst.get(target.name);
    if (other === undefined || isWorse(target, row.measured, other.measured)) {
      worst.set(target.name, { ...row, target });
    }
  }
  const lines = [...worst.values()].map(({ what, ratio, measured, target }) => [
    target.name,
    bound(target),
    digits(measured.median),
    isMet(target, measured) ? "ok" : "MISS",
    `${what}: ${ratio}`,
  ]);
  printColumns([title, "target", "worst", "", "measured in"], lines);
  const met = lines.filter(([, , , verdict]) => verdict === "ok").length;
  console.log(`${met} of ${lines.length} met`);
  return { met, of: lines.length };
}

function isWorse(target: Target, one: Spread, other: Spread): boolean {
  return "least" in target ? one.median < other.median : one.median > other.median;
}

/** Prints every row of one runtime. */
export function print(title: string, rows: readonly Row[]): void {
  const lines = rows.map(({ what, ratio, measured, target }) => [
    what,
    ratio,
    target === undefined ? "" : bound(target),
    digits(measured.median),
    `${digits(measured.low)} – ${digits(measured.high)}`,
    target === undefined || isMet(target, measured) ? "" : "MISS",
  ]);
  printColumns([title, "ratio", "target", "median", "10 % – 90 %", ""], lines);
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

function bound(target: Target): string {
  return "least" in target ? `≥ ${target.least}` : `≤ ${target.most}`;
}

function digits(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : 0);
}
