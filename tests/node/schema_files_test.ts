/**
 * The schema files, held against the meta-schema, the canonical format and the linter of
 * `@sourcemeta/jsonschema`: `npm run check:schemas`. `npx jsonschema fmt schemas` mends the format.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { bundle, typesEdition } from "../../schemas/bundle.ts";
import { schemas } from "../support/schemas.ts";

/** Rules of the linter that do not fit, where they do not, and why. */
const EXCLUDED: [rule: string, file: string | undefined, reason: string][] = [
  ["description_trailing_period", undefined, "descriptions are whole sentences, often several"],
  ["simple_properties_identifiers", "raw-value", "$js must not collide with a field of a user's"],
  ["simple_properties_identifiers", "execution-request", "$schema is the name that editors know"],
  ["unnecessary_allof_wrapper", "trace", "a rule stays whole: its if, its then and its else"],
  ["orphan_definitions", "common", "its definitions are referred to from the other files"],
  ["top_level_examples", "common", "nothing is an instance of it"],
];

const folder = fileURLToPath(new URL("../../schemas/", import.meta.url));
const files = Object.keys(schemas);
const copies = mkdtempSync(join(tmpdir(), "schemas-"));

before(() => files.forEach((file) => copyFileSync(join(folder, file), join(copies, file))));
after(() => rmSync(copies, { recursive: true }));

function jsonschema(command: string, ...args: string[]): { status: number | null; output: string } {
  const cli = fileURLToPath(
    import.meta.resolve("@sourcemeta/jsonschema").replace("main.js", "cli.js"),
  );
  const all = [cli, command, ...args, "--resolve", copies];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/** The rules that the linter finds broken in a file, once each. */
function broken(path: string): string[] {
  const { output } = jsonschema("lint", path);
  return [...new Set([...output.matchAll(/\(([a-z_0-9]+)\)$/gm)].map(([, rule]) => rule ?? ""))]
    .sort();
}

const excluded = (file: string): string[] =>
  EXCLUDED.filter(([, only]) => only === undefined || file === `${only}.schema.json`)
    .map(([rule]) => rule).sort();

for (const file of files) {
  const path = join(copies, file);

  test(`${file} is valid against its meta-schema, and formatted`, () => {
    assertEquals(jsonschema("metaschema", path), {
      status: 0,
      output: "1 validated, 1 passed, 0 failed\n",
    });
    assertEquals(jsonschema("fmt", "--check", path), { status: 0, output: "" });
  });

  test(`${file} breaks no rule of the linter but those that are excluded with a reason`, () => {
    assertEquals(broken(path), excluded(file));
  });
}

for (const [name, edition] of Object.entries({ bundle, typesEdition })) {
  test(`the one file, as ${name}() makes it, is valid against its meta-schema`, () => {
    const path = join(copies, "one-file.json");
    writeFileSync(path, JSON.stringify(edition()));
    const { status, output } = jsonschema("metaschema", path);
    rmSync(path);
    assertEquals(status, 0, output);
  });
}

test("a schema with a wrong keyword, another format or a useless rule is noticed", () => {
  const path = join(copies, "execution-status.schema.json");
  const text = readFileSync(path, "utf8");
  const seed = (from: string, to: string) => {
    assertStringIncludes(text, from);
    writeFileSync(path, text.replace(from, to));
  };
  seed('"enum"', '"maxLength": "7", "enum"');
  assertStringIncludes(jsonschema("metaschema", path).output, "0 passed, 1 failed");
  seed('  "title"', '     "title"');
  assertStringIncludes(jsonschema("fmt", "--check", path).output, "+++ expected");
  seed('"enum"', '"type": "string", "enum"');
  assertEquals(broken(path), ["description_trailing_period", "enum_with_type"]);
  writeFileSync(path, text);
});
