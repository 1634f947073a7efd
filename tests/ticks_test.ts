import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Action, execute, type ExecutionResult } from "../mod.ts";

// Each tick is latency for everyone who waits: a change here is a decision, not an accident.
// Consume, action and observation are awaited once each, a rejection is caught, and the caller
// awaits the result.

const request = { orderId: "order-1", action: { name: "release.switch" } };
const context = { executionId: "execution-1", runner: "alice" };

/** Microtasks one after another until a caller that waits for the promise resumes, its own included. */
async function ticksUntil(settled: Promise<unknown>): Promise<number> {
  let done = false;
  settled.then(() => done = true);
  let ticks = 0;
  while (!done) {
    await undefined;
    ticks++;
  }
  return ticks;
}

/** Ticks from `settle`, called while the action is at work, to the result. */
async function ticksAfter(
  action: Action,
  settle: () => void,
  signal?: AbortSignal,
): Promise<[number, ExecutionResult["status"]]> {
  const result = execute(request, context, action, { signal });
  await new Promise((resolve) => setTimeout(resolve));
  settle();
  const ticks = await ticksUntil(result);
  return [ticks, (await result).status];
}

test("A caller resumes four microtasks after execute() was called with an action that returns at once", async () => {
  assertEquals(await ticksUntil(execute(request, context, () => 1)), 4);
});

test("A caller resumes three microtasks after the action's promise is fulfilled", async () => {
  const { promise, resolve } = withResolvers();
  assertEquals(await ticksAfter(() => promise, () => resolve(1)), [3, "APPLIED"]);
});

test("A caller resumes four microtasks after the action's promise is rejected", async () => {
  const { promise, reject } = withResolvers();
  assertEquals(await ticksAfter(() => promise, () => reject(1)), [4, "FAILED"]);
});

test("A caller resumes two microtasks after unproven() was called", async () => {
  const { promise } = withResolvers();
  let say = () => {};
  const action: Action = (_request, { unproven }) => {
    say = unproven;
    return promise;
  };
  assertEquals(await ticksAfter(action, () => say()), [2, "UNKNOWN"]);
});

test("A caller resumes three microtasks after the Runner aborted", async () => {
  const { promise } = withResolvers();
  const controller = new AbortController();
  const ticks = ticksAfter(() => promise, () => controller.abort(), controller.signal);
  assertEquals(await ticks, [3, "UNKNOWN"]);
});

/** `Promise.withResolvers`, which Node 20 has not. */
function withResolvers() {
  let resolve: (value: number) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<number>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
