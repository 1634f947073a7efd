/**
 * What one could use instead of `execute()`, doing the same work: the outcome alone, and the
 * outcome with the record that `execute()` writes, built beside it as a careful user would.
 *
 * @module
 */
import { SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Effect, Exit } from "effect";
import { ResultAsync } from "neverthrow";
import pReflect from "p-reflect";
import pTimeout from "p-timeout";
import {
  type Clock,
  execute,
  type ExecutionContext,
  type ExecutionRequest,
  type Ports,
} from "../../mod.ts";
import { CONTRACT, timestamp } from "../../trace.ts";
import { checkedCopy, checkedError, unsafeCopy } from "./copies.ts";

/** One kind of execution. */
export interface Case {
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
  // deno-lint-ignore no-explicit-any -- an action of any kind
  readonly action: (request: ExecutionRequest, scope?: unknown) => any;
  readonly ports: Ports | undefined;
}

/** Copies plain JSON. */
export type Copy = (value: unknown) => unknown;

/** What was observed, by whatever means. */
type Outcome =
  | { threw: false; value: unknown }
  | { threw: true; error: unknown };

/** Executes once. */
export type Contender = (of: Case, copy: Copy) => Promise<unknown>;

/** The bare call. */
export const bareCall: Contender = async ({ action, request }) => {
  try {
    return await action(request);
  } catch (error) {
    return error;
  }
};

/** The Deployer. */
export const deployer: Contender = ({ request, context, action, ports }) =>
  execute(request, context, action, ports);

// Every library is given a promise: this is how an action becomes one, and a throw its rejection.
const promised = async ({ action, request }: Case) => await action(request);

const reflect = async (of: Case): Promise<Outcome> => {
  const outcome = await pReflect(promised(of));
  return outcome.isFulfilled
    ? { threw: false, value: outcome.value }
    : { threw: true, error: outcome.reason };
};

const allSettled = async (of: Case): Promise<Outcome> => {
  const [outcome] = await Promise.allSettled([promised(of)]);
  return outcome.status === "fulfilled"
    ? { threw: false, value: outcome.value }
    : { threw: true, error: outcome.reason };
};

const neverthrow = async (of: Case): Promise<Outcome> => {
  const outcome = await ResultAsync.fromPromise(promised(of), (error) => error);
  return outcome.isOk()
    ? { threw: false, value: outcome.value }
    : { threw: true, error: outcome.error };
};

const effect = async (of: Case): Promise<Outcome> => {
  const program = Effect.tryPromise({ try: () => promised(of), catch: (error) => error });
  const exit = await Effect.runPromiseExit(program);
  return Exit.match(exit, {
    onSuccess: (value): Outcome => ({ threw: false, value }),
    onFailure: (error): Outcome => ({ threw: true, error }),
  });
};

// Without a deadline of its own, as `execute()` has none: it waits for the signal.
const timeout = async (of: Case): Promise<Outcome> => {
  try {
    const options = {
      milliseconds: Infinity,
      ...(of.ports?.signal && { signal: of.ports.signal }),
    };
    return { threw: false, value: await pTimeout(promised(of), options) };
  } catch (error) {
    return { threw: true, error };
  }
};

const tracer: Tracer = new BasicTracerProvider({
  spanProcessors: [{
    onStart() {},
    onEnd() {},
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }],
}).getTracer("bench");

/** A span of the SDK's, with exception and status; with input and value, as JSON, where `whole`. */
const span = (whole: boolean) => async (of: Case): Promise<Outcome> => {
  const { request, context } = of;
  const attributes = {
    "order.id": request.orderId,
    "execution.id": context.executionId,
    "runner": context.runner,
  };
  const started = tracer.startSpan(request.action.name, { attributes });
  if (whole) started.setAttribute("input", JSON.stringify(request.action.input));
  try {
    const value = await promised(of);
    if (whole) started.setAttribute("value", JSON.stringify(value));
    started.setStatus({ code: SpanStatusCode.OK });
    return { threw: false, value };
  } catch (error) {
    started.recordException(error as Error);
    started.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
    return { threw: true, error };
  } finally {
    started.end();
  }
};

/**
 * What `execute()` records, as a user would write it beside any library: without its fidelity. Here
 * and in the two below results are written out: what they shared cost the physical limit 2 to 5 %.
 */
const recorded = (observe: (of: Case) => Promise<Outcome>): Contender => async (of, copy) => {
  const { orderId, action } = of.request;
  const { executionId, runner, annotations } = of.context;
  const consumedAt = new Date().toISOString();
  const context = { executionId, runner, annotations: { ...annotations } };
  const input = action.input === undefined ? undefined : copy(action.input);
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const outcome = await observe(of);
  const durationMs = performance.now() - started;
  const endedAt = new Date().toISOString();
  const contract = CONTRACT;
  const settlement = outcome.threw ? "THREW" : "RETURNED";
  const [status, type] = ENDS[settlement];
  return {
    contract,
    orderId,
    executionId,
    consumed: true,
    status,
    facts: [
      { contract, type: "ORDER_CONSUMED", orderId, executionId, at: consumedAt },
      { contract, type: "ACTION_ATTEMPTED", orderId, executionId, at: startedAt },
      { contract, type, orderId, executionId, at: endedAt },
    ],
    trace: {
      orderId,
      context,
      action: { name: action.name, input },
      settlement,
      startedAt,
      endedAt,
      durationMs,
      ...(outcome.threw
        ? { rawError: described(outcome.error) }
        : { rawResult: copy(outcome.value) }),
    },
  };
};

/** An error as a user writes it down. */
function described(error: unknown) {
  const { name, message, stack } = error as Error;
  return { name, message, stack };
}

/** The contenders that give the outcome alone. */
export const OUTCOME_ONLY: Record<string, (of: Case) => Promise<Outcome>> = {
  "p-reflect": reflect,
  "Promise.allSettled": allSettled,
  "neverthrow": neverthrow,
  "Effect": effect,
  "p-timeout": timeout,
  "OpenTelemetry span": span(false),
};

/** The contenders that do the same work. */
export const RECORDED: Record<string, Contender> = Object.fromEntries(
  Object.entries(OUTCOME_ONLY).map(([name, observe]) => [`${name} + record`, recorded(observe)]),
);

/** A span that keeps input and value among its attributes, instead of the record. */
export const spanWithValues: Contender = span(true);

/**
 * The physical limit: three clock reads, the result as one literal with epoch numbers, the cheapest
 * copies; and, where there is a signal, one listener added and removed.
 */
export const physicalLimit: Contender = async (
  { request, context: given, action: act, ports },
) => {
  const signal = ports?.signal;
  const { orderId, action } = request;
  const { executionId, runner, annotations } = given;
  const contract = CONTRACT;
  const consumedAt = Date.now();
  const context = { executionId, runner, annotations: { ...annotations } };
  const input = unsafeCopy(action.input);
  const started = performance.now();
  const giveUp = () => {};
  signal?.addEventListener("abort", giveUp);
  let status = "APPLIED";
  let type = "SUCCESS_OBSERVED";
  let settlement = "RETURNED";
  let raw: unknown;
  try {
    raw = unsafeCopy(await act(request));
  } catch (error) {
    const { name, message, stack } = error as Error;
    raw = { $js: "error", class: "Error", name, message, stack };
    status = "FAILED";
    type = "FAILURE_OBSERVED";
    settlement = "THREW";
  }
  signal?.removeEventListener("abort", giveUp);
  const durationMs = performance.now() - started;
  const endedAt = consumedAt + durationMs;
  return {
    contract,
    orderId,
    executionId,
    consumed: true,
    status,
    facts: [
      { contract, type: "ORDER_CONSUMED", orderId, executionId, at: consumedAt },
      { contract, type: "ACTION_ATTEMPTED", orderId, executionId, at: consumedAt },
      { contract, type, orderId, executionId, at: endedAt },
    ],
    trace: {
      orderId,
      context,
      action: { name: action.name, input },
      settlement,
      startedAt: consumedAt,
      endedAt,
      durationMs,
      raw,
      fidelity: {
        input: { exact: true, tagged: 0, truncated: 0, unreadable: 0 },
        raw: { exact: true, tagged: 0, truncated: 0, unreadable: 0 },
      },
    },
  };
};

/**
 * The very result of `execute()`, from bare code that keeps the laws for what is measured: consuming
 * is awaited, the start has a time of its own, and of what the action does, what it says by
 * `unproven()` and an abort, the first is observed. It takes clean JSON returned, or else a plain
 * error; where `execute()` would tag or cut, it throws, and may never settle.
 */
export const bareAndLawful: Contender = (
  { request, context: given, action: act, ports = {} },
) =>
  new Promise((resolve, reject) => {
    let threw = reject;
    const run = async () => {
      const { orderId, action } = request;
      const { executionId, runner, annotations } = given;
      const contract = CONTRACT;
      const { name, input: unread } = action;
      const { signal, clock = SYSTEM_CLOCK, consume = nothing } = ports;
      signal?.throwIfAborted();
      const at = timestamp(clock.now());
      const consumed = { contract, type: "ORDER_CONSUMED", orderId, executionId, at } as const;
      await consume.call(ports, { ...consumed }, request, given);
      const context = { executionId, runner, annotations: { ...annotations } };
      const input = unread === undefined ? undefined : checkedCopy(unread);
      const start = clock.now();
      const started = clock.monotonic();
      signal?.throwIfAborted();
      let open = true;
      const observe = (settlement: keyof typeof ENDS, observed: unknown) => {
        if (!open) return;
        open = false;
        signal?.removeEventListener("abort", giveUp);
        const durationMs = Math.round((clock.monotonic() - started) * 1000) / 1000;
        const startedAt = timestamp(start);
        const endedAt = timestamp(Math.round(start + durationMs));
        const [status, type] = ENDS[settlement];
        const trace: Record<string, unknown> = {
          orderId,
          context,
          action: input === undefined ? { name } : { name, input },
          settlement,
          startedAt,
          endedAt,
          durationMs,
        };
        const fidelity: Record<string, unknown> = input === undefined ? {} : { input: exact() };
        if (settlement === "RETURNED") {
          trace.rawResult = checkedCopy(observed);
          fidelity.raw = exact();
        } else {
          trace.rawError = checkedError(observed);
          fidelity.raw = { ...exact(), exact: false, tagged: 1 };
        }
        trace.fidelity = fidelity;
        resolve({
          contract,
          orderId,
          executionId,
          consumed: true,
          status,
          facts: [
            consumed,
            { contract, type: "ACTION_ATTEMPTED", orderId, executionId, at: startedAt },
            { contract, type, orderId, executionId, at: endedAt },
          ],
          trace,
        });
      };
      const unproven = (reason?: unknown) => observe("UNPROVEN", reason);
      const giveUp = () => observe("ABORTED", signal?.reason);
      signal?.addEventListener("abort", giveUp);
      threw = (error) => observe("THREW", error);
      observe("RETURNED", await act(request, { context: given, signal, unproven }));
    };
    run().catch((error) => threw(error));
  });

const exact = () => ({ exact: true, tagged: 0, truncated: 0, unreadable: 0 });
const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
const nothing = () => {};

/** What becomes of what was observed. */
const ENDS = {
  RETURNED: ["APPLIED", "SUCCESS_OBSERVED"],
  THREW: ["FAILED", "FAILURE_OBSERVED"],
  UNPROVEN: ["UNKNOWN", "PROOF_ABSENT"],
  ABORTED: ["UNKNOWN", "PROOF_ABSENT"],
} as const;
