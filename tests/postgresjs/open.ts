/**
 * The ledger in PostgreSQL by another client: postgres.js. It wants one session of its own, which
 * `reserve()` takes out of its pool.
 */
import {
  type Connection,
  PostgresLedger,
  type PostgresOptions,
} from "deployer-runner/ledgers/postgres";
import postgres from "postgres";

/** Opens the ledger. Its client lives as long as the process. */
export async function openLedger(
  url: string,
  options?: PostgresOptions,
): Promise<PostgresLedger> {
  const session = await postgres(url, { max: 1 }).reserve();
  const connection: Connection = {
    query: async (text, values = []) => ({ rows: await session.unsafe(text, values as string[]) }),
  };
  return await PostgresLedger.open(connection, options);
}
