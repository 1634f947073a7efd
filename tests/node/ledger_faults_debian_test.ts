/**
 * Ledgers on a disk that is full, that may not be written, or whose flush fails: one clear error an
 * order, nothing executed that is not consumed, nothing doubled, and all is well once the fault is
 * gone. And processes in namespaces of their own, which nobody outside may call gone. It needs
 * `strace`, and root for a small file system; SQLite needs Node 22.13 or later.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Ledger } from "deployer-runner";
import { root } from "../support/snippets.ts";

const folder = mkdtempSync(join(tmpdir(), "ledger-faults-"));
const mounted: string[] = [];
after(() => {
  for (const path of mounted) execFileSync("umount", ["--lazy", path]);
  rmSync(folder, { recursive: true });
});

const script = fileURLToPath(new URL("tests/support/fault_child.ts", root));
const openers = {
  folder: new URL("runner/tests/open_folder.ts", root).href,
  sqlite: new URL("runner/tests/open_sqlite.ts", root).href,
};
const orderIds = Array.from({ length: 30 }, (_, i) => `order-${i}`);

/** What a Runner of a process of its own says of each order: how often it ran, and how it ended. */
function runners(kind: keyof typeof openers, location: string, before: string[] = []): string[] {
  const command = [...before, process.execPath, "--import", "tsx", script, openers[kind], location];
  const [program = "", ...args] = [...command, ...orderIds];
  const { stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines.length, orderIds.length, stderr);
  return lines;
}

async function open(kind: keyof typeof openers, location: string): Promise<Ledger> {
  return await (await import(openers[kind])).openLedger(location);
}

/** An order of which nothing was said but an error is not executed, or not known to be. */
async function judge(ledger: Ledger, lines: string[], error: RegExp): Promise<void> {
  assert(lines.some((line) => !line.endsWith(" stored")), "the fault was met");
  for (const line of lines) {
    const [, orderId = "", called, end = ""] = /^(\S+) (\d) (.*)$/.exec(line) ?? [];
    if (end === "stored") {
      assertEquals([called, (await ledger.get(orderId))?.status], ["1", "APPLIED"]);
    } else {
      assertMatch(end, error);
      assert(end.includes(`order "${orderId}"`), end);
      // Nobody was told that it is consumed: not executed. Executed: so it is consumed, and its
      // result may be what was written last.
      const entry = await ledger.get(orderId);
      assertEquals(called, end.includes("cannot consume") ? "0" : "1");
      if (called === "0") assertEquals(entry?.result, undefined);
      else assert(entry !== undefined);
    }
  }
  // Once the fault is gone: what is open is closed, and what is not consumed can be.
  const open = lines.filter((line) => !line.endsWith(" stored")).map((line) => line.split(" ")[0]);
  const closed = (await ledger.recover()).map(({ orderId }) => orderId);
  assert(closed.every((orderId) => open.includes(orderId)));
  assertEquals(await ledger.lost(), []);
}

for (const kind of ["folder", "sqlite"] as const) {
  const place = (name: string) => {
    const path = join(folder, `${kind}-${name}`);
    mkdirSync(path);
    return path;
  };
  const within = (path: string) =>
    kind === "folder" ? join(path, "ledger") : join(path, "ledger.db");

  test(`${kind}: a disk that fills up refuses what does not fit, by name`, async () => {
    const path = place("full");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=400k", "none", path]);
    mounted.push(path);
    const lines = runners(kind, within(path));
    assert(lines[0]?.endsWith(" stored"));
    execFileSync("mount", ["-o", "remount,size=4m", path]);
    const ledger = await open(kind, within(path));
    await judge(
      ledger,
      lines,
      /^LedgerDown: cannot (consume|store the result of) order .*(ENOSPC|full)/,
    );
    const again = runners(kind, within(path));
    assert(
      again.every((line) => / 1 stored$| 0 OrderAlreadyConsumed: /.test(line)),
      again.join("\n"),
    );
    await ledger.close();
  });

  test(`${kind}: a place that may not be written says so, and is read all the same`, async () => {
    const path = place("read-only");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", path]);
    mounted.push(path);
    const before = runners(kind, within(path));
    assert(before.every((line) => line.endsWith(" 1 stored")));
    if (kind === "sqlite") {
      const ledger = await open(kind, within(path));
      await ledger.close(); // The last one to close it puts the log into the file.
    }
    execFileSync("mount", ["-o", "remount,ro", path]);
    if (kind === "folder") {
      const ledger = await open(kind, within(path));
      assertEquals((await ledger.get("order-3"))?.status, "APPLIED");
      assertEquals(await ledger.recover(), []);
      const { message } = await execute(ledger).catch((error) => error);
      assertMatch(message, /^cannot consume order "new": EROFS/);
    } else {
      const error = await open(kind, within(path)).then(execute).catch((error) => error);
      assertMatch(
        error.message,
        /^cannot (open the ledger|consume order "new").*(readonly|unable to open)/,
      );
    }
    execFileSync("mount", ["-o", "remount,rw", path]);
  });

  test(`${kind}: a flush that fails is told to whoever it is of, and to no other`, async () => {
    const path = place("fsync");
    const ledger = await open(kind, within(path)); // The table is there before the fault.
    await execute(ledger);
    await ledger.close();
    const lines = runners(kind, within(path), [
      ...["strace", "-f", "-qq", "-o", "/dev/null"],
      ...["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=7+5"],
    ]);
    const own = await open(kind, within(path));
    await judge(own, lines, /^LedgerDown: cannot (consume|store the result of) order .*(EIO|I\/O)/);
    await own.close();
  });
}

/** Namespaces that a Runner may live in, without a `/proc` of its own; what it then cannot see. */
const NAMESPACES = [
  ["an id", ["--pid", "--fork"], ["boot", "host", "pid"]],
  ["a clock", ["--time", "--boottime", "1000", "--fork"], [
    ...["boot", "container", "host", "pid", "started"],
  ]],
] as const;

for (const [what, own, pieces] of NAMESPACES) {
  const unshared = ["unshare", ...own, process.execPath, "--import", "tsx"];
  const { status } = spawnSync("unshare", [...own, "true"]);
  const isRefused = status === 0 ? "" : " (not tried: unshare is refused here)";

  test(`a Runner with ${what} in a namespace of its own is never called gone${isRefused}`, async () => {
    if (isRefused) return;
    const path = join(folder, `namespace-${what}`);
    const child = fileURLToPath(new URL("runner/testing_child.ts", root));
    const claimed = async (command: string[], orderId: string) => {
      const [program = "", ...args] = [...command, child, openers.folder, path];
      const runner = spawn(program, args, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
      runner.stdin.write(`claim ${orderId}\n`);
      for (let said = ""; !said.includes(`won ${orderId}`);) {
        said += String(await once(runner.stdout, "data"));
      }
      return runner;
    };
    const recover = ([program = "", ...args]: string[]) => {
      const code = `const ledger = await (await import("${openers.folder}")).openLedger("${path}");
        console.log(JSON.stringify(await ledger.recover()));`;
      const asked = [...args, "--input-type=module", "--eval", code];
      const { stdout, stderr } = spawnSync(program, asked, { cwd: root, encoding: "utf8" });
      assert(stdout, stderr);
      return JSON.parse(stdout);
    };
    const plain = [process.execPath, "--import", "tsx"];
    const runners = [await claimed(unshared, "within"), await claimed(plain, "outside")];
    try {
      const entries = readdirSync(path).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
        .map((name) => JSON.parse(readFileSync(join(path, name), "utf8")));
      const within = entries.find(({ fact }) => fact.orderId === "within");
      assertEquals(Object.keys(within.process).sort(), [...pieces]);
      assertEquals([recover(plain), recover(unshared)], [[], []]);
    } finally {
      for (const runner of runners) {
        const ended = once(runner, "close");
        runner.stdin.end(); // What unshare has started outlives a signal to it.
        runner.kill("SIGKILL");
        await ended;
      }
    }
  });
}

async function execute(ledger: Ledger): Promise<void> {
  const at = "2026-01-31T09:30:00.000Z";
  const [contract, orderId, executionId] = ["deployer-runtime/v1", "new", "e"] as const;
  await ledger.consume(
    { contract, type: "ORDER_CONSUMED", orderId, executionId, at },
    { orderId, action: { name: "n" } },
    { executionId, runner: "r" },
  );
}
