/**
 * Law 4, the first observation is final: aborts, late returns and rejections, `unproven` at odd
 * moments, and the order in which they reach the Deployer.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Action, execute, type ExecutionResult, type Scope } from "../mod.ts";
import {
  assertSound,
  circumstances,
  clock,
  countedSignal,
  deferred,
  isPending,
  later,
  order,
  settle,
  SETTLEMENTS,
  withoutUnhandledRejection,
} from "./support/orders.ts";

/** What was observed, in brief. */
function brief({ status, trace }: ExecutionResult): unknown[] {
  const { settlement, rawResult, rawError }: { [field: string]: unknown } = { ...trace };
  return [status, settlement, settlement === "RETURNED" ? rawResult : rawError];
}

/** An execution under way, with all that could end it in the test's hands. */
function underWay() {
  const { promise, resolve, reject } = deferred();
  const controller = new AbortController();
  let scope = {} as Scope;
  const action: Action = (_request, given) => {
    scope = given;
    return promise as Promise<string>;
  };
  const done = execute(order(), circumstances(), action, {
    signal: controller.signal,
    clock: clock(),
  });
  const abort = (reason?: unknown) => controller.abort(reason);
  const unproven = (reason?: unknown) => scope.unproven(reason);
  // The action is called a few microtasks after `execute()`.
  return later().then(() => ({ done, resolve, reject, abort, unproven }));
}

type UnderWay = Awaited<ReturnType<typeof underWay>>;

const ENDS: [string, (execution: UnderWay) => void, unknown[]][] = [
  ["returns", ({ resolve }) => resolve("proof"), ["APPLIED", "RETURNED", "proof"]],
  ["returns nothing", ({ resolve }) => resolve(undefined), [
    "UNKNOWN",
    "RETURNED_NOTHING",
    undefined,
  ]],
  ["rejects", ({ reject }) => reject("refused"), ["FAILED", "THREW", "refused"]],
  ["says unproven", ({ unproven }) => unproven("lost"), ["UNKNOWN", "UNPROVEN", "lost"]],
  ["is given up on", ({ abort }) => abort("enough"), ["UNKNOWN", "ABORTED", "enough"]],
];

for (const [first, begin, expected] of ENDS) {
  for (const [second, end] of ENDS) {
    test(`execute() keeps to its first observation: the action ${first}, later ${second} (law 4)`, async () => {
      await withoutUnhandledRejection(async () => {
        const execution = await underWay();
        begin(execution);
        await later();
        end(execution);
        await later();
        const result = await execution.done;
        const before = JSON.stringify(result);
        assertSound(result);
        assertEquals(brief(result), expected);
        for (const [, again] of ENDS) again(execution);
        await later();
        assertEquals(JSON.stringify(await execution.done), before);
      });
    });
  }
}

// --- Within one turn ----------------------------------------------------------------------------

test("execute() observes an abort that came before the return, in the same turn", async () => {
  const { done, resolve, abort } = await underWay();
  abort("enough");
  resolve("proof");
  assertEquals(brief(await done), ["UNKNOWN", "ABORTED", "enough"]);
});

test("execute() observes an abort that came before the rejection, in the same turn", async () => {
  await withoutUnhandledRejection(async () => {
    const { done, reject, abort } = await underWay();
    abort("enough");
    reject("refused");
    assertEquals(brief(await done), ["UNKNOWN", "ABORTED", "enough"]);
  });
});

test("execute() observes a return that came before the abort, in the same turn", async () => {
  const { done, resolve, abort } = await underWay();
  resolve("proof");
  abort("enough");
  assertEquals(brief(await done), ["APPLIED", "RETURNED", "proof"]);
});

test("execute() lets unproven() win over an abort in the same turn, before or after it", async () => {
  for (const order of ["abort first", "unproven first"]) {
    const { done, abort, unproven } = await underWay();
    if (order === "abort first") abort("enough");
    unproven("lost");
    abort("enough");
    assertEquals(brief(await done), ["UNKNOWN", "UNPROVEN", "lost"]);
  }
});

for (
  const [how, end] of [
    ["returns", () => "proof"],
    ["throws", () => {
      throw new Error("refused");
    }],
    ["returns nothing", () => undefined],
    ["rejects", () => Promise.reject(new Error("refused"))],
    ["never ends", () => new Promise(() => {})],
  ] as [string, () => unknown][]
) {
  test(`execute() returns UNKNOWN when the signal is aborted during the call, and the action ${how}`, async () => {
    await withoutUnhandledRejection(async () => {
      const controller = new AbortController();
      const action = () => {
        controller.abort("enough");
        return end();
      };
      const { signal } = controller;
      const result = await execute(order(), circumstances(), action as Action, { signal });
      assertSound(result);
      assertEquals(brief(result), ["UNKNOWN", "ABORTED", "enough"]);
    });
  });
}

test("execute() returns UNKNOWN when the Runner aborts an action that obeys the signal and rejects", async () => {
  await withoutUnhandledRejection(async () => {
    const controller = new AbortController();
    const action: Action = (_request, { signal }) =>
      new Promise<never>((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason))
      );
    const done = execute(order(), circumstances(), action, { signal: controller.signal });
    await later();
    controller.abort("enough");
    assertEquals(brief(await done), ["UNKNOWN", "ABORTED", "enough"]);
  });
});

test("execute() takes for no failure what an action throws because of the abort, however early it listens", async () => {
  await withoutUnhandledRejection(async () => {
    const controller = new AbortController();
    const { signal } = controller;
    // Its listener stands before that of `execute()`.
    const rejected = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
    const done = execute(order(), circumstances(), () => rejected, { signal });
    await later();
    controller.abort("enough");
    assertEquals(brief(await done), ["UNKNOWN", "ABORTED", "enough"]);
  });
});

// --- The action's own listeners -----------------------------------------------------------------

for (
  const [how, signalOf] of [
    ["the Runner's controller", (controller: AbortController) => controller.signal],
    ["a signal of several", (controller: AbortController) => AbortSignal.any([controller.signal])],
    // The platform dispatches this one by itself, with no code of ours below it on the stack.
    ["a timeout", () => AbortSignal.timeout(1)],
  ] as [string, (controller: AbortController) => AbortSignal][]
) {
  test(`execute() hears unproven(evidence) from the action's own listener: ${how} (law 4)`, async () => {
    const controller = new AbortController();
    const action: Action = (_request, { signal, unproven }) => {
      // The last of several listeners, and the property as well.
      signal?.addEventListener("abort", () => {});
      assert(signal);
      signal.onabort = () => unproven({ lastRead: "r41" });
      return new Promise<never>(() => {});
    };
    const done = execute(order(), circumstances(), action, { signal: signalOf(controller) });
    await later();
    controller.abort("enough");
    assertEquals(brief(await done), ["UNKNOWN", "UNPROVEN", { lastRead: "r41" }]);
  });
}

// --- unproven -----------------------------------------------------------------------------------

test("execute() keeps the first reason of two (law 4)", async () => {
  const action: Action = (_request, { unproven }) => {
    unproven("first");
    return unproven("second");
  };
  const result = await execute(order(), circumstances(), action);
  assertEquals(brief(result), ["UNKNOWN", "UNPROVEN", "first"]);
});

test("execute() ends at unproven(), though the action goes on, returns or throws (law 4)", async () => {
  for (
    const end of [
      () => "proof",
      () => {
        throw new Error("after all");
      },
      () => new Promise(() => {}),
      () => Promise.reject(new Error("after all")),
    ]
  ) {
    await withoutUnhandledRejection(async () => {
      const action = ((_request, { unproven }) => {
        unproven("lost");
        return end();
      }) as Action;
      const result = await execute(order(), circumstances(), action);
      assertEquals(brief(result), ["UNKNOWN", "UNPROVEN", "lost"]);
    });
  }
});

test("unproven() works apart from its scope", async () => {
  const action: Action = (_request, scope) => {
    const { unproven } = scope;
    return [unproven("lost")];
  };
  assertEquals(brief(await execute(order(), circumstances(), action)), [
    "UNKNOWN",
    "UNPROVEN",
    "lost",
  ]);
});

test("unproven() called while its reason is recorded changes nothing (law 4)", async () => {
  const action: Action = (_request, { unproven }) =>
    unproven({
      get again() {
        unproven("within");
        return "read";
      },
    });
  const result = await execute(order(), circumstances(), action);
  assertEquals(brief(result), ["UNKNOWN", "UNPROVEN", { again: "read" }]);
});

// --- Listeners ----------------------------------------------------------------------------------

for (const settlement of SETTLEMENTS) {
  test(`execute() leaves no listener on the signal after ${settlement}`, async () => {
    const { controller, signal, count } = countedSignal();
    const result = await settle(settlement, { signal }, controller);
    assertEquals(result.trace.settlement, settlement);
    assertEquals(count.added, 1);
    assertEquals(count.left, 0);
  });
}

test("execute() leaves no listener on a signal when it rejects", async () => {
  for (
    const consume of [
      () => Promise.reject(new Error("disk full")),
      (controller: AbortController) => controller.abort("withdrawn"),
    ]
  ) {
    const { controller, signal, count } = countedSignal();
    let rejected = 0;
    await settle("RETURNED", { signal, consume: () => consume(controller) }).catch(() =>
      rejected++
    );
    assertEquals([rejected, count.left], [1, 0]);
  }
});

test("execute() changes nothing when the signal is aborted after the end (law 4)", async () => {
  await withoutUnhandledRejection(async () => {
    const controller = new AbortController();
    const result = await settle("RETURNED", {}, controller);
    const before = JSON.stringify(result);
    controller.abort("too late");
    await later();
    assertEquals(JSON.stringify(result), before);
  });
});

test("execute() waits for an action that never ends only until the signal is aborted", async () => {
  const controller = new AbortController();
  const never = () => new Promise<never>(() => {});
  const done = execute(order(), circumstances(), never, { signal: controller.signal });
  assert(await isPending(done));
  controller.abort();
  const result = await done;
  assertEquals([result.status, result.trace.settlement], ["UNKNOWN", "ABORTED"]);
  assertSound(result);
});

test("execute() gives up several orders by one signal", async () => {
  const { controller, signal, count } = countedSignal();
  const never = () => new Promise<never>(() => {});
  const all = [1, 2, 3].map(() => execute(order(), circumstances(), never, { signal }));
  await later();
  assertEquals(count.left, 3);
  controller.abort("enough");
  for (const result of await Promise.all(all)) {
    assertEquals(brief(result), ["UNKNOWN", "ABORTED", "enough"]);
  }
  assertEquals(count.left, 0);
});
