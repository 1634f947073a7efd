/**
 * From a file to an order that can be executed. To judge it is the Runner's work: the Deployer
 * executes what it is given.
 */
import { readFileSync } from "node:fs";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import type { ReleaseOrder } from "deployer-runner/actions/release";

/** An order that is refused before anything is changed. */
export class BadInput extends Error {
  override readonly name = "BadInput";
}

/**
 * Reads an order from a file.
 *
 * @throws {BadInput} If it cannot be read, or is not as the contract and the action want it
 */
export function readOrder(file: string): ReleaseOrder {
  let order: unknown;
  try {
    order = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const problem = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new BadInput(`order file ${show(file)} ${problem}: ${(error as Error).message}`);
  }

  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(schema("common"));
  ajv.addSchema(schema("execution-request"));
  const validate = ajv.compile<ReleaseOrder>({
    // The published contract knows no action; what this one needs stands beside it.
    allOf: [{ $ref: schema("execution-request").$id }],
    properties: {
      action: {
        required: ["input"],
        properties: {
          name: { const: "release.switch" },
          input: {
            type: "object",
            required: ["site"],
            additionalProperties: false,
            properties: { site: { type: "string", minLength: 1 } },
          },
        },
      },
    },
  });
  if (validate(order)) return order;
  const [error] = validate.errors as [ErrorObject]; // ajv stops at the first.
  throw new BadInput(`order file ${show(file)}: ${explain(error, order)}`);
}

/** A contract, from the file that is published. */
function schema(name: string): { $id: string } {
  const url = new URL(`../../schemas/${name}.schema.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8"));
}

/** Which field is wrong, how, and what it holds. */
function explain({ instancePath, params, message }: ErrorObject, order: unknown): string {
  const { missingProperty: missing, additionalProperty: unknown, allowedValue } = params;
  const keys: string[] = [...instancePath.split("/").slice(1), missing ?? unknown ?? []].flat();
  const field = keys.map((key) => /^\w+$/.test(key) ? key : show(key)).join(".") || "the order";
  if (missing !== undefined) return `${field} is missing`;
  const value = keys.reduce((holder, key) => (holder as Record<string, unknown>)[key], order);
  const expected = unknown !== undefined
    ? "is unknown"
    : allowedValue !== undefined
    ? `must be ${show(allowedValue)}`
    : message;
  return `${field} ${expected}: received ${show(value)}`;
}

/** A value of somebody else's, short enough for one line. */
function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
