/**
 * The way of one order through the Deployer: read, consume, attempt, observe, result. No decision
 * stands here: what was observed becomes a status by one table.
 *
 * @module
 */
import { type Action, type Ports, read } from "./given.ts";
import type {
  ExecutionContext,
  ExecutionRequest,
  ExecutionResult,
  Trace,
} from "./schemas/types.ts";
import {
  closeTrace,
  CONTRACT as contract,
  createFact,
  openTrace,
  readClock,
  settle,
  settlementOf,
} from "./trace.ts";

/** ACTE III: what reached the Deployer first, the fact that it is, the status that it has. */
const ACTE_III = {
  RETURNED: { fact: "SUCCESS_OBSERVED", status: "APPLIED" },
  THREW: { fact: "FAILURE_OBSERVED", status: "FAILED" },
  RETURNED_NOTHING: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
  UNPROVEN: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
  ABORTED: { fact: "PROOF_ABSENT", status: "UNKNOWN" },
} as const;

/** What a later observation does: nothing. */
const ignore = () => null;

/**
 * Executes one order: consumes it, calls the action once, and tells what was observed first.
 *
 * @typeParam Request The type of the order that is given: the action's request has it too.
 * @param request The order; the action is given this very object.
 * @param context The circumstances, recorded as they are.
 * @param action What to do.
 * @param ports What the Runner provides.
 * @returns A plain object, valid against `execution-result.schema.json`.
 * @throws {TypeError} If an argument cannot be read, or the platform lacks a builtin that is needed.
 * @throws {RangeError} If a limit is not a number of at least 0.
 * @throws What `consume` throws or rejects with.
 * @throws The reason of a signal that is aborted by the time `consume` has ended. Whenever `execute`
 * rejects, the action was not called.
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
export async function execute<Request extends ExecutionRequest>(
  request: Request,
  context: ExecutionContext,
  action: Action<Request>,
  ports: Ports = {},
): Promise<ExecutionResult> {
  // Law 2: what cannot be read throws here, while nothing is consumed.
  const given = read(request, context, action, ports);
  const { orderId, executionId, consume, signal, watched } = given;
  watched.throwIfAborted();

  // Law 6: consumed before attempted. The Runner gets a fact of its own.
  const consumedAt = readClock(given.clock);
  await consume.call(ports, createFact("ORDER_CONSUMED", given, consumedAt), request, context);

  const open = openTrace(given, request, context);
  watched.throwIfAborted();

  const trace = await new Promise<Trace>((resolve, reject) => {
    // Law 4: the first observation is final. This is the one name here whose meaning changes.
    let observe = (settlement: Trace["settlement"], raw?: unknown): null => {
      observe = ignore;
      watched.removeEventListener("abort", giveUp);
      settle(() => closeTrace(given, open, settlement, raw), resolve, reject);
      return null;
    };
    const unproven = (reason?: unknown) => observe("UNPROVEN", reason);

    const giveUp = async () => {
      await undefined; // Law 4: until all listeners of the signal have run.
      observe("ABORTED", watched.reason);
    };
    watched.addEventListener("abort", giveUp);

    const attempt = async () => {
      const value = await action(request, { context, signal, unproven });
      observe(settlementOf(value), value);
    };
    attempt().catch((error) => observe("THREW", error));
  });

  const { fact, status } = ACTE_III[trace.settlement];
  const facts = [
    createFact("ORDER_CONSUMED", given, consumedAt),
    createFact("ACTION_ATTEMPTED", given, trace.startedAt),
    createFact(fact, given, trace.endedAt),
  ];
  const result = { contract, orderId, executionId, consumed: true, status, facts, trace };
  return result as ExecutionResult;
}
