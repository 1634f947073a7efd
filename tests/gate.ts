/**
 * The gate, `npm test`: every check, two at a time, then how many tests each runtime ran.
 * A step that fails does not stop the others; the exit code is 1 if any of them did.
 */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** What is checked, as npm scripts; those that count tests name what runs them. */
const steps: { script: string; counts?: string }[] = [
  { script: "check:format" },
  { script: "check:lint" },
  { script: "check:generated" },
  { script: "check:types" },
  { script: "check:schemas", counts: "Schema files" },
  { script: "check:size", counts: "Size" },
  { script: "test:node", counts: "Node" },
  { script: "test:deno", counts: "Deno" },
  { script: "test:bun", counts: "Bun" },
  { script: "test:examples:node", counts: "Examples in Node" },
  { script: "test:examples:deno", counts: "Examples in Deno" },
  { script: "test:examples:bun", counts: "Examples in Bun" },
  { script: "test:runner:node", counts: "Runner in Node" },
  { script: "test:runner:deno", counts: "Runner in Deno" },
  { script: "test:runner:bun", counts: "Runner in Bun" },
  { script: "test:contracts", counts: "Validators" },
  { script: "test:url", counts: "URL import" },
  { script: "test:package", counts: "Package" },
  { script: "test:hardened" },
];

/** The closing lines of node --test, deno test and bun test. */
function count(output: string): { passed: number; failed: number; skipped: number } {
  const last = (pattern: RegExp) => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0);
  return {
    passed: last(/^# pass (\d+)$/gm) + last(/\| (\d+) passed/g) + last(/^ *(\d+) pass$/gm),
    failed: last(/^# fail (\d+)$/gm) + last(/\| (\d+) failed/g) + last(/^ *(\d+) fail$/gm),
    skipped: last(/^# (?:skipped|todo|cancelled) ([1-9]\d*)$/gm) + last(/\| (\d+) ignored/g) +
      last(/^ *(\d+) (?:skip|todo)$/gm),
  };
}

const failures: string[] = [];
const rows: Record<string, string> = {};
let total = 0;

async function check({ script, counts }: typeof steps[0]): Promise<void> {
  const start = performance.now();
  const child = spawn("npm", ["run", "--silent", script], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = new Promise((resolve) => child.on("close", resolve));
  const printed = await Promise.all([text(child.stdout), text(child.stderr)]);
  // deno-lint-ignore no-control-regex -- colours are no part of what was counted
  const output = printed.join("").replace(/\x1b\[[0-9;]*m/g, "");
  let ok = await exit === 0;
  if (counts !== undefined) {
    const { passed, failed, skipped } = count(output);
    ok &&= passed > 0 && failed === 0 && skipped === 0;
    total += passed;
    rows[counts] = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${ok ? "ok  " : "FAIL"} ${script} (${seconds} s)`);
  if (!ok) {
    failures.push(script);
    console.log(output);
  }
}

const waiting = [...steps];
async function lane(): Promise<void> {
  for (let step = waiting.shift(); step; step = waiting.shift()) await check(step);
}
await Promise.all([lane(), lane()]);

console.log();
for (const { counts } of steps) if (counts) console.log(`${counts.padEnd(24)} ${rows[counts]}`);
if (failures.length > 0) console.log(`\nFailed: ${failures.join(", ")}`);
console.log(`\n${total} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
