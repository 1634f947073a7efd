/**
 * Law 2 where a builtin is missing, and the laws under SES: `npm run test:platforms`. On Node 18, in
 * QuickJS and wherever one builtin was taken away, `execute()` names what is missing and consumes
 * nothing; with what it needs it runs. Under `lockdown()` the tests of the laws run.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundle } from "./bundle.ts";
import { judge } from "./report.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "deployer-platforms-"));

/** What became of one order, as one line: how it ended, and whether it was consumed and called. */
const TRIAL = `
  const trial = (clock) => {
    const did = { consumed: 0, called: 0 };
    const ports = { clock, consume: () => void did.consumed++ };
    const action = () => (did.called++, "proof");
    return execute({ orderId: "o", action: { name: "n", input: { a: "text" } } },
      { executionId: "e", runner: "r" }, action, ports)
      .then(({ status }) => status, (error) => error.message)
      .then((end) => JSON.stringify({ end, ...did }));
  };
  const CLOCK = { now: () => 0, monotonic: () => 0 };
`;

/** The module as one script, with which \`execute\` is a global. */
const { outputFiles: [script] } = await build({
  entryPoints: [join(root, "mod.ts")],
  bundle: true,
  format: "iife",
  globalName: "deployer",
  footer: { js: "const { execute } = deployer;" },
  write: false,
  logLevel: "warning",
});
const module = script!.text;

let failed = 0;
let passed = 0;

function check(what: string, received: string, expected: unknown): void {
  const ok = received.trim() === JSON.stringify(expected);
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? "ok  " : "FAIL"} ${what}: ${received.trim()}`);
}

const refusal = (builtin: string) => ({
  end: `this platform has no ${builtin}`,
  consumed: 0,
  called: 0,
});
const APPLIED = { end: "APPLIED", consumed: 1, called: 1 };

/** Runs a script that prints one line. */
function run(program: string, args: string[], before: string, after: string): string {
  const file = join(folder, "trial.cjs");
  writeFileSync(file, `${before}\n${module}\n${TRIAL}\n${after}`);
  return execFileSync(program, [...args, file], { encoding: "utf8", timeout: 300_000 });
}

const TELL = "trial().then((line) => console.log(line));";
check(
  "Node 18",
  run("npx", ["-y", "node@18"], "", TELL),
  refusal("String.prototype.isWellFormed"),
);
for (
  const [builtin, without] of [
    ["String.prototype.isWellFormed", "delete String.prototype.isWellFormed;"],
    ["Object.hasOwn", "delete Object.hasOwn;"],
    ["btoa", "delete globalThis.btoa;"],
    ["performance: give a clock", "delete globalThis.performance;"],
  ] as const
) {
  check(`Node without ${builtin}`, run(process.execPath, [], without, TELL), refusal(builtin));
}
check(
  "Node without performance, with a clock",
  run(
    process.execPath,
    [],
    "delete globalThis.performance;",
    "trial(CLOCK).then((line) => console.log(line));",
  ),
  APPLIED,
);

// deno-lint-ignore no-explicit-any -- its types lie in a project of their own
const { getQuickJS } = createRequire(import.meta.url)("quickjs-emscripten") as any;
const quickjs = await getQuickJS();

/** Runs a script in QuickJS; its last line gives a promise of a text. */
function inQuickJS(before: string, after: string): string {
  const vm = quickjs.newContext();
  const code = `${before}\n${module}\n${TRIAL}\nlet line = "it never settles";
    ${after}.then((told) => line = told);`;
  vm.unwrapResult(vm.evalCode(code)).dispose();
  vm.runtime.executePendingJobs();
  const line = vm.unwrapResult(vm.evalCode("line"));
  return vm.dump(line) as string;
}

const BTOA = "globalThis.btoa = () => '';";
check("QuickJS", inQuickJS("", "trial()"), refusal("performance: give a clock"));
check("QuickJS with a clock", inQuickJS("", "trial(CLOCK)"), refusal("btoa"));
check("QuickJS with a clock and btoa", inQuickJS(BTOA, "trial(CLOCK)"), APPLIED);

/** Runs the laws' tests in a runtime, and judges their report. */
function judgeLaws(place: string, command: string[], laws: string, refuses: string[]): void {
  const [program, ...args] = command as [string, ...string[]];
  const output = execFileSync(program, [...args, "--no-warnings", laws], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: 600_000,
  });
  judge(place, JSON.parse(output.trimEnd().split("\n").at(-1)!), refuses);
}

const laws = join(folder, "laws.mjs");
await bundle(laws);
// The youngest Node has classes that Node 20 lacks.
judgeLaws("Node 26", ["npx", "-y", "node@26"], laws, []);
const lockedDown = join(folder, "locked_down.mjs");
await bundle(lockedDown, "./lockdown.js");
judgeLaws("SES lockdown()", [process.execPath], lockedDown, ["changes of intrinsics"]);
rmSync(folder, { recursive: true });
console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
