/** Output that cannot be written, and output that is read slowly. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { attempt } from "../cli/attempt.ts";
import { readArguments } from "../cli/options.ts";
import { LedgerDown } from "../ledgers/errors.ts";
import type { Ledger } from "../ledgers/ledger.ts";
import { claim } from "../testing_claim.ts";
import { deployerCommand, fresh, run, testShell, tidy } from "./cli_shell.ts";

after(tidy);

const LONG = { timeout: 120_000 };
const FULL = { skip: process.platform !== "linux", ...LONG };

/** What a shell says of `deployer`, which is `"$@"` in the script; with the code that it ended with. */
async function shell(cwd: string, script: string, ...args: string[]) {
  const command = [...deployerCommand(), ...args];
  const child = spawn("bash", [
    "-c",
    `${script}; echo "code \${PIPESTATUS[0]}" >&2`,
    "bash",
    ...command,
  ], {
    cwd,
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return {
    stdout,
    stderr: stderr.replace(/code \d+\n$/, ""),
    code: Number(/(\d+)\n$/.exec(stderr)?.[1]),
  };
}

const FAULT = /^deployer: stdout cannot be written: [^\n]*(ENOSPC|os error 28)[^\n]*\n$/m;

test("a full disk is an error of every command that writes to it, and one line", FULL, async () => {
  const cwd = fresh();
  const exec = ["exec", "--order", "x", "--", "true"];
  writeFileSync(join(cwd, "order.json"), JSON.stringify({ orderId: "x", action: { name: "n" } }));
  const calls = [
    exec,
    exec,
    ["list"],
    ["show", "x"],
    ["check", "order.json"],
    ["completion", "bash"],
    ["--help"],
    ["list", "--help"],
    ["--version"],
    ["complete", ""],
  ];
  for (const args of calls) {
    const { code, stderr } = await shell(cwd, '"$@" > /dev/full', ...args);
    assertEquals([args, code], [args, 74], stderr);
    assertEquals(stderr.match(FAULT)?.length, 2, stderr);
    const silent = await shell(cwd, '"$@" > /dev/full 2> /dev/full', ...args);
    assertEquals([silent.code, silent.stderr], [74, ""]);
  }
  const shown = await run(["show", "--ledger", join(cwd, ".deployer"), "x"]);
  assertEquals(shown.code, 0, "it was executed, and stored");
  const refused = await shell(cwd, '"$@" 2> /dev/full', "list", "--status", "done");
  assertEquals(refused.code, 64, "what changed nothing says so still");
});

test("an order whose identity nobody was told is not executed", FULL, async () => {
  const cwd = fresh();
  const { code } = await shell(cwd, '"$@" 2> /dev/full', "exec", "--", "touch", "done");
  assertEquals([code, existsSync(join(cwd, "done")), existsSync(join(cwd, ".deployer"))], [
    64,
    false,
    false,
  ]);
});

test("a result that neither the ledger nor stdout takes is on stderr", FULL, async () => {
  const cwd = fresh();
  const ledger = join(cwd, "ledger");
  const lose = [
    "exec",
    "--ledger",
    ledger,
    "--order",
    "x",
    "--",
    "sh",
    "-c",
    `rm -r ${ledger}; : > ${ledger}`,
  ];
  for (const where of ["> /dev/full", "| true"]) {
    const { code, stderr } = await shell(cwd, `"$@" ${where}`, ...lose);
    const json = stderr.slice(stderr.indexOf("{"), stderr.lastIndexOf("}\n") + 1);
    assertEquals([code, JSON.parse(json).status], [74, "APPLIED"], where);
    assertStringIncludes(stderr, `cannot store the result of order "x"`);
    await shell(cwd, `rm ${ledger}`);
  }
});

test("where only a short line can be written, it says that nobody has the result", async () => {
  const made = testShell();
  Object.assign(made.stdout, { write: () => Promise.resolve(false) });
  const { write } = made.stderr;
  Object.assign(made.stderr, {
    write: (text: string) => text.length > 500 ? Promise.resolve(false) : write(text),
  });
  const ledger = {
    consume: () => Promise.resolve(),
    store: () => Promise.reject(new LedgerDown("no room")),
    close: () => Promise.resolve(),
  } as unknown as Ledger;
  const { values } = readArguments(["ledger"], ["--ledger", fresh()], {});
  const order = { orderId: "x", action: { name: "n" } };
  await assertRejects(
    () => attempt(order, () => () => "done", values, made, () => Promise.resolve(ledger)),
    LedgerDown,
    "no room",
  );
  assertEquals(
    made.said.stderr,
    `deployer: nobody has the result of order "x", which is APPLIED\n`,
  );
});

/** A ledger of so much that no pipe holds all of it. */
async function large(cwd: string): Promise<void> {
  const ledger = new FolderLedger(join(cwd, ".deployer"));
  for (let i = 0; i < 20; i++) await ledger.consume(...claim(`${i}`, "x".repeat(100_000)));
  await ledger.close();
}

test("a disk that becomes full takes a part, and that is an error as well", FULL, async () => {
  const cwd = fresh();
  await large(cwd);
  const { code, stderr } = await shell(cwd, 'ulimit -f 64; "$@" > out', "show", "0"); // One write.
  assert(statSync(join(cwd, "out")).size <= 65_536);
  // Deno does not ignore the signal by which the system says so.
  if (code !== 128 + 25) assertEquals(code, 74, stderr);
});

test(
  "all of a large output is there when the process ends, in a file and for a slow reader",
  LONG,
  async () => {
    const cwd = fresh();
    await large(cwd);
    const whole = (await run(["list", "--ledger", join(cwd, ".deployer")])).stdout;
    const scripts = [
      '"$@" > out',
      '"$@" | cat > out',
      '"$@" | { sleep 0.5; cat; } > out',
      'cat < <("$@") > out',
    ];
    for (const script of scripts) {
      await shell(cwd, script, "list");
      assertEquals(readFileSync(join(cwd, "out"), "utf8") === whole, true, script);
    }
  },
);
