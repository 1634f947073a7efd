/** Every link of every Markdown file of the repository leads somewhere: `npm run test:package`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { brokenLinks } from "../support/links.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = spawnSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).stdout
  .split("\n").filter((name) => name !== "");

test("there are Markdown files", () => assert(files.length > 5));

for (const file of files) {
  test(`every link of ${file} leads somewhere`, () => {
    assertEquals(brokenLinks(join(root, file), root), []);
  });
}

test("a link to no file, to no heading, and to no file of the package is found; one in code is none", () => {
  const folder = mkdtempSync(join(tmpdir(), "links-"));
  try {
    const page = join(folder, "page.md");
    const published = "https://cdn.jsdelivr.net/npm/deployer-runtime@1";
    writeFileSync(
      page,
      [
        "# A `page`, of one heading",
        "[here](#a-page-of-one-heading) [file](page.md) [both](page.md#a-page-of-one-heading)",
        `[no file](other.md) [no heading](#other) <${published}/none.json> <${published}/page.md>`,
        "```md",
        "[in code](none.md)",
        "```",
      ].join("\n"),
    );
    assertEquals(brokenLinks(page, folder), ["other.md", "#other", `${published}/none.json`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
