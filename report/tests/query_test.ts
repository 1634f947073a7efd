import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import {
  EVERYTHING,
  fromFragment,
  instant,
  NO_RESULT,
  type Query,
  select,
  termsOf,
  toFragment,
} from "../query.ts";
import { Book } from "../reading/book.ts";
import { Reader } from "../reading/read.ts";
import { AT, lost, resultOf } from "./results.ts";

const book = new Book(({ orderId }) => orderId === "c" ? 2 : 0);
const reader = new Reader(book, () => undefined);
const results = [
  await resultOf({ orderId: "a", input: { note: '5 < 6 "quoted"' } }, () => 1),
  await resultOf({ orderId: "b" }, () => {
    throw new Error("The mirror is FULL");
  }),
  await resultOf({ orderId: "c" }, (unproven) => unproven("lost")),
  lost("d").consumed,
];
await reader.readText(results.map((result) => JSON.stringify(result)).join("\n"), "results");

async function selected(query: Partial<Query>): Promise<string> {
  const rows = await select(book.rows, { ...EVERYTHING, ...query }, () => undefined, signal);
  return rows.map(({ orderId }) => orderId).join("");
}
const { signal } = new AbortController();

test("rows are found by status, settlement, action, runner, verdict, text and time", async () => {
  const by = (query: Partial<Query>) => selected({ sort: "orderId", descending: false, ...query });
  assertEquals(await by({}), "abcd");
  assertEquals(await by({ statuses: ["UNKNOWN", "FAILED"] }), "bc");
  assertEquals(await by({ settlement: "THREW" }), "b");
  assertEquals(await by({ settlement: NO_RESULT }), "d");
  assertEquals(await by({ action: "release.switch" }), "abc");
  assertEquals(await by({ runner: "nobody" }), "");
  assertEquals(await by({ refused: true }), "c");
  assertEquals(await by({ text: "mirror is full" }), "b");
  assertEquals(await by({ text: '5 < 6 "Quoted"' }), "a");
  assertEquals(await by({ text: "(.*)" }), "");
  assertEquals(await by({ text: "full MIRROR" }), "b");
  assertEquals(await by({ text: "mirror nowhere" }), "");
  assertEquals(await by({ text: '"full mirror"' }), "");
  assertEquals(await by({ text: '"mirror is full" release.switch' }), "b");
  assertEquals(await by({ text: "“mirror is full”" }), "b");
  assertEquals(await by({ from: "2026-01-31T09:30:00.004" }), "abc");
  assertEquals(await by({ to: "2026-01-31T09:30:00.004" }), "d");
  assertEquals(await by({ from: "no instant" }), "abcd");
});

test("a moment is a date, with as much of a time as is known, in UTC", () => {
  const typed = ["2026-01-31", "2026-01-31 09:30", " 2026-01-31T09:30:00.004Z "];
  assertEquals(typed.map(instant), [AT - 34_200_000, AT, AT + 4]);
  for (const wrong of ["", "yesterday", "2026-01-31 25:00", "31.1.2026", "2026-1-31"]) {
    assertEquals(instant(wrong), NaN);
  }
});

test("a text is found in a report too, where < is written by its number", async () => {
  const report = new Book(() => 0);
  const json = JSON.stringify(results[0]).replaceAll("<", "\\u003c");
  await new Reader(report, () => undefined).readText(json, "page");
  const rows = await select(report.rows, { ...EVERYTHING, text: "5 < 6" }, () => undefined, signal);
  assertEquals(rows.length, 1);
});

test("rows are sorted both ways, and those that are alike stay in the order of reading", async () => {
  assertEquals(await selected({ sort: "orderId", descending: true }), "dcba");
  assertEquals(await selected({ sort: "at", descending: true }), "abcd");
  assertEquals(await selected({ sort: "at", descending: false }), "dabc");
  assertEquals(await selected({ sort: "status", descending: true }), "cbad");
  assertEquals(await selected({ sort: "duration", descending: true }), "abcd");
});

test("many rows are sorted as the language sorts them, with pauses in between", async () => {
  const rows = Array.from(
    { length: 9001 },
    (_, id) => ({ ...book.rows[0]!, id, at: (id * 7919) % 997 }),
  );
  let pauses = 0;
  const pause = () => void pauses++ as undefined;
  const sorted = await select(rows, { ...EVERYTHING, descending: false }, pause, signal);
  assertEquals(
    sorted.map(({ id }) => id),
    rows.toSorted((a, b) => a.at - b.at || a.id - b.id).map(({ id }) => id),
  );
  assertEquals(pauses > 100, true);
});

test("a search that nobody waits for any more ends", async () => {
  const controller = new AbortController();
  const rows = Array.from({ length: 1000 }, () => book.rows[0]!);
  const pause = () => Promise.resolve(controller.abort(new Error("another query")));
  await assertRejects(
    () => select(rows, EVERYTHING, pause, controller.signal),
    Error,
    "another query",
  );
});

test("words are looked for one by one, and what is in quotation marks as one", () => {
  for (
    const [text, terms] of [
      ["", []],
      ["  two\twords ", ["two", "words"]],
      ['a "quoted phrase" b', ["a", "quoted phrase", "b"]],
      ['while it is "still typ', ["while", "it", "is", "still typ"]],
      ['""', []],
      ['say"hello"', ['say"hello"']],
    ] as const
  ) assertEquals(termsOf(text), [...terms]);
});

test("words of one execution are found in whichever of its documents each of them is", async () => {
  const both = new Book(() => 0);
  const { consumed, closed } = lost("a");
  const text = [consumed, closed].map((fact) => JSON.stringify(fact)).join("\n");
  await new Reader(both, () => undefined).readText(text, "facts");
  const query = { ...EVERYTHING, text: "PROOF_ABSENT ORDER_CONSUMED" };
  assertEquals((await select(both.rows, query, () => undefined, signal)).length, 1);
});

test("an order alone is an address, whatever its characters, escaped or typed", () => {
  for (const orderId of ["a b+c", "100%", "a/b?c=d&e#f", "é 日本語 👩", '"<>`', "\0\n"]) {
    assertEquals(fromFragment(`#order=${encodeURIComponent(orderId)}`).open, { orderId });
    assertEquals(fromFragment(toFragment({ ...EVERYTHING, open: { orderId } })).open, { orderId });
  }
  assertEquals(fromFragment("#order=100% a+b=c").open, { orderId: "100% a+b=c" });
  // Half a character has no place in an address: the row is found by where it stands.
  const half = { orderId: "half \ud83d", id: 7 };
  const open = { orderId: "half \ufffd", id: 7 };
  assertEquals(fromFragment(toFragment({ ...EVERYTHING, open: half })).open, open);
});

test("a query survives its way through an address", () => {
  const query: Query = {
    statuses: ["UNKNOWN", "FAILED"],
    settlement: "THREW",
    action: "a&b=c",
    runner: "é #",
    text: "50% <script>",
    from: "2026-01-31T09:30",
    to: "2026-02-01T00:00:00",
    refused: true,
    sort: "duration",
    descending: true,
    open: { orderId: "a/b?c", executionId: "‮", id: 7 },
  };
  assertEquals(fromFragment(toFragment(query)), query);
  assertEquals(toFragment(EVERYTHING), "");
  assertEquals(fromFragment(""), EVERYTHING);
});

test("what an address cannot mean is left out", () => {
  assertEquals(fromFragment("#status=DONE,UNKNOWN&sort=__proto__&nothing=1").statuses, ["UNKNOWN"]);
  assertEquals(fromFragment("#sort=__proto__").sort, "at");
});
