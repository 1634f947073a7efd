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
  assertEquals(["ts", "python", "sh"].map((language) => snippetsIn(language).length), [
    1,
    2,
    2,
  ]);
});

test("the snippet for ajv accepts a result, and names the misspelt field of a request", () => {
  const [code = ""] = snippetsIn("ts");
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

test("the commands accept a result and an order, and name the field that is wrong", () => {
  for (const command of snippetsIn("sh")) {
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
