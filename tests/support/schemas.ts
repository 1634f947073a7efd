/**
 * The contracts and their conformance vectors, for tests: the schema files as they are published,
 * ajv validators of them, and the documents under `tests/vectors/`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { files, type Schema } from "../../schemas/files.ts";

export type { Schema };

/** A document that a contract must accept (`valid`) or refuse. */
export interface Vector {
  /** Name of the file, without `.json`. */
  name: string;
  valid: boolean;
  document: unknown;
}

const vectorsFolder = new URL("../vectors/", import.meta.url);
const suffix = ".schema.json";

/** The schema files by name, such as `fact.schema.json`. */
export const schemas: Record<string, Schema> = files;

/** The tags of recorded values. Those without fields have no rule in the schema. */
export const tagNames: string[] = [
  "undefined",
  "hole",
  ...schemas["raw-value.schema.json"]!.$defs.tag.allOf.map((rule: Schema) =>
    rule.if.properties.$js.const
  ),
];

/** Names of the contracts: of the schemas that have instances (common.schema.json has none). */
export const contracts: string[] = Object.keys(schemas)
  .filter((name) => name !== `common${suffix}`)
  .map((name) => name.slice(0, -suffix.length));

/**
 * A validator of one contract that collects every error.
 *
 * @param contract Name of the schema file without `.schema.json`
 * @param overrides Schemas that take the place of the files of the same name
 */
export function validator(
  contract: string,
  overrides: Record<string, Schema> = {},
): ValidateFunction {
  const file = contract + suffix;
  const own = overrides[file];
  if (own && Object.keys(overrides).length === 1) {
    // No schema refers back to one that uses it, so the others need not be compiled again: under an
    // address of its own, beside theirs, the override finds them. That halves the mutation test.
    return published.compile({ ...own, $id: `${own.$id}?${++compiled}` });
  }
  const validate = load({ ...schemas, ...overrides }).getSchema(file);
  if (!validate) throw new Error(`cannot find the schema ${file}`);
  return validate as ValidateFunction;
}

const published = load(schemas);
let compiled = 0;

function load(schemas: Record<string, Schema>): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    allErrors: true,
    // A test of its own holds the schemas against the meta-schema: here it would cost 20 ms a call.
    meta: false,
    validateSchema: false,
    code: { optimize: false }, // Compiling is what these tests pay for, not validating.
  });
  for (const [file, schema] of Object.entries(schemas)) ajv.addSchema(schema, file);
  return ajv;
}

/** The vectors of one contract, by name. */
export function vectors(contract: string): Vector[] {
  const own = new URL(`${contract}/`, vectorsFolder);
  return readdirSync(own).sort().map((file) => {
    const [, name, kind] = /^((valid|invalid)-.+)\.json$/.exec(file) ?? [];
    if (!name) throw new Error(`cannot tell whether the vector ${contract}/${file} is valid`);
    return {
      name,
      valid: kind === "valid",
      document: readJson(new URL(encodeURIComponent(file), own)),
    };
  });
}

// deno-lint-ignore no-explicit-any
function readJson(url: URL): any {
  return JSON.parse(readFileSync(url, "utf8"));
}
