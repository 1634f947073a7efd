/**
 * The contracts in tools of Debian's, with the defaults of those: `npm run test:debian`, after
 * `apt-get install` of what .ci/run lists. A missing one fails.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ExecutionResult } from "../../mod.ts";
import { resultCases } from "../contracts/corpus.ts";
import { wrongDocuments } from "../contracts/wrong.ts";
import { type Schema, schemas } from "../support/schemas.ts";
import { snippetsIn } from "../support/validate_page.ts";

const tests = fileURLToPath(new URL("../", import.meta.url));
const schemaFolder = fileURLToPath(new URL("../../schemas/", import.meta.url));
const oneFile = join(schemaFolder, "deployer-runtime.schema.json");
const debian = join(tests, "defaults", "debian");
const folder = mkdtempSync(join(tmpdir(), "defaults-"));
after(() => rmSync(folder, { recursive: true }));

/** What a program prints, on either stream. */
function printed(input: string, command: string, ...args: string[]): string {
  const { stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    input,
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      GO111MODULE: "off",
      GOPATH: "/usr/share/gocode",
      GOCACHE: join(folder, "go"),
    },
  });
  if (error) throw error;
  return stdout + stderr;
}

const results = join(tests, "vectors", "execution-result");
const vectors = (name: RegExp) =>
  readdirSync(results).filter((file) => name.test(file)).sort().map((file) => join(results, file));

/** How each is started. They know drafts up to 7, and so refuse less. */
const older: Record<string, () => string[]> = {
  "Python's fastjsonschema": () => ["/usr/bin/python3", join(debian, "judge_fastjsonschema.py")],
  "Go's gojsonschema": () => ["go", "run", join(debian, "gojsonschema.go")],
  "C++'s valijson": () => {
    const program = join(folder, "valijson");
    const source = join(debian, "valijson.cpp");
    assertEquals(printed("", "g++", "-std=c++17", "-o", program, source), "");
    return [program];
  },
};

for (const [name, start] of Object.entries(older)) {
  test(`${name} accepts every valid result, refuses a wrong status, and says no word else`, () => {
    const [command = "", ...args] = start();
    const valid = vectors(/^valid-/);
    const invalid = vectors(/^invalid-(status|consumed|facts)-/);
    assert(Math.min(valid.length, invalid.length) > 5);
    assertEquals(
      printed("", command, ...args, oneFile, ...valid, "--", ...invalid),
      `${valid.length + invalid.length} documents\n`,
    );
  });
}

test("the first error of Python's jsonschema names the wrong field", () => {
  const asked = wrongDocuments.map(({ contract, document }) =>
    JSON.stringify({
      title: (schemas[`${contract}.schema.json`] as Schema).title,
      document,
    })
  );
  const said = printed(
    asked.join("\n"),
    "/usr/bin/python3",
    join(tests, "contracts", "first_error.py"),
    oneFile,
  ).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(said.length, wrongDocuments.length);
  for (const [at, { name, python: [path, end] }] of wrongDocuments.entries()) {
    assertEquals([name, said[at][0], said[at][1].slice(-end.length)], [name, path, end]);
  }
});

test("the Python that quicktype makes reads 100 results and writes them back unchanged, as docs/validate.md shows", async () => {
  const [, , command = ""] = snippetsIn("sh");
  const [, snippet = ""] = snippetsIn("python");
  const quicktype = join(tests, "defaults", "node_modules", "quicktype", "dist", "index.js");
  const [, , ...args] = command.trim().split(" ");
  const inPlace = args.map((arg) => arg.endsWith(".schema.json") ? join(schemaFolder, arg) : arg);
  assertEquals(printed("", process.execPath, quicktype, ...inPlace), "");

  // quicktype's Python cannot tell a field that is null from one that is absent: the page says so.
  const documents = (await resultCases()).map(({ document }) => document as ExecutionResult)
    .filter(({ trace }) =>
      ![
        trace.action.input,
        "rawResult" in trace && trace.rawResult,
        "rawError" in trace && trace.rawError,
      ].includes(null)
    ).slice(0, 100);
  writeFileSync(join(folder, "result.json"), JSON.stringify(documents[0]));
  writeFileSync(join(folder, "snippet.py"), snippet);
  const { status } = documents[0]!;
  assertStringIncludes(
    printed("", "/usr/bin/python3", "snippet.py"),
    `${status} ['ORDER_CONSUMED'`,
  );

  writeFileSync(join(folder, "results.json"), JSON.stringify(documents));
  writeFileSync(
    join(folder, "again.py"),
    `import json
from execution_result import execution_result_from_dict, execution_result_to_dict

with open("results.json", encoding="utf-8") as file:
    results = json.load(file)
again = [execution_result_to_dict(execution_result_from_dict(result)) for result in results]
assert len(again) == 100
print([at for at in range(100) if again[at] != results[at]])
`,
  );
  assertEquals(printed("", "/usr/bin/python3", "again.py"), "[]\n");
  assertStringIncludes(readFileSync(join(folder, "execution_result.py"), "utf8"), "(Enum)");
});
