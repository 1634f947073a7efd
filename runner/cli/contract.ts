/** What is wrong with a document, by its contract: the first field, and why. */
import type { ExecutionResult } from "deployer-runtime";
import * as validators from "./validators.ts";
import { isRecord } from "./words.ts";

/** What is wrong. */
export interface Fault {
  /** Keys from the document down to the field; none if it is the document itself. */
  readonly path: readonly string[];
  /** The same, as one would write it in code. */
  readonly field: string;
  /** Such as `must be true: received 1`. */
  readonly reason: string;
}

/** What the contract refuses first; `undefined` if it refuses nothing. */
export function firstFault(contract: validators.Contract, document: unknown): Fault | undefined {
  const validate = validators[contract];
  if (validate(document)) {
    return contract === "ExecutionResult" ? unsound(document as ExecutionResult) : undefined;
  }
  const { instancePath, params, message, keyword } = validate.errors![0]!;
  const path = instancePath.split("/").slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (params.missingProperty !== undefined) {
    return fault([...path, params.missingProperty], "is missing");
  }
  if (params.additionalProperty !== undefined) path.push(params.additionalProperty);
  const held = path.reduce<unknown>((holder, key) => (holder as never)[key], document);
  const expected: Record<string, string> = {
    additionalProperties: "is unknown",
    "false schema": "must not be there",
    const: `must be ${JSON.stringify(params.allowedValue)}`,
    enum: `must be one of ${(params.allowedValues as unknown[] ?? []).join(", ")}`,
  };
  return fault(path, `${expected[keyword] ?? message}: received ${show(held)}`);
}

/** Which contract a document seems to follow, by the fields that it has. */
export function contractOf(document: unknown): validators.Contract {
  if (!isRecord(document)) return "ExecutionResult";
  if ("trace" in document || "facts" in document || "status" in document) return "ExecutionResult";
  if ("type" in document || "at" in document) return "Fact";
  if ("runner" in document) return "ExecutionContext";
  return "action" in document ? "ExecutionRequest" : "ExecutionResult";
}

/** The same fault, of a document that stands in another one. */
export function within(key: string, { path, reason }: Fault): Fault {
  return fault([key, ...path], reason);
}

/** A fault by its path. */
export function fault(path: readonly string[], reason: string): Fault {
  const field = path.map((key, i) =>
    /^\d+$/.test(key)
      ? `[${key}]`
      : /^[\w$]+$/.test(key)
      ? `${i > 0 ? "." : ""}${key}`
      : `[${JSON.stringify(key)}]`
  ).join("");
  return { path, field: field || "the document", reason };
}

/** The rules that no schema can state: `docs/validate.md` lists them. */
function unsound(result: ExecutionResult): Fault | undefined {
  const { facts, trace } = result;
  const equal = (path: string[], received: unknown, expected: unknown) =>
    received === expected
      ? undefined
      : fault(path, `must be ${JSON.stringify(expected)}: received ${show(received)}`);
  const identities = facts.map((fact, i) =>
    equal(["facts", `${i}`, "orderId"], fact.orderId, result.orderId) ??
      equal(["facts", `${i}`, "executionId"], fact.executionId, result.executionId)
  );
  const ended = Math.min(
    Math.round(Date.parse(trace.startedAt) + trace.durationMs),
    Date.parse("9999-12-31T23:59:59.999Z"),
  );
  return identities.find((found) => found) ??
    equal(["trace", "orderId"], trace.orderId, result.orderId) ??
    equal(["trace", "context", "executionId"], trace.context.executionId, result.executionId) ??
    equal(["facts", "1", "at"], facts[1].at, trace.startedAt) ??
    equal(["facts", "2", "at"], facts[2].at, trace.endedAt) ??
    equal(["trace", "endedAt"], trace.endedAt, new Date(ended).toISOString()) ??
    miscounted("input", trace.fidelity.input, trace.action.input) ??
    miscounted(
      "raw",
      trace.fidelity.raw,
      "rawResult" in trace ? trace.rawResult : (trace as { rawError?: unknown }).rawError,
    );
}

type Counts = { exact: boolean; tagged: number; truncated: number; unreadable: number };

function miscounted(name: string, told: Counts | undefined, value: unknown): Fault | undefined {
  if (told === undefined) return undefined;
  const counted: Counts = { exact: true, tagged: 0, truncated: 0, unreadable: 0 };
  count(value, counted);
  const key = (Object.keys(counted) as (keyof Counts)[]).find((key) => told[key] !== counted[key]);
  return key &&
    fault(
      ["trace", "fidelity", name, key],
      `must be ${counted[key]}, as the tags are: received ${told[key]}`,
    );
}

function count(value: unknown, counted: Counts): void {
  if (typeof value !== "object" || value === null) return;
  if (Object.hasOwn(value, "$js")) {
    const { $js: tag } = value as { $js: unknown };
    counted.exact = false;
    counted[tag === "truncated" || tag === "unreadable" ? tag : "tagged"] += 1;
  }
  for (const inner of Object.values(value)) count(inner, counted);
}

/** A value of somebody else's, short enough for one line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
