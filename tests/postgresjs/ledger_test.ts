/** PostgreSQL by postgres.js is held to the suite of all ledgers. */
import { randomUUID } from "node:crypto";
import { after, before } from "node:test";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { testLedger } from "deployer-runner/testing";
import pg from "pg";
import { closeSessions } from "../../runner/tests/postgres/open_postgres.ts";
import { tableLock, weakOnes } from "../../runner/tests/postgres/places.ts";
import { type Database, startDatabase } from "../support/database.ts";
import { TABLES } from "../../runner/ledgers/postgres_schema.ts";
import { openLedger } from "./open.ts";

let database: Database;
before(async () => void (database = await startDatabase()));
after(async () => {
  await closeSessions();
  await database.stop();
});

/** A database that holds the ledger's tables, and no order. */
async function fresh(): Promise<string> {
  const name = `ledger_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(database.url);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`create database ${name}`).finally(() => client.end());
  url.pathname = name;
  await PostgresLedger.install(url.href);
  return url.href;
}

testLedger("PostgreSQL by postgres.js", {
  opener: new URL("open.ts", import.meta.url).href,
  fresh,
  async openDown() {
    // A connection that breaks once the ledger is open.
    let isUp = true;
    const query = () =>
      isUp
        ? Promise.resolve({ rows: [{ version: TABLES }] })
        : Promise.reject(new Error("the connection is lost"));
    return await PostgresLedger.open({ query }).finally(() => isUp = false);
  },
  weak: () => weakOnes(fresh, openLedger),
  waits: tableLock((url) => openLedger(url, { patience: 200 })),
});
