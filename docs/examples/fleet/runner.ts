/**
 * The Runner of a fleet: takes orders off the queue, has each executed once, stores what was
 * observed. Any number of processes may do this at once. The queue may deliver an order again, to
 * the same process or to another: it is the ledger that keeps it from being executed again.
 */
import { randomUUID } from "node:crypto";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { type Action, execute, type ExecutionResult } from "deployer-runtime";
import pg from "pg";
import type { PgBoss } from "pg-boss";
import { type Ledger, LedgerDown, OrderAlreadyConsumed } from "deployer-runner";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { cancel, finish, type Job, take } from "./queue.ts";

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
  /** How many orders it has in flight at once. */
  lanes: number;
  /** When it aborts, the worker takes no more orders, finishes those in flight, and ends. */
  signal?: AbortSignal;
  say: (orderId: string, what: string) => void;
}

/** Works until the signal aborts, or rejects once the ledger is down and nothing is in flight. */
export async function work(worker: Worker): Promise<void> {
  const { queue, lanes, signal } = worker;
  const session = await worker.openLedger();
  const finished = new Finished(queue);
  const inFlight = new Set<Promise<void>>();
  let [open, faults] = [true, [] as unknown[]];
  const close = () => open = false;
  session.ended.then(close);
  signal?.addEventListener("abort", close);
  const fail = (fault: unknown) => {
    close();
    faults.push(fault);
  };

  while (open) {
    const jobs = await take(queue, lanes - inFlight.size).catch(fail) ?? [];
    for (const job of jobs) {
      const handled = handle(job, worker, session.ledger, finished).catch(fail)
        .finally(() => inFlight.delete(handled));
      inFlight.add(handled);
    }
    if (jobs.length === 0) await sleep(100);
    if (inFlight.size === lanes) await Promise.race(inFlight);
    await turn(); // What ended together, by one write of the ledger, is replaced together.
  }
  await Promise.all(inFlight);
  await finished.all().catch(fail);
  await session.close();
  if (faults.length > 0) throw faults[0];
  if (!signal?.aborted) throw new Error("the session of the ledger has ended");
}

/** One delivery of an order. If it rejects, the job expires, and is delivered again. */
async function handle(
  { id, data: order }: Job,
  worker: Worker,
  ledger: Ledger,
  finished: Finished,
): Promise<void> {
  const { runner, queue, action, say } = worker;
  const context = { executionId: randomUUID(), runner, annotations: { job: id } };
  try {
    const result = await execute(order, context, action, ledger);
    await store(result, worker, ledger);
    say(order.orderId, result.status);
  } catch (error) {
    if (error instanceof LedgerDown) throw error;
    if (error instanceof OrderAlreadyConsumed) say(order.orderId, "delivered again, refused");
    else return await setAside(queue, id, error, say); // No order, or one that no ledger can hold.
  }
  finished.add(id);
}

/** Jobs whose orders are consumed: those that end while a call is under way share the next one. */
class Finished {
  readonly #queue: PgBoss;
  #ids: string[] = [];
  #finishing: Promise<void> | undefined;

  constructor(queue: PgBoss) {
    this.#queue = queue;
  }

  /** Nobody waits for it: a job that is not finished is delivered again, and refused. */
  add(id: string): void {
    this.#ids.push(id);
    this.#finishing ??= this.#finish();
    this.#finishing.catch(() => {}); // `all()` says it.
  }

  async all(): Promise<void> {
    await this.#finishing;
  }

  async #finish(): Promise<void> {
    while (this.#ids.length > 0) {
      await turn();
      await finish(this.#queue, this.#ids.splice(0));
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
