/** What `docs/runners.md` asks results with jq and Python, of the results that it stores. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertEquals } from "@std/assert";
import { section } from "../support/runners_guide.ts";
import { program, runtimeCommand } from "../support/snippets.ts";

const cwd = mkdtempSync(join(tmpdir(), "runners-debian-test-"));
before(() => {
  const file = join(cwd, "store.mts");
  writeFileSync(file, program(section("Storing results, and asking them").ts[0] as string));
  const [command, ...args] = runtimeCommand(file);
  execFileSync(command, args, { cwd });
});
after(() => rmSync(cwd, { recursive: true }));

test("jq finds in the stored results what the guide says", () => {
  const { sh: [code = ""], text: [printed] } = section("jq");
  const lines = execFileSync("sh", ["-ec", code], { cwd, encoding: "utf8" });
  assertEquals(lines, printed);
});

test("Python finds in the stored results what the guide says", () => {
  const { py: [code = ""], text: [printed] } = section("Python");
  const lines = execFileSync("/usr/bin/python3", ["-c", code], { cwd, encoding: "utf8" });
  assertEquals(lines.split("\n").sort(), printed?.split("\n").sort());
});
