/**
 * The contracts in one file, in two editions: one for validators, one for generators of types.
 *
 * Each contract is a definition under its title, and every reference is local. As a whole, either
 * file says what an ExecutionResult is, for that is what crosses to other programs; any other
 * contract has its own address, such as `…#/$defs/ExecutionRequest`.
 */
import { files, type Schema } from "./files.ts";
import { definitions } from "./lower.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const root = files["execution-result.schema.json"]!;

/** The separate schemas as one: it accepts and refuses what they do. */
export function bundle(): Schema {
  return {
    ...head("deployer-runtime.schema.json"),
    description:
      "The contracts of the Deployer runtime in one file. As a whole it says what an ExecutionResult is; any other contract stands under $defs by its title.",
    $ref: `#/$defs/${root.title}`,
    $defs: Object.fromEntries(
      Object.entries(files).map(([name, { $schema: _dialect, $id: _address, ...schema }]) => [
        schema.title,
        localized(schema, name),
      ]),
    ),
  };
}

/**
 * The contracts as plain unions, which generators of types understand. It accepts whatever the
 * contracts accept, and more: the rules between fields are left out, and a raw value is anything.
 */
export function typesEdition(): Schema {
  return {
    ...head("deployer-runtime.types.schema.json"),
    description:
      "The contracts of the Deployer runtime for generators of types. It accepts whatever deployer-runtime.schema.json accepts, and more: validate with that one.",
    $ref: `#/$defs/${root.title}`,
    $defs: plain(definitions) as Schema,
  };
}

function head(file: string): Schema {
  return {
    $schema: root.$schema,
    $id: root.$id.replace(/[^/]*$/, file),
    title: "DeployerRuntime",
  };
}

/** The same schema, with references that stay in the bundle. `examples` hold no references. */
function localized(node: Json, file: string): Json {
  if (Array.isArray(node)) return node.map((item) => localized(item, file));
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === "$ref" && typeof value === "string" ? local(value, file) : localized(value, file),
    ]),
  );
}

function local(reference: string, file: string): string {
  const [name, pointer = ""] = reference.split("#") as [string, string?];
  const title = files[name || file]?.title;
  if (title === undefined) throw new Error(`Cannot bundle the reference ${reference} of ${file}`);
  return `#/$defs/${title}${pointer}`;
}

/** JSON Schema in place of what only json-schema-to-typescript reads: tuples of draft 7, `tsType`. */
function plain(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(plain);
  if (typeof node !== "object" || node === null) return node;
  const { tsType, additionalItems: _, ...schema } = node as Schema;
  // A bare description is an object to some generators; one of anything is anything to all.
  if (tsType === "unknown") return { ...schema, anyOf: [{}] };
  if (tsType === "Record<string, string>") {
    return { ...schema, type: "object", additionalProperties: { type: "string" } };
  }
  if (Array.isArray(schema.items)) schema.items = schema.items[0].anyOf[0];
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, plain(value)]));
}
