// deno-lint-ignore-file require-await -- a forgotten await is one of the mistakes shown
/**
 * What must not compile: each line after a `@ts-expect-error` is a mistake that the types find, and
 * `tsc` fails where one of them is no mistake any more. Nothing here is ever run.
 */
import {
  type Action,
  capture,
  execute,
  type ExecutionContext,
  type ExecutionRequest,
  type ExecutionResult,
  type Ports,
} from "../mod.ts";

const context: ExecutionContext = { executionId: "execution-1", runner: "alice" };
const request = {
  orderId: "order-1",
  action: { name: "release.switch", input: { site: "docs", release: 42 } },
};
declare function deploy(): Promise<{ current: string }>;
declare function log(): void;
declare const stored: unknown;
declare const perhaps: { current: string } | undefined;

// --- An action that may return nothing ----------------------------------------------------------

export const forgotten: Action[] = [
  // @ts-expect-error -- no return at all
  () => {},
  // @ts-expect-error -- no return at all, async
  async () => {},
  // @ts-expect-error -- the result of deploy() is dropped
  () => {
    deploy();
  },
  // @ts-expect-error -- it awaits, and forgets to return
  async () => {
    await deploy();
  },
  // @ts-expect-error -- one path returns nothing
  ({ orderId }) => {
    if (orderId === "order-1") return "proof";
  },
  // @ts-expect-error -- one path returns nothing, async
  async ({ orderId }) => {
    if (orderId === "order-1") return await deploy();
  },
  // @ts-expect-error -- an empty return on one path
  ({ orderId }) => {
    if (orderId === "order-1") return;
    return "proof";
  },
  // @ts-expect-error -- undefined proves nothing
  () => undefined,
  // @ts-expect-error -- undefined proves nothing, async
  async () => undefined,
  // @ts-expect-error -- what log() returns is nothing
  () => log(),
  // @ts-expect-error -- a Promise<void>, its await forgotten or not
  () => deploy().then(log),
  // @ts-expect-error -- a Promise<void>, awaited
  async () => await deploy().then(log),
  // @ts-expect-error -- perhaps undefined
  () => perhaps,
  // @ts-expect-error -- perhaps undefined, async
  async () => perhaps,
  // @ts-expect-error -- optional chaining may give undefined
  () => perhaps?.current,
  // @ts-expect-error -- unknown may be undefined
  () => stored,
  // @ts-expect-error -- a promise of unknown may resolve to undefined
  () => Promise.resolve(stored),
  // @ts-expect-error -- unproven is named and not called on the one path, and the other has no return
  (_request, { unproven }) => {
    if (stored) unproven("lost");
  },
];

// --- A value whose await was forgotten ----------------------------------------------------------

export const forgottenAwait: Action[] = [
  // @ts-expect-error -- the tuple's promise is awaited by nobody: its own field would say so
  async () => ({ then: deploy }),
  // @ts-expect-error -- a thenable of nothing
  () => ({ then: (resolve: () => void) => resolve() }),
];

// --- Requests and contexts ----------------------------------------------------------------------

export async function misspelt(): Promise<void> {
  // @ts-expect-error -- orderId is misspelt
  await execute({ orderID: "order-1", action: { name: "purge" } }, context, () => null);
  // @ts-expect-error -- an order has an action
  await execute({ orderId: "order-1" }, context, () => null);
  // @ts-expect-error -- an action has a name
  await execute({ orderId: "order-1", action: { input: 1 } }, context, () => null);
  // @ts-expect-error -- an identity is a string
  await execute({ orderId: 1, action: { name: "purge" } }, context, () => null);
  // @ts-expect-error -- the input has site, not sit
  await execute(request, context, ({ action }) => action.input.sit);
  // @ts-expect-error -- a release is a number here
  await execute(request, context, ({ action }) => action.input.release.toUpperCase());
  // @ts-expect-error -- executionId is misspelt
  await execute(request, { executionID: "execution-1", runner: "alice" }, () => null);
  // @ts-expect-error -- a context has a runner
  await execute(request, { executionId: "execution-1" }, () => null);
  // @ts-expect-error -- a context is closed
  await execute(request, { ...context, retries: 3 }, () => null);
  // @ts-expect-error -- annotations are strings
  await execute(request, { ...context, annotations: { retries: 3 } }, () => null);
  // @ts-expect-error -- an optional field is absent, never undefined
  await execute(request, { ...context, traceparent: undefined }, () => null);
  // @ts-expect-error -- an order needs an action function
  await execute(request, context);
  // @ts-expect-error -- an action is a function
  await execute(request, context, "release.switch");
  // @ts-expect-error -- the input of an unknown order is unknown
  await execute(request as ExecutionRequest, context, ({ action }) => action.input.site);
}

export const typed: ExecutionRequest = {
  orderId: "order-1",
  action: { name: "purge" },
  // @ts-expect-error -- a request is closed
  priority: 1,
};

// --- Scope --------------------------------------------------------------------------------------

export const scoped: Action[] = [
  // @ts-expect-error -- the scope has no retry
  (_request, { retry }) => retry(),
  // @ts-expect-error -- there may be no signal
  (_request, { signal }) => signal.aborted,
  (_request, scope) => {
    // @ts-expect-error -- the scope is not the action's to change
    scope.signal = AbortSignal.abort();
    return null;
  },
  // @ts-expect-error -- unproven is one reason, not several
  (_request, { unproven }) => unproven("lost", "really"),
  // @ts-expect-error -- an action is given two things
  (_request, _scope, third) => third,
];

// --- Ports --------------------------------------------------------------------------------------

export const ports: Ports[] = [
  // @ts-expect-error -- a limit is misspelt
  { limits: { maxDeph: 8 } },
  // @ts-expect-error -- a limit is a number
  { limits: { maxDepth: "8" } },
  // @ts-expect-error -- a port is misspelt
  { consumed: () => {} },
  // @ts-expect-error -- a clock has two readings
  { clock: { now: Date.now } },
  // @ts-expect-error -- a controller is no signal
  { signal: new AbortController() },
  // @ts-expect-error -- null is not absent
  { signal: null },
  // @ts-expect-error -- a count of rows says nothing: throw to refuse
  { consume: () => 0 },
  // @ts-expect-error -- nor does false, async
  { consume: async () => false },
  // @ts-expect-error -- a fact has no name
  { consume: (fact) => fact.name },
];

// @ts-expect-error -- a bare function is no ports
await execute(request, context, () => null, () => {});
// @ts-expect-error -- request and context are swapped
await execute(context, request, () => null);

// @ts-expect-error -- a limit is misspelt
capture(1, { maxLength: 8 });

// --- Results ------------------------------------------------------------------------------------

export function results(result: ExecutionResult): unknown[] {
  const read: unknown[] = [
    // @ts-expect-error -- there is no raw result before the status is known
    result.trace.rawResult,
    // @ts-expect-error -- nor a raw error
    result.trace.rawError,
    // @ts-expect-error -- there is no such status
    result.status === "SUCCESS",
    // @ts-expect-error -- there is no such settlement
    result.trace.settlement === "TIMEOUT",
    // @ts-expect-error -- facts are three
    result.facts[3],
    // @ts-expect-error -- there is no such type of fact
    result.facts[2].type === "ORDER_RETRIED",
    // @ts-expect-error -- no index signature lets a misspelt name pass
    result.executionID,
    // @ts-expect-error -- nor in a trace
    result.trace.duration,
  ];
  if (result.status === "APPLIED") {
    // @ts-expect-error -- an APPLIED result has no raw error
    read.push(result.trace.rawError);
    // @ts-expect-error -- it has ended RETURNED
    read.push(result.trace.settlement === "THREW");
  }
  if (result.status === "FAILED") {
    // @ts-expect-error -- a FAILED result has no raw result
    read.push(result.trace.rawResult);
  }
  if (result.status === "UNKNOWN") {
    // @ts-expect-error -- an UNKNOWN result has no raw result
    read.push(result.trace.rawResult);
    // @ts-expect-error -- nor a raw error, until the settlement is known
    read.push(result.trace.rawError);
    if (result.trace.settlement === "RETURNED_NOTHING") {
      // @ts-expect-error -- nothing was returned, and nothing recorded
      read.push(result.trace.rawError);
    }
  }
  // @ts-expect-error -- a status that the switch forgot
  const code: 0 | 1 = { APPLIED: 0, FAILED: 1, UNKNOWN: 2 }[result.status];
  return [...read, code];
}
