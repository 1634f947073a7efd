/**
 * Holds the recipe to the schemas that CDEvents publishes: `npm run check:cdevents -- <folder>`, a
 * clone of https://github.com/cdevents/spec at `v0.5.1`. They are no part of this project.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { toTaskRunFinished } from "../cdevents.ts";
import { resultOf } from "./results.ts";

const [clone] = process.argv.slice(2);
if (clone === undefined) throw new Error("name a folder: a clone of cdevents/spec at v0.5.1");
const read = (...path: string[]) =>
  JSON.parse(readFileSync(join(clone, "schemas", ...path), "utf8"));

// Its own `links` stand under `type` and `$ref` at once, which strict mode warns of.
const ajv = new Ajv2020({ strict: false });
formats.default(ajv);
for (const name of readdirSync(join(clone, "schemas/links"))) ajv.addSchema(read("links", name));
const validate = ajv.compile(read("taskrunfinished.json"));

for (const status of ["APPLIED", "FAILED", "UNKNOWN"] as const) {
  const { data } = toTaskRunFinished(await resultOf(status));
  validate(data);
  assert.deepEqual(validate.errors ?? [], [], status);
  assert.ok(!validate({ ...data, outcome: "unknown" }), "the schema refuses what is none of it");
}
console.log("taskrun.finished is valid for each status");
