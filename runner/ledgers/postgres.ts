/**
 * A durable ledger in PostgreSQL: one row an order. What makes an order run at most once is its
 * primary key. What tells an order that is still running from one that was lost is an advisory lock
 * of the session that consumed it: the server drops it when that session ends, however it ends.
 */
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "../../../mod.ts";
import { LedgerDown, OrderAlreadyConsumed, OrderUnstorable } from "./errors.ts";
import type { Ledger } from "./ledger.ts";

/**
 * One session, of the Runner's own, outside any transaction: a `Client` of `pg` is one. A pool is
 * none, and neither is PgBouncer's transaction mode: the lock would be another connection's.
 */
export interface Connection {
  // deno-lint-ignore no-explicit-any -- What a row holds is what was asked for.
  query(text: string, values?: unknown[]): PromiseLike<{ rows: any[] }>;
}

/**
 * What the ledger needs. To run it again, or many times at once, changes nothing.
 *
 * `status` is null until the order is closed, and final from then on: a result that arrives after
 * its order was recovered is kept beside, and makes nothing of UNKNOWN.
 */
export const SCHEMA = `
begin;
select pg_advisory_xact_lock(1145393228, 0);
create schema if not exists deployer;
create sequence if not exists deployer.sessions as integer;
create table if not exists deployer.orders (
  order_id    text primary key,
  session     integer not null,
  consumed_at timestamptz not null default clock_timestamp(),
  request     jsonb not null,
  context     jsonb not null,
  fact        jsonb not null,
  result      jsonb,
  recovered   jsonb,
  status      text generated always as (
    case when recovered is null then result ->> 'status' else 'UNKNOWN' end
  ) stored
);
create index if not exists orders_open on deployer.orders (consumed_at) where status is null;
create or replace view deployer.sessions_alive as
  select objid::bigint as session, pid from pg_locks
  where locktype = 'advisory' and classid = 1145393228 and objsubid = 2 and granted
    and database = (select oid from pg_database where datname = current_database());
create or replace view deployer.orders_lost as
  select order_id, consumed_at, request, context, fact from deployer.orders
  where status is null and session not in (select session from deployer.sessions_alive);
commit;`;

/** Give it to `execute()` as its ports. */
export class PostgresLedger implements Ledger {
  readonly #connection: Connection;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Takes the lock that says: the Runner of this session lives. `SCHEMA` is there already.
   *
   * @throws {LedgerDown} If it cannot
   */
  static async open(connection: Connection): Promise<PostgresLedger> {
    const ledger = new PostgresLedger(connection);
    const lock = "select pg_advisory_lock(1145393228, nextval('deployer.sessions')::integer)";
    await ledger.#query("cannot open the ledger", lock);
    return ledger;
  }

  async consume(fact: Fact, request: ExecutionRequest, context: ExecutionContext): Promise<void> {
    const { orderId } = fact;
    // Without a lock there is no session: the row is refused.
    const won = await this.#query(
      `cannot consume order ${JSON.stringify(orderId)}`,
      `insert into deployer.orders (order_id, session, request, context, fact) values (
         $1,
         (select max(session) from deployer.sessions_alive where pid = pg_backend_pid()),
         $2::text::jsonb, $3::text::jsonb, $4::text::jsonb
       ) on conflict do nothing returning 1`,
      [orderId, JSON.stringify(request), JSON.stringify(context), JSON.stringify(fact)],
    ).catch((error: LedgerDown) => {
      const cause = error.cause as Error & { code?: string };
      // Class 22: the data. A text of PostgreSQL's holds no NUL, and no half of a character.
      throw cause.code?.startsWith("22") ? new OrderUnstorable(orderId, cause) : error;
    });
    if (won.length === 0) throw new OrderAlreadyConsumed(orderId, "the table deployer.orders");
  }

  async store(result: ExecutionResult): Promise<void> {
    const { orderId, executionId } = result;
    const failed = `cannot store the result of order ${JSON.stringify(orderId)}`;
    const stored = await this.#query(
      failed,
      `update deployer.orders set result = $3::text::jsonb
       where order_id = $1 and fact ->> 'executionId' = $2 returning 1`,
      [orderId, executionId, JSON.stringify(result)],
    );
    if (stored.length === 0) throw new LedgerDown(`${failed}: its execution consumed none`);
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

  /** One query at a time: that is all that a session can do. */
  async #query<Row>(failed: string, text: string, values?: unknown[]): Promise<Row[]> {
    const answer = this.#last.then(() => this.#connection.query(text, values));
    this.#last = answer.catch(() => {});
    try {
      return (await answer).rows;
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : cause;
      throw new LedgerDown(`${failed}: ${message}`, { cause });
    }
  }
}
