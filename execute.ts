/**
 * The way of one order through the Deployer: consume, attempt, observe, result. No decision stands
 * here: what was observed becomes a status by one table.
 *
 * @module
 */
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "./schemas/types.ts";
import {
  type CaptureLimits,
  type Clock,
  closeTrace,
  CONTRACT as contract,
  createFact,
  openTrace,
  resolveLimits,
} from "./trace.ts";

/** What an action returns: any value but `undefined`, which proves nothing. */
export type Proof =
  | (object & { readonly then?: undefined })
  | (string | number | boolean | bigint | symbol | null);

/** What an action is given beside the request. */
export interface Scope {
  /** The context as the Runner gave it. */
  readonly context: ExecutionContext;
  /** The Runner's signal: once it aborts, the Runner does not wait for the action. */
  readonly signal: AbortSignal | undefined;
  /** Says that the action cannot tell what came of it: UNKNOWN, with the reason as evidence. */
  readonly unproven: (reason?: unknown) => null;
}

/** The function that does the work. Its author vouches that what it returns proves success. */
export type Action<Request extends ExecutionRequest = ExecutionRequest> = (
  request: Request,
  scope: Scope,
) => Proof | PromiseLike<Proof>;

/** Makes it durable that an order is consumed, or rejects: then the action is not called. */
export type Consume = (fact: Fact, request: ExecutionRequest, context: ExecutionContext) => unknown;

/** What the Runner may provide: trusted code. Each is read once; `undefined` means absent. */
export interface Ports {
  /** "Stop waiting": when it aborts, the observation ends. None by default. */
  readonly signal?: AbortSignal | undefined;
  /** The system's clocks by default. */
  readonly clock?: Clock | undefined;
  /** Called with these ports as `this`, and awaited before the action is called. */
  readonly consume?: Consume | undefined;
  /** How much is recorded of the input and of what was observed. */
  readonly limits?: CaptureLimits | undefined;
}

/** ACTE III: what reached the Deployer first, the fact that it is, the status that it has. */
const ACTE_III = {
  RETURNED: { fact: "SUCCESS_OBSERVED", status: "APPLIED" },
  THREW: { fact: "FAILURE_OBSERVED", status: "FAILED" },
  RETURNED_NOTHING: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
  UNPROVEN: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
  ABORTED: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
} as const;

/** By `typeof`: the one returned value that is no proof. */
const NO_PROOF: Record<string, "RETURNED_NOTHING"> = { undefined: "RETURNED_NOTHING" };

const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
const nothing = () => null;
/** By `typeof`: what is called as an action. */
const CALLABLE: Record<string, () => void> = { function: nothing };
/** What is watched where there is no signal. */
const NEVER = { throwIfAborted() {}, addEventListener() {}, removeEventListener() {}, reason: 0 };

/**
 * Executes one order: consumes it, calls the action once, and tells what was observed first.
 *
 * @param request The order; the action is given this very object.
 * @param context The circumstances, recorded as they are.
 * @param action What to do.
 * @param ports What the Runner provides.
 * @returns A plain object, valid against `execution-result.schema.json`.
 * @throws {TypeError} If request or context cannot be read, or action is no function.
 * @throws {RangeError} If a limit is not a number of at least 0.
 * @throws What `consume` rejects with, or the reason of a signal that is aborted by the time it has
 * ended. Whenever `execute` rejects, the action was not called.
 *
 * @example An order, and what was observed of it
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
export function execute<Request extends ExecutionRequest>(
  request: Request,
  context: ExecutionContext,
  action: Action<Request>,
  ports: Ports = {},
): Promise<ExecutionResult> {
  return new Promise((resolve, reject) => {
    let threw = reject;
    (async () => {
      // Law 2: what cannot be read rejects here, while nothing is consumed.
      const { orderId, action: { name: _readable } } = request;
      const { executionId } = context;
      const { [typeof action]: theAction } = CALLABLE;
      theAction!(); // A TypeError, if it is no function.
      const { signal, clock = SYSTEM_CLOCK, consume = nothing, limits } = ports;
      const { watched = NEVER } = { watched: signal };
      const recorder = { orderId, executionId, clock, limits: resolveLimits(limits) };
      watched.throwIfAborted();

      // Law 6: consumed before attempted. The copy of the fact is the Runner's own.
      const consumed = createFact("ORDER_CONSUMED", recorder);
      await consume.call(ports, { ...consumed }, request, context);

      const open = openTrace(recorder, request, context);
      watched.throwIfAborted();
      let observe = (settlement: keyof typeof ACTE_III, raw?: unknown): null => {
        observe = nothing; // Law 4: the first observation is final.
        watched.removeEventListener("abort", giveUp);
        const { fact, status } = ACTE_III[settlement];
        const trace = closeTrace(recorder, open, settlement, raw);
        const attempted = createFact("ACTION_ATTEMPTED", recorder, trace.startedAt);
        const facts = [consumed, attempted, createFact(fact, recorder, trace.endedAt)];
        const result = { contract, orderId, executionId, consumed: true, status, facts, trace };
        resolve(result as ExecutionResult);
        return null;
      };
      const unproven = (reason?: unknown) => observe("UNPROVEN", reason);
      const giveUp = async () => {
        await undefined; // Law 4: until all listeners of the signal have run.
        observe("ABORTED", watched.reason);
      };
      watched.addEventListener("abort", giveUp);

      // A tick behind the abort: what the action throws because of it is no failure.
      threw = (error) => observe("THREW", error);
      const value = await action(request, { context, signal, unproven });
      const { [typeof value]: settlement = "RETURNED" } = NO_PROOF;
      observe(settlement, value);
    })().catch((error) => threw(error));
  });
}
