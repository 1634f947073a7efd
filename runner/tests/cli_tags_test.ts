/** Recorded values on a terminal: each tag is what it stands for, in the words of the page. */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { capture } from "deployer-runtime";
import { recordedTree } from "../../report/tree/node.ts";
import { HOSTILE } from "../../tests/support/hostile.ts";
import { tagNames, vectors } from "../../tests/support/schemas.ts";
import { brief, linesOf, reasonOf, textOf } from "../cli/tags.ts";

const bytes = (length: number) => ({
  $js: "bytes",
  kind: "Uint8Array",
  length,
  base64: btoa("a".repeat(length)),
});

/** Of each tag what is recorded, and the lines that are written of it. */
const TAGS: Record<string, [recorded: unknown, ...lines: string[]][]> = {
  undefined: [[{ $js: "undefined" }, "undefined"]],
  hole: [[[{ $js: "hole" }], "[", "  hole: the list has no such element", "]"]],
  number: [[{ $js: "number", value: "-0" }, "-0"]],
  bigint: [
    [{ $js: "bigint", value: "-12" }, "-12n"],
    [
      { $js: "bigint", value: { $js: "truncated", reason: "maxStringLength", size: 900 } },
      "a big integer that was left out (cut by maxStringLength: it had 900 values)",
    ],
  ],
  string: [[{ $js: "string", utf16: "YQAAAGIA" }, `"a\\u0000b"`]],
  symbol: [
    [{ $js: "symbol", description: "order" }, "Symbol(order)"],
    [{ $js: "symbol" }, "Symbol()"],
  ],
  function: [
    [
      { $js: "function", name: "purge", class: "AsyncFunction", props: { attempts: 3 } },
      ...["AsyncFunction: function purge {", `  "attempts": 3`, "}"],
    ],
    [{ $js: "function" }, "function"],
  ],
  date: [
    [{ $js: "date", value: "1970-01-01T00:00:00.000Z" }, "1970-01-01T00:00:00.000Z (date)"],
    [{ $js: "date", value: null }, "Invalid Date"],
  ],
  regexp: [[{ $js: "regexp", source: "^v", flags: "i" }, "/^v/i"]],
  url: [[{ $js: "url", value: "https://example.org/" }, "https://example.org/ (URL)"]],
  map: [
    [
      { $js: "map", class: "Zones", entries: [["eu", 1], [{ zone: 2 }, true]] },
      ...["Zones: Map of 2 {", `  "eu": 1,`, "  key 1: {", `    "zone": 2`, "  },"],
      ...["  value 1: true", "}"],
    ],
    [{ $js: "map", entries: [] }, "Map of 0"],
  ],
  set: [[
    {
      $js: "set",
      values: { $js: "truncated", reason: "maxArrayLength", size: 10000, head: ["a", "b"] },
    },
    "Set of 2 (cut by maxArrayLength: it had 10,000 entries) {",
    ...[`  "a",`, `  "b"`, "}"],
  ]],
  bytes: [
    [bytes(3), "Uint8Array of 3 bytes: 61 61 61"],
    [bytes(17), `Uint8Array of 17 bytes: ${"61 ".repeat(16)}…`],
    [{ ...bytes(0), class: "Buffer" }, "Buffer: Uint8Array of 0 bytes"],
    [
      {
        ...bytes(4),
        base64: { $js: "truncated", reason: "maxBytes", size: 4, head: "AQID" },
      },
      "Uint8Array of 4 bytes (cut by maxBytes: it had 4 bytes): 01 02 03",
    ],
  ],
  boxed: [[
    { $js: "boxed", value: { $js: "bigint", value: "1" } },
    ...["a primitive in its object {", "  value: 1n", "}"],
  ]],
  error: [
    [
      {
        $js: "error",
        class: "Error",
        name: "TypeError",
        message: "commit lost",
        stack: "TypeError: …",
        code: "E1",
        cause: { $js: "error", class: "Error", name: "Error", message: "reset" },
        errors: [1],
        props: { errno: -104 },
      },
      ...[
        "TypeError: commit lost (of class Error) {",
        `  code: "E1",`,
        "  caused by: Error: reset,",
      ],
      ...["  errors: [", "    1", "  ],", `  "errno": -104`, "}"],
    ],
    [{ $js: "error", message: { a: 1 } }, `Error: { "a": 1 }`],
  ],
  instance: [[
    {
      $js: "instance",
      class: "Headers",
      json: "told",
      entries: [["content-type", "text/plain"]],
      props: { $js: "object", entries: [["$js", 1]] },
    },
    ...["Headers {", `  its toJSON() says: "told",`, `  "content-type": "text/plain",`],
    ...[`  "$js": 1`, "}"],
  ]],
  object: [
    [{ $js: "object", entries: [["$js", "bigint"]] }, "{", `  "$js": "bigint"`, "}"],
    [{ $js: "object", entries: [] }, "{}"],
  ],
  circular: [
    [{ $js: "circular", up: 1 }, "the object that holds it"],
    [{ $js: "circular", up: 2 }, "its ancestor 2 levels up"],
  ],
  unreadable: [
    [{ $js: "unreadable", message: "not connected" }, "could not be read: not connected"],
    [{ $js: "unreadable", message: "" }, "could not be read: reading it threw"],
  ],
  truncated: [
    [
      { $js: "truncated", reason: "maxStringLength", size: 25, head: "the lo", tail: "ilure" },
      "a text of 25 characters, cut in its middle (cut by maxStringLength: 14 characters are not " +
      "recorded) {",
      ...[`  its beginning: "the lo",`, `  its end: "ilure"`, "}"],
    ],
    [
      { $js: "truncated", reason: "maxArrayLength", size: 3, head: [1, 2] },
      "what was kept of a value (cut by maxArrayLength: it had 3 values) [",
      ...["  1,", "  2", "]"],
    ],
    [
      { $js: "truncated", reason: "maxDepth", size: 2 },
      "a value that was left out (cut by maxDepth: it had 2 values)",
    ],
  ],
};

for (const [tag, cases] of Object.entries(TAGS)) {
  test(`a recorded ${tag} is written as what it stands for`, () => {
    for (const [recorded, ...lines] of cases) assertEquals([...linesOf(recorded)], lines);
  });
}

test("the tags above are those of raw-value.schema.json, no less and no more", () => {
  assertEquals(Object.keys(TAGS).sort(), [...tagNames].sort());
});

test("a tag is called on a terminal what it is called on the page", () => {
  for (const [recorded, first = ""] of Object.values(TAGS).flat()) {
    const { $js } = recorded as { $js?: string };
    const { text, note = "" } = recordedTree(recorded, "");
    // JSON is written as JSON here, and as a tree there; ancestors have no place outside of a tree.
    if ($js === undefined || ["string", "object", "circular"].includes($js)) continue;
    assert(first.startsWith(text) && first.includes(note), `${first}: ${text} (${note})`);
  }
});

test("JSON is written as JSON.stringify() writes it", () => {
  for (const value of [null, true, 1.5, "a\nb", [], {}, [[]], { "": [{}, 1], a: { b: null } }]) {
    assertEquals([...linesOf(value)].join("\n"), JSON.stringify(value, null, 2));
  }
});

test("a tag of a later version, or without its fields, is written with what it has", () => {
  const made = { $js: "temporal", value: { $js: "bigint", value: "1" } };
  assertEquals([...linesOf(made)], ["tag temporal {", "  value: 1n", "}"]);
  assertEquals([...linesOf({ $js: "date" })], ["tag date"]);
  assertEquals([...linesOf({ $js: ["date"], value: 1 })], [`tag ["date"] {`, "  value: 1", "}"]);
  assertEquals([...linesOf({ $js: "toString" })], ["tag toString"]);
});

test("whatever is recorded, or stands in a file in its place, is written without a fault", () => {
  for (const [name, make] of HOSTILE) {
    const { value } = capture(make());
    const lines = linesOf(value);
    for (let i = 0; i < 100; i++) assert(i > 0 || lines.next().value, name);
    assert(brief(value) !== "" && reasonOf(value) !== "", name);
  }
  for (const { document } of vectors("raw-value")) {
    assert(![...linesOf(document)].join().includes("[object Object]"));
    assert(brief(document) !== "" && reasonOf(document) !== "");
  }
});

test("of a value of any size the first lines are made, and no others", () => {
  const touched: number[] = [];
  const list = Array.from({ length: 100 }, (_, i) =>
    Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => touched.push(i),
    }));
  const lines = linesOf(list);
  for (let i = 0; i < 4; i++) lines.next();
  assertEquals(touched, [0]);
  assertEquals(brief("x".repeat(300)).length, 200);
});

test("a text is a text, whichever way it is recorded", () => {
  const cases: [recorded: unknown, text: string | undefined][] = [
    ["a", "a"],
    [{ $js: "string", utf16: "PdgA3g==" }, "\ud83d\ude00"],
    [{ $js: "string", utf16: 7 }, undefined],
    [{ $js: "truncated", head: "a", tail: { $js: "string", utf16: "AAA=" } }, "a…\0"],
    [{ $js: "truncated", head: [] }, undefined],
    [{ $js: "bigint", value: "1" }, undefined],
    [7, undefined],
    [null, undefined],
  ];
  for (const [recorded, text] of cases) assertEquals(textOf(recorded), text);
});

const refused = (address: string) =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: "ECONNREFUSED" });

test("the reason of an error is never empty: it is in what it came from, or its class and code", () => {
  const cases: [thrown: unknown, reason: string][] = [
    [new Error("no space left"), "no space left"],
    [
      Object.assign(new AggregateError([refused("::1:9"), refused("127.0.0.1:9")]), {
        code: "ECONNREFUSED",
      }),
      "connect ECONNREFUSED ::1:9; connect ECONNREFUSED 127.0.0.1:9",
    ],
    [new AggregateError([1, 2, 3, 4, 5, 5], "all failed"), "all failed: 1; 2; 3; 2 more"],
    [new Error("", { cause: new TypeError("reset") }), "reset"],
    [
      new Error("fetch failed", { cause: refused("::1:9") }),
      "fetch failed: connect ECONNREFUSED ::1:9",
    ],
    [new Error("cannot open: reset", { cause: new Error("reset") }), "cannot open: reset"],
    [new Error("", { cause: new Error("", { cause: "gone" }) }), "gone"],
    [new Error(" ", { cause: undefined }), "Error"],
    [Object.assign(new TypeError(), { code: "E1" }), "TypeError (E1)"],
    [Object.assign(new TypeError(), { code: 7n }), "TypeError (7n)"],
    [new AggregateError([]), "AggregateError"],
    [new Error("a\0b"), "a\0b"],
    [Object.assign(new Error(), { message: { reason: 1 } }), `{ "reason": 1 }`],
    [Object.setPrototypeOf(new Error(), null), "an error"],
  ];
  for (const [thrown, reason] of cases) assertEquals(reasonOf(capture(thrown).value), reason);
  const cut = capture(new AggregateError(["a", "b", "c"]), { maxArrayLength: 2 }).value;
  assertEquals(reasonOf(cut), "a; b");
});
