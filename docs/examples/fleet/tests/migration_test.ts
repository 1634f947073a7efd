/** The migration, against a real PostgreSQL, and through a wire that can be cut. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { execute, type ExecutionRequest, type ExecutionResult } from "../../../../mod.ts";
import { testCases } from "../../../../tests/support/action_cases.ts";
import { assert, assertEquals, assertMatch } from "../../../../tests/support/std_assert.ts";
import { migration, type Session } from "deployer-runner/actions/migration";
import { type Database, openDatabase } from "../database.ts";
import { closeSessions, openSession } from "./ledger_postgres.ts";

let database: Database;
let wire: Server | undefined;
before(async () => void (database = await openDatabase()));
afterEach(async () => {
  await closeSessions();
  wire?.close();
  await (await openSession(database.url)).query(
    "drop table if exists parts, owners",
  );
  await closeSessions();
});
after(() => database.stop());

const OWNERS = "create table owners (id int primary key); insert into owners values (1)";

testCases("migration", {
  "COMMIT is answered by COMMIT": async () => migrate(await openSession(database.url), OWNERS),
  "something goes wrong, or the connection ends, before COMMIT": async () => {
    const wrong = await migrate(await openSession(database.url), "create tabel parts ()");
    assertEquals(wrong.status, "FAILED");
    return migrate(
      await openSession(await cut("insert", "heard")),
      "create table owners (id int)",
      "insert into owners values (1)",
    );
  },
  "COMMIT is answered by an error, or by ROLLBACK": async () => {
    const refused = await migrate(
      await openSession(database.url),
      `create table parts (id int primary key deferrable initially deferred);
       insert into parts values (7), (7)`,
    );
    assertEquals(refused.status, "FAILED");
    return migrateBy(await openSession(database.url), async ({ query }) => {
      await query("select 1 / 0").then(() => {}, () => "who cares");
    });
  },
  "COMMIT is not answered": async () =>
    migrate(await openSession(await cut("commit", "heard")), OWNERS),
  "the Runner gives up": async () => {
    const giveUp = new AbortController();
    return await migrateBy(await openSession(database.url), async ({ query }) => {
      await query(OWNERS);
      giveUp.abort(new Error("too late"));
    }, giveUp.signal);
  },
});

test("a migration that is committed is APPLIED, by the number of its transaction", async () => {
  const result = await migrate(await openSession(database.url), OWNERS);
  assert(result.status === "APPLIED");
  const { transaction, backend } = result.trace.rawResult as {
    transaction: string;
    backend: number;
  };
  assertMatch(transaction, /^[0-9]+$/);
  assertEquals(result.trace.rawResult, { transaction, backend });
  assertEquals([await statusOf(transaction), await owners()], [
    "committed",
    "1",
  ]);
});

test("a migration with a syntax error is FAILED, says where, and leaves nothing", async () => {
  const session = await openSession(database.url);
  const result = await migrate(session, OWNERS, "create tabel parts (id int)");
  assert(result.status === "FAILED");
  const error = result.trace.rawError as {
    message: string;
    props: { transaction: string };
  };
  assertEquals(error.message, 'syntax error at or near "tabel"');
  const { transaction, ...props } = error.props;
  assertEquals(Object.keys(props).sort(), ["backend", "position"]);
  assertEquals((error as unknown as { code: string }).code, "42601");
  assertEquals([await statusOf(transaction), await owners()], [
    "aborted",
    "none",
  ]);
  assertEquals(
    (await migrate(session, OWNERS)).status,
    "APPLIED",
    "the session is in order",
  );
});

test("a migration that swallows an error is FAILED, though COMMIT is answered without one", async () => {
  const session = await openSession(database.url);
  const result = await migrateBy(session, async ({ query }) => {
    await query(OWNERS);
    await query("select 1 / 0").then(() => {}, () => "who cares");
  });
  assert(result.status === "FAILED");
  assertMatch(
    JSON.stringify(result.trace.rawError),
    /"COMMIT was answered by ROLLBACK"/,
  );
  assertEquals(await owners(), "none");
});

test("a constraint that refuses at COMMIT is FAILED", async () => {
  const result = await migrate(
    await openSession(database.url),
    OWNERS,
    `create table parts (owner int references owners deferrable initially deferred);
     insert into parts values (7)`,
  );
  assert(result.status === "FAILED");
  assertMatch(JSON.stringify(result.trace.rawError), /foreign key constraint/);
  assertEquals(await owners(), "none");
});

for (
  const [when, later] of [["heard", "committed"], [
    "unheard",
    "aborted",
  ]] as const
) {
  test(`a connection that is cut during a COMMIT ${when} by the server is UNKNOWN until one asks`, async () => {
    const result = await migrate(
      await openSession(await cut("commit", when)),
      OWNERS,
    );
    assert(
      result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN",
    );
    const { transaction, backend: _, ...seen } = result.trace
      .rawError as Record<string, string>;
    assertEquals(seen, {
      phase: "committing",
      commit: "Connection terminated unexpectedly",
      status: "unknown",
    });
    assertEquals(await endOf(transaction as string), later);
    assertEquals(await owners(), later === "committed" ? "1" : "none");
  });
}

test("a connection that is cut before COMMIT is FAILED: nothing can have been committed", async () => {
  const session = await openSession(await cut("insert", "heard"));
  const result = await migrate(
    session,
    "create table owners (id int)",
    "insert into owners values (1)",
  );
  assertEquals(result.status, "FAILED");
  assertEquals(await owners(), "none");
});

test("a migration on a session that has ended is FAILED, and records nothing of the driver", async () => {
  const session = await openSession(database.url);
  await session.end();
  const result = await migrate(session, OWNERS);
  assert(result.status === "FAILED");
  const { stack: _, ...error } = result.trace.rawError as Record<string, unknown>;
  assertEquals(Object.keys(error).sort(), ["$js", "class", "message", "name"]);
});

test("a migration whose Runner gives up says how far it was, and commits nothing any more", async () => {
  const [session, controller] = [
    await openSession(database.url),
    new AbortController(),
  ];
  let end: Promise<unknown> | undefined;
  const result = await migrateBy(session, async ({ query }) => {
    await query(OWNERS);
    controller.abort(new Error("too late"));
    await (end = Promise.resolve(query("select pg_sleep(0.1)")));
  }, controller.signal);
  assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
  const { transaction, phase } = result.trace.rawError as Record<
    string,
    string
  >;
  assertEquals(phase, "migrating");
  await end;
  assertEquals(await endOf(transaction as string), "aborted");
  assertEquals(await owners(), "none");
});

function migrate(
  session: Session,
  ...statements: string[]
): Promise<ExecutionResult> {
  return migrateBy(session, async ({ query }) => {
    for (const statement of statements) await query(statement);
  });
}

async function migrateBy(
  session: Session,
  by: (session: Session) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<ExecutionResult> {
  const order: ExecutionRequest = { orderId: "x", action: { name: "migrate" } };
  const context = { executionId: "e", runner: "r" };
  const query: Session["query"] = (...args) => session.query(...args);
  return await execute(
    order,
    context,
    migration(session, () => by({ query })),
    { signal },
  );
}

/** What another session says of a transaction. */
async function statusOf(transaction: string): Promise<string> {
  const session = await openSession(database.url);
  const { rows } = await session.query(
    "select pg_xact_status($1::text::xid8) as status",
    [transaction],
  )
    .finally(() => session.end());
  return rows[0].status;
}

/** The same, as soon as it is over. */
async function endOf(transaction: string): Promise<string> {
  const status = await statusOf(transaction);
  return status === "in progress" ? await endOf(transaction) : status;
}

async function owners(): Promise<string> {
  const { rows } = await (await openSession(database.url)).query(
    `select coalesce(to_regclass('owners')::text, 'none') as found`,
  );
  if (rows[0].found === "none") return "none";
  return (await (await openSession(database.url)).query(
    "select count(*) from owners",
  )).rows[0].count;
}

/** The URL of a wire that is cut at a statement: the server hears it and is not heard, or neither. */
async function cut(
  statement: string,
  when: "heard" | "unheard",
): Promise<string> {
  const url = new URL(database.url);
  wire = createServer((client) => {
    const server = connect(Number(url.port || 5432), url.hostname);
    let isCut = false;
    for (const socket of [client, server]) socket.on("error", () => {});
    client.on("data", (data) => {
      isCut ||= data.includes(statement);
      if (!isCut || when === "heard") return void server.write(data);
      for (const socket of [client, server]) socket.destroy();
    }).on("close", () => server.destroy());
    server.on("data", (data) => {
      if (!isCut) return void client.write(data);
      for (const socket of [client, server]) socket.destroy();
    }).on("close", () => client.destroy());
  }).listen(0, "127.0.0.1");
  await once(wire, "listening");
  const through = new URL(url);
  through.port = String((wire.address() as AddressInfo).port);
  through.hostname = "127.0.0.1";
  return through.href;
}
