/** What is wrong with a document, by its contract: the first field, and why. */
import { breaches } from "../contract/breaches.ts";
import { withoutPasswords } from "../passwords.ts";
import * as validators from "./validators.ts";
import { isRecord } from "../contract/record.ts";

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
    return contract === "ExecutionResult" ? firstBreach(document) : undefined;
  }
  const { instancePath, params, message, keyword } = validate.errors![0]!;
  const path = instancePath.split("/").slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (params.missingProperty !== undefined) {
    return fault([...path, params.missingProperty], "is missing");
  }
  if (params.additionalProperty !== undefined) path.push(params.additionalProperty);
  const held = heldAt(path, document);
  const expected: Record<string, string> = {
    additionalProperties: "is unknown",
    "false schema": "must not be there",
    const: `must be ${JSON.stringify(params.allowedValue)}`,
    enum: `must be one of ${(params.allowedValues as unknown[] ?? []).join(", ")}`,
  };
  return fault(path, `${expected[keyword] ?? message}: received ${show(held)}`);
}

/** What is wrong with a result that its schemas accept. */
function firstBreach(result: unknown): Fault | undefined {
  const [breach] = breaches(result);
  if (breach === undefined) return undefined;
  const { path, rule, expected } = breach;
  const must = expected === undefined ? rule : `${JSON.stringify(expected)}, ${rule}`;
  return fault(path, `must be ${must}: received ${show(heldAt(path, result))}`);
}

function heldAt(path: readonly string[], document: unknown): unknown {
  return path.reduce<unknown>((holder, key) => (holder as never)[key], document);
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

/** A value of somebody else's, short enough for one line. */
export function show(value: unknown): string {
  const text = withoutPasswords(JSON.stringify(value) ?? "nothing");
  // Of a character of two units, no half is left.
  return text.length > 80 ? `${text.slice(0, 80).replace(/[\ud800-\udbff]$/, "")}…` : text;
}
