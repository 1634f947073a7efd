/**
 * The ledger in PostgreSQL by another client: postgres.js. It wants one session of its own, which
 * `reserve()` takes out of its pool.
 */
import { type Connection, PostgresLedger } from "deployer-runner/ledgers/postgres";
import postgres from "postgres";

/** Opens the ledger, and says how its client is ended. */
export async function open(
  url: string,
): Promise<{ ledger: PostgresLedger; end: () => Promise<void> }> {
  const sql = postgres(url, { max: 1 });
  const session = await sql.reserve();
  const connection: Connection = {
    query: async (text, values = []) => ({ rows: await session.unsafe(text, values as string[]) }),
  };
  return { ledger: await PostgresLedger.open(connection), end: () => sql.end({ timeout: 0 }) };
}

/** For the suite of all ledgers. */
export async function openLedger(url: string): Promise<PostgresLedger> {
  return (await open(url)).ledger;
}
