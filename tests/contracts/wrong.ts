/** Documents with one mistake that people make, and what the first error has to say about it. */
import { readFileSync } from "node:fs";
import { schemas } from "../support/schemas.ts";

export interface WrongDocument {
  readonly name: string;
  /** Name of the schema file without `.schema.json`. */
  readonly contract: string;
  readonly document: unknown;
  /** The first error of ajv: where, what, and the property that is too many. */
  readonly ajv: string;
  /** The first error of Python's jsonschema: where, and how what it says ends. */
  readonly python: readonly [string, string];
  /** What VS Code marks, and what it says there. */
  readonly editor: readonly string[];
}

// deno-lint-ignore no-explicit-any -- what is broken here has no type
type Changed = any;

const vectors = new URL("../vectors/", import.meta.url);

/** A valid vector with one change. */
function changed(contract: string, vector: string, change: (document: Changed) => unknown) {
  const document = JSON.parse(readFileSync(new URL(`${contract}/${vector}.json`, vectors), "utf8"));
  change(document);
  return { contract, document };
}

const TIMESTAMP = schemas["common.schema.json"]?.$defs.timestamp.pattern;
const RESULT = "execution-result";
const APPLIED = [RESULT, "valid-APPLIED-returned"] as const;
const FAILED = [RESULT, "valid-FAILED-threw"] as const;
const REQUEST = ["execution-request", "valid-with-input"] as const;

export const wrongDocuments: readonly WrongDocument[] = [
  {
    name: "a status that contradicts the settlement",
    ...changed(...APPLIED, (result) => result.status = "FAILED"),
    ajv: "/trace/settlement must be equal to constant",
    python: ["$.trace.settlement", "'THREW' was expected"],
    editor: [
      '"RETURNED": Value must be "THREW".',
      '"SUCCESS_OBSERVED": Value must be "FAILURE_OBSERVED".',
    ],
  },
  {
    name: "APPLIED with a rawError",
    ...changed(...APPLIED, (result) => result.trace.rawError = "no"),
    ajv: "/trace/rawError boolean schema is false",
    python: ["$.trace.rawError", "False schema does not allow 'no'"],
    editor: ['"rawError": Property rawError is not allowed.'],
  },
  {
    name: "FAILED without a rawError",
    ...changed(...FAILED, (result) => delete result.trace.rawError),
    ajv: "/trace must have required property 'rawError'",
    python: ["$.trace", "'rawError' is a required property"],
    editor: ['"trace": Missing property "rawError".'],
  },
  {
    name: "two facts",
    ...changed(...APPLIED, (result) => result.facts.pop()),
    ajv: "/facts must NOT have fewer than 3 items",
    python: ["$.facts", "is too short"],
    editor: ["[: Array has too few items. Expected 3 or more."],
  },
  {
    name: "a third fact that contradicts the status",
    ...changed(...APPLIED, (result) => result.facts[2].type = "PROOF_ABSENT"),
    ajv: "/facts/2/type must be equal to constant",
    python: ["$.facts[2].type", "'SUCCESS_OBSERVED' was expected"],
    editor: ['"PROOF_ABSENT": Value must be "SUCCESS_OBSERVED".'],
  },
  {
    name: "a timestamp without milliseconds",
    ...changed(...APPLIED, (result) => result.trace.endedAt = "2026-01-31T09:30:00Z"),
    ajv: `/trace/endedAt must match pattern "${TIMESTAMP}"`,
    python: ["$.trace.endedAt", "3}Z'"],
    editor: [`"2026-01-31T09:30:00Z": String does not match the pattern of "${TIMESTAMP}".`],
  },
  {
    name: "an identity of 300 characters",
    ...changed(...APPLIED, (result) => result.orderId = "x".repeat(300)),
    ajv: "/orderId must NOT have more than 256 characters",
    python: ["$.orderId", "is too long"],
    editor: [`"${"x".repeat(300)}": String is longer than the maximum length of 256.`],
  },
  {
    name: "an unknown property of a request",
    ...changed(...REQUEST, (request) => request.action.inputs = request.action.input),
    ajv: "/action must NOT have additional properties inputs",
    python: ["$.action", "('inputs' was unexpected)"],
    editor: ['"inputs": Property inputs is not allowed.'],
  },
  {
    name: "a negative duration",
    ...changed(...APPLIED, (result) => result.trace.durationMs = -1),
    ajv: "/trace/durationMs must be >= 0",
    python: ["$.trace.durationMs", "-1 is less than the minimum of 0"],
    editor: ["-1: Value is below the minimum of 0."],
  },
  {
    name: "a $js that is no string",
    ...changed(...APPLIED, (result) => result.trace.rawResult = { $js: 1 }),
    ajv: "/trace/rawResult/$js must be string",
    python: ["$.trace.rawResult.$js", "1 is not of type 'string'"],
    editor: ['1: Incorrect type. Expected "string".'],
  },
];
