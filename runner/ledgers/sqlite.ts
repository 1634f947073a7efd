/**
 * A durable ledger in SQLite: one file, one row an order. What makes an order run at most once is
 * its primary key, among all processes of this machine that open the file.
 *
 * WAL with `synchronous=FULL`: what is committed survives a loss of power. Orders that wait at the
 * same time share one transaction.
 */
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "deployer-runtime";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { checkTime } from "../timer.ts";
import { Batches, type Item, ITEMS } from "./batch.ts";
import {
  checkClaim,
  checkResult,
  entriesOf,
  entryOf,
  MARK,
  problemOfClaim,
  problemOfRecovered,
  problemOfResult,
  proofAbsent,
  select,
} from "./entry.ts";
import {
  type Damage,
  down,
  LedgerDamaged,
  LedgerDown,
  OrderAlreadyConsumed,
  OrderUnstorable,
} from "./errors.ts";
import type { Entry, Filter, Ledger, Page, Query } from "./ledger.ts";
import {
  isGone,
  type Judge,
  problemOfProcess,
  type ProcessIdentity,
  thisProcess,
} from "./process.ts";
import { Inodes, problemOfFile } from "./sqlite_file.ts";

/** What the ledger needs of a driver: better-sqlite3, `node:sqlite` and `bun:sqlite` have it. */
export interface Database {
  prepare(sql: string): {
    /** `changes`: how many rows were written. */
    run(...values: (string | number | null)[]): { readonly changes: number | bigint };
    // deno-lint-ignore no-explicit-any -- What a row holds is what was asked for.
    all(...values: (string | number | null)[]): any[];
    /** Bun's have it. */
    finalize?(): void;
  };
}

/** How to open a ledger. */
export interface SqliteOptions {
  /** Whether the process of an entry is surely gone. */
  readonly judge?: Judge;
  /**
   * How long a call waits for other processes that write, in ms, at most 2^31 - 1, or `Infinity`;
   * 10,000 if it is not said.
   */
  readonly patience?: number;
}

// `status` is null until the order is closed, and final from then on.
const ORDERS = `create table orders (
    order_id     text primary key,
    execution_id text not null,
    consumed_at  text not null,
    runner       text not null,
    action       text not null,
    status       text,
    fact         text not null,
    request      text not null,
    context      text not null,
    process      text not null,
    result       text,
    recovered    text
  ) strict`;

/** As a query must write it, to find the index. */
const NOT_APPLIED = "status in ('FAILED', 'UNKNOWN')";

/** The table, version by version: `user_version` says how many of these a file has seen. */
const MIGRATIONS = [[
  ORDERS,
  "create index main.orders_open on orders (consumed_at) where status is null",
  "create index main.orders_consumed_at on orders (consumed_at, order_id)",
], [
  // Those are rare, and looked for among all others.
  `create index main.orders_not_applied on orders (status, consumed_at, order_id)
     where ${NOT_APPLIED}`,
]];

/**
 * What the promise needs of a connection, whatever its file or the owner of a given database has set:
 * other processes can open the file; a commit is flushed, on macOS out of the drive's cache too; and
 * nothing is read that is not committed.
 */
const NEEDED = {
  locking_mode: "normal",
  journal_mode: "wal",
  synchronous: 2, // FULL
  fullfsync: 1,
  read_uncommitted: 0,
};

/** How long the driver waits for a lock, in ms: it blocks the process, so that it is not long. */
const BUSY = 20;

/** The permissions of a new file, and so of its log: for the owner alone. */
const PRIVATE = 0o600;

interface Call extends Item {
  /** When its patience ends, by the monotonic clock, in ms. */
  end: number;
}

interface Claim extends Call {
  row: string[];
}

interface Stored extends Call {
  executionId: string;
  status: string;
}

/** What is asked for of an order. */
const COLUMNS = "order_id, execution_id, consumed_at, status, " +
  "fact, request, context, process, result, recovered";

interface Row {
  order_id: string;
  execution_id: string;
  consumed_at: string;
  status: string | null;
  fact: string;
  request: string;
  context: string;
  process: string;
  result: string | null;
  recovered: string | null;
}

type OpenDatabase = Database & { close(): void };

/** Give it to `execute()` as its ports. */
export class SqliteLedger implements Ledger {
  readonly #database: Database;
  readonly #end: () => void;
  readonly #judge: Judge;
  readonly #patience: number;
  readonly #process: string = JSON.stringify(thisProcess());
  readonly #statements = new Map<string, ReturnType<Database["prepare"]>>();
  readonly #claims: Batches<Claim> = new Batches((batch) => this.#claim(batch));
  readonly #results: Batches<Stored> = new Batches((batch) => this.#store(batch));
  /** Whether the file says whose it is: those of the first version do not yet. */
  #marked = false;
  /** Of its file and its log: once they are moved, nobody else sees what is written here. */
  readonly #inodes: Inodes;
  #closed = false;

  private constructor(
    database: Database,
    end: () => void,
    options: SqliteOptions,
    inodes: Inodes = new Inodes(),
  ) {
    this.#database = database;
    this.#end = end;
    this.#inodes = inodes;
    this.#judge = options.judge ?? isGone;
    this.#patience = options.patience ?? 10_000;
  }

  /**
   * Opens a ledger, and makes file and table where there are none. A new file is its owner's alone.
   *
   * @param where Path of the file, opened by the driver of the runtime (Node from 22.13, Deno, Bun)
   * or by better-sqlite3, and closed by `close()`; or an open database, which stays open, and keeps
   * the pragmas that the ledger sets
   * @throws {LedgerDown} If it cannot be opened; if it is another program's, or was written by a later
   * version of this package: then it is left as it was; if it has no file, or one that others may open
   * by another name; or if a pragma that its promise needs does not take
   * @throws {RangeError} If the patience is no such time
   */
  static async open(
    where: string | Database,
    options: SqliteOptions = {},
  ): Promise<SqliteLedger> {
    checkTime("patience", options.patience ?? 0);
    const failed = typeof where === "string"
      ? `cannot open the ledger ${JSON.stringify(where)}`
      : "cannot open the ledger";
    try {
      if (typeof where !== "string") return await SqliteLedger.#on(where, () => {}, options);
      makeFile(where);
      await SqliteLedger.#recogniseLogged(where, options);
      const opened = await openFile(where);
      const inodes = new Inodes();
      inodes.add(resolve(where)); // By this name too: a link may lead elsewhere later.
      return await SqliteLedger.#on(opened, () => opened.close(), options, inodes);
    } catch (cause) {
      throw down(failed, cause);
    }
  }

  /** A ledger on an open database. */
  static async #on(
    database: Database,
    end: () => void,
    options: SqliteOptions,
    inodes?: Inodes,
  ): Promise<SqliteLedger> {
    const ledger = new SqliteLedger(database, end, options, inodes);
    try {
      await ledger.#prepare();
      return ledger;
    } catch (error) {
      await ledger.close();
      throw error;
    }
  }

  /**
   * A file with a log is looked at read only first: whoever closes it as the last one puts the log
   * into it, or rolls it back, and it may be another program's.
   */
  static async #recogniseLogged(path: string, options: SqliteOptions): Promise<void> {
    if (![`${path}-wal`, `${path}-journal`].some((log) => existsSync(log))) return;
    const opened = await openFile(path, true);
    const ledger = new SqliteLedger(opened, () => opened.close(), options);
    await ledger.#recognise().finally(() => ledger.close());
  }

  readonly consume = async (
    fact: Fact,
    request: ExecutionRequest,
    context: ExecutionContext,
  ): Promise<void> => {
    const { orderId, executionId, at } = fact;
    checkClaim(fact, request, context);
    if (`${orderId}${executionId}`.includes("\0")) { // Not every driver reads on behind it.
      throw new OrderUnstorable(orderId, new Error("an identity holds a NUL"));
    }
    const failed = `cannot consume order ${JSON.stringify(orderId)}`;
    const json = [fact, request, context].map((value) => JSON.stringify(value));
    const columns = [
      orderId,
      executionId,
      at,
      context.runner,
      request.action.name,
    ];
    const row = [...columns, ...json, this.#process];
    this.#assertOpen(failed);
    try {
      const end = performance.now() + this.#patience;
      await this.#claims.add({ key: orderId, text: json.join(""), end, row });
    } catch (fault) {
      if (fault !== TAKEN) throw down(failed, fault);
      const entry = await this.get(orderId).catch(() => undefined);
      throw new OrderAlreadyConsumed(orderId, "the table orders", entry);
    }
  };

  async store(result: ExecutionResult): Promise<void> {
    const { orderId, executionId, status } = result;
    const failed = `cannot store the result of order ${JSON.stringify(orderId)}`;
    checkResult(failed, result);
    const text = JSON.stringify(result);
    this.#assertOpen(failed);
    try {
      const end = performance.now() + this.#patience;
      await this.#results.add({ key: orderId, text, end, executionId, status });
    } catch (fault) {
      throw down(failed, fault);
    }
  }

  async lost(): Promise<Fact[]> {
    const { lost, damages } = await this.#look();
    const facts = lost.map(({ fact }) => fact);
    if (damages.length > 0) throw new LedgerDamaged(damages, facts);
    return facts;
  }

  async recover(): Promise<Fact[]> {
    const { lost, damages } = await this.#look();
    const closed: Fact[] = [];
    try {
      for (let first = 0; first < lost.length; first += ITEMS) {
        const facts = lost.slice(first, first + ITEMS).map(({ fact }) => proofAbsent(fact));
        const won = await this.#transaction(() =>
          facts.filter((fact) =>
            // Its Runner is gone, but another one may have stored its result meanwhile.
            this.#wrote(
              `update main.orders set recovered = ?, status = 'UNKNOWN'
               where order_id = ? and coalesce(status, result, recovered) is null`,
              JSON.stringify(fact),
              fact.orderId,
            )
          )
        );
        closed.push(...won);
      }
    } catch (cause) {
      throw down("cannot recover orders", cause);
    }
    if (damages.length > 0) throw new LedgerDamaged(damages, closed);
    return closed;
  }

  async get(orderId: string): Promise<Entry | undefined> {
    const failed = `cannot read order ${JSON.stringify(orderId)}`;
    const [row] = await this.#rows(failed, "where order_id = ?", orderId);
    const entry = row && entryIn(row);
    if (entry && isDamage(entry)) throw new LedgerDamaged([entry], []);
    return entry;
  }

  async list(query?: Query): Promise<Page> {
    const { status, since, until, text, limit, after } = select(query);
    const where: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, ...given: (string | number)[]) => {
      where.push(condition);
      values.push(...given);
    };
    if (status === "OPEN") add("status is null");
    else if (status !== null) add("status = ?", status);
    if (status === "FAILED" || status === "UNKNOWN") add(NOT_APPLIED);
    if (since !== null) add("consumed_at >= ?", since);
    if (until !== null) add("consumed_at < ?", until);
    if (after !== null) {
      add("(consumed_at, order_id) < (?, ?)", after.at, after.orderId);
    }
    if (text !== null) {
      add(
        "(instr(request, ?) > 0 or instr(context, ?) > 0 or instr(result, ?) > 0)",
        text,
        text,
        text,
      );
    }
    const failed = "cannot list orders";
    const rows = await this.#rows(
      failed,
      `${where.length > 0 ? `where ${where.join(" and ")}` : ""}
       order by consumed_at desc, order_id desc limit ?`,
      ...values,
      limit + 1,
    );
    const page = rows.slice(0, limit);
    const entries: Entry[] = [];
    const damages: Damage[] = [];
    for (const entry of page.map(entryIn)) {
      if (isDamage(entry)) damages.push(entry);
      else entries.push(entry);
    }
    const last = page.at(-1);
    const next = last && JSON.stringify([last.consumed_at, last.order_id]);
    return {
      entries,
      ...next && rows.length > limit && { next },
      ...damages.length > 0 && { damages },
    };
  }

  entries(filter?: Filter): AsyncGenerator<Entry> {
    return entriesOf((query) => this.list(query), filter);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#claims.idle(), this.#results.idle()]);
    this.#finalize();
    this.#end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Many processes may open a file at the same time: one of them makes the table. */
  async #prepare(): Promise<void> {
    const version = await this.#recognise();
    const file = await this.#patient(() => this.#configure());
    if (version !== MIGRATIONS.length) {
      await this.#transaction(() => {
        for (const statements of MIGRATIONS.slice(this.#version())) {
          for (const statement of statements) this.#run(statement);
        }
        this.#run(`pragma user_version = ${MIGRATIONS.length}`);
      });
    }
    await this.#patient(() => this.#version()); // Whoever reads has the log opened, or made.
    this.#inodes.add(`${file}-wal`);
  }

  /** The version of the table, as `#version()`: nothing is written. */
  async #recognise(): Promise<number> {
    this.#all(`pragma busy_timeout = ${BUSY}`);
    return await this.#patient(() => this.#version());
  }

  /**
   * The version of the table; 0 if there is none.
   *
   * @throws {Error} If the database is neither empty nor a ledger that this version knows
   */
  #version(): number {
    // One statement: another process may be making the table.
    const [found] = this.#all(
      `select application_id as id, user_version as version,
         (select count(*) from sqlite_schema) as size,
         (select sql from sqlite_schema where name = 'orders') as orders
       from pragma_application_id, pragma_user_version`,
    );
    const id = Number(found.id);
    const version = Number(found.version);
    const size = Number(found.size);
    const isEmpty = id === 0 && size === 0;
    const isUnmarked = id === 0 && version === 1 && normal(found.orders) === normal(ORDERS);
    if (id !== MARK && !isEmpty && !isUnmarked) {
      throw new Error(
        `it is another program's database: application_id ${id}, user_version ${version}`,
      );
    }
    if (version > MIGRATIONS.length) {
      throw new Error(
        `it has version ${version} of the table: this package knows ${MIGRATIONS.length}`,
      );
    }
    this.#marked = id === MARK;
    return size === 0 ? 0 : version;
  }

  /** Sets what the promise needs. @returns The database's file */
  #configure(): string {
    const [{ file }] = this.#all("pragma database_list");
    if (!file) throw new Error("it has no file: what it holds would not survive a crash");
    const problem = problemOfFile(file);
    if (problem !== undefined) throw new Error(problem);
    this.#inodes.add(file);
    for (const [name, value] of Object.entries(NEEDED)) {
      const set = `pragma main.${name} = ${value}`;
      if (typeof value === "string") this.#all(set); // These answer; better-sqlite3 is strict.
      else this.#run(set);
      const [found] = this.#all(`pragma main.${name}`).map((row) => Object.values(row)[0]);
      if (String(found) !== String(value)) {
        throw new Error(`its pragma ${name} stays ${found}: the ledger needs ${value}`);
      }
    }
    return file;
  }

  async #claim(batch: Claim[]): Promise<unknown[]> {
    return await this.#transaction(() =>
      batch.map(({ row }) => {
        const won = this.#wrote(
          `insert into main.orders
             (order_id, execution_id, consumed_at, runner, action, fact, request, context, process)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (order_id) do nothing`,
          ...row,
        );
        return won ? undefined : TAKEN;
      }), endOf(batch));
  }

  async #store(batch: Stored[]): Promise<unknown[]> {
    return await this.#transaction(() =>
      batch.map(({ key, executionId, status, text }) => {
        const stored = this.#wrote(
          // A result that comes after its order was recovered makes nothing of UNKNOWN.
          `update main.orders
           set result = ?, status = case when recovered is null then ? else 'UNKNOWN' end
           where order_id = ? and execution_id = ?`,
          ...[text, status, key, executionId],
        );
        return stored ? undefined : new Error("its execution consumed none");
      }), endOf(batch));
  }

  /** Looks at the open orders: whose process is gone? */
  async #look(): Promise<{ lost: Entry[]; damages: Damage[] }> {
    const failed = "cannot look for lost orders";
    const rows = await this.#rows(
      failed,
      "where status is null order by consumed_at",
    );
    const damages: Damage[] = [];
    const gone = new Map<string, boolean>();
    const lost: Entry[] = [];
    for (const row of rows) {
      const entry = entryIn(row);
      const consumer = consumerIn(row);
      if (isDamage(entry)) damages.push(entry);
      else if (isDamage(consumer)) damages.push(consumer);
      else {
        if (!gone.has(row.process)) gone.set(row.process, await this.#isGone(failed, consumer));
        if (gone.get(row.process)) lost.push(entry);
      }
    }
    if (lost.length === 0) return { lost, damages };
    // Asked again: the last that it did before it was gone may have been to store the result.
    const open = await this.#rows(failed, "where status is null");
    const still = new Set(open.map(({ order_id }) => order_id));
    return { lost: lost.filter(({ fact }) => still.has(fact.orderId)), damages };
  }

  async #isGone(failed: string, consumer: ProcessIdentity): Promise<boolean> {
    try {
      return await this.#judge(consumer);
    } catch (cause) {
      throw down(failed, cause);
    }
  }

  async #rows(
    failed: string,
    where: string,
    ...values: (string | number)[]
  ): Promise<Row[]> {
    this.#assertOpen(failed);
    try {
      return await this.#patient(() =>
        this.#all(`select ${COLUMNS} from main.orders ${where}`, ...values)
      );
    } catch (cause) {
      throw down(failed, cause);
    }
  }

  /** All of it, durably, or nothing. */
  async #transaction<Value>(body: () => Value, end?: number): Promise<Value> {
    const value = await this.#patient(() => {
      this.#run("begin immediate");
      try {
        const value = body();
        if (!this.#marked) this.#run(`pragma application_id = ${MARK}`);
        this.#run("commit");
        this.#marked = true;
        return value;
      } catch (error) {
        try {
          this.#run("rollback");
        } catch { /* SQLite has rolled back by itself. */ }
        throw error;
      }
    }, end);
    if (this.#inodes.areThere()) return value;
    throw new Error("its file, or the log of it, was moved or replaced");
  }

  /** Tries again as long as another process writes: what found the file locked has done nothing. */
  async #patient<Value>(
    what: () => Value,
    end: number = performance.now() + this.#patience,
  ): Promise<Value> {
    for (;;) {
      try {
        return what();
      } catch (error) {
        if (!isBusy(error) || performance.now() > end) throw error;
        await new Promise((later) => setTimeout(later, 1 + 10 * Math.random()));
      }
    }
  }

  #run(sql: string): void {
    this.#statement(sql).run();
  }

  /** Whether a row was written. */
  #wrote(sql: string, ...values: (string | number | null)[]): boolean {
    return Number(this.#statement(sql).run(...values).changes) > 0;
  }

  // deno-lint-ignore no-explicit-any -- What a row holds is what was asked for.
  #all(sql: string, ...values: (string | number | null)[]): any[] {
    return this.#statement(sql).all(...values);
  }

  #statement(sql: string): ReturnType<Database["prepare"]> {
    let statement = this.#statements.get(sql);
    if (!statement) {
      this.#statements.set(sql, statement = this.#database.prepare(sql));
    }
    return statement;
  }

  /** Bun does not close a file as long as a statement of it is there. */
  #finalize(): void {
    for (const statement of this.#statements.values()) statement.finalize?.();
    this.#statements.clear();
  }

  #assertOpen(failed: string): void {
    if (this.#closed) throw new LedgerDown(`${failed}: the ledger is closed`);
  }
}

const TAKEN = Symbol("somebody was first");

/** When the call that came last loses its patience: those before it have waited for others. */
function endOf(batch: Call[]): number {
  return Math.max(...batch.map(({ end }) => end));
}

/** SQL as SQLite keeps it, but for what means nothing. */
function normal(sql: string | null | undefined): string | undefined {
  return sql?.toLowerCase().replace(/\s+/g, " ");
}

/**
 * Makes a file that is not there. An existing one is not opened: as this descriptor closes, the system
 * would drop the locks by which SQLite holds that file elsewhere in this process.
 *
 * @throws {Error} If it cannot be a database
 */
function makeFile(path: string): void {
  if (path === "" || path === ":memory:" || path.startsWith("file:")) {
    throw new Error("it must be the path of a file");
  }
  if (!statSync(path, { throwIfNoEntry: false })) {
    try {
      closeSync(openSync(path, "wx", PRIVATE));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  if (!statSync(path).isFile()) throw new Error("it is not a file"); // To open a pipe would wait.
}

/** The driver that the runtime brings. */
async function openFile(path: string, readOnly = false): Promise<OpenDatabase> {
  if (process.versions.bun !== undefined) {
    const bun = "bun:sqlite"; // Not for the eyes of compilers that do not know it.
    const { Database } = await import(bun);
    return readOnly ? new Database(path, { readonly: true }) : new Database(path);
  }
  const node = "node:sqlite";
  const driver = await import(node).catch(() => undefined);
  if (driver === undefined) return new (await betterSqlite3())(path, { readonly: readOnly });
  return new driver.DatabaseSync(path, { readOnly });
}

/** What a Node without SQLite opens files by, where it is installed. */
async function betterSqlite3(): Promise<
  new (path: string, options: { readonly: boolean }) => OpenDatabase
> {
  const name = "better-sqlite3";
  const driver = await import(name).catch(() => undefined);
  if (driver !== undefined) return driver.default;
  throw new Error(
    `Node ${process.versions.node} has no SQLite: install Node 22.13 or later, or better-sqlite3 ` +
      "beside deployer-runner; or use a folder as the ledger",
  );
}

/** What a row says of its order; or what is wrong with it. */
function entryIn(row: Row): Entry | Damage {
  return inRow(row, () => {
    const [fact, request, context] = [row.fact, row.request, row.context].map(parse);
    const [result, recovered] = [row.result, row.recovered].map(parse);
    const entry = entryOf({ fact, request, context }, result, recovered);
    const status = entry.status === "OPEN" ? null : entry.status;
    return problemOfClaim(row.order_id, { fact, request, context }) ??
      (row.result === null ? undefined : problemOfResult(fact, result)) ??
      (row.recovered === null ? undefined : problemOfRecovered(fact, recovered)) ??
      problemOfColumn(row, "execution_id", fact.executionId) ??
      problemOfColumn(row, "consumed_at", fact.at) ??
      problemOfColumn(row, "status", status) ??
      entry;
  });
}

/** The process that consumed the order of a row; or what is wrong with it. */
function consumerIn(row: Row): ProcessIdentity | Damage {
  return inRow(row, () => {
    const consumer = parse(row.process);
    return problemOfProcess(consumer) ?? consumer;
  });
}

/** What is read of a row; a text says what is wrong with it. */
function inRow<Value extends object>(row: Row, read: () => Value | string): Value | Damage {
  const where = `the row of order ${JSON.stringify(row.order_id)}`;
  try {
    const value = read();
    return typeof value === "string" ? { where, problem: `is damaged: ${value}` } : value;
  } catch (error) {
    return { where, problem: `holds no JSON: ${(error as Error).message}` };
  }
}

function isDamage(read: object): read is Damage {
  return "problem" in read;
}

/** What the orders are asked for by must be what they hold. */
function problemOfColumn(row: Row, column: keyof Row, expected: string | null): string | undefined {
  if (row[column] === expected) return undefined;
  return `${column} is ${JSON.stringify(row[column])}, not ${JSON.stringify(expected)}`;
}

// deno-lint-ignore no-explicit-any -- Whoever asks judges what it is.
function parse(json: string | null): any {
  return json === null ? undefined : JSON.parse(json);
}

/** SQLITE_BUSY: as a text in better-sqlite3 and Bun, as a number in Node and Deno. */
function isBusy(error: unknown): boolean {
  const { code, errcode, errno } = error as {
    code?: string;
    errcode?: number;
    errno?: number;
  };
  return code?.startsWith("SQLITE_BUSY") ||
    [errcode, errno].some((n) => ((n ?? 0) & 0xff) === 5);
}
