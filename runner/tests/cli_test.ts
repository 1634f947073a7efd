/** The commands of `deployer`, in this process: what they say, and to whom. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { execute, type ExecutionResult } from "deployer-runtime";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { assertSound } from "../../tests/support/orders.ts";
import { until } from "../../tests/support/until.ts";
import { onWindows } from "../../tests/support/windows.ts";
import { attempt } from "../cli/attempt.ts";
import { COMMANDS } from "../cli/commands.ts";
import { deployer } from "../cli/deployer.ts";
import { addressOf, locate } from "../cli/ledger.ts";
import { nearest } from "../cli/nearest.ts";
import { OPTIONS, readArguments } from "../cli/options.ts";
import type { Shell } from "../cli/shell.ts";
import { clean, fit, spoken, wrap } from "../cli/style.ts";
import type { Ledger } from "../ledgers/ledger.ts";
import { claim } from "../testing_claim.ts";
import { fresh, run, testShell, tidy } from "./cli_shell.ts";

after(tidy);

const LONG = { timeout: 30_000 };
const sh = (script: string) => ["--", "sh", "-c", script];

// --- Arguments ----------------------------------------------------------------------------------

test("what cannot be understood is refused by name, with 64, and nothing is made", async () => {
  const ledger = join(fresh(), "ledger");
  const cases: [string[], string][] = [
    [["deploy"], `there is no command "deploy": there are exec, ssh, run`],
    [["shwo"], `there is no command "shwo": did you mean show?`],
    [["help", "lst"], `there is no command "lst": did you mean list?`],
    [["help", "exec", "run"], "help takes one command: received 2"],
    [["exec"], "expected a command behind --"],
    [["exec", "--"], "expected a command behind --"],
    [
      ["exec", "./deploy.sh"],
      `exec takes no operand: received "./deploy.sh": a command stands behind --`,
    ],
    [["exec", "--ordre", "x", "--", "true"], "Unknown option '--ordre': did you mean --order?"],
    [["exec", "--retries=3", "--", "true"], "Unknown option '--retries'"],
    [["exec", "-p", "22", "--", "true"], "Unknown option '-p'"],
    [["exec", "--order"], "--order"],
    [["exec", "--order", "", "--", "true"], "--order must be 1 to 256 characters"],
    [["exec", "--order", "x".repeat(257), "--", "true"], "--order must be 1 to 256 characters"],
    [["exec", "--timeout", "soon", "--", "true"], `--timeout must be a time`],
    [["exec", "--timeout", "25d", "--", "true"], `at most 24 days`],
    [["exec", "--success", "0,256", "--", "true"], `--success must be exit codes from 0 to 255`],
    [["exec", "--success", "0,,2", "--", "true"], `received "0,,2"`],
    [["exec", "--success", "2", "--unproven", "2", "--", "true"], "received 2 in both"],
    [["exec", "--unproven", "0", "--", "true"], "received 0 in both"],
    [["exec", "--annotate", "=x", "--", "true"], `--annotate must be a key, = and a value`],
    [["exec", "--tty", "--", "true"], "--tty needs a terminal: stdout is none"],
    [["ssh", "--", "true"], "ssh takes one machine: received none"],
    [["ssh", "a", "b", "--", "true"], `ssh takes one machine: received "a", "b"`],
    [["ssh", "--", "-oProxyCommand=reboot", "true"], "ssh takes one machine"],
    [["ssh", "a", "-p", "42222", "--", "true"], "stand behind -o, as in -o Port=42222"],
    [["ssh", "-p42222", "a", "--", "true"], "stand behind -o, as in -o Port=42222"],
    [["ssh", "-i", "key.pem", "a", "--", "true"], "-o IdentityFile=key.pem"],
    [["ssh", "-l", "deploy", "a", "--", "true"], "-o User=deploy"],
    [["ssh", "a", "-J", "jump", "--", "true"], "-o ProxyJump=jump"],
    [["ssh", "a", "-p", "--", "true"], "-o Port=…"],
    [["ssh", "a", "-v", "--", "true"], "Unknown option '-v'"],
    [["run", "-p", "22", "order.json"], "-o Port=22"],
    [["run"], "run takes one order file: received none"],
    [["run", "a", "b"], `run takes one order file: received "a", "b"`],
    [["list", "--", "true"], `list takes no operand: received "--", "true"`],
    [["check"], "check takes one file or more: received none"],
    [["sign"], "sign takes one result: received none"],
    [["completion"], "completion takes one shell: received none"],
    [["run", "none.json"], `file "none.json" cannot be read: ENOENT`],
    [["list", "everything"], `list takes no operand: received "everything"`],
    [["list", "--status", "done"], "--status must be OPEN, APPLIED, FAILED or UNKNOWN"],
    [["list", "--since", "yesterday"], "--since must be a date"],
    [["list", "--since", "2026"], "--since must be a date"],
    [["list", "--limit", "0"], "--limit must be a number from 1 on"],
    [["list"], "there is no ledger"],
    [["show", "x"], "there is no ledger"],
    [["show"], "show takes one order: received none"],
    [["recover", "all"], `recover takes no operand: received "all"`],
    [["report", "all"], `report takes no operand: received "all"`],
    [["report", "--out", ""], `--out must be some text: received ""`],
    [["report"], "there is no ledger"],
    [["completion", "tcsh"], `expected bash, zsh or fish: received "tcsh"`],
  ];
  for (const [args, line] of cases) {
    const [command, ...rest] = args;
    const at = rest.indexOf("--") < 0 ? rest.length : rest.indexOf("--");
    if (COMMANDS[command!]?.options.includes("ledger")) rest.splice(at, 0, "--ledger", ledger);
    const { code, stdout, stderr } = await run([command!, ...rest]);
    assertEquals([code, stdout], [64, ""], `${args}: ${stderr}`);
    assertMatch(stderr, /^deployer: [^\p{Cc}]+\n$/u);
    assertStringIncludes(stderr, line);
  }
  for (const where of ["mysql://user:secret@host/db", "http://host/"]) {
    const { code, stderr } = await run(["list", "--ledger", where]);
    assertEquals(code, 64);
    assertStringIncludes(stderr, "--ledger must be a folder, sqlite:FILE or postgres://…");
    assert(!stderr.includes("secret"));
  }
  assert(!existsSync(ledger));
});

test("an option stands in the environment too; an argument says otherwise", async () => {
  const ledger = join(fresh(), "ledger");
  const env = {
    DEPLOYER_LEDGER: ledger,
    DEPLOYER_RUNNER: "ci",
    DEPLOYER_ANNOTATE: "commit=1f3a\nnote=a=b, c",
    DEPLOYER_SUCCESS: "0,2",
    DEPLOYER_UNPROVEN: "9",
    DEPLOYER_JSON: "1",
    DEPLOYER_QUIET: "true",
  };
  const end = await run(["exec", "--order", "x", ...sh("exit 2")], { env, terminal: true });
  assertEquals([end.code, end.stderr], [0, ""]);
  const { trace }: ExecutionResult = JSON.parse(end.stdout);
  assertEquals(trace.context.runner, "ci");
  assertEquals(trace.context.annotations, { commit: "1f3a", note: "a=b, c" });

  const told = ["--runner", "me", "--success", "0", "--annotate", "k=v"];
  const other = await run(["exec", "--order", "y", ...told, ...sh("exit 2")], { env });
  assertEquals(other.code, 20);
  assertEquals(JSON.parse(other.stdout).trace.context.runner, "me");
  assertEquals(JSON.parse(other.stdout).trace.context.annotations, { k: "v" });

  const unproven = await run(["exec", "--order", "z", ...sh("exit 9")], { env });
  assertEquals(unproven.code, 30);

  for (const [name, value] of [["JSON", "yes"], ["TIMEOUT", "soon"], ["SUCCESS", "x"]] as const) {
    const wrong = await run(["exec", ...sh("")], {
      env: { ...env, [`DEPLOYER_${name}`]: value },
    });
    assertEquals(wrong.code, 64);
    assertStringIncludes(wrong.stderr, `DEPLOYER_${name} must be`);
  }
});

test("an empty DEPLOYER_LEDGER is refused: it means no other ledger", async () => {
  const env = { DEPLOYER_LEDGER: "" };
  for (const args of [["exec", ...sh("")], ["recover"], ["list"], ["show", "x"]]) {
    const { code, stderr } = await run(args, { env });
    assertEquals([code, stderr], [
      64,
      'deployer: DEPLOYER_LEDGER must be some text: received ""\n',
    ]);
  }
  const told = ["exec", "--ledger", join(fresh(), "ledger"), ...sh("")];
  assertEquals((await run(told, { env })).code, 0);
});

test("deployer --version prints the version of the package, and help and completion have it", async () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(manifest);
  assertEquals(await run(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
  assertStringIncludes((await run(["--help"])).stdout, "deployer --version\n");
  assertEquals((await run(["complete", "--v"])).stdout, "--version\n");
});

test("every command has help with examples, and every option and variable of it stands there", async () => {
  const { code, stdout } = await run(["--help"]);
  assertEquals(code, 0);
  for (const [name, { summary, options, examples }] of Object.entries(COMMANDS)) {
    assertStringIncludes(stdout, `${name.padEnd(12)}${summary}`);
    const help = await run([name, "--help"]);
    assertEquals([help.code, help.stderr], [0, ""]);
    for (const option of options) {
      assertStringIncludes(help.stdout, `--${option}`);
      if (OPTIONS[option].env) {
        assertStringIncludes(help.stdout, `DEPLOYER_${option.toUpperCase()}`);
      }
    }
    assert(examples.length > 0);
    for (const example of examples) assertStringIncludes(help.stdout, example);
    for (const line of help.stdout.split("\n")) assert([...line].length <= 100, line);
  }
  const none = await run([]);
  assertEquals([none.code, none.stdout, none.stderr], [64, "", stdout]);
});

test("help COMMAND is COMMAND --help; help alone is the overview", async () => {
  for (const name of Object.keys(COMMANDS)) {
    assertEquals(await run(["help", name]), await run([name, "--help"]));
  }
  const overview = await run(["--help"]);
  for (const args of [["help"], ["-h"], ["help", "help"], ["help", "--help"]]) {
    assertEquals(await run(args), overview);
  }
  assertEquals((await run(["complete", "help", "sh"])).stdout, "show\n");
  assertEquals((await run(["complete", "he"])).stdout, "help\n");
});

test("what was mistyped by one letter is known", () => {
  const cases: [word: string, meant: string | undefined][] = [
    ["order", "order"],
    ["ordr", "order"],
    ["orderr", "order"],
    ["0rder", "order"],
    ["ordre", "order"],
    ["rder", "order"],
    ["ordering", undefined],
    ["redro", undefined],
    ["o", undefined],
    ["", undefined],
  ];
  for (const [word, meant] of cases) assertEquals(nearest(word, ["quiet", "order"]), meant, word);
});

test("a fault of its own is told whole, with a code of its own", async () => {
  const shell = testShell();
  const fault = () => Promise.reject(new TypeError("no such thing"));
  const code = await deployer(["--help"], { ...shell, stdout: { ...shell.stdout, write: fault } });
  assertEquals(code, 70);
  assertMatch(shell.said.stderr, /^deployer: TypeError: no such thing\n +at /);
});

// --- Ledgers ------------------------------------------------------------------------------------

test("the ledger is the nearest .deployer upwards; else one here; else what is said", () => {
  const top = fresh();
  const deep = join(top, "a/b");
  const ledger = join(top, "a/.deployer");
  mkdirSync(deep, { recursive: true });
  assertEquals(locate(undefined, deep), { kind: "folder", path: join(deep, ".deployer") });
  mkdirSync(ledger);
  assertEquals(locate(undefined, deep), { kind: "folder", path: ledger });
  writeFileSync(join(deep, ".deployer"), "a file is none");
  assertEquals(locate(undefined, deep), { kind: "folder", path: ledger });
  assertEquals(locate("x", deep), { kind: "folder", path: join(deep, "x") });
  assertEquals(locate("sqlite:x.db", deep), { kind: "sqlite", path: join(deep, "x.db") });
  assertEquals(locate("sqlite:///var/x.db", deep), { kind: "sqlite", path: "/var/x.db" });
  const url = "postgres://me:secret@db.example:5433/orders";
  assertEquals(locate(url, deep), { kind: "postgres", url });
  assertEquals(addressOf(locate(url, deep)), "postgres://db.example:5433/orders");
});

for (const kind of ["folder", "sqlite"] as const) {
  test(
    `${kind}: an order is executed once, listed, shown, and refused the second time`,
    LONG,
    async () => {
      const cwd = fresh();
      const where = kind === "folder" ? join(cwd, "ledger") : `sqlite:${join(cwd, "ledger.db")}`;
      const call = (...args: string[]) => run([args[0]!, "--ledger", where, ...args.slice(1)]);
      const proof = join(cwd, "proof");

      const exec = ["exec", "--order", "x", ...sh(`echo once >> ${proof}; echo done`)];
      const first = await call(...exec);
      assertEquals(first.code, 0, first.stderr);
      assertEquals(
        first.stderr,
        `APPLIED x: sh -c 'echo once >> ${proof}; echo done': it ended with code 0\n`,
      );
      const result: ExecutionResult = JSON.parse(first.stdout);
      assertSound(result);
      const { stdout } = (result.trace as { rawResult: { stdout: { file: string } } }).rawResult;
      assertEquals(readFileSync(stdout.file, "utf8"), "done\n");

      const second = await call(...exec);
      assertEquals(second.code, 73);
      assertStringIncludes(second.stderr, `order "x" is consumed already: nothing was executed\n`);
      assertEquals(readFileSync(proof, "utf8"), "once\n");
      const entry = JSON.parse(second.stdout);
      assertEquals(entry.result, result as unknown);

      assertEquals((await call("exec", "--order", "y", ...sh("exit 3"))).code, 20);
      assertEquals((await call("exec", "--order", "z", ...sh("kill -9 $$"))).code, 30);

      const shown = await call("show", "x");
      assertEquals([shown.code, JSON.parse(shown.stdout)], [0, entry]);
      assertEquals((await call("show", "y")).code, 20);
      assertEquals((await call("show", "z")).code, 30);
      const none = await call("show", "w");
      assertEquals([none.code, none.stdout], [64, ""]);
      assertStringIncludes(none.stderr, `order "w" is not consumed`);

      const ids = async (...args: string[]) => {
        const { code, stdout } = await call("list", ...args);
        assertEquals(code, 0);
        return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line).request.orderId);
      };
      assertEquals(await ids(), ["z", "y", "x"]);
      assertEquals(await ids("--status", "failed"), ["y"]);
      assertEquals(await ids("--limit", "2"), ["z", "y"]);
      assertEquals(await ids("--since", "1h"), ["z", "y", "x"]);
      assertEquals(await ids("--since", "2100-01-01"), []);
      assertEquals(await ids("--grep", "once >>"), ["x"]);
    },
  );
}

test("on Windows, what cannot be flushed there is refused in one line, and nothing is made", async () => {
  const cwd = fresh();
  const folder = join(cwd, "ledger");
  const exec = await onWindows(() => run(["exec", "--ledger", folder, "--quiet", ...sh("exit 3")]));
  assertEquals([exec.code, exec.stdout, existsSync(folder)], [64, "", false]);
  assertMatch(
    exec.stderr,
    /^deployer: folder [^\n]+ cannot be a ledger on Windows[^\n]+sqlite:FILE/,
  );
  assertMatch(exec.stderr, /^[^\n]+\n$/);

  const file = join(cwd, "order.json");
  const target = join(cwd, "deployed");
  const order = { orderId: "x", action: { name: "release", input: { site: "site" } } };
  writeFileSync(file, JSON.stringify(order));
  const where = `sqlite:${join(cwd, "ledger.db")}`;
  const release = ["run", file, "--ledger", where, "--target", target];
  const refused = await onWindows(() => run(release));
  assertEquals([refused.code, refused.stdout, existsSync(target)], [64, "", false]);
  assertMatch(refused.stderr, /^deployer: a release cannot be switched on Windows[^\n]+\n$/);
  const shown = await run(["show", "x", "--ledger", where]);
  assertMatch(shown.stderr, /order "x" is not consumed/);
});

test("a ledger that is down is 74, in each command that needs one", LONG, async () => {
  const file = join(fresh(), "file");
  writeFileSync(file, "no folder");
  for (
    const args of [["exec", "--ledger", file, ...sh("")], ["list", "--ledger", file], [
      "recover",
      "--ledger",
      `sqlite:${file}`,
    ], ["show", "--ledger", `sqlite:${file}`, "x"]]
  ) {
    const { code, stdout, stderr } = await run(args);
    assertEquals([code, stdout], [74, ""], `${args}: ${stderr}`);
    assertMatch(stderr, /^(order [^\n]+\n)?deployer: cannot [^\p{Cc}]+\n$/u);
  }
});

test("a result that cannot be stored is printed all the same, with 74", LONG, async () => {
  const ledger = fresh();
  const order = ["exec", "--ledger", ledger, "--order", "x"];
  // The command takes the ledger away.
  const { code, stdout, stderr } = await run([...order, ...sh(`rm -r ${ledger}; : > ${ledger}`)]);
  assertEquals(code, 74);
  assertEquals(JSON.parse(stdout).status, "APPLIED");
  assertStringIncludes(stderr, `cannot store the result of order "x"`);
});

test(
  "a folder that is made as a ledger is ignored by git; one that was there is left as it is",
  LONG,
  async () => {
    const made = join(fresh(), "ledger");
    const found = fresh();
    for (const ledger of [made, found]) {
      for (const order of ["x", "y"]) {
        await run(["exec", "--ledger", ledger, "--order", order, ...sh("echo printed")]);
      }
      const { stdout, code } = await run(["list", "--ledger", ledger]);
      assertEquals([code, stdout.trimEnd().split("\n").length], [0, 2]);
      assertEquals((await run(["recover", "--ledger", ledger])).code, 0);
    }
    assertEquals(readFileSync(join(made, ".gitignore"), "utf8"), "*\n");
    assert(!existsSync(join(found, ".gitignore")));
  },
);

test("where there is no ledger yet there is nothing to recover, and none is made", async () => {
  const where = join(fresh(), "ledger");
  const { code, stdout, stderr } = await run(["recover", "--ledger", where]);
  assertEquals([code, stdout, stderr], [0, "", `there is no ledger ${where} yet\n`]);
  assert(!existsSync(where));
});

// --- Interruption -------------------------------------------------------------------------------

/** Starts a command that tells when it runs, and does as told when it is asked to stop. */
async function interrupted(onTerm: string, ...names: string[]) {
  const ledger = fresh();
  const shell = testShell();
  const flag = join(ledger, "started");
  const script = `trap '${onTerm}' TERM; : > ${flag}; while :; do sleep 0.05; done`;
  const code = deployer(["exec", "--ledger", ledger, "--order", "x", ...sh(script)], shell);
  await until(() => existsSync(flag));
  for (const name of names) {
    shell.signals.emit(name);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stored = async () => (await new FolderLedger(ledger).get("x"))?.status;
  return { code: await code, stored: await stored(), ...shell.said };
}

test("Ctrl-C once asks the command to stop, says so, and hears what it says", LONG, async () => {
  for (const name of ["SIGINT", "SIGTERM"]) {
    const { code, stored, stderr } = await interrupted("echo undone; exit 4", name);
    assertEquals([code, stored], [20, "FAILED"]);
    assertStringIncludes(stderr, "the command is asked to stop. Ctrl-C");
  }
});

test("Ctrl-C twice gives up: UNKNOWN, stored, and 30", LONG, async () => {
  for (const names of [["SIGINT", "SIGINT"], ["SIGTERM", "SIGINT"]]) {
    const { code, stored, stderr, stdout } = await interrupted("", ...names);
    assertEquals([code, stored], [30, "UNKNOWN"]);
    assertStringIncludes(stderr, "given up");
    assertEquals(JSON.parse(stdout).status, "UNKNOWN");
  }
});

test("SIGTERM again only asks: a supervisor that is impatient loses no result", LONG, async () => {
  const { code } = await interrupted("sleep 0.3; exit 4", "SIGTERM", "SIGTERM");
  assertEquals(code, 20);
});

test("a deadline asks the command to stop, and gives up when it does not", LONG, async () => {
  const timed = (script: string, ...args: string[]) =>
    run(["exec", "--ledger", fresh(), "--timeout", "300ms", ...args, ...sh(script)]);
  const asked = await timed("trap 'exit 4' TERM; while :; do sleep 0.05; done");
  assertEquals(asked.code, 20);
  assertStringIncludes(asked.stderr, "not done within 300 ms: the command is asked to stop");
  const deaf = await timed("trap '' TERM; while :; do sleep 0.05; done", "--grace", "200ms");
  assertEquals(deaf.code, 30);
  assertStringIncludes(deaf.stderr, "did not stop within 200 ms");
});

test("what ends before it is executed has no result: it says so, and nothing is consumed", async () => {
  const ledger = fresh();
  const signals = {
    on: (name: string, listen: () => void) => name === "SIGTERM" ? listen() : undefined,
    off: () => {},
  } as unknown as Shell["signals"];
  const shell = { ...testShell(), signals };
  const code = await deployer(["exec", "--ledger", ledger, "--order", "x", ...sh("")], shell);
  assertEquals([code, shell.said.stdout], [74, ""]);
  assertStringIncludes(shell.said.stderr, `order "x" was stopped before it was consumed`);
  assertEquals(await new FolderLedger(ledger).get("x"), undefined);
});

for (
  const [kind, ledger] of Object.entries({
    "cannot be opened": () => new Promise<Ledger>(() => {}),
    "does not answer": () =>
      Promise.resolve({ consume: () => new Promise(() => {}), close: () => new Promise(() => {}) }),
  })
) {
  test(`a second signal ends what waits for a ledger that ${kind}: 74, nothing was executed`, async () => {
    for (const signal of ["SIGINT", "SIGTERM"]) {
      const shell = testShell();
      const { values } = readArguments(["ledger"], ["--ledger", fresh()], {});
      const order = { orderId: "x", action: { name: "command" } };
      const code = attempt(
        order,
        () => () => "called",
        values,
        shell,
        ledger as () => Promise<Ledger>,
      );
      shell.signals.emit(signal);
      const reason = signal === "SIGINT" ? "Ctrl-C" : signal;
      assertStringIncludes(shell.said.stderr, `${reason}: no command runs yet, and none will`);
      shell.signals.emit(signal);
      assertEquals([await code, shell.said.stdout], [74, ""]);
      const [, last, rest] = shell.said.stderr.split("\n");
      assertStringIncludes(last!, `deployer: nothing was executed: order "x" was given up before`);
      assertEquals(rest, "");
    }
  });
}

test("what was given up on and cannot be stored is printed, with 74", LONG, async () => {
  const folder = fresh();
  const shell = testShell();
  const ledger = join(folder, "ledger");
  const flag = join(folder, "started");
  const script = `rm -r ${ledger}; : > ${ledger}; : > ${flag}; sleep 20`;
  const code = deployer(["exec", "--ledger", ledger, "--order", "x", ...sh(script)], shell);
  await until(() => existsSync(flag));
  for (const name of ["SIGINT", "SIGINT"]) shell.signals.emit(name);
  assertEquals(await code, 74);
  assertEquals(JSON.parse(shell.said.stdout).status, "UNKNOWN");
});

// --- For people ---------------------------------------------------------------------------------

test(
  "on a terminal a status is told in words, and JSON only if it is asked for",
  LONG,
  async () => {
    const ledger = fresh();
    const call = (args: string[], env = {}, columns = 80) =>
      run([args[0]!, "--ledger", ledger, ...args.slice(1)], { terminal: true, env, columns });
    const coloured = await call(["exec", "--order", "x", ...sh("echo no >&2; exit 3")]);
    assertStringIncludes(coloured.stdout, "\x1b[1m\x1b[31mFAILED");
    const plain = await call(["show", "x"], { NO_COLOR: "1" });
    // deno-lint-ignore no-control-regex -- that is what is looked for
    assert(!/\x1b/.test(plain.stdout));
    for (
      const words of [
        "FAILED  x\n",
        "sh -c 'echo no >&2; exit 3': sh ended with code 3",
        "consumed\n",
        "attempted\n",
        "failure observed\n",
        "stdout  nothing\n",
        "stderr  3 bytes, all of it in ",
        "│ no\n",
        "It does not say that nothing was\nchanged",
        `result  ${ledger}/`,
      ]
    ) assertStringIncludes(plain.stdout, words);
    assertEquals(JSON.parse((await call(["show", "--json", "x"])).stdout).status, "FAILED");
    assertEquals((await call(["show", "--quiet", "x"])).stdout, "");

    const narrow = await call(["list"], { NO_COLOR: "1" }, 30);
    assertEquals(narrow.stdout, "FAILED  x  sh -c 'echo no >&2…\n        sh ended with code 3\n");
  },
);

test("what was recorded cannot command the terminal that shows it", LONG, async () => {
  const hostile = "\x1b]0;owned\x07\x1b[2J\u202e\u0085a";
  const surroundings = { terminal: true, env: { NO_COLOR: "1" } };
  const ledger = fresh();
  const args = ["--order", hostile, "--annotate", `${hostile}=${hostile}`, "--ledger", ledger];
  const command = ["--", "sh", "-c", `printf '%s\\n' "$1"`, "sh", hostile];
  const end = await run(["exec", ...args, ...command], surroundings);
  assertEquals(end.code, 0);
  // deno-lint-ignore no-control-regex -- the line that moves is none of the recorded text
  const progress = /\r\x1b\[K[^\n]*?(?=\r\x1b\[K)|\r\x1b\[K/g;
  const listed = await run(["list", "--ledger", ledger], { ...surroundings, columns: 200 });
  for (const text of [end.stdout.replace(progress, ""), listed.stdout]) {
    // deno-lint-ignore no-control-regex -- that is what is looked for
    assertEquals(text.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/g), null, JSON.stringify(text));
    assertStringIncludes(text, "\\u001b]0;owned\\u0007");
  }
});

test("of a progress bar the end is shown, and of an output its last lines", LONG, async () => {
  const surroundings = { terminal: true, env: { NO_COLOR: "1" } };
  const script = "seq 1 20; printf '10%%\\r55%%\\r100%%\\r\\n'";
  const { stdout } = await run(["exec", "--ledger", fresh(), ...sh(script)], surroundings);
  const end = "  │ … 18 lines before\n  │ 19\n  │ 20\n  │ 100%\n  stderr  nothing\n";
  assertStringIncludes(stdout, end);
});

test("of another result the evidence is told too; of a recovered order, that nobody saw it", async () => {
  const ledger = fresh();
  const held = new FolderLedger(ledger);
  const order = { orderId: "x", action: { name: "migrate", input: { to: 7 } } };
  const context = { executionId: "e", runner: "me" };
  await held.store(
    await execute(order, context, (_, { unproven }) => unproven({ xid: "741" }), held),
  );
  await held.consume(...claim("open"));
  const surroundings = { terminal: true, env: { NO_COLOR: "1" } };
  const shown = await run(["show", "--ledger", ledger, "x"], surroundings);
  assertEquals(shown.code, 30);
  assertStringIncludes(shown.stdout, `"xid": "741"`);
  assertStringIncludes(shown.stdout, "UNKNOWN is final. It does not say that nothing was done");
  const open = await run(["show", "--ledger", ledger, "open"], surroundings);
  assertEquals(open.code, 73);
  assertStringIncludes(open.stdout, "OPEN: it is still running, or its Runner is gone");
});

test("texts are cut and wrapped by what is seen of them", () => {
  assertEquals(fit("abcdef", 4), "abc…");
  assertEquals(fit("😀😀", 4), "😀😀");
  assertEquals(wrap("one two three", 8), ["one two", "three"]);
  assertEquals(wrap("a-word-that-is-long b", 5), ["a-word-that-is-long", "b"]);
  assertEquals(clean("a\tb\nc\x9bd\u202e"), "a b\\nc\\u009bd\\u202e");
  assertEquals(clean("👩🏽\u200d🚀 ❤️\u200d🔥 a\u200db"), "👩🏽\u200d🚀 ❤️\u200d🔥 a\\u200db");
  assertEquals(
    [1.4, 999, 1234, 59_999, 61_000, 3_661_000].map(spoken),
    ["1 ms", "999 ms", "1.2 s", "59.9 s", "1 min 01 s", "1 h 01 min"],
  );
});
