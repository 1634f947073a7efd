/**
 * The fleet beside its queue alone, and beside a durable workflow engine, on one PostgreSQL, in one
 * process, in turns: `npm run bench:fleet`, a part of `npm run bench:runners`.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { startDatabase } from "../../support/database.ts";
import { feed, finish, installQueue, take } from "deployer-fleet/queue.ts";
import { openLedger, work } from "deployer-fleet/runner.ts";
import { claimOf, resultOf } from "./orders.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    ms: { type: "string", default: "3000" },
    lanes: { type: "string", default: "1,4,16" },
  },
});
const rounds = Number(values.rounds);
const ms = Number(values.ms);

const database = await startDatabase();
await PostgresLedger.install(database.url);
const queue = await installQueue(database.url, 600);
DBOS.setConfig({
  name: "bench",
  systemDatabaseUrl: database.url.replace(/\/postgres$/, "/dbos"),
  logLevel: "error",
  runAdminServer: false,
});
const step = () => Promise.resolve({ current: "r42" });
const workflow = DBOS.registerWorkflow(() => DBOS.runStep(step, { name: "action" }), {
  name: "order",
});
await DBOS.launch();

let next = 0;
const orders = (count: number) =>
  Array.from({ length: count }, () => ({
    order: {
      orderId: `order-${process.pid}-${next++}`,
      action: { name: "release.switch", input: { release: "r42" } },
    },
  }));

/** What takes orders through, with so many at once, until the time is over; how many it took. */
type Contender = (lanes: number, over: AbortSignal) => Promise<number>;

const contenders: Record<string, Contender> = {
  async fleet(lanes, over) {
    let done = 0;
    await work({
      runner: "bench",
      queue,
      openLedger: () => openLedger(database.url),
      action: step,
      lanes,
      signal: over,
      say: () => done += 1,
    });
    return done;
  },
  async queue(lanes, over) {
    let done = 0;
    while (!over.aborted) {
      const jobs = await take(queue, lanes);
      if (jobs.length === 0) throw new Error("the queue was empty: feed more");
      await finish(queue, jobs.map(({ id }) => id));
      done += jobs.length;
    }
    return done;
  },
  /** The queue and the ledger in turns, and nothing else: what two more durable writes cost. */
  async writes(lanes, over) {
    let done = 0;
    const ledger = await PostgresLedger.open(database.url);
    while (!over.aborted) {
      const jobs = await take(queue, lanes);
      const orderIds = jobs.map(({ data }) => data.orderId);
      await Promise.all(orderIds.map((orderId) => ledger.consume(...claimOf(orderId))));
      await Promise.all(orderIds.map((orderId) => ledger.store(resultOf(orderId))));
      await finish(queue, jobs.map(({ id }) => id));
      done += jobs.length;
    }
    await ledger.close();
    return done;
  },
  async dbos(lanes, over) {
    let done = 0;
    const lane = async () => {
      while (!over.aborted) {
        await (await DBOS.startWorkflow(workflow)()).getResult();
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return done;
  },
};

/** Jobs that are fed for each millisecond: none of the contenders comes to the end of them. */
const PLENTY = 16;

/** Orders a second. */
async function rate(name: string, lanes: number): Promise<number> {
  if (name !== "dbos") await feed(queue, orders(ms * PLENTY));
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("analyze pgboss.job");
  const over = AbortSignal.timeout(ms);
  const begin = performance.now();
  const done = await contenders[name]!(lanes, over);
  const seconds = (performance.now() - begin) / 1000;
  await client.query("delete from pgboss.job"); // What is left must not wait for the next.
  await client.end();
  return done / seconds;
}

const table = [];
for (const lanes of values.lanes.split(",").map(Number)) {
  const rates: Record<string, number[]> = { fleet: [], queue: [], writes: [], dbos: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const names = Object.keys(contenders);
    for (const name of round % 2 === 0 ? names : names.reverse()) {
      const seen = await rate(name, lanes);
      if (round > 0) rates[name]!.push(seen); // The first one only warms up.
    }
  }
  const of = (name: string) => median(rates[name]!);
  const ratio = (name: string) =>
    median(rates.fleet!.map((rate, round) => rate / rates[name]![round]!));
  table.push({
    lanes,
    "fleet, orders/s": Math.round(of("fleet")),
    "pg-boss alone, same batch": Math.round(of("queue")),
    "the four writes in turns": Math.round(of("writes")),
    "DBOS, workflows/s": Math.round(of("dbos")),
    "fleet / pg-boss (>= 0.8)": ratio("queue").toFixed(2),
    "fleet / four writes": ratio("writes").toFixed(2),
    "fleet / DBOS (>= 3)": ratio("dbos").toFixed(2),
  });
}
console.log(`an action that returns at once; medians of ${rounds} interleaved rounds\n`);
console.table(table);
await DBOS.shutdown();
await queue.stop({ graceful: false });
await database.stop();

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
