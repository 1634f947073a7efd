/**
 * Two processes on one folder, call by call. A schedule says after how many calls the other one goes
 * on, and when one is killed: all schedules with so many switches are tried, in the order in which
 * CHESS does (Musuvathi and Qadeer, 2007): what goes wrong at all goes wrong with few.
 */
import { setImmediate } from "node:timers";
import type { Files } from "../../ledgers/folder/files.ts";
import { Disk } from "./disk.ts";
import type { Met } from "./power.ts";
import { brokenIn, Runner, Told } from "./stories.ts";

/** What each of two processes does. */
export interface Meeting {
  readonly orders: readonly string[];
  begin?(disk: Disk, told: Told): Promise<void>;
  tell(one: Runner, other: Runner): readonly [Promise<unknown>, Promise<unknown>];
}

const both = async (runner: Runner, orderId: string) => {
  await runner.consume(orderId);
  await runner.store(orderId);
};

const lost = async (disk: Disk, told: Told) => {
  const gone = new Runner(disk, told, "gone");
  await Promise.all(["a", "bad"].map((orderId) => gone.consume(orderId)));
  await gone.store("a");
};

/** What two processes do at the same time. */
export const MEETINGS: Readonly<Record<string, Meeting>> = {
  "two of one order, in a new folder": {
    orders: ["a"],
    tell: (one, other) => [both(one, "a"), both(other, "a")],
  },
  "two orders each, of which one is the same": {
    orders: ["gone", "a", "b", "bad"],
    begin: (disk, told) => new Runner(disk, told, "gone").consume("gone"),
    tell: (one, other) => [
      Promise.all([both(one, "a"), both(one, "b")]),
      Promise.allSettled([both(other, "b"), both(other, "bad")]),
    ],
  },
  "a recovery beside an order": {
    orders: ["a", "bad", "b"],
    begin: lost,
    tell: (one, other) => [one.recover(), both(other, "b")],
  },
  "two recoveries": {
    orders: ["a", "bad"],
    begin: lost,
    tell: (one, other) => [one.recover(), other.recover()],
  },
};

/** One that waits for its turn at each call. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  isEnded = false;
  isKilled = false;

  /** The calls of a disk, each of which waits. */
  calls(disk: Disk): Files {
    const wait =
      <Given extends unknown[], Value>(call: (...given: Given) => Promise<Value>) =>
      async (...given: Given): Promise<Value> => {
        await new Promise<void>((go) => this.#waiting.push(go));
        return await call(...given);
      };
    return {
      async create(path, text) {
        const file = await wait(disk.create.bind(disk))(path, text);
        return { flush: wait(file.flush), close: file.close };
      },
      flush: wait(disk.flush.bind(disk)),
      link: wait(disk.link.bind(disk)),
      rename: wait(disk.rename.bind(disk)),
      unlink: wait(disk.unlink.bind(disk)),
      makeFolder: wait(disk.makeFolder.bind(disk)),
      makeFolders: wait(disk.makeFolders.bind(disk)),
      removeFolder: wait(disk.removeFolder.bind(disk)),
      list: wait(disk.list.bind(disk)),
      read: wait(disk.read.bind(disk)),
      look: wait(disk.look.bind(disk)),
    };
  }

  get canGo(): boolean {
    return !this.isKilled && this.#waiting.length > 0;
  }

  go(): void {
    this.#waiting.shift()?.();
  }
}

/** When the other one goes on, in calls of both; and which is killed, at which. */
interface Schedule {
  readonly switches: readonly number[];
  readonly kill?: readonly [which: 0 | 1, at: number];
}

/**
 * Tries all schedules with at most so many switches.
 *
 * @param step Of how many calls one is tried
 * @param kills Whether one of them is killed, too
 */
export async function interleave(
  meeting: Meeting,
  { switches, step = 1, kills = false }: { switches: number; step?: number; kills?: boolean },
  spoil: (disk: Disk) => void = () => {},
): Promise<Met> {
  let states = 0;
  const { calls } = await run(meeting, { switches: [] }, spoil);
  for (const schedule of schedules(calls, switches, step, kills)) {
    states += 1;
    const { broken } = await run(meeting, schedule, spoil);
    if (broken) return { states, broken: `${JSON.stringify(schedule)}: ${broken}` };
  }
  return { states, broken: undefined };
}

function* schedules(
  calls: number,
  switches: number,
  step: number,
  kills: boolean,
): Generator<Schedule> {
  const places = function* (from: number, left: number): Generator<number[]> {
    yield [];
    if (left === 0) return;
    for (let at = from; at < calls; at += step) {
      for (const more of places(at + step, left - 1)) yield [at, ...more];
    }
  };
  for (const places_ of places(1, switches)) {
    yield { switches: places_ };
    if (!kills) continue;
    for (let at = 1; at < calls; at += step) {
      for (const which of [0, 1] as const) yield { switches: places_, kill: [which, at] };
    }
  }
}

async function run(
  meeting: Meeting,
  { switches, kill }: Schedule,
  spoil: (disk: Disk) => void,
): Promise<{ calls: number; broken: string | undefined }> {
  const disk = new Disk();
  const told = new Told();
  await meeting.begin?.(disk, told);
  spoil(disk);
  const turns = [new Turns(), new Turns()] as const;
  const names = ["A", "B"];
  const isGone = (name: string) => {
    const which = names.indexOf(name);
    return which < 0 || turns[which]!.isKilled;
  };
  const runners = turns.map((turn, i) =>
    new Runner(turn.calls(disk), told, names[i] as string, isGone)
  );
  const faults: unknown[] = [];
  const ends = meeting.tell(runners[0] as Runner, runners[1] as Runner);
  ends.forEach((end, i) =>
    void end.catch((fault) => faults.push(fault)).then(() => turns[i]!.isEnded = true)
  );
  let calls = 0;
  let current = 0;
  for (;;) {
    await settled(turns);
    if (kill && kill[1] === calls) turns[kill[0]].isKilled = true;
    if (switches.includes(calls)) current = 1 - current;
    const turn = [turns[current]!, turns[1 - current]!].find(({ canGo }) => canGo);
    if (turn === undefined) break;
    turn.go();
    calls += 1;
  }
  const fault = faults.find((fault) => !["OrderAlreadyConsumed"].includes((fault as Error).name));
  if (fault) return { calls, broken: `${(fault as Error).stack}` };
  const by = new Set(told.consumed.map(({ orderId }) => orderId));
  if (by.size < told.consumed.length) {
    return { calls, broken: `consumed twice: ${JSON.stringify(told.consumed)}` };
  }
  const closed = told.recovered.filter((orderId, i) => told.recovered.indexOf(orderId) !== i);
  if (closed.length > 0) return { calls, broken: `recovered twice: ${closed}` };
  return { calls, broken: await brokenIn(disk, told, meeting.orders) };
}

/** Each has come to a call, or to its end. */
async function settled(turns: readonly Turns[]): Promise<void> {
  for (let still = 0; still < 3;) {
    await new Promise((turn) => setImmediate(turn));
    still = turns.every((one) => one.isEnded || one.isKilled || one.canGo) ? still + 1 : 0;
  }
}
