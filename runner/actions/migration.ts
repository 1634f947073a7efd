import type { Action, ExecutionRequest } from "deployer-runtime";

/** One session of PostgreSQL, in no transaction: a `Client` of `pg` is one, a pool is none. */
export interface Session {
  // deno-lint-ignore no-explicit-any -- What a row holds is what was asked for.
  query(text: string, values?: unknown[]): PromiseLike<{ rows: any[]; command?: string }>;
}

/**
 * Migrates a database in one transaction. What goes wrong before COMMIT is a failure. Where COMMIT
 * is not answered by COMMIT, the database is asked what became of the transaction. If it cannot be
 * asked, nobody can tell, and the evidence is the transaction's number: from any other session
 * `select pg_xact_status('<number>')` says later whether it is committed.
 *
 * @param session Its own: nothing else uses it at the same time
 * @param migrate What to do. It neither commits nor rolls back
 */
export function migration<Order extends ExecutionRequest>(
  session: Session,
  migrate: (session: Session, order: Order) => PromiseLike<unknown>,
): Action<Order> {
  return async (order, { signal, unproven }) => {
    let [phase, begun] = ["beginning", {} as { transaction: string; backend: number }];
    const giveUp = () => unproven({ ...begun, phase });
    signal?.addEventListener("abort", giveUp);
    try {
      await session.query("begin");
      ({ rows: [begun] } = await session.query(
        "select pg_current_xact_id()::text as transaction, pg_backend_pid() as backend",
      ));
      phase = "migrating";
      await migrate(session, order);
      signal?.throwIfAborted(); // Nobody hears of it any more: it is not committed.

      phase = "committing";
      const { command, message } = await answer(session.query("commit"));
      if (command === "COMMIT") return begun;
      // After an error that was swallowed, COMMIT is answered by ROLLBACK, and is no error.
      const commit = command ?? message;
      const asked = await answer(
        session.query("select pg_xact_status($1::text::xid8) as status", [begun.transaction]),
      );
      const status = asked.rows?.[0]?.status ?? "unknown";
      if (status === "committed") return { ...begun, commit };
      if (status !== "aborted") return unproven({ ...begun, phase, commit, status });
      throw new Error(`COMMIT was answered by ${commit}`);
    } catch (error) {
      await answer(session.query("rollback")); // Where it is not heard, the server does it by itself.
      const { message, code, position } = error as Error & { code?: string; position?: string };
      throw Object.assign(new Error(message), begun, code && { code }, position && { position });
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** What the database says, be it an error. */
function answer(query: ReturnType<Session["query"]>) {
  type Answer = { rows?: { status: string }[]; command?: string; message?: string };
  return new Promise<Answer>((answered) => query.then(answered, answered));
}
