/** What every ledger must do, whatever holds it: one suite for all of them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { LedgerDown, OrderAlreadyConsumed } from "../../docs/examples/ledgers/errors.ts";
import type { Ledger } from "../../docs/examples/ledgers/ledger.ts";
import { execute, type ExecutionRequest, type ExecutionResult, type Fact } from "../../mod.ts";
import { claim } from "./ledger_claim.ts";
import { validator } from "./schemas.ts";
import { runtimeCommand } from "./snippets.ts";
// By its path: the fleet, a project of its own, runs this suite too.
import { assert, assertEquals, assertRejects } from "./std_assert.ts";
import { until } from "./until.ts";

/** What the suite needs of a ledger beside the ledger. */
export interface Held {
  /** The module that exports `openLedger(location)`. */
  opener: string;
  openLedger(location: string): Promise<Ledger>;
  /** A ledger that nothing can be written to. */
  openDown(): Promise<Ledger>;
  /** A place that holds no order yet. */
  fresh(): Promise<string>;
  /** All that is held of an order. */
  read(location: string, orderId: string): Promise<Entry | undefined>;
}

/** What a ledger holds of an order. */
export interface Entry {
  fact: Fact;
  request: ExecutionRequest;
  result?: ExecutionResult | undefined;
  recovered?: Fact | undefined;
}

const isFact = validator("fact");

/** Holds one kind of ledger to what every ledger must do. */
export function testLedger(name: string, held: Held): void {
  const { fresh, openLedger, read } = held;

  test(`${name}: the first claim of an order wins, and the second is refused by name`, async () => {
    const location = await fresh();
    const [first, second] = [await openLedger(location), await openLedger(location)];
    await first.consume(...claim("x"));
    for (const ledger of [first, second]) {
      const refused = await assertRejects(
        () => ledger.consume(...claim("x", "of another")),
        OrderAlreadyConsumed,
        `order "x" is already consumed`,
      );
      assertEquals(refused.orderId, "x");
    }
    const [fact, request] = claim("x");
    assertEquals(await read(location, "x"), { fact, request });
    await second.consume(...claim("y"));
  });

  test(`${name}: that it is down is told apart from a refusal, and says of which order`, async () => {
    const ledger = await held.openDown();
    const { cause } = await assertRejects(
      () => ledger.consume(...claim("x")),
      LedgerDown,
      `cannot consume order "x": `,
    );
    assert(cause instanceof Error);
    const result = await resultOf("x");
    await assertRejects(() => ledger.store(result), LedgerDown, `result of order "x": `);
    await assertRejects(() => ledger.lost(), LedgerDown);
    await assertRejects(() => ledger.recover(), LedgerDown);
  });

  test(`${name}: it is the ports of execute(), and keeps what was observed`, async () => {
    const location = await fresh();
    const ledger = await openLedger(location);
    const identities = ["../../x", "a/b", "é🚀", "'; drop table orders; --", "x".repeat(256)];
    for (const orderId of identities) {
      const result = await resultOf(orderId, ledger);
      await ledger.store(result);
      await ledger.store(result);
      const entry = await read(location, orderId);
      assertEquals(entry?.fact, result.facts[0]);
      assertEquals(entry?.result, result);
    }
  });

  test(`${name}: a result is taken of the execution that consumed the order, of no other`, async () => {
    const location = await fresh();
    const ledger = await openLedger(location);
    await assertRejects(async () => ledger.store(await resultOf("x")), LedgerDown, `order "x"`);
    await ledger.consume(...claim("x"));
    const other = { ...await resultOf("x"), executionId: "another" };
    await assertRejects(() => ledger.store(other), LedgerDown, `order "x"`);
    assertEquals((await read(location, "x"))?.result, undefined);
  });

  test(`${name}: claims of the same orders from many processes have one winner each`, {
    timeout: 30_000,
  }, async () => {
    const location = await fresh();
    const runners = await Promise.all([1, 2, 3].map(() => startRunner(held, location)));
    const orderIds = Array.from({ length: 20 }, (_, i) => `order-${i}`);
    for (const { tell } of runners) tell(`claim ${orderIds.join(" ")}`);
    const ends = await Promise.all(runners.map(({ hear }) => hear(orderIds.length)));
    for (const orderId of orderIds) {
      const said = ends.flat().filter((line) => line.endsWith(` ${orderId}`)).sort();
      assertEquals(
        said,
        ["OrderAlreadyConsumed", "OrderAlreadyConsumed", "won"].map((end) => `${end} ${orderId}`),
      );
    }
    await Promise.all(runners.map(({ kill }) => kill()));
  });

  test(`${name}: an order without a result is lost when its Runner is gone, and not before`, {
    timeout: 30_000,
  }, async () => {
    const location = await fresh();
    const [own, runner] = [await openLedger(location), await startRunner(held, location)];
    const others = await Promise.all([openLedger(location), openLedger(location)]);
    runner.tell("execute done");
    runner.tell("claim running");
    assertEquals(await runner.hear(3), ["consumed done", "stored done", "won running"]);
    await own.consume(...claim("mine"));
    assertEquals([await own.lost(), await own.recover()], [[], []]);

    await runner.kill();
    const [consumed] = claim("running");
    await until(async () => (await own.lost()).length > 0);
    assertEquals(await own.lost(), [consumed]);

    const closed = (await Promise.all([own, ...others].map((ledger) => ledger.recover()))).flat();
    assertEquals(closed.length, 1);
    const [fact] = closed as [Fact];
    assert(isFact(fact), JSON.stringify(isFact.errors));
    assert(Math.abs(Date.parse(fact.at) - Date.now()) < 60_000);
    assertEquals(fact, { ...consumed, type: "PROOF_ABSENT", at: fact.at });

    assertEquals([await own.lost(), await own.recover()], [[], []]);
    const entry = await read(location, "running");
    assertEquals([entry?.result, entry?.recovered], [undefined, fact]);
    assertEquals((await read(location, "done"))?.recovered, undefined);
    await assertRejects(() => own.consume(...claim("running")), OrderAlreadyConsumed);
  });

  test(`${name}: it survives a kill at any point`, { timeout: 60_000 }, async () => {
    const location = await fresh();
    const own = await openLedger(location);
    for (const delay of [5, 21, 40]) {
      const runner = await startRunner(held, location);
      const orderIds = Array.from({ length: 5000 }, (_, i) => `order-${delay}-${i}`);
      runner.tell(`execute ${orderIds.join(" ")}`);
      await runner.hear(10);
      await new Promise((resolve) => setTimeout(resolve, delay));
      const said = await runner.kill();
      const last = orderIds.findIndex((orderId) => !said.includes(`stored ${orderId}`));
      assert(last > 0 && last < orderIds.length - 2, "killed in the middle");

      // What it said is true, and nothing lies beyond the order that it was at.
      const entries = await Promise.all(
        orderIds.slice(0, last + 2).map((orderId) => read(location, orderId)),
      );
      for (const entry of entries.slice(0, last)) assertEquals(entry?.result?.status, "APPLIED");
      const [at, beyond] = entries.slice(last);
      assertEquals(beyond, undefined);
      if (said.includes(`consumed ${orderIds[last]}`)) assert(at !== undefined);

      const open = at !== undefined && at.result === undefined;
      if (open) await until(async () => (await own.lost()).length > 0);
      const closed = await own.recover();
      assertEquals(closed.map(({ orderId }) => orderId), open ? [orderIds[last] as string] : []);
    }
  });
}

/** A result as `execute()` gives it. */
async function resultOf(orderId: string, ledger?: Ledger): Promise<ExecutionResult> {
  const input = { text: "é\u2028", nothing: null };
  const context = { executionId: `execution of ${orderId}`, runner: "r" };
  return await execute({ orderId, action: { name: "n", input } }, context, () => input, ledger);
}

const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** A Runner that is another process: what it is told, and what it says. */
interface Runner {
  tell(line: string): void;
  /** Its next lines. */
  hear(count: number): Promise<string[]>;
  /** Ends it by SIGKILL; all that it said. */
  kill(): Promise<string[]>;
}

async function startRunner({ opener }: Held, location: string): Promise<Runner> {
  const script = fileURLToPath(new URL("ledger_child.ts", import.meta.url));
  const [program, ...args] = runtimeCommand(script);
  const child = spawn(program, [...args, opener, location], { stdio: ["pipe", "pipe", "inherit"] });
  running.add(child);
  child.stdin.on("error", () => {}); // It may be gone before it has read all.
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => said.push(line));
  const [ended, closed] = [once(child, "exit"), once(lines, "close")];
  let heard = 0;
  const hear = async (count: number) => {
    const all = heard + count;
    await until(() => said.length >= all || child.exitCode !== null);
    assert(said.length >= all, `it ended: ${said.join(", ")}`);
    heard = all;
    return said.slice(all - count, all);
  };
  assertEquals(await hear(1), ["ready"]);
  return {
    tell: (line) => void child.stdin.write(`${line}\n`),
    hear,
    kill: async () => {
      child.kill("SIGKILL");
      await Promise.all([ended, closed]);
      running.delete(child);
      return said;
    },
  };
}
