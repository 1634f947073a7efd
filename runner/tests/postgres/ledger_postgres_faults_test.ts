/**
 * PostgreSQL whose disk is full, which may not be written, or whose flush fails: one clear error an
 * order, nothing executed twice, and all is well once the fault is gone. It needs `strace`, and root
 * for a small file system.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Ledger, LedgerDown, OrderAlreadyConsumed } from "deployer-runner";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { execute } from "deployer-runtime";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Database, startDatabase } from "../../../tests/support/database.ts";
import { closeSessions, openLedger, openSession } from "./open_postgres.ts";

let database: Database;
before(async () => void (database = await startDatabase()));
afterEach(closeSessions);
after(() => database.stop());

/** The URL of a new database that holds the ledger's tables, and no order. */
async function fresh(): Promise<string> {
  const name = `faults_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(database.url);
  await (await openSession(database.url)).query(`create database ${name}`);
  url.pathname = name;
  await PostgresLedger.install(url.href);
  return url.href;
}

/** A Runner that counts how often it executes an order. */
class Runner {
  readonly calls = new Map<string, number>();
  readonly errors = new Map<string, Error>();

  async run(ledger: Ledger, orderId: string): Promise<void> {
    const order = { orderId, action: { name: "n", input: randomUUID().repeat(20) } };
    const context = { executionId: randomUUID(), runner: "r" };
    const action = () => this.calls.set(orderId, (this.calls.get(orderId) ?? 0) + 1);
    try {
      await ledger.store(await execute(order, context, () => action().size, ledger));
    } catch (error) {
      this.errors.set(orderId, error as Error);
    }
  }

  /** Each order was executed once at most, and never where nobody was told that it is consumed. */
  async judge(ledger: Ledger, error: RegExp): Promise<void> {
    for (const [orderId, { name, message }] of this.errors) {
      assertEquals(name, "LedgerDown");
      assert(error.test(message) && message.includes(`order "${orderId}"`), message);
      const executed = this.calls.has(orderId);
      assertEquals(executed, !message.startsWith("cannot consume"), message);
      if (executed) assert(await ledger.get(orderId), `${orderId} was executed, and is not there`);
    }
    assert([...this.calls.values()].every((calls) => calls === 1));
  }
}

const orderIds = Array.from({ length: 200 }, (_, i) => `order-${i}`);

test("PostgreSQL: a disk that fills up refuses what does not fit, by name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postgres-full-"));
  const uid = execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }).trim();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=128k,mode=700,uid=${uid}`, "none", folder]);
  try {
    const url = await fresh();
    const session = await openSession(url);
    const space = `faults_${randomUUID().replaceAll("-", "")}`;
    await session.query(`create tablespace ${space} location '${folder}'`);
    await session.query(`alter table deployer.orders set tablespace ${space}`);

    const runner = new Runner();
    const ledger = await openLedger(url);
    for (const orderId of orderIds) await runner.run(ledger, orderId);
    assert(runner.errors.size > 0, "the fault was met");
    assert(runner.errors.size < orderIds.length, "some orders did fit");
    await runner.judge(ledger, /^cannot (consume|store the result of) order .*No space left/);

    execFileSync("mount", ["-o", "remount,size=16m", folder]);
    const again = new Runner();
    for (const orderId of orderIds) await again.run(ledger, orderId);
    for (const [orderId, error] of again.errors) {
      assert(error instanceof OrderAlreadyConsumed, error.message);
      assert(runner.calls.has(orderId), `${orderId} is consumed, and was never executed`);
    }
    assertEquals(runner.calls.size + again.calls.size, orderIds.length);

    // What could not be stored is open until its Runner is gone, and then lost to none.
    await ledger.close();
    await closeSessions();
    const own = await openLedger(url);
    const closed = (await own.recover()).map(({ orderId }) => orderId).sort();
    const unstored = [...runner.errors.keys()].filter((orderId) => runner.calls.has(orderId));
    assertEquals(closed, unstored.sort());
    await own.close();
    await closeSessions();
    const admin = await openSession(database.url);
    await admin.query(`drop database ${new URL(url).pathname.slice(1)}`);
    await admin.query(`drop tablespace ${space}`);
  } finally {
    execFileSync("umount", ["--lazy", folder]);
    rmSync(folder, { recursive: true });
  }
});

test("PostgreSQL: a database that may not be written says so, and is read all the same", async () => {
  const url = await fresh();
  const session = await openSession(url);
  const runner = new Runner();
  const ledger = await PostgresLedger.open(session);
  await runner.run(ledger, "order-1");
  await session.query("set default_transaction_read_only = on");
  await runner.run(ledger, "order-2");
  assertEquals([...runner.errors.keys()], ["order-2"]);
  await runner.judge(ledger, /^cannot consume order .*read-only transaction/);
  assertEquals((await ledger.get("order-1"))?.status, "APPLIED");
  assertEquals(await ledger.lost(), []);

  const name = new URL(url).pathname.slice(1);
  await (await openSession(url)).query(
    `alter database ${name} set default_transaction_read_only = on`,
  );
  const error = await assertRejects(() => openLedger(url), LedgerDown);
  assert(/^cannot open the ledger: .*read-only transaction/.test(error.message), error.message);
});

test("PostgreSQL: a flush that fails ends the server, and is told; nothing is executed twice", async () => {
  const url = await fresh();
  const session = await openSession(url);
  const ledger = await PostgresLedger.open(session);
  const runner = new Runner();
  await runner.run(ledger, "order-0");
  const { rows: [{ pid }] } = await session.query("select pg_backend_pid() as pid");
  const strace = spawn("strace", [
    ...["-qq", "-o", "/dev/null", "-p", `${pid}`, "-e", "trace=fsync,fdatasync"],
    ...["-e", "inject=fsync,fdatasync:error=EIO:when=4+"],
  ]);
  await sleep(500); // strace says nothing once it is attached.
  for (const orderId of orderIds.slice(1, 9)) await runner.run(ledger, orderId);
  strace.kill();
  assert(runner.errors.size > 0, "the fault was met");

  const own = await reopened(url);
  await runner.judge(own, /^cannot (consume|store the result of) order /);
  await own.recover();
  assertEquals(await own.lost(), []);
  for (const orderId of orderIds.slice(0, 9)) await runner.run(own, orderId);
  assert([...runner.calls.values()].every((calls) => calls === 1));
  await assertRejects(() => ledger.lost(), LedgerDown);
  await own.close();
});

/** The ledger, once the server has come back. */
async function reopened(url: string): Promise<PostgresLedger> {
  for (const end = Date.now() + 60_000;;) {
    try {
      return await openLedger(url);
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(100);
    }
  }
}
