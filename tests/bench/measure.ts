/**
 * Contenders measured in turns: each round gives every one of them a slice of time, and ratios are
 * taken within the round. The order is drawn anew, for each contender finds the caches and the
 * garbage of the one before. What counts is the processor time of the process, its collector's
 * threads included: on a busy machine, wall time mostly measures who else is at work.
 *
 * A loop of its own, because mitata compiles a new one for each measurement: in slices this short it
 * mostly measured that (6.8 µs for what takes 1.3), and in long ones the machine drifts in between.
 * No collection is forced between slices: V8 throws compiled code away with the shapes that a full
 * collection finds dead, and then interpreted code is measured.
 *
 * @module
 */
import process from "node:process";

/** The work of one contender. A promise that it returns is awaited. */
export type Contenders = Record<string, () => unknown>;

/** Nanoseconds per call, by contender, one per round. */
export type Rounds = Record<string, number[]>;

/** Where every result goes, so that no compiler can leave the work out. */
export const sink: { last: unknown } = { last: undefined };

/** Measures all contenders in turns, each for about `slice` milliseconds a round. */
export async function inTurns(contenders: Contenders, rounds = 21, slice = 8): Promise<Rounds> {
  const entries = Object.entries(contenders);
  const measured: Rounds = Object.fromEntries(entries.map(([name]) => [name, []]));
  const times: number[] = [];
  for (const [i, [, work]] of entries.entries()) {
    times[i] = await warmUp(work, slice);
  }
  for (let round = 0; round < rounds; round++) {
    for (const i of drawn(entries.length)) {
      const [name, work] = entries[i] as [string, () => unknown];
      const ms = await repeat(work, times[i] as number);
      (measured[name] as number[]).push(ms / (times[i] as number) * 1e6);
    }
  }
  return measured;
}

/** The first `size` whole numbers, in an order drawn at random. */
function drawn(size: number): number[] {
  const keys = Array.from({ length: size }, () => Math.random());
  return [...keys.keys()].sort((a, b) => (keys[a] as number) - (keys[b] as number));
}

/** Calls a slice has at least: in fewer of them, whoever meets the collector pays for all. */
const FEWEST = 8;

/** Runs until compiled, and finds how often it runs in a slice. */
async function warmUp(work: () => unknown, slice: number): Promise<number> {
  let times = 1;
  for (let spent = 0; spent < 12 * slice;) {
    const ms = await repeat(work, times);
    spent += ms;
    times = Math.max(FEWEST, Math.min(times * 2, Math.round(times * slice / ms)));
  }
  return times;
}

/** Milliseconds of processor time for so many calls, one after another. */
async function repeat(work: () => unknown, times: number): Promise<number> {
  const first = work();
  const isAsync = first instanceof Promise;
  await first;
  const start = process.cpuUsage();
  if (isAsync) { for (let i = 0; i < times; i++) sink.last = await work(); }
  else for (let i = 0; i < times; i++) sink.last = work();
  const { user, system } = process.cpuUsage(start);
  return Math.max((user + system) / 1000, 0.001);
}

/** Median, and how far rounds lie apart: the first and the last tenth. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** How often `faster` fits into `slower`, round by round. */
export function ratio(rounds: Rounds, slower: string, faster: string): Spread {
  const of = rounds[slower] as number[];
  const to = rounds[faster] as number[];
  return spread(of.map((ns, round) => ns / (to[round] as number)));
}

/** The spread of some numbers. */
export function spread(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  return { median: at(0.5), low: at(0.1), high: at(0.9) };
}
