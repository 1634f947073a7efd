/** The command of `docs/ci.md` that looks on another machine, with jq: `npm run test:debian`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { assertEquals } from "@std/assert";
import { deployerCommand } from "../../runner/tests/cli_shell.ts";
import { snippets } from "../support/snippets.ts";

const cwd = mkdtempSync(join(tmpdir(), "ci-look-test-"));
after(() => rmSync(cwd, { recursive: true }));

/** A `ssh` whose other machine is a folder: to end its group, `-$SSH`, loses the connection. */
const SSH = `export HOME="$PWD/there" SSH=$$
mkdir -p there && cd there && rm -f in out && mkfifo in out || exit
setsid sh <in >out 2>&1 &
cat out &
exec cat >in`;

function write(name: string, body: string): void {
  writeFileSync(join(cwd, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

function run(script: string): { status: number | null; stdout: string } {
  const env = { ...process.env, PATH: `${cwd}:${process.env.PATH}`, ORDER: "x" };
  return spawnSync("bash", ["-c", script], {
    cwd,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

test("what a connection was lost to can be looked at, as often as one likes", {
  timeout: 120_000,
}, () => {
  write("deployer", `exec ${deployerCommand().map((word) => `'${word}'`).join(" ")} "$@"`);
  write("ssh", SSH);
  const lost = `deployer ssh web1 --order x -- sh -c 'kill -s KILL -- "-$SSH"; echo done'`;
  assertEquals(run(lost).status, 30);
  run("for i in $(seq 600); do [ -e there/.deployer-ssh/*/exit ] && exit; sleep 0.1; done");
  const look = snippets("docs/ci.md").find(({ code }) => code.includes("look=$ORDER"))!.code;
  for (let i = 0; i < 2; i++) {
    const { status, stdout } = run(look);
    assertEquals(status, 0);
    const { trace } = JSON.parse(stdout);
    assertEquals(trace.rawResult.stdout.end, "ended 0\nstdout:\ndone\n");
    assertEquals(trace.context.annotations, { look: "x" });
  }
});
