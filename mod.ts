/**
 * Executes one deployment order, records faithfully what it observed, and decides nothing.
 *
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
 *
 * @module
 */
export { execute } from "./execute.ts";
export type { Action, Consume, Ports, Proof, Scope } from "./given.ts";
export { capture, type Captured, type CaptureLimits } from "./capture.ts";
export { type Clock, CONTRACT, createFact } from "./trace.ts";
export type {
  AppliedResult,
  ExecutionContext,
  ExecutionRequest,
  ExecutionResult,
  ExecutionStatus,
  Fact,
  FailedResult,
  Fidelity,
  ReturnedNothingTrace,
  ReturnedTrace,
  ThrewTrace,
  Trace,
  UnknownResult,
  UnprovenTrace,
} from "./schemas/types.ts";
