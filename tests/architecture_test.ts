/** The picture in `docs/architecture.md` is that of the code's imports today. */
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { importsOf, picture, withPicture } from "../scripts/architecture.ts";
import { root } from "./support/snippets.ts";

test("docs/architecture.md shows the imports of today: `npx tsx scripts/architecture.ts` draws them", () => {
  const page = readFileSync(new URL("docs/architecture.md", root), "utf8");
  assertStringIncludes(page, "```mermaid\nflowchart");
  assertEquals(page, withPicture(page));
});

test("the picture tells an import of types from one of values", () => {
  const drawn = picture();
  assertStringIncludes(drawn, "  execute_ts --> given_ts\n");
  assertStringIncludes(drawn, "  given_ts -.-> trace_ts\n");
});

test("each form of import is found, and whether it needs types alone", () => {
  const code = `
    import "./effect.ts";
    import type { A } from "./a.ts";
    import { type B, type C } from "./b.ts";
    import { type D, e } from "./d.ts";
    import f, { type G } from "./f.ts";
    import * as h from "./h.ts";
    export { i } from "./i.ts";
    export type { J } from "./j.ts";
    const k = async () => (await import("./k.ts")).k;
    // import { l } from "./comment.ts";
    const text = 'import { m } from "./text.ts"';
  `;
  assertEquals(importsOf(code).map(({ name, typeOnly }) => `${name}${typeOnly ? " types" : ""}`), [
    ...["./effect.ts", "./a.ts types", "./b.ts types", "./d.ts", "./f.ts", "./h.ts", "./i.ts"],
    ...["./j.ts types", "./k.ts"],
  ]);
});
