/**
 * The way of one order through the Deployer: consume, attempt, observe, result.
 *
 * No decision stands here: what was observed becomes a status by one table.
 *
 * @module
 */
import { type CaptureLimits, resolveLimits } from "./capture.ts";
import type {
  ExecutionContext,
  ExecutionRequest,
  ExecutionResult,
  Fact,
  Trace,
} from "./schemas/types.ts";
import {
  type Clock,
  closeTrace,
  CONTRACT,
  createFact,
  openTrace,
  timestamp,
  toInstant,
} from "./trace.ts";

/** What an action returns: any value but `undefined`, which proves nothing. */
export type Proof =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | null
  | (object & { readonly then?: undefined });

/** What an action is given beside the request. */
export interface Scope {
  /** The Runner's context, as it was given. */
  readonly context: ExecutionContext;
  /** The Runner's signal: when it aborts, the Runner stops waiting. */
  readonly signal: AbortSignal | undefined;
  /** Says that the action cannot tell what came of it: UNKNOWN, with the reason as evidence. */
  readonly unproven: (reason?: unknown) => null;
}

/** The function that does the work. Its author vouches that what it returns is proof of success. */
export type Action<Request extends ExecutionRequest = ExecutionRequest> = (
  request: Request,
  scope: Scope,
) => Proof | PromiseLike<Proof>;

/** What the Runner may provide. Each is read once; `undefined` means absent. */
export interface Ports {
  /** Gives up on the observation when it aborts. None by default. */
  readonly signal?: AbortSignal | undefined;
  /** The system's clocks by default. */
  readonly clock?: Clock | undefined;
  /** Makes the consumption durable; awaited before the action is called. Does nothing by default. */
  readonly consume?:
    | ((fact: Fact, request: ExecutionRequest, context: ExecutionContext) => unknown)
    | undefined;
  /** How much is recorded of the input, and of what was returned or thrown. */
  readonly limits?: CaptureLimits | undefined;
}

/** ACTE III: what reached the Deployer first, the fact that it is, and the status that follows. */
const ACTE_III = {
  RETURNED: { fact: "SUCCESS_OBSERVED", status: "APPLIED" },
  THREW: { fact: "FAILURE_OBSERVED", status: "FAILED" },
  RETURNED_NOTHING: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
  UNPROVEN: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
  ABORTED: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
} as const satisfies Record<
  Trace["settlement"],
  { fact: Fact["type"]; status: ExecutionResult["status"] }
>;

/** The one type of value that is no proof. */
const WITHOUT_PROOF = { undefined: "RETURNED_NOTHING" } as const;

const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
const NEVER_ABORTED = {
  throwIfAborted() {},
  addEventListener() {},
  removeEventListener() {},
  reason: undefined,
};
const nothing = () => {};

/**
 * Executes one order: consumes it, calls the action at most once, and tells what was observed.
 *
 * @param request The order.
 * @param context The circumstances, recorded as they are.
 * @param action What to do; its author vouches for what it returns.
 * @param ports What the Runner provides: signal, clock, consume, limits.
 * @returns What was observed first; whatever comes later changes nothing.
 * @throws {TypeError} If request or context cannot be read, or action is no function.
 * @throws {RangeError} If a limit is not a whole number of at least 0 or Infinity.
 * @throws What `consume` rejects with, and the reason of a signal that is aborted before the action
 * is called. Whenever it rejects, the action was not called.
 *
 * @example
 * ```ts
 * import { execute } from "./mod.ts";
 *
 * const result = await execute(
 *   { orderId: "order-1", action: { name: "release.switch", input: { release: "r42" } } },
 *   { executionId: "execution-1", runner: "alice" },
 *   (request) => ({ current: request.action.input.release }),
 * );
 *
 * console.log(result.status); // APPLIED
 * ```
 */
export async function execute<Request extends ExecutionRequest>(
  request: Request,
  context: ExecutionContext,
  action: Action<Request>,
  ports: Ports = {},
): Promise<ExecutionResult> {
  // What cannot be read rejects here, while nothing is consumed yet (law 2).
  const { orderId, action: { name: _readable } } = request;
  const { executionId } = context;
  const order = { orderId, executionId };
  const call = action.bind(undefined);
  const { signal, clock = SYSTEM_CLOCK, consume = nothing, limits: given } = ports;
  const { watched = NEVER_ABORTED } = { watched: signal };
  const limits = resolveLimits(given);
  watched.throwIfAborted();

  // Consumed before attempted (law 6).
  const consumed = createFact("ORDER_CONSUMED", order, timestamp(toInstant(clock.now())));
  await consume.call(ports, { ...consumed }, request, context);

  const open = openTrace(order, request, context, clock, limits);
  watched.throwIfAborted();

  return new Promise((resolve) => {
    let observe = (settlement: Trace["settlement"], raw?: unknown): void => {
      observe = nothing; // The first observation is final (law 4).
      watched.removeEventListener("abort", giveUp);
      const trace = closeTrace(open, settlement, raw, clock, limits);
      const { fact, status } = ACTE_III[settlement];
      const facts = [
        consumed,
        createFact("ACTION_ATTEMPTED", order, trace.startedAt),
        createFact(fact, order, trace.endedAt),
      ];
      resolve(
        { contract: CONTRACT, ...order, consumed: true, status, facts, trace } as ExecutionResult,
      );
    };
    const unproven = (reason?: unknown) => {
      observe("UNPROVEN", reason);
      return null;
    };
    // A microtask later, when every listener of the signal has run (law 4).
    const giveUp = async () => {
      await undefined;
      observe("ABORTED", watched.reason);
    };
    const attempt = async () => await call(request, { context, signal, unproven });
    watched.addEventListener("abort", giveUp);

    attempt().then(
      (value) => {
        const { [typeof value]: settlement = "RETURNED" } = WITHOUT_PROOF as Record<
          string,
          "RETURNED_NOTHING"
        >;
        observe(settlement, value);
      },
      (error) => observe("THREW", error),
    );
  });
}
