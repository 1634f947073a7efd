/** SQLite as a ledger: the suite of all ledgers, and what is its own. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LedgerDamaged, LedgerDown } from "deployer-runner";
import { type Database, SqliteLedger } from "deployer-runner/ledgers/sqlite";
import { type Foreign, testLedger } from "deployer-runner/testing";
import { claim } from "../testing_claim.ts";
import { openLedger } from "./open_sqlite.ts";
import { runtime } from "./runtime.ts";
import { problemOfFile } from "../ledgers/sqlite_file.ts";
import { openDatabase } from "./sqlite_driver.ts";
import { locks, weakOnes } from "./sqlite_places.ts";

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
  parts: {
    names: [
      ...["execution_id", "consumed_at", "runner", "action", "status"],
      ...["fact", "request", "context", "process", "result", "recovered"],
    ],
    async read(path, orderId, part) {
      const database = await openDatabase(path);
      const sql = `select ${part} as text from orders where order_id = ?`;
      const [row] = database.prepare(sql).all(orderId);
      database.close();
      return row.text;
    },
    async spoil(path, orderId, part, text) {
      // An order that a row calls closed is not looked at by `lost()`: all rows would have to be.
      const isHidden = part === "status" && orderId.startsWith("lost");
      const mayBeNull = ["status", "result", "recovered"].includes(part);
      if (isHidden || text === null && !mayBeNull) return undefined;
      const database = await openDatabase(path);
      database.prepare(`update orders set ${part} = ? where order_id = ?`).run(text, orderId);
      database.close();
      return JSON.stringify(orderId);
    },
  },
  foreign,
  weak: () => weakOnes(openDatabase, fresh),
  waits: locks(openDatabase),
});

/** Files of other programs, as they are in use, closed, and after a crash. */
async function foreign(): Promise<Foreign[]> {
  const made = async (what: string, statements: string[]) => {
    const location = join(dirname(fresh()), `${what.replaceAll(" ", "-")}.db`);
    const database = await openDatabase(location);
    for (const sql of statements) {
      const statement = database.prepare(sql);
      statement.all();
      statement.finalize?.();
    }
    return { what, location, content: () => contentOf(location), database };
  };
  const closed = ({ database, ...foreign }: Awaited<ReturnType<typeof made>>) => {
    database.close();
    return foreign;
  };
  /** What a crash leaves of it. */
  const crashed = (what: string, location: string, logs: string[]) => {
    const copy = join(dirname(fresh()), "copy.db");
    for (const end of ["", ...logs]) copyFileSync(location + end, copy + end);
    return { what, location: copy, content: () => contentOf(copy) };
  };
  const table = "create table mails (text text)";
  const inWal = await made("a log in use", ["pragma journal_mode = wal", table]);
  const inJournal = await made("a journal in use", [
    ...[table, "pragma cache_size = 1", "begin"],
    "insert into mails select hex(zeroblob(2000)) from pragma_function_list limit 100",
  ]);
  return [
    closed(await made("a table", [table])),
    closed(await made("a table in WAL", ["pragma journal_mode = wal", table])),
    closed(await made("another mark", ["pragma application_id = 77"])),
    closed(
      await made("another orders", ["create table orders (id integer)", "pragma user_version = 1"]),
    ),
    inWal,
    crashed("a log after a crash", inWal.location, ["-wal", "-shm"]),
    crashed("a journal after a crash", inJournal.location, ["-journal"]),
    closed(inJournal),
  ];
}

/** All files beside a database, but for the index of its log: each reader writes there. */
function contentOf(path: string): string {
  const folder = dirname(path);
  return readdirSync(folder).sort().map((name) =>
    `${name} ${name.endsWith("-shm") ? "" : readFileSync(join(folder, name), "hex")}`
  ).join("\n");
}

test("SQLite: an order that a damaged row calls closed is named, and not recovered", async () => {
  const path = fresh();
  const ledger = await SqliteLedger.open(path, { judge: () => true });
  for (const orderId of ["a", "b"]) await ledger.consume(...claim(orderId));
  const database = await openDatabase(path);
  database.prepare("update orders set status = 'DONE' where order_id = 'b'").run();
  database.close();
  const where = 'the row of order "b"';
  const problem = 'is damaged: status is "DONE", not null';
  await assertRejects(() => ledger.get("b"), LedgerDamaged, `${where} ${problem}`);
  assertEquals((await ledger.recover()).map(({ orderId }) => orderId), ["a"]);
  const { entries, damages } = await ledger.list();
  assertEquals(entries.map(({ fact }) => fact.orderId), ["a"]);
  assertEquals(damages, [{ where, problem }]);
  await ledger.close();
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
  assertEquals(all("pragma user_version"), [{ user_version: 2 }]);
  assertEquals(all("select strict from pragma_table_list('orders')"), [{
    strict: 1,
  }]);
  const rare = "status in ('FAILED', 'UNKNOWN') and status = 'FAILED'";
  for (
    const [query, way] of [
      ["status is null order by consumed_at", "SCAN orders USING INDEX orders_open"],
      [
        `${rare} order by consumed_at desc, order_id desc`,
        "SEARCH orders USING INDEX orders_not_applied (status=?)",
      ],
    ]
  ) {
    const plan = all(`explain query plan select fact from orders where ${query}`);
    assertEquals(plan.map(({ detail }) => detail), [way]);
  }
  await ledger.close();
  assertEquals(all("select count(*) as orders from orders"), [{ orders: 1 }]); // It stays open.
  database.close();
});

test("SQLite: a file that others may open by another name is refused: there it has another log", async () => {
  const path = fresh();
  await (await openLedger(path)).close();
  assertEquals(problemOfFile(path), undefined);
  const mounts = `30 25 8:1 / / rw - ext4 /dev/a rw\n36 30 8:1 /x ${path} rw - ext4 /dev/a rw\n`;
  assertEquals(
    problemOfFile(path, mounts),
    "it is mounted without its folder, where its log is: mount that",
  );
  const another = `${path}-too`;
  linkSync(path, another);
  for (const name of [path, another]) {
    await assertRejects(() => openLedger(name), LedgerDown, "it has 2 names (hard links)");
  }
  rmSync(another);
  await (await openLedger(path)).close();
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
    }: it has version 7 of the table: this package knows 2`,
  );
  database.close();
});

test("SQLite: what is no database is refused by name, and no pipe is waited for", async () => {
  const folder = dirname(fresh());
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const text = join(folder, "text");
  writeFileSync(text, "host: example.com\n");
  for (
    const [path, problem] of [
      [folder, "it is not a file"],
      [pipe, "it is not a file"],
      [text, "file is not a database"],
      [join(folder, "missing", "ledger.db"), "ENOENT"],
      ["", "it must be the path of a file"],
      [":memory:", "it must be the path of a file"],
      ["file:ledger.db?mode=memory", "it must be the path of a file"],
    ] as const
  ) {
    await assertRejects(
      () => openLedger(path),
      LedgerDown,
      `cannot open the ledger ${JSON.stringify(path)}: ${problem}`,
    );
  }
  assertEquals(readdirSync(folder).sort(), ["pipe", "text"]);
  assertEquals(readFileSync(text, "utf8"), "host: example.com\n");
});

test("SQLite: a new file and its log are their owner's alone, an old one keeps its permissions", async () => {
  const modes = (path: string) =>
    readdirSync(dirname(path)).sort()
      .map((name) => (statSync(join(dirname(path), name)).mode & 0o777).toString(8));
  const umask = process.umask(0o022);
  try {
    const path = fresh();
    const old = fresh();
    writeFileSync(old, "", { mode: 0o640 });
    const ledgers = [await openLedger(path), await openLedger(old)];
    for (const ledger of ledgers) await ledger.consume(...claim("x"));
    assertEquals([modes(path), modes(old)], [Array(3).fill("600"), Array(3).fill("640")]);
    for (const ledger of ledgers) await ledger.close();
    assertEquals([modes(path), modes(old)], [["600"], ["640"]]); // The log is gone.
  } finally {
    process.umask(umask);
  }
});

test("SQLite: a claim that nobody else would see is not confirmed", async () => {
  const ways: Record<string, (path: string) => void> = {
    "its file is moved away": (path) => renameSync(path, `${path}.old`),
    "its file is replaced": (path) => {
      copyFileSync(path, `${path}.new`);
      renameSync(`${path}.new`, path);
    },
    "its log is removed": (path) => rmSync(`${path}-wal`),
  };
  for (const way of Object.values(ways)) {
    const path = fresh();
    const ledger = await openLedger(path);
    await ledger.consume(...claim("x"));
    way(path);
    await assertRejects(
      () => ledger.consume(...claim("y")),
      LedgerDown,
      `cannot consume order "y": its file, or the log of it, was moved or replaced`,
    );
    await ledger.close().catch(() => {});
  }
});

test("SQLite: a given database that does not take what the promise needs is refused by name", async () => {
  const memory = await openDatabase(":memory:");
  const exclusive = await openDatabase(fresh());
  for (const pragma of ["locking_mode = exclusive", "journal_mode = wal"]) {
    exclusive.prepare(`pragma ${pragma}`).all();
  }
  for (const sql of ["create table t (a)", "drop table t"]) exclusive.prepare(sql).run();
  for (
    const [database, problem] of [
      [memory, "it has no file: what it holds would not survive a crash"],
      [exclusive, "its pragma locking_mode stays exclusive: the ledger needs normal"],
    ] as const
  ) {
    await assertRejects(() => SqliteLedger.open(database), LedgerDown, problem);
    assertEquals(database.prepare("select * from sqlite_schema").all(), []);
    database.close();
  }
});

test("SQLite: a file of the first version is a ledger, and becomes one of today as it is opened", async () => {
  const path = fresh();
  const made = await openLedger(path);
  await made.consume(...claim("x"));
  await made.close();
  const database = await openDatabase(path);
  const mark = () => database.prepare("pragma application_id").all().map((row) => ({ ...row }));
  assertEquals(mark(), [{ application_id: 0x4445504c }]);
  for (
    const sql of [
      "drop index orders_not_applied",
      "pragma user_version = 1",
      "pragma application_id = 0",
    ]
  ) {
    database.prepare(sql).run();
  }

  const ledger = await openLedger(path);
  assertEquals((await ledger.get("x"))?.status, "OPEN");
  assertEquals(mark(), [{ application_id: 0x4445504c }]);
  const indexes = database.prepare("select name from pragma_index_list('orders')").all();
  assert(indexes.some(({ name }) => name === "orders_not_applied"));
  await ledger.close();
  database.close();
});

test("SQLite: another program's database that was given is refused, and not written to", async () => {
  for (const sql of ["create table mails (id integer)", "pragma application_id = 77"]) {
    const path = fresh();
    const database = await openDatabase(path);
    database.prepare(sql).run();
    const before = readFileSync(path);
    await assertRejects(
      () => SqliteLedger.open(database),
      LedgerDown,
      "cannot open the ledger: it is another program's database: application_id ",
    );
    database.close();
    assertEquals(readFileSync(path).equals(before), true);
  }
});

test("SQLite: the patience of a call counts from the call, not from its turn to write", async () => {
  let tries = 0;
  const inner = await openDatabase(fresh());
  let isLocked = false;
  const database: Database = {
    prepare(sql) {
      const statement = inner.prepare(sql);
      if (sql !== "begin immediate") return statement;
      const run = () => {
        tries += 1;
        if (isLocked) throw Object.assign(new Error("locked"), { code: "SQLITE_BUSY" });
        return statement.run();
      };
      return { run, all: () => [] };
    },
  };
  const ledger = await SqliteLedger.open(database, { patience: 50 });
  isLocked = true;
  const after: number[] = [];
  const claims = Array.from({ length: 4 * 64 }, async (_, i) => {
    await ledger.consume(...claim(`order-${i}`)).catch(() => {});
    if (i % 64 === 63) after.push(tries);
  });
  await Promise.all(claims);
  const [first = 0, ...others] = after.map((tries, i) => tries - (after[i - 1] ?? 0));
  assertEquals([first > 2, others.every((tries) => tries <= 2)], [true, true], `${after}`);
  isLocked = false;
  await ledger.close();
  inner.close();
});

test("SQLite: while another process writes, a claim waits without blocking, and then gives up", async () => {
  const path = fresh();
  const database = await openDatabase(path);
  const ledger = await SqliteLedger.open(path, { patience: 200 });
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
    LedgerDamaged,
    'the row of order "b" holds no JSON: ',
  );
  await ledger.close();
});
