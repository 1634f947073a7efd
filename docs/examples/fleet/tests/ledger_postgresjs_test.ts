/** PostgreSQL by postgres.js is held to the suite of all ledgers. */
import { randomUUID } from "node:crypto";
import { after, before } from "node:test";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { testLedger } from "deployer-runner/testing";
import pg from "pg";
import { type Database, openDatabase } from "../database.ts";
import { openLedger } from "../postgresjs.ts";

let database: Database;
before(async () => void (database = await openDatabase()));
after(() => database.stop());

testLedger("PostgreSQL by postgres.js", {
  opener: new URL("../postgresjs.ts", import.meta.url).href,
  async fresh() {
    const [name, url] = [`ledger_${randomUUID().replaceAll("-", "")}`, new URL(database.url)];
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`create database ${name}`).finally(() => client.end());
    url.pathname = name;
    await PostgresLedger.install(url.href);
    return url.href;
  },
  async openDown() {
    const ledger = await openLedger(database.url.replace(/\/postgres$/, "/template1"))
      .catch(() => undefined);
    if (ledger) throw new Error("a database without the ledger's tables was opened");
    const broken = { query: () => Promise.reject(new Error("there is no connection")) };
    let opened = false;
    return await PostgresLedger.open({
      query: () => opened ? broken.query() : (opened = true, Promise.resolve({ rows: [] })),
    });
  },
});
