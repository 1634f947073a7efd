/**
 * Two Runners and one order at each kind of ledger, to the end: every interleaving of their
 * operations, with crashes before each. What the model says is then done on the real ledgers, which
 * are stopped before each operation: a process that is killed never does its next one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { explore, Folder, type Found, type Place, type Process, Table } from "./protocol_model.ts";
import { inTurns, openFolder, openSqlite, replay } from "./protocol_stage.ts";

const root = mkdtempSync(join(tmpdir(), "ledger-protocol-"));
after(() => rmSync(root, { recursive: true }));

// --- The model ----------------------------------------------------------------------------------

// `bun test` without arguments ends a test after 5 seconds.
const LONG = { timeout: 180_000 };

const KINDS: [string, () => Place, states: number][] = [
  ["a folder", () => new Folder(), 171_339],
  ["SQLite", () => new Table("sqlite"), 574],
  ["PostgreSQL", () => new Table("postgres"), 482],
];

const found = new Map(KINDS.map(([kind, open]) => [kind, explore(open)]));

for (const [kind, , states] of KINDS) {
  test(`${kind}: two Runners execute an order at most once, lose none, close none of the living`, () => {
    const { wrong, states: met } = found.get(kind) as Found;
    assertEquals({ wrong, met }, { wrong: undefined, met: states });
  });
}

/** Ledgers that would not do, and what is wrong with each. */
const CARELESS: [string, () => Place, RegExp][] = [
  [
    "looks before it inserts",
    () => new LooksFirst("sqlite"),
    /^A1,B1 were told that it is consumed/,
  ],
  ["takes each process for gone", () => new Hasty("postgres"), /^closed while [AB]1 lives/],
  ["takes each process for gone in a folder", () => new HastyFolder(), /^open, and not found/],
  [
    "knows only of the result that its order has gone from the index",
    () => new OneResult(),
    /^closed as UNKNOWN: it had a result/,
  ],
  [
    "does not flush the names of its entries",
    () => new Unflushed(),
    /^A1 was told that it is consumed: it is not/,
  ],
];

class LooksFirst extends Table {
  override *consume(me: Process): Generator<string, string> {
    yield "select";
    const isFree = !this.row;
    me.history += isFree;
    if (!isFree) return "refused";
    yield "insert";
    this.row = { by: me.name, result: false, recovered: false };
    return "consumed";
  }
}

class Hasty extends Table {
  override recover(me: Process): Generator<string, string> {
    return super.recover(me, () => true);
  }
}

class HastyFolder extends Folder {
  override recover(me: Process): Generator<string, string> {
    return super.recover(me, () => true);
  }
}

class OneResult extends Folder {
  protected override *publish(me: string): Generator<string, void> {
    yield "link result";
    this.give("result", me);
  }
}

class Unflushed extends Folder {
  protected override flush(folder: "open/" | ""): void {
    if (folder === "open/") super.flush(folder);
  }
}

for (const [what, open, wrong] of CARELESS) {
  test(`a ledger that ${what} is found out`, LONG, () => {
    assertMatch(explore(open).wrong ?? "", wrong);
  });
}

test("a folder does what its model does, operation by operation", LONG, async () => {
  const { schedules } = found.get("a folder") as Found;
  await inTurns(
    schedules,
    (schedule) => replay(schedule, new Folder(), openFolder(mkdtempSync(join(root, "folder-")))),
  );
});

test("SQLite does what its model does, statement by statement", LONG, async () => {
  const { schedules } = found.get("SQLite") as Found;
  await inTurns(schedules, async (schedule) => {
    const path = join(mkdtempSync(join(root, "sqlite-")), "ledger.db");
    await replay(schedule, new Table("sqlite"), await openSqlite(path));
  });
});
