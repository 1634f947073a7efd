/** docs/validate.md does what it says, with ajv and on the command line: `npm run test:contracts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { project, remove, run, snippetsIn } from "../support/validate_page.ts";

let folder = "";

before(async () => void (folder = await project()));
after(() => remove(folder));

test("the page has the snippets that are run here and in validate_page_debian_test.ts", () => {
  assertEquals(["ts", "json", "python", "sh"].map((language) => snippetsIn(language).length), [
    3,
    1,
    3,
    3,
  ]);
});

test("the snippet for ajv accepts a result, and names the misspelt field of a request", () => {
  const [first = "", code = ""] = snippetsIn("ts");
  assertStringIncludes(first, "new Ajv2020().compile(schema)");
  for (const option of ["strict", "formats", "Formats"]) assert(!code.includes(option), option);
  // Plain JavaScript, so that Node alone runs it.
  writeFileSync(join(folder, "validate.mjs"), code);
  const { status, output } = run(folder, process.execPath, "--no-warnings", "validate.mjs");
  assertEquals(status, 0, output);
  assertStringIncludes(output, "true null");
  assertStringIncludes(output, "additionalProperty: 'inputs'");

  writeFileSync(join(folder, "refuse.mjs"), code.replace("result.json", "refused.json"));
  const refused = run(folder, process.execPath, "--no-warnings", "refuse.mjs").output;
  assertStringIncludes(refused, "instancePath: '/status'");
});

test("the order that is typed by hand is one", () => {
  const [order = ""] = snippetsIn("json");
  writeFileSync(join(folder, "order.json"), order);
  const [, command = ""] = snippetsIn("sh");
  const { status, output } = run(folder, "sh", "-c", command);
  assertEquals(status, 0, output);
});

test("the commands accept a result and an order, and name the field that is wrong", () => {
  for (const command of snippetsIn("sh").slice(0, 2)) {
    const accepted = run(folder, "sh", "-c", command);
    assertEquals(accepted.status, 0, accepted.output);
    assertStringIncludes(accepted.output, "1 passed, 0 failed");
    const broken = command.replace(/(result|order)\.json/, "refused.json");
    assert(broken !== command);
    const { status, output } = run(folder, "sh", "-c", broken);
    assert(status !== 0);
    assertStringIncludes(
      output,
      command.includes("result.json") ? "/status" : "an object that defines properties",
    );
  }
});
