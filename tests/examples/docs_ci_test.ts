/** `docs/ci.md`: its commands are run, and those in its files for CI are commands that there are. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { commandOf } from "../../runner/cli/commands.ts";
import { readArguments } from "../../runner/cli/options.ts";
import { deployerCommand } from "../../runner/tests/cli_shell.ts";
import { snippets } from "../support/snippets.ts";

const LONG = { timeout: 60_000 };
const blocks = snippets("docs/ci.md");
const [first, identities, green, again] = blocks.filter(({ language }) => language === "sh")
  .map(({ code }) => code);
const root = mkdtempSync(join(tmpdir(), "ci-test-"));
after(() => rmSync(root, { recursive: true }));

/** A folder with a deployment that counts how often it runs, and ends with a code of its own. */
function site(code = 0): (script: string, env?: Record<string, string>) => Promise<number | null> {
  const cwd = mkdtempSync(join(root, "site-"));
  const command = deployerCommand().map((word) => `'${word}'`).join(" ");
  const write = (name: string, body: string) =>
    writeFileSync(join(cwd, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  write("deployer", `exec ${command} "$@"`);
  write("deploy.sh", `echo ran >> ran; exit ${code}`);
  return async (script, env = {}) => {
    const path = `${cwd}:${process.env.PATH}`;
    const child = spawn("bash", ["-c", script], {
      cwd,
      env: { ...process.env, PATH: path, COMMIT: "1f3a", NODE_NO_WARNINGS: "1", ...env },
    });
    const [[code]] = await Promise.all([
      once(child, "close"),
      text(child.stdout),
      text(child.stderr),
    ]);
    const ran = join(cwd, "ran");
    times = existsSync(ran) ? readFileSync(ran, "utf8").split("\n").length - 1 : 0;
    return code;
  };
}
let times = 0;

test(
  "a re-run executes nothing, and ends with 73; another attempt is another order",
  LONG,
  async () => {
    const run = site();
    assertEquals([await run(first!), times], [0, 1]);
    assertEquals([await run(first!), times], [73, 1]);
    const [perCommit, perAttempt] = identities!.trim().split("\n");
    assertEquals([await run(perCommit!), times], [73, 1]);
    assertEquals([await run(perAttempt!, { ATTEMPT: "1" }), times], [0, 2]);
    assertEquals([await run(perAttempt!, { ATTEMPT: "1" }), times], [73, 2]);
    assertEquals([await run(perAttempt!, { ATTEMPT: "2" }), times], [0, 3]);
    assertEquals([await run(again!), times], [0, 4]);
  },
);

for (const [code, expected] of [[0, 0], [3, 20]] as const) {
  test(`a re-run that ends as the first run did: ${expected}, twice`, LONG, async () => {
    const run = site(code);
    assertEquals([await run(green!), times], [expected, 1]);
    assertEquals([await run(green!), times], [expected, 1]);
  });
}

test("the commands in the files for CI are commands, with options that they have", () => {
  const files = blocks.filter(({ language }) => ["yaml", "ini"].includes(language));
  assertEquals(files.length, 3);
  for (const { code } of files) {
    const calls = [
      ...code.matchAll(/(?:- |run: |=\/usr\/local\/bin\/)deployer (.+?)(?: > \S+)?$/gm),
    ];
    assertEquals(calls.length, 2);
    for (const [, call = ""] of calls) {
      const [name = "", ...args] = call.split(" ").map((word) => word.replaceAll('"', ""));
      const { program } = readArguments(commandOf(name).options, args, {});
      assert(name !== "exec" || program?.[0] === "./deploy.sh");
    }
    for (const [, name = ""] of code.matchAll(/DEPLOYER_([A-Z]+)/g)) {
      readArguments(commandOf("exec").options, [`--${name.toLowerCase()}`, "k=v"], {});
    }
  }
});
