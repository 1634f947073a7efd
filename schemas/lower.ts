/**
 * Lowers the contracts to plain unions, for generators of types: they do not read `if`/`then`, and
 * duplicate a type whose `$ref` has siblings. What comes out is one set of definitions with local
 * references only, in which each object with titled `then` branches is a union of its branches.
 *
 * `generate.ts` makes `types.ts` of it, and `bundle.ts` an edition for generators of other languages.
 */
import { files, type Schema } from "./files.ts";

/**
 * Lowered contracts by title, in the order in which they are met. What JSON Schema leaves open, and
 * json-schema-to-typescript does not, has its type in `tsType`.
 */
export const definitions: Record<string, Schema> = {};

/** The schema that a reference names, and the file that it stands in. */
function resolve(ref: string, file: string): { target: Schema; file: string } {
  const [name = "", pointer = ""] = ref.split("#");
  const target = pointer.split("/").slice(1).reduce(
    (schema, key) => schema[key],
    files[name || file] as Schema,
  );
  return { target, file: name || file };
}

/** The branches that a discriminator tells apart: `{ if: { properties: { status: { const } } }, then: { title } }`. */
function branches(schema: Schema): { title: string; when: Schema; then: Schema }[] {
  return (schema.allOf ?? [])
    .filter((rule: Schema) => rule.then?.title)
    .map((rule: Schema) => ({ title: rule.then.title, when: rule.if.properties, then: rule.then }));
}

const valuesOf = (schema: Schema): unknown[] => schema.enum ?? [schema.const];

/** The members of the union `schema` whose discriminator can have what `narrowing` allows. */
function narrowed(schema: Schema, narrowing: Schema): Schema {
  const members = branches(schema).filter(({ when }) =>
    Object.entries(when).every(([key, allowed]) =>
      valuesOf(allowed).some((value) => valuesOf(narrowing.properties[key]).includes(value))
    )
  );
  return { anyOf: members.map(({ title }) => ({ $ref: `#/$defs/${title}` })) };
}

/** Adds a contract to `definitions`, as one type or as a union of its branches. */
function define(schema: Schema, file: string): void {
  if (schema.title in definitions) return;
  const members = branches(schema);
  definitions[schema.title] = {}; // Holds the place, so that a type stands before those it needs.
  if (members.length === 0) {
    definitions[schema.title] = lower(schema, file);
    return;
  }
  definitions[schema.title] = {
    title: schema.title,
    description: schema.description,
    anyOf: members.map(({ title }) => ({ $ref: `#/$defs/${title}` })),
  };
  for (const { title, when, then } of members) {
    const properties = { ...schema.properties };
    for (const [key, rule] of Object.entries({ ...when, ...then.properties } as Schema)) {
      if (rule === true) continue;
      if (rule === false) delete properties[key];
      else if (rule.const ?? rule.enum) {
        properties[key] = { description: properties[key].description, ...rule };
      } else if (properties[key].$ref) {
        const { target, file: home } = resolve(properties[key].$ref, file);
        define(target, home);
        properties[key] = { description: properties[key].description, ...narrowed(target, rule) };
      }
    }
    const required = [...schema.required, ...then.required ?? []];
    const description = `${schema.title}: ${
      Object.entries(when).map(([key, rule]) => `${key} is ${valuesOf(rule).join(" or ")}`)
    }.`;
    definitions[title] = lower({ title, description, type: "object", required, properties }, file);
  }
}

/** The part of `schema` that json-schema-to-typescript reads right, with local references only. */
function lower(schema: Schema, file: string): Schema {
  if (schema.$ref !== undefined && !schema.$ref.startsWith("#/$defs/")) {
    const { target, file: home } = resolve(schema.$ref, file);
    if (target.title === "RawValue") return { description: schema.description, tsType: "unknown" };
    if (home === "common.schema.json") {
      const { description, ...shape } = lower(target, home);
      return { ...shape, title: undefined, description: schema.description ?? description };
    }
    define(target, home);
    // The `$ref` stands alone: with siblings it would make another type.
    return { description: schema.description, anyOf: [{ $ref: `#/$defs/${target.title}` }] };
  }
  const { title, description, type, required, properties, additionalProperties } = schema;
  if (additionalProperties?.type === "string") {
    return { description, tsType: "Record<string, string>" };
  }
  const lowered: Schema = { title, description, type, required, additionalProperties };
  for (const key of ["$ref", "const", "enum", "anyOf", "minItems", "tsType"]) {
    if (key in schema) lowered[key] = schema[key];
  }
  if (properties) {
    lowered.properties = Object.fromEntries(
      Object.entries(properties as Schema).map(([key, value]) => [key, lower(value, file)]),
    );
  }
  if (schema.prefixItems) {
    // A tuple, as draft 7 writes it.
    lowered.items = schema.prefixItems.map((item: Schema) => lower(item, file));
    lowered.maxItems = lowered.items.length;
    lowered.additionalItems = false;
  }
  if (Object.keys(schema).every((key) => key === "description")) lowered.tsType = "unknown";
  return JSON.parse(JSON.stringify(lowered));
}

for (const [file, schema] of Object.entries(files)) {
  if (file !== "common.schema.json" && schema.title !== "RawValue") define(schema, file);
}
