/** `deployer` with a ledger in PostgreSQL: it needs nothing but the address of a database. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Database, startDatabase } from "../../../tests/support/database.ts";
import { until } from "../../../tests/support/until.ts";
import { type End, fresh, start, tidy } from "../cli_shell.ts";

let database: Database;
before(async () => void (database = await startDatabase()));
after(() => database.stop());
after(tidy);

test("tables are made at the first order; it is executed once, listed, and recovered", async () => {
  const folder = fresh();
  const begin = (...args: string[]) => start(folder, args, { DEPLOYER_LEDGER: database.url });
  const call = (...args: string[]): Promise<End> => begin(...args).end;

  const first = await call("exec", "--order", "x", "--", "true");
  assertEquals(first.code, 0, first.stderr);
  assertEquals((await call("exec", "--order", "x", "--", "true")).code, 73);
  assertEquals(JSON.parse((await call("list")).stdout).status, "APPLIED");

  const { child } = begin("exec", "--order", "y", "--", "sh", "-c", ": > started; sleep 1");
  await until(() => existsSync(join(folder, "started")));
  assertEquals((await call("recover")).stdout, "");
  child.kill("SIGKILL");
  await once(child, "exit");
  let closed = "";
  await until(async () => (closed += (await call("recover")).stdout) !== "");
  assertEquals(JSON.parse(closed).orderId, "y");
  assertEquals((await call("show", "y")).code, 30);
});

test("a server that is not there is 74, and its password is told to nobody", async () => {
  const url = "postgres://me:secret@127.0.0.1:1/orders";
  const { code, stdout, stderr } = await start(fresh(), ["exec", "--ledger", url, "--", "true"])
    .end;
  assertEquals([code, stdout], [74, ""]);
  assertStringIncludes(stderr, "ECONNREFUSED");
  assert(!stderr.includes("secret"));
});
