/** docs/validate.md does what it says in Python, with Debian's python3-jsonschema: `npm run test:debian`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { project, remove, run, snippetsIn } from "../support/validate_page.ts";

let folder = "";
const [validate = "", , read = ""] = snippetsIn("python");

before(async () => void (folder = await project()));
after(() => remove(folder));

function python(code: string): string {
  writeFileSync(join(folder, "snippet.py"), code);
  const { status, output } = run(folder, "/usr/bin/python3", "snippet.py");
  assertEquals(status, 0, output);
  return output;
}

test("the snippet for Python accepts a result, and names the field that is wrong", () => {
  assertEquals(python(validate), "valid\n");
  const refused = python(validate.replace("result.json", "refused.json"));
  assertStringIncludes(refused, "$.status 'DONE' is not one of");
  assertStringIncludes(refused, "refused\n");
});

test("the snippet that reads tags makes Python values of them", () => {
  assertEquals(
    python(read),
    "{'rows': 9007199254740993, 'rate': [nan, -0.0], 'key': '\\ud800', 'digest': b'\\xde\\xad', " +
      "'byName': [('a', 1)], 'own': {'$js': 'mine'}, " +
      "'at': {'$js': 'date', 'value': '1970-01-01T00:00:00.000Z'}, 'list': [1]}\n",
  );
});
