/**
 * What objects say of themselves is not lost: by `toJSON()`, by their class, by what the platform
 * knows of them (design, section 4).
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { capture } from "../capture.ts";
import { refuse } from "./support/hostile.ts";
import { assertRecorded, captureSoundly, tags } from "./support/recorded.ts";

/** The fields of an error's tag, but for what the platform writes. */
function withoutStack(recorded: unknown): unknown {
  return JSON.parse(JSON.stringify(recorded, (key, value) => key === "stack" ? undefined : value));
}

// --- toJSON() -------------------------------------------------------------------------------------

test("an instance with private state is told by its toJSON()", () => {
  class Version {
    #parts = [1, 2, 3];
    toJSON() {
      return this.#parts.join(".");
    }
  }
  assertRecorded(new Version(), { $js: "instance", class: "Version", json: "1.2.3", props: {} });
});

test("what an instance says stands beside what it has, and does not replace it", () => {
  class Id {
    high = 5275423;
    toJSON() {
      return { $oid: "507f1f77bcf86cd799439011", $js: 1 };
    }
  }
  assertRecorded({ _id: new Id() }, {
    _id: {
      $js: "instance",
      class: "Id",
      json: { $js: "object", entries: [["$oid", "507f1f77bcf86cd799439011"], ["$js", 1]] },
      props: { high: 5275423 },
    },
  });
});

test("toJSON() is called once, with the instance as this and an empty key, as JSON.stringify does", () => {
  const calls: unknown[] = [];
  class Told {
    toJSON(...given: unknown[]) {
      calls.push([this, ...given]);
      return null;
    }
  }
  const told = new Told();
  capture(told);
  assertEquals(calls, [[told, ""]]);
});

test("a toJSON() that throws, returns nothing, or is no function, is declared", () => {
  class Thrower {
    id = 1;
    toJSON(): unknown {
      return refuse();
    }
  }
  assertRecorded(new Thrower(), {
    $js: "instance",
    class: "Thrower",
    json: { $js: "unreadable", message: "refused" },
    props: { id: 1 },
  });
  class Nothing {
    toJSON() {}
  }
  assertRecorded(new Nothing(), {
    $js: "instance",
    class: "Nothing",
    json: { $js: "undefined" },
    props: {},
  });
  class Data {}
  Object.assign(Data.prototype, { toJSON: "data" });
  assertRecorded(new Data(), { $js: "instance", class: "Data", props: {} });
});

test("a toJSON() of an instance's own is a property, read once and not called", () => {
  class Own {
    toJSON = refuse;
  }
  assertRecorded(new Own(), {
    $js: "instance",
    class: "Own",
    props: { toJSON: { $js: "function", name: "refuse" } },
  });
});

test("a toJSON() that returns its own instance, or an ancestor, is a cycle", () => {
  class Itself {
    toJSON() {
      return this;
    }
  }
  assertRecorded(new Itself(), {
    $js: "instance",
    class: "Itself",
    json: { $js: "circular", up: 1 },
    props: {},
  });
});

test("a toJSON() that returns new instances for ever ends at the limits", () => {
  class Endless {
    toJSON() {
      return new Endless();
    }
  }
  const { value, fidelity } = captureSoundly(new Endless());
  assertEquals(fidelity, { exact: false, tagged: 45, truncated: 2, unreadable: 0 });
  const cuts = tags(value).filter(({ $js }) => $js === "truncated");
  // The innermost instance's json, and its props.
  assertEquals(cuts.map(({ reason, size }) => [reason, size]), [["maxDepth", 1], ["maxDepth", 0]]);
  let calls = 0;
  class Doubling {
    toJSON() {
      calls++;
      return [new Doubling(), new Doubling()];
    }
  }
  captureSoundly(new Doubling(), { maxValues: 1_000 });
  assert(calls <= 1_000, `${calls} calls`);
});

test("what toJSON() returns counts as a value", () => {
  class Said {
    toJSON() {
      return 1;
    }
  }
  const beside = (maxValues: number) =>
    (capture([new Said(), [1]], { maxValues }).value as unknown[])[1];
  assertEquals(beside(5), [1]);
  assertEquals((beside(4) as { $js: string }).$js, "truncated");
});

test("toJSON() is not called on what has a tag of its own, on plain objects, and on arrays", () => {
  class Releases extends Map<string, number> {
    toJSON(): unknown {
      return refuse();
    }
  }
  class Failure extends Error {
    toJSON(): unknown {
      return refuse();
    }
  }
  assertRecorded(new Releases([["a", 1]]), { $js: "map", class: "Releases", entries: [["a", 1]] });
  const { fidelity } = captureSoundly([
    new Failure("m"),
    { toJSON: refuse },
    Object.assign([], { toJSON: refuse }),
    Object.create({ toJSON: refuse }),
  ]);
  assertEquals(fidelity.unreadable, 0);
});

test("the classes of the platform that say themselves by toJSON() do so", () => {
  const { Temporal } = globalThis as unknown as {
    Temporal?: {
      Instant: { from(text: string): unknown };
      PlainDate: { from(text: string): unknown };
    };
  };
  const entry = performance.mark("release");
  const said = (capture(entry).value as { json: { name: string } }).json;
  assertEquals(said.name, "release");
  if (Temporal === undefined) return;
  assertRecorded(Temporal.Instant.from("2026-01-31T09:30:00Z"), {
    $js: "instance",
    class: "Instant",
    json: "2026-01-31T09:30:00Z",
    props: {},
  });
});

// --- Classes of one's own -------------------------------------------------------------------------

test("a class that is derived from a kind's own is named on every tag", () => {
  const Packet = class Packet extends Uint8Array {};
  const derived: [unknown, Record<string, unknown>][] = [
    [new (class Deadline extends Date {})(0), {
      $js: "date",
      value: "1970-01-01T00:00:00.000Z",
      class: "Deadline",
    }],
    [new (class Pattern extends RegExp {})("a"), {
      $js: "regexp",
      class: "Pattern",
      source: "a",
      flags: "",
    }],
    [new (class Address extends URL {})("https://a.example/"), {
      $js: "url",
      class: "Address",
      value: "https://a.example/",
    }],
    [new (class Names extends Set {})(["a"]), { $js: "set", class: "Names", values: ["a"] }],
    [new (class Count extends Number {})(1), { $js: "boxed", class: "Count", value: 1 }],
    [Packet.of(1), {
      $js: "bytes",
      kind: "Uint8Array",
      length: 1,
      class: "Packet",
      base64: "AQ==",
    }],
    [new (class Room extends ArrayBuffer {})(1), {
      $js: "bytes",
      kind: "ArrayBuffer",
      length: 1,
      class: "Room",
      base64: "AA==",
    }],
    [async () => {}, { $js: "function", class: "AsyncFunction", name: "" }],
  ];
  for (const [value, expected] of derived) assertRecorded(value, expected);
});

test("a class name that needs a tag is tagged", () => {
  const Named = class extends Map {};
  Object.defineProperty(Named, "name", { value: "\0" });
  assertRecorded(new Named(), {
    $js: "map",
    class: { $js: "string", utf16: "AAA=" },
    entries: [],
  });
});

// --- Errors ---------------------------------------------------------------------------------------

test("an error whose prototype is gone, or is another's, is an error", () => {
  const bare = Object.setPrototypeOf(
    Object.assign(new Error("m", { cause: 1 }), { code: "E" }),
    null,
  );
  assertEquals(withoutStack(capture(bare).value), {
    $js: "error",
    message: "m",
    code: "E",
    cause: 1,
  });
  class Odd {}
  const odd = Object.setPrototypeOf(new Error("m"), Odd.prototype);
  assertEquals(withoutStack(capture(odd).value), { $js: "error", class: "Odd", message: "m" });
});

test("an error of a class that has another kind's name is an error", () => {
  const Named = class extends Error {};
  Object.defineProperty(Named, "name", { value: "Map" });
  assertEquals(withoutStack(capture(new Named("m")).value), {
    $js: "error",
    class: "Map",
    name: "Error",
    message: "m",
  });
});

test("what has a brand is told by it where its prototype is gone", () => {
  const bare = <T extends object>(value: T): T => Object.setPrototypeOf(value, null);
  assertRecorded(bare(new Date(0)), { $js: "date", value: "1970-01-01T00:00:00.000Z" });
  assertRecorded(bare(/a/), { $js: "regexp", source: "a", flags: "" });
  assertRecorded(bare(Object("s")), { $js: "boxed", value: "s" });
  assertRecorded(bare(Object(1)), { $js: "boxed", value: 1 });
});

test("a brand is not forged by Symbol.toStringTag", () => {
  assertRecorded({ __proto__: null, [Symbol.toStringTag]: "Error", a: 1 }, { a: 1 });
  class Claims {
    get [Symbol.toStringTag](): string {
      return refuse();
    }
  }
  assertRecorded(new Claims(), { $js: "instance", class: "Claims", props: {} });
});

test("a SuppressedError keeps the failure, and the failure before it", () => {
  const {
    SuppressedError = class SuppressedError extends Error {
      error: unknown;
      suppressed: unknown;
      constructor(error: unknown, suppressed: unknown, message: string) {
        super(message);
        Object.defineProperty(this, "error", { value: error });
        Object.defineProperty(this, "suppressed", { value: suppressed });
      }
    },
  } = globalThis as unknown as {
    SuppressedError?: new (error: unknown, suppressed: unknown, message: string) => Error;
  };
  const both = new SuppressedError(new Error("unlock"), new TypeError("deploy"), "both");
  if (!Object.hasOwn(both, "name")) {
    Object.defineProperty(both, "name", { value: "SuppressedError" });
  }
  assertEquals(withoutStack(capture(both).value), {
    $js: "error",
    class: "SuppressedError",
    name: "SuppressedError",
    message: "both",
    error: { $js: "error", class: "Error", name: "Error", message: "unlock" },
    suppressed: { $js: "error", class: "TypeError", name: "TypeError", message: "deploy" },
  });
});

test("built-in properties that SES or a frozen realm made getters of still tell the class", () => {
  class Kept extends Error {}
  const getter = Object.assign(() => Kept, { originalValue: Kept });
  Object.defineProperty(Kept.prototype, "constructor", { get: getter });
  assertEquals((capture(new Kept("m")).value as { class: string }).class, "Kept");
});

// --- The platform's ------------------------------------------------------------------------------

test("a FormData is recorded by its entries, files by what identifies them", () => {
  const form = new FormData();
  form.append("release", "r42");
  form.append("release", "r43");
  form.append("archive", new File(["abc"], "site.tgz", { lastModified: 7 }));
  const { entries } = captureSoundly(form).value as { entries: [string, unknown][] };
  assertEquals(entries.slice(0, 2), [["release", "r42"], ["release", "r43"]]);
  const [name, file] = entries[2] as [string, { class: string; props: Record<string, unknown> }];
  assertEquals([name, file.props.name, file.props.size], ["archive", "site.tgz", 3]);
  // Bun's is one by its prototype, whose constructor is Blob.
  assert(["File", "Blob"].includes(file.class), file.class);
});

test("an event is recorded by what identifies it, whatever its class", () => {
  const own = (value: unknown) => {
    const { class: name, props } = captureSoundly(value).value as {
      class: string;
      props: Record<string, unknown>;
    };
    return { ...props, name } as Record<string, unknown>;
  };
  const plain = own(new Event("error"));
  assertEquals([plain.name, plain.type], ["Event", "error"]);
  const message = own(new MessageEvent("message", { data: { step: 3 } }));
  assertEquals([message.name, message.type, message.data], ["MessageEvent", "message", {
    step: 3,
  }]);
  const custom = own(new CustomEvent("failed", { detail: { code: 7n } }));
  assertEquals([custom.name, custom.detail], ["CustomEvent", {
    code: { $js: "bigint", value: "7" },
  }]);
  class CloseEvent extends Event {
    code = 1006;
    reason = "gone";
    wasClean = false;
  }
  const closed = own(new CloseEvent("close"));
  assertEquals([closed.name, closed.type, closed.code, closed.reason, closed.wasClean], [
    "CloseEvent",
    "close",
    1006,
    "gone",
    false,
  ]);
});

/** The inherited properties by which the platform's classes are told. */
const IDENTITY: Record<string, string[]> = {
  Response: ["status", "statusText", "url", "headers"],
  Request: ["method", "url", "headers"],
  Blob: ["name", "size", "type", "lastModified"],
  AbortSignal: ["aborted", "reason"],
  AbortController: ["signal"],
  BroadcastChannel: ["name"],
  ByteLengthQueuingStrategy: ["highWaterMark"],
  CountQueuingStrategy: ["highWaterMark"],
  CryptoKey: ["type", "algorithm", "extractable", "usages"],
  ImageBitmap: ["width", "height"],
  Locale: ["baseName"],
  Node: ["nodeName", "nodeValue"],
  TextDecoder: ["encoding", "fatal", "ignoreBOM"],
  URLPattern: ["protocol", "hostname", "port", "pathname", "search", "hash"],
  WebSocket: ["url", "readyState"],
  XMLHttpRequest: ["responseURL", "status", "statusText"],
  Event: ["type", "message", "error", "code", "reason", "wasClean", "data", "detail"],
};

for (const [name, properties] of Object.entries(IDENTITY)) {
  test(`an instance of ${name}, or of a class derived from it, is told by ${properties}`, () => {
    const Base = class {};
    Object.defineProperty(Base, "name", { value: name });
    for (const property of properties) {
      Object.defineProperty(Base.prototype, property, { get: () => `its ${property}` });
    }
    const props = Object.fromEntries(properties.map((property) => [property, `its ${property}`]));
    assertRecorded(new Base(), { $js: "instance", class: name, props });
    class Derived extends Base {
      own = 1;
    }
    assertRecorded(new Derived(), {
      $js: "instance",
      class: "Derived",
      props: { ...props, own: 1 },
    });
  });
}

// --- Memory ---------------------------------------------------------------------------------------

test("a long text that is cut out of a larger one is recorded as the same text", () => {
  const large = "a\u00e9\ud83d\ude00z".repeat(1_000);
  for (const length of [255, 256, 257, 1_000]) {
    const part = large.slice(5, 5 + length);
    assertEquals(capture(part).value, part.isWellFormed() ? part : { $js: "string", utf16: "" });
  }
});
