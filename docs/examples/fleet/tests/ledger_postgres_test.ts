/** PostgreSQL as a ledger: the suite of all ledgers, and what only a database can do. */
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { execute } from "../../../../mod.ts";
import { claim } from "../../../../tests/support/ledger_claim.ts";
import { testLedger } from "../../../../tests/support/ledger_suite.ts";
import { section } from "../../../../tests/support/runners_guide.ts";
import { assertEquals, assertRejects } from "../../../../tests/support/std_assert.ts";
import { LedgerDown, OrderUnstorable } from "../../ledgers/errors.ts";
import { PostgresLedger, SCHEMA } from "../../ledgers/postgres.ts";
import { type Database, openDatabase } from "../database.ts";
import { closeSessions, openLedger, openSession } from "./ledger_postgres.ts";

let database: Database;
before(async () => void (database = await openDatabase()));
afterEach(closeSessions);
after(() => database.stop());

/** The URL of a new database that holds the ledger's tables, and no order. */
async function fresh(): Promise<string> {
  const [name, url] = [`ledger_${randomUUID().replaceAll("-", "")}`, new URL(database.url)];
  await (await openSession(database.url)).query(`create database ${name}`);
  url.pathname = name;
  // From many sessions at once, as a fleet does when it starts.
  await Promise.all([1, 2, 3].map(async () => (await openSession(url.href)).query(SCHEMA)));
  return url.href;
}

testLedger("PostgreSQL", {
  opener: new URL("ledger_postgres.ts", import.meta.url).href,
  openLedger,
  async openDown() {
    const session = await openSession(await fresh());
    const ledger = await PostgresLedger.open(session);
    await session.end();
    return ledger;
  },
  fresh,
  async read(url, orderId) {
    const session = await openSession(url);
    const { rows } = await session.query(
      "select fact, request, result, recovered from deployer.orders where order_id = $1",
      [orderId],
    ).finally(() => session.end());
    if (rows.length === 0) return undefined;
    const { fact, request, result, recovered } = rows[0];
    return { fact, request, ...result && { result }, ...recovered && { recovered } };
  },
});

test("PostgreSQL: an order whose session was ended is lost, though its Runner lives", async () => {
  const url = await fresh();
  const [session, own] = [await openSession(url), await openLedger(url)];
  const ledger = await PostgresLedger.open(session);
  const { rows: [{ pid }] } = await session.query("select pg_backend_pid() as pid");
  await ledger.consume(...claim("x"));
  await (await openSession(url)).query("select pg_terminate_backend($1, 5000)", [pid]);
  assertEquals((await own.recover()).map(({ orderId }) => orderId), ["x"]);

  // Its Runner can claim nothing more: it would look gone from the start.
  await assertRejects(() => ledger.consume(...claim("y")), LedgerDown);
});

test("PostgreSQL: a result that comes after its order was recovered is kept, and changes no status", async () => {
  const url = await fresh();
  const [ledger, session] = [await openLedger(url), await openSession(url)];
  const [fact, request, context] = claim("x");
  await ledger.consume(fact, request, context);
  await session.query("update deployer.orders set session = 0"); // A session that is no more.
  assertEquals((await ledger.recover()).length, 1);
  await ledger.store(await execute(request, context, () => "done"));
  const { rows } = await session.query(
    "select status, result ->> 'status' as observed, recovered ->> 'type' as type from deployer.orders",
  );
  assertEquals(rows, [{ status: "UNKNOWN", observed: "APPLIED", type: "PROOF_ABSENT" }]);
});

test("PostgreSQL: a session without the lock claims nothing, so a pool is no ledger", async () => {
  const url = await fresh();
  const [locked, other] = [await openSession(url), await openSession(url)];
  let next = 0;
  const sessions = [locked, other];
  const pool = {
    query: (text: string, values?: unknown[]) => sessions[next++ % 2]!.query(text, values),
  };
  const ledger = await PostgresLedger.open(pool);
  await assertRejects(() => ledger.consume(...claim("x")), LedgerDown, `column "session"`);
  await ledger.consume(...claim("x"));
});

test("PostgreSQL: an order that jsonb cannot hold is refused, and is not consumed", async () => {
  const ledger = await openLedger(await fresh());
  const unstorable = [claim("x", "a\u0000b"), claim("x", "\ud800"), claim("x\u0000y")];
  for (const refused of unstorable) {
    await assertRejects(() => ledger.consume(...refused), OrderUnstorable, 'order "x');
  }
  await ledger.consume(...claim("x"));
});

test("PostgreSQL: what the guide asks with SQL is answered as it says", async () => {
  const url = await fresh();
  const [ledger, session] = [await openLedger(url), await openSession(url)];
  const ends = {
    "order-1": () => ({ release: "r42" }),
    "order-2": () => Promise.reject(new Error("there is no release")),
    "order-3": (_request: unknown, { unproven }: { unproven: (reason: unknown) => null }) =>
      unproven({ release: "r43" }),
  };
  for (const [orderId, action] of Object.entries(ends)) {
    const context = { executionId: orderId, runner: "r" };
    const order = { orderId, action: { name: "switch" } };
    await ledger.store(await execute(order, context, action, ledger));
  }
  await ledger.consume(...claim("order-4"));
  await session.query("update deployer.orders set session = 0 where result is null");
  await ledger.recover();

  const { sql: [code = ""], text: [printed] } = section("SQL");
  // Of many statements `pg` gives an array: its types do not say so.
  const answers = await session.query(code) as unknown as { rows: object[] }[];
  const lines = answers.flatMap(({ rows }) => rows.map((row) => Object.values(row).join("|")));
  assertEquals(`${lines.join("\n")}\n`, printed);
});
