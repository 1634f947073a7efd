/**
 * Facts and traces as plain data: who, what, when, and what came of it.
 *
 * @module
 */
import { captureWithin, type Limits } from "./capture.ts";
import type {
  ExecutionContext,
  ExecutionRequest,
  Fact,
  ReturnedTrace,
  ThrewTrace,
  Trace,
} from "./schemas/types.ts";

/**
 * The contract that facts and results follow.
 *
 * @example A reader knows what it reads
 * ```ts
 * import { CONTRACT, execute } from "./mod.ts";
 *
 * const order = { orderId: "order-1", action: { name: "release.switch" } };
 * const result = await execute(order, { executionId: "execution-1", runner: "alice" }, () => 1);
 *
 * console.log(result.contract === CONTRACT); // true
 * ```
 */
export const CONTRACT = "deployer-runtime/v1" as const;

/**
 * The clocks that stamp what is recorded. Neither may throw, and both must return finite numbers:
 * the Deployer validates nothing, and with a broken clock `execute()` may reject after the action was called.
 *
 * @example The clock of a test stands still
 * ```ts
 * import type { Clock } from "./mod.ts";
 *
 * const clock: Clock = { now: () => Date.UTC(2026, 0, 31), monotonic: () => 0 };
 * ```
 */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z; written within the years 0000 to 9999. */
  now(): number;
  /** Milliseconds from any origin, not stepping back. */
  monotonic(): number;
}

/** What every record of one execution needs: the identities on it, the clock, and the limits. */
export interface Recorder {
  readonly orderId: string;
  readonly executionId: string;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** What is known when the action is about to be called. */
export interface OpenTrace {
  readonly context: ExecutionContext;
  readonly action: Trace["action"];
  readonly fidelity: Trace["fidelity"];
  readonly start: number;
  readonly monotonicStart: number;
}

/**
 * A fact, which stands alone in a log: for a Runner that recovers an order whose result is lost.
 *
 * @param type What is observed.
 * @param identity Whose fact it is; only the two identities are read.
 * @param at When: RFC 3339, in UTC, with milliseconds.
 * @returns A plain object, valid against `fact.schema.json`.
 *
 * @example An order that is consumed and has no result
 * ```ts
 * import { createFact } from "./mod.ts";
 *
 * const fact = createFact(
 *   "PROOF_ABSENT",
 *   { orderId: "order-1", executionId: "execution-1" },
 *   new Date(0).toISOString(),
 * );
 *
 * console.log(fact.at); // 1970-01-01T00:00:00.000Z
 * ```
 */
export function createFact(
  type: Fact["type"],
  { orderId, executionId }: Pick<Fact, "orderId" | "executionId">,
  at: string,
): Fact {
  return { contract: CONTRACT, type, orderId, executionId, at };
}

/** The wall clock's time, as it is written. */
export function readClock(clock: Clock): string {
  return timestamp(toInstant(clock.now()));
}

/** How a call has settled that returned `value`: `undefined` is no value, and no proof. */
export function settlementOf(value: unknown): "RETURNED" | "RETURNED_NOTHING" {
  return value === undefined ? "RETURNED_NOTHING" : "RETURNED";
}

/** Records what the action is given, then reads the clock. */
export function openTrace(
  { executionId, clock, limits }: Recorder,
  request: ExecutionRequest,
  { runner, traceparent, annotations }: ExecutionContext,
): OpenTrace {
  const context: ExecutionContext = { executionId, runner };
  if (traceparent !== undefined) context.traceparent = traceparent;
  if (annotations !== undefined) {
    context.annotations = { ...annotations };
  }

  const { name, input } = request.action;
  const action: Trace["action"] = { name };
  const fidelity: Trace["fidelity"] = {};
  if (input !== undefined) {
    const captured = captureWithin(input, limits);
    action.input = captured.value;
    fidelity.input = captured.fidelity;
  }

  const start = toInstant(clock.now());
  return { context, action, fidelity, start, monotonicStart: clock.monotonic() };
}

/** Reads the clock, then records what was observed. */
export function closeTrace(
  { orderId, clock, limits }: Recorder,
  { context, action, fidelity, start, monotonicStart }: OpenTrace,
  settlement: Trace["settlement"],
  raw: unknown,
): Trace {
  const elapsed = Math.min(Math.max(clock.monotonic() - monotonicStart, 0), LAST_INSTANT);
  const durationMs = Math.round(elapsed * 1000) / 1000;
  const startedAt = timestamp(start);
  const endedAt = timestamp(toInstant(Math.round(start + durationMs)));
  const trace = { orderId, context, action, settlement, startedAt, endedAt, durationMs } as Trace;
  // `undefined` says something only where it was thrown; elsewhere nothing was given.
  if (raw !== undefined || settlement === "THREW") {
    const captured = captureWithin(raw, limits);
    fidelity.raw = captured.fidelity;
    if (settlement === "RETURNED") (trace as ReturnedTrace).rawResult = captured.value;
    else (trace as ThrewTrace).rawError = captured.value;
  }
  trace.fidelity = fidelity;
  return trace;
}

/**
 * Hands on what was recorded, or what kept it from being recorded, such as a clock that throws.
 */
export function settle<Recorded>(
  record: () => Recorded,
  resolve: (recorded: Recorded) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(record());
  } catch (error) {
    reject(error);
  }
}

/** The first and the last millisecond that RFC 3339 can write, in milliseconds since 1970. */
const FIRST_INSTANT = -62_167_219_200_000;
const LAST_INSTANT = 253_402_300_799_999;

/** A reading of the wall clock in whole milliseconds, within the years that RFC 3339 can write. */
function toInstant(now: number): number {
  return Math.min(Math.max(Math.trunc(now), FIRST_INSTANT), LAST_INSTANT);
}

/** The last second that was written, and how: an execution's three timestamps mostly share it. */
let second = NaN;
let written = "";
const THOUSANDTHS = Array.from({ length: 1000 }, (_, n) => `${n}Z`.padStart(4, "0"));

/**
 * An instant as `Date.prototype.toISOString` writes it: RFC 3339, UTC, with milliseconds.
 * Writing the date anew each time would be most of the cost of an execution.
 */
export function timestamp(instant: number): string {
  const current = Math.floor(instant / 1000);
  if (current !== second) {
    second = current;
    written = new Date(current * 1000).toISOString().slice(0, -4);
  }
  return written + THOUSANDTHS[instant - current * 1000];
}
