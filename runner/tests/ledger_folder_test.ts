/** The folder of files as a ledger: the suite of all ledgers, and how it tells who is gone. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LedgerDamaged, LedgerDown, OrderAlreadyConsumed } from "deployer-runner";
import { execute, type ExecutionResult } from "deployer-runtime";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { testLedger } from "deployer-runner/testing";
import { onWindows } from "../../tests/support/windows.ts";
import { NotOnWindows } from "../flush.ts";
import { isGone, thisProcess } from "../ledgers/process.ts";
import { claim } from "../testing_claim.ts";
import { openLedger } from "./open_folder.ts";
import { runtime } from "./runtime.ts";

const root = mkdtempSync(join(tmpdir(), "ledger-test-"));
after(() => rmSync(root, { recursive: true }));

// `bun test` without arguments ends a test after 5 seconds.
const LONG = { timeout: 60_000 };

testLedger("a folder of files", {
  opener: new URL("open_folder.ts", import.meta.url).href,
  runtime,
  fresh: () => mkdtempSync(join(root, "fresh-")),
  openDown() {
    const file = join(mkdtempSync(join(root, "down-")), "file");
    writeFileSync(file, "");
    return openLedger(file);
  },
  parts: {
    names: ["entry", "result", "recovered", "index"],
    read: (folder, orderId, part) => Promise.resolve(textOf(pathOf(folder, orderId, part))),
    spoil(folder, orderId, part, text) {
      const path = pathOf(folder, orderId, part);
      // No entry is no order; no result is one that was archived; no index is made anew.
      if (text === null) return Promise.resolve(undefined);
      rmSync(path, { force: true }); // Its other names hold what they held.
      writeFileSync(path, text);
      return Promise.resolve(path);
    },
  },
});

/** Where a part of an order is; the index names it in the file of its batch. */
function pathOf(folder: string, orderId: string, part: string): string {
  const ends: Record<string, string> = { entry: "", result: ".result", recovered: ".recovered" };
  if (part in ends) return join(folder, `${sha256(orderId)}${ends[part]}.json`);
  const named = indexed(folder).map((name) => join(folder, "open", name))
    .find((path) => textOf(path)?.includes(JSON.stringify(orderId)));
  return named ?? join(folder, "open", `${sha256(orderId)}.json`);
}

/** All that is in a folder, and who may read it. */
function contentOf(folder: string): string {
  const all = (below: string): string[] =>
    readdirSync(join(folder, below)).sort().flatMap((name) => {
      const path = join(folder, below, name);
      const { mode, mtimeMs } = lstatSync(path);
      const of = (text: string) => `${join(below, name)} ${mode} ${mtimeMs}\n${text}`;
      if (lstatSync(path).isDirectory()) return [of(""), ...all(join(below, name))];
      return [of(lstatSync(path).isFile() ? readFileSync(path, "base64") : "")];
    });
  return [String(lstatSync(folder).mtimeMs), ...all("")].join("\n");
}

function textOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

test("a ledger that is not there yet has lost nothing, and none is made to say so", async () => {
  const folder = join(root, "not/there");
  assertEquals(await new FolderLedger(folder).lost(), []);
  assertEquals(existsSync(folder), false);
});

test("a folder is refused as a ledger on Windows, where its names cannot be flushed", async () => {
  const folder = join(root, "windows");
  const error = await assertRejects(
    () => onWindows(() => new FolderLedger(folder)),
    NotOnWindows,
    "use SQLite",
  );
  assertMatch(error.message, /^[^\n]+$/);
  assertEquals(existsSync(folder), false);
});

test("what a killed process was writing is no entry", async () => {
  const folder = mkdtempSync(join(root, "left-"));
  const ledger = new FolderLedger(folder, () => Promise.resolve(true));
  await ledger.consume(...claim("x"));
  writeFileSync(join(folder, "0a1b.tmp"), "{ half");
  mkdirSync(join(folder, "other"));
  assertEquals((await ledger.recover()).map(({ orderId }) => orderId), ["x"]);
  assertEquals(readdirSync(folder).filter((name) => name.endsWith(".tmp")), [
    "0a1b.tmp",
  ]);
});

test("a Runner that stores its result while it is looked for is not lost", async () => {
  const folder = mkdtempSync(join(root, "late-"));
  const path = join(folder, sha256("x"));
  const result = { ...await resultOf("x"), executionId: "e" };
  const ledger = new FolderLedger(folder, () => {
    writeFileSync(`${path}.result.json`, JSON.stringify(result));
    return Promise.resolve(true);
  });
  await ledger.consume(...claim("x"));
  assertEquals(await ledger.lost(), []);
});

test("a folder of the time before the mark and the index is read as it is, and given both by what writes", async () => {
  const folder = mkdtempSync(join(root, "old-"));
  const ledger = new FolderLedger(folder, () => true);
  for (const orderId of ["open", "done", "recovered"]) {
    await ledger.consume(...claim(orderId));
  }
  await ledger.store({ ...(await resultOf("done")), executionId: "e" });
  const [consumed] = claim("recovered");
  const recovered = JSON.stringify({ ...consumed, type: "PROOF_ABSENT" });
  writeFileSync(join(folder, `${sha256("recovered")}.recovered.json`), recovered);
  rmSync(join(folder, "open"), { recursive: true });
  rmSync(join(folder, "ledger.json"));

  const before = contentOf(folder);
  const old = new FolderLedger(folder, () => true);
  assertEquals((await old.lost()).map(({ orderId }) => orderId), ["open"]);
  assertEquals((await old.list()).entries.length, 3);
  assertEquals((await old.get("done"))?.status, "APPLIED");
  assertEquals(contentOf(folder), before);

  const many = [1, 2, 3].map(() => new FolderLedger(folder, () => true));
  const closed = (await Promise.all(many.map((ledger) => ledger.recover()))).flat();
  assertEquals(closed.map(({ orderId }) => orderId), ["open"]);
  assertEquals(indexed(folder), []);
  assertEquals(JSON.parse(readFileSync(join(folder, "ledger.json"), "utf8")), {
    ledger: "deployer-runner/folder",
    version: 1,
  });
  await new FolderLedger(folder).consume(...claim("new"));
  assertEquals(readdirSync(folder).filter((name) => name.endsWith(".tmp")), []);
});

test(
  "ledgers that make their folder at the same time do not take it from each other",
  LONG,
  async () => {
    for (let i = 0; i < 50; i++) {
      const folder = join(root, `made-${i}`, "below");
      const ledgers = Array.from({ length: 20 }, () => new FolderLedger(folder));
      const claims = await Promise.allSettled(
        ledgers.map((ledger) => ledger.consume(...claim("x"))),
      );
      const faults = claims.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
      assertEquals(faults.map(({ name }) => name), Array(19).fill("OrderAlreadyConsumed"));
    }
  },
);

/** The files of orders that may be open. */
function indexed(folder: string): string[] {
  return readdirSync(join(folder, "open")).filter((name) => /^[-0-9a-f]*\.json$/.test(name));
}

test("an order that is closed leaves the index, whoever closes it", async () => {
  const folder = mkdtempSync(join(root, "index-"));
  const [ledger, other] = [new FolderLedger(folder), new FolderLedger(folder)];
  const index = () => indexed(folder).length;
  await Promise.all(
    ["a", "b", "c"].map((orderId) => ledger.consume(...claim(orderId))),
  );
  assertEquals(index(), 1); // One file for all that were claimed at the same time.
  const store = async (to: FolderLedger, orderId: string) =>
    await to.store({ ...await resultOf(orderId), executionId: "e" });
  const all = () => readdirSync(join(folder, "open")).filter((name) => name !== ".index").length;
  await store(ledger, "a");
  await store(other, "b");
  assertEquals(index(), 1);
  await store(ledger, "c");
  assertEquals(await other.lost(), []); // It sees that all three are closed.
  assertEquals(all(), 0);

  // Of claims that were refused nothing stays there.
  await Promise.allSettled(
    ["a", "b"].map((orderId) => ledger.consume(...claim(orderId))),
  );
  assertEquals(all(), 0);
});

test("a claim that its process died over, before it had the order's name, is none", async () => {
  const folder = mkdtempSync(join(root, "half-"));
  const ledger = new FolderLedger(folder, () => true);
  await ledger.consume(...claim("x"));
  rmSync(join(folder, `${sha256("x")}.json`)); // As a crash leaves it.
  writeFileSync(
    join(folder, "open", "00000000-0000-0000-0000-000000000000.json"),
    "[ { half",
  );
  assertEquals(await ledger.recover(), []);
  await ledger.consume(...claim("x")); // It was not consumed.
});

test("damaged and foreign files stop the recovery of no other order, and are named", async () => {
  const folder = mkdtempSync(join(root, "damaged-"));
  const ledger = new FolderLedger(folder, () => true);
  for (const orderId of ["a", "b", "c", "d"]) {
    await ledger.consume(...claim(orderId));
  }
  writeFileSync(join(folder, `${sha256("b")}.json`), "{ half");
  writeFileSync(join(folder, `${sha256("c")}.json`), '{ "fact": {} }');
  writeFileSync(join(folder, "open", "notes.txt"), "mine");
  writeFileSync(join(folder, "open", ".DS_Store"), "the file system's own");

  for (const call of ["lost", "recover"] as const) {
    const error = await assertRejects(
      () => ledger[call](),
      LedgerDamaged,
      "notes.txt is not a file of the ledger",
    );
    assertEquals(error.facts.map(({ orderId }) => orderId).sort(), ["a", "d"]);
    const said = error.damages.map(({ where, problem }) => `${where} ${problem}`).sort().join("\n");
    // Both names of the same file are named.
    assertEquals(error.damages.length, 5, said);
    for (const name of ["[0-9a-f]{64}", "open/[-0-9a-f]{36}"]) {
      assertMatch(said, new RegExp(`${name}\\.json is not JSON: .*`));
      assertMatch(
        said,
        new RegExp(`${name}\\.json is not the entry of an order: fact\\.orderId is not a text`),
      );
    }
  }
  assertEquals((await ledger.get("a"))?.status, "UNKNOWN");
  await assertRejects(
    () => ledger.get("b"),
    LedgerDown,
    `${sha256("b")}.json is not JSON`,
  );
  await assertRejects(() => ledger.recover(), LedgerDamaged);
});

test("whoever looks for lost orders in the middle of claims makes no refusal an error", async () => {
  const folder = mkdtempSync(join(root, "looked-"));
  const [ledger, looking] = [new FolderLedger(folder), new FolderLedger(folder)];
  await looking.consume(...claim("x"));
  let claiming = true;
  const looks = (async () => {
    while (claiming) await looking.lost(); // It tidies up what others have written in vain.
  })();
  for (let i = 0; i < 50; i += 1) {
    await assertRejects(() => ledger.consume(...claim("x", i)), OrderAlreadyConsumed);
  }
  claiming = false;
  await looks;
});

test("a copy of the folder that made files of its hard links still knows what is open", async () => {
  const [folder, copy] = [
    mkdtempSync(join(root, "copied-")),
    mkdtempSync(join(root, "copy-")),
  ];
  const ledger = new FolderLedger(folder);
  await Promise.all(
    ["a", "b"].map((orderId) => ledger.consume(...claim(orderId))),
  );
  await ledger.store({ ...await resultOf("a"), executionId: "e" });
  cpSync(folder, copy, { recursive: true });
  const closed = await new FolderLedger(copy, () => true).recover();
  assertEquals(closed.map(({ orderId }) => orderId), ["b"]);
});

test("a process is gone when its id is free or was given again, or its machine started again", async () => {
  const own = await thisProcess();
  assertEquals(await isGone(own), false);
  assertEquals(await isGone({ ...own, started: "1" }), true, "given again");
  assertEquals(
    await isGone({ ...own, boot: "another" }),
    true,
    "started again",
  );

  const child = spawn("sleep", ["60"]);
  const { pid } = child;
  assert(pid !== undefined);
  // Whatever it holds, `started` is not of it: only that it lives is asked here.
  const { started: _own, ...anytime } = own;
  const alive = { ...anytime, pid, started: startOf(pid) };
  assertEquals(await isGone(alive), false);
  child.kill("SIGKILL");
  await once(child, "exit");
  assertEquals(await isGone(alive), true);
});

test("a process that is dead and not yet buried is gone", async () => {
  // The shell becomes a program that never asks after the child it has inherited.
  const parent = spawn("sh", ["-c", "sleep 0.01 & echo $!; exec sleep 60"]);
  const [line] = await once(parent.stdout, "data");
  const pid = Number(line);
  try {
    const { started: _own, ...anytime } = await thisProcess();
    const zombie = { ...anytime, pid, started: startOf(pid) };
    const end = Date.now() + 5000;
    while (!await isGone(zombie) && Date.now() < end) {
      await new Promise((r) => setTimeout(r, 10));
    }
    assertEquals(await isGone(zombie), true);
    assert(existsSync(`/proc/${pid}`), "still a zombie");
  } finally {
    parent.kill("SIGKILL");
  }
});

test("of another machine or container nobody says that a process is gone", async () => {
  const own = await thisProcess();
  const pid = 2 ** 30; // There is none: Linux gives ids up to 2^22.
  assertEquals(await isGone({ ...own, pid }), true);
  assertEquals(await isGone({ ...own, pid, host: "another" }), false);
  assertEquals(await isGone({ ...own, pid, container: "pid:[1]" }), false);
  assertEquals(
    await isGone({ host: own.host, pid }),
    false,
    "one of the two saw no /proc",
  );
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function resultOf(orderId: string): Promise<ExecutionResult> {
  const order = { orderId, action: { name: "n" } };
  return await execute(order, { executionId: "e", runner: "r" }, () => "done");
}

/** Field 22 of its line in `/proc`. */
function startOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(
    " ",
  )[19] as string;
}
