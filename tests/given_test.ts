/** What `execute()` says of arguments that it cannot read: their name, and what was received. */
import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { execute, type Ports } from "../mod.ts";
import { circumstances, order } from "./support/orders.ts";

const request = order();
const context = circumstances();
const action = () => "proof";

const REFUSED: [what: string, given: unknown[], message: string][] = [
  ["a request that is missing", [undefined], "request must be an object: received undefined"],
  ["a request that is a text", ["order-1"], "request must be an object: received order-1"],
  [
    "a context in place of the request",
    [context, request, action],
    "request.action must be an object: received undefined",
  ],
  [
    "an action's name in place of the action",
    [{ orderId: "order-1", action: "purge" }],
    "request.action must be an object: received purge",
  ],
  [
    "an action in place of the context",
    [request, action, context],
    "context must be an object: received a function",
  ],
  ["no action", [request, context], "action must be a function: received undefined"],
  [
    "ports in place of the action",
    [request, context, {}],
    "action must be a function: received an object",
  ],
  ["a symbol", [request, context, Symbol("a")], "action must be a function: received Symbol(a)"],
  [
    "ports that are null",
    [request, context, action, null],
    "ports must be an object: received null",
  ],
  [
    "a bare function as ports",
    [request, context, action, () => {}],
    "ports must be an object: received a function",
  ],
  [
    "ports of other names",
    [request, context, action, { onConsume: () => {}, retries: 3 }],
    "ports must be an object with signal, clock, consume, limits: received one with onConsume, retries",
  ],
  [
    "a consume that is no function",
    [request, context, action, { consume: {} }],
    "ports.consume must be a function: received an object",
  ],
  [
    "a clock that lacks a reading",
    [request, context, action, { clock: { now: Date.now } }],
    "ports.clock.monotonic must be a function: received undefined",
  ],
  [
    "a clock that lacks the other",
    [request, context, action, { clock: { monotonic: Date.now } }],
    "ports.clock.now must be a function: received undefined",
  ],
  [
    "a controller in place of its signal",
    [request, context, action, { signal: new AbortController() }],
    "ports.signal.throwIfAborted must be a function: received undefined",
  ],
];

for (const [what, given, message] of REFUSED) {
  test(`execute() refuses ${what} by name`, async () => {
    const call = execute as unknown as (...given: unknown[]) => Promise<unknown>;
    const error = await assertRejects(() => call(...given), TypeError);
    assertEquals((error as Error).message, message);
  });
}

/** Works as on a platform without this builtin. In a worker what is global is inherited. */
async function without<Result>(
  holder: object,
  key: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const builtin = Object.getOwnPropertyDescriptor(holder, key);
  Object.defineProperty(holder, key, { value: undefined, configurable: true });
  try {
    return await work();
  } finally {
    Reflect.deleteProperty(holder, key);
    if (builtin) Object.defineProperty(holder, key, builtin);
  }
}

for (
  const [name, holder, key] of [
    ["String.prototype.isWellFormed", String.prototype, "isWellFormed"],
    ["Object.hasOwn", Object, "hasOwn"],
  ] as const
) {
  test(`execute() says that the platform has no ${name}, and consumes nothing (law 2)`, async () => {
    const did: string[] = [];
    const call = () =>
      execute(request, context, () => did.push("called"), {
        consume: () => void did.push("consumed"),
      });
    const refusal = await without(holder, key, () => call().catch((error) => error));
    assertEquals((refusal as unknown as Error).message, `this platform has no ${name}`);
    assertEquals(did, []);
    assertEquals((await call()).status, "APPLIED");
  });
}

test("what is asked of the platform when the module is loaded is named as well (law 2)", async () => {
  const clock = { now: () => 0, monotonic: () => 0 };
  const timeless = await without(
    globalThis,
    "performance",
    // @ts-expect-error -- the query makes it a module of its own
    () => import("../given.ts?performance"),
  );
  const read = ({ read }: typeof timeless, ports: Ports = {}) =>
    read(request, context, action, ports);
  assertThrows(() => read(timeless), TypeError, "this platform has no performance: give a clock");
  assertEquals(read(timeless, { clock }).clock, clock);

  // @ts-expect-error -- the query makes it a module of its own
  const textless = await without(globalThis, "btoa", () => import("../given.ts?btoa"));
  assertThrows(() => read(textless), TypeError, "this platform has no btoa");
});

test("execute() takes ports that have one of its names, inherited or not, whatever else they have", async () => {
  class Ledger {
    entries: unknown[] = [];
    consume(fact: unknown): void {
      this.entries.push(fact);
    }
  }
  const ledger = new Ledger();
  await execute(request, context, action, ledger);
  assertEquals(ledger.entries.length, 1);
  const { status } = await execute(request, context, action, {});
  assertEquals(status, "APPLIED");
});
