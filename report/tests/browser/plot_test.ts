/** What is drawn of rows. It needs no browser, but the packages that the page is built with. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { marksOf } from "../../plot.ts";
import { Book } from "../../reading/book.ts";
import { Reader } from "../../reading/read.ts";
import { resultOf } from "../results.ts";

test("a row without an instant has no mark, and the others keep theirs", async () => {
  const result = await resultOf({ orderId: "a", input: 1 }, () => "done");
  const trace = { ...result.trace, startedAt: "+275760-09-13T00:00:00.000Z" };
  const book = new Book(() => 0);
  const text = JSON.stringify([result, { ...result, orderId: "b", trace }]);
  await new Reader(book, () => undefined).readText(text, "results");
  const marks = await marksOf(book.rows, 900, 180, () => undefined);
  assertEquals([book.rows.length, marks?.outlines.length], [2, 1]);
});
