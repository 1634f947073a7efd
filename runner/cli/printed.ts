/** What a command printed on one stream, as lines for people: how much, where it is, its end. */
import { Buffer } from "node:buffer";
import { clean, fit, sized, type Style } from "./style.ts";
import { said } from "./tags.ts";

/** How a file of output is described, in a result or now: see `Output` of the actions. */
export type Output = Readonly<Record<string, unknown>>;

/** How much of it is shown, in lines. */
export interface Extent {
  /** Of its end. */
  readonly most: number;
  /** Whether its first line is shown too, be the rest left out. */
  readonly first: boolean;
}

/** As many lines are shown of a beginning that was recorded beside the end. */
const OF_START = 3;

/** @param where Words before the path of the file */
export function linesOfOutput(
  name: string,
  { bytes, file, start, end, unreadable }: Output,
  where: string,
  extent: Extent,
  { columns, paint }: Style,
): string[] {
  if (unreadable !== undefined) return [`${name}  cannot be read: ${clean(said(unreadable))}`];
  if (bytes === 0) return [`${name}  nothing`];
  const printed = {
    bytes: Number(bytes),
    start: start === undefined ? "" : said(start),
    end: said(end),
  };
  const { head, left, tail } = isCut(printed)
    ? ofBoth(printed, extent)
    : ofAll(printed.end, extent);
  const bar = paint("dim", "│");
  const row = (line: string) => `${bar} ${fit(clean(lastWritten(line)), columns - 4)}`;
  const gap = left === "" ? [] : [
    `${bar} ${paint("dim", `… ${left} ${head.length > 0 ? "between" : "before"}`)}`,
  ];
  return [
    `${name}  ${sized(printed.bytes)}${where} ${clean(said(file))}`,
    ...[...head.map(row), ...gap, ...tail.map(row)],
  ];
}

interface Printed {
  readonly bytes: number;
  readonly start: string;
  readonly end: string;
}

/** What is shown, and how much was left out of it; nothing if that is an empty text. */
interface Shown {
  readonly head: readonly string[];
  readonly left: string;
  readonly tail: readonly string[];
}

/** Whether the end is not all of it: one that is not UTF-8 was longer once it was read. */
function isCut({ bytes, start, end }: Printed): boolean {
  return start !== "" || Buffer.byteLength(end) < bytes;
}

/** Of an output that is known whole. */
function ofAll(text: string, { most, first }: Extent): Shown {
  const lines = linesIn(text);
  const head = first ? lines.slice(0, 1) : [];
  const left = lines.length - head.length - most;
  if (left <= 0) return { head: [], left: "", tail: lines };
  return { head, left: left === 1 ? "1 line" : `${left} lines`, tail: lines.slice(-most) };
}

/** Of one whose middle, or whose beginning, is not known: where it was cut, no line is whole. */
function ofBoth({ bytes, start, end }: Printed, { most }: Extent): Shown {
  const begins = start === "" ? [] : linesIn(start);
  const ends = linesIn(end);
  const head = begins.slice(0, OF_START);
  const tail = ends.slice(-most);
  const left = bytes - Buffer.byteLength([...head, ...tail, ""].join("\n"));
  const isPart = begins.length <= OF_START && begins.length > 0 && !start.endsWith("\n");
  return {
    head: isPart ? [...head.slice(0, -1), `${head.at(-1)}…`] : head,
    left: left > 0 ? sized(left) : "more",
    tail: ends.length <= most ? [`…${tail[0]}`, ...tail.slice(1)] : tail,
  };
}

/** Without what ends the last one. */
function linesIn(text: string): string[] {
  return text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** Of a line that was written again and again, as a progress bar is, what stood there last. */
function lastWritten(line: string): string {
  return line.split("\r").findLast((piece) => piece !== "") ?? "";
}
