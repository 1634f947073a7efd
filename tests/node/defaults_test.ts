/**
 * The contracts in everybody's tools, with the defaults of those: `npm run test:contracts`. The
 * tools are a project of their own, tests/defaults.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import { typesEdition } from "../../schemas/bundle.ts";
import { resultCases, vectorCases } from "../contracts/corpus.ts";
import { wrongDocuments } from "../contracts/wrong.ts";
import { type Schema, schemas } from "../support/schemas.ts";

const tools = fileURLToPath(new URL("../defaults/", import.meta.url));
const schemaFolder = fileURLToPath(new URL("../../schemas/", import.meta.url));
const oneFile = join(schemaFolder, "deployer-runtime.schema.json");
const forTypes = join(schemaFolder, "deployer-runtime.types.schema.json");
const folder = mkdtempSync(join(tmpdir(), "defaults-"));
after(() => rmSync(folder, { recursive: true }));

const resultVectors = fileURLToPath(new URL("../vectors/execution-result/", import.meta.url));
const vectors = (kind: string) =>
  readdirSync(resultVectors).filter((name) => name.startsWith(`${kind}-`)).sort()
    .map((name) => join(resultVectors, name));

/** What a program prints, on either stream. */
function printed(program: string, ...args: string[]): string {
  return printedIn(tools, program, ...args);
}

function printedIn(cwd: string, program: string, ...args: string[]): string {
  const { stdout, stderr, error } = spawnSync(process.execPath, [join(tools, program), ...args], {
    cwd,
    encoding: "utf8",
  });
  if (error) throw error;
  return stdout + stderr;
}

/** A document as a file of its own. */
function written(name: string, document: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(document, null, 2));
  return path;
}

// --- Validators -----------------------------------------------------------------------------------

const OLDER = "reads the contracts as an older draft, and so accepts more than they do";
for (
  const [tool, note] of Object.entries({
    "ajv": "",
    "ajv, strict: true": "",
    "@hyperjump/json-schema": "",
    "@cfworker/json-schema": "",
    "@exodus/schemasafe": "",
    "jsonschema": OLDER,
  })
) {
  test(`${tool} judges every result with its defaults, and says no word else`, () => {
    const valid = vectors("valid");
    const invalid = note === OLDER
      ? vectors("invalid").filter((path) => /invalid-(status|consumed|facts)-/.test(path))
      : vectors("invalid");
    assertEquals(
      printed("judge.mjs", tool, oneFile, ...valid, "--", ...invalid),
      `${valid.length + invalid.length} documents\n`,
    );
  });
}

// These start a process a document.
for (const tool of ["ajv-cli", "@sourcemeta/jsonschema"]) {
  test(`${tool} judges a result of each status with its defaults, and says no word else`, () => {
    const valid = vectors("valid").filter((path) => /-(APPLIED|FAILED|UNKNOWN)-/.test(path));
    const invalid = vectors("invalid").filter((path) => /-facts\.2-/.test(path));
    assertEquals(
      printed("judge.mjs", tool, oneFile, ...valid, "--", ...invalid),
      `${valid.length + invalid.length} documents\n`,
    );
  });
}

test("a tool that judges wrongly is told by the name of the document", () => {
  const [path = ""] = vectors("valid");
  assertEquals(
    printed("judge.mjs", "ajv", oneFile, "--", path),
    `${path}: accepted\n1 documents\n`,
  );
});

test("a tool that has a warning is not silent", () => {
  const path = written("loud.json", {
    ...JSON.parse(readFileSync(oneFile, "utf8")),
    prefixItems: [true],
  });
  assertStringIncludes(printed("judge.mjs", "ajv", path, "--"), "strict mode");
});

for (const { name, contract, document, ajv } of wrongDocuments) {
  test(`the first error of ajv names the wrong field: ${name}`, () => {
    const validator = new Ajv2020();
    for (const schema of Object.values(schemas)) validator.addSchema(schema);
    const validate = validator.getSchema((schemas[`${contract}.schema.json`] as Schema).$id)!;
    validate(document);
    const { instancePath, message, params } = validate.errors![0]!;
    assertEquals([instancePath, message, params.additionalProperty ?? ""].join(" ").trim(), ajv);
  });
}

// --- Servers --------------------------------------------------------------------------------------

test("Fastify takes a request as a body: with its own ajv it strips what is misspelt, with one's own it refuses it", () => {
  assertEquals(printed("fastify.mjs", oneFile).trim().split("\n"), [
    "Fastify's ajv: an order: 200 as it was sent",
    `Fastify's ajv: a misspelt field: 200 {"orderId":"order-1","action":{"name":"release.switch"}}`,
    `Fastify's ajv: a number for an identity: 200 {"orderId":"1","action":{"name":"release.switch"}}`,
    "ajv of one's own: an order: 200 as it was sent",
    `ajv of one's own: a misspelt field: 400 {"statusCode":400,"code":"FST_ERR_VALIDATION","error":"Bad Request","message":"body/action must NOT have additional properties"}`,
    `ajv of one's own: a number for an identity: 400 {"statusCode":400,"code":"FST_ERR_VALIDATION","error":"Bad Request","message":"body/orderId must be string"}`,
  ]);
});

test("an OpenAPI 3.1 document refers to the contracts, and express-openapi-validator keeps to them", () => {
  const [result = ""] = vectors("valid").filter((path) => path.includes("APPLIED"));
  assertEquals(printed("openapi.mjs", "orders.openapi.json", result).trim().split("\n"), [
    "200 the result",
    '400 [{"path":"/body/action/inputs","message":"must NOT have additional properties","errorCode":"additionalProperties.openapi.validation"}]',
    '400 [{"path":"/body/orderId","message":"must NOT have fewer than 1 characters","errorCode":"minLength.openapi.validation"}]',
  ]);
});

// --- An editor ------------------------------------------------------------------------------------

test("VS Code has nothing against an order and a result, marks the wrong field, and shows each field's own text", () => {
  const addressed = (contract: string, document: object) => ({
    $schema: (schemas[`${contract}.schema.json`] as Schema).$id,
    ...document,
  });
  const order = { orderId: "order-1", action: { name: "cache.purge", input: 1 } };
  const result = JSON.parse(
    readFileSync(join(resultVectors, "valid-APPLIED-returned.json"), "utf8"),
  );
  const paths = [
    written("order.json", addressed("execution-request", order)),
    written("result.json", addressed("execution-result", result)),
    ...wrongDocuments.map(({ contract, document }, at) =>
      written(`wrong-${at}.json`, addressed(contract, document as object))
    ),
  ];
  assertEquals(printed("editor.mjs", schemaFolder, ...paths).trim().split("\n"), [
    "order.json: 0 findings",
    "result.json: 0 findings",
    ...wrongDocuments.flatMap(({ editor }, at) => [
      `wrong-${at}.json: ${editor.length} findings`,
      ...editor.map((finding) => `  ${finding}`),
    ]),
    '"$schema": Address of this schema, for an editor that checks the order while it is typed\\. The Deployer ignores it\\.',
    '"orderId": Identity of the order\\. Two requests with the same orderId are the same order\\.',
    '"action": The action asked for\\.',
    '"name": Name of the action: recorded, never interpreted\\.',
    '"input": Any JSON, handed to the action as it is\\. Opaque: the Deployer records it and never reads it\\.',
    "offered: name, input",
  ]);
});

// --- Types in other languages ---------------------------------------------------------------------

test("the edition for generators accepts whatever the contracts accept", async () => {
  const edition = typesEdition();
  const ajv = new Ajv2020();
  ajv.addSchema(edition);
  const cases = [...vectorCases().filter(({ expected }) => expected), ...await resultCases()]
    .filter(({ contract }) => contract !== "raw-value"); // Anything is one.
  for (const { contract, name, document } of cases) {
    const { title } = schemas[`${contract}.schema.json`] as Schema;
    const validate = ajv.getSchema(`${edition.$id}#/$defs/${title}`)!;
    assertEquals([name, validate(document), validate.errors], [name, true, null]);
  }
});

for (const language of ["python", "go", "java", "rust", "csharp", "kotlin", "typescript"]) {
  for (const [edition, path] of Object.entries({ types: forTypes, validators: oneFile })) {
    // Of the one file for validators, these three used to overflow the stack.
    if (edition === "validators" && !["python", "java", "typescript"].includes(language)) continue;
    test(`quicktype makes ${language} of the one file for ${edition}, with enumerations`, () => {
      const output = join(mkdtempSync(join(folder, "quicktype-")), "ExecutionResult.java");
      const said = printed(
        join("node_modules", "quicktype", "dist", "index.js"),
        ...["--lang", language, "--src-lang", "schema", "--top-level", "ExecutionResult"],
        ...["-o", output, path],
      );
      // It says of recorded values that they can be anything, and of nothing else.
      const issues = said.split("\n").filter((line) => /^[0-9]+:/.test(line));
      assertEquals(issues.filter((line) => !/raw_?(result|error)|input/i.test(line)), []);
      const made = readdirSync(join(output, "..")).map((name) =>
        readFileSync(join(output, "..", name), "utf8")
      ).join("");
      for (const value of ["PROOF_ABSENT", "RETURNED_NOTHING", "ABORTED", "APPLIED"]) {
        assertStringIncludes(made.replaceAll(/[^A-Z_]/gi, "").toUpperCase(), value);
      }
      assertStringIncludes(made, language === "go" ? "type Settlement string" : "Settlement");
    });
  }
}

/** Compiles what a generator made, with code that has to be right, and a line that must not be. */
function compiles(types: string, result: string): void {
  const file = written("unused.json", {}).replace("unused.json", "generated.ts");
  writeFileSync(
    file,
    `${types}
export function read(result: ${result}): unknown {
  const third: "ORDER_CONSUMED" | string = result.facts[2]!.type;
  if (result.status === "APPLIED") return [third, result.trace.rawResult];
  if (result.status === "FAILED") return [third, result.trace.rawError];
  // @ts-expect-error -- no result is known to be there
  return result.trace.rawResult;
}
`,
  );
  const tsc = join("node_modules", "typescript", "bin", "tsc");
  // In a folder that has no types of its own to add.
  assertEquals(printedIn(folder, tsc, "--noEmit", "--strict", "--target", "es2022", file), "");
}

test("json2ts makes a union that status discriminates", () => {
  const json2ts = join("node_modules", "json-schema-to-typescript", "dist", "src", "cli.js");
  const types = printed(json2ts, "--additionalProperties=false", forTypes);
  assertStringIncludes(types, "AppliedResult | FailedResult | UnknownResult");
  compiles(types, "DeployerRuntime");
});

test("json2ts makes a tuple of the facts, also of the one file for validators", () => {
  const json2ts = join("node_modules", "json-schema-to-typescript", "dist", "src", "cli.js");
  assertStringIncludes(printed(json2ts, oneFile), "facts: [Fact, Fact, Fact]");
});

test("openapi-typescript makes a union that status discriminates", () => {
  const output = join(folder, "openapi.ts");
  printed(
    join("node_modules", "openapi-typescript", "bin", "cli.js"),
    ...["types.openapi.json", "-o", output],
  );
  compiles(readFileSync(output, "utf8"), `components["schemas"]["Result"]`);
});
