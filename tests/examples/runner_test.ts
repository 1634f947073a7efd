/**
 * The shipped orders by `deployer run`, as `npm start` does it: a process of the runtime that runs
 * this test, in folders of its own; then its ledger where a process would only be slower.
 */
import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { LedgerDown, OrderAlreadyConsumed } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { execute, type ExecutionResult, type Fact } from "deployer-runtime";
import { contents, folder, list, removeFolders } from "../support/folders.ts";
import { validator } from "../support/schemas.ts";
import { runtimeCommand } from "../support/snippets.ts";

const examples = fileURLToPath(new URL("../../docs/examples", import.meta.url));
const deployer = fileURLToPath(new URL("../../runner/cli/main.ts", import.meta.url));
const shipped = (name: string) => join(examples, "orders", `${name}.json`);
const isResult = validator("execution-result");
const isFact = validator("fact");

after(removeFolders);

// --- What is shipped ----------------------------------------------------------------------------

test("the shipped order is deployed under a fresh identity, again and again", async () => {
  const cwd = folder();
  const first = await run(cwd, "--fresh", shipped("applied"));
  assertEquals([first.code, first.stderr], [0, ""]);
  const result = resultOf(first);
  assert(result.status === "APPLIED");
  assertLive(cwd, "site");
  assertEquals(result.trace.rawResult, {
    release: readlinkSync(join(cwd, "deployed/current")),
    files: digests(join(examples, "site")),
    links: {},
  });
  assertStored(cwd, result);

  const second = await run(cwd, "--fresh", shipped("applied"));
  assertEquals(second.code, 0);
  assertNotEquals(resultOf(second).orderId, result.orderId);
  assertEquals(list(cwd, "deployed/releases").length, 2);
  assertLive(cwd, "site");
});

test("the shipped orders end as their names say, each with an exit code of its own", async () => {
  const applied = folder();
  const failed = folder();
  const unknown = folder();
  const ends = await Promise.all([
    run(applied, shipped("applied")),
    run(failed, shipped("failed")),
    run(unknown, shipped("unknown")),
  ]);
  assertEquals(ends.map(({ code, stderr }) => [code, stderr]), [[0, ""], [20, ""], [30, ""]]);
  const [appliedResult, failedResult, unknownResult] = ends.map(resultOf);
  assert(appliedResult?.status === "APPLIED");
  assertLive(applied, "site");
  assertStored(applied, appliedResult);

  // A source that is not there: seen before anything was changed.
  assert(failedResult?.status === "FAILED");
  assertStringIncludes(JSON.stringify(failedResult.trace.rawError), "site-that-is-not-there");
  assertEquals(list(failed, "deployed"), ["ledger"]);
  assertStored(failed, failedResult);

  // A command that was killed: nobody can tell what it did.
  assert(unknownResult?.status === "UNKNOWN");
  assertEquals(unknownResult.trace.settlement, "UNPROVEN");
  assertStringIncludes(JSON.stringify(unknownResult.trace), '"endedBy":"SIGKILL"');
  assertEquals(list(unknown, "deployed"), ["ledger"]);
  assertStored(unknown, unknownResult);
});

// --- Once ---------------------------------------------------------------------------------------

test("a file is executed exactly as it is, and a second run of it executes nothing", async () => {
  const cwd = folder({ "order.json": order("exactly-this", "site"), "site/index.html": "one" });
  const first = await run(cwd, "order.json");
  assertEquals(first.code, 0);
  const result = resultOf(first);
  assertEquals(result.orderId, "exactly-this");
  assertEquals(result.trace.action, { name: "release", input: { site: "site" } });
  assertEquals(readFileSync(join(cwd, "deployed/current/index.html"), "utf8"), "one");

  const before = contents(cwd);
  const again = await run(cwd, "order.json");
  assertEquals([again.code, JSON.parse(again.stdout).result], [73, result as unknown]);
  assertOneLine(again.stderr, `order "exactly-this" is consumed already: nothing was executed`);
  assertEquals(contents(cwd), before);
});

test("an order whose identity is a path reaches nothing outside the ledger and the releases", async () => {
  const cwd = folder({ "order.json": order("../../x", "site"), "site/index.html": "one" });
  const before = list(dirname(cwd));
  const end = await run(cwd, "order.json");
  assertEquals([end.code, resultOf(end).orderId], [0, "../../x"]);

  assertEquals(
    list(cwd, "deployed/ledger").filter((name) => !["index", "open"].includes(name)),
    [".gitignore", `${sha256("../../x")}.json`, `${sha256("../../x")}.result.json`, "ledger.json"],
  );
  assertEquals(list(cwd, "deployed"), ["current", "ledger", "releases"]);
  assertEquals(list(cwd, "deployed/releases"), [sha256("../../x").slice(0, 16)]);
  assertEquals(list(cwd), ["deployed", "order.json", "site"]);
  assertEquals(list(dirname(cwd)), before);
});

// --- Bad input ----------------------------------------------------------------------------------

test("bad input gets one line on stderr, an exit code of its own, and changes nothing", async () => {
  const cwd = folder({
    "not.json": "{ not\nJSON \u001b[31m",
    "wrong.json": JSON.stringify({ orderId: 42, action: { name: "release" } }),
  });
  const before = contents(cwd);
  const [missing, not, wrong, two] = await Promise.all([
    run(cwd, "miss\ning.json"),
    run(cwd, "not.json"),
    run(cwd, "wrong.json"),
    run(cwd, "not.json", "wrong.json"),
  ]);
  assertRefused(missing, 64, `file "miss\\ning.json" cannot be read: ENOENT`);
  assertRefused(not, 64, `file "not.json" line 1: is not JSON`);
  assertRefused(wrong, 64, `file "wrong.json": orderId must be string: received 42`);
  assertRefused(two, 64, "run takes one order file: received");
  assertEquals(contents(cwd), before);
});

// --- The ledger ---------------------------------------------------------------------------------

test("when the ledger is down, nothing is executed, and one line says so", async () => {
  const cwd = folder({
    "order.json": order("x", "site"),
    "site/index.html": "one",
    "deployed": "",
  });
  const before = contents(cwd);
  const end = await run(cwd, "order.json");
  assertRefused(end, 74, "cannot make the ledger");
  assertEquals(contents(cwd), before);
});

test("a result that cannot be stored is printed all the same, and the exit code says so", async () => {
  const cwd = folder({ "order.json": order("x", "site"), "site/index.html": "one" });
  mkdirSync(join(cwd, `deployed/ledger/${sha256("x")}.result.json`), { recursive: true });
  const end = await run(cwd, "order.json");
  assertEquals(end.code, 74);
  assertOneLine(end.stderr, `cannot store the result of order "x": EISDIR`);
  assertEquals(resultOf(end).status, "APPLIED");
  assertEquals(list(cwd, "deployed/ledger").filter((name) => name.endsWith(".tmp")), []);
});

test("of many claims of one order exactly one wins, and the others are refused by name", async () => {
  const path = join(folder(), "not/there/yet");
  const claims = await Promise.allSettled(
    Array.from({ length: 20 }, () => new FolderLedger(path).consume(...claim("x"))),
  );
  assertEquals(claims.filter(({ status }) => status === "fulfilled").length, 1);
  for (const lost of claims) {
    if (lost.status === "fulfilled") continue;
    assert(lost.reason instanceof OrderAlreadyConsumed);
    assertEquals(lost.reason.orderId, "x");
  }
  assertEquals(list(path), [`${sha256("x")}.json`, "index", "ledger.json", "open"]);
});

test("an entry holds the fact that the order is consumed, and its request", async () => {
  const path = folder();
  const result = await execute(
    { orderId: "x", action: { name: "n", input: [1] } },
    { executionId: "e", runner: "r" },
    () => "done",
    new FolderLedger(path),
  );
  const entry = JSON.parse(readFileSync(join(path, `${sha256("x")}.json`), "utf8"));
  assert(isFact(entry.fact));
  assertEquals(entry.fact, result.facts[0] as unknown);
  assertEquals(entry.request, { orderId: "x", action: { name: "n", input: [1] } });
});

test("a ledger that is down is told apart from a refusal, whatever the cause", async () => {
  // EEXIST of the folder is not EEXIST of the entry.
  const path = join(folder({ file: "" }), "file");
  await assertRejects(() => new FolderLedger(path).consume(...claim("x")), LedgerDown, `order "x"`);
  await assertRejects(
    () => new FolderLedger(join(path, "below")).consume(...claim("x")),
    LedgerDown,
    "ENOTDIR",
  );
});

// --- Help ---------------------------------------------------------------------------------------

interface End {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(cwd: string, ...args: string[]): Promise<End> {
  const [program, ...rest] = runtimeCommand(deployer);
  const told = ["run", "--quiet", "--json", "--ledger", "deployed/ledger"];
  const child = spawn(program, [...rest, ...told, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end: End = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk) => end.stdout += chunk);
  child.stderr.setEncoding("utf8").on("data", (chunk) => end.stderr += chunk);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...end, code }));
  });
}

/** All of stdout, as a result that the contract accepts. */
function resultOf({ stdout, stderr }: End): ExecutionResult {
  assert(stdout !== "", stderr);
  const result = JSON.parse(stdout);
  assert(isResult(result), JSON.stringify(isResult.errors));
  return result as unknown as ExecutionResult;
}

function assertRefused({ code, stdout, stderr }: End, expected: number, line: string): void {
  assertEquals([code, stdout], [expected, ""], stderr);
  assertOneLine(stderr, line);
}

function assertOneLine(stderr: string, line: string): void {
  assertMatch(stderr, /^[^\p{Cc}]+\n$/u);
  assertStringIncludes(stderr, line);
}

function assertLive(cwd: string, site: string): void {
  assertEquals(digests(join(cwd, "deployed/current")), digests(join(examples, site)));
}

/** Stored beside its entry, as it was printed; and nothing temporary is left behind. */
function assertStored(cwd: string, result: ExecutionResult): void {
  const hash = sha256(result.orderId);
  // A command leaves what it printed beside.
  assertEquals(list(cwd, "deployed/ledger").filter((name) => name !== "output"), [
    ".gitignore",
    `${hash}.json`,
    `${hash}.result.json`,
    "index",
    "ledger.json",
    "open",
  ]);
  assertEquals(list(cwd, "deployed/ledger/open"), [".index"]);
  const stored = readFileSync(join(cwd, `deployed/ledger/${hash}.result.json`), "utf8");
  assertEquals(JSON.parse(stored), result);
}

function order(orderId: string, site: string): string {
  return JSON.stringify({ orderId, action: { name: "release", input: { site } } });
}

function claim(orderId: string): Parameters<FolderLedger["consume"]> {
  const at = "2026-01-31T09:30:00.000Z";
  const [contract, executionId] = ["deployer-runtime/v1", "e"] as const;
  const fact: Fact = { contract, type: "ORDER_CONSUMED", orderId, executionId, at };
  return [fact, { orderId, action: { name: "n" } }, { executionId, runner: "r" }];
}

function digests(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.map((file) => [file.slice(path.length + 1), sha256(readFileSync(file, "utf8"))]),
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
