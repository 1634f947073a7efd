/**
 * A durable ledger in SQLite: one file, one row an order. What makes an order run at most once is
 * its primary key, among all processes of this machine that open the file.
 *
 * WAL with `synchronous=FULL`: what is committed survives a loss of power. Orders that wait at the
 * same time share one transaction.
 */
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "deployer-runtime";
import process from "node:process";
import { Batches, type Item, ITEMS } from "./batch.ts";
import { checkIdentity, entryOf, placeOf, proofAbsent, select } from "./entry.ts";
import { type Damage, down, LedgerDamaged, LedgerDown, OrderAlreadyConsumed } from "./errors.ts";
import type { Entry, Ledger, Page, Query } from "./ledger.ts";
import { isGone, type Judge, type ProcessIdentity, thisProcess } from "./process.ts";

/** What the ledger needs of a driver: better-sqlite3, `node:sqlite` and `bun:sqlite` have it. */
export interface Database {
  prepare(sql: string): {
    /** `changes`: how many rows were written. */
    run(...values: (string | number | null)[]): { readonly changes: number | bigint };
    // deno-lint-ignore no-explicit-any -- What a row holds is what was asked for.
    all(...values: (string | number | null)[]): any[];
  };
}

/** How to open a ledger. */
export interface SqliteOptions {
  /** Whether the process of an entry is surely gone. */
  readonly judge?: Judge;
  /** How long to wait for other processes that write, in ms; 10,000 if it is not said. */
  readonly patience?: number;
}

/** The table, version by version: `user_version` says how many of these a file has seen. */
const MIGRATIONS = [[
  // `status` is null until the order is closed, and final from then on.
  `create table orders (
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
  ) strict`,
  "create index orders_open on orders (consumed_at) where status is null",
  "create index orders_consumed_at on orders (consumed_at, order_id)",
]];

/** How long the driver waits for a lock, in ms: it blocks the process, so that it is not long. */
const BUSY = 20;

interface Claim extends Item {
  row: string[];
}

interface Stored extends Item {
  executionId: string;
  status: string;
}

interface Row {
  order_id: string;
  fact: string;
  request: string;
  context: string;
  process: string;
  result: string | null;
  recovered: string | null;
}

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
  #closed = false;

  private constructor(
    database: Database,
    end: () => void,
    options: SqliteOptions,
  ) {
    this.#database = database;
    this.#end = end;
    this.#judge = options.judge ?? isGone;
    this.#patience = options.patience ?? 10_000;
  }

  /**
   * Opens a ledger, and makes its table where there is none.
   *
   * @param where Path of the file, opened by the driver of the runtime (Node from 22.13, Deno, Bun)
   * or by better-sqlite3, and closed by `close()`; or an open database, which stays open
   * @throws {LedgerDown} If it cannot be opened, or was written by a later version of this package
   */
  static async open(
    where: string | Database,
    options: SqliteOptions = {},
  ): Promise<SqliteLedger> {
    const failed = typeof where === "string"
      ? `cannot open the ledger ${JSON.stringify(where)}`
      : "cannot open the ledger";
    let end = () => {};
    try {
      let database: Database;
      if (typeof where === "string") {
        const opened = await openFile(where);
        end = () => opened.close();
        database = opened;
      } else database = where;
      const ledger = new SqliteLedger(database, end, options);
      await ledger.#prepare();
      return ledger;
    } catch (cause) {
      end();
      throw down(failed, cause);
    }
  }

  readonly consume = async (
    fact: Fact,
    request: ExecutionRequest,
    context: ExecutionContext,
  ): Promise<void> => {
    const { orderId, executionId, at } = fact;
    checkIdentity(orderId);
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
      await this.#claims.add({ key: orderId, text: json.join(""), row });
    } catch (fault) {
      if (fault !== TAKEN) throw down(failed, fault);
      const entry = await this.get(orderId).catch(() => undefined);
      throw new OrderAlreadyConsumed(orderId, "the table orders", entry);
    }
  };

  async store(result: ExecutionResult): Promise<void> {
    const { orderId, executionId, status } = result;
    const failed = `cannot store the result of order ${JSON.stringify(orderId)}`;
    const text = JSON.stringify(result);
    this.#assertOpen(failed);
    try {
      await this.#results.add({ key: orderId, text, executionId, status });
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
              `update orders set recovered = ?, status = 'UNKNOWN'
               where order_id = ? and status is null`,
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
    return row && entry(row, failed);
  }

  async list(query?: Query): Promise<Page> {
    const { status, since, until, text, limit, after } = select(query);
    const [where, values]: [string[], (string | number)[]] = [[], []];
    const add = (condition: string, ...given: (string | number)[]) => {
      where.push(condition);
      values.push(...given);
    };
    if (status === "OPEN") add("status is null");
    else if (status !== null) add("status = ?", status);
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
    const entries = rows.slice(0, limit).map((row) => entry(row, failed));
    const last = entries.at(-1);
    return {
      entries,
      ...last && rows.length > limit && { next: placeOf(last) },
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#claims.idle(), this.#results.idle()]);
    this.#statements.clear();
    this.#end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Many processes may open a file at the same time: one of them makes the table. */
  async #prepare(): Promise<void> {
    this.#all(`pragma busy_timeout = ${BUSY}`);
    await this.#patient(() => this.#all("pragma journal_mode = wal"));
    this.#run("pragma synchronous = full");
    const version = () => Number(Object.values(this.#all("pragma user_version")[0] as object)[0]);
    const found = version();
    if (found > MIGRATIONS.length) {
      throw new Error(
        `it has version ${found} of the table: this package knows ${MIGRATIONS.length}`,
      );
    }
    if (found === MIGRATIONS.length) return;
    await this.#transaction(() => {
      for (const statements of MIGRATIONS.slice(version())) {
        for (const statement of statements) this.#run(statement);
      }
      this.#run(`pragma user_version = ${MIGRATIONS.length}`);
    });
  }

  async #claim(batch: Claim[]): Promise<unknown[]> {
    return await this.#transaction(() =>
      batch.map(({ row }) => {
        const won = this.#wrote(
          `insert into orders
             (order_id, execution_id, consumed_at, runner, action, fact, request, context, process)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (order_id) do nothing`,
          ...row,
        );
        return won ? undefined : TAKEN;
      })
    );
  }

  async #store(batch: Stored[]): Promise<unknown[]> {
    return await this.#transaction(() =>
      batch.map(({ key, executionId, status, text }) => {
        const stored = this.#wrote(
          `update orders set result = ?, status = coalesce(status, ?)
           where order_id = ? and execution_id = ?`,
          ...[text, status, key, executionId],
        );
        return stored ? undefined : new Error("its execution consumed none");
      })
    );
  }

  /** Looks at the open orders: whose process is gone? */
  async #look(): Promise<{ lost: { fact: Fact }[]; damages: Damage[] }> {
    const failed = "cannot look for lost orders";
    const rows = await this.#rows(
      failed,
      "where status is null order by consumed_at",
    );
    const damages: Damage[] = [];
    const gone = new Map<string, boolean>();
    const lost: { fact: Fact; orderId: string }[] = [];
    for (const { order_id: orderId, fact, process } of rows) {
      try {
        if (!gone.has(process)) {
          gone.set(
            process,
            await this.#judge(JSON.parse(process) as ProcessIdentity),
          );
        }
        if (gone.get(process)) lost.push({ fact: JSON.parse(fact), orderId });
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw down(failed, error);
        const where = `the row of order ${JSON.stringify(orderId)}`;
        damages.push({ where, problem: `holds no JSON: ${error.message}` });
      }
    }
    if (lost.length === 0) return { lost, damages };
    // Asked again: the last that it did before it was gone may have been to store the result.
    const open = await this.#rows(failed, "where status is null");
    const still = new Set(open.map(({ order_id }) => order_id));
    return { lost: lost.filter(({ orderId }) => still.has(orderId)), damages };
  }

  async #rows(
    failed: string,
    where: string,
    ...values: (string | number)[]
  ): Promise<Row[]> {
    this.#assertOpen(failed);
    const columns = "order_id, fact, request, context, process, result, recovered";
    try {
      return await this.#patient(() =>
        this.#all(`select ${columns} from orders ${where}`, ...values)
      );
    } catch (cause) {
      throw down(failed, cause);
    }
  }

  /** All of it, durably, or nothing. */
  async #transaction<Value>(body: () => Value): Promise<Value> {
    return await this.#patient(() => {
      this.#run("begin immediate");
      try {
        const value = body();
        this.#run("commit");
        return value;
      } catch (error) {
        try {
          this.#run("rollback");
        } catch { /* SQLite has rolled back by itself. */ }
        throw error;
      }
    });
  }

  /** Tries again as long as another process writes: what found the file locked has done nothing. */
  async #patient<Value>(what: () => Value): Promise<Value> {
    for (const end = Date.now() + this.#patience;;) {
      try {
        return what();
      } catch (error) {
        if (!isBusy(error) || Date.now() > end) throw error;
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

  #assertOpen(failed: string): void {
    if (this.#closed) throw new LedgerDown(`${failed}: the ledger is closed`);
  }
}

const TAKEN = Symbol("somebody was first");

/** The driver that the runtime brings. */
async function openFile(path: string): Promise<Database & { close(): void }> {
  if (process.versions.bun !== undefined) {
    const bun = "bun:sqlite"; // Not for the eyes of compilers that do not know it.
    const { Database } = await import(bun);
    return new Database(path);
  }
  const node = "node:sqlite";
  const driver = await import(node).catch(() => undefined);
  if (driver === undefined) return new (await betterSqlite3())(path);
  return new driver.DatabaseSync(path);
}

/** What a Node without SQLite opens files by, where it is installed. */
async function betterSqlite3(): Promise<new (path: string) => Database & { close(): void }> {
  const name = "better-sqlite3";
  const driver = await import(name).catch(() => undefined);
  if (driver !== undefined) return driver.default;
  throw new Error(
    `Node ${process.versions.node} has no SQLite: install Node 22.13 or later, or better-sqlite3 ` +
      "beside deployer-runner; or use a folder as the ledger",
  );
}

function entry(row: Row, failed: string): Entry {
  try {
    const [fact, request, context, result, recovered] = [
      ...[row.fact, row.request, row.context],
      ...[row.result ?? "null", row.recovered ?? "null"],
    ].map((json) => JSON.parse(json));
    return entryOf({ fact, request, context }, result, recovered);
  } catch (cause) {
    throw down(
      `${failed}: the row of order ${JSON.stringify(row.order_id)}`,
      cause,
    );
  }
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
