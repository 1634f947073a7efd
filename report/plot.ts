/** The plot of executions: when each was called, how long it took, and how it ended. */
import { scaleLog, scaleUtc } from "d3-scale";
import { type Outline, outlinesOf, type Place } from "./outlines.ts";
import type { Pause } from "./query.ts";
import { type Row, type Status, STATUSES } from "./reading/book.ts";
import { durationInWords, instantInWords } from "./phrases.ts";

/** Room around the marks, in pixels. */
export const MARGIN = { left: 64, right: 16, top: 12, bottom: 24 } as const;
/** Height of the lane below the axis of durations, where executions without one stand. */
const LANE = 22;
/** What is shorter is drawn as if it took this long, in ms: the axis has no zero. */
const SHORTEST = 0.001;
/** Rows between two pauses. */
const SLICE = 1024;

export interface Marks {
  /** In the order in which they are drawn. */
  readonly outlines: readonly Outline[];
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  /** In words, for those who do not see it. */
  readonly inWords: string;
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
export async function marksOf(
  rows: readonly Row[],
  width: number,
  height: number,
  pause: Pause,
): Promise<Marks | undefined> {
  const found = await extentOf(rows, pause);
  const { first, last, shortest, longest, lasting, timed } = found;
  if (timed === 0) return undefined;
  const margin = Math.max((last - first) * 0.02, 500);
  const floor = height - MARGIN.bottom;
  const hasLane = lasting < timed;
  const x = scaleUtc([first - margin, last + margin], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLog(
    lasting === 0 ? [1, 10] : [shortest / 1.5, longest * 1.5],
    [floor - (hasLane ? LANE : 6), MARGIN.top],
  );
  // The scales are asked for two places each: what they do in between is plain arithmetic.
  const xOf = linear(first, x(first), last + 1, x(last + 1));
  const [low, high] = y.domain() as [number, number];
  const yOfLog = linear(Math.log(low), y(low), Math.log(high), y(high));
  const yOf = (duration: number) =>
    Number.isNaN(duration) ? floor - LANE / 2 : yOfLog(Math.log(Math.max(duration, SHORTEST)));
  return {
    outlines: await outlinesOf(rows, xOf, yOf, pause),
    xTicks: x.ticks(Math.max(2, Math.floor(width / 130))).map((instant) => ({
      at: x(instant),
      text: tickText(instant),
    })),
    yTicks: [
      ...lasting === 0 ? [] : durations([low, high])
        .map((ms) => ({ at: y(ms), text: durationInWords(ms) })),
      ...hasLane ? [{ at: floor - LANE / 2, text: "no result" }] : [],
    ],
    inWords: inWords(found),
    instantAt: (place) => x.invert(place).getTime(),
    nearest(px, py) {
      let nearest: Row | undefined;
      let least = 14 ** 2;
      for (const row of rows) {
        const distance = (xOf(row.at) - px) ** 2 + (yOf(row.duration) - py) ** 2;
        if (distance < least || (distance === least && isRarer(row, nearest))) {
          [nearest, least] = [row, distance];
        }
      }
      return nearest;
    },
  };
}

/** What lies between the margins. */
interface Extent {
  /** Instants, in ms. */
  first: number;
  last: number;
  /** Durations, in ms. */
  shortest: number;
  longest: number;
  /** How many have an instant, and how many of these a duration. */
  timed: number;
  lasting: number;
  readonly statuses: Map<Status, number>;
}

async function extentOf(rows: readonly Row[], pause: Pause): Promise<Extent> {
  const extent: Extent = {
    first: Infinity,
    last: -Infinity,
    shortest: Infinity,
    longest: SHORTEST,
    timed: 0,
    lasting: 0,
    statuses: new Map(),
  };
  for (const [index, { at, duration, status }] of rows.entries()) {
    if (index % SLICE === 0) await pause();
    extent.statuses.set(status, (extent.statuses.get(status) ?? 0) + 1);
    if (Number.isNaN(at)) continue;
    extent.timed += 1;
    extent.first = Math.min(extent.first, at);
    extent.last = Math.max(extent.last, at);
    if (Number.isNaN(duration)) continue;
    extent.lasting += 1;
    extent.shortest = Math.min(extent.shortest, Math.max(duration, SHORTEST));
    extent.longest = Math.max(extent.longest, duration);
  }
  return extent;
}

function inWords({ first, last, statuses }: Extent): string {
  const counts = STATUSES.filter((status) => statuses.has(status))
    .map((status) => `${statuses.get(status)!.toLocaleString("en")} ${status}`);
  const from = instantInWords(first);
  const to = instantInWords(last);
  return `${counts.join(", ")}, from ${from} to ${to} UTC. The list below has each of them.`;
}

/** The straight line through two points. */
function linear(a: number, atA: number, b: number, atB: number): Place {
  const slope = (atB - atA) / (b - a);
  return (value) => atA + (value - a) * slope;
}

function isRarer(row: Row, other: Row | undefined): boolean {
  return !other || STATUSES.indexOf(row.status) < STATUSES.indexOf(other.status);
}

/** An instant in UTC, as much of it as is not zero. */
function tickText(instant: Date): string {
  const [date, time] = instant.toISOString().split("T") as [string, string];
  if (time === "00:00:00.000Z") {
    return date.slice(-5) === "01-01" ? date.slice(0, -6) : date.slice(-5);
  }
  return time.replace(/(:00)?\.000Z$|Z$/, "");
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
