/** What Runners do in an exploration, what they were told, and what must hold whatever comes between. */
import { execute, type ExecutionResult } from "deployer-runtime";
import { FolderLedger, type Machine } from "../../ledgers/folder.ts";
import type { Files } from "../../ledgers/folder/files.ts";
import type { Entry } from "../../ledgers/ledger.ts";
import { claim } from "../../testing_claim.ts";
import type { Disk } from "./disk.ts";

export const FOLDER = "/ledgers/one";

/** What Runners were told: from then on, no failure may make it untrue. */
export class Told {
  readonly consumed: { orderId: string; by: string }[] = [];
  readonly stored: ExecutionResult[] = [];
  readonly recovered: string[] = [];

  copy(): Told {
    const copy = new Told();
    copy.consumed.push(...this.consumed);
    copy.stored.push(...this.stored);
    copy.recovered.push(...this.recovered);
    return copy;
  }
}

/** A process with a ledger. */
export class Runner {
  readonly ledger: FolderLedger;
  readonly #told: Told;
  readonly #name: string;

  /** @param isGone Whether the process of that name is gone */
  constructor(
    files: Files,
    told: Told,
    name = "A",
    isGone: (name: string) => boolean = () => false,
  ) {
    const machine: Machine = { files, process: { host: name, pid: 1 } };
    this.ledger = new FolderLedger(FOLDER, ({ host }) => isGone(host), machine);
    this.#told = told;
    this.#name = name;
  }

  async consume(orderId: string): Promise<void> {
    const [fact, request, context] = claim(orderId, orderId, AT[orderId]);
    const by = `${this.#name}/${orderId}`;
    await this.ledger.consume({ ...fact, executionId: by }, request, {
      ...context,
      executionId: by,
    });
    this.#told.consumed.push({ orderId, by });
  }

  async store(orderId: string): Promise<void> {
    const result = await resultOf(orderId, `${this.#name}/${orderId}`);
    await this.ledger.store(result);
    this.#told.stored.push(result);
  }

  async recover(): Promise<void> {
    const closed = await this.ledger.recover();
    this.#told.recovered.push(...closed.map(({ orderId }) => orderId));
  }
}

/** When they are consumed, where it is not at one time: one of them in another minute. */
const AT: Record<string, string> = { late: "2026-01-31T09:31:00.000Z" };

/** A clock that stands still: results are the same in each run. */
const STILL = { now: () => Date.parse("2026-01-31T10:00:00.000Z"), monotonic: () => 0 };

/** Orders whose name begins with "bad" fail. */
export async function resultOf(orderId: string, executionId: string): Promise<ExecutionResult> {
  const [, request, context] = claim(orderId, orderId);
  return await execute(request, { ...context, executionId }, () => {
    if (orderId.startsWith("bad")) throw new Error("no");
    return "done";
  }, { clock: STILL });
}

/** A story, and the disk on which it begins. */
export interface Story {
  /** All that it is about. */
  readonly orders: readonly string[];
  begin?(disk: Disk, told: Told): Promise<void>;
  tell(files: Files, told: Told): Promise<unknown>;
}

const made = async (disk: Disk, told: Told) => {
  await new Runner(disk, told).consume("before");
  await new Runner(disk, told).store("before");
};

/** Each in one process, or in two that do not wait for each other. */
export const STORIES: Readonly<Record<string, Story>> = {
  "one order, which makes the folder": {
    orders: ["a"],
    async tell(files, told) {
      const runner = new Runner(files, told);
      await runner.consume("a");
      await runner.store("a");
    },
  },
  "two orders in turn, of which one fails": {
    orders: ["before", "a", "bad"],
    begin: made,
    async tell(files, told) {
      const runner = new Runner(files, told);
      for (const orderId of ["a", "bad"]) {
        await runner.consume(orderId);
        await runner.store(orderId);
      }
    },
  },
  "a batch of two minutes": {
    orders: ["before", "a", "late", "bad"],
    begin: made,
    async tell(files, told) {
      const runner = new Runner(files, told);
      await Promise.all(["a", "late", "bad"].map((orderId) => runner.consume(orderId)));
      await Promise.all(["a", "bad"].map((orderId) => runner.store(orderId)));
    },
  },
  "a batch beside another": {
    orders: ["before", "a", "b", "c"],
    begin: made,
    async tell(files, told) {
      const one = new Runner(files, told);
      const other = new Runner(files, told, "B");
      await Promise.allSettled([
        ...["a", "b"].map((orderId) => one.consume(orderId)),
        ...["b", "c"].map((orderId) => other.consume(orderId)),
      ]);
      await Promise.allSettled([one.store("a"), other.store("c")]);
    },
  },
  "a recovery": {
    orders: ["before", "a", "b", "c"],
    async begin(disk, told) {
      await made(disk, told);
      const runner = new Runner(disk, told);
      await Promise.all(["a", "b", "c"].map((orderId) => runner.consume(orderId)));
      await runner.store("b");
    },
    tell: (files, told) => new Runner(files, told, "B", (name) => name === "A").recover(),
  },
  "the index of an old folder": {
    orders: ["before", "a", "bad", "b"],
    async begin(disk, told) {
      await made(disk, told);
      const runner = new Runner(disk, told);
      for (const orderId of ["a", "bad"]) await runner.consume(orderId);
      await runner.store("bad");
      // As the version before has left it.
      for (const folder of ["index", "open"]) await disk.removeFolder(`${FOLDER}/${folder}`);
      await disk.unlink(`${FOLDER}/ledger.json`);
      const mark = JSON.stringify({ ledger: "deployer-runner/folder", version: 1 });
      await disk.create(`${FOLDER}/ledger.json`, mark);
    },
    async tell(files, told) {
      const runner = new Runner(files, told, "B");
      await runner.consume("b");
      await runner.store("b");
    },
  },
};

/**
 * What does not hold of a disk, if all processes are gone; `undefined` if all does. The disk is
 * changed.
 */
export async function brokenIn(
  disk: Disk,
  told: Told,
  orders: readonly string[],
): Promise<string | undefined> {
  try {
    const { ledger } = new Runner(disk, new Told(), "next", () => true);
    const before = await known(ledger, orders);
    for (const { orderId, by } of told.consumed) {
      if (before.get(orderId)?.fact.executionId !== by) return `${orderId} was consumed by ${by}`;
    }
    const listed = await idsOf(ledger.entries());
    if (!isSame(listed, [...before.keys()])) {
      return `listed: ${listed}, known: ${[...before.keys()]}`;
    }

    const recovered = (await ledger.recover()).map(({ orderId }) => orderId);
    const after = await known(ledger, orders);
    for (const orderId of recovered) {
      if (before.get(orderId)?.status !== "OPEN") return `${orderId} was recovered, and not open`;
    }
    for (const result of told.stored) {
      const entry = after.get(result.orderId);
      if (
        entry?.status !== result.status || JSON.stringify(entry.result) !== JSON.stringify(result)
      ) {
        return `the result of ${result.orderId} was stored, and it is ${entry?.status}`;
      }
    }
    for (const orderId of told.recovered) {
      if (after.get(orderId)?.status !== "UNKNOWN") return `${orderId} was recovered`;
    }
    for (const [orderId, { status }] of after) {
      if (status === "OPEN") return `${orderId} is open after the recovery`;
    }
    if ((await ledger.recover()).length > 0) return "there was something left to recover";

    const going = new Told();
    const runner = new Runner(disk, going, "next");
    for (const orderId of [...orders, "new"]) {
      const isRefused = await runner.consume(orderId).then(() => false, (error) => {
        if (error.name === "OrderAlreadyConsumed") return true;
        throw error;
      });
      if (isRefused !== after.has(orderId)) return `${orderId}: ${isRefused ? "" : "not "}refused`;
      if (!isRefused) await runner.store(orderId);
    }
    const all = await known(ledger, [...orders, "new"]);
    for (const status of ["OPEN", "APPLIED", "FAILED", "UNKNOWN"] as const) {
      const found = await idsOf(ledger.entries({ status }));
      const those = [...all].filter(([, entry]) => entry.status === status).map(([id]) => id);
      if (!isSame(found, those)) return `listed as ${status}: ${found}, known: ${those}`;
    }
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

async function known(
  ledger: FolderLedger,
  orders: readonly string[],
): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const orderId of orders) {
    const entry = await ledger.get(orderId);
    if (entry) entries.set(orderId, entry);
  }
  return entries;
}

async function idsOf(entries: AsyncIterable<Entry>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { fact } of entries) ids.push(fact.orderId);
  return ids;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length &&
    JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
}
