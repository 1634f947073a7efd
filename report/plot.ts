/** The plot of executions: when each was called, how long it took, and how it ended. */
import { scaleLog, scaleUtc } from "d3-scale";
import { type Row, type Status, STATUSES } from "./reading/book.ts";
import { shape } from "./shape.ts";
import { durationInWords } from "./words.ts";

/** Room around the marks, in pixels. */
export const MARGIN = { left: 64, right: 16, top: 12, bottom: 24 } as const;
/** Height of the lane below the axis of durations, where executions without one stand. */
const LANE = 22;
/** Marks that are nearer to each other than this are one. */
const CELL = 3;
/** Size of a mark, in pixels: what is rare is seen first. Few marks are larger. */
const SIZES: Readonly<Record<Status, number>> = {
  ...{ APPLIED: 2.2, OPEN: 4.5, FAILED: 4.2, UNKNOWN: 5.5, INVALID: 5 },
};
const FEW = 400;

export interface Marks {
  /** Path of all marks of a status. */
  readonly paths: ReadonlyMap<Status, string>;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  /** The row whose mark is nearest to a place; `undefined` if none is near. */
  nearest(x: number, y: number): Row | undefined;
  /** The instant at a place, in ms. */
  instantAt(x: number): number;
}

export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** Where everything is drawn; `undefined` if no row has a time. */
export function marksOf(rows: readonly Row[], width: number, height: number): Marks | undefined {
  const timed = rows.filter(({ at }) => !Number.isNaN(at));
  if (timed.length === 0) return undefined;
  const [first, last] = extent(timed, ({ at }) => at);
  const margin = Math.max((last - first) * 0.02, 500);
  const floor = height - MARGIN.bottom;
  const lasting = timed.filter(({ duration }) => !Number.isNaN(duration));
  const [shortest, longest] = extent(lasting, ({ duration }) => Math.max(duration, 0.001));
  const hasLane = lasting.length < timed.length;
  const x = scaleUtc([first - margin, last + margin], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLog(
    lasting.length === 0 ? [1, 10] : [shortest / 1.5, longest * 1.5],
    [floor - (hasLane ? LANE : 6), MARGIN.top],
  );
  // The scales are asked for two places each: what they do in between is plain arithmetic.
  const xOf = linear(first, x(first), last + 1, x(last + 1));
  const [low, high] = y.domain() as [number, number];
  const yOfLog = linear(Math.log(low), y(low), Math.log(high), y(high));
  const yOf = (duration: number) =>
    Number.isNaN(duration) ? floor - LANE / 2 : yOfLog(Math.log(Math.max(duration, 0.001)));
  return {
    paths: pathsOf(timed, xOf, yOf),
    xTicks: x.ticks(Math.max(2, Math.floor(width / 130))).map((instant) => ({
      at: x(instant),
      text: tickText(instant),
    })),
    yTicks: [
      ...lasting.length === 0 ? [] : durations(y.domain() as [number, number])
        .map((ms) => ({ at: y(ms), text: durationInWords(ms) })),
      ...hasLane ? [{ at: floor - LANE / 2, text: "no result" }] : [],
    ],
    instantAt: (place) => x.invert(place).getTime(),
    nearest(px, py) {
      let [found, least]: [Row | undefined, number] = [undefined, 14 ** 2];
      for (const row of timed) {
        const distance = (xOf(row.at) - px) ** 2 + (yOf(row.duration) - py) ** 2;
        if (distance < least || (distance === least && isRarer(row, found))) {
          [found, least] = [row, distance];
        }
      }
      return found;
    },
  };
}

/** Where in the plot a value stands, in pixels. */
type Place = (value: number) => number;

/** The straight line through two points. */
function linear(a: number, atA: number, b: number, atB: number): Place {
  const slope = (atB - atA) / (b - a);
  return (value) => atA + (value - a) * slope;
}

function isRarer(row: Row, other: Row | undefined): boolean {
  return !other || STATUSES.indexOf(row.status) < STATUSES.indexOf(other.status);
}

function pathsOf(rows: readonly Row[], xOf: Place, yOf: Place): Map<Status, string> {
  const cells = new Map<Status, Map<number, number>>();
  for (const row of rows) {
    const own = cells.get(row.status) ?? new Map<number, number>();
    cells.set(row.status, own);
    const cell = Math.round(xOf(row.at) / CELL) * 65536 + Math.round(yOf(row.duration) / CELL);
    own.set(cell, (own.get(cell) ?? 0) + 1);
  }
  const paths = new Map<Status, string>();
  for (const [status, own] of cells) {
    const size = Math.max(SIZES[status], rows.length < FEW ? 4 : 0);
    const parts: string[] = [];
    for (const [cell, count] of own) {
      const [x, y] = [Math.floor(cell / 65536) * CELL, (cell % 65536) * CELL];
      // What stands for many is a little larger.
      parts.push(shape(status, x, y, size + Math.min(1.5, Math.log10(count))));
    }
    paths.set(status, parts.join(""));
  }
  return paths;
}

/** An instant in UTC, as much of it as is not zero. */
function tickText(instant: Date): string {
  const [date, time] = instant.toISOString().split("T") as [string, string];
  if (time === "00:00:00.000Z") {
    return date.slice(-5) === "01-01" ? date.slice(0, -6) : date.slice(-5);
  }
  return time.replace(/(:00)?\.000Z$|Z$/, "");
}

function extent<T>(values: readonly T[], of: (value: T) => number): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, of(value));
    most = Math.max(most, of(value));
  }
  return [least, most];
}

const DAY = 86_400_000;
/** Round durations, in ms, that people think in. */
const ROUND = [
  ...[0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000],
  ...[DAY, 10 * DAY, 100 * DAY, 1000 * DAY],
];
const FINER = ROUND.flatMap((ms) => [ms, 2 * ms, 5 * ms]);

/** A few round durations in a range. */
function durations([least, most]: [number, number]): number[] {
  const within = (all: number[]) => all.filter((ms) => ms >= least && ms <= most);
  const round = within(ROUND).length >= 3 ? within(ROUND) : within(FINER);
  const every = Math.ceil(round.length / 6);
  return round.filter((_, index) => index % every === 0);
}
