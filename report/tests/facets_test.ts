import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { facetsOf } from "../facets.ts";
import { NO_RESULT } from "../query.ts";
import { Book } from "../reading/book.ts";
import { Reader } from "../reading/read.ts";
import { lost, resultOf } from "./results.ts";

const book = new Book(({ orderId }) => orderId === "b" ? 1 : 0);
const read = [
  await resultOf({ orderId: "a" }, () => 1),
  await resultOf({ orderId: "b" }, () => undefined),
  lost("c").consumed,
];
await new Reader(book, () => undefined)
  .readText(read.map((one) => JSON.stringify(one)).join("\n"), "text");

test("what executions can be told apart by is counted, the most frequent first", async () => {
  const facets = await facetsOf(book.rows, () => undefined, new AbortController().signal);
  assertEquals([...facets.statuses].sort(), [["APPLIED", 1], ["OPEN", 1], ["UNKNOWN", 1]]);
  assertEquals(facets.settlements.map(([name]) => name).sort(), [
    ...[NO_RESULT, "RETURNED", "RETURNED_NOTHING"],
  ]);
  assertEquals(facets.actions, [["release.switch", 2]]);
  assertEquals(facets.runners, [["alice", 2]]);
  assertEquals(facets.refused, 1);
});

test("a count that nobody waits for any more ends", async () => {
  const controller = new AbortController();
  const rows = Array.from({ length: 2000 }, () => book.rows[0]!);
  const pause = () => Promise.resolve(controller.abort(new Error("more was read")));
  await assertRejects(() => facetsOf(rows, pause, controller.signal), Error, "more was read");
});
