/**
 * `deployer` on a real terminal: what a person sees, and what keys do. It needs Debian's tmux, zsh
 * and fish: `npm run test:debian`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { claim } from "../../runner/testing_claim.ts";
import { deployerCommand } from "../../runner/tests/cli_shell.ts";
import { dialogue } from "../support/dialogue.ts";
import { snippets } from "../support/snippets.ts";
import { Terminal } from "../support/terminal.ts";
import { until } from "../support/until.ts";

const LONG = { timeout: 60_000 };
const root = mkdtempSync(join(tmpdir(), "terminal-test-"));
const open = new Set<Terminal>();
after(() => {
  for (const terminal of open) terminal.close();
  rmSync(root, { recursive: true, force: true });
});

/** A terminal in a new folder, in which `deployer` is a command. */
function terminal(given: Partial<ConstructorParameters<typeof Terminal>[0]> = {}) {
  const cwd = mkdtempSync(join(root, "case-"));
  const bin = mkdtempSync(join(root, "bin-"));
  const command = deployerCommand().map((word) => `'${word}'`).join(" ");
  writeFileSync(join(bin, "deployer"), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env.PATH}`, ...given.env };
  const made = new Terminal({ cwd, ...given, env });
  open.add(made);
  return { terminal: made, cwd, ledger: new FolderLedger(join(cwd, ".deployer")) };
}

test("the dialogue in the README of the Runner's package is what a person sees", LONG, async () => {
  const shown = snippets("runner/README.md").find(({ language }) => language === "console");
  assertEquals(await dialogue(), shown?.code);
});

test(
  "while it runs, one line shows the time and what was printed last; then it is gone",
  LONG,
  async () => {
    const { terminal: screen } = terminal({ columns: 40 });
    const long = "w".repeat(60);
    screen.type(`deployer exec --order x -- sh -c 'echo one; sleep 1; echo ${long}; sleep 1.5'`);
    screen.press("Enter");
    assertMatch(await screen.shows(/ms {2}one$/), /\n\d+ ms {2}one$/);
    const second = await screen.shows(/ s {2}w+/);
    assertMatch(second, /\n1\.\d s {2}w{31}…$/, "it is cut, and on one line");
    const end = await screen.shows(/\$ $|\$$/);
    const last = end.slice(end.indexOf("APPLIED"));
    assert(!/^\d\.\d s {2}w/m.test(last), end);
  },
);

test("Ctrl-C asks the command to stop, and says so; what it says is heard", LONG, async () => {
  const { terminal: screen, cwd, ledger } = terminal();
  screen.type(
    `deployer exec --order x -- sh -c 'trap "exit 4" TERM; : > on; while :; do sleep 0.1; done'`,
  );
  screen.press("Enter");
  await until(() => existsSync(join(cwd, "on")));
  screen.press("C-c");
  const end = await screen.shows(/new\s+order\.\n/);
  assertStringIncludes(
    end,
    "Ctrl-C: the command is asked to stop. Ctrl-C again gives up on it\nFAILED  x",
  );
  assertMatch(end, /sh ended with\s+code 4/);
  assertEquals((await ledger.get("x"))?.status, "FAILED");
});

test("Ctrl-C twice gives up: UNKNOWN, stored, and the code is 30", LONG, async () => {
  const { terminal: screen, cwd, ledger } = terminal();
  screen.type(
    `deployer exec --order x -- sh -c 'trap "" TERM; : > on; while :; do sleep 0.1; done'; echo "code $?"`,
  );
  screen.press("Enter");
  await until(() => existsSync(join(cwd, "on")));
  screen.press("C-c");
  await screen.shows(/asked to stop/);
  screen.press("C-c");
  const end = await screen.shows(/^code \d+$/m);
  assertStringIncludes(end, "Ctrl-C: given up. Nobody will know how the command ends\nUNKNOWN  x");
  assertMatch(end, /^code 30$/m);
  assertEquals((await ledger.get("x"))?.status, "UNKNOWN");
});

test(
  "a window that is closed asks the command to stop; what it says is heard, and stored",
  LONG,
  async () => {
    const { terminal: screen, cwd, ledger } = terminal();
    screen.type(
      `deployer exec --order x -- sh -c 'trap "exit 4" TERM; : > on; while :; do sleep 0.1; done'`,
    );
    screen.press("Enter");
    await until(() => existsSync(join(cwd, "on")));
    screen.close();
    open.delete(screen);
    await until(async () => (await ledger.get("x"))?.result !== undefined);
    assertEquals((await ledger.get("x"))?.status, "FAILED");
  },
);

test("what nohup started goes on when its window is closed", LONG, async () => {
  const { terminal: screen, cwd, ledger } = terminal();
  screen.type(
    `nohup deployer exec --order x -- sh -c ': > on; while [ ! -e end ]; do sleep 0.1; done' &`,
  );
  screen.press("Enter");
  await until(() => existsSync(join(cwd, "on")));
  screen.close();
  open.delete(screen);
  const said = () => readFileSync(join(cwd, "nohup.out"), "utf8");
  await until(() => said().includes("SIGHUP: no terminal hung up: it goes on"));
  writeFileSync(join(cwd, "end"), "");
  await until(async () => (await ledger.get("x"))?.result !== undefined);
  assertEquals((await ledger.get("x"))?.status, "APPLIED");
});

test("a command that asks gets the terminal by --tty", LONG, async () => {
  const { terminal: screen, ledger } = terminal();
  screen.type(
    `deployer exec --order x --tty -- sh -c 'printf "password: "; read p; test "$p" = secret'`,
  );
  screen.press("Enter");
  await screen.shows(/^password: $|^password:$/m);
  screen.type("secret");
  screen.press("Enter");
  assertStringIncludes(await screen.shows(/APPLIED/), "APPLIED  x");
  assertEquals((await ledger.get("x"))?.status, "APPLIED");
});

test(
  "colours are there for a terminal, and not where NO_COLOR is set or it is dumb",
  LONG,
  async () => {
    for (const [env, coloured] of [[{}, true], [{ NO_COLOR: "1" }, false]] as const) {
      const { terminal: screen } = terminal({ env });
      screen.type("deployer exec --order x -- false");
      screen.press("Enter");
      await screen.shows(/new\s+order\.\n/);
      // deno-lint-ignore no-control-regex -- that is what is looked for
      assertEquals(/\x1b\[[0-9;]*31m/.test(screen.colours()), coloured);
    }
    const { terminal: dumb } = terminal();
    dumb.type("TERM=dumb deployer exec --order x -- sh -c 'sleep 0.5; exit 3'; echo end");
    dumb.press("Enter");
    await dumb.shows(/^end$/m);
    // deno-lint-ignore no-control-regex -- that is what is looked for
    assert(!/\x1b\[[0-9;]*31m/.test(dumb.colours()));
  },
);

test("npm start shows a person what happened, and where the result is stored", LONG, async () => {
  const { scripts } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  const { terminal: screen, cwd } = terminal({ columns: 200 });
  const orders = new URL("../../docs/examples/orders/", import.meta.url).pathname;
  const args = scripts.start.replace("tsx runner/cli/main.ts ", "").replace(
    "docs/examples/orders/",
    orders,
  );
  screen.type(`deployer ${args}`);
  screen.press("Enter");
  await screen.shows(/result {2}\S/);
  const end = screen.text();
  assertMatch(end, /APPLIED {2}[0-9a-f-]{36}\n {2}release \.\.\/site: it is live as releases\//);
  const [, path = ""] = /result {2}(\S+\.result\.json)/.exec(end) ?? [];
  assert(path.startsWith(`${cwd}/.deployer/`), end);
  assertEquals(JSON.parse(readFileSync(path, "utf8")).status, "APPLIED");
});

const SHELLS = { bash: "bash --norc --noprofile", zsh: "zsh -f", fish: "fish --no-config" };
for (const [shell, start] of Object.entries(SHELLS)) {
  test(`${shell} completes commands and orders when Tab is pressed`, LONG, async () => {
    const { terminal: screen, ledger } = terminal({ shell: start });
    await ledger.consume(...claim("site-42"));
    if (shell === "zsh") screen.type("autoload -U compinit; compinit -u -D; ");
    screen.type(
      shell === "fish"
        ? "deployer completion fish | source"
        : `eval "$(deployer completion ${shell})"`,
    );
    screen.type("; clear; echo ready");
    screen.press("Enter");
    await screen.shows(/^ready$/m);
    screen.type("deployer rec");
    screen.press("Tab");
    assertMatch(await screen.shows(/deployer recover/), /deployer recover/);
    screen.press("C-u");
    screen.type("deployer show si");
    screen.press("Tab");
    assertMatch(await screen.shows(/deployer show site-42/), /deployer show site-42/);
  });
}
