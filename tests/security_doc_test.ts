/** `docs/security.md`: its snippet prints what the page says. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { run, snippets } from "./support/snippets.ts";

const blocks = snippets("docs/security.md");
const codeOf = (language: string) => blocks.filter((block) => block.language === language);

test("docs/security.md redacts as it says", { timeout: 60_000 }, async () => {
  const [code, ...others] = codeOf("ts");
  assertEquals(others, []);
  assertEquals(await run(code?.code ?? ""), codeOf("text")[0]?.code);
});
