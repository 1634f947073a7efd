/** `deployer` with a ledger in PostgreSQL: it needs nothing but the address of a database. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../../../../tests/support/std_assert.ts";
import { until } from "../../../../tests/support/until.ts";
import { type Database, openDatabase } from "../database.ts";

const bin = fileURLToPath(new URL("cli/main.js", import.meta.resolve("deployer-runner")));
const cwd = mkdtempSync(join(tmpdir(), "cli-postgres-"));
let database: Database;
before(async () => void (database = await openDatabase()));
after(async () => {
  await database.stop();
  rmSync(cwd, { recursive: true });
});

function start(...args: string[]): ChildProcess {
  const env = { ...process.env, DEPLOYER_LEDGER: database.url };
  return spawn(process.execPath, [bin, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
}

async function call(...args: string[]) {
  const child = start(...args);
  const [[code], stdout, stderr] = await Promise.all([
    once(child, "close"),
    text(child.stdout!),
    text(child.stderr!),
  ]);
  return { code, stdout, stderr };
}

test("tables are made at the first order; it is executed once, listed, and recovered", async () => {
  const first = await call("exec", "--order", "x", "--", "true");
  assertEquals(first.code, 0, first.stderr);
  assertEquals((await call("exec", "--order", "x", "--", "true")).code, 73);
  assertEquals(JSON.parse((await call("list")).stdout).status, "APPLIED");

  const running = start("exec", "--order", "y", "--", "sh", "-c", ": > started; sleep 1");
  await until(() => existsSync(join(cwd, "started")));
  assertEquals((await call("recover")).stdout, "");
  running.kill("SIGKILL");
  await once(running, "exit");
  let closed = "";
  await until(async () => (closed += (await call("recover")).stdout) !== "");
  assertEquals(JSON.parse(closed).orderId, "y");
  assertEquals((await call("show", "y")).code, 30);
});

test("a server that is not there is 74, and its password is told to nobody", async () => {
  const url = "postgres://me:secret@127.0.0.1:1/orders";
  const { code, stdout, stderr } = await call("exec", "--ledger", url, "--", "true");
  assertEquals([code, stdout], [74, ""]);
  assertStringIncludes(stderr, "ECONNREFUSED");
  assert(!stderr.includes("secret"));
});
