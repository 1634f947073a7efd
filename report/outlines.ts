/** The marks of a plot as outlines that a browser draws without a stop. */
import type { Pause } from "./query.ts";
import { type Row, type Status, STATUSES } from "./reading/book.ts";
import { shape } from "./shape.ts";

/** Marks that are nearer to each other than this are one. */
const CELL = 3;
/** Cells count downwards, column by column; a strip is 40 columns. */
const COLUMN = 65536;
const STRIP = 40 * COLUMN;
/** Size of a mark, in pixels: what is rare is seen first. */
const SIZES: Readonly<Record<Status, number>> = {
  APPLIED: 4,
  OPEN: 4.5,
  FAILED: 4.2,
  UNKNOWN: 5.5,
  INVALID: 5,
};
/** What people look for is drawn last, above the rest. */
const DRAWN: readonly Status[] = ["APPLIED", "INVALID", "OPEN", "FAILED", "UNKNOWN"];
/** More APPLIED than this are dots. */
const FEW = 400;
/** Rows between two pauses. */
const SLICE = 1024;

/** Where in the plot a value stands, in pixels. */
export type Place = (value: number) => number;

/** Marks of one status that stand near each other. */
export interface Outline {
  readonly status: Status;
  /** Many APPLIED are dots: lines to be drawn with a round pen. */
  readonly isDots: boolean;
  readonly path: string;
}

/** Marks that fall together are one: there are never more of them than the plot has room for. */
export async function outlinesOf(
  rows: readonly Row[],
  xOf: Place,
  yOf: Place,
  pause: Pause,
): Promise<Outline[]> {
  const cells = new Map<Status, Set<number>>(STATUSES.map((status) => [status, new Set()]));
  for (const [index, { at, duration, status }] of rows.entries()) {
    if (index % SLICE === 0) await pause();
    if (Number.isNaN(at)) continue;
    cells.get(status)!.add(cellAt(xOf(at), yOf(duration)));
  }
  const outlines: Outline[] = [];
  for (const status of DRAWN) {
    const own = cells.get(status)!;
    const isDots = status === "APPLIED" && own.size > FEW;
    for (const strip of stripsOf(own)) {
      await pause();
      const path = isDots ? linesOf(strip) : shapesOf(status, strip);
      outlines.push({ status, isDots, path });
    }
  }
  return outlines;
}

/**
 * Cells in order, a strip of the plot each. A browser draws a path again in each of its tiles that
 * the path reaches: all dots as one path took it a tenth of a second.
 */
function stripsOf(cells: ReadonlySet<number>): Float64Array[] {
  const inOrder = Float64Array.from(cells).sort();
  const strips: Float64Array[] = [];
  for (let start = 0, end = 0; start < inOrder.length; start = end) {
    const next = (Math.floor(inOrder[start]! / STRIP) + 1) * STRIP;
    while (inOrder[end]! < next) end += 1;
    strips.push(inOrder.subarray(start, end));
  }
  return strips;
}

function shapesOf(status: Status, cells: Float64Array): string {
  return Array.from(cells, (cell) => shape(status, ...placeOf(cell), SIZES[status])).join("");
}

/** Dots that stand one above the other are one line. */
function linesOf(cells: Float64Array): string {
  const lines: string[] = [];
  for (let first = 0, last = 0; first < cells.length; first = ++last) {
    while (cells[last + 1] === cells[last]! + 1) last += 1;
    const [x, y] = placeOf(cells[first]!);
    lines.push(`M${x} ${y}v${(last - first) * CELL}`);
  }
  return lines.join("");
}

function cellAt(x: number, y: number): number {
  return Math.round(x / CELL) * COLUMN + Math.round(y / CELL);
}

/** Where a cell stands, in pixels. */
function placeOf(cell: number): [x: number, y: number] {
  return [Math.floor(cell / COLUMN) * CELL, (cell % COLUMN) * CELL];
}
