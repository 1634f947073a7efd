/**
 * A worker that chaos kills. What its orders do to the world is one line each in the effect log. It
 * is the Runner of the fleet, or, for a ledger in a folder, a process that races for the same list
 * of orders as all the others. A fault can be built in, to show that chaos finds it.
 */
import { randomUUID } from "node:crypto";
import { openSync, readFileSync, writeSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Action, execute, type ExecutionRequest } from "deployer-runtime";
import type { PgBoss } from "pg-boss";
import { type Ledger, OrderAlreadyConsumed } from "deployer-runner";
import { openLocal } from "./local.ts";
import { finish, openQueue } from "deployer-fleet/queue.ts";
import { openLedger, work } from "deployer-fleet/runner.ts";

/** What an order of chaos asks for: times in milliseconds, so that a kill hits every step. */
export interface ChaosInput {
  before: number;
  after: number;
  ends: "applied" | "failed" | "unproven";
}

/** What chaos tells its worker. */
export interface Task {
  runner: string;
  effects: string;
  fault: string | undefined;
  url?: string;
  folder?: string;
  /** In that folder: SQLite instead of files. */
  sqlite?: boolean;
}

/** Does its one effect by one write at the end of a file: the kernel does it whole, or not at all. */
function effect(log: number): Action {
  return async ({ orderId, action }, { unproven }) => {
    const { before, after, ends } = action.input as ChaosInput;
    await sleep(before);
    writeSync(log, `${orderId}\n`);
    await sleep(after);
    if (ends === "failed") throw new Error("refused");
    return ends === "unproven" ? unproven("no answer") : { done: orderId };
  };
}

/** What was not claimed yet: one session claims, and another one stores. */
const claims = new Map<string, Parameters<Ledger["consume"]>>();

/** The ledger, or one that is broken on purpose. */
function faulty(ledger: Ledger, fault: string | undefined): Ledger {
  if (fault === "claims-twice") {
    const consume: Ledger["consume"] = async (...claim) => {
      await ledger.consume(...claim).catch((error) => {
        if (!(error instanceof OrderAlreadyConsumed)) throw error;
      });
    };
    const store: Ledger["store"] = (result) => ledger.store(result).catch(() => {});
    return { ...methods(ledger), consume, store };
  }
  if (fault === "claims-late") {
    return {
      ...methods(ledger),
      consume(...claim) {
        claims.set(claim[0].executionId, claim);
        return Promise.resolve();
      },
      async store(result) {
        await ledger.consume(...claims.get(result.executionId)!).catch(
          () => {},
        );
        await ledger.store(result).catch(() => {});
      },
    };
  }
  return ledger;
}

function methods(ledger: Ledger): Ledger {
  return {
    consume: ledger.consume,
    store: (result) => ledger.store(result),
    lost: () => ledger.lost(),
    recover: () => ledger.recover(),
    get: (orderId) => ledger.get(orderId),
    list: (query) => ledger.list(query),
    entries: (filter) => ledger.entries(filter),
    close: () => ledger.close(),
    [Symbol.asyncDispose]: () => ledger.close(),
  };
}

/** The queue, or one whose jobs are finished before their orders are consumed. */
function faultyQueue(boss: PgBoss, fault: string | undefined): PgBoss {
  if (fault !== "finishes-early") return boss;
  const fetch = async (name: string, { batchSize }: { batchSize: number }) => {
    const jobs = await boss.fetch(name, { batchSize });
    if (jobs.length > 0) await finish(boss, jobs.map(({ id }) => id));
    return jobs;
  };
  return new Proxy(boss, {
    get: (of, key) => key === "fetch" ? fetch : Reflect.get(of, key),
  });
}

/**
 * Takes the orders of the list in turn, as every other process does at the same time: some of them
 * at once, so that they share writes.
 */
async function race(
  folder: string,
  { runner, fault, sqlite }: Task,
  action: Action,
  signal: AbortSignal,
): Promise<void> {
  const ledger = faulty(await openLocal(folder, sqlite === true), fault);
  const once = async (order: ExecutionRequest) => {
    try {
      const context = { executionId: randomUUID(), runner };
      await ledger.store(await execute(order, context, action, ledger));
    } catch (error) {
      if (!(error instanceof OrderAlreadyConsumed)) throw error;
    }
  };
  process.send?.("ready");
  // Everything before that line is consumed.
  let next = Number(readFileSync(`${folder}/from`, "utf8"));
  let lines: string[] = [];
  const lane = async () => {
    while (!signal.aborted) {
      if (next >= lines.length) {
        lines = readFileSync(`${folder}/orders.ndjson`, "utf8").split("\n")
          .slice(0, -1);
      }
      const line = lines[next];
      if (line === undefined) {
        await sleep(20);
        continue;
      }
      next += 1;
      const order: ExecutionRequest = JSON.parse(line);
      // What is consumed is passed over, by whatever it takes to see that.
      if (fault === undefined && await ledger.get(order.orderId)) continue;
      await once(order);
    }
  };
  await Promise.all([1, 2, 3, 4].map(lane));
}

const task: Task = JSON.parse(process.argv[2]!);
const action = effect(openSync(task.effects, "a"));
process.send?.("started");
process.once("disconnect", () => process.exit()); // Chaos itself is gone.

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const run = async () => {
  if (task.folder !== undefined) {
    return await race(task.folder, task, action, stop.signal);
  }
  const url = task.url!;
  const queue = await openQueue(url);
  await work({
    runner: task.runner,
    queue: faultyQueue(queue, task.fault),
    openLedger: async () => {
      const session = await openLedger(url);
      process.send?.("ready");
      return { ...session, ledger: faulty(session.ledger, task.fault) };
    },
    action,
    lanes: 4,
    signal: stop.signal,
    say: () => {},
  });
};
run().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
