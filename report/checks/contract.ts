/** The verdict of the contract's schemas on a result, field by field. */
import { breaches } from "../../runner/contract/breaches.ts";
import type { Fields } from "../reading/recognise.ts";

/** Something that is not as the contract has it. */
export interface Finding {
  /** JSON pointer of the field. */
  readonly pointer: string;
  readonly message: string;
}

/** A validator as ajv compiles it. */
export interface Validate {
  (document: unknown): boolean;
  errors?: readonly SchemaError[] | null;
}

interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Fields;
}

/** All that is wrong with a result: what its schemas say, then what none of them can. */
export function judge(result: Fields, isResult: Validate): Finding[] {
  return [...contractFindings(result, isResult), ...beyondFindings(result)];
}

function beyondFindings(result: Fields): Finding[] {
  return Array.from(breaches(result), ({ path, rule }) => ({
    pointer: path.map((key) => `/${escapePointer(key)}`).join(""),
    message: `must be ${rule}`,
  }));
}

function contractFindings(result: Fields, isResult: Validate): Finding[] {
  try {
    if (isResult(result)) return [];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [{ pointer: "", message: "is too deep to be judged" }];
  }
  const findings = (isResult.errors ?? []).filter(({ keyword }) => keyword !== "if").map(finding);
  const seen = new Set<string>(); // One rule may be reached by two ways.
  return findings.filter(({ pointer, message }) => {
    const same = `${pointer} ${message}`;
    return !seen.has(same) && seen.add(same);
  });
}

function finding({ instancePath, keyword, message, params }: SchemaError): Finding {
  const inside = (name: unknown) => `${instancePath}/${escapePointer(String(name))}`;
  switch (keyword) {
    case "required":
      return { pointer: inside(params.missingProperty), message: "is missing" };
    case "additionalProperties":
      return { pointer: inside(params.additionalProperty), message: "is not known here" };
    case "const":
      return { pointer: instancePath, message: `must be ${JSON.stringify(params.allowedValue)}` };
    case "enum": {
      const allowed = (params.allowedValues as unknown[]).map((value) => JSON.stringify(value));
      return { pointer: instancePath, message: `must be one of ${allowed.join(", ")}` };
    }
    case "false schema":
      return { pointer: instancePath, message: "must not be there" };
    case "pattern":
      return { pointer: instancePath, message: patternMessage(String(params.pattern)) };
    default:
      return { pointer: instancePath, message: message ?? `breaks the rule ${keyword}` };
  }
}

function patternMessage(pattern: string): string {
  return pattern.startsWith("^[0-9]{4}-")
    ? "must be a moment in UTC with milliseconds, such as 2026-01-31T09:30:00.000Z"
    : `must match ${pattern}`;
}

/** A key as it stands in a JSON pointer. */
export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
