import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Book } from "../reading/book.ts";
import { Reader } from "../reading/read.ts";
import type { Fields } from "../reading/recognise.ts";
import { reasonOf } from "../reason.ts";
import { lost, resultOf } from "./results.ts";

/** What is said of an action, once its result was written as JSON. */
async function reasonBy(act: Parameters<typeof resultOf>[1], longest = 1000): Promise<string> {
  const result = await resultOf({ orderId: "a" }, act);
  return reasonOf(JSON.parse(JSON.stringify(result)) as Fields, longest);
}

function refused(): AggregateError {
  const at = (address: string) => new Error(`connect ECONNREFUSED ${address}`);
  return new AggregateError([at("127.0.0.1:80"), at("[::1]:80")]);
}

const BOTH = "connect ECONNREFUSED 127.0.0.1:80; connect ECONNREFUSED [::1]:80";
const self = new Error("");
self.cause = self;

test("why an action failed is never empty, and every tag is what it stands for", async () => {
  for (
    const [thrown, reason] of [
      [new Error("disk full"), "disk full"],
      [new Error("  a\n  b\t"), "a b"],
      [new Error("a\0b"), "a\0b"],
      [refused(), BOTH],
      [new Error("POST http://x/: ", { cause: refused() }), `POST http://x/: ${BOTH}`],
      [new Error("", { cause: refused() }), BOTH],
      [new AggregateError([new Error("a")], "all failed"), "all failed: a"],
      [new AggregateError([1, 2, 3, 4, 5]), "1; 2; 3; and 2 more"],
      [new AggregateError([]), "AggregateError without a message"],
      [new Error("outer", { cause: new Error("inner") }), "outer; caused by: inner"],
      [new Error("no: inner", { cause: new Error("inner") }), "no: inner"],
      [new Error("", { cause: "a text" }), "a text"],
      [Object.assign(new TypeError(""), { code: "E_X" }), "TypeError without a message, code E_X"],
      [self, "Error without a message"],
      [new DOMException("The deadline passed", "TimeoutError"), "The deadline passed"],
      [undefined, "undefined"],
      [null, "null"],
      [-0, "-0"],
      [12n, "12n"],
      ["", "an empty text"],
      ["text\0", "text\0"],
      [{}, "object of 0"],
      [{ exit: 1, at: new Date(0) }, "exit: 1, at: 1970-01-01T00:00:00.000Z"],
      [{ log: "x y", list: [1, 2] }, "log: “x y”, list: list of 2"],
      [new Map([["a", { b: 1 }]]), "Map of 1: a: object of 1"],
      [/x/g, "/x/g"],
    ] as const
  ) {
    assertEquals(
      await reasonBy(() => {
        throw thrown;
      }),
      reason,
    );
  }
});

test("where no reason was recorded, the settlement says so", async () => {
  assertEquals(
    await reasonBy((unproven) => unproven()),
    "the action cannot tell, and gave no reason",
  );
  assertEquals(await reasonBy((unproven) => unproven({ lost: "it" })), "lost: “it”");
  assertEquals(
    await reasonBy(() => undefined),
    "the action returned nothing, which proves nothing",
  );
  assertEquals(await reasonBy(() => 1), "");
});

test("a long reason ends with a whole character, and causes without end come to one", async () => {
  const long = await reasonBy(() => {
    throw new Error("👩".repeat(200));
  }, 240);
  assertEquals(long, `${"👩".repeat(119)}…`);
  let deep: Error | undefined;
  for (let level = 30; level > 0; level--) deep = new Error(`level ${level}`, { cause: deep });
  const reason = await reasonBy(() => {
    throw deep;
  });
  assert(reason.startsWith("level 1; caused by: level 2") && !reason.includes("level 9"), reason);
});

test("a row has its reason, whichever of its documents was read first", async () => {
  const result = await resultOf({ orderId: "a" }, () => {
    throw new Error("disk full");
  });
  const { consumed, closed } = lost("a");
  const failed = { ...closed, type: "FAILURE_OBSERVED" };
  const gone = "its Runner was gone before it stored a result";
  for (
    const [documents, reason] of [
      [[result], "disk full"],
      [[consumed, result], "disk full"],
      [[result, consumed], "disk full"],
      [[consumed], ""],
      [[consumed, closed], gone],
      [[closed, result], gone],
      [[result, closed], gone],
      [[failed], "the result, which holds the reason, is not here"],
      [[failed, result], "disk full"],
      [[result, failed], "disk full"],
    ] as const
  ) {
    const book = new Book(() => 0, (result) => reasonOf(result, 240));
    const text = documents.map((document) => JSON.stringify(document)).join("\n");
    await new Reader(book, () => undefined).readText(text, "text");
    assertEquals(book.rows.map((row) => row.reason), [reason], text);
  }
});

test("of any number of errors the first are told", () => {
  const errors = Array.from({ length: 200_000 }, (_, i) => ({ $js: "error", message: `e${i}` }));
  const rawError = { $js: "error", message: "all", errors };
  const reason = reasonOf({ status: "FAILED", trace: { settlement: "THREW", rawError } }, 100);
  assertEquals(reason, "all: e0; e1; e2; and 199997 more");
});
