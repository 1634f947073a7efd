/**
 * `docs/raw-values.md` says what is true: its examples are run, its limits are the defaults, and it
 * tells of every tag that the schema knows, and of no other.
 */
import { test } from "node:test";
import { readFileSync } from "node:fs";
import { assert, assertEquals } from "@std/assert";
import { capture, resolveLimits } from "../capture.ts";
import { isRawValue, nodes, tags } from "./support/recorded.ts";
import { schemas, tagNames } from "./support/schemas.ts";

const page = readFileSync(new URL("../docs/raw-values.md", import.meta.url), "utf8");

/** An example: code that ends in a value, and the JSON that the comment after it says. */
interface Example {
  heading: string;
  code: string;
  expected: unknown;
}

/** The examples of the page: in its blocks of JavaScript, each statement before a comment. */
function* examples(): Generator<Example> {
  for (const section of page.split(/^#+ /m).slice(1)) {
    const heading = section.split("\n")[0] as string;
    for (const [, block] of section.matchAll(/^```js\n(.*?)^```$/gms)) {
      for (const [, code, comment] of (block as string).matchAll(/(.*?)((?:^\/\/ [^\n]*\n)+)/gms)) {
        const json = (comment as string).replace(/^\/\/ /gm, "");
        yield { heading, code: (code as string).trim(), expected: JSON.parse(json) };
      }
    }
  }
}

/** Runs the code; its last statement is the value. */
function run(code: string): unknown {
  const last = code.lastIndexOf("capture(") === 0 ? 0 : code.lastIndexOf("\ncapture(") + 1;
  return new Function("capture", `${code.slice(0, last)}return ${code.slice(last)}`)(
    (...args: Parameters<typeof capture>) => {
      const { value } = capture(...args);
      isRawValue(value);
      assertEquals(isRawValue.errors ?? [], []);
      return value;
    },
  );
}

/** Stacks as the page writes them. */
function shorten(recorded: unknown): unknown {
  for (const node of nodes(recorded) as { $js?: unknown; stack?: unknown }[]) {
    if (node?.$js === "error" && typeof node.stack === "string") node.stack = "…";
  }
  return recorded;
}

test("every example of docs/raw-values.md is recorded as it says", () => {
  const all = [...examples()];
  const blocks = page.match(/^```js$/gm) ?? [];
  assert(all.length >= blocks.length && all.length > 20, `${all.length} examples`);
  for (const { heading, code, expected } of all) {
    assertEquals(shorten(run(code)), expected, `${heading}: ${code}`);
  }
});

test("docs/raw-values.md tells of every tag of the schema, of no other, and shows each", () => {
  // The tags without fields have no rule: the schema names them in its description.
  for (const tag of ["undefined", "hole"]) {
    assert(schemas["raw-value.schema.json"]!.description.includes(tag), tag);
  }
  const told = [...page.matchAll(/^### `(.+)`$/gm)].map(([, tag]) => tag as string);
  assertEquals([...told].sort(), [...tagNames].sort());

  for (const tag of told) {
    const shown = [...examples()].filter(({ heading }) => heading === `\`${tag}\``)
      .flatMap(({ expected }) => tags(expected)).map(({ $js }) => $js);
    assert(shown.includes(tag), `no example of ${tag}`);
  }
});

test("docs/raw-values.md tells of every field of every tag", () => {
  const sections = Object.fromEntries(
    page.split(/^### `/m).slice(1).map((section) => section.split("`\n", 2) as [string, string]),
  );
  const { tag } = schemas["raw-value.schema.json"]!.$defs;
  for (const { if: condition, then } of tag.allOf) {
    const name = condition.properties.$js.const as string;
    for (const field of Object.keys(then.properties ?? {})) {
      assert(new RegExp(`[\`"]${field}[\`"]`).test(sections[name]!), `${name}: ${field}`);
    }
  }
});

test("docs/raw-values.md tells of every limit, with its default", () => {
  const rows = [...page.matchAll(/^\| `(max[A-Za-z]+)` +\| +([0-9,]+) +\|/gm)]
    .map(([, name, value]) => [name, Number((value as string).replaceAll(",", ""))]);
  assertEquals(Object.fromEntries(rows), { ...resolveLimits() });
});

test("every place that docs/raw-values.md links to within the page is there", () => {
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)]
    .map(([, heading]) =>
      (heading as string).replaceAll("`", "").toLowerCase().replaceAll(" ", "-")
    );
  for (const [, anchor] of page.matchAll(/\]\(#([^)]+)\)/g)) {
    assert(anchors.includes(anchor as string), anchor);
  }
});
