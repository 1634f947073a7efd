/** Opens a ledger on a database object of better-sqlite3, here and in the Runners of the suite. */
import { createRequire } from "node:module";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";

const Database = createRequire(import.meta.url)("better-sqlite3");

export function openLedger(path: string): Promise<SqliteLedger> {
  return SqliteLedger.open(new Database(path));
}

/** A ledger whose database is closed. */
export async function openDown(path: string): Promise<SqliteLedger> {
  const database = new Database(path);
  const ledger = await SqliteLedger.open(database);
  database.close();
  return ledger;
}
