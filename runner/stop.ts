/** Nothing begins after a stop. */
import type { Action, ExecutionRequest } from "deployer-runtime";

/**
 * The same action, but one that does not begin once a stop was asked for. An order that was at the
 * ledger at that time is consumed by then: it is FAILED, by an error that says that nothing was done.
 *
 * What is no function is handed on as it is, for `execute()` to refuse it before it is consumed.
 */
export function unlessStopped<Request extends ExecutionRequest>(
  stop: AbortSignal,
  action: Action<Request>,
): Action<Request> {
  if (typeof action !== "function") return action;
  return (...call) => {
    if (stop.aborted) throw new Error(`${(stop.reason as Error).message}: nothing was begun`);
    return action(...call);
  };
}
