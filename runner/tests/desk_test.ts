/** The Desk and the deadline: many orders at the same time, and every way to end them. */
import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deadline } from "../deadline.ts";
import type { Ledger } from "../ledgers/ledger.ts";
import { Desk, IntakeClosed } from "../desk.ts";
import { PostgresLedger } from "../ledgers/postgres.ts";
import { SqliteLedger } from "../ledgers/sqlite.ts";
import { ResultNotStored } from "../once.ts";
import { type Action, execute, type ExecutionResult } from "deployer-runtime";
import { deferred, isPending } from "../../tests/support/orders.ts";
import { Timers } from "./timers.ts";

const hang: Action = () => new Promise<null>(() => {});

test("a Desk that is shut down takes nothing more: nothing is consumed", async () => {
  const ledger = memory();
  const desk = new Desk(ledger);
  assertEquals((await take(desk, "before", () => "done")).status, "APPLIED");
  await desk.close(60_000, 60_000); // At once: nothing is in flight.
  await assertRejects(() => take(desk, "after", () => "done"), IntakeClosed, "shutting down");
  assertEquals([ledger.consumed, [...ledger.stored.keys()]], [["before"], ["before"]]);
});

test("what ends while a Desk drains is not disturbed, and is stored when close() resolves", async () => {
  const ledger = memory();
  const desk = new Desk(ledger);
  const end = deferred<string>();
  const taken = take(desk, "x", () => end.promise);
  const closing = desk.close(60_000, 60_000);
  assert(await isPending(closing));
  end.resolve("done");
  await closing;
  assertEquals([ledger.stored.get("x")?.status, desk.stop.aborted], ["APPLIED", false]);
  assertEquals((await taken).status, "APPLIED");
});

test("what does not end is asked to stop, and its own proof is heard", async () => {
  const ledger = memory();
  const desk = new Desk(ledger);
  const stoppable = (how: (reason: Error) => unknown): Action => () =>
    new Promise((resolve, reject) => {
      desk.stop.addEventListener("abort", () => {
        const said = how(desk.stop.reason);
        if (said instanceof Error) reject(said);
        else setTimeout(resolve, 5, said);
      });
    });
  const all = [
    take(desk, "returns", stoppable(() => "rolled back")),
    take(desk, "throws", stoppable((reason) => reason)),
    take(desk, "hangs", hang),
  ];
  await desk.close(10, 50);
  assertEquals([...ledger.stored.values()].map(outcome).sort(), [
    "hangs UNKNOWN ABORTED",
    "returns APPLIED RETURNED",
    "throws FAILED THREW",
  ]);
  await Promise.all(all);
});

test("a Desk holds hundreds of orders on its two signals without a warning", async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on("warning", warn);
  const ledger = memory();
  const desk = new Desk(ledger);
  const all = Array.from(
    { length: 300 },
    (_, i) =>
      take(desk, `order-${i}`, (_request, { unproven }) => {
        desk.stop.addEventListener("abort", () => void unproven({ asked: i }));
        return new Promise<null>(() => {});
      }),
  );
  const closing = desk.close(5, 60_000);
  assertEquals((await Promise.all(all)).filter(({ status }) => status === "UNKNOWN").length, 300);
  await closing;
  assertEquals(ledger.stored.size, 300);
  await new Promise((resolve) => setTimeout(resolve, 5)); // Warnings come a tick later.
  process.off("warning", warn);
  assertEquals(warnings, []);
});

test("a Desk that is disposed of waits for what runs, and closing it again is harmless", async () => {
  const ledger = memory();
  const desk = new Desk(ledger);
  const end = deferred<string>();
  const taken = take(desk, "x", () => end.promise);
  const disposed = desk[Symbol.asyncDispose]();
  assert(await isPending(disposed));
  await assertRejects(() => take(desk, "y", () => "done"), IntakeClosed);
  end.resolve("done");
  await Promise.all([disposed, desk.close(), desk.close(1, 1)]);
  assertEquals([(await taken).status, desk.stop.aborted], ["APPLIED", false]);
});

test("a Desk that is closed again, with less patience, hurries", async () => {
  const ledger = memory();
  const desk = new Desk(ledger);
  const taken = take(desk, "x", hang);
  const closing = desk.close();
  await desk.close(1, 1);
  await closing;
  assertEquals(outcome(await taken), "x UNKNOWN ABORTED");
});

test("an order that is still being consumed when the Desk gives up is not executed", async () => {
  const ledger = memory();
  const slow = deferred<void>();
  ledger.consume = () => slow.promise;
  const desk = new Desk(ledger);
  let called = false;
  const taken = take(desk, "x", () => called = true);
  // Set after the timer of the last millisecond, to run after it.
  desk.stop.addEventListener("abort", () => queueMicrotask(() => setTimeout(slow.resolve, 20)));
  const closing = desk.close(1, 1);
  await assertRejects(() => taken, Error, "the Runner shut down");
  await closing;
  assertEquals([called, ledger.stored.size], [false, 0]);
});

test("an order that is at the ledger when a Desk asks to stop is consumed, and not begun", async () => {
  const ledger = memory();
  const slow = deferred<void>();
  const consuming = deferred<void>();
  const { consume } = ledger;
  ledger.consume = async (...claim) => {
    consuming.resolve();
    await slow.promise;
    await consume(...claim);
  };
  const desk = new Desk(ledger);
  let called = false;
  const taken = take(desk, "x", () => called = true);
  await consuming.promise;
  desk.stop.addEventListener("abort", () => slow.resolve());
  await desk.close(0, 60_000);
  assertEquals([called, ledger.consumed, outcome(await taken)], [false, ["x"], "x FAILED THREW"]);
  const { rawError } = ledger.stored.get("x")?.trace as { rawError: { message: string } };
  assertEquals(rawError.message, "the Runner is shutting down: nothing was begun");
});

test("what is no action is refused by a Desk too, and nothing is consumed", async () => {
  const ledger = memory();
  await assertRejects(() => take(new Desk(ledger), "x", "reboot" as unknown as Action), TypeError);
  assertEquals(ledger.consumed, []);
});

test("a time that no timer holds is refused by its name, before anything is done", async () => {
  const ledger = memory();
  const desk = new Desk(ledger);
  const texts = ["5", ""] as unknown[] as number[];
  for (const ms of [NaN, -1, 2 ** 31, -Infinity, ...texts]) {
    const said = typeof ms === "number" ? ms : JSON.stringify(ms);
    const received = `must be 0 to 2147483647 ms, or Infinity: received ${said}`;
    await assertRejects(() => desk.close(ms, 1), RangeError, `drain ${received}`);
    await assertRejects(() => desk.close(1, ms), RangeError, `grace ${received}`);
    const timers = new Timers();
    assertThrows(() => timers.in(() => deadline(ms, 1)), RangeError, `ms ${received}`);
    assertThrows(() => timers.in(() => deadline(1, ms)), RangeError, `grace ${received}`);
    for (const { open } of [PostgresLedger, SqliteLedger]) {
      const opened = () => open("nowhere/ledger", { patience: ms });
      await assertRejects(opened, RangeError, `patience ${received}`);
    }
    assertEquals([timers.set, desk.stop.aborted], [[], false]);
  }
  assertEquals((await take(desk, "x", () => "done")).status, "APPLIED");
});

test("after Infinity nothing is asked to stop, and nothing is given up", async () => {
  const desk = new Desk(memory());
  const timers = new Timers();
  const end = deferred<string>();
  const taken = take(desk, "x", () => end.promise);
  const closing = timers.in(() => desk.close(Infinity, Infinity));
  assertEquals(timers.set, []);
  end.resolve("done");
  await closing;
  assertEquals([(await taken).status, desk.stop.aborted], ["APPLIED", false]);

  timers.in(() => deadline(Infinity, 60));
  assertEquals(timers.set, []);
  const { stop } = timers.in(() => deadline(20, Infinity));
  timers.fire();
  assertEquals([stop.aborted, timers.set], [true, []]);
});

test("a result that cannot be stored is not lost, and holds up no other", async () => {
  const ledger = memory();
  const { store } = ledger;
  ledger.store = (result) =>
    result.orderId === "x" ? Promise.reject(new Error("disk full")) : store(result);
  const desk = new Desk(ledger);
  const taken = [take(desk, "x", () => "done"), take(desk, "y", () => "done")];
  taken[0]?.catch(() => {});
  await desk.close(60_000, 60_000);
  const error = await assertRejects(
    () => taken[0] as Promise<unknown>,
    ResultNotStored,
    `order "x"`,
  );
  assertEquals([error.result.status, (error.cause as Error).message], ["APPLIED", "disk full"]);
  assertEquals([...ledger.stored.keys()], ["y"]);
});

test("a deadline asks the action to stop, and gives up on it later", async () => {
  const timers = new Timers();
  const { stop, giveUp } = timers.in(() => deadline(20, 60));
  const order = { orderId: "x", action: { name: "n" } };
  const ports = { signal: giveUp };
  const executed = execute(order, { executionId: "e", runner: "r" }, hang, ports);
  assertEquals([timers.set, stop.aborted], [[20], false]);
  timers.fire();
  assertEquals([timers.set, stop.reason.message], [
    [60],
    "the action was not done within 20 ms",
  ]);
  assert(await isPending(executed));
  timers.fire();
  assertEquals([timers.set, outcome(await executed), giveUp.reason.message], [
    [],
    "x UNKNOWN ABORTED",
    "the action did not stop within 60 ms of being asked to",
  ]);
});

test("a Desk gives up on one order by that order's own deadline, and goes on", async () => {
  const ledger = memory();
  const timers = new Timers();
  const desk = new Desk(ledger);
  const { giveUp } = timers.in(() => deadline(20, 60));
  const late = take(desk, "late", hang, giveUp);
  timers.fire();
  assert(await isPending(late));
  timers.fire();
  assertEquals(outcome(await late), "late UNKNOWN ABORTED");
  assertEquals(outcome(await take(desk, "next", () => "done")), "next APPLIED RETURNED");
  assertEquals([...ledger.stored.keys()], ["late", "next"]);
});

test("a Desk that shuts down gives up on an order whose own deadline is not over, too", async () => {
  const ledger = memory();
  const own = new AbortController();
  const desk = new Desk(ledger);
  const taken = take(desk, "x", hang, own.signal);
  await desk.close(1, 1);
  assertEquals(outcome(await taken), "x UNKNOWN ABORTED");
});

test("a deadline that is cleared leaves no timer, before and after it asked", () => {
  const timers = new Timers();
  const first = timers.in(() => deadline(20, 60));
  timers.in(first.clear);
  assertEquals([timers.set, first.stop.aborted], [[], false]);

  const second = timers.in(() => deadline(20, 60));
  second.stop.addEventListener("abort", second.clear);
  timers.fire();
  assertEquals([timers.set, second.stop.aborted, second.giveUp.aborted], [[], true, false]);
});

/** A ledger that forgets. */
function memory(): {
  consumed: string[];
  stored: Map<string, ExecutionResult>;
  consume: Ledger["consume"];
  store: Ledger["store"];
} {
  const consumed = [] as string[];
  const stored = new Map<string, ExecutionResult>();
  return {
    consumed,
    stored,
    consume: ({ orderId }) => Promise.resolve(void consumed.push(orderId)),
    store: (result) => Promise.resolve(void stored.set(result.orderId, result)),
  };
}

function take(
  desk: Desk,
  orderId: string,
  action: Action,
  signal?: AbortSignal,
): Promise<ExecutionResult> {
  const order = { orderId, action: { name: "n" } };
  return desk.take(order, { executionId: "e", runner: "r" }, action, { signal });
}

function outcome({ orderId, status, trace }: ExecutionResult): string {
  return `${orderId} ${status} ${trace.settlement}`;
}
