/** What all ledgers do alike with an order: write it, tell its status, ask for pages of it. */
import { createFact, type ExecutionResult, type Fact } from "deployer-runtime";
import { isTooDeep, LEVELS } from "../depth.ts";
import { OrderUnstorable } from "./errors.ts";
import type { Entry, Query } from "./ledger.ts";

/**
 * "DEPL": the number by which SQLite's files and PostgreSQL's locks say that they are a ledger's.
 * `postgres.sql` has it as 1145393228.
 */
export const MARK = 0x4445504c;

/** A query with nothing left open: instants as the facts have them, texts as JSON writes them. */
export interface Selection {
  status: Entry["status"] | null;
  since: string | null;
  until: string | null;
  text: string | null;
  limit: number;
  /** Place of the last order of the page before. */
  after: { at: string; orderId: string } | null;
}

/**
 * Reads a query.
 *
 * @throws {RangeError} If a field of it cannot be understood
 */
export function select(query: Query = {}): Selection {
  const { status = null, since, until, text = null, limit = 100, after } = query;
  if (
    status !== null &&
    !["OPEN", "APPLIED", "FAILED", "UNKNOWN"].includes(status)
  ) {
    throw wrong("status", "OPEN, APPLIED, FAILED or UNKNOWN", status);
  }
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw wrong("limit", "at least 1", limit);
  }
  return {
    status,
    since: instant("since", since),
    until: instant("until", until),
    text: text === null ? null : JSON.stringify(text).slice(1, -1),
    limit,
    after: after === undefined ? null : place(after),
  };
}

/** Where the page after this entry begins. */
export function placeOf(
  { fact: { at, orderId } }: Pick<Entry, "fact">,
): string {
  return JSON.stringify([at, orderId]);
}

/** An entry from what is held of an order. Its status is final once it is closed. */
export function entryOf(
  held: Pick<Entry, "fact" | "request" | "context">,
  result: ExecutionResult | null | undefined,
  recovered: Fact | null | undefined,
): Entry {
  const { fact, request, context } = held;
  return {
    status: recovered ? "UNKNOWN" : result ? result.status : "OPEN",
    ...{ fact, request, context },
    ...result && { result },
    ...recovered && { recovered },
  };
}

/** Which texts a part of an order must hold; with a value, that very one. */
type Expected = [field: string, received: unknown, value?: string | readonly string[]];

/** What is wrong with the entry of an order, as it was read; `undefined` if nothing is. */
export function problemOfClaim(orderId: string, claim: unknown): string | undefined {
  const { fact, request, context } = (claim ?? {}) as Partial<Record<string, Fields>>;
  return problemOf([
    ["fact.orderId", fact?.orderId, orderId],
    ["fact.executionId", fact?.executionId],
    ["fact.type", fact?.type, "ORDER_CONSUMED"],
    ["fact.at", fact?.at],
    ["request.orderId", request?.orderId, orderId],
    ["request.action.name", (request?.action as Fields)?.name],
    ["context.executionId", context?.executionId, fact?.executionId as string],
    ["context.runner", context?.runner],
  ]) ?? problemOfInstant("fact.at", fact?.at) ?? problemOfDepth(claim);
}

/**
 * What is wrong with the result of an order that is consumed; `undefined` if nothing is. Only what
 * every reader of it relies on is looked at: a value that was recorded may be anything.
 */
export function problemOfResult(consumed: Fact, result: unknown): string | undefined {
  const { orderId, executionId, status, facts, trace } = (result ?? {}) as NonNullable<Fields>;
  const { settlement, durationMs, action } = (trace ?? {}) as NonNullable<Fields>;
  const observed: Fields[] = Array.isArray(facts) ? facts : [];
  return problemOf([
    ["orderId", orderId, consumed.orderId],
    ["executionId", executionId, consumed.executionId],
    ["status", status, ["APPLIED", "FAILED", "UNKNOWN"]],
    ["trace.settlement", settlement],
    ["trace.action.name", (action as Fields)?.name],
    ...[0, 1, 2].flatMap((i): Expected[] => [
      [`facts[${i}].type`, observed[i]?.type],
      [`facts[${i}].at`, observed[i]?.at],
    ]),
  ]) ?? (Number.isFinite(durationMs) ? undefined : "trace.durationMs is not a number") ??
    problemOfDepth(result);
}

/** What is wrong with the fact that an order was recovered; `undefined` if nothing is. */
export function problemOfRecovered(consumed: Fact, recovered: unknown): string | undefined {
  const { orderId, executionId, type, at } = (recovered ?? {}) as NonNullable<Fields>;
  return problemOf([
    ["orderId", orderId, consumed.orderId],
    ["executionId", executionId, consumed.executionId],
    ["type", type, "PROOF_ABSENT"],
    ["at", at],
  ]) ?? problemOfInstant("at", at) ?? problemOfDepth(recovered);
}

type Fields = Record<string, unknown> | null | undefined;

function problemOf(expected: Expected[]): string | undefined {
  for (const [field, received, value = received] of expected) {
    if (typeof received !== "string") return `${field} is not a text`;
    if (![value].flat().includes(received)) {
      return `${field} is ${JSON.stringify(received)}, not ${[value].flat().join(", ")}`;
    }
  }
}

function problemOfInstant(field: string, at: unknown): string | undefined {
  return Number.isNaN(Date.parse(at as string)) ? `${field} is not an instant` : undefined;
}

/** One that is too deep would end each list that it is in. */
function problemOfDepth(value: unknown): string | undefined {
  return isTooDeep(value) ? `has more than ${LEVELS} levels` : undefined;
}

/** The fact that nobody will ever know how an order ended. */
export function proofAbsent(consumed: Fact): Fact {
  return createFact("PROOF_ABSENT", consumed, new Date().toISOString());
}

/**
 * Refuses an identity that cannot be told from others once it is written: half of a character
 * becomes the same replacement as any other half.
 *
 * @throws {OrderUnstorable} If it holds one
 */
export function checkIdentity(orderId: string): void {
  if (orderId.isWellFormed()) return;
  throw new OrderUnstorable(
    orderId,
    new Error("its identity holds half of a character"),
  );
}

function instant(
  field: string,
  value: string | Date | undefined,
): string | null {
  if (value === undefined) return null;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw wrong(field, "an instant", value);
  return date.toISOString();
}

function place(after: string): { at: string; orderId: string } {
  try {
    const [at, orderId] = JSON.parse(after);
    if (typeof at === "string" && typeof orderId === "string") {
      return { at, orderId };
    }
  } catch { /* Said below. */ }
  throw wrong("after", "the next of a page", after);
}

function wrong(field: string, expected: string, received: unknown): RangeError {
  return new RangeError(
    `${field} must be ${expected}: received ${JSON.stringify(received)}`,
  );
}
