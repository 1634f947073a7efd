/** A result of each settlement, made by the Deployer itself at a fixed time. */
import { createFact, execute, type ExecutionResult, type Fact, type Scope } from "../../mod.ts";

export const AT: number = Date.UTC(2026, 0, 31, 9, 30);

export interface Order {
  readonly orderId: string;
  readonly input?: unknown;
}

/** What the Deployer makes of an action that returns, throws, says that it cannot tell, or is left alone. */
export function resultOf(
  { orderId, input }: Order,
  act: (unproven: Scope["unproven"]) => unknown,
  signal?: AbortSignal,
): Promise<ExecutionResult> {
  const readings = [AT, AT + 4];
  const monotonic = [0, 125.752];
  const clock = { now: () => readings.shift()!, monotonic: () => monotonic.shift()! };
  return execute(
    { orderId, action: { name: "release.switch", ...input !== undefined && { input } } },
    { executionId: `execution of ${orderId}`, runner: "alice", annotations: { commit: "1f3a9c" } },
    // What a test's action returns is nobody's proof: the compiler need not ask for one.
    (_request, { unproven }) => act(unproven) as null,
    { clock, ...signal && { signal } },
  );
}

/** A consumed order, and the fact by which a Runner closes it. */
export function lost(orderId: string): { consumed: Fact; closed: Fact } {
  const identity = { orderId, executionId: `execution of ${orderId}` };
  return {
    consumed: createFact("ORDER_CONSUMED", identity, new Date(AT).toISOString()),
    closed: createFact("PROOF_ABSENT", identity, new Date(AT + 60_000).toISOString()),
  };
}
