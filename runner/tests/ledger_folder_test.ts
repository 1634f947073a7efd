/** The folder of files as a ledger: the suite of all ledgers, and how it tells who is gone. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { FolderLedger } from "../../docs/examples/ledgers/files.ts";
import { isGone, thisProcess } from "../../docs/examples/ledgers/process.ts";
import { claim } from "../support/ledger_claim.ts";
import { openLedger } from "../support/ledger_files.ts";
import { testLedger } from "../support/ledger_suite.ts";

const root = mkdtempSync(join(tmpdir(), "ledger-test-"));
after(() => rmSync(root, { recursive: true }));

testLedger("a folder of files", {
  opener: new URL("../support/ledger_files.ts", import.meta.url).href,
  openLedger,
  openDown() {
    const file = join(mkdtempSync(join(root, "down-")), "file");
    writeFileSync(file, "");
    return openLedger(file);
  },
  fresh: () => Promise.resolve(mkdtempSync(join(root, "fresh-"))),
  read(folder, orderId) {
    const path = join(folder, createHash("sha256").update(orderId).digest("hex"));
    const [entry, result, recovered] = [".json", ".result.json", ".recovered.json"]
      .map((end) =>
        existsSync(path + end) ? JSON.parse(readFileSync(path + end, "utf8")) : undefined
      );
    if (entry === undefined) return Promise.resolve(undefined);
    const { fact, request } = entry;
    return Promise.resolve({
      fact,
      request,
      ...result && { result },
      ...recovered && { recovered },
    });
  },
});

test("a ledger that is not there yet has lost nothing, and none is made to say so", async () => {
  const folder = join(root, "not/there");
  assertEquals(await new FolderLedger(folder).lost(), []);
  assertEquals(existsSync(folder), false);
});

test("what a killed process was writing is no entry", async () => {
  const folder = mkdtempSync(join(root, "left-"));
  writeFileSync(join(folder, "0a1b.tmp"), "{ half");
  mkdirSync(join(folder, "other"));
  const ledger = new FolderLedger(folder, () => Promise.resolve(true));
  await ledger.consume(...claim("x"));
  assertEquals((await ledger.recover()).map(({ orderId }) => orderId), ["x"]);
  assertEquals(readdirSync(folder).filter((name) => name.endsWith(".tmp")), ["0a1b.tmp"]);
});

test("a Runner that stores its result while it is looked for is not lost", async () => {
  const folder = mkdtempSync(join(root, "late-"));
  const path = join(folder, createHash("sha256").update("x").digest("hex"));
  const ledger = new FolderLedger(folder, () => {
    writeFileSync(`${path}.result.json`, "{}");
    return Promise.resolve(true);
  });
  await ledger.consume(...claim("x"));
  assertEquals(await ledger.lost(), []);
});

test("a process is gone when its id is free or was given again, or its machine started again", async () => {
  const own = await thisProcess();
  assertEquals(await isGone(own), false);
  assertEquals(await isGone({ ...own, started: "1" }), true, "given again");
  assertEquals(await isGone({ ...own, boot: "another" }), true, "started again");

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
    while (!await isGone(zombie) && Date.now() < end) await new Promise((r) => setTimeout(r, 10));
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
  assertEquals(await isGone({ host: own.host, pid }), false, "one of the two saw no /proc");
});

/** Field 22 of its line in `/proc`. */
function startOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] as string;
}
