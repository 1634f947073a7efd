/**
 * A durable ledger in PostgreSQL: one row an order. What makes an order run at most once is its
 * primary key. What tells an order that is still running from one that was lost is an advisory lock
 * of the session that consumed it: the server drops it when that session ends, however it ends.
 *
 * Orders that wait at the same time share one statement.
 */
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "deployer-runtime";
import { Batches, type Item } from "./batch.ts";
import { checkIdentity, entryOf, select } from "./entry.ts";
import {
  down,
  isWithoutTables,
  LedgerDown,
  OrderAlreadyConsumed,
  OrderUnstorable,
} from "./errors.ts";
import type { Entry, Ledger, Page, Query } from "./ledger.ts";
import { SCHEMA } from "./postgres_schema.ts";

export { SCHEMA };

/**
 * One session, of the Runner's own: a `Client` of `pg` is one. A pool is none, and neither is
 * PgBouncer's transaction mode: the lock would be another connection's. A Runner that consumes in a
 * transaction of its own lets no action be called before that is committed.
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

const TAKEN = Symbol("somebody was first");

/** Give it to `execute()` as its ports. */
export class PostgresLedger implements Ledger {
  readonly #connection: Connection;
  readonly #end: () => PromiseLike<unknown>;
  readonly #claims: Batches<Item> = new Batches((batch) => this.#apart(batch, this.#claim));
  readonly #results: Batches<Item> = new Batches((batch) => this.#apart(batch, this.#store));
  #last: Promise<unknown> = Promise.resolve();
  #lost: Error | undefined;
  #closing: Promise<void> | undefined;

  private constructor(connection: Connection, end: () => PromiseLike<unknown>) {
    this.#connection = connection;
    this.#end = end;
    const lost = (error?: Error) => this.#lost ??= error ?? new Error("the connection has ended");
    connection.on?.("error", lost);
    connection.on?.("end", lost);
  }

  /**
   * Takes the lock that says: the Runner of this session lives. The tables are there already: see
   * `SCHEMA`.
   *
   * @param where A session that stays open after `close()`; or a URL, to which the package `pg`
   * connects, and from which `close()` disconnects
   * @throws {LedgerDown} If it cannot
   */
  static async open(where: string | Connection): Promise<PostgresLedger> {
    const [connection, end] = await connect(where);
    const ledger = new PostgresLedger(connection, end);
    const lock = "select pg_advisory_lock(1145393228, nextval('deployer.sessions')::integer)";
    try {
      await ledger.#query("cannot open the ledger", lock);
    } catch (error) {
      await end();
      const { cause } = error as LedgerDown;
      if (!isWithoutTables(cause)) throw error;
      const advice = "run PostgresLedger.install() once, which makes the tables";
      throw down(`cannot open the ledger: ${advice}`, cause);
    }
    return ledger;
  }

  /**
   * Makes the tables where there are none; otherwise it changes nothing. It runs `SCHEMA`.
   *
   * @throws {LedgerDown} If it cannot
   */
  static async install(where: string | Connection): Promise<void> {
    const [connection, end] = await connect(where);
    try {
      await connection.query(SCHEMA);
    } catch (cause) {
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
    checkIdentity(orderId);
    const failed = `cannot consume order ${JSON.stringify(orderId)}`;
    const text = JSON.stringify({ request, context, fact });
    this.#assertOpen(failed);
    try {
      await this.#claims.add({ key: orderId, text });
    } catch (fault) {
      if (isRefused(fault)) throw new OrderUnstorable(orderId, fault);
      if (fault !== TAKEN) throw this.#down(failed, fault);
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
    const text = JSON.stringify(result);
    this.#assertOpen(failed);
    try {
      await this.#results.add({ key: orderId, text });
    } catch (fault) {
      throw this.#down(failed, fault);
    }
  }

  async lost(): Promise<Fact[]> {
    const rows = await this.#query<{ fact: Fact }>(
      "cannot look for lost orders",
      "select fact from deployer.orders_lost order by consumed_at",
    );
    return rows.map(({ fact }) => fact);
  }

  async recover(): Promise<Fact[]> {
    const closed = await this.#query<{ recovered: Fact }>(
      "cannot recover orders",
      `update deployer.orders set recovered = fact || jsonb_build_object(
         'type', 'PROOF_ABSENT',
         'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
       )
       where status is null and order_id in (select order_id from deployer.orders_lost)
       returning recovered`,
    );
    return closed.map(({ recovered }) => recovered);
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
    return row && entryOf(row, row.result, row.recovered);
  }

  async list(query?: Query): Promise<Page> {
    const { status, since, until, text, limit, after } = select(query);
    const [where, values]: [string[], unknown[]] = [[], []];
    const given = (value: unknown) => `$${values.push(value)}`;
    if (status === "OPEN") where.push("status is null");
    else if (status !== null) where.push(`status = ${given(status)}`);
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
    const entries = page.map((row) => entryOf(row, row.result, row.recovered));
    const last = page.at(-1);
    // Its own column, which is finer than the fact's `at` in rows of earlier versions.
    const next = last && JSON.stringify([last.at, last.fact.orderId]);
    return { entries, ...next && rows.length > limit && { next } };
  }

  /** Gives the lock back as well: what this Runner has left open is lost from here on. */
  close(): Promise<void> {
    return this.#closing ??= (async () => {
      await Promise.all([this.#claims.idle(), this.#results.idle()]);
      await this.#last;
      if (!this.#lost) {
        await Promise.resolve(this.#connection.query(
          `select pg_advisory_unlock(1145393228, session::integer) from deployer.sessions_alive
           where pid = pg_backend_pid()`,
        )).catch(() => {}); // The session has just ended, and the lock with it.
      }
      await this.#end();
    })();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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
       on conflict do nothing returning order_id`,
      [`[${batch.map(({ text }) => text).join(",")}]`],
    );
    const winners = new Set(won.map(({ order_id }) => order_id));
    return batch.map(({ key }) => winners.has(key) ? undefined : TAKEN);
  }

  async #store(batch: Item[]): Promise<unknown[]> {
    const stored = await this.#send<{ order_id: string }>(
      `update deployer.orders set result = brought
       from jsonb_array_elements($1::text::jsonb) as brought
       where order_id = brought ->> 'orderId'
         and fact -> 'executionId' = brought -> 'executionId'
       returning order_id`,
      [`[${batch.map(({ text }) => text).join(",")}]`],
    );
    const done = new Set(stored.map(({ order_id }) => order_id));
    return batch.map(({ key }) =>
      done.has(key) ? undefined : new Error("its execution consumed none")
    );
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
      throw this.#down(failed, cause);
    }
  }

  /** One statement at a time: that is all that a session can do. */
  async #send<Row>(text: string, values?: unknown[]): Promise<Row[]> {
    const answer = this.#last.then(() => {
      if (this.#lost) throw this.#lost;
      return this.#connection.query(text, values);
    });
    this.#last = answer.catch(() => {});
    return (await answer).rows;
  }

  /** A session that is lost is told by one text, whichever of its statements saw it first. */
  #down(failed: string, cause: unknown): LedgerDown {
    if (!this.#lost) return down(failed, cause);
    return down(`${failed}: the session of the ledger is lost`, this.#lost);
  }

  #assertOpen(failed: string): void {
    if (this.#closing) throw new LedgerDown(`${failed}: the ledger is closed`);
  }
}

const COLUMNS = "fact, request, context, result, recovered";

interface Row {
  fact: Fact;
  request: ExecutionRequest;
  context: ExecutionContext;
  result: ExecutionResult | null;
  recovered: Fact | null;
}

/**
 * Class 22: the data. A text of PostgreSQL's holds no NUL, and no half of a character. Class 54: it
 * is too large.
 */
function isRefused(fault: unknown): fault is Error {
  return /^(22|54)/.test((fault as { code?: string } | undefined)?.code ?? "");
}

/** A session, and what ends it, if it is the ledger's own. */
async function connect(
  where: string | Connection,
): Promise<[Connection, () => PromiseLike<unknown>]> {
  if (typeof where !== "string") return [where, async () => {}];
  try {
    const driver = "pg"; // An optional peer: not for the eyes of bundlers.
    const { default: pg } = await import(driver);
    const client = new pg.Client({
      connectionString: where,
      application_name: "deployer-runner",
    });
    client.on("error", () => {}); // Said by whatever is asked of the ledger from then on.
    await client.connect();
    return [client, () => client.end()];
  } catch (cause) {
    throw down("cannot open the ledger", cause);
  }
}
