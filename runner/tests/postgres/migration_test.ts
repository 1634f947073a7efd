/** The migration, against a real PostgreSQL, and through a wire that can be cut. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { execute, type ExecutionRequest, type ExecutionResult } from "../../../mod.ts";
import { testCases } from "../../../tests/support/action_cases.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { migration, type Session } from "deployer-runner/actions/migration";
import { type Database, startDatabase } from "../../../tests/support/database.ts";
import { closeSessions, openSession } from "./open_postgres.ts";

let database: Database;
let wire: Server | undefined;
before(async () => {
  database = await startDatabase();
  const session = await openSession(database.url);
  await session.query("alter system set max_prepared_transactions = 4");
  await closeSessions();
  await database.crash?.(); // It is read as the server starts.
});
afterEach(async () => {
  await closeSessions();
  wire?.close();
  const session = await openSession(database.url);
  const { rows: prepared } = await session.query(
    "select gid from pg_prepared_xacts",
  );
  for (const { gid } of prepared) {
    await session.query(`rollback prepared '${gid}'`);
  }
  await session.query(
    "drop table if exists parts, owners; drop schema if exists fooled cascade; drop function if exists told()",
  );
  await closeSessions();
});
after(() => database.stop());

const OWNERS = "create table owners (id int primary key); insert into owners values (1)";

testCases("migration", {
  "COMMIT is answered by COMMIT, and the database confirms it": async () =>
    migrate(await openSession(database.url), OWNERS),
  "something goes wrong, or the connection ends, before COMMIT": async () => {
    const wrong = await migrate(await openSession(database.url), "create tabel parts ()");
    assertEquals(wrong.status, "FAILED");
    return migrate(
      await openSession(await cut("insert", "heard")),
      "create table owners (id int)",
      "insert into owners values (1)",
    );
  },
  "the Runner asks to stop before COMMIT": async () =>
    migrateBy(
      await openSession(database.url),
      ({ query }) => Promise.resolve(query(OWNERS)),
      undefined,
      AbortSignal.abort(new Error("asked to stop")),
    ),
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
  "the SQL ends the transaction itself, and it is rolled back": async () =>
    migrate(await openSession(database.url), `${OWNERS}; rollback`),
  "the SQL ends the transaction itself, and it is not rolled back": async () =>
    migrate(await openSession(database.url), `${OWNERS}; commit`),
  "COMMIT is not answered": async () =>
    migrate(await openSession(await cut("commit\0", "heard")), OWNERS),
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
      await openSession(await cut("commit\0", when)),
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
  const session = await openSession(database.url);
  const controller = new AbortController();
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

/** What migrations do that leave the transaction which was begun for them, or seem to. */
const LEAVING: Record<
  string,
  [sql: string[], status: string, owners: string, evidence: object]
> = {
  "rolls back": [[`${OWNERS}; rollback`], "FAILED", "none", {}],
  "rolls back and begins anew": [
    [`rollback; begin; ${OWNERS}`],
    "FAILED",
    "none",
    {},
  ],
  "rolls back, begins anew, and swallows an error": [
    ["rollback", "begin", OWNERS, "? select 1 / 0"],
    "FAILED",
    "none",
    {},
  ],
  "rolls back and chains": [
    [
      `${OWNERS}; rollback and chain`,
      "create table parts ()",
    ],
    "FAILED",
    "none",
    {},
  ],
  "commits": [[`begin; ${OWNERS}; commit`], "UNKNOWN", "1", {
    phase: "migrating",
    status: "committed",
  }],
  "commits and begins anew": [[`commit; begin; ${OWNERS}`], "UNKNOWN", "none", {
    phase: "migrating",
    status: "committed",
  }],
  "commits and chains": [[`commit and chain`, OWNERS], "UNKNOWN", "none", {
    phase: "migrating",
    status: "committed",
  }],
  "commits, begins anew, and swallows an error": [
    ["commit", "begin", OWNERS, "? select 1 / 0"],
    "UNKNOWN",
    "none",
    { phase: "committing", commit: "ROLLBACK", status: "committed" },
  ],
  "commits, and fails": [[OWNERS, "commit", "select 1 / 0"], "FAILED", "1", {
    code: "22012",
    status: "committed",
  }],
  "prepares": [[`${OWNERS}; prepare transaction 'kept'`], "UNKNOWN", "none", {
    phase: "migrating",
    status: "in progress",
  }],
  "prepares, and fails": [
    [OWNERS, "prepare transaction 'kept'", "select 1 / 0"],
    "FAILED",
    "none",
    { code: "22012", status: "in progress" },
  ],
  "rolls back to a savepoint": [
    [`savepoint a; create table parts (); rollback to a; ${OWNERS}`],
    "APPLIED",
    "1",
    {},
  ],
  "ends in a savepoint": [
    [`savepoint a; ${OWNERS}; set transaction read only`],
    "APPLIED",
    "1",
    {},
  ],
  "sets a path on which other functions have the same names": [
    [
      `create schema fooled;
       create function fooled.pg_xact_status(xid8) returns text language sql return 'committed';
       create function fooled.pg_backend_pid() returns int language sql return 7;
       create function fooled.pg_current_xact_id_if_assigned() returns xid8
         language sql return '7'::xid8;
       set local search_path to fooled, public, pg_catalog;
       create table public.owners (id int primary key); insert into public.owners values (1)`,
    ],
    "APPLIED",
    "1",
    {},
  ],
  "sets the characteristics of transactions to come": [
    [
      `${OWNERS}; set session characteristics as transaction read only, isolation level serializable`,
    ],
    "APPLIED",
    "1",
    {},
  ],
};

for (const [what, [sql, status, rows, evidence]] of Object.entries(LEAVING)) {
  test(`a migration that ${what} is ${status}, and the session is in order`, async () => {
    const session = await openSession(database.url);
    const result = await migrateBy(session, async ({ query }) => {
      for (const statement of sql) {
        if (!statement.startsWith("? ")) await query(statement);
        else await query(statement.slice(2)).then(() => {}, () => {});
      }
    });
    assertEquals([result.status, await owners()], [status, rows]);
    const { trace } = result;
    const { transaction, backend: _, why: _why, ...seen } = evidenceOf(trace);
    assertEquals(seen, evidence);
    const kept = evidence as { status?: string };
    assertEquals(
      await statusOf(transaction as string),
      kept.status ?? (status === "APPLIED" ? "committed" : "aborted"),
    );

    // Nothing is open: the next statement has a transaction of its own.
    await session.query(
      "set session characteristics as transaction read write",
    );
    const ids = [
      await session.query("select pg_current_xact_id()::text as id"),
      await session.query("select pg_current_xact_id()::text as id"),
    ].map(({ rows }) => rows[0].id);
    assert(ids[0] !== ids[1], `${ids}`);
  });
}

/** Sessions whose driver opens another one, or gives up on an answer, at a statement. */
const REPLACED: Record<
  string,
  [at: string, heard: boolean, replaced: boolean, status: string]
> = {
  "is replaced before COMMIT": ["-- last", true, true, "UNKNOWN"],
  "is replaced at COMMIT, which the server heard": [
    "commit",
    true,
    true,
    "UNKNOWN",
  ],
  "is replaced at COMMIT, which the server did not hear": [
    "commit",
    false,
    true,
    "UNKNOWN",
  ],
  "stays, and is not heard": ["commit", true, false, "APPLIED"],
};

for (
  const [what, [at, heard, replaced, expected]] of Object.entries(REPLACED)
) {
  test(`a migration whose session ${what} is ${expected}`, async () => {
    let client = await openSession(database.url);
    const session: Session = {
      async query(text, values) {
        if (text !== at) return await client.query(text, values);
        await client.query(heard ? text : "rollback");
        if (replaced) client = await openSession(database.url);
        if (at === "commit") throw new Error("the time is up");
        return { rows: [] };
      },
    };
    const result = await migrate(session, OWNERS, "-- last");
    assertEquals(result.status, expected);
    if (result.status === "APPLIED") assertEquals(await owners(), "1");
  });
}

test("a driver that resolves COMMIT to nothing is believed as far as the database confirms it", async () => {
  const client = await openSession(database.url);
  const session: Session = {
    async query(text, values) {
      const answer = await client.query(text, values);
      return text === "commit" ? undefined as unknown as typeof answer : answer;
    },
  };
  assertEquals((await migrate(session, OWNERS)).status, "APPLIED");
});

test("a session that throws instead of rejecting, or answers by nothing, hides no COMMIT", async () => {
  const endings = [
    () => {
      throw new Error("the session is closed");
    },
    () => undefined as never,
  ];
  for (const ending of endings) {
    const client = await openSession(database.url);
    let isOver = false;
    const session: Session = {
      query(text, values) {
        if (isOver) return ending();
        isOver = text === "commit";
        return client.query(text, values);
      },
    };
    const result = await migrate(session, "create table if not exists owners (id int)");
    assertEquals(result.status, "UNKNOWN");
    assertMatch(await statusOf(evidenceOf(result.trace).transaction as string), /committed/);
  }
});

test("a migration waits for the disk, also where the database does not", async () => {
  const session = await openSession(database.url);
  await session.query("set synchronous_commit = off");
  const result = await migrate(
    session,
    `${OWNERS}; create table parts (setting text);
     create function told() returns trigger language plpgsql as $$ begin
       insert into parts values (current_setting('synchronous_commit'));
       return null;
     end $$;
     create constraint trigger told after insert on owners deferrable initially deferred
       for each row execute function told();
     insert into owners values (2)`,
  );
  assertEquals(result.status, "APPLIED");
  const { rows } = await session.query("select setting from parts");
  assertEquals(rows, [{ setting: "local" }]);
  const after = await session.query("show synchronous_commit");
  assertEquals(after.rows, [{ synchronous_commit: "off" }]);
});

/** A secret of the Runner's, which no record may hold. */
const SECRET = "s3cr3t";

const THROWN: Record<string, [thrown: () => unknown, told: object]> = {
  "a string": [() => "not today", { message: "not today" }],
  "nothing": [() => undefined, {
    message: "migrate threw a value that is not an error",
    cause: { $js: "undefined" },
  }],
  "an object": [() => ({ step: 3 }), {
    message: "migrate threw a value that is not an error",
    cause: { step: 3 },
  }],
  "an error with causes": [
    () => new Error("no", { cause: new Error("why", { cause: "because" }) }),
    { message: "no", cause: { message: "why", cause: "because" } },
  ],
  "an error without words": [
    () => new AggregateError([new Error("one"), "two", undefined]),
    {
      message: "",
      errors: [{ message: "one" }, "two", { $js: "undefined" }],
    },
  ],
  "an error that is its own cause": [
    () => {
      const error = new Error("round");
      return Object.assign(error, { cause: error });
    },
    { message: "round", cause: { $js: "undefined" } },
  ],
  "an error of a driver": [
    () =>
      Object.assign(new Error("no"), {
        code: "23505",
        position: "7",
        constraint: "owners_pkey",
        detail: SECRET,
        hint: SECRET,
        where: SECRET,
        internalQuery: SECRET,
        query: SECRET,
        parameters: [SECRET],
      }),
    {
      message: "no",
      code: "23505",
      props: { position: "7", constraint: "owners_pkey" },
    },
  ],
  "an error around one of a driver": [
    () =>
      Object.assign(new Error("no"), {
        params: [SECRET],
        cause: Object.assign(new Error("why"), {
          code: "23505",
          detail: SECRET,
        }),
      }),
    { message: "no", cause: { message: "why", code: "23505" } },
  ],
};

test("what a migration throws is recorded, whatever it is, and nothing of the driver with it", async () => {
  for (const [what, [thrown, told]] of Object.entries(THROWN)) {
    const result = await migrateBy(
      await openSession(database.url),
      () => Promise.reject(thrown()),
    );
    assert(result.status === "FAILED", what);
    assert(!JSON.stringify(result).includes(SECRET), what);
    const { props, ...error } = plain(result.trace.rawError) as {
      props: Record<string, unknown>;
    };
    const { transaction, backend: _, ...rest } = props;
    assertEquals(
      { ...error, ...Object.keys(rest).length > 0 && { props: rest } },
      told,
      what,
    );
    assertEquals(await statusOf(transaction as string), "aborted");
  }
});

test("what the database says of a row is not recorded: its values may be anybody's", async () => {
  const result = await migrate(
    await openSession(database.url),
    "create table owners (id text primary key)",
    `insert into owners values ('${SECRET}'), ('${SECRET}')`,
  );
  assert(result.status === "FAILED");
  assert(!JSON.stringify(result.trace.rawError).includes(SECRET));
  const { message, code, props } = result.trace.rawError as {
    message: string;
    code: string;
    props: Record<string, string>;
  };
  assertEquals([code, props.constraint], ["23505", "owners_pkey"]);
  assertMatch(message, /duplicate key/);
});

/** When a Runner asks for an end, and what is sent to the database from then on. */
const STOPPED: Record<
  string,
  [at: string | undefined, status: string, sent: string[]]
> = {
  "before it begins": [undefined, "FAILED", []],
  "as it begins": ["begin", "FAILED", ["begin", "select", "rollback", "select"]],
  "while it runs": [
    OWNERS,
    "FAILED",
    ["begin", "select", "create", "select", "rollback", "select"],
  ],
  "when COMMIT is sent": [
    "commit",
    "APPLIED",
    ["begin", "select", "create", "select", "commit", "select"],
  ],
};

for (const [when, [at, status, sent]] of Object.entries(STOPPED)) {
  test(`a migration that is asked to stop ${when} is ${status}`, async () => {
    const client = await openSession(database.url);
    const stop = new AbortController();
    const seen = [] as string[];
    const asked = new Error("asked to stop");
    if (at === undefined) stop.abort(asked);
    const session: Session = {
      query(text, values) {
        seen.push(text.split(" ")[0] as string);
        if (text === at) stop.abort(asked);
        return client.query(text, values);
      },
    };
    const statement = () => Promise.resolve(session.query(OWNERS));
    const result = await migrateBy(session, statement, undefined, stop.signal);
    assertEquals([result.status, seen], [status, sent]);
    assertEquals(await owners(), status === "APPLIED" ? "1" : "none");
    if (result.trace.settlement !== "THREW") return;
    const { message } = result.trace.rawError as { message: string };
    assertEquals(message, "asked to stop");
  });
}

/** The evidence of a result: what was returned or called unproven, or what an error has beside its words. */
function evidenceOf(trace: ExecutionResult["trace"]): Record<string, unknown> {
  const raw = "rawResult" in trace ? trace.rawResult : "rawError" in trace ? trace.rawError : {};
  const { $js, code, props } = raw as Record<string, unknown>;
  if ($js !== "error") return raw as Record<string, unknown>;
  return { ...code !== undefined && { code }, ...props as object };
}

/** An error as it is recorded, without what the platform writes. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const { $js, class: _, name: _name, stack: _stack, ...rest } = value as Record<string, unknown>;
  const told = Object.fromEntries(
    Object.entries(rest).map(([key, each]) => [key, plain(each)]),
  );
  return $js === "error" || $js === undefined ? told : { $js, ...told };
}

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
  stop?: AbortSignal,
): Promise<ExecutionResult> {
  const order: ExecutionRequest = { orderId: "x", action: { name: "migrate" } };
  const context = { executionId: "e", runner: "r" };
  const query: Session["query"] = (...args) => session.query(...args);
  return await execute(
    order,
    context,
    migration(session, () => by({ query }), { ...stop && { stop } }),
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
