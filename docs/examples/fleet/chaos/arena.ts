/** Where chaos takes place: what gives orders to workers, and what they claim them in. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import type { ExecutionRequest } from "deployer-runtime";
import pg from "pg";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { SCHEMA } from "deployer-runner/ledgers/postgres";
import { startDatabase } from "../database.ts";
import { feed, installQueue, unfinished } from "../queue.ts";
import { openLedger } from "../runner.ts";
import type { Entry } from "./judge.ts";
import type { Task } from "./worker.ts";

/** A job: one delivery of an order that was asked for. */
export interface Job {
  id: string;
  order: ExecutionRequest;
}

/** What chaos needs of a place. Anything may reject while the database is down. */
export interface Arena {
  /** What a worker is told to find it. */
  task: Pick<Task, "url" | "folder">;
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
    return await client.query(text).then(({ rows }) => rows).finally(() =>
      client.end()
    );
  };
  await query(SCHEMA);
  const queue = await installQueue(url, 2);
  const backends =
    "select pid from pg_stat_activity where application_name like 'fleet-%'";

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
      const open =
        "select data ->> 'orderId' as id from pgboss.job where state < 'completed'";
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
export function folderArena(folder: string): Arena {
  const [list, ledger] = [`${folder}/orders.ndjson`, `${folder}/ledger`];
  mkdirSync(ledger);
  writeFileSync(list, "");
  const fed = new Map<string, string>();
  const has = (orderId: string, end: string) =>
    existsSync(`${ledger}/${fed.get(orderId)}${end}`);
  const waiting = () =>
    [...fed.keys()].filter((orderId) => !has(orderId, ".json"));

  return {
    task: { folder },
    feed(jobs) {
      for (const { order } of jobs) {
        fed.set(
          order.orderId,
          createHash("sha256").update(order.orderId).digest("hex"),
        );
        appendFileSync(list, `${JSON.stringify(order)}\n`);
      }
      return Promise.resolve();
    },
    backlog: () => Promise.resolve(waiting().length),
    recover: () => new FolderLedger(ledger).recover(),
    busy: () => Promise.resolve(false),
    // Every process begins at the start of the list.
    queued: () => Promise.resolve(new Set(waiting())),
    entries() {
      const read = (name: string) =>
        JSON.parse(readFileSync(`${ledger}/${name}`, "utf8"));
      const optional = (name: string) =>
        existsSync(`${ledger}/${name}`) ? read(name) : undefined;
      const names = readdirSync(ledger).filter((name) =>
        /^[0-9a-f]{64}\.json$/.test(name)
      );
      return Promise.resolve(names.map((name) => ({
        orderId: read(name).fact.orderId,
        result: optional(name.replace(".json", ".result.json")),
        recovered: optional(name.replace(".json", ".recovered.json")),
      })));
    },
    stop: () => Promise.resolve(),
  };
}
