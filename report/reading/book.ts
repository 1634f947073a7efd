/**
 * All that was read, as one row an execution. Documents of the same execution, such as the claim
 * and the result of a folder ledger, are one row; the same document once more changes nothing.
 */
import { beginning } from "./beginning.ts";
import { instantOf, lengthOf } from "./instant.ts";
import { contained, type Fields, isFields, type Part, recognise } from "./recognise.ts";
import type { Fault, Found } from "./split.ts";

/** A status, OPEN where there is neither a result nor a closing fact, INVALID where it is none. */
export type Status = "APPLIED" | "FAILED" | "UNKNOWN" | "OPEN" | "INVALID";
export const STATUSES: readonly Status[] = ["UNKNOWN", "FAILED", "APPLIED", "OPEN", "INVALID"];

/** What the list shows of an execution. */
export interface Row {
  /** Place in the book, from 0. */
  readonly id: number;
  readonly orderId: string;
  readonly executionId: string;
  status: Status;
  /** Empty without a result. */
  settlement: string;
  action: string;
  runner: string;
  /** When the action was called; without a result, when the order was consumed. NaN if unreadable. */
  at: number;
  /** Milliseconds; NaN without a result. */
  duration: number;
  /** Why it is not APPLIED, on one line; empty if it is, or is OPEN. */
  reason: string;
  /** How many findings there are against the result. */
  findings: number;
  hasResult: boolean;
  /** Where it was read. */
  readonly documents: Document[];
}

/** A document as it was read. */
export interface Document {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

/** Something that could not be read. */
export interface Refusal extends Fault {
  readonly file: string;
}

/** All that is known of an execution. */
export interface Execution {
  readonly result?: Fields;
  /** The JSON of the result, as it was read where it stood alone. */
  readonly json?: string;
  readonly claim?: Extract<Part, { kind: "claim" }>;
  readonly facts: readonly Fields[];
}

export class Book {
  readonly rows: Row[] = [];
  readonly refusals: Refusal[] = [];
  readonly #byOrder = new Map<string, Row[]>();
  readonly #names = new Map<string, string>();
  readonly #judge: (result: Fields) => number;
  readonly #explain: (result: Fields) => string;

  /**
   * @param judge How many findings there are against a result
   * @param explain Why a result is not APPLIED; empty if it is
   */
  constructor(judge: (result: Fields) => number, explain: (result: Fields) => string = () => "") {
    this.#judge = judge;
    this.#explain = explain;
  }

  /** Takes what a splitter found in a file. */
  add(found: Found | Fault, file: string): void {
    if (!("value" in found)) {
      this.refusals.push({ ...found, file });
      return;
    }
    const { value, text, line } = found;
    const all = contained(value);
    for (const document of all) {
      // What lies in a page is a document of its own: it can be looked for, and looked at, alone.
      const own = document === value ? text : JSON.stringify(document);
      try {
        for (const part of recognise(document)) this.#enter(part, { text: own, file, line });
      } catch (error) {
        this.refusals.push({ file, line, reason: (error as Error).message });
      }
    }
  }

  /** The other rows of the same order: there should be none. */
  others(row: Row): Row[] {
    return (this.#byOrder.get(row.orderId) ?? []).filter((other) => other !== row);
  }

  /** @param executionId If it is not given, the order's first */
  find(orderId: string, executionId?: string): Row | undefined {
    return this.#byOrder.get(orderId)
      ?.find((row) => executionId === undefined || row.executionId === executionId);
  }

  #enter(part: Part, document: Document): void {
    const { orderId, executionId } = identities(part);
    const rows = this.#byOrder.get(orderId) ?? [];
    const same = orderId === "" ? [] : rows.filter((row) => row.executionId === executionId);
    let row = same[0];
    if (row && part.kind === "result" && row.hasResult) {
      const json = JSON.stringify(part.result);
      if (same.some((row) => JSON.stringify(executionOf(row).result) === json)) return;
      row = undefined; // Two results of one execution: both are shown.
    }
    if (!row) {
      row = this.#newRow(orderId, executionId);
      this.#byOrder.set(orderId, [...rows, row]);
    }
    if (row.documents.at(-1)?.text !== document.text) row.documents.push(document);
    if (part.kind === "result") this.#enterResult(row, part.result);
    else if (part.kind === "claim") this.#enterClaim(row, part);
    else this.#enterFact(row, part.fact);
  }

  #newRow(orderId: string, executionId: string): Row {
    const row: Row = {
      id: this.rows.length,
      orderId,
      executionId,
      status: "OPEN",
      settlement: "",
      action: "",
      runner: "",
      at: NaN,
      duration: NaN,
      findings: 0,
      hasResult: false,
      reason: "",
      documents: [],
    };
    this.rows.push(row);
    return row;
  }

  #enterResult(row: Row, result: Fields): void {
    const trace = fieldsOf(result.trace);
    const isRecovered = row.status === "UNKNOWN"; // Closed for ever: a later result changes nothing.
    if (!isRecovered) {
      row.status = statusOf(result.status);
      row.reason = this.#explain(result);
    }
    row.hasResult = true;
    row.settlement = this.#name(trace.settlement);
    row.action = this.#name(fieldsOf(trace.action).name);
    row.runner = this.#name(fieldsOf(trace.context).runner);
    row.at = instantOf(trace.startedAt);
    row.duration = lengthOf(trace.durationMs);
    row.findings = this.#judge(result);
  }

  #enterClaim(row: Row, { fact, request, context }: Extract<Part, { kind: "claim" }>): void {
    if (row.hasResult) return;
    row.action ||= this.#name(fieldsOf(fieldsOf(request).action).name);
    row.runner ||= this.#name(fieldsOf(context).runner);
    row.at = instantOf(fact.at);
  }

  #enterFact(row: Row, fact: Fields): void {
    const observed = OBSERVED.get(fact.type);
    if (observed?.status === "UNKNOWN" || !row.hasResult) Object.assign(row, observed);
    if (Number.isNaN(row.at)) row.at = instantOf(fact.at);
  }

  /** Names repeat: one text for all that are the same. */
  #name(value: unknown): string {
    const name = nameOf(value);
    const known = this.#names.get(name);
    if (known === undefined) this.#names.set(name, name);
    return known ?? name;
  }
}

/** What the documents of a row say, read again. */
export function executionOf(row: Row): Execution {
  const facts: Fields[] = [];
  let result: Fields | undefined, json: string | undefined, claim: Execution["claim"];
  for (const { text } of row.documents) {
    const document = JSON.parse(text);
    for (const part of recognise(document)) {
      const { orderId, executionId } = identities(part);
      if (orderId !== row.orderId || executionId !== row.executionId) continue;
      if (part.kind === "claim") claim ??= part;
      else if (part.kind === "fact") facts.push(part.fact);
      else if (!result) {
        result = part.result;
        json = result === document ? text : JSON.stringify(result, null, 2);
      }
    }
  }
  return { ...result && { result }, ...json && { json }, ...claim && { claim }, facts };
}

/** What a fact says where there is no result. PROOF_ABSENT closes an order for ever. */
const OBSERVED = new Map<unknown, Pick<Row, "status" | "reason">>(Object.entries({
  SUCCESS_OBSERVED: { status: "APPLIED", reason: "" },
  FAILURE_OBSERVED: { status: "FAILED", reason: "the result, which holds the reason, is not here" },
  PROOF_ABSENT: { status: "UNKNOWN", reason: "its Runner was gone before it stored a result" },
}));

function identities(part: Part): { orderId: string; executionId: string } {
  const { orderId, executionId } = part.kind === "result" ? part.result : part.fact;
  return { orderId: nameOf(orderId), executionId: nameOf(executionId) };
}

function statusOf(status: unknown): Status {
  return status === "APPLIED" || status === "FAILED" || status === "UNKNOWN" ? status : "INVALID";
}

/** A text as itself, and whatever else stands in its place as JSON. */
function nameOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined ? "" : beginning(JSON.stringify(value), 256);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}
