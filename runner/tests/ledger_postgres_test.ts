/** What `PostgresLedger` says where a server has not got its tables; the server is made up. */
import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { LedgerDown } from "../ledgers/errors.ts";
import { PostgresLedger } from "../ledgers/postgres.ts";

test("a PostgreSQL ledger without tables says what makes them, and any other fault is as it was", async () => {
  const missing = [["42P01", 'relation "deployer.sessions" does not exist'], [
    "3F000",
    "no schema",
  ]];
  for (const [code, message] of [...missing, ["57P03", "the server is starting up"]]) {
    const cause = Object.assign(new Error(message), { code });
    const opened = () => PostgresLedger.open({ query: () => Promise.reject(cause) });
    const error = await assertRejects(opened, LedgerDown, `cannot open the ledger: `);
    assertEquals(error.message.includes("PostgresLedger.install()"), code !== "57P03");
    assertEquals([error.message.endsWith(message!), error.cause], [true, cause]);
  }
});
