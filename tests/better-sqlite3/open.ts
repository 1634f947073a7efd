/** Opens a ledger on a database object of better-sqlite3, here and in the Runners of the suite. */
import { createRequire } from "node:module";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";
import type { Opened } from "../../runner/tests/sqlite_places.ts";

const Database = createRequire(import.meta.url)("better-sqlite3");

export function openDatabase(path: string): Opened {
  return new Database(path);
}

export function openLedger(path: string): Promise<SqliteLedger> {
  return SqliteLedger.open(openDatabase(path));
}

/** A ledger whose database is closed. */
export async function openDown(path: string): Promise<SqliteLedger> {
  const database = openDatabase(path);
  const ledger = await SqliteLedger.open(database);
  database.close();
  return ledger;
}
