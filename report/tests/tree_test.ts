import { Buffer } from "node:buffer";
import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { capture, type CaptureLimits } from "../../mod.ts";
import { HOSTILE } from "../../tests/support/hostile.ts";
import { tagNames, vectors } from "../../tests/support/schemas.ts";
import { type Node, recordedTree, resultTree, TAGS } from "../tree/node.ts";
import { resultOf } from "./results.ts";

/** A tree as lines, as deep as it goes. */
function lines(node: Node, indent = ""): string[] {
  const { label, text, note, ancestor, blocks = [], children = [] } = node;
  const head = [
    ...label === undefined ? [] : [`${label}:`],
    ancestor === undefined ? text : `→ ${ancestor || "/"}`,
    ...note === undefined ? [] : [`(${note})`],
  ].join(" ");
  return [
    indent + head,
    ...blocks.map(({ title, text }) => `${indent}  ${title} | ${text}`),
    ...children.flatMap((child) => lines(child.make(), `${indent}  `)),
  ];
}

/** The lines of a value as the Deployer records it. */
function drawn(value: unknown, limits?: CaptureLimits): string[] {
  return lines(recordedTree(capture(value, limits).value, ""));
}

test("the page knows every tag of the contract, and no other", () => {
  assertEquals(Object.keys(TAGS).sort(), [...tagNames].sort());
});

test("JSON is drawn as itself", () => {
  assertEquals(drawn({ a: [1, "x", null, true], "": {} }), [
    "object of 2",
    ...["  a: list of 4", "    0: 1", "    1: x", "    2: null", "    3: true", "  : object of 0"],
  ]);
});

test("what JSON cannot say is drawn as what it is", () => {
  assertEquals(
    drawn([undefined, NaN, -0, 12n, Symbol("s"), "a\0b", new Date(0), /x/g, Object(1)]),
    [
      "list of 9",
      ...["  0: undefined", "  1: NaN", "  2: -0", "  3: 12n", "  4: Symbol(s)", "  5: a\0b"],
      ...["  6: 1970-01-01T00:00:00.000Z (date)", "  7: /x/g"],
      ...["  8: a primitive in its object", "    value: 1"],
    ],
  );
  assertEquals(drawn([new Date(NaN), new URL("https://example.org/"), [, 1]]).slice(1), [
    ...["  0: Invalid Date", "  1: https://example.org/ (URL)", "  2: list of 2"],
    ...["    0: hole: the list has no such element", "    1: 1"],
  ]);
});

test("maps, sets, functions and objects of classes are drawn with what they hold", () => {
  class Release {
    id = "r42";
    toJSON() {
      return "told";
    }
  }
  assertEquals(drawn([new Map<unknown, unknown>([["a", 1], [{ b: 2 }, 3]]), new Set(["x"])]), [
    "list of 2",
    ...["  0: Map of 2", "    a: 1", "    key 1: object of 1", "      b: 2", "    value 1: 3"],
    ...["  1: Set of 1", "    0: x"],
  ]);
  assertEquals(drawn(new Release()), ["Release", "  its toJSON() says: told", "  id: r42"]);
  assertEquals(drawn(Object.assign(function purge() {}, { tries: 3 })), [
    ...["function purge", "  tries: 3"],
  ]);
});

test("an error is drawn with its stack and its chain of causes", () => {
  const root = Object.assign(new TypeError("reset"), { code: "ECONNRESET", stack: "at a" });
  const error = Object.assign(new Error("lost", { cause: root }), { stack: "at b" });
  assertEquals(drawn(error), [
    ...["Error: lost", "  stack | at b", "  caused by: TypeError: reset", "    stack | at a"],
    "    code: ECONNRESET",
  ]);
});

test("bytes are drawn in hex and as text", () => {
  assertEquals(drawn(Buffer.from("Deployer\x00 executes")), [
    "Buffer: Uint8Array of 18 bytes",
    "  hex and text | 00000000  44 65 70 6c 6f 79 65 72  00 20 65 78 65 63 75 74  Deployer. execut\n" +
    "00000010  65 73                                             es",
  ]);
});

test("what was cut says by what, how much, and shows both ends of a text", () => {
  assertEquals(drawn("the log of a long failure", { maxStringLength: 11 }), [
    "a text of 25 characters, cut in its middle (cut by maxStringLength: 14 characters are not recorded)",
    ...["  its beginning | the lo", "  its end | ilure"],
  ]);
  assertEquals(drawn([1, 2, 3], { maxArrayLength: 2 }), [
    ...["what was kept of a value (cut by maxArrayLength: it had 3 values)", "  0: 1", "  1: 2"],
  ]);
  assertEquals(drawn(new Set([1, 2, 3]), { maxArrayLength: 2 }), [
    ...["Set of 2 (cut by maxArrayLength: it had 3 entries)", "  0: 1", "  1: 2"],
  ]);
  assertEquals(drawn(new Uint8Array([1, 2, 3, 4]), { maxBytes: 3 }).slice(0, 1), [
    "Uint8Array of 4 bytes (cut by maxBytes: it had 4 bytes)",
  ]);
  assertEquals(drawn({ deep: { a: { b: 1 } } }, { maxDepth: 1 }), [
    "object of 1",
    "  deep: a value that was left out (cut by maxDepth: it had 1 values)",
  ]);
});

test("a cycle leads to the ancestor that it is", () => {
  const node: Record<string, unknown> = { name: "a" };
  node.links = [node];
  node.map = new Map([["self", node]]);
  const error = new Error("loop", { cause: node });
  error.stack = "";
  node.error = error;
  assertEquals(drawn(node).filter((line) => line.includes("→")), [
    ...["    0: → /", "    self: → /", "    caused by: → /"],
  ]);
  const own = Object.assign(new Error("own"), { stack: "" });
  own.cause = { inside: { own } };
  assertEquals(drawn([own]).filter((line) => line.includes("→")), ["        own: → /0"]);
});

test("each node's pointer leads to what it is, in the recorded value", () => {
  const follow = (root: unknown, pointer: string) =>
    pointer.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
      // deno-lint-ignore no-explicit-any -- each step is of another type
      .reduce((value: any, key) => value[key], root);
  const value =
    capture([{ "a/b": { "~": 1 } }, new Map([["k", [1]]]), new Set([2]), new Error("x")]).value;
  const walk = (node: Node): void => {
    assert(follow(value, node.pointer) !== undefined, node.pointer);
    for (const child of node.children ?? []) walk(child.make());
  };
  walk(recordedTree(value, ""));
});

test("every recorded value has a tree, whatever was captured", () => {
  for (const [name, make] of HOSTILE) {
    if (name.includes("100 MB")) continue;
    assert(drawn(make(), { maxValues: 2000, maxStringLength: 100 }).length > 0, name);
  }
});

test("what is no value of the contract is drawn as the JSON that it is", () => {
  for (const { document } of vectors("raw-value")) {
    assert(lines(recordedTree(document, "")).length > 0);
  }
  assertEquals(lines(recordedTree({ $js: 1, x: [] }, "")), [
    "tag 1 (a tag that this page does not know, as it was recorded)",
    ...["  $js: 1", "  x: list of 0"],
  ]);
  for (const $js of ["circular", "map", "bytes", "error", "date", "constructor", "__proto__"]) {
    assertStringIncludes(lines(recordedTree({ $js, up: 9 }, "")).join("\n"), "");
  }
});

test("in a whole result, recorded values are drawn as such, and all else as JSON", async () => {
  const result = await resultOf({ orderId: "a", input: { $js: "mine" } }, () => 12n);
  const all = lines(resultTree(JSON.parse(JSON.stringify(result))));
  assert(all.includes("    rawResult: 12n"), all.join("\n"));
  assert(all.includes("        $js: mine"), all.join("\n"));
  const odd = { trace: { context: { annotations: { $js: "bigint" } } } };
  assertStringIncludes(lines(resultTree(odd)).join("\n"), "$js: bigint");
});

test("a tag with any value in its fields is drawn, and says nothing that is not there", () => {
  const fields = [{ toString: 1, valueOf: 1 }, [[{}], null], "x", 1.5, null, 1e999, "\ud800"];
  const tags = [
    ...["bigint", "bytes", "circular", "date", "error", "function", "instance", "map", "number"],
    ...["object", "regexp", "set", "string", "symbol", "truncated", "unreadable", "url", "boxed"],
  ];
  const names = [
    ...["base64", "class", "code", "description", "entries", "errors", "flags", "head", "json"],
    ...["kind", "length", "message", "name", "props", "reason", "size", "source", "stack", "tail"],
    ...["up", "utf16", "value", "values"],
  ];
  for (const $js of tags) {
    for (const field of fields) {
      const all = Object.fromEntries(names.map((name) => [name, field]));
      const kept = { $js: "truncated", head: "AAAA", tail: "b", size: field, reason: field };
      for (const each of [all, { ...all, head: "a" }, { ...all, base64: kept, value: kept }]) {
        const said = lines(recordedTree([{ $js, ...each }], "")).join("\n");
        assert(!/NaN|\[object |undefined of/.test(said), `${$js}: ${said}`);
      }
    }
  }
});
