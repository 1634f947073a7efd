/** The picture in `docs/architecture.md` is that of the code's imports today. */
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { arrows, importsOf, picture, withPicture } from "../scripts/architecture.ts";
import { root } from "./support/snippets.ts";

test("docs/architecture.md shows the imports of today: `npx tsx scripts/architecture.ts` draws them", () => {
  const page = readFileSync(new URL("docs/architecture.md", root), "utf8");
  assertStringIncludes(page, "```mermaid\nflowchart");
  assertEquals(page, withPicture(page));
});

test("no part imports what docs/architecture.md does not allow it", () => {
  const page = readFileSync(new URL("docs/architecture.md", root), "utf8");
  const section = page.split("## What may import what")[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| `")).map((line) => {
    const [, parts = "", allowed = ""] = line.split("|");
    const named = [...allowed.matchAll(/(types of )?`([^`]+)`/g)];
    return {
      parts: [...parts.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => idOf(path)),
      allowed: named.map(([, types, path = ""]) => ({ to: idOf(path), typeOnly: !!types })),
    };
  });
  const refused = arrows().filter((arrow) =>
    !rows.some(({ parts, allowed }) =>
      parts.includes(arrow.from) &&
      allowed.some(({ to, typeOnly }) => to === arrow.to && (arrow.typeOnly || !typeOnly))
    )
  );
  assertEquals(refused, []);
  // Nor does a row allow what no part does: it would be a door that nobody watches.
  const drawn = new Set(arrows().map(({ from }) => from));
  assertEquals(rows.flatMap(({ parts }) => parts).filter((part) => !drawn.has(part)), ["kinds_ts"]);
});

const idOf = (path: string) => path.replace(/\W+/g, "_").replace(/_$/, "");

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
