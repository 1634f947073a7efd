/** Law 5: recording never changes the outcome, and never loses the result. */
import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { type Action, execute } from "../mod.ts";
import {
  assertSound,
  BEGIN,
  circumstances,
  clock,
  order,
  settle,
  SETTLEMENTS,
  withoutUnhandledRejection,
} from "./support/orders.ts";

/** Objects that resist being recorded; each is made afresh. */
const HOSTILE: [string, () => unknown][] = [
  ["a getter that throws", () => ({
    kept: "proof",
    get lost() {
      throw new Error("unreadable");
    },
  })],
  ["a getter that throws nothing", () => ({
    get lost() {
      throw undefined;
    },
  })],
  ["a getter that throws what cannot be read", () => ({
    get lost() {
      throw Object.defineProperty({}, "message", {
        get() {
          throw new Error("twice");
        },
      });
    },
  })],
  ["a proxy that lists no keys", () =>
    new Proxy({}, {
      ownKeys() {
        throw new Error("no keys");
      },
    })],
  ["a proxy that has no prototype to tell", () =>
    new Proxy({}, {
      getPrototypeOf() {
        throw new Error("no prototype");
      },
    })],
  ["a cycle", () => {
    const self: { me?: unknown } = {};
    self.me = self;
    return self;
  }],
  ["100,000 levels", () => {
    let levels: unknown = "bottom";
    for (let i = 0; i < 100_000; i++) levels = [levels];
    return levels;
  }],
  ["a million elements", () => new Array(1_000_000).fill(0)],
  ["a toJSON that throws", () => ({
    toJSON() {
      throw new Error("no JSON");
    },
  })],
  ["an error whose stack throws", () =>
    Object.defineProperty(new Error("failed"), "stack", {
      get() {
        throw new Error("no stack");
      },
    })],
];

for (const [name, make] of HOSTILE) {
  test(`execute() returns APPLIED, FAILED or UNKNOWN as observed, when recording meets ${name} (law 5)`, async () => {
    const actions: [string, Action][] = [
      ["APPLIED", () => make() as string],
      ["FAILED", () => {
        throw make();
      }],
      ["UNKNOWN", (_request, { unproven }) => unproven(make())],
    ];
    for (const [status, action] of actions) {
      const result = await execute(order(), circumstances(), action, { clock: clock() });
      assertEquals(result.status, status);
      assertSound(result);
      assertEquals(result.trace.fidelity.raw?.exact, false);
    }
  });
}

test("execute() records a revoked proxy that is thrown, and one that is a reason (law 5)", async () => {
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const thrown = await execute(order(), circumstances(), () => {
    throw revoked();
  });
  assertEquals([thrown.status, thrown.trace.fidelity.raw?.unreadable], ["FAILED", 1]);
  const reason = await execute(
    order(),
    circumstances(),
    (_request, { unproven }) => unproven(revoked()),
  );
  assertEquals([reason.status, reason.trace.fidelity.raw?.unreadable], ["UNKNOWN", 1]);
});

test("execute() records a reason of the signal that cannot be read (law 5)", async () => {
  const controller = new AbortController();
  const never = () => {
    controller.abort(
      new Proxy({}, {
        ownKeys() {
          throw new Error("no keys");
        },
      }),
    );
    return new Promise<never>(() => {});
  };
  const result = await execute(order(), circumstances(), never, { signal: controller.signal });
  assertEquals([result.status, result.trace.settlement], ["UNKNOWN", "ABORTED"]);
  assertSound(result);
});

test("execute() records what it can under the tightest limits (law 5)", async () => {
  const limits = {
    maxDepth: 0,
    maxValues: 0,
    maxCharacters: 0,
    maxStringLength: 0,
    maxArrayLength: 0,
    maxBytes: 0,
  };
  for (const settlement of SETTLEMENTS) {
    const result = await settle(settlement, { limits });
    assertEquals(result.trace.settlement, settlement);
    assertSound(result);
    // Identities, name and context stand outside of the limits.
    assertEquals(result.trace.context, circumstances());
    assertEquals(result.trace.action.name, order().action.name);
  }
});

for (const settlement of SETTLEMENTS) {
  test(`execute() ends with what its clock throws, when what it cannot write is ${settlement}`, async () => {
    const broken = new Error("the clock is broken");
    let readings = 0;
    const failing = {
      now: () => BEGIN,
      monotonic(): number {
        if (++readings > 1) throw broken;
        return 0;
      },
    };
    await withoutUnhandledRejection(async () => {
      const ended = settle(settlement, { clock: failing });
      assertStrictEquals(await ended.catch((error) => error), broken);
    });
  });
}
