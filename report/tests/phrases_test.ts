import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { beginning } from "../reading/beginning.ts";
import { Book, executionOf } from "../reading/book.ts";
import { Reader } from "../reading/read.ts";
import { visible, visibleText } from "../tree/visible.ts";
import { durationInWords, fidelityOf, instantInWords, wordsOf } from "../phrases.ts";
import { lost, resultOf } from "./results.ts";

/** What is said of what is read from JSON. */
async function said(...documents: unknown[]): Promise<string> {
  const book = new Book(() => 0);
  const reader = new Reader(book, () => undefined);
  for (const document of documents) await reader.readText(JSON.stringify(document), "text");
  const { says, saysNot } = wordsOf(book.rows[0]!, executionOf(book.rows[0]!));
  return [says, ...saysNot].join(" ");
}

test("each settlement says what the contract says of it, and what it does not", async () => {
  const aborted = new AbortController();
  const results = {
    RETURNED: await resultOf({ orderId: "a" }, () => 1),
    THREW: await resultOf({ orderId: "a" }, () => {
      throw 1;
    }),
    RETURNED_NOTHING: await resultOf({ orderId: "a" }, () => undefined),
    UNPROVEN: await resultOf({ orderId: "a" }, (unproven) => unproven()),
    ABORTED: await resultOf({ orderId: "a" }, () => {
      aborted.abort();
      return new Promise(() => {});
    }, aborted.signal),
  };
  const expected: Record<string, string[]> = {
    RETURNED: ["author vouches", "error 500", "up or down"],
    THREW: ["a failure was observed", "not say that nothing was changed", "up or down"],
    RETURNED_NOTHING: ["no proof", "not “still running”", "up or down"],
    UNPROVEN: ["cannot tell", "may still be at work", "not “still running”", "up or down"],
    ABORTED: ["stopped waiting", "may still be at work", "not “still running”", "up or down"],
  };
  for (const [settlement, result] of Object.entries(results)) {
    assertEquals(result.trace.settlement, settlement);
    const words = await said(result);
    for (const part of expected[settlement]!) {
      assert(words.includes(part), `${settlement}: ${words}`);
    }
  }
});

test("an order without a result is said to be open, or closed by a Runner, never to be running", async () => {
  const { consumed, closed } = lost("a");
  assert((await said(consumed)).includes("if it is gone, the order is UNKNOWN"));
  const words = await said(consumed, closed);
  assert(words.includes("nobody will ever know") && words.includes("not “still running”"), words);
});

test("a result that came late is said not to change UNKNOWN", async () => {
  const result = await resultOf({ orderId: "a" }, () => 1);
  assert((await said(lost("a").closed, result)).includes("does not change UNKNOWN"));
});

test("a result with a status of its own says nothing", async () => {
  const result = await resultOf({ orderId: "a" }, () => 1);
  assert((await said({ ...result, status: "DONE" })).includes("nothing that can be relied on"));
});

test("a result whose status is not that of its settlement is said to contradict itself", async () => {
  const result = await resultOf({ orderId: "a" }, () => 1);
  for (const status of ["FAILED", "UNKNOWN"]) {
    assert((await said({ ...result, status })).includes("contradicts itself"));
  }
});

test("fidelity is said in words, and asks for attention only where something is missing", () => {
  const counts = { exact: false, tagged: 0, truncated: 0, unreadable: 0 };
  const kinds =
    "1 value that JSON has no form for, such as an error or a date, is recorded by its kind";
  for (
    const [fidelity, inWords, isMissing] of [
      [{ ...counts, exact: true }, "Exact: the recorded JSON equals the value.", false],
      [{ ...counts, tagged: 1 }, `Nothing was cut. ${kinds}.`, false],
      [{ ...counts, tagged: 9, truncated: 1 }, "Not complete: 1 value was cut by a limit.", true],
      [
        { ...counts, truncated: 2, unreadable: 1 },
        "Not complete: 2 values were cut by a limit; 1 could not be read.",
        true,
      ],
      [{}, "How faithful it is was not recorded.", false],
      [null, "How faithful it is was not recorded.", false],
    ] as const
  ) assertEquals(fidelityOf(fidelity), { inWords, isMissing });
});

test("lengths of time and instants are short, and lose nothing that matters", () => {
  const ms = [0, 0.612, 125.752, 1500, 61_000, 3_600_000 * 5, 86_400_000 * 3, NaN, -4];
  assertEquals(ms.map(durationInWords), [
    ...["0 µs", "612 µs", "126 ms", "1.5 s", "1 min 1 s", "5 h", "3 d", "", "−4 ms"],
  ]);
  assertEquals([0, NaN].map(instantInWords), ["1970-01-01 00:00:00.000", ""]);
});

test("characters that hide, or turn a text around, are shown by their numbers", () => {
  assertEquals(
    visibleText("a\u202eb\u200bc\ufeff\0\x1b[31m\u2028"),
    "a[U+202E]b[U+200B]c[U+FEFF][U+0000][U+001B][31m[U+2028]",
  );
  assertEquals(
    visibleText("\ud800 \u00a0 \u3164 \u{e0041}"),
    "[U+D800] [U+00A0] [U+3164] [U+E0041]",
  );
});

test("a text that is cut ends with a whole character, and with a mark", () => {
  assertEquals([3, 4, 5, 6].map((most) => beginning("ab👩🏽c", most)), [
    ...["ab…", "ab…", "ab👩…", "ab👩…"],
  ]);
  assertEquals(beginning("ab👩🏽c", 7), "ab👩🏽c");
});

test("what people write is left as it is", () => {
  for (const text of ["déjà vu — “x”", "日本語", "שלום", "مرحبا", "👩🏽‍💻 👨‍👩‍👧", "a\n\tb", "🏳️‍🌈"]) {
    assertEquals(visible(text), [{ text, isCode: false }]);
  }
  assertEquals(visible(""), []);
});
