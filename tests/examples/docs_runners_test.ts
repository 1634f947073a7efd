/** The guide `docs/runners.md`: its snippets are run, its table of crashes is brought about. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { OrderAlreadyConsumed } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { claim } from "../../runner/testing_claim.ts";
import { section } from "../support/runners_guide.ts";
import { program, root, runtimeCommand } from "../support/snippets.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "runners-test-"));
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});
const long = { timeout: 30_000 };
const inNode = process.versions.bun === undefined && !("Deno" in globalThis);

test("the rule: what the worker says ends as the guide says", long, async () => {
  const { ts: [code], text: [printed] } = section("FAILED or UNKNOWN: one rule");
  assertEquals(await run(code), { code: 0, stdout: printed, stderr: "" });
});

test(
  "what the Runner sets for a command holds, and only its judgement is recorded",
  long,
  async () => {
    const { ts: [code], text: [printed] } = section("command");
    assertEquals(await run(code), { code: 0, stdout: printed, stderr: "" });
  },
);

test("evidence that is said when the Runner gives up is heard", long, async () => {
  const { ts: [code] } = section("Evidence");
  const end = await run(code);
  assertEquals([end.code, end.stderr], [0, ""]);
  assertMatch(end.stdout as string, /^UNKNOWN .*"UNPROVEN".*"rawError":\{"copied":\d+,"of":100\}/);
});

test("the whole Runner executes its order once, in at most 25 lines", long, async () => {
  const { ts: [code = ""], text: [printed] } = section("A ledger, and what is known after a crash");
  assert(code.trimEnd().split("\n").length <= 25);
  const cwd = fresh();
  const first = await run(code, cwd);
  const second = await run(code, cwd);
  assertEquals(`${first.stdout}${second.stdout}`, printed as string);
  assertEquals([first.code, second.code, first.stderr, second.stderr], [0, 0, "", ""]);
  const names = readdirSync(join(cwd, "ledger")).map((name) => name.replace(/^[0-9a-f]{64}/, ""));
  assertEquals(names.sort(), [".json", ".result.json", "index", "ledger.json", "open"]);
});

test("a deadline asks first: the command's own proof is heard", long, async () => {
  const { ts: [code = ""], text: [printed] } = section("Deadlines");
  // A busy machine may take more than a second to start the command.
  const patient = code.replace("deadline(1_000,", "deadline(3_000,");
  assertEquals(await run(patient), { code: 0, stdout: printed, stderr: "" });
});

test(
  "AbortSignal.timeout() alone ends Node with code 13 in the middle of an order",
  long,
  async () => {
    const { ts: [, code] } = section("Deadlines");
    const { code: exitCode, stdout } = await run(code);
    assertEquals([exitCode, stdout], inNode ? [13, ""] : [0, "UNKNOWN\n"]);
  },
);

test("a Runner that is asked to end drains, asks, gives up, stores and exits", long, async () => {
  const { ts: [code = ""] } = section("Shutdown");
  assert(code.includes("desk.close(10_000, 2_000)"));
  const cwd = fresh();
  const child = start(code.replace("10_000, 2_000", "2_000, 2_000"), cwd);
  const [quick, asked, deaf] = [
    "echo up; sleep 0.1",
    "trap 'exit 7' TERM; echo up; sleep 60 & wait",
    "trap '' TERM; echo up; while true; do sleep 0.05; done",
  ].map((script, i) => order(`order-${i}`, script));
  // More than ten, so that a warning of too many listeners would stand on stderr.
  const orders = [quick, asked, deaf, ...Array.from({ length: 9 }, (_, i) => order(`n-${i}`, ":"))];
  child.stdin?.write(`${orders.map((order) => JSON.stringify(order)).join("\n")}\n`);
  await until(() =>
    existsSync(join(cwd, "output")) &&
    readdirSync(join(cwd, "output")).filter((name) =>
        readFileSync(join(cwd, "output", name), "utf8") === "up\n"
      ).length === 3
  );
  process.kill(child.pid as number, "SIGTERM"); // After child.kill() Deno reports no exit code.
  const { code: exitCode, stdout, stderr } = await ended(child);
  assertEquals([exitCode, stderr], [0, ""]);
  const lines = stdout?.trimEnd().split("\n") ?? [];
  assertEquals(lines.filter((line) => line.startsWith("order")), [
    "order-0 APPLIED RETURNED",
    "order-1 FAILED THREW",
    "order-2 UNKNOWN UNPROVEN",
  ]);
  assertEquals(lines.length, orders.length);
  const stored = readdirSync(join(cwd, "ledger")).filter((name) => name.endsWith(".result.json"));
  assertEquals(stored.length, orders.length);
});

test("a redacted secret is nowhere in the ledger", long, async () => {
  const { ts: [code], text: [printed] } = section("Secrets");
  const cwd = fresh();
  assertEquals(await run(code, cwd), { code: 0, stdout: printed, stderr: "" });
  const files = readdirSync(join(cwd, "ledger")).filter((name) => /^[0-9a-f]{64}/.test(name));
  assertEquals([files.length, readdirSync(join(cwd, "ledger/open"))], [2, [".index"]]);
  for (const name of files) {
    const text = readFileSync(join(cwd, "ledger", name), "utf8");
    assert(text.includes("[redacted]") && !text.includes("secret"), text);
  }
});

test("results are appended as NDJSON, one whole line each", long, async () => {
  const { ts: [code] } = section("Storing results, and asking them");
  const cwd = fresh();
  assertEquals(await run(code, cwd), { code: 0, stdout: "", stderr: "" });
  const lines = readFileSync(join(cwd, "results.ndjson"), "utf8").trimEnd().split("\n");
  const statuses = lines.map((line) => JSON.parse(line).status).sort();
  assertEquals(statuses, ["APPLIED", "FAILED", "UNKNOWN"]);
});

test("wherever a Runner dies, the ledger holds what the guide's table says", long, async () => {
  const rows = {
    "before consume": "nothing",
    "after consume": "entry",
    "in the action": "entry",
    "after the action": "entry",
    "after store": "entry, result",
  };
  await Promise.all(
    Object.entries(rows).map(async ([place, held]) => {
      const cwd = fresh();
      const script = fileURLToPath(new URL("tests/support/runner_dies.ts", root));
      const end = await ended(launch(script, cwd, [place]));
      assertEquals([end.signal, end.stderr], ["SIGKILL", ""], place);

      const ledger = new FolderLedger(join(cwd, "ledger"));
      const closed = await ledger.recover();
      const again = await ledger.recover();
      const names = existsSync(join(cwd, "ledger")) ? readdirSync(join(cwd, "ledger")) : [];
      const ends = names.map((name) => name.slice(64)).filter((end) => end !== "").sort();
      const [recovered, files] = {
        "nothing": [[], []],
        "entry": [["PROOF_ABSENT"], [".json", ".recovered.json"]],
        "entry, result": [[], [".json", ".result.json"]],
      }[held] as [string[], string[]];
      assertEquals([closed.map(({ type }) => type), ends, again], [recovered, files, []], place);

      const claimed = ledger.consume(...claim("order-1"));
      if (held === "nothing") await claimed;
      else await assertRejects(() => claimed, OrderAlreadyConsumed);
    }),
  );
});

test("every link of the guide leads to a file", () => {
  const text = readFileSync(new URL("docs/runners.md", root), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] as string);
  assert(links.length > 10);
  assertEquals(links.filter((link) => !existsSync(new URL(link, new URL("docs/", root)))), []);
});

interface End {
  code?: number | null;
  signal?: string | null;
  stdout: string | undefined;
  stderr: string;
}

function order(orderId: string, script: string) {
  return { orderId, action: { name: "command", input: { program: "sh", args: ["-c", script] } } };
}

function fresh(): string {
  return mkdtempSync(join(folder, "case-"));
}

/** Runs a snippet in a folder, to its end. */
async function run(code: string | undefined, cwd = fresh()): Promise<End> {
  const { signal: _none, ...end } = await ended(start(code, cwd));
  return end;
}

function start(code: string | undefined, cwd: string): ChildProcess {
  const file = join(folder, `${Math.random()}.mts`);
  writeFileSync(file, program(code as string));
  return launch(file, cwd);
}

function launch(file: string, cwd: string, args: string[] = []): ChildProcess {
  const [command, ...before] = runtimeCommand(file);
  const child = spawn(command, [...before, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: "1" },
  });
  running.add(child);
  return child;
}

async function ended(child: ChildProcess): Promise<End> {
  const end: End = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text) => end.stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text) => end.stderr += text);
  const [code, signal] = await once(child, "close");
  running.delete(child);
  return { ...end, code, signal };
}
