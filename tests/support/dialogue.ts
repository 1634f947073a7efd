/**
 * The dialogue in `runner/README.md`, made by a real terminal: `npx tsx tests/support/dialogue.ts`
 * writes it, a test compares it. What differs from run to run and machine to machine is written as
 * one would in a book: times of one morning, a folder `/srv/shop`, somebody called alice.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtimeCommand } from "./snippets.ts";
import { Terminal } from "./terminal.ts";

const SCRIPT = `#!/bin/sh
echo "uploading r42"; sleep 0.3
echo "cannot switch web2: No space left on device" >&2; exit 3
`;

/** What is typed, one line after the other. */
const LINES = [
  "deployer exec --order shop-r42 -- ./deploy.sh production",
  "deployer exec --order shop-r42 -- ./deploy.sh production; echo $?",
];

/** Types the lines, and returns all that is on the screen then. */
export async function dialogue(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "dialogue-"));
  const cwd = join(root, "shop");
  const bin = join(root, "bin");
  for (const folder of [cwd, bin]) mkdirSync(folder);
  const main = fileURLToPath(new URL("../../runner/cli/main.ts", import.meta.url));
  const command = runtimeCommand(main).map((word) => `'${word}'`).join(" ");
  write(join(bin, "deployer"), `#!/bin/sh\nexec ${command} "$@"\n`);
  write(join(cwd, "deploy.sh"), SCRIPT);
  const env = { PATH: `${bin}:${process.env.PATH}`, DEPLOYER_RUNNER: "alice@web1" };
  const terminal = new Terminal({ columns: 100, lines: 60, cwd, env });
  await terminal.shows(/^\$$/m);
  try {
    for (const line of LINES) {
      terminal.type(line);
      terminal.press("Enter");
      await terminal.shows(line === LINES[0] ? /new\s+order\.\n\$$/ : /^73$/m);
    }
    await terminal.shows(/^73\n\$$/m);
    return asInABook(terminal.text(), cwd);
  } finally {
    terminal.close();
    rmSync(root, { recursive: true, force: true });
  }
}

function write(file: string, text: string): void {
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}

function asInABook(screen: string, cwd: string): string {
  const times = new Map<string, string>();
  const offsets = [0, 4, 316];
  return `${screen.replace(/\n\$$/, "")}\n`
    .replaceAll(cwd, "/srv/shop")
    .replace(/2\d{3}-\d\d-\d\dT[\d:.]+Z/g, (time) => {
      const at = times.get(time) ??
        new Date(Date.UTC(2026, 0, 31, 9, 30) + offsets[times.size % 3]!).toISOString();
      times.set(time, at);
      return at;
    })
    .replace(/│ \d+ ms/g, "│ 312 ms");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = new URL("../../runner/README.md", import.meta.url);
  const text = readFileSync(readme, "utf8");
  const made = await dialogue();
  writeFileSync(readme, text.replace(/(?<=^```console\n)[\s\S]*?(?=^```$)/m, () => made));
}
