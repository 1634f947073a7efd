/**
 * The Runner of a fleet: takes orders off the queue, has each executed once, stores what was
 * observed. Any number of processes may do this at once. The queue may deliver an order again, to
 * the same process or to another: it is the ledger that keeps it from being executed again.
 */
import { randomUUID } from "node:crypto";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import {
  type Action,
  execute,
  type ExecutionRequest,
  type ExecutionResult,
} from "deployer-runtime";
import pg from "pg";
import type { PgBoss } from "pg-boss";
import { type Ledger, LedgerDown, OrderAlreadyConsumed } from "deployer-runner";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { Intake } from "./intake.ts";
import { cancel, finish, type Job } from "./queue.ts";

/** A ledger, and the session that it lives in: when that ends, it can claim nothing more. */
export interface Session {
  ledger: Ledger;
  ended: Promise<unknown>;
  close: () => Promise<void>;
}

/** Opens a ledger in a session of its own. Its tables are there already. */
export async function openLedger(url: string): Promise<Session> {
  const client = new pg.Client({ connectionString: url, application_name: "fleet-ledger" });
  client.on("error", () => {}); // `ended` says it, and so does every query that comes after.
  const ended = new Promise((resolve) => client.once("end", resolve));
  await client.connect();
  const ledger = await PostgresLedger.open(client);
  return { ledger, ended, close: () => client.end() };
}

/** What a worker works with. */
export interface Worker {
  /** Its name, which stands in every result. */
  runner: string;
  queue: PgBoss;
  openLedger: () => Promise<Session>;
  action: Action;
  /** How many actions run at once. A result that is being stored holds no lane. */
  lanes: number;
  /** When it aborts, the worker takes no more orders, finishes those in flight, and ends. */
  signal?: AbortSignal;
  say: (orderId: string, what: string) => void;
}

/** Works until the signal aborts, or rejects once the ledger is down and nothing is in flight. */
export async function work(worker: Worker): Promise<void> {
  const { queue, lanes, signal } = worker;
  // Results are stored in a session of their own, while the next orders are claimed.
  const [claiming, storing] = await Promise.all([worker.openLedger(), worker.openLedger()]);
  const running = new Set<Promise<unknown>>();
  const handled = new Set<Promise<unknown>>();
  let [open, faults] = [!signal?.aborted, [] as unknown[]]; // It may have come while they opened.
  const close = () => open = false;
  for (const { ended } of [claiming, storing]) ended.then(close);
  signal?.addEventListener("abort", close);
  const fail = (fault: unknown) => {
    close();
    faults.push(fault);
  };
  const finished = new Finished(queue, fail);
  const intake = new Intake(queue, lanes);

  while (open) {
    const jobs = await intake.next(lanes - running.size).catch(fail) ?? [];
    for (const job of jobs) {
      const attempt = attemptOnce(job, worker, claiming.ledger);
      hold(running, attempt);
      hold(handled, handle(job, attempt, worker, storing.ledger, finished).catch(fail));
    }
    if (jobs.length === 0) await sleep(100);
    if (running.size === lanes) await Promise.race(running);
    await turn(); // What ended together, as its claims were written together, is replaced together.
  }
  await intake.giveBack();
  await Promise.all(handled);
  await finished.all();
  await Promise.all([claiming.close(), storing.close()]);
  if (faults.length > 0) throw faults[0];
  if (!signal?.aborted) throw new Error("the session of the ledger has ended");
}

/** Keeps a promise in a set for as long as it is pending. */
function hold(pending: Set<Promise<unknown>>, promise: Promise<unknown>): void {
  const settled: Promise<unknown> = promise.catch(() => {}).then(() => pending.delete(settled));
  pending.add(settled);
}

/** Ends as the action does, or rejects: then the action was not called. */
async function attemptOnce(
  { id, data: order }: Job,
  { runner, action }: Worker,
  { consume }: Ledger,
): Promise<ExecutionResult> {
  const context = { executionId: randomUUID(), runner, annotations: { job: id } };
  return await execute(order, context, action, { consume });
}

/** One delivery of an order. If it rejects, the job expires, and is delivered again. */
async function handle(
  { id, data: order }: Job,
  attempt: Promise<ExecutionResult>,
  worker: Worker,
  ledger: Ledger,
  finished: Finished,
): Promise<void> {
  const { queue, say } = worker;
  try {
    const result = await attempt;
    await store(result, worker, ledger);
    say(order.orderId, result.status);
  } catch (error) {
    if (error instanceof LedgerDown) throw error;
    if (!(error instanceof OrderAlreadyConsumed)) {
      return await setAside(queue, id, error, say); // No order, or one that no ledger can hold.
    }
    if (isOther(error, order)) {
      return await setAside(queue, id, `${error.message}, for something else`, say);
    }
    say(order.orderId, "delivered again, refused");
  }
  finished.add(id);
}

/** Whether an order's identity was consumed for something else: the result there is not of this one. */
function isOther({ entry }: OrderAlreadyConsumed, order: ExecutionRequest): boolean {
  return entry !== undefined && !isDeepStrictEqual(entry.request, order);
}

/**
 * Jobs whose orders are done with. Those that end within a few milliseconds share one call. Nobody
 * waits for it: a job that is not finished is delivered again, and refused.
 */
class Finished {
  readonly #queue: PgBoss;
  readonly #fail: (fault: unknown) => void;
  #ids: string[] = [];
  #finishing: Promise<void> | undefined;

  constructor(queue: PgBoss, fail: (fault: unknown) => void) {
    this.#queue = queue;
    this.#fail = fail;
  }

  add(id: string): void {
    this.#ids.push(id);
    this.#finishing ??= this.#finish();
  }

  /** Resolves once nothing is left to be finished. */
  async all(): Promise<void> {
    await this.#finishing;
  }

  async #finish(): Promise<void> {
    while (this.#ids.length > 0) {
      await sleep(20);
      await finish(this.#queue, this.#ids.splice(0)).catch(this.#fail);
    }
    this.#finishing = undefined;
  }
}

/** What can never be executed must not come back for ever, and end one worker after the other. */
async function setAside(queue: PgBoss, job: string, error: unknown, say: Worker["say"]) {
  say(`job ${job}`, `set aside: ${error instanceof Error ? error.message : error}`);
  await cancel(queue, job);
}

/** What was observed is kept, even if the session was lost meanwhile: then another one stores it. */
async function store(result: ExecutionResult, worker: Worker, ledger: Ledger): Promise<void> {
  try {
    return await ledger.store(result);
  } catch (error) {
    for (let patience = 50; patience > 0; patience -= 1) {
      await sleep(200);
      const session = await worker.openLedger().catch(() => undefined);
      const stored = session?.ledger.store(result).finally(session.close);
      if (await stored?.then(() => true, () => false)) return;
    }
    console.error(JSON.stringify(result)); // Nobody observes it a second time.
    throw error;
  }
}
