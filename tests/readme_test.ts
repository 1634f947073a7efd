/** The README, held against what it describes. */
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { root, run, type Snippet, snippets } from "./support/snippets.ts";

const README = "README.md";
const all = snippets(README);
const runnable = all.filter(({ language, code }) => language === "ts" && code.includes("import "));

/** Times differ from run to run: each becomes its own form. */
function withoutTimes(json: string): unknown {
  return JSON.parse(json, (key, value) => {
    if (key === "at" || key.endsWith("edAt")) return value.replace(/[0-9]/g, "0");
    return key === "durationMs" ? typeof value : value;
  });
}

/** What a snippet says that it prints: the JSON block behind it, or the comments behind its prints. */
function promised(snippet: Snippet): string {
  const next = all[all.indexOf(snippet) + 1];
  if (next?.language === "json") return next.code;
  return [...snippet.code.matchAll(/console\.log\(.*\);(?:\n *| )\/\/ (.+)$/gm)]
    .map((match) => `${match[1]}\n`).join("");
}

test("the README shows its example by line 15 and has snippets that can be run", () => {
  assert((runnable[0] as Snippet).line <= 15);
  assertEquals(runnable.length, 3);
});

for (const snippet of runnable) {
  test(`the README's snippet at line ${snippet.line} prints what the README says`, {
    timeout: 30_000,
  }, async () => {
    const printed = await run(snippet.code);
    const expected = promised(snippet);
    assert(expected !== "");
    if (expected.startsWith("{\n")) assertEquals(withoutTimes(printed), withoutTimes(expected));
    else assertEquals(printed, expected);
  });
}

test("the README's two commands are scripts of package.json", () => {
  const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const commands = all.filter(({ language }) => language === "sh").map(({ code }) => code);
  assertEquals(commands, ["npm ci && npm start\nnpm ci && npm test\n"]);
  assertMatch(scripts.start, /runner\/cli\/main\.ts run .*docs\/examples\/orders\/applied\.json/);
  assertMatch(scripts.test, /tests\/gate\.ts/);
});

test("the README's signatures are those that the module exports", () => {
  const signatures = all.find(({ code }) => code.startsWith("execute(request"))?.code ?? "";
  const source = readFileSync(new URL("execute.ts", root), "utf8");
  const given = readFileSync(new URL("given.ts", root), "utf8");
  for (const name of signatures.match(/(?<=ports = \{ )[\w, ]+(?= \})/)?.[0].split(", ") ?? []) {
    assertMatch(given, new RegExp(`readonly ${name}\\?:`));
  }
  assertMatch(source, /export async function execute<.*>\(\s*request: .*\s*context: .*\s*action: /);
});

test("every link of the README to a file leads to one", () => {
  const text = readFileSync(new URL(README, root), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] as string);
  assert(links.length > 0);
  assertEquals(links.filter((link) => !existsSync(new URL(link, root))), []);
});
