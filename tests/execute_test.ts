/**
 * ACTE III (design, section 3): what reached the Deployer first, and the status that follows;
 * what misbehaving actions make of it; and law 1, that the action is called once.
 */
import { test } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type Action, execute } from "../mod.ts";
import {
  assertSound,
  circumstances,
  clock,
  isPending,
  order,
  settle,
  type Settlement,
  SETTLEMENTS,
  withoutUnhandledRejection,
} from "./support/orders.ts";

// --- The table ----------------------------------------------------------------------------------

/** Section 3, written a second time: settlement, last fact, status, where the raw value stands. */
const TABLE: [Settlement, string, string, "rawResult" | "rawError" | undefined][] = [
  ["RETURNED", "SUCCESS_OBSERVED", "APPLIED", "rawResult"],
  ["THREW", "FAILURE_OBSERVED", "FAILED", "rawError"],
  ["RETURNED_NOTHING", "PROOF_ABSENT", "UNKNOWN", undefined],
  ["UNPROVEN", "PROOF_ABSENT", "UNKNOWN", "rawError"],
  ["ABORTED", "PROOF_ABSENT", "UNKNOWN", "rawError"],
];

for (const [settlement, fact, status, raw] of TABLE) {
  test(`execute() records ${settlement} as ${fact} and ${status}`, async () => {
    const result = await settle(settlement);
    assertSound(result);
    assertEquals(result.status, status);
    assertEquals(result.trace.settlement, settlement);
    assertEquals(result.facts.map(({ type }) => type), [
      "ORDER_CONSUMED",
      "ACTION_ATTEMPTED",
      fact,
    ]);
    const kept = ["rawResult", "rawError"].filter((field) => field in result.trace);
    assertEquals(kept, raw === undefined ? [] : [raw]);
    assertEquals("raw" in result.trace.fidelity, raw !== undefined);
  });
}

test("the table of the tests names every settlement", () => {
  assertEquals(TABLE.map(([settlement]) => settlement), SETTLEMENTS);
});

// --- What is proof, and what is not -------------------------------------------------------------

/** Executes a plain order with this action, by a clock that stands still. */
async function outcome(action: unknown) {
  const result = await execute(order(), circumstances(), action as Action, { clock: clock() });
  assertSound(result);
  return result;
}

/** Settlement and raw value, in brief. */
async function brief(action: unknown) {
  const { trace } = await outcome(action);
  const { settlement, rawResult, rawError }: { [field: string]: unknown } = { ...trace };
  return [settlement, settlement === "RETURNED" ? rawResult : rawError];
}

const PROOFS: [string, unknown, unknown][] = [
  ["null", null, null],
  ["false", false, false],
  ["0", 0, 0],
  ["NaN", NaN, { $js: "number", value: "NaN" }],
  ["an empty string", "", ""],
  ["an empty object", {}, {}],
  ["a bigint", 3n, { $js: "bigint", value: "3" }],
  ["a symbol", Symbol("done"), { $js: "symbol", description: "done" }],
];

for (const [name, value, recorded] of PROOFS) {
  test(`execute() takes ${name} as a value, returned or resolved`, async () => {
    assertEquals(await brief(() => value), ["RETURNED", recorded]);
    assertEquals(await brief(() => Promise.resolve(value)), ["RETURNED", recorded]);
  });
}

test("execute() takes an Error object that is returned as a value, and one that is thrown as a failure", async () => {
  const returned = await outcome(() => new Error("returned"));
  assertEquals(returned.status, "APPLIED");
  const thrown = await outcome(() => {
    throw new Error("thrown");
  });
  assertEquals(thrown.status, "FAILED");
});

test("execute() takes a function that is returned as a value, and does not call it", async () => {
  let calls = 0;
  assertEquals((await outcome(() => () => calls++)).status, "APPLIED");
  assertEquals(calls, 0);
});

for (const thrown of [undefined, null, false, 0, "", "text", { then: "no function" }]) {
  test(`execute() returns FAILED whatever is thrown: ${JSON.stringify(thrown)}`, async () => {
    const recorded = thrown === undefined ? { $js: "undefined" } : thrown;
    const actions = [
      () => {
        throw thrown;
      },
      async () => {
        await undefined;
        throw thrown;
      },
      () => Promise.reject(thrown),
    ];
    for (const action of actions) {
      const { status, trace } = await outcome(action);
      assertEquals(status, "FAILED");
      assert("rawError" in trace);
      assertEquals(trace.rawError, recorded);
    }
  });
}

test("execute() records no reason where unproven() was given none, and one that is null", async () => {
  const without = await outcome(((_request, { unproven }) => unproven()) as Action);
  assertEquals(without.trace.settlement, "UNPROVEN");
  assert(!("rawError" in without.trace));
  const withNull = await outcome(((_request, { unproven }) => unproven(null)) as Action);
  assert("rawError" in withNull.trace);
  assertEquals(withNull.trace.rawError, null);
});

test("unproven() gives the action null to return, each time it is called", async () => {
  const given: unknown[] = [];
  await outcome(
    ((_request, { unproven }) => {
      given.push(unproven("lost"), unproven("again"));
      return null;
    }) as Action,
  );
  assertEquals(given, [null, null]);
});

// --- Thenables that misbehave -------------------------------------------------------------------

type Settle = (value?: unknown) => void;
/** A thenable; typed as what an action's author could pass off as proof. */
const thenable = (then: (resolve: Settle, reject: Settle) => void) => () => ({ then });

const THENABLES: [string, () => unknown, [Settlement, unknown]][] = [
  ["resolves at once", thenable((resolve) => resolve("proof")), ["RETURNED", "proof"]],
  ["rejects at once", thenable((_, reject) => reject("refused")), ["THREW", "refused"]],
  ["resolves with nothing", thenable((resolve) => resolve()), ["RETURNED_NOTHING", undefined]],
  [
    "resolves, then rejects",
    thenable((resolve, reject) => (resolve("proof"), reject("refused"))),
    ["RETURNED", "proof"],
  ],
  [
    "rejects, then resolves",
    thenable((resolve, reject) => (reject("refused"), resolve("proof"))),
    ["THREW", "refused"],
  ],
  [
    "resolves twice",
    thenable((resolve) => (resolve("first"), resolve("second"))),
    ["RETURNED", "first"],
  ],
  [
    "throws after it resolved",
    thenable((resolve) => {
      resolve("proof");
      throw "too late";
    }),
    ["RETURNED", "proof"],
  ],
  [
    "throws before it settles",
    thenable(() => {
      throw "then threw";
    }),
    ["THREW", "then threw"],
  ],
  [
    "has a then that cannot be read",
    () => ({
      get then() {
        throw "unreadable then";
      },
    }),
    ["THREW", "unreadable then"],
  ],
  [
    "resolves with another thenable",
    thenable((resolve) => resolve({ then: (inner: Settle) => inner("inner") })),
    ["RETURNED", "inner"],
  ],
  [
    "settles much later, twice",
    thenable((resolve) => {
      setTimeout(resolve, 1, "first");
      setTimeout(resolve, 2, "second");
    }),
    ["RETURNED", "first"],
  ],
];

for (const [name, action, expected] of THENABLES) {
  test(`execute() observes once a thenable that ${name}`, async () => {
    await withoutUnhandledRejection(async () => assertEquals(await brief(action), expected));
  });
}

test("execute() observes nothing of a thenable that never calls back", async () => {
  const action = thenable(() => {}) as unknown as Action;
  assert(await isPending(execute(order(), circumstances(), action)));
});

test("execute() observes nothing of an action that never ends, and that no signal gives up on", async () => {
  const never = () => new Promise<never>(() => {});
  assert(await isPending(execute(order(), circumstances(), never)));
});

test("execute() reads the property then of what was returned once, as await does (law 5)", async () => {
  let reads = 0;
  const value = Object.defineProperty({ current: "r42" }, "then", {
    enumerable: false, // The recording reads what is enumerable, so that only the observation counts.
    get() {
      if (++reads > 1) throw new Error("read again");
      return undefined;
    },
  });
  assertEquals(await brief(() => value), ["RETURNED", { current: "r42" }]);
  assertEquals(reads, 1);
});

// --- Law 1 --------------------------------------------------------------------------------------

test("execute() calls the action once, whatever it does (law 1)", async () => {
  const behaviours: (() => unknown)[] = [
    () => "proof",
    () => {},
    () => {
      throw new Error("ECONNRESET");
    },
    () => Promise.reject(Object.assign(new Error("retry me"), { code: "EAGAIN" })),
    thenable((_, reject) => reject("temporary")),
  ];
  for (const behaviour of behaviours) {
    let calls = 0;
    await outcome(() => {
      calls++;
      return behaviour();
    });
    await isPending(Promise.resolve()); // A retry would come by now.
    assertEquals(calls, 1);
  }
});

test("execute() calls the action with this undefined, the request and the scope (laws 1 and 10)", async () => {
  const request = order();
  const context = circumstances();
  const { signal } = new AbortController();
  const calls: [unknown, unknown[]][] = [];
  await execute(
    request,
    context,
    function (this: unknown, ...given: unknown[]) {
      calls.push([this, given]);
      return null;
    },
    { signal },
  );
  const [[self, [givenRequest, scope, ...more]]] = calls as [[unknown, unknown[]]];
  assertEquals(calls.length, 1);
  assertStrictEquals(self, undefined);
  assertStrictEquals(givenRequest, request);
  assertEquals(more, []);
  const { context: givenContext, signal: givenSignal, unproven, ...rest } = scope as {
    [name: string]: unknown;
  };
  assertStrictEquals(givenContext, context);
  assertStrictEquals(givenSignal, signal);
  assertEquals(typeof unproven, "function");
  assertEquals(rest, {});
});

test("execute() tells the action that there is no signal when the Runner gave none", async () => {
  let scope: object = {};
  await execute(order(), circumstances(), (_request, given) => {
    scope = given;
    return null;
  });
  assertEquals(Object.entries(scope).find(([name]) => name === "signal"), ["signal", undefined]);
});

test("execute() executes two orders at the same time without mixing them", async () => {
  const orders = ["a", "b", "c"].map((orderId) => ({ ...order(), orderId }));
  const results = await Promise.all(
    orders.map((request) => execute(request, circumstances(), ({ orderId }) => orderId)),
  );
  assertEquals(
    results.map(({ orderId, trace }) => [orderId, (trace as { rawResult?: unknown }).rawResult]),
    [["a", "a"], ["b", "b"], ["c", "c"]],
  );
});
