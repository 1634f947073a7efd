/** Jobs are taken off the queue, and their orders consumed, in one transaction of the ledger's. */
import { OrderAlreadyConsumed } from "deployer-runner";
import type pg from "pg";
import type { Asked } from "./queue.ts";

/** What an order is told whose claim is not known to be committed: it is not executed. */
export class RolledBack extends Error {}

/**
 * Takes jobs and claims their orders, all by `db`. Nothing is executed before `committed` resolves,
 * and nothing at all if it rejects.
 */
export type Begin = (
  db?: Asked,
  committed?: Promise<void>,
) => Promise<{ jobs: number; claims: Promise<void>[] }>;

/**
 * Commits what was begun, or rejects: then no job was taken, and no order is consumed. If a session
 * ends before it has answered COMMIT, they may be: then recovery closes the orders as UNKNOWN.
 */
export async function inOneTransaction(client: pg.Client, begin: Begin) {
  const { promise: committed, resolve, reject } = Promise.withResolvers<void>();
  committed.catch(() => {}); // Nobody waits for it where nothing was taken.
  try {
    await client.query("begin");
    const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) };
    const begun = await begin(db, committed);
    // All of them: what the ledger wrote later would be outside of the transaction.
    for (const claim of await Promise.allSettled(begun.claims)) {
      const refused = claim.status === "rejected" && claim.reason instanceof OrderAlreadyConsumed;
      if (claim.status === "rejected" && !refused) throw claim.reason;
    }
    const { command } = await client.query("commit");
    // PostgreSQL answers so, and with no error, if something went wrong before.
    if (command !== "COMMIT") throw new Error(`COMMIT was answered by ${command}`);
    resolve();
    return begun;
  } catch (cause) {
    await client.query("rollback").catch(() => {}); // The session has ended, and with it all.
    reject(new RolledBack("the transaction was rolled back", { cause }));
    throw cause;
  }
}
