/**
 * The laws where less is allowed than usual: `npm run test:hardened`. Node that makes no code from
 * strings, Node with frozen intrinsics, and Deno without any permission run one and the same bundle.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";
import { judge } from "./report.ts";

const LONGEST_MS = 300_000;

/** A command that runs a script, and what must be refused there. */
const PLACES: { name: string; command: string[]; refuses: string[] }[] = [
  {
    name: "node --disallow-code-generation-from-strings",
    command: [process.execPath, "--disallow-code-generation-from-strings"],
    refuses: ["code from strings"],
  },
  {
    name: "node --frozen-intrinsics",
    command: [process.execPath, "--no-warnings", "--frozen-intrinsics"],
    refuses: ["changes of intrinsics"],
  },
  {
    name: "deno run, no permission",
    command: [
      fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url)),
      ...["run", "--quiet", "--no-prompt", "--no-config", "--no-lock"],
    ],
    refuses: ["files", "the environment"],
  },
];

const folder = mkdtempSync(join(tmpdir(), "deployer-hardened-"));
const script = join(folder, "laws.mjs");
await bundle(script);
await Promise.all(PLACES.map(async ({ name, command: [program, ...args], refuses }) => {
  const { stdout, stderr } = await run(program as string, [...args, script]);
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (last.startsWith("{")) judge(name, JSON.parse(last), refuses);
  else {
    process.exitCode = 1;
    console.log(`FAIL ${name}: no report; running: ${last}\n${stderr.slice(-2000)}`);
  }
}));
rmSync(folder, { recursive: true });

/** What a command writes; the report tells whether it went well. */
function run(program: string, args: string[]): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    execFile(
      program,
      args,
      { cwd: folder, maxBuffer: 1 << 28, timeout: LONGEST_MS },
      (_error, stdout, stderr) => resolve({ stdout, stderr }),
    )
  );
}
