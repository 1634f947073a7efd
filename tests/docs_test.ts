/** The pages of `docs/`: each says what it is good for, and the index leads to each. */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { root, run, snippets } from "./support/snippets.ts";

const pages = [
  ...readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md")),
  ...["examples/fleet/README.md", "examples/recipes/README.md"],
];
const read = (page: string) => readFileSync(new URL(`docs/${page}`, root), "utf8");

for (const page of pages) {
  test(`docs/${page} begins with what its reader can do after it`, () => {
    const [, first = ""] = read(page).split("\n\n");
    assertMatch(first.replaceAll("\n", " "), /after (this page|reading)|après cette page/i);
  });
}

test("the index leads to each page of docs", () => {
  const links = [...read("README.md").matchAll(/\]\(([^)#]+)/g)].map(([, link]) => link);
  assert(pages.length > 10);
  assertEquals(pages.filter((page) => page !== "README.md" && !links.includes(page)), []);
});

test("the French page's example prints what the page says", { timeout: 60_000 }, async () => {
  const [example, printed] = snippets("docs/fr.md");
  const withoutTimes = (text: string) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "at");
  assertEquals(withoutTimes(await run(example!.code)), withoutTimes(printed!.code));
});

test("the French page has the README's two commands, and all that one could use instead", () => {
  const commands = (page: string) =>
    snippets(page).filter(({ language }) => language === "sh").map(({ code }) => code);
  assertEquals(commands("docs/fr.md"), commands("README.md"));
  const rivals = (text: string) =>
    [...text.matchAll(/^\| ([^|]+?) +\| [^|]+(?=\|)/gm)].map(([, name]) => name)
      .filter((name) => /BullMQ|DBOS|Restate|Temporal/.test(name!));
  const english = rivals(readFileSync(new URL("README.md", root), "utf8"));
  assertEquals(english.length, 4);
  assertEquals(rivals(read("fr.md")), english);
});

test("each command that contributing.md lists is a script of package.json", () => {
  const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const named = [...read("contributing.md").matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name);
  assert(named.length > 10);
  assertEquals(named.filter((name) => !(name! in scripts)), []);
});
