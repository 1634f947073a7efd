/**
 * The figures of `docs/scale.md`: bytes an order in each ledger, what archiving gives back, and what
 * many workers cost the database: `npm run bench:scale`. Node 22.13 or later.
 *
 *     npm run bench:scale -- --orders 1000000 --files 20000
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import pg from "pg";
import type { Ledger } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";
import { startDatabase } from "../../support/database.ts";
import { installQueue, openQueue, take } from "deployer-fleet/queue.ts";
import { ARCHIVE_POSTGRES, ARCHIVE_SQLITE } from "./archive.ts";
import { claimOf, resultOf, through } from "./orders.ts";

const { values } = parseArgs({
  options: {
    orders: { type: "string", default: "1000000" },
    files: { type: "string", default: "20000" },
  },
});
const orders = Number(values.orders);
const files = Number(values.files);
const root = mkdtempSync(join(tmpdir(), "bench-scale-"));
const database = await startDatabase();
const client = new pg.Client({ connectionString: database.url });
await client.connect();
await PostgresLedger.install(client);

/** One order as JSON, its identities to be filled in: they differ, as those of real orders do. */
const [fact, request, context, result] = [...claimOf("ORDER"), resultOf("ORDER")]
  .map((value) => JSON.stringify(value).replaceAll("execution-1", "EXECUTION")) as string[];
console.log(`one order: ${[fact, request, context, result].join("").length} bytes of JSON\n`);

async function one(query: string): Promise<string> {
  return Object.values((await client.query(query)).rows[0])[0] as string;
}

async function milliseconds(times: number, what: (i: number) => Promise<unknown>): Promise<string> {
  const all: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const begin = performance.now();
    await what(i);
    all.push(performance.now() - begin);
  }
  return all.sort((a, b) => a - b)[times >> 1]!.toFixed(2);
}

// --- PostgreSQL ----------------------------------------------------------------------------------

const table = [];
const postgres = async (what: string, count = orders) => {
  const size = async (part: string) => Number(await one(`select ${part}('deployer.orders')`));
  const all = await size("pg_total_relation_size");
  const heap = await size("pg_table_size");
  table.push({
    ledger: "PostgreSQL",
    what,
    "bytes an order": Math.round(all / count),
    "of these in indexes": Math.round((all - heap) / count),
  });
};
await client.query(
  `insert into deployer.orders (order_id, session, fact, request, context, result)
   select id, 0, ${
    [1, 2, 3, 4].map((i) => `replace(replace($${i}, 'ORDER-', id), 'EXECUTION', uuid)::jsonb`)
  }
   from (select 'release-' || i as id, gen_random_uuid()::text as uuid
         from generate_series(1, ${orders}) as i) as new`,
  [fact, request, context, result].map((text) => text!.replaceAll('"ORDER"', '"ORDER-"')),
);
await postgres(`${orders} orders, written at once`);
await client.query(ARCHIVE_POSTGRES, ["infinity"]);
await client.query("vacuum full deployer.orders");
await postgres("the same, archived");

// --- SQLite --------------------------------------------------------------------------------------

const file = join(root, "ledger.db");
await (await SqliteLedger.open(file)).close();
const sqlite = new DatabaseSync(file);
const weigh = (what: string) => {
  sqlite.exec("pragma wal_checkpoint(truncate)");
  table.push({
    ledger: "SQLite",
    what,
    "bytes an order": Math.round(statSync(file).size / orders),
  });
};
sqlite.prepare(
  `with recursive n (i) as (values (1) union all select i + 1 from n where i < ?),
     new as (select 'release-' || i as id, lower(hex(randomblob(18))) as uuid from n)
   insert into orders (order_id, execution_id, consumed_at, runner, action, status, process,
     fact, request, context, result)
   select id, uuid, '2026-01-31T09:30:00.000Z', 'bench', 'release.switch', 'APPLIED', ?,
     ${
    ["?", "?", "?", "?"].map((text) => `replace(replace(${text}, 'ORDER', id), 'EXECUTION', uuid)`)
  }
   from new`,
).run(
  orders,
  JSON.stringify({ host: "machine-1", boot: crypto.randomUUID(), pid: 12345, start: 123456 }),
  ...[fact!, request!, context!, result!],
);
weigh(`${orders} orders, written at once`);
sqlite.prepare(ARCHIVE_SQLITE).run("9");
sqlite.exec("vacuum");
weigh("the same, archived");
sqlite.close();

// --- Folder, and PostgreSQL as it fills by and by ------------------------------------------------

/** Takes orders through a ledger, with so many in flight. */
async function fill(ledger: Ledger, inFlight: number): Promise<void> {
  const contender = through(ledger);
  let next = 0;
  const lane = async () => {
    while (next < files) await contender.order(`filled-${next++}`);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  await contender.close();
}

await client.query("truncate deployer.orders");
await fill(await PostgresLedger.open(database.url), 16);
await postgres(`${files} orders, by and by`, files);
await client.query("vacuum full deployer.orders");
await postgres("the same, after vacuum full", files);

for (const inFlight of [1, 16]) {
  const folder = join(root, `folder-${inFlight}`);
  await fill(new FolderLedger(folder), inFlight);
  const [disk = "0"] = execFileSync("du", ["-s", "-B1", folder], { encoding: "utf8" }).split("\t");
  const [inodes = "0"] = execFileSync("du", ["-s", "--inodes", folder], { encoding: "utf8" })
    .split("\t");
  table.push({
    ledger: "folder",
    what: `${files} orders, ${inFlight} in flight`,
    "bytes an order": Math.round(Number(disk) / files),
    "files an order": (Number(inodes) / files).toFixed(2),
  });
}
console.table(table);

// --- Many workers --------------------------------------------------------------------------------

const ledger = await PostgresLedger.open(database.url);
const workers = [];
for (const locks of [1, 100, 1_000, 4_000]) {
  await client.query(
    `select pg_advisory_unlock_all(),
       (select count(pg_advisory_lock(1145393228, 100000 + i)) from generate_series(2, $1::int) as i)`,
    [locks],
  );
  const claim = (i: number) => ledger.consume(...claimOf(`with-${locks}-${i}`));
  workers.push({ "sessions alive": locks, "one claim, ms": await milliseconds(300, claim) });
}
await client.query("select pg_advisory_unlock_all()");
await ledger.close();
console.table(workers);

const queue = await installQueue(database.url, 600);
console.log(`an empty queue is asked in ${await milliseconds(300, () => take(queue, 16))} ms`);
const before = backends();
const queues = await Promise.all([1, 2, 3, 4, 5].map(() => openQueue(database.url)));
const ledgers = await Promise.all([1, 2, 3, 4, 5].map(() => PostgresLedger.open(database.url)));
for (const opened of queues) await Promise.all([1, 2, 3].map(() => take(opened, 1)));
for (const [i, opened] of ledgers.entries()) await opened.consume(...claimOf(`memory-${i}`));
const after = backends();
const added = after.count - before.count;
console.log(
  `five workers: ${added} sessions, ${
    ((after.kilobytes - before.kilobytes) / added / 1024).toFixed(1)
  } MB each`,
);
await Promise.all([...queues, queue].map((opened) => opened.stop({ graceful: false })));
await Promise.all(ledgers.map((opened) => opened.close()));
await client.end();
await database.stop();
rmSync(root, { recursive: true });

/** The server's processes, and the memory that is their share. */
function backends(): { count: number; kilobytes: number } {
  const pids = execFileSync("pgrep", ["-f", "postgres: postgres"], { encoding: "utf8" }).trim();
  const shares = pids.split("\n").map((pid) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
    } catch {
      return 0; // It has ended.
    }
  });
  return { count: shares.length, kilobytes: shares.reduce((sum, share) => sum + share, 0) };
}
