/** Opens PostgreSQL as a ledger, here and in the Runners of the ledger suite. */
import { once } from "node:events";
import pg from "pg";
import type { Ledger } from "../../ledgers/ledger.ts";
import { PostgresLedger } from "../../ledgers/postgres.ts";

const clients: pg.Client[] = [];

/** A session of its own, which lives until `closeSessions()`. */
export async function openSession(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => {}); // What it means, the next query says.
  await client.connect();
  clients.push(client);
  return client;
}

export async function openLedger(url: string): Promise<Ledger> {
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
