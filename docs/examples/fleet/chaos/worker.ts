/**
 * A worker that chaos kills. What its orders do to the world is one line each in the effect log. It
 * is the Runner of the fleet, or, for a ledger in a folder, a process that races for the same list
 * of orders as all the others. A fault can be built in, to show that chaos finds it.
 */
import { createHash, randomUUID } from "node:crypto";
import { openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Action, execute, type ExecutionRequest } from "deployer-runtime";
import type PgBoss from "pg-boss";
import { OrderAlreadyConsumed } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import type { Ledger } from "deployer-runner";
import { finish, openQueue } from "../queue.ts";
import { openLedger, work } from "../runner.ts";

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

/** The ledger, or one that is broken on purpose. */
function faulty(ledger: Ledger, fault: string | undefined): Ledger {
  if (fault === "claims-twice") {
    const consume: Ledger["consume"] = async (...claim) => {
      await ledger.consume(...claim).catch((error) => {
        if (!(error instanceof OrderAlreadyConsumed)) throw error;
      });
    };
    const store: Ledger["store"] = (result) =>
      ledger.store(result).catch(() => {});
    return { ...methods(ledger), consume, store };
  }
  if (fault === "claims-late") {
    const claims = new Map<string, Parameters<Ledger["consume"]>>();
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
    consume: (...claim) => ledger.consume(...claim),
    store: (result) => ledger.store(result),
    lost: () => ledger.lost(),
    recover: () => ledger.recover(),
  };
}

/** The queue, or one whose jobs are finished before their orders are consumed. */
function faultyQueue(boss: PgBoss, fault: string | undefined): PgBoss {
  if (fault !== "finishes-early") return boss;
  const fetch = async (name: string) => {
    const jobs = await boss.fetch(name);
    for (const { id } of jobs) await finish(boss, id);
    return jobs;
  };
  return new Proxy(boss, {
    get: (of, key) => key === "fetch" ? fetch : Reflect.get(of, key),
  });
}

/** Takes all orders of the list in turn, as every other process does at the same time. */
async function race(
  folder: string,
  { runner, fault }: Task,
  action: Action,
  signal: AbortSignal,
): Promise<void> {
  const ledger = faulty(new FolderLedger(`${folder}/ledger`), fault);
  const hash = (text: string) =>
    createHash("sha256").update(text).digest("hex");
  const known = new Set(readdirSync(`${folder}/ledger`));
  process.send?.("ready");
  for (let next = 0; !signal.aborted;) {
    const lines = readFileSync(`${folder}/orders.ndjson`, "utf8").split("\n")
      .slice(next, -1);
    if (lines.length === 0) await sleep(20);
    for (const line of lines) {
      if (signal.aborted) return;
      next += 1;
      const order: ExecutionRequest = JSON.parse(line);
      if (known.has(`${hash(order.orderId)}.json`) && fault === undefined) {
        continue;
      }
      try {
        const context = { executionId: randomUUID(), runner };
        await ledger.store(await execute(order, context, action, ledger));
      } catch (error) {
        if (!(error instanceof OrderAlreadyConsumed)) throw error;
      }
    }
  }
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
