/**
 * The contracts' validators, compiled here and now: for whoever runs `deployer` from its sources. In
 * the package `build.ts` has put another file in the place of this one: the same functions, as code
 * that was made of the schemas when the package was built.
 */
import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

/** The contracts that are checked, by their titles. */
export type Contract = "ExecutionResult" | "ExecutionRequest" | "ExecutionContext" | "Fact";

/** Says whether a document is valid; `errors` then holds the first thing that is wrong. */
export type Validator = Pick<ValidateFunction, "errors"> & ((document: unknown) => boolean);

const file = new URL("../../schemas/deployer-runtime.schema.json", import.meta.url);
const schema = JSON.parse(readFileSync(file, "utf8"), (key, value) => {
  // For readers, not for validators: half of the code would be these. A property may have the name.
  const isProse = key === "description" && typeof value === "string";
  return isProse || (key === "examples" && Array.isArray(value)) ? undefined : value;
});

/** Address of each contract in the one file. */
export const ADDRESSES: Record<Contract, string> = {
  ExecutionResult: `${schema.$id}#/$defs/ExecutionResult`,
  ExecutionRequest: `${schema.$id}#/$defs/ExecutionRequest`,
  ExecutionContext: `${schema.$id}#/$defs/ExecutionContext`,
  Fact: `${schema.$id}#/$defs/Fact`,
};

/** With `source`, it keeps the code that it makes. */
export function compiler(source = false): Ajv2020 {
  const ajv = new Ajv2020({ code: { source, esm: source }, meta: false, validateSchema: false });
  ajv.addSchema(schema);
  return ajv;
}

const ajv = compiler();
const compiled = (contract: Contract) => ajv.getSchema(ADDRESSES[contract]) as Validator;

export const ExecutionResult: Validator = compiled("ExecutionResult");
export const ExecutionRequest: Validator = compiled("ExecutionRequest");
export const ExecutionContext: Validator = compiled("ExecutionContext");
export const Fact: Validator = compiled("Fact");
