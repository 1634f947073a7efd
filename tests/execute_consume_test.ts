/**
 * Before the action is called: law 2 (`execute()` rejects only then, with the very error), law 6
 * (consumed before attempted), and the ports of design section 5.
 */
import { test } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { type Action, execute, type ExecutionRequest, type Fact, type Ports } from "../mod.ts";
import {
  assertSound,
  assertValid,
  BEGIN,
  circumstances,
  clock,
  deferred,
  isPending,
  later,
  order,
  withoutUnhandledRejection,
} from "./support/orders.ts";

/** What `execute()` rejected with; whether it consumed the order or called the action before. */
async function refusal(
  given: { request?: unknown; context?: unknown; action?: unknown; ports?: Ports },
): Promise<{ error: unknown; consumed: number; called: number }> {
  // No defaults by destructuring: `undefined` is one of the things that are given.
  const good = { request: order(), context: circumstances(), action: () => null, ports: {} };
  const { request, context, action, ports } = { ...good, ...given } as Required<typeof given>;
  const count = { consumed: 0, called: 0 };
  const { consume } = ports;
  const counting: Ports = {
    ...ports,
    consume: (...given) => {
      count.consumed++;
      return consume?.(...given);
    },
  };
  const counted = typeof action === "function"
    ? (...given: unknown[]) => {
      count.called++;
      return action(...given);
    }
    : action;
  const nothing = Symbol("nothing");
  let error: unknown = nothing;
  await execute(request as ExecutionRequest, context as never, counted as Action, counting)
    .catch((reason: unknown) => error = reason);
  assert(error !== nothing, "execute() was expected to reject");
  return { error, ...count };
}

// --- What cannot be read ------------------------------------------------------------------------

const unreadable = new Error("unreadable");
const throwing = (name: string) =>
  Object.defineProperty({ ...order(), ...circumstances() }, name, {
    get() {
      throw unreadable;
    },
  });

const UNREADABLE: [string, { request?: unknown; context?: unknown; action?: unknown }][] = [
  ["a request that is null", { request: null }],
  ["a request that is undefined", { request: undefined }],
  ["a request without an action", { request: { orderId: "order-1" } }],
  ["a request whose action is null", { request: { orderId: "order-1", action: null } }],
  ["a context that is null", { context: null }],
  ["an action that is undefined", { action: undefined }],
  ["an action that is null", { action: null }],
  ["an action that is 42", { action: 42 }],
  ["an action that is an object", { action: {} }],
  ["an action that is a text", { action: "release.switch" }],
  ["an action that only has a method bind", { action: { bind: () => () => null } }],
];

for (const [name, given] of UNREADABLE) {
  test(`execute() rejects ${name} with a TypeError, and consumes nothing (law 2)`, async () => {
    const { error, ...count } = await refusal(given);
    assert(error instanceof TypeError, String(error));
    assertEquals(count, { consumed: 0, called: 0 });
  });
}

for (const name of ["orderId", "action", "executionId"]) {
  test(`execute() rejects with the very error that reading ${name} throws (law 2)`, async () => {
    const { error, ...count } = await refusal({
      request: throwing(name === "executionId" ? "" : name),
      context: throwing(name === "executionId" ? name : ""),
    });
    assertStrictEquals(error, unreadable);
    assertEquals(count, { consumed: 0, called: 0 });
  });
}

test("execute() says that it is the action that is no function", async () => {
  const { error } = await refusal({ action: 42 });
  assertMatch((error as Error).message, /^action must be a function: received 42$/);
});

test("execute() rejects rather than throws, whatever it was given", async () => {
  const promise = execute(null as never, null as never, null as never);
  assert(promise instanceof Promise);
  await assertRejects(() => promise, TypeError);
});

for (const bad of [-1, NaN, "many"]) {
  test(`execute() rejects the limit ${bad} by name, and consumes nothing`, async () => {
    const { error, ...count } = await refusal({
      ports: { limits: { maxDepth: bad as number } },
    });
    assert(error instanceof RangeError, String(error));
    assertMatch(error.message, /maxDepth/);
    assertMatch(error.message, new RegExp(String(bad)));
    assertEquals(count, { consumed: 0, called: 0 });
  });
}

test("execute() does not validate: an order that no schema accepts goes its way", async () => {
  const request = { orderId: "", action: { name: "", retry: 3 }, priority: "high" };
  const { status } = await execute(request, { executionId: "", runner: "" }, () => "proof");
  assertEquals(status, "APPLIED");
});

// --- Consumed before attempted ------------------------------------------------------------------

test("execute() hands consume the fact, the request and the context, once (law 6)", async () => {
  const request = order();
  const context = circumstances();
  const calls: unknown[][] = [];
  const result = await execute(request, context, () => "proof", {
    clock: clock(),
    consume: (...given) => void calls.push(given),
  });
  assertEquals(calls.length, 1);
  const [fact, givenRequest, givenContext, ...more] = calls[0] as [Fact, ...unknown[]];
  assertValid("fact", fact);
  assertEquals(fact, {
    contract: "deployer-runtime/v1",
    type: "ORDER_CONSUMED",
    orderId: "order-1",
    executionId: "execution-1",
    at: new Date(BEGIN).toISOString(),
  });
  assertEquals(result.facts[0], fact);
  assertStrictEquals(givenRequest, request);
  assertStrictEquals(givenContext, context);
  assertEquals(more, []);
});

test("execute() calls the action only when consume has ended (law 6)", async () => {
  const log: string[] = [];
  const consumption = deferred();
  const done = execute(order(), circumstances(), () => log.push("called"), {
    consume: () => {
      log.push("consume");
      return consumption.promise.then(() => void log.push("consumed"));
    },
  });
  await later();
  assertEquals(log, ["consume"]);
  consumption.resolve(undefined);
  assertEquals((await done).status, "APPLIED");
  assertEquals(log, ["consume", "consumed", "called"]);
});

test("execute() awaits a consume that returns a thenable (law 6)", async () => {
  const log: string[] = [];
  await execute(order(), circumstances(), () => log.push("called"), {
    consume: () => ({
      then(resolve: () => void) {
        setTimeout(() => {
          log.push("consumed");
          resolve();
        }, 1);
      },
    } as PromiseLike<void>),
  });
  assertEquals(log, ["consumed", "called"]);
});

test("execute() never calls the action while consume does not end", async () => {
  let called = 0;
  const ports = { consume: () => new Promise<void>(() => {}) };
  assert(await isPending(execute(order(), circumstances(), () => ++called, ports)));
  assertEquals(called, 0);
});

test("execute() takes no heed of what consume returns: only that it does not throw", async () => {
  for (const value of [false, null, undefined, "refused", new Error("returned")]) {
    const { status } = await execute(order(), circumstances(), () => "proof", {
      consume: () => value as never,
    });
    assertEquals(status, "APPLIED");
  }
});

for (
  const [how, consume] of [
    ["rejects", (error: unknown) => Promise.reject(error)],
    ["throws", (error: unknown) => {
      throw error;
    }],
    ["rejects late", (error: unknown) => later().then(() => Promise.reject(error))],
  ] as const
) {
  test(`execute() rejects with the very error with which consume ${how} (law 2)`, async () => {
    await withoutUnhandledRejection(async () => {
      for (const given of [new Error("order-1 is consumed already"), "text", null, undefined]) {
        const { error, consumed, called } = await refusal({
          ports: { consume: () => consume(given) },
        });
        assertStrictEquals(error, given);
        assertEquals([consumed, called], [1, 0]);
      }
    });
  });
}

// --- A signal that is aborted before the call ---------------------------------------------------

test("execute() rejects with the signal's reason, and consumes nothing, when it was aborted before (law 2)", async () => {
  for (const reason of [new Error("withdrawn"), "text", null, 0]) {
    const signal = AbortSignal.abort(reason);
    const { error, ...count } = await refusal({ ports: { signal } });
    assertStrictEquals(error, reason);
    assertEquals(count, { consumed: 0, called: 0 });
  }
  const signal = AbortSignal.abort();
  assertStrictEquals((await refusal({ ports: { signal } })).error, signal.reason);
});

test("execute() awaits consume whatever the signal says, then rejects with its reason (laws 2 and 6)", async () => {
  const reason = new Error("withdrawn");
  const controller = new AbortController();
  const consumption = deferred();
  const refused = refusal({
    ports: {
      signal: controller.signal,
      consume: () => {
        controller.abort(reason);
        return consumption.promise as Promise<void>;
      },
    },
  });
  assert(await isPending(refused));
  consumption.resolve(undefined);
  const { error, ...count } = await refused;
  assertStrictEquals(error, reason);
  assertEquals(count, { consumed: 1, called: 0 });
});

test("execute() rejects with the error of consume when the signal was aborted too (law 2)", async () => {
  const controller = new AbortController();
  const failure = new Error("disk full");
  const { error } = await refusal({
    ports: {
      signal: controller.signal,
      consume: () => {
        controller.abort();
        throw failure;
      },
    },
  });
  assertStrictEquals(error, failure);
});

test("execute() rejects when the signal is aborted as consume ends", async () => {
  const reason = new Error("withdrawn");
  const controller = new AbortController();
  const { error, ...count } = await refusal({
    ports: {
      signal: controller.signal,
      consume: async () => {
        await later();
        controller.abort(reason);
      },
    },
  });
  assertStrictEquals(error, reason);
  assertEquals(count, { consumed: 1, called: 0 });
});

// --- Ports --------------------------------------------------------------------------------------

test("execute() takes an instance of a ledger class as its ports", async () => {
  class Ledger {
    readonly entries: string[] = [];
    consume(fact: Fact): Promise<void> {
      this.entries.push(fact.orderId);
      return Promise.resolve();
    }
  }
  class DatedLedger extends Ledger {
    get clock() {
      return clock();
    }
  }
  const ledger = new DatedLedger();
  const result = await execute(order(), circumstances(), () => "proof", ledger);
  assertEquals(ledger.entries, ["order-1"]);
  assertEquals(result.trace.startedAt, new Date(BEGIN).toISOString());
});

test("execute() calls consume with its ports as this", async () => {
  const selves: unknown[] = [];
  const ports: Ports = {
    consume(this: unknown) {
      selves.push(this);
    },
  };
  await execute(order(), circumstances(), () => "proof", ports);
  assertEquals(selves.length, 1);
  assertStrictEquals(selves[0], ports);
});

test("execute() takes ports that are undefined for absent", async () => {
  const ports: Ports = {
    signal: undefined,
    clock: undefined,
    consume: undefined,
    limits: undefined,
  };
  for (const given of [ports, {}, undefined]) {
    const before = Date.now();
    const result = await execute(order(), circumstances(), () => "proof", given);
    assertSound(result);
    assertEquals(result.status, "APPLIED");
    const startedAt = Date.parse(result.trace.startedAt); // By the system's clock.
    assert(before <= startedAt && startedAt <= Date.now(), result.trace.startedAt);
  }
});

test("execute() reads each port once, and calls the clock with itself as this", async () => {
  const reads: string[] = [];
  const reading = clock();
  const selves: unknown[] = [];
  const watch = {
    now() {
      selves.push(this);
      return reading.now();
    },
    monotonic() {
      selves.push(this);
      return reading.monotonic();
    },
  };
  const ports = new Proxy({ clock: watch, consume: () => {} } as Ports, {
    get(target, key) {
      reads.push(String(key));
      return Reflect.get(target, key);
    },
  });
  await execute(order(), circumstances(), () => "proof", ports);
  assertEquals(reads.sort(), ["clock", "consume", "limits", "signal"]);
  assert(selves.length > 0 && selves.every((self) => self === watch));
});

test("execute() reads the identities once, before anything else (law 7)", async () => {
  const reads: string[] = [];
  const watched = <T extends object>(name: string, target: T): T =>
    new Proxy(target, {
      get(target, key) {
        reads.push(`${name}.${String(key)}`);
        return Reflect.get(target, key);
      },
    });
  const consume = () => void reads.push("consume");
  const request = watched("request", order());
  const context = watched("context", circumstances());
  await execute(request, context, () => "proof", { consume });
  const times = (read: string) => reads.filter((each) => each === read).length;
  assertEquals([times("request.orderId"), times("context.executionId")], [1, 1]);
  const consumed = reads.indexOf("consume");
  assert(reads.indexOf("request.orderId") < consumed);
  assert(reads.indexOf("context.executionId") < consumed);
});

test("execute() passes the limits to what it records", async () => {
  const { trace } = await execute(order(), circumstances(), () => "r".repeat(100), {
    limits: { maxStringLength: 8 },
  });
  assert("rawResult" in trace);
  assertEquals(trace.fidelity.raw?.truncated, 1);
  assertEquals(trace.fidelity.input?.truncated, 0);
});
