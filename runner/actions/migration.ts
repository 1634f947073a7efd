import type { Action, ExecutionRequest } from "deployer-runtime";
import { reasonOf } from "./errors.ts";

/** One session of PostgreSQL, in no transaction: a `Client` of `pg` is one, a pool is none. */
export interface Session {
  // deno-lint-ignore no-explicit-any -- What a row holds is what was asked for.
  query(text: string, values?: unknown[]): PromiseLike<{ rows: any[]; command?: string }>;
}

/** What the Runner sets. */
export interface MigrationOptions {
  /**
   * Asks for an end: nothing begins, or nothing is committed. A statement that runs is waited for.
   * To end it, another session can call `pg_cancel_backend()`, or `migrate` can listen to the same
   * signal. Once COMMIT is sent it is too late, and its answer is heard.
   */
  stop?: AbortSignal;
}

// Names are qualified, because a migration may set `search_path`.
const BEGUN = `select pg_catalog.pg_current_xact_id()::pg_catalog.text as transaction,
  pg_catalog.pg_backend_pid() as backend`;

// The number is that of the whole transaction, in a savepoint too. Where `synchronous_commit` is
// off, a committed transaction can be lost in a crash: COMMIT waits for the disk all the same.
const INSIDE = `select pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text as transaction,
  case pg_catalog.current_setting('synchronous_commit') when 'off'
    then pg_catalog.set_config('synchronous_commit', 'local', true) end`;

const STATUS = `select pg_catalog.pg_xact_status($1::pg_catalog.text::pg_catalog.xid8) as status,
  pg_catalog.pg_backend_pid() as backend`;

/** SQLSTATE `in_failed_sql_transaction`: a statement has failed, and somebody swallowed the error. */
const TRANSACTION_FAILED = "25P02";

/**
 * Migrates a database in one transaction. What goes wrong before COMMIT is a failure. The proof is
 * bound to the transaction that was begun: the session is still in it before COMMIT, and afterwards
 * the database says that it is committed. If `migrate` has ended it, by a COMMIT or ROLLBACK of its
 * own, what came after that is rolled back where it can be, and the order is never APPLIED.
 *
 * If the database cannot be asked, nobody can tell, and the evidence is the transaction's number:
 * from any other session `select pg_xact_status('<number>')` says later whether it is committed.
 *
 * @param session Its own: nothing else uses it at the same time
 * @param migrate What to do. It neither commits nor rolls back, and nothing of it goes on when it
 * has returned. Of an error that it throws, the message, the code, the names of what is concerned,
 * `cause` and `errors` are recorded; what a driver adds (details, statements, values) is not
 */
export function migration<Order extends ExecutionRequest>(
  session: Session,
  migrate: (session: Session, order: Order) => PromiseLike<unknown>,
  { stop }: MigrationOptions = {},
): Action<Order> {
  return async (order, { signal, unproven }) => {
    stop?.throwIfAborted();
    let phase = "beginning";
    let begun = {} as { transaction: string; backend: number };
    const giveUp = () => unproven({ ...begun, phase, gaveUp: reasonOf(signal) });
    const goOn = () => {
      signal?.throwIfAborted(); // Nobody hears of it any more: it is not committed.
      stop?.throwIfAborted();
    };
    signal?.addEventListener("abort", giveUp);
    try {
      await session.query("begin");
      ({ rows: [begun] } = await session.query(BEGUN));
      goOn();
      phase = "migrating";
      await migrate(session, order);
      const inside = await answer(session, INSIDE);
      const hasFailed = inside.error?.code === TRANSACTION_FAILED; // COMMIT is answered by ROLLBACK.
      if (inside.error && !hasFailed) throw inside.error;
      const hasLeft = !hasFailed && inside.row?.transaction !== begun.transaction;
      goOn();

      if (hasLeft) {
        await answer(session, "rollback"); // Of what it may have begun instead.
        const { status } = await ask(session, begun.transaction);
        const why = "migrate ended the transaction that was begun for it";
        if (status === "aborted") throw new Error(`${why}: it is rolled back`);
        return unproven({ ...begun, phase, why, status });
      }

      phase = "committing";
      const { command, error } = await answer(session, "commit");
      const commit = error?.message ?? command;
      const { status, backend } = await ask(session, begun.transaction);
      // After an error a driver may have opened another session, and maybe of another server.
      const isKnown = error === undefined || backend === begun.backend;
      if (isKnown && status === "committed" && !hasFailed) {
        return { ...begun, ...error && { commit } };
      }
      if (!isKnown || status !== "aborted") return unproven({ ...begun, phase, commit, status });
      throw new Error(`COMMIT was answered by ${commit}`, error && { cause: error });
    } catch (thrown) {
      await answer(session, "rollback"); // Where it is not heard, the server does it by itself.
      const { status } = await ask(session, begun.transaction);
      const isKept = status === "committed" || status === "in progress"; // Prepared, that is.
      throw Object.assign(errorOf(thrown), begun, isKept && { status });
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** What the database says in its first row, be it an error. */
interface Answer {
  readonly row?: { transaction?: string; status?: string; backend?: number } | undefined;
  readonly command?: string | undefined;
  readonly error?: Error & { code?: string };
}

/** Asks; a session that throws, or answers by nothing, has said no more than one that rejects. */
async function answer(session: Session, text: string, values?: unknown[]): Promise<Answer> {
  try {
    const result = await session.query(text, values);
    return { row: result?.rows?.[0], command: result?.command };
  } catch (error) {
    return { error: error as Error };
  }
}

/** What the database says of a transaction, and the process that says it. */
async function ask(session: Session, transaction?: string) {
  if (transaction === undefined) return {}; // None was begun.
  const { row } = await answer(session, STATUS, [transaction]);
  return { status: row?.status ?? "unknown", backend: row?.backend };
}

/**
 * What is recorded of a database's error: what is wrong, and the names of what is concerned. Its
 * `detail`, `hint`, `where` and `internalQuery` hold values and statements.
 */
const RECORDED = ["code", "position", "schema", "table", "column", "dataType", "constraint"];

/** An error that tells what was thrown, whatever it is. */
function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return chosen(thrown, new Set());
  if (typeof thrown === "string") return new Error(thrown);
  return new Error("migrate threw a value that is not an error", { cause: thrown });
}

/** Of an error, of its causes and of those that it bundles, the fields that are recorded. */
function chosen(error: Error, seen: Set<Error>): Error {
  seen.add(error);
  const tell = (value: unknown) => {
    if (!(value instanceof Error)) return value;
    return seen.has(value) || seen.size === 50 ? undefined : chosen(value, seen);
  };
  const { message, errors } = error as AggregateError;
  const fields = RECORDED.map((
    name,
  ) => [name, (error as unknown as Record<string, unknown>)[name]]);
  return Object.assign(
    new Error(message, "cause" in error ? { cause: tell(error.cause) } : {}),
    Object.fromEntries(fields.filter(([, value]) => typeof value === "string")),
    Array.isArray(errors) && { errors: errors.map(tell) },
  );
}
