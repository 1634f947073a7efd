/** Law 9: no log, timer, I/O, environment read or network; and law 8: no randomness, no clock. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { execute } from "../mod.ts";
import {
  circumstances,
  clock,
  order,
  settle,
  type Settlement,
  SETTLEMENTS,
} from "./support/orders.ts";

type Holder = Record<string, unknown>;

/** What a program could make itself heard with, wait by, or learn something from. */
const LOUD: [string, Holder, string[]][] = [
  ["console", console as unknown as Holder, ["log", "info", "warn", "error", "debug", "trace"]],
  ["globalThis", globalThis as unknown as Holder, [
    "setTimeout",
    "setInterval",
    "setImmediate",
    "queueMicrotask",
    "fetch",
    "structuredClone",
    "WebSocket",
    "Worker",
  ]],
  ["process", process as unknown as Holder, ["nextTick", "emitWarning", "cwd", "exit"]],
  ["Math", Math as unknown as Holder, ["random"]],
  ["crypto", crypto as unknown as Holder, ["randomUUID", "getRandomValues"]],
  ["Date", Date as unknown as Holder, ["now"]],
  ["performance", performance as unknown as Holder, ["now"]],
];

/** Runs `body`, and returns which of `LOUD` it called. Nothing else runs meanwhile. */
async function heard(body: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const undo: (() => void)[] = [];
  for (const [holder, object, names] of LOUD) {
    for (const name of names) {
      const own = Object.getOwnPropertyDescriptor(object, name);
      const real = object[name] as (...given: unknown[]) => unknown;
      if (real === undefined) continue; // Not every runtime has all of them.
      const spy = function (this: unknown, ...given: unknown[]) {
        calls.push(`${holder}.${name}`);
        return Reflect.apply(real, this, given);
      };
      Object.defineProperty(object, name, { value: spy, configurable: true, writable: true });
      undo.push(() =>
        own ? Object.defineProperty(object, name, own) : Reflect.deleteProperty(object, name)
      );
    }
  }
  const { env } = process;
  const envSpy = new Proxy(env, {
    get(target, key) {
      calls.push(`process.env.${String(key)}`);
      return Reflect.get(target, key);
    },
  });
  process.env = envSpy;
  try {
    await body();
  } finally {
    for (const each of undo) each();
    process.env = env;
  }
  return calls;
}

for (const settlement of SETTLEMENTS) {
  test(`execute() makes no sound, waits for nothing and reads no global when it ends ${settlement} (law 9)`, async () => {
    assertEquals(await heard(() => settle(settlement)), []);
  });
}

test("execute() makes no sound when it rejects (law 9)", async () => {
  const rejections = [
    () => execute(null as never, circumstances(), () => null),
    () => settle("RETURNED", { consume: () => Promise.reject(new Error("disk full")) }),
    () => settle("RETURNED", { signal: AbortSignal.abort("withdrawn") }),
  ];
  for (const reject of rejections) {
    assertEquals(await heard(() => reject().then(() => "fulfilled", () => {})), []);
  }
});

test("the test of silence hears every sound", async () => {
  const sounds = await heard(async () => {
    queueMicrotask(() => {});
    clearTimeout(setTimeout(() => {}, 0));
    Math.random();
    crypto.randomUUID();
    Date.now();
    performance.now();
    void process.env.HOME;
    await undefined;
  });
  assertEquals(sounds, [
    "globalThis.queueMicrotask",
    "globalThis.setTimeout",
    "Math.random",
    "crypto.randomUUID",
    "Date.now",
    "performance.now",
    "process.env.HOME",
  ]);
});

test("execute() reads the system's clocks only when the Runner gave none (law 8)", async () => {
  const run = (ports: object) => execute(order(), circumstances(), () => "proof", ports);
  assertEquals(await heard(() => run({ clock: clock() })), []);
  assertEquals(await heard(() => run({})), [
    "Date.now",
    "Date.now",
    "performance.now",
    "performance.now",
  ]);
});

test("execute() adds nothing to the global object and to its prototypes (law 8)", async () => {
  const names = () =>
    [globalThis, Object.prototype, Array.prototype, Promise.prototype, Function.prototype]
      .map((each) => Object.getOwnPropertyNames(each).length);
  const before = names();
  for (const settlement of SETTLEMENTS as Settlement[]) await settle(settlement);
  assertEquals(names(), before);
});

test("the module runs in Deno without any permission (law 9)", () => {
  const root = new URL("../", import.meta.url);
  const deno = fileURLToPath(new URL("node_modules/deno/bin.cjs", root));
  const script = `
    import { execute } from ${JSON.stringify(new URL("mod.ts", root).href)};
    const request = { orderId: "order-1", action: { name: "cache.purge", input: { all: true } } };
    const context = { executionId: "execution-1", runner: "alice" };
    const result = await execute(request, context, () => ({ purged: 3 }));
    console.log(result.status);
  `;
  const { stdout, stderr, status } = spawnSync(
    "node",
    [deno, "run", "--no-prompt", "--no-config", "--quiet", "--ext=ts", "-"],
    { input: script, encoding: "utf8" },
  );
  assertEquals([stdout, stderr, status], ["APPLIED\n", "", 0]);
});
