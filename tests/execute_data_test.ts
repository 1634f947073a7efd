/**
 * What the result is made of: law 7 (plain data that shares nothing), law 8 (pure as far as
 * possible) and law 10 (opaque).
 */
import { test } from "node:test";
import { assert, assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import {
  type Action,
  execute,
  type ExecutionContext,
  type ExecutionResult,
  type Fact,
  type Ports,
} from "../mod.ts";
import { schemas } from "./support/schemas.ts";
import {
  assertSound,
  BEGIN,
  circumstances,
  clock,
  later,
  order,
  settle,
  SETTLEMENTS,
} from "./support/orders.ts";

/** The raw value that was recorded, returned or thrown. */
function raw({ trace }: ExecutionResult): unknown {
  const { rawResult, rawError }: { [field: string]: unknown } = { ...trace };
  return rawResult ?? rawError;
}

// --- Law 7 --------------------------------------------------------------------------------------

/** An input and a value with something of everything that is an object. */
const rich = () => ({
  list: [{ deep: [1, [2]] }],
  map: new Map<unknown, unknown>([["key", { in: "map" }]]),
  set: new Set([{ in: "set" }]),
  bytes: new Uint8Array([1, 2, 3]),
  at: new Date(BEGIN),
  error: new Error("failed", { cause: { code: "E" } }),
  nothing: undefined,
  minusZero: -0,
  count: 3n,
});

/** Every object within a value. */
function objects(value: unknown, found: Set<unknown> = new Set()): Set<unknown> {
  if (value === null || typeof value !== "object" || found.has(value)) return found;
  found.add(value);
  const inner = value instanceof Map || value instanceof Set ? [...value] : [];
  for (const each of [...inner, ...Object.values(value)]) objects(each, found);
  return found;
}

/** One execution in each settlement, with all that was given to it or by it. */
async function everything() {
  const executions: { result: ExecutionResult; given: unknown[] }[] = [];
  for (const end of ["return", "throw", "unproven", "abort", "nothing"]) {
    const value = rich();
    const request = { orderId: "order-1", action: { name: "all", input: rich() } };
    const context = circumstances();
    const controller = new AbortController();
    const facts: Fact[] = [];
    const action: Action = (_request, { unproven }) => {
      if (end === "throw") throw value;
      if (end === "unproven") return unproven(value);
      if (end === "abort") controller.abort(value);
      return end === "return" ? value : (end === "abort" ? new Promise(() => {}) : undefined)!;
    };
    const result = await execute(request, context, action, {
      signal: controller.signal,
      consume: (fact) => void facts.push(fact),
      clock: clock([BEGIN], [0, 1.2345]),
    });
    executions.push({ result, given: [request, context, value, facts, rich()] });
  }
  assertEquals(executions.map(({ result }) => result.trace.settlement), [
    "RETURNED",
    "THREW",
    "UNPROVEN",
    "ABORTED",
    "RETURNED_NOTHING",
  ]);
  return executions;
}

test("every result survives JSON deep-equal (law 7)", async () => {
  for (const { result } of await everything()) {
    assertEquals(JSON.parse(JSON.stringify(result)), result);
    assertSound(result);
  }
});

test("no result shares an object with what was given, or holds one twice (law 7)", async () => {
  for (const { result, given } of await everything()) {
    const inside = objects(result);
    assertEquals([...objects(given)].filter((each) => inside.has(each)), []);
    // A tree: as many objects as its JSON has, so that changing one place changes no other.
    assertEquals(inside.size, objects(JSON.parse(JSON.stringify(result))).size);
  }
});

test("two results share no object (law 8)", async () => {
  const first = await settle("RETURNED");
  const second = await settle("RETURNED");
  const inside = objects(first);
  assertEquals([...objects(second)].filter((each) => inside.has(each)), []);
});

/** Changes every object within a value, and empties it. */
function spoil(value: unknown): void {
  for (const each of objects(value) as Set<Record<string, unknown>>) {
    if (each instanceof Map || each instanceof Set) each.clear();
    if (each instanceof Date) each.setTime(0);
    if (each instanceof Uint8Array) each.fill(0);
    else for (const key of Object.keys(each)) delete each[key];
    Object.assign(each, { spoilt: true });
  }
}

test("what is changed after the end changes no result (law 7)", async () => {
  for (const { result, given } of await everything()) {
    const before = JSON.stringify(result);
    spoil(given);
    assertEquals(JSON.stringify(result), before);
  }
});

test("changing a result changes nothing of the Runner's (law 7)", async () => {
  for (const { result, given } of await everything()) {
    const before = given.map((each) => JSON.stringify(Object.keys(each as object)));
    const [request, context] = given.map((each) => JSON.stringify(each, (_, v) => `${v}`));
    spoil(result);
    assertEquals(given.map((each) => JSON.stringify(Object.keys(each as object))), before);
    assertEquals(given.map((each) => JSON.stringify(each, (_, v) => `${v}`)).slice(0, 2), [
      request,
      context,
    ]);
  }
});

test("the trace says what the action was given at its call, whatever it changes later (law 7)", async () => {
  const request = order();
  const context = circumstances();
  const value = { steps: ["first"] };
  const result = await execute(request, context, async (given, scope) => {
    given.orderId = "another";
    given.action.name = "another";
    given.action.input.release = "another";
    scope.context.runner = "another";
    scope.context.annotations!.commit = "another";
    (given as { action: unknown }).action = null;
    await later();
    spoil(scope.context);
    setTimeout(() => value.steps.push("after the return"), 0);
    return value;
  }, { clock: clock() });
  await later();
  await later();
  assertEquals(value.steps.length, 2);
  assertSound(result);
  assertEquals(result.orderId, "order-1");
  assertEquals(result.executionId, "execution-1");
  assertEquals(result.trace.action, order().action);
  assertEquals(result.trace.context, circumstances());
  assertEquals(raw(result), { steps: ["first"] });
});

test("the trace records what is thrown, and a reason, when they are observed (law 7)", async () => {
  const thrown = { code: "E1" };
  const failed = await execute(order(), circumstances(), () => {
    queueMicrotask(() => queueMicrotask(() => setTimeout(() => thrown.code = "E2", 0)));
    throw thrown;
  });
  await later();
  assertEquals(raw(failed), { code: "E1" });

  const reason = { at: "COMMIT" };
  const unknown = await execute(order(), circumstances(), (_request, { unproven }) => {
    unproven(reason);
    reason.at = "ROLLBACK";
    return null;
  });
  assertEquals(raw(unknown), { at: "COMMIT" });
});

test("a consume that changes the fact changes no result (law 7)", async () => {
  const result = await execute(order(), circumstances(), () => "proof", {
    clock: clock(),
    consume: (fact) => spoil(fact),
  });
  assertSound(result);
  assertEquals(result.facts[0].type, "ORDER_CONSUMED");
});

test("a consume that changes request and context does not change the identities (law 7)", async () => {
  const request = order();
  const context = circumstances();
  const seen: unknown[] = [];
  const result = await execute(request, context, (given, scope) => {
    seen.push(structuredClone(given), structuredClone(scope.context));
    return "proof";
  }, {
    consume: () => {
      request.orderId = "another";
      request.action = { name: "site.remove", input: { site: "docs", release: "r43" } };
      context.executionId = "another";
      context.runner = "bob";
      delete context.annotations;
    },
  });
  assertSound(result);
  assertEquals([result.orderId, result.executionId], ["order-1", "execution-1"]);
  // What the action was given at its call, but for the identities, is what the trace shows.
  assertEquals(result.trace.action, (seen[0] as typeof request).action);
  assertEquals(result.trace.context, {
    ...(seen[1] as ExecutionContext),
    executionId: "execution-1",
  });
});

/** The properties of a document in the order in which its schema lists them. */
function listed(file: string, document: object): string[] {
  return Object.keys(schemas[file]?.properties).filter((name) => Object.hasOwn(document, name));
}

test("properties stand in the order in which the schemas list them (law 8)", async () => {
  for (const settlement of SETTLEMENTS) {
    const result = await settle(settlement);
    const { trace } = result;
    assertEquals(Object.keys(result), listed("execution-result.schema.json", result));
    assertEquals(Object.keys(trace), listed("trace.schema.json", trace));
    assertEquals(
      Object.keys(trace.context),
      listed("execution-context.schema.json", trace.context),
    );
    for (const fact of result.facts) {
      assertEquals(Object.keys(fact), listed("fact.schema.json", fact));
    }
    for (const fidelity of Object.values(trace.fidelity)) {
      assertEquals(Object.keys(fidelity), listed("fidelity.schema.json", fidelity));
    }
  }
});

test("optional fields that were not given are absent from the trace", async () => {
  const request = { orderId: "order-1", action: { name: "cache.purge" } };
  const context = { executionId: "execution-1", runner: "alice" };
  const result = await execute(request, context, () => "proof");
  assertEquals(Object.keys(result.trace.context), ["executionId", "runner"]);
  assertEquals(Object.keys(result.trace.action), ["name"]);
  assertEquals(Object.keys(result.trace.fidelity), ["raw"]);
  assertSound(result);
});

// --- Law 8 --------------------------------------------------------------------------------------

test("the same inputs and the same clock give the same JSON, one by one or at once (law 8)", async () => {
  for (const settlement of SETTLEMENTS) {
    const one = JSON.stringify(await settle(settlement));
    const many = await Promise.all([1, 2, 3].map(() => settle(settlement)));
    for (const each of many) assertEquals(JSON.stringify(each), one);
    assertEquals(JSON.stringify(await settle(settlement)), one);
  }
});

test("one execution leaves nothing that another could observe (law 8)", async () => {
  const before = JSON.stringify(await settle("RETURNED"));
  for (const settlement of SETTLEMENTS) spoil(await settle(settlement));
  assertEquals(JSON.stringify(await settle("RETURNED")), before);
});

// --- Law 10 -------------------------------------------------------------------------------------

/** Freezes a value and all within it. */
function deepFreeze<T>(value: T): T {
  for (const each of objects(value)) Object.freeze(each);
  return value;
}

test("execute() writes on nothing that it was given (law 10)", async () => {
  const request = deepFreeze(order());
  const context = deepFreeze(circumstances());
  const ports: Ports = Object.freeze({ clock: Object.freeze(clock()), limits: Object.freeze({}) });
  const value = deepFreeze({ current: "r42" });
  assertEquals((await execute(request, context, () => value, ports)).status, "APPLIED");
});

test("execute() hands the action's input over as it is, and records it beside (law 10)", async () => {
  const input = rich();
  const request = { orderId: "order-1", action: { name: "all", input } };
  let given: unknown;
  const { trace } = await execute(request, circumstances(), (received) => {
    given = received.action.input;
    return "proof";
  });
  assertStrictEquals(given, input);
  assertNotEquals(trace.action.input, undefined);
});

test("execute() reads no instruction in the input, in annotations or in an error (law 10)", async () => {
  const plain = await settle("THREW");
  const loaded = await execute(
    {
      orderId: "order-1",
      action: {
        name: "retry",
        input: { retry: 3, timeout: 1, status: "APPLIED", dryRun: true, rollback: true },
      },
    },
    { ...circumstances(), annotations: { retry: "3", status: "APPLIED", dryRun: "true" } },
    () => Promise.reject({ status: "APPLIED", retryable: true, retryAfter: 1, ok: true }),
    { clock: clock() },
  );
  const outside = ({ status, facts, trace }: ExecutionResult) => [
    status,
    facts,
    trace.settlement,
    trace.startedAt,
    trace.endedAt,
  ];
  assertEquals(outside(loaded), outside(plain));
});

for (const key of ["__proto__", "constructor", "toString", "$js", ""]) {
  test(`execute() carries an annotation named ${JSON.stringify(key)} as it is`, async () => {
    const annotations = JSON.parse(`{${JSON.stringify(key)}: "kept"}`);
    const context = { ...circumstances(), annotations };
    const result = await execute(order(), context, () => "proof");
    assertSound(result);
    assert(Object.hasOwn(result.trace.context.annotations!, key));
    assertEquals(
      JSON.stringify(result.trace.context.annotations),
      JSON.stringify(annotations),
    );
  });
}
