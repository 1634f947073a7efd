// Generated from schemas/*.schema.json by `npm run generate`. Do not edit.

/**
 * What the Deployer observed of one execution of one order. Open: readers ignore what they do not know. Not stated here, because JSON Schema cannot: orderId and executionId are the same wherever they stand; ACTION_ATTEMPTED is at trace.startedAt and the last fact at trace.endedAt, which is startedAt plus durationMs, rounded; fidelity counts the tags of the value that it describes.
 */
export type ExecutionResult = AppliedResult | FailedResult | UnknownResult;
/**
 * What was attempted and what was observed of it. Open: readers ignore what they do not know.
 */
export type Trace = ReturnedTrace | ThrewTrace | ReturnedNothingTrace | UnprovenTrace;
/**
 * What was observed of the action. APPLIED: a success was observed, which rests on the action's author, who vouches that the returned value is proof. FAILED: a failure was observed; it does not claim that nothing was changed. UNKNOWN: no proof was observed; it is final and never says that the action is still running. No status says anything about the application being up or down.
 */
export type ExecutionStatus = "APPLIED" | "FAILED" | "UNKNOWN";

/**
 * The circumstances of one execution, provided by the Runner and recorded as given. Closed: a validator refuses an unknown property; the Deployer itself validates nothing.
 */
export interface ExecutionContext {
  /**
   * Identity of this execution of the order.
   */
  executionId: string;
  /**
   * Who ordered the execution.
   */
  runner: string;
  /**
   * W3C Trace Context, for correlation: version, trace-id, parent-id and flags, the two identities not all zeros.
   */
  traceparent?: string;
  /**
   * Whatever the Runner wants to find again in the trace: carried as they are, never read.
   */
  annotations?: Record<string, string>;
}
/**
 * An order: what a Runner asks the Deployer to execute, once. Closed: a validator refuses an unknown property, so that a typing error is found; the Deployer itself validates nothing.
 */
export interface ExecutionRequest {
  /**
   * Address of this schema, for an editor that checks the order while it is typed. The Deployer ignores it.
   */
  $schema?: string;
  /**
   * Identity of the order. Two requests with the same orderId are the same order.
   */
  orderId: string;
  /**
   * The action asked for.
   */
  action: {
    /**
     * Name of the action: recorded, never interpreted.
     */
    name: string;
    /**
     * Any JSON, handed to the action as it is. Opaque: the Deployer records it and never reads it.
     */
    input?: unknown;
  };
}
/**
 * ExecutionResult: status is APPLIED.
 */
export interface AppliedResult {
  /**
   * The contract that this document follows, with its major version.
   */
  contract: "deployer-runtime/v1";
  /**
   * Identity of the order, as given.
   */
  orderId: string;
  /**
   * Identity of the execution, as given.
   */
  executionId: string;
  /**
   * The order is consumed, whatever the status: it was so before the action was called.
   */
  consumed: true;
  /**
   * What was observed of the action.
   */
  status: "APPLIED";
  /**
   * The three facts of the execution, in the order of observation: ORDER_CONSUMED, ACTION_ATTEMPTED, and what was observed.
   *
   * @minItems 3
   * @maxItems 3
   */
  facts: [Fact, Fact, Fact];
  /**
   * What was attempted, and what was observed of it.
   */
  trace: ReturnedTrace;
}
/**
 * One thing that was observed of an order, standing alone in a log. Open: readers ignore what they do not know.
 */
export interface Fact {
  /**
   * The contract that this document follows, with its major version.
   */
  contract: "deployer-runtime/v1";
  /**
   * ORDER_CONSUMED: the order was handed to the Runner's consume port. ACTION_ATTEMPTED: the action was called. SUCCESS_OBSERVED, FAILURE_OBSERVED, PROOF_ABSENT: what was observed of it; the last may also be appended by a Runner that recovers a consumed order without a result.
   */
  type: "ORDER_CONSUMED" | "ACTION_ATTEMPTED" | "SUCCESS_OBSERVED" | "FAILURE_OBSERVED" | "PROOF_ABSENT";
  /**
   * Identity of the order.
   */
  orderId: string;
  /**
   * Identity of the execution.
   */
  executionId: string;
  /**
   * When it was observed, by the Runner's clock; ORDER_CONSUMED: when the fact was handed to consume. The order of facts is their order in the list: a wall clock may step back between two of them.
   */
  at: string;
}
/**
 * Trace: settlement is RETURNED.
 */
export interface ReturnedTrace {
  /**
   * Identity of the order.
   */
  orderId: string;
  /**
   * The ExecutionContext as it was when the action was called.
   */
  context: ExecutionContext;
  /**
   * The action attempted, as it was when it was called.
   */
  action: {
    /**
     * Name of the action, as asked for.
     */
    name: string;
    /**
     * The input that the action was given; absent when the request had none.
     */
    input?: unknown;
  };
  /**
   * How the observation ended. RETURNED: the action returned a value, which its author vouches for as proof. THREW: it threw or rejected. RETURNED_NOTHING: it returned undefined. UNPROVEN: it said itself that it cannot tell. ABORTED: the Runner stopped waiting. After UNPROVEN and ABORTED the action itself may still be at work.
   */
  settlement: "RETURNED";
  /**
   * When the action was called.
   */
  startedAt: string;
  /**
   * When the observation ended, not the action: startedAt plus durationMs, rounded to the millisecond.
   */
  endedAt: string;
  /**
   * Milliseconds from the call to the observation, by the monotonic clock, with at most three decimals.
   */
  durationMs: number;
  /**
   * The value that the action returned; present exactly when settlement is RETURNED.
   */
  rawResult: unknown;
  /**
   * How faithful the recorded values are, for what was recorded.
   */
  fidelity: {
    /**
     * Fidelity of action.input; present exactly when that is.
     */
    input?: Fidelity;
    /**
     * Fidelity of rawResult or rawError; present exactly when one of them is.
     */
    raw?: Fidelity;
  };
}
/**
 * How faithful a recorded value is: how many of the tagged objects ($js) in it stand for what JSON cannot say. Open: readers ignore what they do not know.
 */
export interface Fidelity {
  /**
   * True exactly when nothing was tagged, cut or unreadable: the recorded JSON equals the value.
   */
  exact: boolean;
  /**
   * How many tags stand for a value that JSON cannot say, truncated and unreadable ones apart.
   */
  tagged: number;
  /**
   * How many tags say that something was cut by a limit of the capture.
   */
  truncated: number;
  /**
   * How many tags stand for a value that threw when it was read.
   */
  unreadable: number;
}
/**
 * ExecutionResult: status is FAILED.
 */
export interface FailedResult {
  /**
   * The contract that this document follows, with its major version.
   */
  contract: "deployer-runtime/v1";
  /**
   * Identity of the order, as given.
   */
  orderId: string;
  /**
   * Identity of the execution, as given.
   */
  executionId: string;
  /**
   * The order is consumed, whatever the status: it was so before the action was called.
   */
  consumed: true;
  /**
   * What was observed of the action.
   */
  status: "FAILED";
  /**
   * The three facts of the execution, in the order of observation: ORDER_CONSUMED, ACTION_ATTEMPTED, and what was observed.
   *
   * @minItems 3
   * @maxItems 3
   */
  facts: [Fact, Fact, Fact];
  /**
   * What was attempted, and what was observed of it.
   */
  trace: ThrewTrace;
}
/**
 * Trace: settlement is THREW.
 */
export interface ThrewTrace {
  /**
   * Identity of the order.
   */
  orderId: string;
  /**
   * The ExecutionContext as it was when the action was called.
   */
  context: ExecutionContext;
  /**
   * The action attempted, as it was when it was called.
   */
  action: {
    /**
     * Name of the action, as asked for.
     */
    name: string;
    /**
     * The input that the action was given; absent when the request had none.
     */
    input?: unknown;
  };
  /**
   * How the observation ended. RETURNED: the action returned a value, which its author vouches for as proof. THREW: it threw or rejected. RETURNED_NOTHING: it returned undefined. UNPROVEN: it said itself that it cannot tell. ABORTED: the Runner stopped waiting. After UNPROVEN and ABORTED the action itself may still be at work.
   */
  settlement: "THREW";
  /**
   * When the action was called.
   */
  startedAt: string;
  /**
   * When the observation ended, not the action: startedAt plus durationMs, rounded to the millisecond.
   */
  endedAt: string;
  /**
   * Milliseconds from the call to the observation, by the monotonic clock, with at most three decimals.
   */
  durationMs: number;
  /**
   * What was thrown, undefined too (THREW), or the reason that was given, if one was (UNPROVEN, ABORTED).
   */
  rawError: unknown;
  /**
   * How faithful the recorded values are, for what was recorded.
   */
  fidelity: {
    /**
     * Fidelity of action.input; present exactly when that is.
     */
    input?: Fidelity;
    /**
     * Fidelity of rawResult or rawError; present exactly when one of them is.
     */
    raw?: Fidelity;
  };
}
/**
 * ExecutionResult: status is UNKNOWN.
 */
export interface UnknownResult {
  /**
   * The contract that this document follows, with its major version.
   */
  contract: "deployer-runtime/v1";
  /**
   * Identity of the order, as given.
   */
  orderId: string;
  /**
   * Identity of the execution, as given.
   */
  executionId: string;
  /**
   * The order is consumed, whatever the status: it was so before the action was called.
   */
  consumed: true;
  /**
   * What was observed of the action.
   */
  status: "UNKNOWN";
  /**
   * The three facts of the execution, in the order of observation: ORDER_CONSUMED, ACTION_ATTEMPTED, and what was observed.
   *
   * @minItems 3
   * @maxItems 3
   */
  facts: [Fact, Fact, Fact];
  /**
   * What was attempted, and what was observed of it.
   */
  trace: ReturnedNothingTrace | UnprovenTrace;
}
/**
 * Trace: settlement is RETURNED_NOTHING.
 */
export interface ReturnedNothingTrace {
  /**
   * Identity of the order.
   */
  orderId: string;
  /**
   * The ExecutionContext as it was when the action was called.
   */
  context: ExecutionContext;
  /**
   * The action attempted, as it was when it was called.
   */
  action: {
    /**
     * Name of the action, as asked for.
     */
    name: string;
    /**
     * The input that the action was given; absent when the request had none.
     */
    input?: unknown;
  };
  /**
   * How the observation ended. RETURNED: the action returned a value, which its author vouches for as proof. THREW: it threw or rejected. RETURNED_NOTHING: it returned undefined. UNPROVEN: it said itself that it cannot tell. ABORTED: the Runner stopped waiting. After UNPROVEN and ABORTED the action itself may still be at work.
   */
  settlement: "RETURNED_NOTHING";
  /**
   * When the action was called.
   */
  startedAt: string;
  /**
   * When the observation ended, not the action: startedAt plus durationMs, rounded to the millisecond.
   */
  endedAt: string;
  /**
   * Milliseconds from the call to the observation, by the monotonic clock, with at most three decimals.
   */
  durationMs: number;
  /**
   * How faithful the recorded values are, for what was recorded.
   */
  fidelity: {
    /**
     * Fidelity of action.input; present exactly when that is.
     */
    input?: Fidelity;
    /**
     * Fidelity of rawResult or rawError; present exactly when one of them is.
     */
    raw?: Fidelity;
  };
}
/**
 * Trace: settlement is UNPROVEN or ABORTED.
 */
export interface UnprovenTrace {
  /**
   * Identity of the order.
   */
  orderId: string;
  /**
   * The ExecutionContext as it was when the action was called.
   */
  context: ExecutionContext;
  /**
   * The action attempted, as it was when it was called.
   */
  action: {
    /**
     * Name of the action, as asked for.
     */
    name: string;
    /**
     * The input that the action was given; absent when the request had none.
     */
    input?: unknown;
  };
  /**
   * How the observation ended. RETURNED: the action returned a value, which its author vouches for as proof. THREW: it threw or rejected. RETURNED_NOTHING: it returned undefined. UNPROVEN: it said itself that it cannot tell. ABORTED: the Runner stopped waiting. After UNPROVEN and ABORTED the action itself may still be at work.
   */
  settlement: "UNPROVEN" | "ABORTED";
  /**
   * When the action was called.
   */
  startedAt: string;
  /**
   * When the observation ended, not the action: startedAt plus durationMs, rounded to the millisecond.
   */
  endedAt: string;
  /**
   * Milliseconds from the call to the observation, by the monotonic clock, with at most three decimals.
   */
  durationMs: number;
  /**
   * What was thrown, undefined too (THREW), or the reason that was given, if one was (UNPROVEN, ABORTED).
   */
  rawError?: unknown;
  /**
   * How faithful the recorded values are, for what was recorded.
   */
  fidelity: {
    /**
     * Fidelity of action.input; present exactly when that is.
     */
    input?: Fidelity;
    /**
     * Fidelity of rawResult or rawError; present exactly when one of them is.
     */
    raw?: Fidelity;
  };
}
