/** PostgreSQL as a ledger: the suite of all ledgers, and what only a database can do. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Ledger, LedgerDown, OrderAlreadyConsumed, OrderUnstorable } from "deployer-runner";
import { PostgresLedger, SCHEMA } from "deployer-runner/ledgers/postgres";
import { type Foreign, testLedger } from "deployer-runner/testing";
import { execute } from "deployer-runtime";
import { section } from "../../../tests/support/runners_guide.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Database, startDatabase } from "../../../tests/support/database.ts";
import pg from "pg";
import { closeSessions, openLedger, openSession } from "./open_postgres.ts";
import { tableLock, weakOnes } from "./places.ts";

let database: Database;
before(async () => void (database = await startDatabase()));
afterEach(closeSessions);
after(() => database.stop());

/** What `consume` is given. */
function claim(
  orderId: string,
  input: unknown = [1],
): Parameters<Ledger["consume"]> {
  const [contract, at, executionId] = [
    "deployer-runtime/v1",
    "2026-01-31T09:30:00.000Z",
    "e",
  ] as const;
  return [
    { contract, type: "ORDER_CONSUMED", orderId, executionId, at },
    { orderId, action: { name: "n", input } },
    { executionId, runner: "r" },
  ];
}

/** The URL of a new database that holds the ledger's tables, and no order. */
async function fresh(): Promise<string> {
  const name = `ledger_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(database.url);
  await (await openSession(database.url)).query(`create database ${name}`);
  url.pathname = name;
  // From many sessions at once, as a fleet does when it starts.
  await Promise.all([1, 2, 3].map(() => PostgresLedger.install(url.href)));
  return url.href;
}

/** The answer to one question, in a session that is over then: the suite has hundreds of them. */
async function askOnce(connectionString: string, text: string, values: unknown[]) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return await client.query(text, values).then(({ rows }) => rows).finally(() => client.end());
}

testLedger("PostgreSQL", {
  opener: new URL("open_postgres.ts", import.meta.url).href,
  fresh,
  async openDown() {
    const session = await openSession(await fresh());
    const ledger = await PostgresLedger.open(session);
    await session.end();
    return ledger;
  },
  parts: {
    names: ["fact", "request", "context", "result", "recovered"],
    async read(url, orderId, part) {
      const sql = `select ${part}::text as text from deployer.orders where order_id = $1`;
      return (await askOnce(url, sql, [orderId]))[0].text;
    },
    async spoil(url, orderId, part, text) {
      // An order that a row calls closed is not looked at by `lost()`: all rows would have to be.
      const isHidden = part === "recovered" && orderId.startsWith("lost");
      if (isHidden || text === null) return undefined; // Without a result it was open all the time.
      const sql = `update deployer.orders set ${part} = $1 where order_id = $2`;
      return await askOnce(url, sql, [text, orderId])
        .then(() => JSON.stringify(orderId), () => undefined); // jsonb holds nothing torn.
    },
  },
  foreign,
  weak: () => weakOnes(fresh, openLedger),
  waits: tableLock((url) => PostgresLedger.open(url, { patience: 200 })),
});

/** Databases of other programs, which happen to have a schema of this name. */
async function foreign(): Promise<Foreign[]> {
  const programs: [what: string, tables: string][] = [
    ["no table", "create schema if not exists deployer"],
    ["orders of somebody's shop", "create table deployer.orders (id integer, price numeric)"],
    [
      "orders and sessions of somebody's shop",
      "create table deployer.orders (order_id text); create table deployer.sessions (id uuid)",
    ],
  ];
  return await Promise.all(programs.map(async ([what, tables]) => {
    const location = await fresh();
    const session = await openSession(location);
    await session.query("drop schema deployer cascade; create schema deployer");
    await session.query(tables);
    const content = async () => {
      const { rows } = await session.query(
        `select table_name, column_name, data_type from information_schema.columns
         where table_schema = 'deployer' order by 1, 2`,
      );
      return JSON.stringify(rows);
    };
    return { what, location, content };
  }));
}

test("PostgreSQL: an order whose session was ended is lost, though its Runner lives", async () => {
  const url = await fresh();
  const session = await openSession(url);
  const own = await openLedger(url);
  const ledger = await PostgresLedger.open(session);
  const { rows: [{ pid }] } = await session.query(
    "select pg_backend_pid() as pid",
  );
  await ledger.consume(...claim("x"));
  await (await openSession(url)).query(
    "select pg_terminate_backend($1, 5000)",
    [pid],
  );
  assertEquals((await own.recover()).map(({ orderId }) => orderId), ["x"]);

  // Its Runner can claim nothing more: it would look gone from the start.
  await assertRejects(() => ledger.consume(...claim("y")), LedgerDown);
});

test("PostgreSQL: a result that comes after its order was recovered is kept, and changes no status", async () => {
  const url = await fresh();
  const ledger = await openLedger(url);
  const session = await openSession(url);
  const [fact, request, context] = claim("x");
  await ledger.consume(fact, request, context);
  await session.query("update deployer.orders set session = 0"); // A session that is no more.
  assertEquals((await ledger.recover()).length, 1);
  await ledger.store(await execute(request, context, () => "done"));
  const { rows } = await session.query(
    "select status, result ->> 'status' as observed, recovered ->> 'type' as type from deployer.orders",
  );
  assertEquals(rows, [{
    status: "UNKNOWN",
    observed: "APPLIED",
    type: "PROOF_ABSENT",
  }]);
});

test("PostgreSQL: a session without the lock claims nothing, so a pool is no ledger", async () => {
  const url = await fresh();
  const locked = await openSession(url);
  const other = await openSession(url);
  let next = 0;
  const sessions = [locked, other];
  const pool = {
    query: (text: string, values?: unknown[]) => sessions[next++ % 2]!.query(text, values),
  };
  const ledger = await PostgresLedger.open(pool);
  await assertRejects(
    () => ledger.consume(...claim("x")),
    LedgerDown,
    `column "session"`,
  );
  await ledger.consume(...claim("x"));
});

test("PostgreSQL: an order that jsonb cannot hold is refused, and is not consumed", async () => {
  const ledger = await openLedger(await fresh());
  const unstorable = [
    claim("x", "a\u0000b"),
    claim("x", "\ud800"),
    claim("x\u0000y"),
  ];
  for (const refused of unstorable) {
    await assertRejects(
      () => ledger.consume(...refused),
      OrderUnstorable,
      'order "x',
    );
  }
  await ledger.consume(...claim("x"));
});

test("PostgreSQL: one bad order in a batch refuses itself, and no other", async () => {
  const ledger = await openLedger(await fresh());
  const inputs = Array.from(
    { length: 40 },
    (_, i) => i % 10 === 3 ? "a\u0000b" : "fine",
  );
  const ends = await Promise.allSettled(
    inputs.map((input, i) => ledger.consume(...claim(`order-${i}`, input))),
  );
  const refused = ends.flatMap((end, i) =>
    end.status === "rejected" && end.reason instanceof OrderUnstorable ? [i] : []
  );
  assertEquals(refused, [3, 13, 23, 33]);
  assertEquals(ends.filter(({ status }) => status === "fulfilled").length, 36);

  // So does a bad result: it was redacted into what jsonb cannot hold.
  const results = await Promise.all([0, 1, 2].map(async (i) => {
    const order = { orderId: `order-${i}`, action: { name: "n" } };
    const result = await execute(
      order,
      { executionId: "e", runner: "r" },
      () => "done",
    );
    return i === 1 ? { ...result, note: "\u0000" } : result;
  }));
  const stored = await Promise.allSettled(
    results.map((result) => ledger.store(result)),
  );
  assertEquals(stored.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
});

test("PostgreSQL: the many that wait at the same time share few statements", async () => {
  const session = await openSession(await fresh());
  let statements = 0;
  const ledger = await PostgresLedger.open({
    query(text, values) {
      statements += 1;
      return session.query(text, values);
    },
  });
  statements = 0;
  await Promise.all(
    Array.from(
      { length: 64 },
      (_, i) => ledger.consume(...claim(`order-${i}`)),
    ),
  );
  assertEquals(statements, 1);
});

test("PostgreSQL: two that claim the same orders in opposite orders do not wait for each other", async () => {
  const url = await fresh();
  const one = await openLedger(url);
  const other = await openLedger(url);
  const third = await openSession(url);
  await third.query("begin");
  await third.query(
    `insert into deployer.orders (order_id, session, request, context, fact)
     values ('m', 0, '{}', '{}', '{}')`,
  );
  // Each claims one half of what the other wants, if it may, and then waits for the third.
  const claims = [["a", "m", "z"], ["z", "m", "a"]].map((orderIds, i) =>
    orderIds.map((orderId) => (i === 0 ? one : other).consume(...claim(orderId)))
  );
  const settled = Promise.allSettled(claims.flat());
  const waiting = "select count(*)::int as count from pg_locks where not granted";
  while ((await third.query(waiting)).rows[0].count < 2) await sleep(20);
  await third.query("rollback");
  const faults = (await settled).flatMap((claim) =>
    claim.status === "rejected" ? [claim.reason] : []
  );
  assertEquals(faults.length, 3);
  for (const fault of faults) assert(fault instanceof OrderAlreadyConsumed, String(fault));
});

test("PostgreSQL: a server that restarts ends no process, and is one clear error from then on", async () => {
  const url = await fresh();
  const client = new pg.Client({ connectionString: url }); // Nobody listens to its errors.
  await client.connect();
  const ledger = await PostgresLedger.open(client);
  await ledger.consume(...claim("x"));
  const waiting = Promise.allSettled([
    ledger.consume(...claim("y")),
    ledger.consume(...claim("z")),
  ]);
  await database.crash?.();
  await waiting;
  for (
    const [call, what] of [
      [() => ledger.consume(...claim("u")), 'cannot consume order "u"'],
      [() => ledger.get("u"), 'cannot read order "u"'],
      [() => ledger.recover(), "cannot recover orders"],
    ] as const
  ) {
    const error = await assertRejects(
      call,
      LedgerDown,
      `${what}: the session of the ledger is lost: `,
    );
    assert(error.cause instanceof Error);
  }
  await ledger.close(); // Harmless.
  const own = await openLedger(url);
  const open = (await own.list({ status: "OPEN" })).entries.map(({ fact }) => fact.orderId);
  assert(open.includes("x"));
  assertEquals(
    (await own.recover()).map(({ orderId }) => orderId).sort(),
    open.sort(),
  );
});

test("PostgreSQL: opened by its URL, it connects by itself, and close() disconnects", async () => {
  const url = await fresh();
  const refused = "postgres://127.0.0.1:1/none";
  const ledger = await PostgresLedger.open(url);
  await ledger.consume(...claim("x"));
  await ledger.close();
  const own = await openLedger(url);
  assertEquals((await own.recover()).map(({ orderId }) => orderId), ["x"]); // Left open: lost.
  await assertRejects(
    () => PostgresLedger.open(refused),
    LedgerDown,
    "cannot open the ledger: ",
  );
});

test("PostgreSQL: what is closed gives its lock back, though the session lives on", async () => {
  const url = await fresh();
  const session = await openSession(url);
  const ledger = await PostgresLedger.open(session);
  await ledger.consume(...claim("x"));
  await ledger.close();
  assertEquals((await (await openLedger(url)).lost()).length, 1);
});

test("PostgreSQL: lost orders are found by the index of open ones", async () => {
  const session = await openSession(await fresh());
  await session.query("set enable_seqscan = off");
  const { rows } = await session.query(
    "explain select * from deployer.orders_lost",
  );
  assert(
    rows.some((row) => row["QUERY PLAN"].includes("orders_open")),
    JSON.stringify(rows),
  );
});

test("PostgreSQL: what the guide asks with SQL is answered as it says", async () => {
  const url = await fresh();
  const ledger = await openLedger(url);
  const session = await openSession(url);
  const ends = {
    "order-1": () => ({ release: "r42" }),
    "order-2": () => Promise.reject(new Error("there is no release")),
    "order-3": (
      _request: unknown,
      { unproven }: { unproven: (reason: unknown) => null },
    ) => unproven({ release: "r43" }),
  };
  for (const [orderId, action] of Object.entries(ends)) {
    const context = { executionId: orderId, runner: "r" };
    const order = { orderId, action: { name: "switch" } };
    await ledger.store(await execute(order, context, action, ledger));
  }
  await ledger.consume(...claim("order-4"));
  await session.query(
    "update deployer.orders set session = 0 where result is null",
  );
  await ledger.recover();

  const { sql: [code = ""], text: [printed] } = section("SQL");
  // Of many statements `pg` gives an array: its types do not say so.
  const answers = await session.query(code) as unknown as { rows: object[] }[];
  const lines = answers.flatMap(({ rows }) => rows.map((row) => Object.values(row).join("|")));
  assertEquals(`${lines.join("\n")}\n`, printed);
});

test("PostgreSQL: what is consumed, stored or recovered survives a crash, whatever was set", async () => {
  const admin = await openSession(database.url);
  await admin.query("alter system set wal_writer_delay = '10s'"); // Nobody else flushes meanwhile.
  const url = await fresh();
  const name = new URL(url).pathname.slice(1);
  await admin.query(`alter database ${name} set synchronous_commit = off`);
  const consume = async (orderId: string) => {
    const ledger = await PostgresLedger.open(url);
    await ledger.consume(...claim(orderId));
    return ledger;
  };
  const result = await execute(
    { orderId: "stored", action: { name: "n" } },
    claim("x")[2],
    () => 1,
  );
  const calls: Record<string, [() => Promise<unknown>, string]> = {
    consumed: [() => consume("consumed"), "OPEN"],
    "consumed after a reset": [async () => {
      const session = await openSession(url);
      const ledger = await PostgresLedger.open(session);
      await session.query("reset all"); // By somebody who has the session too.
      await ledger.consume(...claim("consumed after a reset"));
    }, "OPEN"],
    stored: [async () => (await consume("stored")).store(result), "APPLIED"],
    recovered: [async () => {
      await (await consume("recovered")).close();
      await (await openLedger(url)).recover();
    }, "UNKNOWN"],
  };
  await database.crash?.();
  for (const [orderId, [call, status]] of Object.entries(calls)) {
    await call();
    await database.crash?.();
    assertEquals((await (await openLedger(url)).get(orderId))?.status, status, orderId);
  }
  await (await openSession(database.url)).query("alter system reset wal_writer_delay");
});

test("PostgreSQL: nothing that was set for a role or a database ends the session", async () => {
  const url = await fresh();
  const admin = await openSession(database.url);
  const name = new URL(url).pathname.slice(1);
  const needed = {
    idle_session_timeout: "0",
    idle_in_transaction_session_timeout: "0",
    transaction_timeout: "0",
    tcp_keepalives_idle: "30",
    default_transaction_isolation: "read committed",
  };
  for (const setting of Object.keys(needed)) {
    const weak = setting.endsWith("isolation") ? "serializable" : "70";
    await admin.query(`alter database ${name} set ${setting} = '${weak}'`);
  }
  const session = await openSession(url);
  await PostgresLedger.open(session);
  const { rows } = await session.query(
    "select name, setting from pg_settings where name = any($1)",
    [Object.keys(needed)],
  );
  assertEquals(Object.fromEntries(rows.map(({ name, setting }) => [name, setting])), needed);
});

test("PostgreSQL: a server or a table that loses what it has confirmed is refused by name", async () => {
  const url = await fresh();
  const session = await openSession(url);
  const refused = (problem: string) =>
    assertRejects(() => openLedger(url), LedgerDown, `cannot open the ledger: ${problem}`);
  await session.query("alter table deployer.orders set unlogged");
  await refused("a crash of the server empties what is unlogged: deployer.orders");
  await session.query("alter table deployer.orders set logged");

  const fsync = async (value: string) => {
    await session.query(`alter system set fsync = ${value}`);
    await session.query("select pg_reload_conf()");
    while ((await session.query("show fsync")).rows[0].fsync !== value) await sleep(20);
  };
  await fsync("off");
  try {
    await refused("the server's fsync is off");
  } finally {
    await fsync("on");
    await session.query("alter system reset fsync");
  }
  await openLedger(url);
});

/** What a later version of the package has in its `SCHEMA`: one step more. */
const LATER = SCHEMA.replace("known constant integer := 2", "known constant integer := 3")
  .replace(
    "end $steps$;",
    `if applied < 3 then
       alter table deployer.orders add column place text not null default 'here';
       insert into deployer.migrations (version) values (3);
     end if;
     end $steps$;`,
  );

test("PostgreSQL: a step that comes later reaches a ledger that is in use, once, whoever is first", async () => {
  const url = await fresh();
  const ledger = await openLedger(url);
  await ledger.consume(...claim("x"));
  const sessions = await Promise.all([1, 2, 3].map(() => openSession(url)));
  await Promise.all(sessions.map((session) => session.query(LATER)));
  const { rows } = await sessions[0]!.query(
    `select order_id, place, (select array_agg(version order by version) from deployer.migrations)
       as versions from deployer.orders`,
  );
  assertEquals(rows, [{ order_id: "x", place: "here", versions: [1, 2, 3] }]);
  await ledger.store(
    await execute({ orderId: "x", action: { name: "n" } }, claim("x")[2], () => 1),
  );
  assertEquals((await ledger.get("x"))?.status, "APPLIED");

  // This version knows nothing of it: it is refused by its number, and left as it is.
  const problem = "its tables have version 3: this package knows 2";
  await assertRejects(() => openLedger(url), LedgerDown, `cannot open the ledger: ${problem}`);
  await assertRejects(
    () => PostgresLedger.install(url),
    LedgerDown,
    `cannot install the ledger: ${problem}`,
  );
});

test("PostgreSQL: a ledger that was made before its tables had versions gets one, and keeps its orders", async () => {
  const url = await fresh();
  const ledger = await openLedger(url);
  await ledger.consume(...claim("x"));
  const session = await openSession(url);
  await session.query("drop table deployer.migrations");
  await assertRejects(() => openLedger(url), LedgerDown, "run PostgresLedger.install() once");
  await PostgresLedger.install(url);
  assertEquals((await (await openLedger(url)).get("x"))?.status, "OPEN");
});

test("PostgreSQL: tables that cannot be made leave a given session as it was", async () => {
  const url = await fresh();
  const session = await openSession(url);
  await session.query("drop schema deployer cascade");
  await session.query("create schema deployer");
  await session.query("create table deployer.orders (id integer)"); // Another program's.
  await assertRejects(
    () => PostgresLedger.install(session),
    LedgerDown,
    "cannot install the ledger: ",
  );
  assertEquals((await session.query("select count(*)::int as rows from deployer.orders")).rows, [{
    rows: 0,
  }]);
});

test("PostgreSQL: a result whose session was lost is stored by another one", async () => {
  const url = await fresh();
  const ledger = await PostgresLedger.open(url);
  const admin = await openLedger(url);
  const results = await Promise.all(["x", "recovered"].map(async (orderId) => {
    const [fact, request, context] = claim(orderId);
    await ledger.consume(fact, request, context);
    return await execute(request, context, () => "done");
  }));
  const [result, late] = results as [typeof results[0], typeof results[0]];
  await endSession(url);
  await ledger.store(result); // It may be the first to see that.
  const stored = await admin.get("x");
  assertEquals([stored?.status, stored?.result], ["APPLIED", result]);
  assertEquals((await admin.recover()).map(({ orderId }) => orderId), ["recovered"]);
  await ledger.store(late);
  const entry = await admin.get("recovered");
  assertEquals([entry?.status, entry?.result], ["UNKNOWN", late]);

  // Others may have recovered its orders: it consumes no more.
  await assertRejects(
    () => ledger.consume(...claim("y")),
    LedgerDown,
    'cannot consume order "y": the session of the ledger is lost: ',
  );
  await assertRejects(
    () => ledger.store({ ...result, executionId: "another" }),
    LedgerDown,
    "its execution consumed none",
  );
  await ledger.close();
});

test("PostgreSQL: a result that no session takes is told in the end, with both reasons", async () => {
  const url = await fresh();
  const way = await proxy(database.url);
  const ledger = await PostgresLedger.open(way.to(url), { patience: 300 });
  const [fact, request, context] = claim("x");
  await ledger.consume(fact, request, context);
  await way.cut();
  const { message } = await assertRejects(
    async () => ledger.store(await execute(request, context, () => "done")),
    LedgerDown,
    'cannot store the result of order "x": the session of the ledger is lost: ',
  );
  assert(/; another one does not take it: .*connect ECONNREFUSED/.test(message), message);
  await ledger.close();
});

test("PostgreSQL: a session that answers no more holds neither a result nor close()", async () => {
  const url = await fresh();
  const ledger = await PostgresLedger.open(url, { patience: 300 });
  const own = await openLedger(url);
  const [fact, request, context] = claim("x");
  await ledger.consume(fact, request, context);
  const result = await execute(request, context, () => "done");
  const { pid } = await backendOf(url);
  process.kill(pid, "SIGSTOP");
  try {
    const claimed = assertRejects(
      () => ledger.consume(...claim("y")),
      LedgerDown,
      "the session of the ledger is lost: the server has not answered for 300 ms",
    );
    await ledger.store(result);
    await claimed;
    assertEquals((await own.get("x"))?.status, "APPLIED");
    await ledger.close();
  } finally {
    process.kill(pid, "SIGCONT");
  }
});

test("PostgreSQL: close() gives up what a given session does not answer", async () => {
  const url = await fresh();
  const session = await openSession(url);
  const ledger = await PostgresLedger.open(session, { patience: 300 });
  const { rows: [{ pid }] } = await session.query("select pg_backend_pid() as pid");
  process.kill(pid, "SIGSTOP");
  try {
    const calls = [ledger.consume(...claim("x")), ledger.consume(...claim("y")), ledger.lost()];
    const ends = Promise.allSettled(calls);
    await ledger.close();
    for (const end of await ends) {
      const { message } = (end as PromiseRejectedResult).reason;
      assert(message.endsWith("is lost: the server has not answered for 300 ms"), message);
    }
  } finally {
    process.kill(pid, "SIGCONT");
  }
});

test("PostgreSQL: a server that accepts and says nothing is not waited for for ever", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  await assertRejects(
    () => PostgresLedger.open(`postgres://u:p@127.0.0.1:${port}/d`, { patience: 300 }),
    LedgerDown,
    "cannot open the ledger: timeout expired",
  );
  silent.close();
});

/** The server's process of the only ledger that was opened by this URL. */
async function backendOf(url: string): Promise<{ pid: number }> {
  const { rows } = await (await openSession(url)).query(
    `select pid from pg_stat_activity
     where application_name = 'deployer-runner' and datname = current_database()`,
  );
  assertEquals(rows.length, 1);
  return rows[0];
}

async function endSession(url: string): Promise<void> {
  const { pid } = await backendOf(url);
  await (await openSession(url)).query("select pg_terminate_backend($1, 5000)", [pid]);
}

/** A way to a server that can be cut. */
async function proxy(url: string) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from);
      from.on("error", () => {}).on("close", () => to.destroy()).pipe(to);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: own } = server.address() as AddressInfo;
  return {
    to: (url: string) => Object.assign(new URL(url), { port: own }).href,
    async cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
