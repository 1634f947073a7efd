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
import { CONTRACT } from "../../trace.ts";
import { unsafeCopy } from "./copies.ts";
import { type Case, type Contender, ENDS } from "./lawful.ts";

/** What was observed, by whatever means. */
type Outcome =
  | { threw: false; value: unknown }
  | { threw: true; error: unknown };

/** The bare call. */
export const bareCall: Contender = async ({ action, request }) => {
  try {
    return await action(request);
  } catch (error) {
    return error;
  }
};

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
