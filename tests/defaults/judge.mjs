/**
 * Judges documents with one tool, set up as its own first example does, with no option of ours:
 * `node judge.mjs TOOL SCHEMA VALID... -- INVALID...`. SCHEMA is the one file; every document is an
 * ExecutionResult. Prints each document that is judged wrongly, and last how many were judged. What
 * the tool itself prints is seen too: silence is what is tested.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [tool, schemaPath, ...paths] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(schemaPath, "utf8"));

const cli = (command, ...args) => (_document, path) =>
  spawnSync(process.execPath, [command, ...args, path], { stdio: "ignore" }).status === 0;

/** Each tool's way from the one file to a function that judges a document. */
const tools = {
  async "ajv"() {
    const { Ajv2020 } = await import("ajv/dist/2020.js");
    return new Ajv2020().compile(schema);
  },
  async "ajv, strict: true"() {
    const { Ajv2020 } = await import("ajv/dist/2020.js");
    return new Ajv2020({ strict: true }).compile(schema);
  },
  "ajv-cli"() {
    const command = require.resolve("ajv-cli/dist/index.js");
    const compiled = spawnSync(process.execPath, [
      ...[command, "compile", "--spec=draft2020", "-s", schemaPath],
    ], { encoding: "utf8" });
    const said = compiled.stdout + compiled.stderr;
    if (said !== `schema ${schemaPath} is valid\n`) console.log(said);
    return cli(command, "validate", "--spec=draft2020", "-s", schemaPath, "-d");
  },
  async "@hyperjump/json-schema"() {
    const { registerSchema, validate } = await import("@hyperjump/json-schema/draft-2020-12");
    registerSchema(schema);
    const judge = await validate(schema.$id);
    return (document) => judge(document).valid;
  },
  async "@cfworker/json-schema"() {
    const { Validator } = await import("@cfworker/json-schema");
    const validator = new Validator(schema, "2020-12");
    return (document) => validator.validate(document).valid;
  },
  async "@exodus/schemasafe"() {
    const { validator } = await import("@exodus/schemasafe");
    return validator(schema);
  },
  "@sourcemeta/jsonschema"() {
    return cli(
      require.resolve("@sourcemeta/jsonschema").replace("main.js", "cli.js"),
      "validate",
      schemaPath,
    );
  },
  /** Knows drafts up to 4. */
  async "jsonschema"() {
    const { validate } = (await import("jsonschema")).default;
    return (document) => validate(document, schema).valid;
  },
};

const judge = await tools[tool]();
const border = paths.indexOf("--");
for (const [at, path] of paths.entries()) {
  if (at === border) continue;
  const accepted = await judge(JSON.parse(readFileSync(path, "utf8")), path);
  if (accepted !== at < border) console.log(`${path}: ${accepted ? "accepted" : "refused"}`);
}
console.log(`${paths.length - 1} documents`);
