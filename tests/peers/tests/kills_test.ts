/** The harness counts rightly: what goes wrong on purpose stands in its table. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { judge, type Row } from "../judge.ts";
import { underKills } from "../kills.ts";
import { dice, orders, WORK } from "../orders.ts";
import { markdown } from "../table.ts";

const NOTHING: Row = {
  kills: 0,
  "0 effects": 0,
  "1 effect": 0,
  "2 or more": 0,
  "told success": 0,
  "of these done twice": 0,
  "told failed": 0,
  "of these done": 0,
  "told UNKNOWN": 0,
  "nothing recorded": 0,
  "left open": 0,
};

/** The row of a contender that goes wrong, with three orders. */
async function wrong(variant: string, kills: number): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), "peers-test-"));
  const ground = {
    folder,
    variant,
    lanes: 1,
    database: () => Promise.reject(new Error("it needs none")),
  };
  const module = new URL("wrong.ts", import.meta.url).href;
  try {
    return await underKills(module, ground, { orders: 3, kills, seed: 1, patience: 60_000 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("each order is counted by what happened and by what is told", () => {
  const fed = ["a", "b", "c", "d", "e", "f"];
  const row = judge(
    5,
    fed,
    ["a", "b", "b", "c", "d", "d", "d"],
    new Map([["a", "success"], ["b", "success"], ["c", "failed"], ["d", "unknown"], ["e", "open"]]),
  );
  assert.deepEqual(row, {
    kills: 5,
    "0 effects": 2,
    "1 effect": 2,
    "2 or more": 2,
    "told success": 2,
    "of these done twice": 1,
    "told failed": 1,
    "of these done": 1,
    "told UNKNOWN": 1,
    "nothing recorded": 1,
    "left open": 1,
  });
});

test("an effect of no order, and a success without an effect, are not counted but thrown", () => {
  assert.throws(() => judge(0, ["a"], ["b"], new Map()), /an effect of no order: b/);
  assert.throws(() => judge(0, ["a"], [], new Map([["a", "success"]])), /yet never done: a/);
});

test("a contender that does everything twice is told so", async () => {
  assert.deepEqual(await wrong("does everything twice", 0), {
    ...NOTHING,
    "2 or more": 3,
    "told success": 3,
    "of these done twice": 3,
  });
});

test("a contender that calls failed what it did is told so", async () => {
  assert.deepEqual(await wrong("calls it failed", 0), {
    ...NOTHING,
    "1 effect": 3,
    "told failed": 3,
    "of these done": 3,
  });
});

test("a worker is killed as often as planned, started again, and then finishes", async () => {
  const row = await wrong("works in its third life only", 2);
  assert.equal(row.kills, 2);
  assert.equal(row["told success"], 3);
  assert.equal(row["0 effects"], 0);
});

test("a worker that ends by itself ends the run, with what it said", async () => {
  await assert.rejects(wrong("ends by itself", 1), /no such queue/);
});

test("one seed gives the same orders, each of which works as long as all others", () => {
  const given = orders(50, dice(7));
  assert.deepEqual(given, orders(50, dice(7)));
  assert.notDeepEqual(given, orders(50, dice(8)));
  assert.deepEqual(new Set(given.map(({ before, after }) => before + after)), new Set([WORK]));
});

test("a table is Markdown", () => {
  assert.equal(markdown([{ a: 1, b: "x" }]), "| a | b |\n| --- | --- |\n| 1 | x |");
});
