/** SQLite as a ledger: the suite of all ledgers, and what is its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { LedgerDamaged, LedgerDown } from "deployer-runner";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";
import { testLedger } from "deployer-runner/testing";
import { claim } from "../testing_claim.ts";
import { openLedger } from "./open_sqlite.ts";
import { runtime } from "./runtime.ts";
import { openDatabase } from "./sqlite_driver.ts";

const root = mkdtempSync(join(tmpdir(), "ledger-sqlite-"));
after(() => rmSync(root, { recursive: true }));
const fresh = () => join(mkdtempSync(join(root, "fresh-")), "ledger.db");

testLedger("SQLite", {
  opener: new URL("open_sqlite.ts", import.meta.url).href,
  runtime,
  fresh,
  async openDown() {
    const database = await openDatabase(fresh());
    const ledger = await SqliteLedger.open(database);
    database.close();
    return ledger;
  },
});

test("SQLite: what people ask by SQL stands in columns, and each commit is flushed", async () => {
  const path = fresh();
  const database = await openDatabase(path);
  const ledger = await SqliteLedger.open(database);
  await ledger.consume(...claim("x"));
  const all = (sql: string) => database.prepare(sql).all().map((row) => ({ ...row }));
  assertEquals(
    all("select order_id, status, consumed_at, runner, action from orders"),
    [{
      order_id: "x",
      status: null,
      consumed_at: "2026-01-31T09:30:00.000Z",
      runner: "r",
      action: "n",
    }],
  );
  assertEquals(all("pragma journal_mode"), [{ journal_mode: "wal" }]);
  assertEquals(all("pragma synchronous"), [{ synchronous: 2 }]);
  assertEquals(all("pragma user_version"), [{ user_version: 1 }]);
  assertEquals(all("select strict from pragma_table_list('orders')"), [{
    strict: 1,
  }]);
  const plan = all(
    "explain query plan select fact from orders where status is null order by consumed_at",
  );
  assertEquals(plan.map(({ detail }) => detail), [
    "SCAN orders USING INDEX orders_open",
  ]);
  await ledger.close();
  assertEquals(all("select count(*) as orders from orders"), [{ orders: 1 }]); // It stays open.
  database.close();
});

test("SQLite: many open one new file at the same time", async () => {
  const path = fresh();
  const ledgers = await Promise.all(
    Array.from({ length: 8 }, () => openLedger(path)),
  );
  await ledgers[0]?.consume(...claim("x"));
  assertEquals((await ledgers[7]?.get("x"))?.status, "OPEN");
  await Promise.all(ledgers.map((ledger) => ledger.close()));
});

test("SQLite: a file that a later version has written is refused, and not touched", async () => {
  const path = fresh();
  const database = await openDatabase(path);
  database.prepare("pragma user_version = 7").run();
  await assertRejects(
    () => openLedger(path),
    LedgerDown,
    `cannot open the ledger ${
      JSON.stringify(path)
    }: it has version 7 of the table: this package knows 1`,
  );
  database.close();
});

test("SQLite: a file that is none is refused by name", async () => {
  await assertRejects(
    () => openLedger(root),
    LedgerDown,
    `cannot open the ledger "${root}": `,
  );
});

test("SQLite: while another process writes, a claim waits without blocking, and then gives up", async () => {
  const path = fresh();
  const [database, ledger] = [
    await openDatabase(path),
    await SqliteLedger.open(path, { patience: 200 }),
  ];
  database.prepare("begin immediate").run();
  let turns = 0;
  const timer = setInterval(() => turns += 1, 5);
  await assertRejects(
    () => ledger.consume(...claim("x")),
    LedgerDown,
    `order "x": database is locked`,
  );
  clearInterval(timer);
  assertEquals(turns > 3, true, `${turns} turns`);
  const claimed = ledger.consume(...claim("x"));
  setTimeout(() => database.prepare("commit").run(), 50);
  await claimed;
  await ledger.close();
  database.close();
});

test("SQLite: a damaged row stops the recovery of no other order, and is named", async () => {
  const path = fresh();
  const ledger = await SqliteLedger.open(path, { judge: () => true });
  for (const orderId of ["a", "b", "c"]) {
    await ledger.consume(...claim(orderId));
  }
  const database = await openDatabase(path);
  database.prepare("update orders set fact = '{ half' where order_id = 'b'")
    .run();
  database.close();
  for (const call of ["lost", "recover"] as const) {
    const error = await assertRejects(
      () => ledger[call](),
      LedgerDamaged,
      'the row of order "b" holds no JSON: ',
    );
    assertEquals(error.facts.map(({ orderId }) => orderId), ["a", "c"]);
  }
  await assertRejects(
    () => ledger.get("b"),
    LedgerDown,
    'cannot read order "b": the row of order "b"',
  );
  await ledger.close();
});
