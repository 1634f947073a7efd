/**
 * A durable ledger in PostgreSQL: one row an order. What makes an order run at most once is its
 * primary key. What tells an order that is still running from one that was lost is an advisory lock
 * of the session that consumed it: the server drops it when that session ends, however it ends.
 *
 * Orders that wait at the same time share one statement.
 */
import { Socket } from "node:net";
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "deployer-runtime";
import { checkTime, isDoneWithin, LONGEST } from "../timer.ts";
import { Batches, type Item } from "./batch.ts";
import {
  checkClaim,
  checkResult,
  entriesOf,
  entryOf,
  MARK,
  problemOfClaim,
  problemOfRecovered,
  problemOfResult,
  select,
} from "./entry.ts";
import {
  type Damage,
  down,
  isWithoutTables,
  LedgerDamaged,
  LedgerDown,
  OrderAlreadyConsumed,
  OrderUnstorable,
} from "./errors.ts";
import type { Entry, Filter, Ledger, Page, Query } from "./ledger.ts";
import { SCHEMA, TABLES } from "./postgres_schema.ts";

export { SCHEMA };

/**
 * One session, of the Runner's own: a `Client` of `pg` is one. A pool is none, and neither is
 * PgBouncer's transaction mode: the lock would be another connection's. A Runner that consumes in a
 * transaction of its own lets no action be called before that is committed. The ledger changes
 * settings of the session: see `open()`.
 */
export interface Connection {
  // deno-lint-ignore no-explicit-any -- What a row holds is what was asked for.
  query(text: string, values?: unknown[]): PromiseLike<{ rows: any[] }>;
  /**
   * If it has events, the ledger listens to `error` and `end`. Without a listener for `error`, a
   * `Client` of `pg` ends its process when the server restarts.
   */
  on?(event: "error" | "end", listener: (error?: Error) => void): unknown;
}

/** How to open a ledger. */
export interface PostgresOptions {
  /**
   * How long the server may leave `open()` of a URL, `store()` and `close()` without an answer, in ms,
   * at most 2^31 - 1, or `Infinity`; 10,000 if it is not said. `store()` of a ledger that was opened by
   * its URL gives another session as long again.
   */
  readonly patience?: number;
}

/** A session, and what ends it, if it is the ledger's own. */
interface Session {
  readonly connection: Connection;
  end(): Promise<void>;
}

const TAKEN = Symbol("somebody was first");

/**
 * Of the session: what would end it while an order is executed, and its lock with it; and an isolation
 * by which two that write the same row fail. In seconds, a router that forgets a silent connection is
 * reminded of it. `statement_timeout` and `lock_timeout` stay: they end a statement, which says so.
 */
const SETTINGS = `
  select count(set_config(name, value, false)) from pg_settings join (values
    ('idle_session_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'),
    ('transaction_timeout', '0'),
    ('tcp_keepalives_idle', '30'),
    ('default_transaction_isolation', 'read committed')
  ) as needed (name, value) using (name)`; // Earlier versions have not got all of them.

/** What a server cannot promise, whatever the session sets. */
const SERVER = `
  select current_setting('fsync') as fsync, pg_is_in_recovery() as standby,
    (select string_agg('deployer.' || relname, ', ') from pg_class
     where relnamespace = to_regnamespace('deployer') and relkind in ('r', 'p', 'S')
       and relpersistence <> 'p') as unlogged`;

const VERSION = "select max(version) as version from deployer.migrations";

/**
 * In what a statement returns: its transaction is flushed before it is answered, whatever the session,
 * the role or the database has set, and was set to by others. `remote_apply` is more than that.
 */
const DURABLE = `set_config('synchronous_commit', case current_setting('synchronous_commit')
  when 'remote_apply' then 'remote_apply' else 'on' end, true)`;

const STORE = `
  update deployer.orders set result = brought
  from jsonb_array_elements($1::text::jsonb) as brought
  where order_id = brought ->> 'orderId'
    and fact -> 'executionId' = brought -> 'executionId'
  returning order_id, ${DURABLE}`;

const PATIENCE = 10_000;

/** How long until another session is tried again, in ms. */
const PAUSE = 200;

/** How long a server may take to end a session, in ms. */
const GOODBYE = 1000;

/** Give it to `execute()` as its ports. */
export class PostgresLedger implements Ledger {
  readonly #session: Session;
  /** Where another session can be opened, should this one be lost. */
  readonly #url: string | undefined;
  readonly #patience: number;
  readonly #claims: Batches<Item> = new Batches((batch) => this.#apart(batch, this.#claim));
  readonly #results: Batches<Item> = new Batches((batch) => this.#apart(batch, this.#store));
  #last: Promise<unknown> = Promise.resolve();
  #lost: Error | undefined;
  /** Ends the wait for the statement that is under way. */
  #abandon: (fault: Error) => void = () => {};
  #closing: Promise<void> | undefined;

  private constructor(session: Session, url: string | undefined, patience: number) {
    this.#session = session;
    this.#url = url;
    this.#patience = patience;
    const lose = (error?: Error) => this.#lose(error ?? new Error("the connection has ended"));
    session.connection.on?.("error", lose);
    session.connection.on?.("end", lose);
  }

  /**
   * Takes the lock that says: the Runner of this session lives. The tables are there already: see
   * `SCHEMA`.
   *
   * On the session it switches `idle_session_timeout`, `idle_in_transaction_session_timeout` and
   * `transaction_timeout` off, has the server keep the connection alive, and sets
   * `default_transaction_isolation` to `read committed`. In each statement that writes,
   * `synchronous_commit` is at least `on`.
   *
   * @param where A session that stays open after `close()`; or a URL, to which the package `pg`
   * connects, and from which `close()` disconnects. By a URL, a result is stored in another session
   * where this one is lost, or does not answer
   * @throws {LedgerDown} If it cannot; or if the server loses what it has confirmed: with `fsync` off,
   * or in an unlogged table. A standby is refused too
   * @throws {RangeError} If the patience is no such time
   */
  static async open(
    where: string | Connection,
    { patience = PATIENCE }: PostgresOptions = {},
  ): Promise<PostgresLedger> {
    checkTime("patience", patience);
    const url = typeof where === "string" ? where : undefined;
    const ledger = new PostgresLedger(await connect(where, patience), url, patience);
    try {
      const prepared = ledger.#prepare();
      // What was given can be ended by whoever has given it.
      if (!await isDoneWithin(url === undefined ? Infinity : patience, prepared)) {
        throw new LedgerDown(`cannot open the ledger: ${silent(patience)}`);
      }
    } catch (error) {
      await ledger.#session.end();
      const { cause } = error as LedgerDown;
      if (!isWithoutTables(cause)) throw error;
      const advice = "run PostgresLedger.install() once, which makes the tables of this version";
      throw down(`cannot open the ledger: ${advice}`, cause);
    }
    return ledger;
  }

  /**
   * Makes the tables, or what is missing of them in a ledger that an earlier version has made;
   * otherwise it changes nothing. It runs `SCHEMA`.
   *
   * @throws {LedgerDown} If it cannot, or a later version has written the tables
   */
  static async install(where: string | Connection): Promise<void> {
    const { connection, end } = await connect(where, PATIENCE);
    try {
      await connection.query(SCHEMA);
    } catch (cause) {
      await Promise.resolve(connection.query("rollback")).catch(() => {}); // It has begun one.
      throw down("cannot install the ledger", cause);
    } finally {
      await end();
    }
  }

  readonly consume = async (
    fact: Fact,
    request: ExecutionRequest,
    context: ExecutionContext,
  ): Promise<void> => {
    const { orderId } = fact;
    checkClaim(fact, request, context);
    const failed = `cannot consume order ${JSON.stringify(orderId)}`;
    const text = JSON.stringify({ request, context, fact });
    this.#assertOpen(failed);
    try {
      await this.#claims.add({ key: orderId, text });
    } catch (fault) {
      if (isRefused(fault)) throw new OrderUnstorable(orderId, fault);
      if (fault !== TAKEN) throw down(failed, fault);
      const entry = await this.get(orderId).catch(() => undefined);
      throw new OrderAlreadyConsumed(
        orderId,
        "the table deployer.orders",
        entry,
      );
    }
  };

  async store(result: ExecutionResult): Promise<void> {
    const { orderId } = result;
    const failed = `cannot store the result of order ${JSON.stringify(orderId)}`;
    checkResult(failed, result);
    const text = JSON.stringify(result);
    this.#assertOpen(failed);
    try {
      await this.#results.add({ key: orderId, text });
    } catch (fault) {
      throw down(failed, fault);
    }
  }

  async lost(): Promise<Fact[]> {
    const { lost, damages } = await this.#look("cannot look for lost orders");
    if (damages.length > 0) throw new LedgerDamaged(damages, lost);
    return lost;
  }

  async recover(): Promise<Fact[]> {
    const failed = "cannot recover orders";
    const { lost, damages } = await this.#look(failed);
    // Asked again: a result may have come meanwhile, or another one has closed it.
    const rows = lost.length === 0 ? [] : await this.#query<{ recovered: Fact }>(
      failed,
      `update deployer.orders set recovered = fact || jsonb_build_object(
         'type', 'PROOF_ABSENT',
         'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
       )
       where ${LOST} and result is null and recovered is null
         and order_id in (select jsonb_array_elements_text($1::text::jsonb))
       returning recovered, ${DURABLE}`,
      [JSON.stringify(lost.map(({ orderId }) => orderId))],
    );
    const closed = rows.map(({ recovered }) => recovered);
    if (damages.length > 0) throw new LedgerDamaged(damages, closed);
    return closed;
  }

  async get(orderId: string): Promise<Entry | undefined> {
    const [row] = await this.#query<Row>(
      `cannot read order ${JSON.stringify(orderId)}`,
      `select ${COLUMNS} from deployer.orders where order_id = $1`,
      [orderId],
    ).catch((error: LedgerDown) => {
      if (isRefused(error.cause)) return []; // No order can have this identity here.
      throw error;
    });
    const { entries: [entry], damages } = read(row ? [row] : []);
    if (damages.length > 0) throw new LedgerDamaged(damages, []);
    return entry;
  }

  async list(query?: Query): Promise<Page> {
    const { status, since, until, text, limit, after } = select(query);
    const where: string[] = [];
    const values: unknown[] = [];
    const given = (value: unknown) => `$${values.push(value)}`;
    if (status === "OPEN") where.push("status is null");
    else if (status !== null) where.push(`status = '${status}'`); // A value may keep its index out.
    if (since !== null) {
      where.push(`consumed_at >= ${given(since)}::text::timestamptz`);
    }
    if (until !== null) {
      where.push(`consumed_at < ${given(until)}::text::timestamptz`);
    }
    if (after !== null) {
      const place = `${given(after.at)}::text::timestamptz, ${
        given(after.orderId)
      }::text collate "C"`;
      where.push(`(consumed_at, order_id collate "C") < (${place})`);
    }
    if (text !== null) {
      const piece = `${given(text)}::text`;
      const holds = ["request", "context", "coalesce(result, 'null')"]
        .map((column) => `strpos((${column})::text, ${piece}) > 0`);
      where.push(`(${holds.join(" or ")})`);
    }
    const rows = await this.#query<Row & { at: string }>(
      "cannot list orders",
      `select ${COLUMNS}, consumed_at::text as at from deployer.orders
       ${where.length > 0 ? `where ${where.join(" and ")}` : ""}
       order by consumed_at desc, order_id collate "C" desc limit ${
        given(limit + 1)
      }::text::integer`,
      values,
    );
    const page = rows.slice(0, limit);
    const { entries, damages } = read(page);
    const last = page.at(-1);
    // Its own column, which is finer than the fact's `at` in rows of earlier versions.
    const next = last && JSON.stringify([last.at, last.order_id]);
    return {
      entries,
      ...next && rows.length > limit && { next },
      ...damages.length > 0 && { damages },
    };
  }

  entries(filter?: Filter): AsyncGenerator<Entry> {
    return entriesOf((query) => this.list(query), filter);
  }

  /**
   * Gives the lock back as well: what this Runner has left open is lost from here on. What the server
   * has not answered when the patience ends is given up, and the session with it.
   */
  close(): Promise<void> {
    return this.#closing ??= (async () => {
      if (!await isDoneWithin(this.#patience, this.#finish())) {
        this.#lose(new Error(silent(this.#patience)));
        await isDoneWithin(this.#patience, this.#results.idle()); // Another session stores them.
      }
      await this.#session.end();
    })();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #prepare(): Promise<void> {
    const failed = "cannot open the ledger";
    await this.#query(failed, SETTINGS);
    const [server] = await this.#query<Server>(failed, SERVER);
    const problem = problemOfServer(server);
    if (problem !== undefined) throw new LedgerDown(`${failed}: ${problem}`);
    const [tables] = await this.#query<{ version: number | null }>(failed, VERSION);
    const version = tables?.version ?? 0;
    if (version !== TABLES) {
      const problem = `its tables have version ${version}: this package knows ${TABLES}`;
      // Of an earlier one, as if there were none: install() makes what is missing.
      throw down(failed, Object.assign(new Error(problem), version < TABLES && { code: "42P01" }));
    }
    const lock = `select pg_advisory_lock(${MARK}, nextval('deployer.sessions')::integer)`;
    await this.#query(failed, lock);
  }

  /** Waits for what is under way, and gives the lock back. */
  async #finish(): Promise<void> {
    await Promise.all([this.#claims.idle(), this.#results.idle()]);
    await this.#last;
    if (this.#lost) return;
    await Promise.resolve(this.#session.connection.query(
      `select pg_advisory_unlock(${MARK}, session::integer) from deployer.sessions_alive
       where pid = pg_backend_pid()`,
    )).catch(() => {}); // The session has just ended, and the lock with it.
  }

  /** One bad order refuses itself and no other: then each is written alone. */
  async #apart(
    batch: Item[],
    write: (this: this, batch: Item[]) => Promise<unknown[]>,
  ): Promise<unknown[]> {
    try {
      return await write.call(this, batch);
    } catch (fault) {
      if (batch.length === 1 || !isRefused(fault)) throw fault;
      const faults: unknown[] = [];
      for (const item of batch) {
        faults.push(
          ...await write.call(this, [item]).catch((fault) => [fault]),
        );
      }
      return faults;
    }
  }

  async #claim(batch: Item[]): Promise<unknown[]> {
    // Without a lock there is no session: the row is refused. Two sessions that claim the same orders
    // go through them in one order: each of them waiting for the other would be a deadlock.
    const won = await this.#send<{ order_id: string }>(
      `insert into deployer.orders (order_id, session, consumed_at, request, context, fact)
       select claim #>> '{fact,orderId}',
         (select max(session) from deployer.sessions_alive where pid = pg_backend_pid()),
         (claim #>> '{fact,at}')::timestamptz,
         claim -> 'request', claim -> 'context', claim -> 'fact'
       from jsonb_array_elements($1::text::jsonb) as claim order by 1
       on conflict do nothing returning order_id, ${DURABLE}`,
      [`[${batch.map(({ text }) => text).join(",")}]`],
    );
    const winners = new Set(won.map(({ order_id }) => order_id));
    return batch.map(({ key }) => winners.has(key) ? undefined : TAKEN);
  }

  async #store(batch: Item[]): Promise<unknown[]> {
    const values = [`[${batch.map(({ text }) => text).join(",")}]`];
    const stored = await this.#sendAnyhow<{ order_id: string }>(STORE, values);
    const done = new Set(stored.map(({ order_id }) => order_id));
    return batch.map(({ key }) =>
      done.has(key) ? undefined : new Error("its execution consumed none")
    );
  }

  /** The orders that are lost; and those that may be, and are damaged. */
  async #look(failed: string): Promise<{ lost: Fact[]; damages: Damage[] }> {
    const rows = await this.#query<Row>(
      failed,
      `select ${COLUMNS} from deployer.orders where ${LOST} order by consumed_at`,
    );
    const { entries, damages } = read(rows);
    return { lost: entries.map(({ fact }) => fact), damages };
  }

  async #query<Row>(
    failed: string,
    text: string,
    values?: unknown[],
  ): Promise<Row[]> {
    this.#assertOpen(failed);
    try {
      return await this.#send(text, values);
    } catch (cause) {
      throw down(failed, cause);
    }
  }

  /** One statement at a time: that is all that a session can do. */
  async #send<Row>(text: string, values?: unknown[]): Promise<Row[]> {
    const answer = this.#last.then(() => {
      if (this.#lost) throw this.#lost;
      return new Promise<{ rows: Row[] }>((resolve, reject) => {
        this.#abandon = reject;
        this.#session.connection.query(text, values).then(resolve, reject);
      });
    }).catch((fault) => {
      if (isEnd(fault)) this.#lose(fault);
      throw this.#lost ?? fault; // One text, whichever statement saw it first.
    });
    this.#last = answer.catch(() => {});
    return (await answer).rows;
  }

  /**
   * Sends a statement that may be sent twice: by another session, where the own one is lost or has not
   * answered for a while, and a URL says how to open one. An answer of the own one is welcome all the
   * same, as long as the other one is tried: it may only have waited for a lock, as the other one does.
   */
  async #sendAnyhow<Row>(text: string, values: unknown[]): Promise<Row[]> {
    const own = this.#send<Row>(text, values);
    const isAnswered = await isDoneWithin(this.#patience, own).catch((fault) => {
      if (!this.#lost) throw fault;
      return false;
    });
    if (isAnswered) return await own;
    if (this.#url === undefined) throw this.#lost ?? new Error(silent(this.#patience));
    let isSilent = true;
    own.catch(() => {}).then(() => isSilent = false);
    const other = sendElsewhere<Row>(this.#url, this.#patience, text, values).then((rows) => {
      if (isSilent) this.#lose(new Error(silent(this.#patience))); // It is not the server that is slow.
      return rows;
    });
    return await Promise.race([own.catch(() => other), other]).catch((fault) => {
      if (!this.#lost || isRefused(fault)) throw fault;
      throw new Error(`${this.#lost.message}; another one does not take it: ${fault.message}`);
    });
  }

  /** Nothing more is asked of the session. What it has not answered is not waited for. */
  #lose(error: Error): void {
    const { message } = error;
    this.#lost ??= new Error(`the session of the ledger is lost: ${message}`, { cause: error });
    this.#abandon(this.#lost);
  }

  #assertOpen(failed: string): void {
    if (this.#closing) throw new LedgerDown(`${failed}: the ledger is closed`);
  }
}

const LOST = "status is null and order_id in (select order_id from deployer.orders_lost)";

/** A driver gives null for JSON's as well as for SQL's. */
const COLUMNS = "order_id, fact, request, context, result, recovered, " +
  "result is not null as has_result, recovered is not null as has_recovered";

interface Row {
  order_id: string;
  fact: Fact;
  request: ExecutionRequest;
  context: ExecutionContext;
  result: ExecutionResult | null;
  recovered: Fact | null;
  has_result: boolean;
  has_recovered: boolean;
}

interface Server {
  fsync: string;
  standby: boolean;
  unlogged: string | null;
}

/** The entries that rows hold, and what is wrong with the others. */
function read(rows: Row[]): { entries: Entry[]; damages: Damage[] } {
  const entries: Entry[] = [];
  const damages: Damage[] = [];
  for (const row of rows) {
    const { order_id: orderId, fact, result, recovered } = row;
    const problem = problemOfClaim(orderId, row) ??
      (row.has_result ? problemOfResult(fact, result) : undefined) ??
      (row.has_recovered ? problemOfRecovered(fact, recovered) : undefined);
    if (problem === undefined) entries.push(entryOf(row, result, recovered));
    else {
      const where = `the row of order ${JSON.stringify(orderId)}`;
      damages.push({ where, problem: `is damaged: ${problem}` });
    }
  }
  return { entries, damages };
}

/** Why a server cannot hold a ledger; `undefined` if nothing is known against it. */
function problemOfServer(server: Server | undefined): string | undefined {
  if (server?.fsync === "off") {
    return "the server's fsync is off: a crash of its machine loses claims";
  }
  if (server?.standby) return "the server is a standby: no order can be consumed there";
  if (server?.unlogged) {
    return `a crash of the server empties what is unlogged: ${server.unlogged}`;
  }
  return undefined;
}

function silent(patience: number): string {
  return `the server has not answered for ${patience} ms`;
}

/**
 * Class 22: the data. A text of PostgreSQL's holds no NUL, and no half of a character. Class 54: it
 * is too large.
 */
function isRefused(fault: unknown): fault is Error {
  return /^(22|54)/.test((fault as { code?: string } | undefined)?.code ?? "");
}

/** Class 08: the connection; the others: the server ends the session. */
function isEnd(fault: unknown): fault is Error {
  return /^(08|57P0[1245])/.test((fault as { code?: string } | undefined)?.code ?? "");
}

/** The session that was given; or one of the ledger's own. */
async function connect(where: string | Connection, patience: number): Promise<Session> {
  if (typeof where !== "string") return { connection: where, end: async () => {} };
  try {
    const driver = "pg"; // An optional peer: not for the eyes of bundlers.
    const { default: pg } = await import(driver);
    const socket = new Socket(); // Of our own: a server that does not answer ends no connection.
    const client = new pg.Client({
      connectionString: where,
      application_name: "deployer-runner",
      connectionTimeoutMillis: Math.min(patience, LONGEST),
      keepAlive: true,
      keepAliveInitialDelayMillis: 60_000,
      stream: socket,
    });
    client.on("error", () => {}); // Said by whatever is asked of the ledger from then on.
    await client.connect().catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
    const end = async () => {
      await isDoneWithin(GOODBYE, client.end());
      socket.destroy();
    };
    return { connection: client, end };
  } catch (cause) {
    throw down("cannot open the ledger", cause);
  }
}

/** Sends a statement in a session of its own, as often as it takes until the time is over. */
async function sendElsewhere<Row>(
  url: string,
  patience: number,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await sendOnce(url, Math.max(1, end - Date.now()), text, values);
    } catch (fault) {
      if (isRefused(fault) || Date.now() + PAUSE > end) throw fault;
      await new Promise((later) => setTimeout(later, PAUSE));
    }
  }
}

async function sendOnce<Row>(
  url: string,
  patience: number,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  const { connection, end } = await connect(url, patience);
  try {
    const answered = (async () => {
      const { rows: [server] } = await connection.query(SERVER);
      const problem = problemOfServer(server);
      if (problem !== undefined) throw new Error(problem);
      return (await connection.query(text, values)).rows;
    })();
    if (await isDoneWithin(patience, answered)) return await answered;
    throw new Error(silent(patience));
  } finally {
    await end();
  }
}
