/** `deployer` as a process: each command once, real signals, a reader that goes, a death at any time. */
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ExecutionResult } from "deployer-runtime";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { assertSound } from "../../tests/support/orders.ts";
import { until } from "../../tests/support/until.ts";
import { claim } from "../testing_claim.ts";
import { deployerCommand, type End, fresh, run, spawned, start, tidy } from "./cli_shell.ts";

after(tidy);

const LONG = { timeout: 120_000 };
const sh = (script: string) => ["--", "sh", "-c", script];

test(
  "each command does what it is for, prints JSON and nothing else, and ends with its code",
  LONG,
  async () => {
    const cwd = fresh();
    const code = async (expected: number, ...args: string[]) => {
      const end = await spawned(cwd, ...args);
      assertEquals(end.code, expected, `${args}: ${end.stderr}`);
      return end.stdout;
    };
    const exec = ["exec", "--order", "x", ...sh("echo once >> proof")];
    const result: ExecutionResult = JSON.parse(await code(0, ...exec));
    assertSound(result);
    assert(existsSync(join(cwd, ".deployer/open")));
    assertEquals(JSON.parse(await code(73, ...exec)).status, "APPLIED");
    assertEquals(readFileSync(join(cwd, "proof"), "utf8"), "once\n");
    assertEquals(
      JSON.parse(await code(20, "exec", "--order", "y", "--", "false")).status,
      "FAILED",
    );
    assertEquals(JSON.parse(await code(30, "exec", ...sh("kill -9 $$"))).status, "UNKNOWN");

    // Nothing listens there: surely not executed.
    const ssh = [
      "ssh",
      "-o",
      "Port=1",
      "-o",
      "StrictHostKeyChecking=no",
      "127.0.0.1",
      "--order",
      "s",
    ];
    const remote: ExecutionResult = JSON.parse(await code(20, ...ssh, "--", "true"));
    assertEquals(remote.trace.action, {
      name: "ssh",
      input: { host: "127.0.0.1", program: "true", args: [] },
    });

    const order = { orderId: "r", action: { name: "command", input: { program: "true" } } };
    writeFileSync(join(cwd, "order.json"), JSON.stringify(order));
    writeFileSync(join(cwd, "result.json"), await code(0, "run", "order.json"));
    const entries = (await code(0, "list")).trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(entries.length, 5);
    assertEquals(entries[0].request, order);
    assertEquals(JSON.parse(await code(20, "show", "y")).status, "FAILED");
    assertEquals(JSON.parse(await code(0, "check", "result.json")), { checked: 1, refused: [] });
    await code(1, "check", "order.json", "proof");
    assertEquals(await code(0, "recover"), "");

    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(join(cwd, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const envelope = await code(0, "sign", "result.json", "--key", "key.pem");
    writeFileSync(join(cwd, "result.dsse.json"), envelope);
    await code(0, "check", "result.dsse.json", "--key", "key.pem");
    for (const shell of ["bash", "zsh", "fish"]) {
      assertStringIncludes(await code(0, "completion", shell), "complete");
    }
    await code(64, "list", "--status", "done");
    writeFileSync(join(cwd, "file"), "");
    await code(74, "list", "--ledger", "file");
  },
);

const isNode = !("Deno" in globalThis) && process.versions.bun === undefined;
if (isNode) {
  test(
    "a Node without SQLite opens files by better-sqlite3, or says what to install",
    LONG,
    async () => {
      const cwd = fresh();
      const [program, ...args] = deployerCommand();
      const listed = async (driver: string) => {
        const hooks = `export const resolve = (name, context, next) =>
        name === "node:sqlite" ? Promise.reject(new Error("no SQLite")) :
        name === "better-sqlite3" ? ${driver} : next(name, context)`;
        const register = `import { register } from "node:module";
        register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}))`;
        const loader = `data:text/javascript,${encodeURIComponent(register)}`;
        const list = ["list", "--ledger", "sqlite:l.db"];
        writeFileSync(join(cwd, "l.db"), "");
        const child = spawn(program, ["--import", loader, ...args, ...list], { cwd });
        return await text(child.stderr);
      };
      const fake =
        `export default class { constructor(path) { throw new Error("given " + path) } }`;
      const url = JSON.stringify(`data:text/javascript,${encodeURIComponent(fake)}`);
      const opened = await listed(`{ url: ${url}, shortCircuit: true }`);
      assertStringIncludes(opened, `cannot open the ledger "${join(cwd, "l.db")}": given ${cwd}`);
      const none = await listed(`Promise.reject(new Error("not installed"))`);
      assertMatch(
        none,
        /: Node [\d.]+ has no SQLite: install Node 22\.13 or later, or better-sqlite3/,
      );
    },
  );
}

test("a reader that closes the pipe early is no fault, and costs no result", LONG, async () => {
  const cwd = fresh();
  const ledger = new FolderLedger(join(cwd, ".deployer"));
  const big = "x".repeat(100_000);
  for (let i = 0; i < 20; i++) {
    await ledger.consume(...claim(`${i}`, big));
  }
  const [program, ...args] = deployerCommand();
  const piped = async (command: string[], reader: string): Promise<Omit<End, "code">> => {
    // The shell's own word for "that command ended with".
    const script = `set -o pipefail; "$@" | ${reader}; echo "\${PIPESTATUS[0]}" >&2`;
    const child = spawn("bash", ["-c", script, "bash", program, ...args, ...command], { cwd });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { stdout, stderr };
  };
  const listed = await piped(["list"], "head -c 10");
  assertEquals([listed.stdout, listed.stderr], [`{"status":`, "0\n"]);
  const executed = await piped(
    ["exec", "--quiet", "--json", "--order", "x", "--", "false"],
    "true",
  );
  assertEquals([executed.stdout, executed.stderr], ["", "20\n"]);
  assertEquals((await ledger.get("x"))?.status, "FAILED");
});

for (
  const [signals, code, status] of [
    [["SIGINT"], 20, "FAILED"],
    [["SIGTERM"], 20, "FAILED"],
    [["SIGINT", "SIGINT"], 30, "UNKNOWN"],
  ] as const
) {
  test(`${signals.join(", then ")}: ends with ${code}, and ${status} is stored`, LONG, async () => {
    const cwd = fresh();
    const stops = signals.length === 1;
    const script = `trap '${
      stops ? "exit 4" : ""
    }' TERM; : > started; while :; do sleep 0.05; done`;
    const { child, end } = start(cwd, ["exec", "--order", "x", ...sh(script)]);
    await until(() => existsSync(join(cwd, "started")));
    for (const signal of signals) {
      process.kill(child.pid!, signal); // Not child.kill(): in Deno it sends no second one.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const { code: ended, stdout, stderr } = await end;
    assertEquals([ended, JSON.parse(stdout).status], [code, status], stderr);
    assertEquals((await new FolderLedger(join(cwd, ".deployer")).get("x"))?.status, status);
  });
}

test("what nohup started goes on after SIGHUP, and its result is stored", LONG, async () => {
  const cwd = fresh();
  const script = ": > started; while [ ! -e end ]; do sleep 0.05; done; echo whole";
  const command = [...deployerCommand(), "exec", "--order", "x", ...sh(script)];
  const child = spawn("nohup", command, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  const printed = text(child.stdout);
  const said = text(child.stderr);
  await until(() => existsSync(join(cwd, "started")));
  process.kill(child.pid!, "SIGHUP");
  process.kill(child.pid!, "SIGHUP");
  writeFileSync(join(cwd, "end"), "");
  const [code] = await ended;
  assertEquals([code, JSON.parse(await printed).status], [0, "APPLIED"], await said);
  assertStringIncludes(await said, "SIGHUP: no terminal hung up: it goes on\n");
  assertEquals((await new FolderLedger(join(cwd, ".deployer")).get("x"))?.status, "APPLIED");
});

test("killed at ten random instants: no order is executed twice, none is lost", LONG, async () => {
  const cwd = fresh();
  const orders = Array.from({ length: 10 }, (_, i) => `order-${i}`);
  const exec = (id: string) => ["exec", "--order", id, ...sh(`echo ${id} >> proof; sleep 0.2`)];
  // How long one takes here: instants before it begins, while it runs, and behind its end.
  const began = performance.now();
  await start(cwd, exec("measure")).end;
  const whole = performance.now() - began;

  const killed: string[] = [];
  for (const id of orders) {
    const { child, end } = start(cwd, exec(id));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * whole * 1.1));
    if (child.kill("SIGKILL")) killed.push(id);
    await end;
  }
  const recovered = await spawned(cwd, "recover");
  assertEquals(recovered.code, 0, recovered.stderr);

  const ledger = new FolderLedger(join(cwd, ".deployer"));
  const before = new Map<string, string>();
  for (const id of orders) before.set(id, (await ledger.get(id))?.status ?? "not consumed");
  // What is not consumed was not executed, and may be given again; the rest is refused.
  for (const id of orders) {
    const { code, stderr } = await spawned(cwd, ...exec(id));
    assertEquals(code, before.get(id) === "not consumed" ? 0 : 73, `${id}: ${stderr}`);
  }
  const executed = readFileSync(join(cwd, "proof"), "utf8").trim().split("\n");
  assertEquals(new Set(executed).size, executed.length, `twice: ${executed}`);
  for (const id of orders) {
    const { status } = (await ledger.get(id))!;
    assert(["APPLIED", "UNKNOWN"].includes(status), `${id} is ${status}`);
    if (before.get(id) === "APPLIED") assert(executed.includes(id));
    if (before.get(id) === "UNKNOWN") assert(killed.includes(id));
  }
  console.log(`at the kill: ${[...before.values()].sort().join(", ")}`);
});

test("recover lists what it closes, once", LONG, async () => {
  const cwd = fresh();
  const script = "echo so far; : > started; while [ -e started ]; do sleep 0.1; done";
  const { child, end } = start(cwd, ["exec", "--order", "x", ...sh(script)]);
  await until(() => existsSync(join(cwd, "started")));
  const alive = await spawned(cwd, "recover");
  assertEquals([alive.code, alive.stdout, alive.stderr], [0, "", "no order is lost\n"]);
  child.kill("SIGKILL");
  await end;
  const { code, stdout, stderr } = await spawned(cwd, "recover");
  assertEquals(code, 0);
  const fact = JSON.parse(stdout);
  assertEquals([fact.type, fact.orderId], ["PROOF_ABSENT", "x"]);
  assertStringIncludes(stderr, "1 order is closed as UNKNOWN. A command lives on after its Runner");
  assertEquals((await spawned(cwd, "recover")).stdout, "");
  const ledger = join(cwd, ".deployer");
  const surroundings = { terminal: true, env: { NO_COLOR: "1" } };
  const shown = await run(["show", "--ledger", ledger, "x"], surroundings);
  rmSync(join(cwd, "started")); // The command lives on until then.
  assertEquals(shown.code, 30);
  assertMatch(shown.stdout, /its Runner\s+was gone, and nobody saw how it ended/);
  assertStringIncludes(shown.stdout, `  stdout  7 bytes so far, in ${join(ledger, "output")}/`);
  assertStringIncludes(shown.stdout, "\n  │ so far\n  stderr  nothing\n");
});

test(
  "bash completes commands, options, values and orders, and runs nothing of them",
  LONG,
  async () => {
    const cwd = fresh();
    const hostile = "$(touch owned)";
    for (const id of ["site:42", "site:43", hostile]) {
      assertEquals((await spawned(cwd, "exec", "--order", id, "--", "true")).code, 0);
    }
    const [program, ...args] = deployerCommand();
    const quoted = [program, ...args].map((word) => `'${word}'`).join(" ");
    writeFileSync(join(cwd, "deployer"), `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
    const completed = async (line: string) => {
      const script = `eval "$(deployer completion bash)"; COMP_LINE=$1 COMP_POINT=\${#1}
      _deployer; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const env = { ...process.env, PATH: `${cwd}:${process.env.PATH}`, NODE_NO_WARNINGS: "1" };
      const child = spawn("bash", ["--norc", "-c", script, "bash", line], { cwd, env });
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
      assertEquals(stderr, "");
      return stdout.split("\n").filter(Boolean);
    };
    assertEquals(await completed("deployer s"), ["ssh", "show", "sign"]);
    assertEquals(await completed("deployer list --s"), ["--status", "--since"]);
    assertEquals(await completed("deployer list --status "), [
      "OPEN",
      "APPLIED",
      "FAILED",
      "UNKNOWN",
    ]);
    assertEquals(await completed("deployer show site:"), ["43", "42"]);
    assertEquals(await completed("deployer show "), ["site:43", "site:42"]);
    assertEquals(await completed("deployer exec -- ls -"), []);
    assert(!existsSync(join(cwd, "owned")));
  },
);
