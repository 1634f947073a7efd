/** The closing document, held against what it names. */
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { root } from "./support/snippets.ts";

const page = new URL("docs/BUILD-7.md", root);
const text = readFileSync(page, "utf8");

test("every file that BUILD-7.md names exists", () => {
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] as string);
  assert(links.length > 40);
  assertEquals(links.filter((link) => !existsSync(new URL(link, page))), []);
});

test("every test that BUILD-7.md names exists in its file", () => {
  const named = [...text.matchAll(/\]\(([^)]+_test\.ts)\)[^"\n|]*"([^"\n]+)"/g)];
  assert(named.length > 20);
  const missing = named.filter(([, file, name]) =>
    !readFileSync(new URL(file as string, page), "utf8").includes(name as string)
  );
  assertEquals(missing.map(([found]) => found), []);
});
