/**
 * The ledger in PostgreSQL by another client: postgres.js. It wants one session of its own, which
 * `reserve()` takes out of its pool.
 */
import { type Connection, PostgresLedger } from "deployer-runner/ledgers/postgres";
import postgres from "postgres";

/** Opens the ledger. Its `close()` leaves the client to whoever made it. */
export async function openLedger(url: string): Promise<PostgresLedger> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const session = await sql.reserve();
  const connection: Connection = {
    query: async (text, values = []) => ({ rows: await session.unsafe(text, values as string[]) }),
  };
  return await PostgresLedger.open(connection);
}
