/** What `PostgresLedger` says of servers that cannot hold a ledger; they are made up. */
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

test("a PostgreSQL server that keeps no promise is refused by name, before anything is asked of it", async () => {
  for (
    const [server, problem] of [
      [{ fsync: "off" }, "the server's fsync is off: a crash of its machine loses claims"],
      [{ standby: true }, "the server is a standby: no order can be consumed there"],
      [
        { unlogged: "deployer.orders" },
        "a crash of the server empties what is unlogged: deployer.orders",
      ],
    ] as const
  ) {
    const asked: string[] = [];
    const query = (text: string) => {
      asked.push(text);
      return Promise.resolve({
        rows: [{ fsync: "on", standby: false, unlogged: null, ...server }],
      });
    };
    await assertRejects(
      () => PostgresLedger.open({ query }),
      LedgerDown,
      `cannot open the ledger: ${problem}`,
    );
    assertEquals(asked.some((text) => text.includes("pg_advisory_lock")), false);
  }
});
