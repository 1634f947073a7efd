/** Opens PostgreSQL as a ledger, here and in the Runners of the ledger suite. */
import { once } from "node:events";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import pg from "pg";

const clients: pg.Client[] = [];

/** A session of its own, which lives until `closeSessions()`. */
export async function openSession(
  connectionString: string,
): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  client.on("error", () => {}); // A ledger needs none; what a test asks by itself does.
  clients.push(client);
  return client;
}

export async function openLedger(url: string): Promise<PostgresLedger> {
  return await PostgresLedger.open(await openSession(url));
}

/** Ends every session that is still open. */
export async function closeSessions(): Promise<void> {
  for (const client of clients.splice(0)) {
    const ended = once(client, "end");
    client.end().catch(() => {});
    if (!(client as unknown as { _ended: boolean })._ended) await ended;
  }
}
