/** What the packages say of where they come from, and the pages that they take along. */
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { withRepository } from "../../scripts/manifests.ts";
import { packedPage } from "../../scripts/pages.ts";

test("a manifest names the repository, or leaves out repository, homepage and bugs", () => {
  const manifest = { name: "x", bugs: "https://example.org/old" };
  const address = "https://example.org/owner/name";
  assertEquals(withRepository(manifest, "", "runner"), { name: "x" });
  assertEquals(withRepository(manifest, address, ""), {
    name: "x",
    repository: { type: "git", url: `git+${address}.git` },
    homepage: `${address}#readme`,
    bugs: `${address}/issues`,
  });
  const written = withRepository(manifest, address, "runner");
  assertEquals(written, {
    name: "x",
    repository: { type: "git", url: `git+${address}.git`, directory: "runner" },
    homepage: `${address}/tree/HEAD/runner#readme`,
    bugs: `${address}/issues`,
  });
  assertEquals(withRepository(written, address, "runner"), written);
});

test("an address is in both manifests or in none", () => {
  const isNamed = ["package.json", "runner/package.json"].map((path) =>
    "repository" in JSON.parse(readFileSync(path, "utf8"))
  );
  assertEquals(isNamed[0], isNamed[1]);
});

test("a page of the package links what is packed, and names what is only in the repository", () => {
  const page = "[a](../runner/a.ts) [b](b.md#title) [c](../tests/c.ts) [d](https://example.org/d)";
  assertEquals(
    packedPage("docs/page.md", page, (path) => ["a.ts", "docs/b.md"].includes(path)),
    "[a](../a.ts) [b](b.md#title) c (in the repository) [d](https://example.org/d)",
  );
});
