import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Action, execute } from "../../mod.ts";
import { FolderLedger } from "../../runner/ledgers/folder.ts";
import { Book, executionOf } from "../reading/book.ts";
import { Reader } from "../reading/read.ts";
import { lost, resultOf } from "./results.ts";

/** A book of what is read from texts, by name. */
async function read(...texts: string[]): Promise<Book> {
  const book = new Book(() => 0);
  const reader = new Reader(book, () => undefined);
  for (const [index, text] of texts.entries()) await reader.readText(text, `text ${index}`);
  return book;
}

/** What a book shows, as one line an execution. */
function shown(book: Book): string[] {
  assertEquals(book.refusals, []);
  return book.rows.map((row) =>
    [row.status, row.settlement, row.orderId, row.action, row.runner, row.at, row.duration].join(
      " ",
    )
  ).sort();
}

const applied = await resultOf({ orderId: "a" }, () => 1);
const failed = await resultOf({ orderId: "b" }, () => {
  throw new Error("no");
});
const fact = applied.facts[0];
const request = { orderId: "a", action: { name: "release.switch", input: { site: "docs" } } };
const { context } = applied.trace;
const APPLIED = "APPLIED RETURNED a release.switch alice 1769851800004 125.752";
const FAILED = "FAILED THREW b release.switch alice 1769851800004 125.752";
const json = JSON.stringify;

test("a result, a list of them and NDJSON are read", async () => {
  assertEquals(shown(await read(json(applied))), [APPLIED]);
  assertEquals(shown(await read(json(applied, null, 2))), [APPLIED]);
  assertEquals(shown(await read(json([applied, failed], null, 2))), [APPLIED, FAILED]);
  assertEquals(shown(await read(`${json(applied)}\n${json(failed)}\n`)), [APPLIED, FAILED]);
});

test("entries of a ledger are read, and the page of its list", async () => {
  const entry = { status: "APPLIED", fact, request, context, result: applied };
  assertEquals(shown(await read(json(entry))), [APPLIED]);
  const page = { entries: [entry, { fact: failed.facts[0], result: failed }], next: "x" };
  assertEquals(shown(await read(json(page))), [APPLIED, FAILED]);
});

test("rows of SQLite hold texts, rows of PostgreSQL hold JSON: both are read", async () => {
  const sqlite = {
    order_id: "a",
    execution_id: context.executionId,
    consumed_at: fact.at,
    runner: "alice",
    action: "release.switch",
    status: "APPLIED",
    fact: json(fact),
    request: json(request),
    context: json(context),
    process: "{}",
    result: json(applied),
    recovered: null,
  };
  const postgres = {
    order_id: "a",
    session: 1,
    consumed_at: "2026-01-31 09:30:00+00",
    request,
    context,
    fact,
    result: applied,
    recovered: null,
    status: "APPLIED",
  };
  assertEquals(shown(await read(json([sqlite], null, 2))), [APPLIED]);
  assertEquals(shown(await read(json(postgres))), [APPLIED]);
});

test("the files of a folder ledger are read as the orders that it holds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "report-"));
  try {
    const ledger = new FolderLedger(folder);
    const run = async (orderId: string, action: Action) =>
      await execute(
        { orderId, action: { name: "x" } },
        { executionId: orderId, runner: "me" },
        action,
        ledger,
      );
    const results = await Promise.all([
      run("a", () => null),
      run("b", (_request, { unproven }) => unproven()),
    ]);
    await run("c", () => null); // Its result is never stored.
    for (const result of results) await ledger.store(result);
    await ledger.close();
    const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
    const book = await read(...files.map((name) => readFileSync(join(folder, name), "utf8")));
    assertEquals(book.refusals, []);
    assertEquals(book.rows.map(({ orderId, status }) => `${orderId} ${status}`).sort(), [
      ...["a APPLIED", "b UNKNOWN", "c OPEN"],
    ]);
    for (const row of book.rows) assertEquals(executionOf(row).claim?.fact.orderId, row.orderId);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an order without a result is OPEN, and UNKNOWN once a Runner has closed it", async () => {
  const { consumed, closed } = lost("c");
  const row = async (...texts: string[]) => (await read(...texts)).rows.map(({ status }) => status);
  assertEquals(await row(json(consumed)), ["OPEN"]);
  assertEquals(await row(json(consumed), json(closed)), ["UNKNOWN"]);
  assertEquals(await row(json(closed), json(consumed)), ["UNKNOWN"]);
  assertEquals(await row(json({ fact: consumed, request, context, recovered: closed })), [
    "UNKNOWN",
  ]);
});

test("a result that came after its order was closed does not change UNKNOWN, in any order of reading", async () => {
  const identity = { orderId: "a", executionId: applied.executionId };
  const closed = { ...lost("a").closed, ...identity };
  for (const texts of [[json(closed), json(applied)], [json(applied), json(closed)]]) {
    const [row, ...others] = (await read(...texts)).rows;
    assertEquals([row!.status, row!.settlement, others.length], ["UNKNOWN", "RETURNED", 0]);
  }
});

test("a document that is read again changes nothing", async () => {
  const entry = { fact, request, context, result: applied };
  const book = await read(json(applied), json(applied, null, 2), json(entry), json(entry));
  assertEquals(shown(book), [APPLIED]);
});

test("two results of one execution, or two executions of one order, are both shown, and known to each other", async () => {
  const other = { ...applied, trace: { ...applied.trace, durationMs: 1 } };
  const again = JSON.parse(json(applied).replaceAll(applied.executionId, "another"));
  const book = await read(json([applied, other, again]));
  assertEquals(book.rows.length, 3);
  assertEquals(book.others(book.rows[0]!).length, 2);
});

test("a result without the contract's fields is shown all the same", async () => {
  const { rows, refusals } = await read(
    '{"contract":"deployer-runtime/v1","status":"DONE","orderId":7,"facts":{}}',
  );
  assertEquals(refusals, []);
  assertEquals([rows[0]!.status, rows[0]!.orderId, rows[0]!.at], ["INVALID", "7", NaN]);
});

test("what cannot be read is told by file, line and reason, and the rest is shown", async () => {
  const text = [json(applied), "{", '{"hello":1}', "oops", json(failed), "[[]"].join("\n");
  const { rows, refusals } = await read(text);
  assertEquals(rows.map(({ orderId }) => orderId), ["a", "b"]);
  assertEquals(refusals.map(({ file, line }) => `${file}:${line}`), [
    ...["text 0:2", "text 0:3", "text 0:4", "text 0:6"],
  ]);
  assertStringIncludes(refusals[1]!.reason, 'its fields are "hello"');
});

test("a database, and what is no text, is told once", async () => {
  const book = new Book(() => 0);
  const reader = new Reader(book, () => undefined);
  await reader.readFile(new File(["SQLite format 3\0\x10\0\n\n\n"], "ledger.db"));
  await reader.readFile(new File(["\x7fELF\0\n\n\n"], "deployer"));
  assertEquals(book.refusals.map(({ file }) => file), ["ledger.db", "deployer"]);
  assertStringIncludes(book.refusals[0]!.reason, "sqlite3 -json");
});

test("a large file is read in slices: no character is lost between two of them", async () => {
  const results = [];
  for (let index = 0; index < 4000; index++) {
    results.push({
      ...applied,
      orderId: `é${"–".repeat(index % 7)}${index}`,
      note: "ü".repeat(800),
    });
  }
  const file = new File([results.map((result) => json(result)).join("\n")], "large.ndjson");
  assertEquals(file.size > 5 << 20, true);
  const book = new Book(() => 0);
  await new Reader(book, () => undefined).readFile(file);
  assertEquals(book.refusals, []);
  assertEquals(book.rows.map(({ orderId }) => orderId), results.map(({ orderId }) => orderId));
});

test("an instant or a length that no clock has is none", async () => {
  const at = (startedAt: unknown, durationMs: unknown = 1) =>
    json({ ...applied, trace: { ...applied.trace, startedAt, durationMs } });
  const cases: [text: string, at: number, duration: number][] = [
    [at("2026-01-31T09:30:00.004Z"), 1769851800004, 1],
    [at("2026-01-31T10:30:00+01:00", 0), 1769851800000, 0],
    [at("9999-12-31T23:59:59.999Z"), 253402300799999, 1],
    [at("+275760-09-13T00:00:00.000Z"), NaN, 1],
    [at("-271821-04-20T00:00:00.000Z"), NaN, 1],
    [at("2026-01-31 (a comment)"), NaN, 1],
    [at("2026-99-99T99:99:99.999Z"), NaN, 1],
    [at("7"), NaN, 1],
    [at(7), NaN, 1],
    [at("", 1).replace(`"durationMs":1`, `"durationMs":1e999`), NaN, NaN],
    [at("", 1).replace(`"durationMs":1`, `"durationMs":-1e999`), NaN, NaN],
    [at("", 1e308), NaN, NaN],
    [at("", "1"), NaN, NaN],
  ];
  for (const [text, at, duration] of cases) {
    const { rows: [row], refusals } = await read(text);
    assertEquals([row?.at, row?.duration, refusals], [at, duration, []], text);
  }
});

test("a value that makes no text is nobody's name, status or type", async () => {
  const mute = { toString: 1, valueOf: 1 };
  const book = await read(
    json({ ...applied, status: mute, trace: { ...applied.trace, settlement: mute } }),
    json({ ...lost("c").closed, type: mute }),
    json({ fact: lost("d").consumed, recovered: { ...lost("d").closed, type: mute } }),
  );
  assertEquals(book.refusals.map(({ reason }) => reason), [
    `it is no result, fact, ledger entry or row: its fields are "contract", "type", "orderId", "executionId", "at"`,
  ]);
  assertEquals(book.rows.map(({ status, settlement }) => [status, settlement]), [
    ["INVALID", json(mute)],
    ["OPEN", ""],
  ]);
});

test("a row whose text is deeper than a stack is refused by its column, and no other row", async () => {
  const row = (orderId: string, result: string) => ({
    order_id: orderId,
    fact: json({ ...fact, orderId }),
    request: null,
    context: null,
    result,
    recovered: null,
  });
  const deep = json({ ...applied, orderId: "deep" }).replace(/\}$/, `,"x":${"[".repeat(1e5)}`) +
    "]".repeat(1e5) + "}";
  const book = await read(json([row("deep", deep), row("a", json(applied))]));
  assertEquals(book.rows.map(({ orderId }) => orderId), ["a"]);
  assertEquals(book.refusals.map(({ reason }) => reason), [
    "its column result has more than 1000 levels",
  ]);
});
