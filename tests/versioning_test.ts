/**
 * Today's schemas against the frozen copies of the last published contract, in
 * `tests/published/<version>/`. Nothing is published before 1.0.0 is: until there is a copy, only
 * the seeded pairs below say that a break would be found.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Schema, schemas } from "./support/schemas.ts";
import { broken } from "./support/versioning.ts";

const published = new URL("published/", import.meta.url);
const versions = existsSync(published) ? readdirSync(published) : [];

test("today's schemas keep every promise of those that were published", () => {
  const { version } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  const [major] = version.split(".");
  assert(
    version === "1.0.0" || versions.length > 0,
    "the last published contract is not in tests/published/",
  );
  for (const frozen of versions.filter((name) => name.startsWith(`${major}.`))) {
    const folder = new URL(`${frozen}/`, published);
    const then = Object.fromEntries(
      // What is generated from them changes as they do.
      readdirSync(folder).filter((file) => !file.startsWith("deployer-runtime.")).map((
        file,
      ) => [file, JSON.parse(readFileSync(new URL(file, folder), "utf8"))]),
    );
    assertEquals(broken(then, schemas), [], frozen);
  }
});

/** The schemas after a change of one file. */
function changed(name: string, change: (schema: Schema) => unknown): Record<string, Schema> {
  const now = structuredClone(schemas);
  change(now[`${name}.schema.json`] as Schema);
  return now;
}

const REQUEST = "execution-request";
const tags = (schema: Schema): Schema[] => schema.$defs.tag.allOf;

const isDate = (rule: Schema): boolean => rule.if.properties.$js.const === "date";

const allowed: Record<string, Record<string, Schema>> = {
  "nothing": schemas,
  "another description": changed("fact", (schema) => schema.description = "Another."),
  "another example": changed("fact", (schema) => schema.examples.pop()),
  "an optional field of a request": changed(
    REQUEST,
    (schema) => schema.properties.note = { type: "string" },
  ),
  "an optional field of a result": changed(
    "execution-result",
    (schema) => schema.properties.note = { type: "string" },
  ),
  "an optional field of a tag": changed(
    "raw-value",
    (schema) => tags(schema)[0]!.then.properties.note = { type: "string" },
  ),
  "a tag": changed(
    "raw-value",
    (schema) => tags(schema).push({ if: { properties: { $js: { const: "temporal" } } }, then: {} }),
  ),
  "a definition": changed("common", (schema) => schema.$defs.note = { type: "string" }),
  "a contract": { ...schemas, "note.schema.json": { title: "Note" } },
};

for (const [name, now] of Object.entries(allowed)) {
  test(`a minor version may change ${name}`, () => assertEquals(broken(schemas, now), []));
}

const refused: Record<string, [Record<string, Schema>, string]> = {
  "a status removed": [
    changed("execution-status", (schema) => schema.enum.pop()),
    "execution-status.schema.json#/enum: lost UNKNOWN",
  ],
  "a status added": [
    changed("execution-status", (schema) => schema.enum.push("PARTIAL")),
    "execution-status.schema.json#/enum: gained PARTIAL",
  ],
  "a field of a request required": [
    changed(REQUEST, (schema) => schema.properties.action.required.push("input")),
    "execution-request.schema.json#/properties/action/required: gained input",
  ],
  "a field of a result no longer required": [
    changed("execution-result", (schema) => schema.required.pop()),
    "execution-result.schema.json#/required: lost trace",
  ],
  "a new field required at once": [
    changed("fact", (schema) => {
      schema.properties.note = {};
      schema.required.push("note");
    }),
    "fact.schema.json#/required: gained note",
  ],
  "a field removed": [
    changed("fact", (schema) => delete schema.properties.at),
    "fact.schema.json#/properties/at: is gone",
  ],
  "a length tightened": [
    changed("common", (schema) => schema.$defs.identity.maxLength = 128),
    "common.schema.json#/$defs/identity/maxLength: was 256, is 128",
  ],
  "a length introduced": [
    changed(REQUEST, (schema) => schema.properties.action.maxProperties = 2),
    "execution-request.schema.json#/properties/action/maxProperties: is new",
  ],
  "an open object closed": [
    changed("execution-result", (schema) => schema.additionalProperties = false),
    "execution-result.schema.json#/additionalProperties: is new",
  ],
  "a closed object opened": [
    changed(REQUEST, (schema) => delete schema.additionalProperties),
    "execution-request.schema.json#/additionalProperties: is gone",
  ],
  "a type narrowed": [
    changed(
      "raw-value",
      (schema) => tags(schema).find(isDate)!.then.properties.value.type = ["string"],
    ),
    "raw-value.schema.json#/$defs/tag/allOf/",
  ],
  "a pattern changed": [
    changed("execution-context", (schema) => schema.properties.traceparent.pattern = "^00-"),
    "execution-context.schema.json#/properties/traceparent/pattern: was",
  ],
  "a constant changed": [
    changed("common", (schema) => schema.$defs.contract.const = "deployer-runtime/v2"),
    "common.schema.json#/$defs/contract/const: was",
  ],
  "a rule added": [
    changed("trace", (schema) => schema.allOf.push({ required: ["note"] })),
    "trace.schema.json#/allOf/",
  ],
  "a rule removed": [
    changed("execution-result", (schema) => schema.allOf.pop()),
    "execution-result.schema.json#/allOf/2: is gone",
  ],
  "a second rule for a known tag": [
    changed(
      "raw-value",
      (schema) => tags(schema).push({ if: tags(schema)[0]!.if, then: { required: ["note"] } }),
    ),
    "raw-value.schema.json#/$defs/tag/allOf/",
  ],
  "a reference changed": [
    changed("execution-result", (schema) => schema.properties.trace.$ref = "fact.schema.json"),
    "execution-result.schema.json#/properties/trace/$ref: was",
  ],
  "an address changed": [
    changed("fact", (schema) => schema.$id = "https://example.org/fact.schema.json"),
    "fact.schema.json#/$id: was",
  ],
  "a contract removed": [
    Object.fromEntries(Object.entries(schemas).filter(([file]) => file !== "fact.schema.json")),
    "fact.schema.json: is gone",
  ],
};

for (const [name, [now, expected]] of Object.entries(refused)) {
  test(`a minor version with ${name} is caught`, () => {
    const found = broken(schemas, now);
    assertEquals([found.length, found[0]?.slice(0, expected.length)], [1, expected]);
  });
}
