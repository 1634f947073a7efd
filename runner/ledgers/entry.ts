/** What all ledgers do alike with an order: write it, tell its status, ask for pages of it. */
import {
  createFact,
  type ExecutionContext,
  type ExecutionRequest,
  type ExecutionResult,
  type Fact,
} from "deployer-runtime";
import { isTooDeep, LEVELS } from "../contract/depth.ts";
import { type Damage, LedgerDamaged, LedgerDown, OrderUnstorable } from "./errors.ts";
import { type Entry, type Filter, type Page, type Query, STATUSES } from "./ledger.ts";

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
  if (status !== null && !STATUSES.includes(status)) {
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
export function cursorOf(
  { fact: { at, orderId } }: Pick<Entry, "fact">,
): string {
  return JSON.stringify([at, orderId]);
}

/** How many are read at once, where all are. */
const PAGE = 500;

/**
 * All entries that are asked for, page by page: `entries()` of a ledger for which the next page costs
 * no more than the first.
 *
 * @param list The ledger's
 * @throws {LedgerDamaged} At its end, if something was damaged
 *
 * @example
 * ```ts
 * import { entriesOf } from "deployer-runner";
 * import { FolderLedger } from "deployer-runner/ledgers/folder";
 *
 * const ledger = new FolderLedger("ledger");
 * const entries = entriesOf((query) => ledger.list(query), { status: "FAILED" });
 * for await (const { fact } of entries) console.log(fact.orderId);
 * ```
 */
export async function* entriesOf(
  list: (query: Query) => Promise<Page>,
  filter?: Filter,
): AsyncGenerator<Entry> {
  const damages = new Map<string, Damage>(); // More than one page may name the same.
  let after: string | undefined;
  do {
    const page = await list({ ...filter, limit: PAGE, after });
    yield* page.entries;
    for (const damage of page.damages ?? []) {
      damages.set(`${damage.where} ${damage.problem}`, damage);
    }
    after = page.next;
  } while (after !== undefined);
  if (damages.size > 0) throw new LedgerDamaged([...damages.values()], []);
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
    fact,
    request,
    context,
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
    ...Object.entries(context?.annotations ?? {}).map(([key, value]): Expected => [
      `context.annotations.${key}`,
      value,
    ]),
  ]) ?? problemOfInstant("fact.at", fact?.at) ?? problemOfDepth(claim);
}

/** What is wrong with the result of an order that is consumed; `undefined` if nothing is. */
export function problemOfResult(
  consumed: Pick<Fact, "orderId" | "executionId">,
  result: unknown,
): string | undefined {
  const { orderId, executionId, status, facts, trace } = (result ?? {}) as NonNullable<Fields>;
  return problemOf([
    ["orderId", orderId, consumed.orderId],
    ["executionId", executionId, consumed.executionId],
    ["status", status, STATUSES.filter((status) => status !== "OPEN")],
  ]) ?? problemOfFacts(facts) ?? problemOfTrace(trace) ?? problemOfDepth(result);
}

/** An archive may have taken the facts of a result, and its trace: what is there is whole. */
function problemOfFacts(facts: unknown): string | undefined {
  if (facts === undefined) return undefined;
  if (!Array.isArray(facts)) return "facts is not a list";
  return problemOf(facts.flatMap((fact: Fields, i): Expected[] => [
    [`facts.${i}.at`, fact?.at],
    [`facts.${i}.type`, fact?.type],
  ]));
}

function problemOfTrace(trace: unknown): string | undefined {
  if (trace === undefined) return undefined;
  const { settlement, action, durationMs } = (trace ?? {}) as NonNullable<Fields>;
  return problemOf([
    ["trace.settlement", settlement],
    ["trace.action.name", (action as Fields)?.name],
  ]) ?? (Number.isFinite(durationMs) ? undefined : "trace.durationMs is not a number");
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
  return isTooDeep(value) ? `it has more than ${LEVELS} levels` : undefined;
}

/** The fact that nobody will ever know how an order ended. */
export function proofAbsent(consumed: Fact): Fact {
  return createFact("PROOF_ABSENT", consumed, new Date().toISOString());
}

/**
 * Refuses a claim that could not be read as it was written: its order would be executed, and damaged
 * for ever. Half of a character in an identity becomes the same replacement as any other half: the
 * order could not be told from others.
 *
 * @throws {OrderUnstorable} If it is one
 */
export function checkClaim(
  fact: Fact,
  request: ExecutionRequest,
  context: ExecutionContext,
): void {
  const { orderId, executionId } = fact;
  const problem = problemOfClaim(orderId, { fact, request, context }) ??
    (`${orderId} ${executionId}`.isWellFormed()
      ? undefined
      : "an identity holds half of a character");
  if (problem !== undefined) throw new OrderUnstorable(orderId, new Error(problem));
}

/**
 * Refuses a result that would be damage once it is stored, such as one that was redacted too much.
 *
 * @throws {LedgerDown} If it is one
 */
export function checkResult(failed: string, result: ExecutionResult): void {
  const problem = problemOfResult(result, result);
  if (problem !== undefined) throw new LedgerDown(`${failed}: ${problem}`);
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
