/** What `docs/scale.md` says may be done to a ledger: no order runs twice for it. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import pg from "pg";
import { type Ledger, OrderAlreadyConsumed } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";
import { ARCHIVE_POSTGRES, ARCHIVE_SQLITE, PARTITIONS } from "./bench/archive.ts";
import { claimOf, resultOf } from "./bench/orders.ts";
import { startDatabase } from "../support/database.ts";

const folder = mkdtempSync(join(tmpdir(), "scale-test-"));
let database: Awaited<ReturnType<typeof startDatabase>>;
let client: pg.Client;
before(async () => {
  database = await startDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
after(async () => {
  await client.end();
  await database.stop();
  rmSync(folder, { recursive: true });
});

/** Twenty orders that are closed, and one that is open. */
async function fill(ledger: Ledger): Promise<void> {
  for (let i = 0; i < 20; i += 1) {
    await ledger.consume(...claimOf(`order-${i}`));
    await ledger.store(resultOf(`order-${i}`));
  }
  await ledger.consume(...claimOf("open"));
}

/** None of them is executed again, and a result that was open is stored as ever. */
async function stillOnce(ledger: Ledger): Promise<void> {
  for (const orderId of [...Array.from({ length: 20 }, (_, i) => `order-${i}`), "open"]) {
    await assert.rejects(ledger.consume(...claimOf(orderId)), OrderAlreadyConsumed);
  }
  assert.deepEqual(await ledger.lost(), []);
  await ledger.store(resultOf("open"));
  assert.equal((await ledger.get("open"))?.status, "APPLIED");
  assert.ok((await ledger.get("open"))?.result?.trace);
}

test("PostgreSQL: partitions by the hash of the identity are made before SCHEMA, and are filled", async () => {
  await client.query(PARTITIONS);
  await PostgresLedger.install(client);
  const ledger = await PostgresLedger.open(client);
  await fill(ledger);
  const { rows } = await client.query(
    "select tableoid, count(*)::int as orders from deployer.orders group by tableoid",
  );
  assert.equal(rows.length, 4);
  assert.equal(rows.reduce((sum: number, { orders }) => sum + orders, 0), 21);
  await stillOnce(ledger);
  await ledger.close();
});

for (const partitioned of [true, false]) {
  test(`PostgreSQL: an order that is archived runs no second time (partitions: ${partitioned})`, async () => {
    await client.query("drop schema deployer cascade");
    if (partitioned) await client.query(PARTITIONS);
    await PostgresLedger.install(client);
    const ledger = await PostgresLedger.open(client);
    await fill(ledger);
    const { rowCount } = await client.query(ARCHIVE_POSTGRES, ["infinity"]);
    assert.equal(rowCount, 20, "what is open is left alone");
    assert.equal((await ledger.get("order-7"))?.status, "APPLIED");
    assert.equal((await ledger.get("order-7"))?.result?.trace, undefined);
    await stillOnce(ledger);
    await ledger.close();
  });
}

test("SQLite: an order that is archived runs no second time", async () => {
  const file = join(folder, "ledger.db");
  const ledger = await SqliteLedger.open(file);
  await fill(ledger);
  const sqlite = new DatabaseSync(file);
  assert.equal(sqlite.prepare(ARCHIVE_SQLITE).run("9").changes, 20, "what is open is left alone");
  sqlite.close();
  assert.equal((await ledger.get("order-7"))?.status, "APPLIED");
  assert.equal((await ledger.get("order-7"))?.result?.trace, undefined);
  await stillOnce(ledger);
  await ledger.close();
});

test("folder: an order whose result was moved away runs no second time", async () => {
  const place = join(folder, "ledger");
  const ledger = new FolderLedger(place);
  await fill(ledger);
  const results = readdirSync(place).filter((name) => name.endsWith(".result.json"));
  assert.equal(results.length, 20);
  for (const name of results) rmSync(join(place, name));
  assert.equal((await ledger.get("order-7"))?.status, "OPEN");
  await stillOnce(ledger);
  await ledger.close();
});
