/**
 * `capture()`, tag by tag and value by value: what is recorded, what it costs, and what it leaves
 * as it was. `capture_property_test.ts` asks the same of values that nobody thought of.
 */
import { test } from "node:test";
import { Buffer } from "node:buffer";
import { runInNewContext } from "node:vm";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { capture, type CaptureLimits, resolveLimits } from "../capture.ts";
import { capture as published } from "../mod.ts";
import * as namespace from "./support/decode.ts";
import { HOSTILE, nested, refuse, REFUSING, revoked } from "./support/hostile.ts";
import {
  assertRecorded,
  captureSoundly,
  isSame,
  levels,
  nodes,
  spent,
  tags,
  tally,
} from "./support/recorded.ts";

const { decode } = namespace;

/** Bun would end a test after 5 seconds, which a busy machine may need. */
const PATIENT = { timeout: 60_000 };

/** A value, and the JSON that it is recorded as. */
type Example = readonly [what: string, value: unknown, expected: unknown];

/** One test for a group of examples: a failure names the example. */
function records(name: string, examples: readonly Example[]): void {
  test(name, () => {
    for (const [what, value, expected] of examples) {
      try {
        assertRecorded(value, expected);
      } catch (error) {
        throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
}

/** What the platform wrote, if it wrote one: stacks are recorded as they are. */
function stackOf(error: object): { stack?: unknown } {
  return "stack" in error ? { stack: error.stack } : {};
}

/** What a proxy of `target` was asked, by trap and property. */
function watched<T extends object>(target: T): { proxy: T; asked: Map<string, number> } {
  const asked = new Map<string, number>();
  const handler = Object.fromEntries(
    (Object.keys(REFUSING) as (keyof typeof Reflect)[]).map((trap) => [
      trap,
      (...args: unknown[]) => {
        // Platforms keep their own state under symbols, and read it as often as they like.
        if (typeof args[1] === "string") {
          const what = `${trap} ${args[1]}`;
          asked.set(what, (asked.get(what) ?? 0) + 1);
        }
        return (Reflect[trap] as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  );
  return { proxy: new Proxy(target, handler), asked };
}

/** What was asked for more than once. */
function repeated(asked: Map<string, number>): string[] {
  return [...asked].filter(([, times]) => times > 1).map(([what]) => what);
}

class Point {
  x: number;
  constructor(x: number) {
    this.x = x;
  }
}

// --- Clean JSON -----------------------------------------------------------------------------------

test("clean JSON is recorded as itself, and exactly", () => {
  const clean: unknown[] = [
    null,
    true,
    false,
    0,
    -1.5,
    1e300,
    5e-324,
    "",
    "text",
    "\u{1f600}\u2028\u007f",
    [],
    {},
    [[], {}, [null]],
    { a: { b: [1, "2", null, false] }, "": 0, "0": 1, "a b": [] },
    { constructor: 1, toString: 2, hasOwnProperty: 3, then: 4, length: 5 },
    { value: 1, props: 2, $JS: 3, js: 4, "$js ": 5, " $js": 6 },
  ];
  for (const value of clean) {
    const { value: recorded, fidelity } = captureSoundly(value);
    assertEquals(recorded, value);
    assertEquals(JSON.stringify(recorded), JSON.stringify(value));
    assertEquals(fidelity, { exact: true, tagged: 0, truncated: 0, unreadable: 0 });
  }
});

test("what is recorded shares no object with the value", () => {
  const value = { list: [{ a: 1 }], map: new Map([["k", { b: 2 }]]), error: { c: [3] } };
  const { value: recorded } = capture(value);
  const before = JSON.stringify(recorded);
  value.list[0]!.a = 9;
  value.list.push({ a: 10 });
  value.map.get("k")!.b = 9;
  value.error.c.push(9);
  assertEquals(JSON.stringify(recorded), before);

  const bytes = new Uint8Array([1]);
  const kept = capture(bytes).value;
  bytes[0] = 2;
  assertEquals((kept as { base64: string }).base64, "AQ==");
});

test("two captures share nothing, their fidelity included", () => {
  const value = { a: [1n] };
  const first = capture(value);
  const second = capture(value);
  assertEquals(first, second);
  const owned = nodes(first).filter((node) => typeof node === "object");
  const others = new Set(nodes(second).filter((node) => typeof node === "object"));
  assert(owned.length > 3);
  assert(owned.every((node) => !others.has(node)));
});

test("the published capture() is this one", () => {
  assertStrictEquals(published, capture);
});

// --- Primitives -----------------------------------------------------------------------------------

records("what JSON has no word for is tagged, alone and in its place", [
  ["undefined", undefined, { $js: "undefined" }],
  ["undefined in an object", { a: undefined, b: 1 }, { a: { $js: "undefined" }, b: 1 }],
  ["undefined in an array", [undefined], [{ $js: "undefined" }]],
  // deno-lint-ignore no-sparse-arrays
  ["a hole", [1, , undefined], [1, { $js: "hole" }, { $js: "undefined" }]],
  ["nothing but holes", new Array(2), [{ $js: "hole" }, { $js: "hole" }]],
  ["NaN", NaN, { $js: "number", value: "NaN" }],
  ["Infinity", [Infinity], [{ $js: "number", value: "Infinity" }]],
  ["-Infinity", { a: -Infinity }, { a: { $js: "number", value: "-Infinity" } }],
  ["-0", [-0, 0], [{ $js: "number", value: "-0" }, 0]],
  ["a bigint", -9007199254740993n, { $js: "bigint", value: "-9007199254740993" }],
  ["0n", 0n, { $js: "bigint", value: "0" }],
  ["a symbol", Symbol("s"), { $js: "symbol", description: "s" }],
  ["a symbol that is described as nothing", Symbol(""), { $js: "symbol", description: "" }],
  ["a symbol without description", Symbol(), { $js: "symbol" }],
  ["a well-known symbol", Symbol.iterator, { $js: "symbol", description: "Symbol.iterator" }],
]);

/** As `capture()` writes what parsers refuse. */
function utf16(text: string): { $js: "string"; utf16: string } {
  return { $js: "string", utf16: Buffer.from(text, "utf16le").toString("base64") };
}

records("a string that parsers or databases refuse is tagged, in values and in keys", [
  ["a NUL", "a\0b", { $js: "string", utf16: "YQAAAGIA" }],
  ["a lone high surrogate", "\ud83d", { $js: "string", utf16: "Pdg=" }],
  ["a lone low surrogate", ["\ude00"], [{ $js: "string", utf16: "AN4=" }]],
  ["surrogates the wrong way round", "\ude00\ud83d", utf16("\ude00\ud83d")],
  ["a pair beside a lone one", "\u{1f600}\ud83d", utf16("\u{1f600}\ud83d")],
  ["the description of a symbol", Symbol("\0"), { $js: "symbol", description: utf16("\0") }],
  ["a key with a NUL", { a: 1, "\0": 2 }, {
    $js: "object",
    entries: [["a", 1], [utf16("\0"), 2]],
  }],
  ["a key with a lone surrogate", { "\ud800": "\udc00" }, {
    $js: "object",
    entries: [[utf16("\ud800"), utf16("\udc00")]],
  }],
  [
    "two keys that only replacement would confuse",
    Object.fromEntries([["\ud800", 1], ["\ud801", 2]]),
    {
      $js: "object",
      entries: [[utf16("\ud800"), 1], [utf16("\ud801"), 2]],
    },
  ],
]);

// --- Nothing forges a tag -------------------------------------------------------------------------

records("an object with a key $js is written as entries, wherever it stands", [
  ["at the top", { $js: "bigint", value: "1" }, {
    $js: "object",
    entries: [["$js", "bigint"], ["value", "1"]],
  }],
  ["as the last key", { a: 1, $js: 2 }, { $js: "object", entries: [["a", 1], ["$js", 2]] }],
  ["in itself", { $js: { $js: 1 } }, {
    $js: "object",
    entries: [["$js", { $js: "object", entries: [["$js", 1]] }]],
  }],
  ["in an array", [{ $js: "hole" }], [{ $js: "object", entries: [["$js", "hole"]] }]],
  ["as what was recorded before", capture({ $js: 1 }).value, {
    $js: "object",
    entries: [["$js", "object"], ["entries", [["$js", 1]]]],
  }],
  ["as an escape that was not made here", { $js: "object", entries: [["a", 1]] }, {
    $js: "object",
    entries: [["$js", "object"], ["entries", [["a", 1]]]],
  }],
  ["in a Map", new Map([["k", { $js: "undefined" }]]), {
    $js: "map",
    entries: [["k", { $js: "object", entries: [["$js", "undefined"]] }]],
  }],
  ["in an object of a class", Object.assign(new Point(1), { $js: "map" }), {
    $js: "instance",
    class: "Point",
    props: { $js: "object", entries: [["x", 1], ["$js", "map"]] },
  }],
  ["in a function", Object.assign(function f() {}, { $js: "map" }), {
    $js: "function",
    name: "f",
    props: { $js: "object", entries: [["$js", "map"]] },
  }],
  ["in a Date", Object.assign(new Date(0), { $js: "map", value: 1 }), {
    $js: "date",
    value: "1970-01-01T00:00:00.000Z",
    props: { $js: "object", entries: [["$js", "map"], ["value", 1]] },
  }],
]);

test("an error's own properties forge no tag and no field of one", () => {
  const error = Object.assign(new Error("m"), { $js: "bigint", class: "C", props: 1, value: "1" });
  assertRecorded(error, {
    $js: "error",
    class: "Error",
    name: "Error",
    message: "m",
    ...stackOf(error),
    props: {
      $js: "object",
      entries: [["$js", "bigint"], ["class", "C"], ["props", 1], ["value", "1"]],
    },
  });

  const fields = Object.assign(new Error(), { name: { $js: "undefined" }, code: { $js: "hole" } });
  assertRecorded(fields, {
    $js: "error",
    class: "Error",
    name: { $js: "object", entries: [["$js", "undefined"]] },
    message: "",
    ...stackOf(fields),
    code: { $js: "object", entries: [["$js", "hole"]] },
  });
});

test("a class forges no tag by its name", () => {
  for (
    const name of [
      ...["Map", "Set", "Date", "RegExp", "URL", "Function", "ArrayBuffer", "SharedArrayBuffer"],
      ...[
        "DataView",
        "Uint8Array",
        "TypedArray",
        "Number",
        "String",
        "Boolean",
        "BigInt",
        "Symbol",
      ],
      ...["Headers", "URLSearchParams", "FormData", "$js", "__proto__", "constructor", "toString"],
    ]
  ) {
    const Named = class {
      x = 1;
    };
    Object.defineProperty(Named, "name", { value: name });
    assertRecorded(new Named(), { $js: "instance", class: name, props: { x: 1 } });
  }
});

test("data forges no class, where it is the prototype of other data", () => {
  for (const name of ["Error", "Map", "function", "Function", "Date", "Foo"]) {
    const defaults = JSON.parse(`{"constructor":{"name":"${name}"},"message":"m","name":"n"}`);
    assertRecorded(Object.assign(Object.create(defaults), { a: 1 }), { a: 1 });
  }
  assertRecorded(Object.assign(Object.create({ constructor: null }), { a: 1 }), { a: 1 });
});

test("__proto__ as an own key is data: nothing is polluted", () => {
  const value = JSON.parse('{"a":{"__proto__":{"polluted":1},"b":2},"__proto__":null}');
  const { value: recorded, fidelity } = captureSoundly(value);
  assertEquals(JSON.stringify(recorded), JSON.stringify(value));
  assertEquals(fidelity.exact, true);
  const inner = (recorded as { a: object }).a;
  assertStrictEquals(Object.getPrototypeOf(recorded), Object.prototype);
  assertStrictEquals(Object.getPrototypeOf(inner), Object.prototype);
  assertEquals(Object.keys(inner), ["__proto__", "b"]);
  assertEquals((inner as { polluted?: unknown }).polluted, undefined);
  assertEquals(({} as { polluted?: unknown }).polluted, undefined);

  const twice = JSON.parse('[[{"__proto__":{"a":1}},{"__proto__":{"a":1}}]]');
  assertEquals(JSON.stringify(capture(twice).value), JSON.stringify(twice));

  const both = JSON.parse('{"__proto__":[1],"$js":2}');
  assertRecorded(both, { $js: "object", entries: [["__proto__", [1]], ["$js", 2]] });
  const cutShort = capture(JSON.parse('{"__proto__":1,"b":2}'), { maxValues: 2 }).value;
  assertEquals(
    JSON.stringify(cutShort),
    '{"$js":"truncated","reason":"maxValues","size":2,"head":{"__proto__":1}}',
  );
});

test("keys that a prototype refuses or catches are data too", () => {
  const caught: unknown[] = [];
  // As where Object.prototype is frozen, and where something was defined on it.
  Object.defineProperty(Object.prototype, "refusedKey", { value: 1, configurable: true });
  Object.defineProperty(Object.prototype, "caughtKey", {
    set: (value) => caught.push(value),
    configurable: true,
  });
  let recorded;
  try {
    recorded = JSON.stringify(capture([{ refusedKey: 2, b: 3 }, { caughtKey: [4] }]));
  } finally {
    Reflect.deleteProperty(Object.prototype, "refusedKey");
    Reflect.deleteProperty(Object.prototype, "caughtKey");
  }
  assertEquals(caught, []);
  assertEquals(JSON.parse(recorded), capture([{ refusedKey: 2, b: 3 }, { caughtKey: [4] }]));
  assertRecorded({ constructor: 1, toString: { valueOf: 2 } }, {
    constructor: 1,
    toString: { valueOf: 2 },
  });
});

test("a polluted prototype makes nothing else of plain objects and of errors", () => {
  const error = new Error("m");
  const polluted = [Object.prototype, Error.prototype];
  const before = polluted.map(({ constructor }) => constructor);
  let recorded;
  try {
    for (const prototype of polluted) prototype.constructor = Point;
    recorded = capture([{ a: 1 }, error]).value;
  } finally {
    polluted.forEach((prototype, i) => prototype.constructor = before[i]!);
  }
  assertEquals(recorded, capture([{ a: 1 }, error]).value);
});

// --- Plain objects and arrays ---------------------------------------------------------------------

function withArguments(..._: unknown[]): unknown {
  return arguments;
}

records("plain objects and arrays are what their own enumerable string keys say", [
  ["no prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["inherited properties", Object.assign(Object.create({ b: 1 }), { a: 1 }), { a: 1 }],
  ["hidden properties", Object.defineProperty({ a: 1 }, "b", { value: 2 }), { a: 1 }],
  ["symbol keys", { a: 1, [Symbol("b")]: 2 }, { a: 1 }],
  ["named properties of an array", Object.assign([1], { b: 2 }), [1]],
  ["an array of a class", new (class extends Array {})(2).fill(1), [1, 1]],
  ["arguments", withArguments(1, "b"), { 0: 1, 1: "b" }],
  ["a frozen object", Object.freeze({ a: Object.freeze([1]) }), { a: [1] }],
  ["a proxy", new Proxy({ a: [1] }, {}), { a: [1] }],
  ["a proxy of an array", new Proxy([1, [2]], {}), [1, [2]]],
  ["integer keys, which come first", { b: 1, 1: 2, a: 3, 0: 4 }, { 0: 4, 1: 2, b: 1, a: 3 }],
]);

test("an object of another realm is recorded as itself", () => {
  assertRecorded(runInNewContext("({ a: [1, { b: null }] })"), { a: [1, { b: null }] });
});

test("toJSON is not obeyed: what an instance says by it stands beside what it has", () => {
  const lie = () => "a lie";
  const tag = { $js: "function", name: "toJSON" };
  assertRecorded({ a: 1, toJSON: Object.defineProperty(lie, "name", { value: "toJSON" }) }, {
    a: 1,
    toJSON: tag,
  });
  assertRecorded({ toJSON: refuse }, { toJSON: { $js: "function", name: "refuse" } });
  assertRecorded({ toJSON: "data" }, { toJSON: "data" });
  assertRecorded(Object.create({ toJSON: refuse }, { a: { value: 1, enumerable: true } }), {
    a: 1,
  });
  class Silent extends Point {
    toJSON(): unknown {
      return refuse();
    }
  }
  assertRecorded(new Silent(1), {
    $js: "instance",
    class: "Silent",
    json: { $js: "unreadable", message: "refused" },
    props: { x: 1 },
  });
  assertRecorded(Object.defineProperty(new Date(0), "toJSON", { value: refuse }), {
    $js: "date",
    value: "1970-01-01T00:00:00.000Z",
  });
  const error = Object.defineProperty(new Error("m"), "toJSON", { value: refuse });
  assertRecorded(error, {
    $js: "error",
    class: "Error",
    name: "Error",
    message: "m",
    ...stackOf(error),
  });
});

// --- Errors ---------------------------------------------------------------------------------------

test("an error is recorded with its whole chain of causes", () => {
  const c = Object.assign(new RangeError("c", { cause: "the end" }), { code: "E_C", errno: -2 });
  const b = new TypeError("b", { cause: c });
  const a = new Error("a", { cause: b });
  assertRecorded(a, {
    $js: "error",
    class: "Error",
    name: "Error",
    message: "a",
    ...stackOf(a),
    cause: {
      $js: "error",
      class: "TypeError",
      name: "TypeError",
      message: "b",
      ...stackOf(b),
      cause: {
        $js: "error",
        class: "RangeError",
        name: "RangeError",
        message: "c",
        ...stackOf(c),
        code: "E_C",
        cause: "the end",
        props: { errno: -2 },
      },
    },
  });
});

test("a cause is recorded whatever it is, and only if there is one", () => {
  const causes: [unknown, unknown][] = [
    [undefined, { $js: "undefined" }],
    [null, null],
    [0, 0],
    [false, false],
    ["", ""],
    [NaN, { $js: "number", value: "NaN" }],
    [{ status: 500 }, { status: 500 }],
  ];
  for (const [cause, expected] of causes) {
    const error = new Error("m", { cause });
    assertRecorded(error, {
      $js: "error",
      class: "Error",
      name: "Error",
      message: "m",
      ...stackOf(error),
      cause: expected,
    });
  }
  const { value } = capture(new Error("m"));
  assertEquals(Object.hasOwn(value as object, "cause"), false);
});

test("an AggregateError is recorded with all its errors", () => {
  const inner = new Error("a");
  const error = new AggregateError([inner, "b", undefined], "m", { cause: 1 });
  assertRecorded(error, {
    $js: "error",
    class: "AggregateError",
    name: "AggregateError",
    message: "m",
    ...stackOf(error),
    cause: 1,
    errors: [
      { $js: "error", class: "Error", name: "Error", message: "a", ...stackOf(inner) },
      "b",
      { $js: "undefined" },
    ],
  });
});

test("an error of a class has the class's name and its own properties", () => {
  class DeployError extends Error {
    override name = "Deploy";
    attempts = 3n;
    #secret = 1;
    get secret(): number {
      return this.#secret;
    }
  }
  const error = new DeployError("m");
  assertRecorded(error, {
    $js: "error",
    class: "DeployError",
    name: "Deploy",
    message: "m",
    ...stackOf(error),
    props: { attempts: { $js: "bigint", value: "3" } },
  });
  const anonymous = new (class extends TypeError {})("m");
  assertRecorded(anonymous, {
    $js: "error",
    class: "TypeError",
    name: "TypeError",
    message: "m",
    ...stackOf(anonymous),
  });
});

test("a DOMException is an error, with its name and its code", () => {
  const error = new DOMException("m", "AbortError");
  assertRecorded(error, {
    $js: "error",
    class: "DOMException",
    name: "AbortError",
    message: "m",
    ...stackOf(error),
    code: 20,
  });
});

test("an error of another realm is an error, with all that it has", () => {
  const error = runInNewContext(
    'Object.assign(new TypeError("m", { cause: new Error("c") }), { code: "E", note: [1] })',
  );
  assertEquals(error instanceof Error, false);
  assertRecorded(error, {
    $js: "error",
    class: "TypeError",
    name: "TypeError",
    message: "m",
    stack: error.stack,
    code: "E",
    cause: {
      $js: "error",
      class: "Error",
      name: "Error",
      message: "c",
      stack: error.cause.stack,
    },
    props: { note: [1] },
  });
});

test("a field of an error that throws is unreadable, and the others are recorded", () => {
  const refused = { $js: "unreadable", message: "refused" };
  for (const field of ["name", "message", "stack", "code", "cause", "errors"]) {
    for (const enumerable of [true, false]) {
      const error = new Error("m");
      // Node writes a stack when it is first read, and reads name and message for that.
      const stack = stackOf(error);
      Object.defineProperty(error, field, { get: refuse, enumerable });
      const known: Record<string, unknown> = {
        name: field === "name" ? refused : "Error",
        message: field === "message" ? refused : "m",
        ...(field === "stack" ? { stack: refused } : stack),
      };
      if (!(field in known)) known[field] = refused;
      const { name, message, ...others } = known;
      assertRecorded(error, { $js: "error", class: "Error", name, message, ...others });
    }
  }
});

test("an error's fields are recorded whatever they are", () => {
  const error = Object.assign(new Error(), {
    name: 1n,
    message: [null],
    code: 0,
    stack: undefined,
  });
  assertRecorded(error, {
    $js: "error",
    class: "Error",
    name: { $js: "bigint", value: "1" },
    message: [null],
    stack: { $js: "undefined" },
    code: 0,
  });
  const bare = Object.create(Error.prototype);
  assertRecorded(bare, {
    $js: "error",
    class: "Error",
    name: "Error",
    message: "",
    ...stackOf(bare),
  });
});

test("a field of an error is there if the error says something by it, or has it of its own", () => {
  class Refused extends Error {
    get code(): unknown {
      return undefined;
    }
    override get cause(): unknown {
      return "inherited";
    }
  }
  const error = new Refused("m");
  const known = { name: "Error", message: "m", ...stackOf(error) };
  assertRecorded(error, { $js: "error", class: "Refused", ...known, cause: "inherited" });
  // What is not there takes no room from what comes after it.
  const beside = (maxValues: number) =>
    (capture([new Error("m"), [1]], { maxValues }).value as unknown[])[1];
  assertEquals(beside(7), [1]);
  const caused = Object.assign(new Error("m"), { cause: undefined, stack: "at test" });
  assertRecorded(caused, {
    $js: "error",
    class: "Error",
    name: "Error",
    message: "m",
    stack: "at test",
    cause: { $js: "undefined" },
  });
});

test("a proxy of an error that hides its keys is counted right, whatever is lost", () => {
  const { value } = captureSoundly(new Proxy(new Error("m", { cause: 1n }), { ownKeys: refuse }));
  assertEquals(tally(value).unreadable, 1);
  class Named {}
  Object.defineProperty(Named, "name", { value: "\0" });
  captureSoundly(new Proxy(new Named(), { ownKeys: refuse }));
  captureSoundly(new Proxy(Object.assign(() => {}, { a: 1n }), { ownKeys: refuse }));
  captureSoundly([1n, new Proxy(new Error("m", { cause: [1n, undefined] }), { has: refuse })]);
  class NamedError extends Error {}
  Object.defineProperty(NamedError, "name", { value: "\0" });
  captureSoundly(new Proxy(new NamedError(), { has: refuse }));
});

// --- Objects of classes ---------------------------------------------------------------------------

test("an object of a class has the class's name and its own fields", () => {
  class Box {
    items: unknown[] = [1];
    #hidden = 2;
    static shared = 3;
    get hidden(): number {
      return this.#hidden;
    }
  }
  class LockedBox extends Box {
    at: Date = new Date(NaN);
  }
  assertRecorded(new LockedBox(), {
    $js: "instance",
    class: "LockedBox",
    props: { items: [1], at: { $js: "date", value: null } },
  });
  assertRecorded(new (class Empty {})(), { $js: "instance", class: "Empty", props: {} });
  class Named {
    x = 1;
  }
  Object.defineProperty(Named, "name", { value: "\0" });
  assertRecorded(new Named(), { $js: "instance", class: utf16("\0"), props: { x: 1 } });
});

test("an object whose class says nothing about itself keeps its fields", () => {
  class Throwing {
    static get name(): string {
      return refuse();
    }
    x = 1;
  }
  const { value } = captureSoundly(new Throwing());
  const fields = (value as { props?: unknown }).props ?? value;
  assertEquals(fields, { x: 1 });
  const { value: anonymous } = captureSoundly(
    new (class {
      x = 1;
    })(),
  );
  assertEquals((anonymous as { props?: unknown }).props ?? anonymous, { x: 1 });
  class Renamed {
    x = 1;
  }
  Object.defineProperty(Renamed, "name", { value: 42 });
  assertRecorded(new Renamed(), { x: 1 });
});

records("what is of a class only by its name or its prototype is no more than its fields", [
  ["a prototype of Map", Object.create(Map.prototype), {
    $js: "instance",
    class: "Map",
    props: {},
  }],
  ["an heir of a Map", Object.assign(Object.create(new Map()), { a: 1 }), {
    $js: "instance",
    class: "Map",
    props: { a: 1 },
  }],
  ["a proxy of a Map", new Proxy(new Map([[1, 2]]), {}), {
    $js: "instance",
    class: "Map",
    props: {},
  }],
  ["a detached buffer", detached(), { $js: "instance", class: "ArrayBuffer", props: {} }],
]);

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

// --- What comes with the language -----------------------------------------------------------------

class Tally extends Map<unknown, unknown> {}

records("Map, Set, Date, RegExp and boxed primitives are recorded as what they hold", [
  ["a Map", new Map<unknown, unknown>([["a", [1]], [{ k: 1 }, undefined]]), {
    $js: "map",
    entries: [["a", [1]], [{ k: 1 }, { $js: "undefined" }]],
  }],
  ["an empty Map", new Map(), { $js: "map", entries: [] }],
  ["a Map of a class", new Tally([[1, 2]]), { $js: "map", class: "Tally", entries: [[1, 2]] }],
  ["a Map with own properties", Object.assign(new Map([[1, 2]]), { note: 3n }), {
    $js: "map",
    entries: [[1, 2]],
    props: { note: { $js: "bigint", value: "3" } },
  }],
  [
    "a Map whose methods lie",
    Object.defineProperties(new Map([[1, 2]]), {
      size: { value: 7 },
      entries: { value: refuse },
      [Symbol.iterator]: { value: refuse },
    }),
    { $js: "map", entries: [[1, 2]] },
  ],
  ["a Set", new Set([1, "1", new Set()]), {
    $js: "set",
    values: [1, "1", { $js: "set", values: [] }],
  }],
  ["a Set with own properties", Object.assign(new Set([1]), { values: 2, note: 3 }), {
    $js: "set",
    values: [1],
    props: { values: 2, note: 3 },
  }],
  ["a Date", new Date(Date.UTC(2026, 0, 31, 9, 30, 0, 7)), {
    $js: "date",
    value: "2026-01-31T09:30:00.007Z",
  }],
  ["an invalid Date", new Date("never"), { $js: "date", value: null }],
  ["the last Date", new Date(8.64e15), { $js: "date", value: "+275760-09-13T00:00:00.000Z" }],
  ["the first Date", new Date(-8.64e15), { $js: "date", value: "-271821-04-20T00:00:00.000Z" }],
  ["a RegExp", /a\/b/giu, { $js: "regexp", source: "a\\/b", flags: "giu" }],
  ["an empty RegExp", new RegExp(""), { $js: "regexp", source: "(?:)", flags: "" }],
  ["a RegExp with a NUL", new RegExp("\0"), { $js: "regexp", source: utf16("\0"), flags: "" }],
  ["a RegExp with own properties", Object.assign(/a/, { note: 1 }), {
    $js: "regexp",
    source: "a",
    flags: "",
    props: { note: 1 },
  }],
  ["a boxed number", Object(-0), { $js: "boxed", value: { $js: "number", value: "-0" } }],
  ["a boxed string", Object("s"), { $js: "boxed", value: "s" }],
  ["a boxed boolean", Object(false), { $js: "boxed", value: false }],
  ["a boxed bigint", Object(1n), { $js: "boxed", value: { $js: "bigint", value: "1" } }],
  ["a boxed symbol", Object(Symbol("s")), {
    $js: "boxed",
    value: { $js: "symbol", description: "s" },
  }],
  ["a boxed number that lies", Object.defineProperty(Object(1), "valueOf", { value: refuse }), {
    $js: "boxed",
    value: 1,
  }],
  ["a boxed number with own properties", Object.assign(Object(1), { note: 2 }), {
    $js: "boxed",
    value: 1,
    props: { note: 2 },
  }],
]);

test("what another realm made is recorded like what this one made", () => {
  const there = (code: string): unknown => runInNewContext(code);
  assertRecorded(there("[new Map([[1, new Set([2])]]), new Date(0), /a/g, Object(1)]"), [
    { $js: "map", entries: [[1, { $js: "set", values: [2] }]] },
    { $js: "date", value: "1970-01-01T00:00:00.000Z" },
    { $js: "regexp", source: "a", flags: "g" },
    { $js: "boxed", value: 1 },
  ]);
  assertRecorded(there("[new Uint8Array([1, 2]), new ArrayBuffer(1), function f() {}]"), [
    { $js: "bytes", kind: "Uint8Array", length: 2, base64: "AQI=" },
    { $js: "bytes", kind: "ArrayBuffer", length: 1, base64: "AA==" },
    { $js: "function", name: "f" },
  ]);
  assertRecorded(there("class Foo { x = 1 }; new Foo()"), {
    $js: "instance",
    class: "Foo",
    props: { x: 1 },
  });
});

records("functions and classes are recorded by name and own properties", [
  ["a function", function named() {}, { $js: "function", name: "named" }],
  ["a function without name", (() => () => {})(), { $js: "function", name: "" }],
  ["an async generator", async function* many() {}, {
    $js: "function",
    class: "AsyncGeneratorFunction",
    name: "many",
  }],
  ["a class", Point, { $js: "function", name: "Point" }],
  [
    "a class with static fields",
    class Counter {
      static count = 1n;
    },
    { $js: "function", name: "Counter", props: { count: { $js: "bigint", value: "1" } } },
  ],
  ["a name that is no string", Object.defineProperty(() => {}, "name", { value: 1n }), {
    $js: "function",
    name: { $js: "bigint", value: "1" },
  }],
  ["a name that throws", Object.defineProperty(() => {}, "name", { get: refuse }), {
    $js: "function",
    name: { $js: "unreadable", message: "refused" },
  }],
  ["no prototype", Object.setPrototypeOf(function bare() {}, null), {
    $js: "function",
    name: "bare",
  }],
  ["the prototype of plain objects", Object.setPrototypeOf(function bare() {}, Object.prototype), {
    $js: "function",
    name: "bare",
  }],
  ["a proxy of a function", new Proxy(function named() {}, {}), {
    $js: "function",
    name: "named",
  }],
]);

records("what cannot be looked into is recorded by its class", [
  ["a generator", (function* () {})(), { $js: "instance", class: "Generator", props: {} }],
  ["an async generator", (async function* () {})(), {
    $js: "instance",
    class: "AsyncGenerator",
    props: {},
  }],
  ["an iterator", [1].values(), { $js: "instance", class: "Array Iterator", props: {} }],
  ["a promise", Promise.resolve(1), { $js: "instance", class: "Promise", props: {} }],
  ["a WeakMap", new WeakMap(), { $js: "instance", class: "WeakMap", props: {} }],
  ["a WeakSet", new WeakSet(), { $js: "instance", class: "WeakSet", props: {} }],
  ["a WeakRef", new WeakRef({}), { $js: "instance", class: "WeakRef", props: {} }],
]);

test("a module namespace is recorded by its exports", () => {
  assertRecorded(namespace, {
    Tag: { $js: "function", name: "Tag" },
    decode: { $js: "function", name: "decode" },
  });
});

// --- Bytes ----------------------------------------------------------------------------------------

class Packet extends Uint8Array {}

records("bytes are recorded in base64, with the class that held them", [
  ["a Uint8Array", new Uint8Array([0, 128, 255]), bytes("Uint8Array", [0, 128, 255])],
  ["nothing", new Uint8Array(0), bytes("Uint8Array", [])],
  ["a part", new Uint8Array([1, 2, 3, 4]).subarray(1, 3), bytes("Uint8Array", [2, 3])],
  ["a class", new Packet([7]), bytes("Uint8Array", [7], "Packet")],
  ["an Int16Array", new Int16Array([1, -1]), bytes("Int16Array", [1, 0, 255, 255])],
  ["doubles", new Float64Array([-0]), bytes("Float64Array", [0, 0, 0, 0, 0, 0, 0, 128])],
  ["big integers", new BigInt64Array([-1n]), bytes("BigInt64Array", Array(8).fill(255))],
  ["a Buffer", Buffer.from("bytes"), bytes("Uint8Array", [...Buffer.from("bytes")], "Buffer")],
  ["an ArrayBuffer", Uint8Array.of(1, 2).buffer, bytes("ArrayBuffer", [1, 2])],
  ["a SharedArrayBuffer", new SharedArrayBuffer(2), bytes("SharedArrayBuffer", [0, 0])],
  ["a DataView", new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2), bytes("DataView", [2, 3])],
  ["a length that lies", Object.defineProperty(new Uint8Array([1]), "length", { value: 9 }), {
    $js: "bytes",
    kind: "Uint8Array",
    length: 1,
    base64: "AQ==",
  }],
]);

function bytes(kind: string, content: number[], derived?: string): unknown {
  const base64 = Buffer.from(content).toString("base64");
  const tag = { $js: "bytes", kind, length: content.length };
  return derived === undefined ? { ...tag, base64 } : { ...tag, class: derived, base64 };
}

// --- What comes with the platform -----------------------------------------------------------------

records("the platform's types are recorded by what identifies them", [
  ["a URL", new URL("https://a.example/?q=1#f"), {
    $js: "url",
    value: "https://a.example/?q=1#f",
  }],
  [
    "a URL whose href lies",
    Object.defineProperty(new URL("https://a.example/"), "href", {
      value: "a lie",
    }),
    { $js: "url", value: "https://a.example/" },
  ],
  ["URLSearchParams", new URLSearchParams("a=1&b=&a=2"), {
    $js: "instance",
    class: "URLSearchParams",
    entries: [["a", "1"], ["b", ""], ["a", "2"]],
  }],
  ["Headers", new Headers([["x-b", "1"], ["x-a", "2"], ["x-b", "3"]]), {
    $js: "instance",
    class: "Headers",
    entries: [["x-a", "2"], ["x-b", "1, 3"]],
  }],
  ["a Response", new Response(null, { status: 503, statusText: "No", headers: { a: "b" } }), {
    $js: "instance",
    class: "Response",
    props: {
      status: 503,
      statusText: "No",
      url: "",
      headers: { $js: "instance", class: "Headers", entries: [["a", "b"]] },
    },
  }],
  ["a Request", new Request("https://a.example/", { method: "PUT", headers: { a: "b" } }), {
    $js: "instance",
    class: "Request",
    props: {
      method: "PUT",
      url: "https://a.example/",
      headers: { $js: "instance", class: "Headers", entries: [["a", "b"]] },
    },
  }],
  ["an AbortSignal", AbortSignal.abort({ why: "late" }), {
    $js: "instance",
    class: "AbortSignal",
    props: { aborted: true, reason: { why: "late" } },
  }],
  ["an AbortSignal that waits", new AbortController().signal, {
    $js: "instance",
    class: "AbortSignal",
    props: { aborted: false, reason: { $js: "undefined" } },
  }],
]);

test("a Blob and a File are recorded by size, type and name, never by content", () => {
  const image = new Blob(["secret"], { type: "image/png" });
  const { value: blob } = captureSoundly(image);
  const { $js, class: kind, props } = blob as Record<string, unknown>;
  const { size, type } = props as Record<string, unknown>;
  assertEquals([$js, kind, size, type], ["instance", "Blob", 6, "image/png"]);
  assertEquals("lastModified" in (props as object), "lastModified" in image);

  const file = new File(["secret"], "a.txt", { lastModified: 7 });
  const { value } = captureSoundly(file);
  // Bun says of a File that its class is Blob.
  assertEquals((value as { class: string }).class, file.constructor.name);
  const { size: bytes, name, lastModified } = (value as { props: Record<string, unknown> }).props;
  assertEquals([bytes, name, lastModified], [6, "a.txt", 7]);
  assert(!JSON.stringify([blob, value]).includes("secret"));
});

test("globalThis is recorded within the limits", PATIENT, () => {
  const { value, fidelity } = captureSoundly(globalThis);
  assertEquals(fidelity.exact, false);
  assert(levels(value) <= 48);
});

// --- Cycles, sharing, depth -----------------------------------------------------------------------

test("a cycle is recorded as the number of levels up to the ancestor", () => {
  const self: Record<string, unknown> = {};
  self.self = self;
  self.list = [self, [self]];
  assertRecorded(self, {
    self: { $js: "circular", up: 1 },
    list: [{ $js: "circular", up: 2 }, [{ $js: "circular", up: 3 }]],
  });

  const map = new Map<unknown, unknown>();
  map.set(map, new Set([map]));
  assertRecorded(map, {
    $js: "map",
    entries: [[{ $js: "circular", up: 1 }, { $js: "set", values: [{ $js: "circular", up: 2 }] }]],
  });

  const error = new Error("m");
  error.cause = { error };
  Object.assign(error, { own: error });
  assertRecorded(error, {
    $js: "error",
    class: "Error",
    name: "Error",
    message: "m",
    ...stackOf(error),
    cause: { error: { $js: "circular", up: 2 } },
    props: { own: { $js: "circular", up: 1 } },
  });

  const escaped: Record<string, unknown> = { $js: 1 };
  escaped.self = escaped;
  assertRecorded(escaped, {
    $js: "object",
    entries: [["$js", 1], ["self", { $js: "circular", up: 1 }]],
  });

  const point: Point & { self?: unknown } = new Point(1);
  point.self = point;
  assertRecorded([point], [{
    $js: "instance",
    class: "Point",
    props: { x: 1, self: { $js: "circular", up: 1 } },
  }]);
});

test("a shared reference is no cycle: it is recorded each time", () => {
  const shared = { a: [1] };
  const { value, fidelity } = captureSoundly({ first: shared, list: [shared, shared] });
  assertEquals(value, { first: { a: [1] }, list: [{ a: [1] }, { a: [1] }] });
  assertEquals(fidelity.exact, true);
});

test("2^40 paths end within the budget", () => {
  const { value } = captureSoundly(nested(40, (inner) => [inner, inner]));
  assert(spent(value).values <= 50_000, `${spent(value).values} values`);
  assert(tally(value).truncated > 0);
});

test("10^5 levels end at the deepest level that is allowed", PATIENT, () => {
  const wraps: ((inner: unknown) => unknown)[] = [
    (inner) => [inner],
    (inner) => ({ inner, count: 1n }),
    (inner) => new Map([["k", inner]]),
    (inner) => Object.assign(new Error("m"), { cause: inner, stack: "" }),
  ];
  for (const wrap of wraps) {
    const deep = nested(1e5, wrap);
    for (
      const limits of [{}, { maxDepth: 1 }, { maxDepth: 7 }, { maxDepth: 300 }] as CaptureLimits[]
    ) {
      // Validators have a stack of their own to think of.
      const { value, fidelity } = (limits.maxDepth ?? 0) > 45
        ? capture(deep, limits)
        : captureSoundly(deep, limits);
      assertEquals(fidelity, tally(value));
      assertEquals(fidelity.truncated, 1);
      const { maxDepth = 45 } = limits;
      assert(levels(value) <= maxDepth + 1, `${levels(value)} levels`);
      assert(levels(value) > maxDepth - 2, `${levels(value)} levels`);
    }
  }
});

test("no limit is deeper than 500 levels, so that no stack overflows", PATIENT, () => {
  const wraps: ((inner: unknown) => unknown)[] = [
    (inner) => [inner, 1n],
    (inner) => ({ count: 1n, inner }),
    (inner) => new Map([["k", { count: 1n, inner }]]),
    (inner) => Object.assign(new Error("m"), { cause: inner, stack: "", count: 1n }),
  ];
  for (const wrap of wraps) {
    const { value, fidelity } = capture(nested(1e5, wrap), { maxDepth: Infinity });
    assertEquals(fidelity, tally(value));
    assert(fidelity.truncated > 0 && fidelity.unreadable === 0);
    assert(levels(value) <= 501 && levels(value) > 497, `${levels(value)} levels`);
    assert(isSame(JSON.parse(JSON.stringify(value)), value));
  }
});

// --- Reading, and leaving alone -------------------------------------------------------------------

test("a getter runs once, and what it throws takes the place of its value", () => {
  const runs: string[] = [];
  const value = {
    before: 1n,
    get first() {
      runs.push("first");
      return [1];
    },
    get refused() {
      runs.push("refused");
      return refuse();
    },
    get again() {
      runs.push("again");
      throw "a string";
    },
    after: 2,
  };
  assertRecorded(value, {
    before: { $js: "bigint", value: "1" },
    first: [1],
    refused: { $js: "unreadable", message: "refused" },
    again: { $js: "unreadable", message: "a string" },
    after: 2,
  });
  assertEquals(runs, ["first", "refused", "again"]);
});

test("an element that throws takes its own place only", () => {
  let runs = 0;
  const get = () => {
    runs++;
    return refuse();
  };
  const list = Object.defineProperty([1, 2, 3, 4], 1, { get });
  Object.defineProperty(list, 2, { get });
  const refused = { $js: "unreadable", message: "refused" };
  assertRecorded(list, [1, refused, refused, 4]);
  assertEquals(runs, 2);
});

test("a property that is gone when its turn comes is undefined", () => {
  const value = {
    get first() {
      delete (value as { second?: number }).second;
      return 1;
    },
    second: 2,
  };
  assertRecorded(value, { first: 1, second: { $js: "undefined" } });
});

test("whatever was thrown by a getter, its message is recorded or empty", () => {
  const thrown: [unknown, unknown][] = [
    [new TypeError("m"), "m"],
    ["text", "text"],
    [undefined, "undefined"],
    [null, "null"],
    [0, "0"],
    [1n, "1"],
    [{ message: "m" }, "m"],
    [{}, "[object Object]"],
    [Symbol("s"), ""],
    [Object.create(null), ""],
    [{ message: { toString: refuse } }, ""],
    [{
      get message() {
        return refuse();
      },
    }, ""],
    [new Proxy({}, REFUSING), ""],
    [revoked({}), ""],
    [new Error("a\0b"), utf16("a\0b")],
  ];
  for (const [reason, message] of thrown) {
    const value = {
      get a() {
        throw reason;
      },
    };
    assertRecorded(value, { a: { $js: "unreadable", message } });
  }
});

test("user code runs at most once a property, behind a proxy too", () => {
  const targets: object[] = [
    { a: 1, b: [2], c: undefined },
    [1, undefined, 3, , 5], // deno-lint-ignore no-sparse-arrays
    Object.assign(new Error("m", { cause: 1n }), { code: "E", note: 1 }),
    new AggregateError([1], "m"),
    Object.assign(function f() {}, { a: 1 }),
    new Point(1),
    Object.assign(new Point(1), { $js: 1 }),
    new Map([[1, 2]]),
    new Date(0),
    new Uint8Array(2),
    new URL("https://a.example/"),
    new Headers({ a: "b" }),
    new Response(),
    new AbortController().signal,
    Object.assign(Object.create(null), { a: 1 }),
  ];
  for (const target of targets) {
    const { proxy, asked } = watched(target);
    const { value: recorded } = captureSoundly(proxy);
    assertEquals(
      repeated(asked).filter((what) => what.startsWith("get ")),
      [],
      JSON.stringify(recorded),
    );
  }
});

test("own getters of the built-in kinds run at most once", () => {
  const keys: [object, string[]][] = [
    [/a/g, ["global", "flags", "source", "lastIndex"]],
    [new Date(0), ["toJSON", "getTime", "toISOString", "value"]],
    [new Map([[1, 2]]), ["size", "entries", "props"]],
    [new Set([1]), ["size", "values"]],
    [new Error("m"), ["name", "message", "stack", "code", "cause", "errors", "other", "class"]],
    [new URL("https://a.example/"), ["href", "toString"]],
    [new Headers({ a: "b" }), ["entries", "forEach"]],
    [new Response(), ["status", "headers", "body", "own"]],
    [Object(1), ["valueOf"]],
    [() => {}, ["name", "own"]],
  ];
  for (const [value, names] of keys) {
    const runs: Record<string, number> = {};
    stackOf(value); // Node writes a stack when it is first read, and reads name and message then.
    for (const name of names) {
      if (Object.getOwnPropertyDescriptor(value, name)?.configurable === false) continue;
      Object.defineProperty(value, name, {
        enumerable: true,
        configurable: true,
        get() {
          runs[name] = (runs[name] ?? 0) + 1;
          return true;
        },
      });
    }
    captureSoundly(value);
    const often = Object.entries(runs).filter(([, times]) => times > 1);
    assertEquals(often, [], String(Object.prototype.toString.call(value)));
  }
});

test("a RegExp says its flags, whatever its properties say", () => {
  const value = Object.defineProperty(/a/, "global", { value: true });
  assertRecorded(value, { $js: "regexp", source: "a", flags: "" });
});

test("a RegExp that refuses to be matched is counted right", () => {
  captureSoundly(Object.defineProperty(new RegExp("\0"), Symbol.match, { get: refuse }));
});

test("bodies, streams and iterators are not consumed", async () => {
  const response = new Response("body");
  const request = new Request("https://a.example/", { method: "POST", body: "body" });
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue("chunk");
      controller.close();
    },
  });
  const generator = (function* () {
    yield 1;
  })();
  const values = [1, 2].values();
  const entries = new Map([[1, 2]]).entries();
  let started = false;
  const asynchronous = (async function* () {
    started = true;
    yield await 1;
  })();
  const all = { response, request, stream, generator, values, entries, asynchronous };
  captureSoundly(all);
  captureSoundly(Object.values(all));
  assertEquals([response.bodyUsed, request.bodyUsed, stream.locked, started], [
    false,
    false,
    false,
    false,
  ]);
  assertEquals([await response.text(), await request.text()], ["body", "body"]);
  assertEquals((await stream.getReader().read()).value, "chunk");
  assertEquals(generator.next(), { value: 1, done: false });
  assertEquals([...values], [1, 2]);
  assertEquals([...entries], [[1, 2]]);
});

test("a thenable is not called, a promise is not awaited", async () => {
  let called = false;
  const thenable = {
    then() {
      called = true;
    },
  };
  captureSoundly([thenable, Promise.resolve(1)]);
  await Promise.resolve();
  assertEquals(called, false);
});

test("a value is as it was before", () => {
  const pattern = /a/g;
  pattern.lastIndex = 3;
  const bytes = new Uint8Array([1, 2]);
  const frozen = Object.freeze({ a: Object.freeze([1n]) });
  const map = new Map([[frozen, pattern]]);
  const before = [...map];
  captureSoundly({ pattern, bytes, frozen, map, error: Object.freeze(new Error("m")) });
  assertEquals([pattern.lastIndex, [...bytes], frozen.a[0]], [3, [1, 2], 1n]);
  assertEquals([...map].flat().every((item, i) => item === before.flat()[i]), true);
});

// --- Proxies --------------------------------------------------------------------------------------

test("a proxy that refuses is unreadable, and what is beside it is recorded", () => {
  for (const trap of Object.keys(REFUSING)) {
    for (const target of [{ a: 1 }, [1], () => {}, new Error("m"), new Point(1), new Map()]) {
      const { value } = captureSoundly([1, new Proxy(target, { [trap]: refuse }), 2]);
      assertEquals([(value as unknown[])[0], (value as unknown[])[2]], [1, 2]);
    }
  }
  const message = "refused";
  assertRecorded(new Proxy({}, REFUSING), { $js: "unreadable", message });
  assertRecorded(new Proxy([], REFUSING), { $js: "unreadable", message });
  for (const target of [{}, [], () => {}]) {
    const { value, fidelity } = captureSoundly([revoked(target)]);
    assertEquals(tags(value).map(({ $js }) => $js), ["unreadable"]);
    assertEquals(fidelity.unreadable, 1);
  }
});

test("an object's class is looked for in 64 prototypes", () => {
  const heir = (generations: number) =>
    nested(generations, (inner) => Object.create(inner ?? Map.prototype));
  assertEquals((capture(heir(64)).value as { class?: string }).class, "Map");
  assertEquals(capture(heir(65)).value, {});
});

test("what can be read is there, whatever a proxy says of it", () => {
  const deny = { has: () => false };
  assertRecorded(new Proxy([1], deny), [1]);
  // V8 shows no proxy the stack that it writes.
  const error = Object.defineProperty(new Error("m"), "stack", { value: "at test" });
  assertEquals(capture(new Proxy(error, deny)), capture(error));
  const event = Object.assign(new Event("close"), { code: 1006 });
  const { props } = capture(new Proxy(event, deny)).value as { props: Record<string, unknown> };
  assertEquals(props["code"], 1006);
});

test("a proxy that never ends comes to an end", () => {
  const everNewPrototype = (): object => new Proxy({}, { getPrototypeOf: everNewPrototype });
  assertRecorded([everNewPrototype()], [{}]);
  const everNewHeir = (): object => new Proxy(Point.prototype, { getPrototypeOf: everNewHeir });
  const { value: heir } = captureSoundly(everNewHeir());
  assertEquals((heir as { class: string }).class, "Point");

  const everNew = (): object =>
    new Proxy({}, {
      get: everNew,
      ownKeys: () => ["a", "b"],
      getOwnPropertyDescriptor: () => ({ value: 1, configurable: true, enumerable: true }),
    });
  const { value } = captureSoundly(everNew());
  assert(spent(value).values <= 50_000);
  assert(levels(value) <= 48);

  for (const length of [4e9, Infinity, -1, NaN, "7", 2 ** 32 + 3]) {
    const liar = new Proxy([], { get: (_, key) => key === "length" ? length : 1 });
    const { value } = captureSoundly(liar);
    assert(spent(value).values <= 10_001);
  }
});

// --- Limits ---------------------------------------------------------------------------------------

/** What stands for a value that was cut. */
function truncated(reason: string, size: number, head?: unknown, tail?: unknown): unknown {
  return {
    $js: "truncated",
    reason,
    size,
    ...(head === undefined ? {} : { head }),
    ...(tail === undefined ? {} : { tail }),
  };
}

test("the limits are those that the documentation tells of", () => {
  assertEquals(resolveLimits(), {
    maxDepth: 45,
    maxValues: 50_000,
    maxCharacters: 1_048_576,
    maxStringLength: 65_536,
    maxArrayLength: 10_000,
    maxBytes: 65_536,
  });
  const some = { maxDepth: 3, maxBytes: undefined } as unknown as CaptureLimits;
  assertEquals(resolveLimits(some), { ...resolveLimits(), maxDepth: 3 });
});

test("maxStringLength keeps both ends of a text", () => {
  const limits = { maxStringLength: 5 };
  assertRecorded("1234", "1234", limits);
  assertRecorded("12345", "12345", limits);
  assertRecorded("123456", truncated("maxStringLength", 6, "123", "56"), limits);
  assertRecorded("123456", truncated("maxStringLength", 6, "12", "56"), { maxStringLength: 4 });
  assertRecorded("12", truncated("maxStringLength", 2, "1"), { maxStringLength: 1 });
  assertRecorded(["", "1"], ["", truncated("maxStringLength", 1)], { maxStringLength: 0 });
  assertRecorded("\0".repeat(9), truncated("maxStringLength", 9, utf16("\0\0"), utf16("\0\0")), {
    maxStringLength: 4,
    maxDepth: 1,
  });
  // A key is no string of its own: only maxCharacters limits it.
  assertRecorded({ "123456": "12345" }, { "123456": "12345" }, limits);
  assertRecorded(
    Symbol("123456"),
    { $js: "symbol", description: truncated("maxStringLength", 6, "123", "56") },
    limits,
  );
});

test("maxStringLength cuts at 65,536 by default", () => {
  const text = `${"a".repeat(65_535)}z`;
  assertRecorded(text, text);
  assertRecorded(
    `${text}!`,
    truncated("maxStringLength", 65_537, "a".repeat(32_768), `${"a".repeat(32_766)}z!`),
  );
});

test("a cut leaves no half of a surrogate pair, and edits neither end of the text", () => {
  const pair = "\u{1f600}";
  // Units: a, high, low, b, high, low, c.
  const text = `a${pair}b${pair}c`;
  const cut = (maxStringLength: number) => capture(text, { maxStringLength }).value;
  assertEquals(cut(3), truncated("maxStringLength", 7, "a", "c"));
  assertEquals(cut(4), truncated("maxStringLength", 7, "a", "c"));
  assertEquals(cut(6), truncated("maxStringLength", 7, `a${pair}`, `${pair}c`));
  for (let maxStringLength = 0; maxStringLength <= 7; maxStringLength++) {
    captureSoundly(text, { maxStringLength });
  }

  // What is lone in the text itself is no half of a pair that the cut made: it stays.
  const lone = `\udc00${"a".repeat(20)}\ud800`;
  assertRecorded(
    lone,
    truncated(
      "maxStringLength",
      22,
      utf16(`\udc00${"a".repeat(4)}`),
      utf16(`${"a".repeat(4)}\ud800`),
    ),
    { maxStringLength: 10 },
  );
  assertRecorded(
    "\0".repeat(9),
    truncated("maxStringLength", 9, utf16("\0\0"), utf16("\0\0")),
    { maxStringLength: 4 },
  );
});

test("maxCharacters counts keys and strings together", () => {
  const value = { ab: "cde", f: ["g"] };
  assertRecorded(value, value, { maxCharacters: 8 });
  assertRecorded(value, value, { maxCharacters: 7 });
  assertRecorded(value, { ab: "cde", f: [truncated("maxCharacters", 1)] }, { maxCharacters: 6 });
  assertRecorded({ ab: "cde" }, { ab: truncated("maxCharacters", 3, "c", "e") }, {
    maxCharacters: 4,
  });
  // What is cut for the key is the object, with the keys before it.
  assertRecorded(value, truncated("maxCharacters", 2, { ab: truncated("maxCharacters", 3) }), {
    maxCharacters: 2,
  });
  assertRecorded({ ab: 1 }, truncated("maxCharacters", 1), { maxCharacters: 1 });
  assertRecorded({ "": "" }, { "": "" }, { maxCharacters: 0 });
  assertRecorded(["a"], [truncated("maxCharacters", 1)], { maxCharacters: 0 });
  assertRecorded(
    Array(18).fill("x".repeat(65_536)),
    [
      ...Array(16).fill("x".repeat(65_536)),
      ...Array(2).fill(truncated("maxCharacters", 65_536)),
    ],
  );
});

test("maxValues counts every value, leaves included", () => {
  const value = [1, { a: 2, b: [3] }];
  assertRecorded(value, value, { maxValues: 7 });
  assertRecorded(value, value, { maxValues: 6 });
  assertRecorded(value, [1, { a: 2, b: truncated("maxValues", 1) }], { maxValues: 5 });
  assertRecorded(value, [1, truncated("maxValues", 2, { a: 2 })], { maxValues: 4 });
  assertRecorded([1, 2], truncated("maxValues", 2, [1]), { maxValues: 2 });
  assertRecorded([1, 2], truncated("maxValues", 2), { maxValues: 1 });
  assertRecorded("leaf", "leaf", { maxValues: 0 });
  const { value: none } = captureSoundly([1, 2], { maxValues: 0 });
  assertEquals(tags(none).map(({ $js, reason }) => [$js, reason]), [["truncated", "maxValues"]]);
  const map = new Map([[1, 2], [3, 4]]);
  assertRecorded(map, { $js: "map", entries: [[1, 2], [3, 4]] }, { maxValues: 5 });
  assertRecorded(map, { $js: "map", entries: truncated("maxValues", 2, [[1, 2]]) }, {
    maxValues: 4,
  });
});

test("maxValues counts the fields of a tag, those that cannot be read too", () => {
  const beside = (value: unknown, maxValues: number) =>
    (captureSoundly([value, [1]], { maxValues }).value as unknown[])[1];
  const error = new Error("m"); // Has a name, a message and a stack.
  const unreadable = new Proxy(error, { get: refuse }); // So may the other three be.
  for (const [value, fields] of [[() => {}, 1], [error, 3], [unreadable, 6]] as const) {
    assertEquals(beside(value, 4 + fields), [1]);
    assertEquals(beside(value, 3 + fields), truncated("maxValues", 1));
  }
});

test("maxValues cuts at 50,000 by default", () => {
  const keys = (size: number) =>
    Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, i]));
  assertRecorded(keys(49_999), keys(49_999));
  assertRecorded(keys(50_000), truncated("maxValues", 50_000, keys(49_999)));
});

test("maxArrayLength limits arrays, and the entries of Map and Set", () => {
  const limits = { maxArrayLength: 2 };
  assertRecorded([1], [1], limits);
  assertRecorded([1, 2], [1, 2], limits);
  assertRecorded([1, 2, 3], truncated("maxArrayLength", 3, [1, 2]), limits);
  assertRecorded(new Set([1, 2]), { $js: "set", values: [1, 2] }, limits);
  assertRecorded(
    new Set([1, 2, 3]),
    { $js: "set", values: truncated("maxArrayLength", 3, [1, 2]) },
    limits,
  );
  const map = new Map([[1, 2], [3, 4]]);
  assertRecorded(map, { $js: "map", entries: [[1, 2], [3, 4]] }, limits);
  assertRecorded(
    new Map([...map, [5, 6]]),
    { $js: "map", entries: truncated("maxArrayLength", 3, [[1, 2], [3, 4]]) },
    limits,
  );
  assertRecorded([1, 2, 3], truncated("maxValues", 3, [1]), { maxArrayLength: 3, maxValues: 2 });
  assertRecorded([], [], { maxArrayLength: 0 });
  assertRecorded([1], truncated("maxArrayLength", 1), { maxArrayLength: 0 });
  assertRecorded({ a: 1, b: 2, c: 3 }, { a: 1, b: 2, c: 3 }, limits);
});

test("an array of 10^8 elements is cut at 10,000, holes and all", () => {
  const hole = { $js: "hole" };
  const sparse: unknown[] = [];
  sparse[99_999_999] = 1;
  assertRecorded(sparse, truncated("maxArrayLength", 1e8, Array(10_000).fill(hole)));
  assertRecorded(Array(10_000).fill(1), Array(10_000).fill(1));
  assertRecorded(
    Array(10_001).fill(1),
    truncated("maxArrayLength", 10_001, Array(10_000).fill(1)),
  );
});

test("maxBytes limits all bytes together", () => {
  const four = new Uint8Array([1, 2, 3, 4]);
  const whole = bytes("Uint8Array", [1, 2, 3, 4]);
  const part = (head: string | undefined) => ({
    $js: "bytes",
    kind: "Uint8Array",
    length: 4,
    base64: truncated("maxBytes", 4, head),
  });
  assertRecorded(four, whole, { maxBytes: 5 });
  assertRecorded(four, whole, { maxBytes: 4 });
  assertRecorded(four, part("AQID"), { maxBytes: 3 });
  assertRecorded(four, part(undefined), { maxBytes: 0 });
  assertRecorded([four, four], [whole, part("AQ==")], { maxBytes: 5 });
  assertRecorded(new Uint8Array(0), bytes("Uint8Array", []), { maxBytes: 0 });
  const { value } = captureSoundly([new ArrayBuffer(65_536), new ArrayBuffer(65_536)]);
  const [first, second] = value as { base64: unknown }[];
  assertEquals(first!.base64, "A".repeat(87_380) + "AA==");
  assertEquals(second!.base64, truncated("maxBytes", 65_536));
});

test("maxDepth counts levels of JSON, the tags' own included", () => {
  assertRecorded([[1]], [[1]], { maxDepth: 3 });
  assertRecorded([[1]], [[1]], { maxDepth: 2 });
  assertRecorded([[1]], [truncated("maxDepth", 1)], { maxDepth: 1 });
  assertRecorded([[1], 2], [truncated("maxDepth", 1), 2], { maxDepth: 0 });
  assertRecorded([1, 2], [1, 2], { maxDepth: 1 });
  assertRecorded({ a: 1n }, { a: { $js: "bigint", value: "1" } }, { maxDepth: 2 });
  assertRecorded({ a: { b: 1, c: 2 }, d: 3 }, { a: truncated("maxDepth", 2), d: 3 }, {
    maxDepth: 1,
  });
  assertRecorded([[["\0", 1]], 1], [[truncated("maxDepth", 2)], 1], { maxDepth: 2 });
  assertRecorded([new Date(0), new Map()], [truncated("maxDepth", 1), truncated("maxDepth", 1)], {
    maxDepth: 1,
  });
  assertRecorded(new Map([[1, 2]]), { $js: "map", entries: [[1, 2]] }, { maxDepth: 3 });
  const { value } = captureSoundly(new Map([[1, 2]]), { maxDepth: 2 });
  assertEquals(value, { $js: "map", entries: truncated("maxDepth", 1) });
  assertRecorded({ $js: 1 }, { $js: "object", entries: [["$js", 1]] }, { maxDepth: 3 });
  assertRecorded({ $js: 1 }, truncated("maxDepth", 1), { maxDepth: 2 });
  assertRecorded({ "\0": 1 }, { $js: "object", entries: [[utf16("\0"), 1]] }, { maxDepth: 3 });
  assertRecorded({ "\0": 1 }, truncated("maxDepth", 1), { maxDepth: 2 });
  assertRecorded(nested(45, (inner) => [inner]), nested(45, (inner) => [inner]));
  assertRecorded(
    nested(46, (inner) => [inner]),
    nested(45, (inner) => [inner ?? truncated("maxDepth", 1)]),
  );
});

test("what stands for a cut, and for a primitive, finds room beyond maxDepth: three levels at most", () => {
  const limits = { maxDepth: 1, maxStringLength: 2 };
  assertRecorded([1n], [{ $js: "bigint", value: "1" }], limits);
  assertRecorded(
    [123n],
    [{ $js: "bigint", value: truncated("maxStringLength", 3, "1", "3") }],
    limits,
  );
  const cut = truncated("maxStringLength", 4, utf16("\0"), utf16("\0"));
  assertRecorded([Symbol("\0".repeat(4))], [{ $js: "symbol", description: cut }], limits);
  assertEquals(levels(capture([Symbol("\0".repeat(4))], limits).value), 4);
  const unreadable = Object.defineProperty({}, "a", {
    enumerable: true,
    get() {
      throw new Error("\0".repeat(4));
    },
  });
  assertRecorded(unreadable, { a: { $js: "unreadable", message: cut } }, limits);
});

test("what is kept of something that was cut lies a level deeper, and is left out where there is none", () => {
  const list = (head?: unknown) => [truncated("maxArrayLength", 3, head)];
  assertRecorded([[1, 2, 3]], list(), { maxDepth: 2, maxArrayLength: 2 });
  assertRecorded([[1, 2, 3]], list([1, 2]), { maxDepth: 3, maxArrayLength: 2 });
  const object = (head?: unknown) => ({ a: truncated("maxValues", 2, head) });
  assertRecorded({ a: { b: 1, c: 2 } }, object(), { maxDepth: 2, maxValues: 3 });
  assertRecorded({ a: { b: 1, c: 2 } }, object({ b: 1 }), { maxDepth: 3, maxValues: 3 });
});

test("what holds nothing is not cut at the last level", () => {
  assertRecorded([[], {}], [[], {}], { maxDepth: 2 });
  assertRecorded(new Map(), { $js: "map", entries: [] }, { maxDepth: 2 });
  assertRecorded(new Set(), { $js: "set", values: [] }, { maxDepth: 2 });
  assertRecorded(new Headers(), { $js: "instance", class: "Headers", entries: [] }, {
    maxDepth: 2,
  });
});

test("an object with no level left takes nothing of the other limits", () => {
  assertRecorded([[[1, 2]], [3]], [[truncated("maxDepth", 2)], [3]], { maxDepth: 2, maxValues: 5 });
  assertRecorded([{ a: "1234" }, "56"], [truncated("maxDepth", 1), "56"], {
    maxDepth: 1,
    maxCharacters: 2,
  });
});

test("keys that a limit cut forge no tag, there or in the next object", () => {
  assertRecorded(
    { $js: 1, b: 2, c: 3 },
    truncated("maxValues", 3, { $js: "object", entries: [["$js", 1], ["b", 2]] }),
    { maxValues: 3 },
  );
  assertRecorded(
    [{ aLongKey: 1, $js: 2 }, { a: 1, $js: 2 }],
    [truncated("maxCharacters", 2), { $js: "object", entries: [["a", 1], ["$js", 2]] }],
    { maxCharacters: 4 },
  );
});

test(
  "the levels of JSON are never more than maxDepth and three, whatever the value",
  PATIENT,
  () => {
    for (const [name, make] of HOSTILE) {
      for (const maxDepth of [0, 2, 5]) {
        const { value, fidelity } = capture(make(), { maxDepth, maxValues: 500 });
        assert(
          levels(value) <= Math.max(maxDepth, 1) + 3,
          `${name}: ${levels(value)} > ${maxDepth}`,
        );
        assertEquals(fidelity, tally(value), `${name}, maxDepth ${maxDepth}`);
      }
    }
  },
);

test("no limit at all cuts nothing", PATIENT, () => {
  const limits = Object.fromEntries(Object.keys(resolveLimits()).map((name) => [name, Infinity]));
  const value = {
    deep: nested(400, (inner) => [inner]),
    list: Array.from({ length: 60_000 }, (_, i) => i),
    text: "a".repeat(2_000_000),
    bytes: new Uint8Array(100_000),
    map: new Map(Array.from({ length: 11_000 }, (_, i) => [i, i])),
  };
  const { value: recorded, fidelity } = captureSoundly(value, limits);
  assertEquals(fidelity, { exact: false, tagged: 2, truncated: 0, unreadable: 0 });
  assert(isSame(decode(recorded), value));
});

test("a limit that is no number of at least 0 is a RangeError that names it", () => {
  for (const name of Object.keys(resolveLimits())) {
    for (const limit of [NaN, -1, -Infinity, -0.5]) {
      const { message } = assertThrows(() => capture(1, { [name]: limit }), RangeError, name);
      assert(message.includes(`${limit}`), message);
    }
    for (const limit of ["2", true, [], 2n, {}] as unknown as number[]) {
      assertThrows(() => capture(1, { [name]: limit }), RangeError, name);
    }
    for (const limit of [0, -0, 0.5, Infinity]) capture([1], { [name]: limit });
  }
});

test("a limit that is no whole number still limits", () => {
  for (const name of Object.keys(resolveLimits())) {
    const { value } = captureSoundly([[1, "abc", new Uint8Array(4)], { a: [1, [2]] }], {
      [name]: 2.5,
    });
    assert(tally(value).truncated > 0, name);
  }
});

// --- What a hundred references may cost -----------------------------------------------------------

test("a hundred references to one large thing end within the budget", PATIENT, () => {
  const large: [string, unknown][] = [
    ["array", Array(10_000).fill(7)],
    ["object", Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 7]))],
    ["Map", new Map(Array.from({ length: 10_000 }, (_, i) => [i, 7]))],
    ["Set", new Set(Array.from({ length: 10_000 }, (_, i) => i))],
    ["text", "x".repeat(65_536)],
    ["bytes", new Uint8Array(65_536)],
    ["error", Object.assign(new Error("m"), { list: Array(10_000).fill(7) })],
    ["URLSearchParams", new URLSearchParams("a=1&".repeat(10_000))],
  ];
  for (const [name, one] of large) {
    const { value, fidelity } = captureSoundly(Array(100).fill(one));
    const { values, characters, bytes } = spent(value);
    // The fields of the tag that is being written are recorded even where they overdraw it.
    assert(values <= 50_000 + 6, `${name}: ${values} values`);
    assert(characters <= 1_048_576, `${name}: ${characters} characters`);
    assert(bytes <= 65_536, `${name}: ${bytes} bytes`);
    assert(fidelity.truncated > 0, name);
    assert(JSON.stringify(value).length < 4_000_000, name);
  }
});

test("a spent budget reads no more of what is large", PATIENT, () => {
  let listed = 0;
  const keys = Array.from({ length: 60_000 }, (_, i) => `k${i}`);
  const target = Object.fromEntries(keys.map((key) => [key, 1]));
  const object = new Proxy(target, {
    ownKeys() {
      listed++;
      return keys;
    },
  });
  captureSoundly(Array(100).fill(object));
  assert(listed <= 2, `60,000 keys were listed ${listed} times`);

  const iterator = Object.getPrototypeOf(new Map().entries());
  const { next } = iterator;
  let steps = 0;
  iterator.next = function (...args: []) {
    steps++;
    return next.apply(this, args);
  };
  try {
    capture(Array(100).fill(new Map(Array.from({ length: 9_000 }, (_, i) => [i, i]))));
  } finally {
    iterator.next = next;
  }
  assert(steps <= 50_000, `${steps} entries of Maps were read`);
});

test("a text of 100 MB is cut, and what is kept does not hold on to it", PATIENT, () => {
  const text = "x".repeat(1e8);
  const { value } = captureSoundly({ text });
  const kept = "x".repeat(32_768);
  assertEquals(value, { text: truncated("maxStringLength", 1e8, kept, kept) });
});

// --- The hostile ones -----------------------------------------------------------------------------

test("no hostile value makes capture() throw, and none is lost silently", PATIENT, () => {
  assert(HOSTILE.length >= 96, `${HOSTILE.length} values`);
  assertEquals(new Set(HOSTILE.map(([name]) => name)).size, HOSTILE.length);
  for (const [name, make] of HOSTILE) {
    for (const wrap of [(value: unknown) => value, (value: unknown) => [{ value }]]) {
      let captured;
      const value = wrap(make());
      try {
        captured = captureSoundly(value);
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
      }
      const { value: recorded, fidelity } = captured;
      if (fidelity.exact) assert(isSame(recorded, value), `${name} is lost silently`);
      else assert(tags(recorded).length > 0, `${name} is not exact, and no tag says why`);
      assert(levels(recorded) <= 48, name);
    }
  }
});

test("what a decoder can make again is the same again", () => {
  const values: unknown[] = [
    [undefined, NaN, -0, 0, Infinity, 12n, "\ud800", "a\0"],
    // deno-lint-ignore no-sparse-arrays
    [1, , [, 2]],
    { $js: "hole", "\0": { "\ud800": { $js: 1 } } },
    JSON.parse('{"__proto__":{"$js":[1]},"a":{"__proto__":1}}'),
    new Map<unknown, unknown>([[NaN, new Set([1n])], [{ a: undefined }, new Map()]]),
    [new Date(0), new Date(NaN), /a\/b/giu, new URL("https://a.example/?q")],
    [Object(1), Object("s"), Object(false)],
    [new Uint8Array([1, 2]), new Float64Array([NaN, -0]), new BigInt64Array([-1n])],
    [new ArrayBuffer(3), new SharedArrayBuffer(2), new DataView(new ArrayBuffer(4), 1, 2)],
    Object.assign(new Map([[1, 2]]), { $js: "map", note: [1n] }),
  ];
  for (const value of values) {
    const { value: recorded, fidelity } = captureSoundly(value);
    assertEquals(fidelity.exact, false);
    assert(isSame(decode(recorded), value), JSON.stringify(recorded));
  }
  const buffer = decode(capture(Buffer.from("bytes")).value);
  assertEquals([Buffer.isBuffer(buffer), String(buffer)], [true, "bytes"]);

  const cycle: Record<string, unknown> = { map: new Map(), list: [] };
  (cycle.map as Map<unknown, unknown>).set("top", cycle);
  (cycle.list as unknown[]).push(cycle.list, { cycle });
  const again = decode(capture(cycle).value) as typeof cycle;
  assertStrictEquals((again.map as Map<unknown, unknown>).get("top"), again);
  assertStrictEquals((again.list as unknown[])[0], again.list);
  assertStrictEquals((again.list as { cycle: unknown }[])[1]!.cycle, again);

  const error = new Error("m", { cause: Object.assign(new Error("c"), { code: "E" }) });
  const decoded = decode(capture(Object.assign(error, { self: error })).value) as typeof error;
  assertEquals([decoded instanceof Error, decoded.message, decoded.stack], [
    true,
    "m",
    error.stack,
  ]);
  assertEquals((decoded.cause as { code: string }).code, "E");
  assertStrictEquals((decoded as { self?: unknown }).self, decoded);
});
