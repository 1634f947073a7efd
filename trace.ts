/**
 * Facts and traces as plain data: who, what, when, and what came of it.
 *
 * @module
 */
import { captureWithin, type Limits } from "./capture.ts";
import type { ExecutionContext, ExecutionRequest, Fact, Fidelity, Trace } from "./schemas/types.ts";

/** The contract that facts and results follow. */
export const CONTRACT = "deployer-runtime/v1";

/** The two identities that stand on everything that is recorded. */
export interface Identities {
  readonly orderId: string;
  readonly executionId: string;
}

/** The Runner's clock. Both readings must be finite numbers, of which none is validated. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Milliseconds from any origin, never stepping back. */
  monotonic(): number;
}

/** A trace whose action is about to be called. */
export type OpenTrace = Pick<Trace, "orderId" | "context" | "action" | "startedAt"> & {
  readonly inputFidelity: { input?: Fidelity };
  readonly started: { readonly now: number; readonly monotonic: number };
};

/** A fact that stands alone in a log. `at` as `timestamp` writes it. */
export function createFact(type: Fact["type"], order: Identities, at: string): Fact {
  const { orderId, executionId } = order;
  return { contract: CONTRACT, type, orderId, executionId, at };
}

/** Records what the action is given, then reads the clock. */
export function openTrace(
  { orderId, executionId }: Identities,
  request: ExecutionRequest,
  { runner, traceparent, annotations }: ExecutionContext,
  clock: Clock,
  limits: Limits,
): OpenTrace {
  const context: ExecutionContext = { executionId, runner };
  if (traceparent !== undefined) context.traceparent = traceparent;
  if (annotations !== undefined) context.annotations = { ...annotations };

  const { name, input } = request.action;
  const action: Trace["action"] = { name };
  const inputFidelity: OpenTrace["inputFidelity"] = {};
  if (input !== undefined) {
    const { value, fidelity } = captureWithin(input, limits);
    action.input = value;
    inputFidelity.input = fidelity;
  }

  const started = { now: toInstant(clock.now()), monotonic: clock.monotonic() };
  return { orderId, context, action, startedAt: timestamp(started.now), inputFidelity, started };
}

/** Reads the clock, then records what was observed. */
export function closeTrace(
  { started, inputFidelity, startedAt, ...attempted }: OpenTrace,
  settlement: Trace["settlement"],
  raw: unknown,
  clock: Clock,
  limits: Limits,
): Trace {
  const durationMs = toDuration(clock.monotonic() - started.monotonic);
  const endedAt = timestamp(toInstant(Math.round(started.now + durationMs)));
  const observed = { ...attempted, settlement, startedAt, endedAt, durationMs };
  // Nothing was given: `undefined` says something only where it was thrown.
  if (raw === undefined && settlement !== "THREW") {
    return { ...observed, fidelity: inputFidelity } as Trace;
  }
  const { value, fidelity } = captureWithin(raw, limits);
  const field = settlement === "RETURNED" ? "rawResult" : "rawError";
  return { ...observed, [field]: value, fidelity: { ...inputFidelity, raw: fidelity } } as Trace;
}

/** The first and the last millisecond that RFC 3339 can write, in milliseconds since 1970. */
const FIRST_INSTANT = -62_167_219_200_000;
const LAST_INSTANT = 253_402_300_799_999;

/** A reading of the wall clock in whole milliseconds, within the years that RFC 3339 can write. */
export function toInstant(now: number): number {
  return Math.min(Math.max(Math.trunc(now), FIRST_INSTANT), LAST_INSTANT);
}

/** Milliseconds with at most three decimals, never negative, never beyond what the years span. */
function toDuration(milliseconds: number): number {
  const span = Math.min(Math.max(milliseconds, 0), LAST_INSTANT - FIRST_INSTANT);
  return Math.round(span * 1000) / 1000;
}

const TWO_DIGITS = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, "0"));

/**
 * An instant in RFC 3339, UTC, with milliseconds: what `Date.prototype.toISOString` writes, in a
 * seventh of its time. The date is that of `civil_from_days` (Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms"): years begin in March, in eras of 400 years.
 */
export function timestamp(instant: number): string {
  const days = Math.floor(instant / 86_400_000);
  const milliseconds = instant - days * 86_400_000;
  const era = Math.floor((days + 719_468) / 146_097);
  const dayOfEra = days + 719_468 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month < 3 ? 1 : 0);
  const seconds = Math.floor(milliseconds / 1000);
  const two = (n: number) => TWO_DIGITS[n];
  return `${two(Math.floor(year / 100))}${two(year % 100)}-${two(month)}-${two(day)}T${
    two(Math.floor(seconds / 3600))
  }:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${
    String(milliseconds % 1000).padStart(3, "0")
  }Z`;
}
