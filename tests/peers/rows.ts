/** Who is measured, and under which names. */
export interface Entry {
  name: string;
  /** The file in `contenders/`. */
  file: string;
  variant: string;
}

const row = (name: string, file: string, variant = ""): Entry => ({ name, file, variant });

export const ENTRIES: Entry[] = [
  row("ours, folder ledger", "ledgers", "folder"),
  row("ours, SQLite ledger", "ledgers", "sqlite"),
  row("ours, PostgreSQL ledger", "ledgers", "postgres"),
  row("ours, fleet", "fleet"),
  row("script with try/catch and a log", "script"),
  row("pg-boss", "pgboss"),
  row("pg-boss, `retryLimit: 0`", "pgboss", "once"),
  row("graphile-worker", "graphile"),
  row("graphile-worker, `maxAttempts: 1`", "graphile", "once"),
  row("BullMQ", "bullmq"),
  row("BullMQ, `maxStalledCount: 0`", "bullmq", "once"),
  row("DBOS", "dbos"),
  row("Restate", "restate"),
  row("Restate, `maxAttempts: 1`", "restate", "once"),
];
