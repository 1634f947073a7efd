/** Where chaos takes place: what gives orders to workers, and what they claim them in. */
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import process from "node:process";
import type { ExecutionRequest } from "deployer-runtime";
import pg from "pg";
import { SCHEMA } from "deployer-runner/ledgers/postgres";
import { startDatabase } from "../../support/database.ts";
import { feed, installQueue, unfinished } from "deployer-fleet/queue.ts";
import { openLedger } from "deployer-fleet/runner.ts";
import type { Entry } from "./judge.ts";
import { openLocal } from "./local.ts";
import type { Task } from "./worker.ts";

/** A job: one delivery of an order that was asked for. */
export interface Job {
  id: string;
  order: ExecutionRequest;
}

/** What chaos needs of a place. Anything may reject while the database is down. */
export interface Arena {
  /** What a worker is told to find it. */
  task: Pick<Task, "url" | "folder" | "sqlite">;
  /** To feed the same jobs again changes nothing. */
  feed: (jobs: Job[]) => Promise<void>;
  backlog: () => Promise<number>;
  /** Closes the orders whose Runner is gone. */
  recover: () => Promise<unknown>;
  /** Whether a session of a worker is still there; one that was killed takes a moment to go. */
  busy: () => Promise<boolean>;
  /** Kills the database, in one of two ways. */
  crash?: (dice: number) => Promise<void>;
  queued: () => Promise<Set<string>>;
  entries: () => Promise<Entry[]>;
  stop: () => Promise<void>;
}

/** The fleet: pg-boss gives the orders, PostgreSQL is the ledger. */
export async function postgresArena(): Promise<Arena> {
  const database = await startDatabase();
  const { url } = database;
  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    return await client.query(text).then(({ rows }) => rows).finally(() => client.end());
  };
  await query(SCHEMA);
  const queue = await installQueue(url, 2);
  const backends = "select pid from pg_stat_activity where application_name like 'fleet-%'";

  return {
    task: { url },
    feed: (jobs) => feed(queue, jobs),
    backlog: () => unfinished(queue),
    async recover() {
      const { ledger, close } = await openLedger(url);
      return await ledger.recover().finally(close);
    },
    busy: async () =>
      (await query(`${backends} and application_name = 'fleet-ledger'`))
        .length > 0,
    async crash(dice) {
      if (dice < 0.5) return await database.crash();
      // One backend of a worker's: PostgreSQL ends all others, and recovers by itself.
      const pids = await query(backends).catch(() => []);
      try {
        process.kill(
          pids[Math.floor(dice * 2 * pids.length) % pids.length].pid,
          "SIGKILL",
        );
      } catch {
        await database.crash(); // It is gone already, or there is none.
      }
    },
    async queued() {
      const open = "select data ->> 'orderId' as id from pgboss.job where state < 'completed'";
      return new Set((await query(open)).map(({ id }) => id));
    },
    entries: () =>
      query(
        `select order_id as "orderId", result, recovered from deployer.orders`,
      ),
    async stop() {
      await queue.stop({ graceful: false });
      await database.stop();
    },
  };
}

/** A folder: every process takes the same list of orders in turn, so that they race for each. */
export async function localArena(
  folder: string,
  sqlite: boolean,
): Promise<Arena> {
  const list = `${folder}/orders.ndjson`;
  const from = `${folder}/from`;
  const begin = (line: number) => {
    writeFileSync(`${from}.new`, String(line));
    renameSync(`${from}.new`, from); // A worker that starts reads the old line, or this one.
  };
  writeFileSync(list, "");
  begin(0);
  const ledger = await openLocal(folder, sqlite);
  let fed = 0;
  const waiting = new Map<string, number>();
  const look = async () => {
    for (const orderId of waiting.keys()) {
      if (await ledger.get(orderId)) waiting.delete(orderId);
    }
    begin(Math.min(fed, ...waiting.values()));
  };

  return {
    task: { folder, sqlite },
    feed(jobs) {
      for (const { order } of jobs) {
        waiting.set(order.orderId, fed);
        fed += 1;
        appendFileSync(list, `${JSON.stringify(order)}\n`);
      }
      return Promise.resolve();
    },
    async backlog() {
      await look();
      return waiting.size;
    },
    recover: () => ledger.recover(),
    busy: () => Promise.resolve(false),
    // Every process begins at the first of them.
    async queued() {
      await look();
      return new Set(waiting.keys());
    },
    async entries() {
      const entries: Entry[] = [];
      for (let after: string | undefined, more = true; more;) {
        const page = await ledger.list({ limit: 1_000_000, after });
        for (const { fact: { orderId }, result, recovered } of page.entries) {
          entries.push({ orderId, result, recovered });
        }
        after = page.next;
        more = after !== undefined;
      }
      return entries;
    },
    stop: () => ledger.close(),
  };
}
