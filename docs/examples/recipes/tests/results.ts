import { type Action, execute, type ExecutionResult } from "deployer-runtime";

export const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const ACTIONS: Record<ExecutionResult["status"], Action> = {
  APPLIED: () => ({ current: "r42" }),
  FAILED: () => {
    throw new TypeError("disk full");
  },
  UNKNOWN: (_request, { unproven }) => unproven({ sent: true }),
};

/** A real result of each status. */
export function resultOf(
  status: ExecutionResult["status"],
  context: { traceparent?: string } = { traceparent: TRACEPARENT },
  action: Action = ACTIONS[status],
): Promise<ExecutionResult> {
  return execute(
    { orderId: "order-1", action: { name: "release.switch", input: { release: "r42" } } },
    { executionId: `execution-${status}`, runner: "night shift/é", ...context },
    action,
  );
}
