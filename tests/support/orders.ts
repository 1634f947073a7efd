/**
 * What the tests of `execute()` share: an order, a clock that stands still or follows a script,
 * signals whose listeners are counted, and eyes for what no test awaits.
 */
import { assertEquals } from "@std/assert";
import {
  type Action,
  type Clock,
  execute,
  type ExecutionContext,
  type ExecutionResult,
  type Fact,
  type Ports,
  type Trace,
} from "../../mod.ts";
import { validator } from "./schemas.ts";

/** An order as a Runner would give it; a fresh object each time, for tests mutate it. */
export function order() {
  return {
    orderId: "order-1",
    action: { name: "release.switch", input: { site: "docs", release: "r42" } },
  };
}

/** The circumstances of its execution; fresh each time too. */
export function circumstances(): ExecutionContext {
  return {
    executionId: "execution-1",
    runner: "alice",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    annotations: { commit: "1f3a9c" },
  };
}

/** The instant at which the tests' clocks begin. */
export const BEGIN: number = Date.UTC(2026, 0, 31, 9, 30);

/** A clock that gives these readings in turn, and the last one from then on. */
export function clock(wall: number[] = [BEGIN], monotonic: number[] = [0]): Clock {
  const next = (readings: number[]) => {
    let i = 0;
    return () => readings[Math.min(i++, readings.length - 1)] as number;
  };
  return { now: next(wall), monotonic: next(monotonic) };
}

/** How an observation ended. */
export type Settlement = Trace["settlement"];

/** For each settlement, an action that brings it about. */
export const ACTIONS: Record<Settlement, (controller: AbortController) => Action> = {
  RETURNED: () => () => Promise.resolve({ current: "r42" }),
  THREW: () => () => Promise.reject("purge refused"),
  // What the types refuse can still happen: that is what the row of the table is for.
  RETURNED_NOTHING: () => (async () => {}) as unknown as Action,
  UNPROVEN: () => (_request, { unproven }) => unproven("connection lost during COMMIT"),
  ABORTED: (controller) => () => {
    controller.abort("the Runner stops waiting");
    return new Promise(() => {});
  },
};

/** Every settlement by name. */
export const SETTLEMENTS = Object.keys(ACTIONS) as Settlement[];

/** Executes an order whose observation ends as named, by a clock that stands still. */
export function settle(
  settlement: Settlement,
  ports: Ports = {},
  controller: AbortController = new AbortController(),
): Promise<ExecutionResult> {
  const action = ACTIONS[settlement](controller);
  return execute(order(), circumstances(), action, {
    signal: controller.signal,
    clock: clock(),
    ...ports,
  });
}

/** A promise with what settles it; Node 20 has no `Promise.withResolvers`. */
export function deferred<T = unknown>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
} {
  const made = {} as ReturnType<typeof deferred<T>>;
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

/** Long enough for every microtask, and for a runtime to find a rejection that nobody handled. */
export function later(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** Whether a promise is still pending when everything that could settle it has run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  const first = await Promise.race([promise.catch(() => {}), later().then(() => pending)]);
  return first === pending;
}

/** Fails where a contract refuses the document; says which field is wrong. */
export function assertValid(contract: string, document: unknown): void {
  const validate = VALIDATORS[contract] ??= validator(contract);
  validate(document);
  assertEquals(validate.errors ?? [], []);
}

const VALIDATORS: Record<string, ReturnType<typeof validator>> = {};

/** Fails where a result is not what the contract says, the rules of its prose included. */
export function assertSound(result: ExecutionResult): void {
  assertValid("execution-result", result);
  const { orderId, executionId, trace, facts } = result;
  const identities = ({ orderId, executionId }: { orderId: string; executionId: string }) => [
    orderId,
    executionId,
  ];
  assertEquals(trace.orderId, orderId);
  assertEquals(trace.context.executionId, executionId);
  assertEquals(facts.map(identities), facts.map(() => [orderId, executionId]));
  assertEquals(facts.slice(1).map(({ at }: Fact) => at), [trace.startedAt, trace.endedAt]);
}

/** A signal that knows which listeners were added to it, and which of them it still has. */
export function countedSignal(): {
  controller: AbortController;
  signal: AbortSignal;
  count: { added: number; left: number };
} {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const count = {
    added: 0,
    get left() {
      return listeners.size;
    },
  };
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  Object.defineProperty(signal, "addEventListener", {
    value: (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
      count.added++;
      listeners.add(listener);
      addEventListener.call(signal, type, listener, options);
    },
  });
  Object.defineProperty(signal, "removeEventListener", {
    value: (type: string, listener: EventListener) => {
      if (type === "abort") listeners.delete(listener);
      removeEventListener.call(signal, type, listener);
    },
  });
  return { controller, signal, count };
}

/** Runs `body`, and fails if a promise was rejected in it that nobody handled. */
export async function withoutUnhandledRejection(body: () => Promise<void>): Promise<void> {
  const reasons: unknown[] = [];
  const onReason = (reason: unknown) => reasons.push(reason);
  const onEvent = (event: Event) => {
    event.preventDefault();
    reasons.push((event as PromiseRejectionEvent).reason);
  };
  const inDeno = "Deno" in globalThis;
  if (inDeno) globalThis.addEventListener("unhandledrejection", onEvent);
  else process.on("unhandledRejection", onReason);
  try {
    await body();
    await later();
  } finally {
    if (inDeno) globalThis.removeEventListener("unhandledrejection", onEvent);
    else process.off("unhandledRejection", onReason);
  }
  assertEquals(reasons, []);
}
