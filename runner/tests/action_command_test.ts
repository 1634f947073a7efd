/** The command action, on real processes. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { command, type CommandOptions, type CommandOrder } from "deployer-runner/actions/command";
import { execute, type ExecutionResult, type Ports } from "deployer-runtime";
import { testCases } from "../../tests/support/action_cases.ts";
import { assertSound } from "../../tests/support/orders.ts";
import { until } from "../../tests/support/until.ts";

const root = mkdtempSync(join(tmpdir(), "command-test-"));
after(() => rmSync(root, { recursive: true }));
const LONG = { timeout: 30_000 };

testCases("command", {
  "it ends with code 0": () => run(mkdtempSync(join(root, "case-")), ["true"]),
  "it ends with another code": () => run(mkdtempSync(join(root, "case-")), ["false"]),
  "there is no such program, or its folder is not": async () => {
    const folder = mkdtempSync(join(root, "case-"));
    const cwd = join(root, "none-such");
    assertEquals((await run(folder, ["true"], {}, { cwd })).status, "FAILED");
    return run(folder, ["no-such-program"]);
  },
  "its input is no command line": () => run(mkdtempSync(join(root, "case-")), ["echo", "a\0b"]),
  "a signal ends it": () => run(mkdtempSync(join(root, "case-")), ["sh", "-c", "kill -9 $$"]),
  "it prints more than it may": () =>
    run(mkdtempSync(join(root, "case-")), ["yes"], {}, { maxOutput: 1000 }),
  "the Runner gives up": async () => {
    const folder = mkdtempSync(join(root, "case-"));
    const giveUp = new AbortController();
    const running = run(folder, ["sh", "-c", "echo up; sleep 60"], { signal: giveUp.signal });
    await printed(folder);
    giveUp.abort();
    return running;
  },
});

test("a command that ends with code 0 is APPLIED, and what it printed is the evidence", async () => {
  const folder = mkdtempSync(join(root, "case-"));
  const result = await run(folder, ["sh", "-c", "echo done; echo careful >&2"]);
  assert(result.status === "APPLIED");
  const file = (stream: string) => join(folder, `${sha256("x").slice(0, 16)}.${stream}`);
  assertEquals(result.trace.rawResult, {
    exitCode: 0,
    endedBy: null,
    judgement: { success: [0], unproven: [] },
    stdout: { file: file("stdout"), bytes: 5, end: "done\n", sha256: sha256("done\n") },
    stderr: { file: file("stderr"), bytes: 8, end: "careful\n", sha256: sha256("careful\n") },
  });
  assertEquals(readFileSync(file("stdout"), "utf8"), "done\n");
});

test("a command that ends with another code is FAILED, with the code and the end of its output", async () => {
  const result = await run(mkdtempSync(join(root, "case-")), ["sh", "-c", "echo no >&2; exit 3"]);
  assert(result.status === "FAILED");
  const { message, props } = result.trace.rawError as Thrown;
  assertEquals(message, "sh ended with code 3");
  assertEquals([props.exitCode, props.stderr?.end], [3, "no\n"]);
});

test("a command that was killed is UNKNOWN, with what it had printed", async () => {
  const result = await run(mkdtempSync(join(root, "case-")), ["sh", "-c", "echo half; kill -9 $$"]);
  assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
  const { endedBy, stdout } = result.trace.rawError as Evidence;
  assertEquals([endedBy, stdout?.end], ["SIGKILL", "half\n"]);
});

test("a program that is not there, or is none, is FAILED: nothing was done", async () => {
  const none = join(root, "none");
  writeFileSync(none, "not a program");
  for (const [program, code] of [["no-such-program", "ENOENT"], [none, "EACCES"]] as const) {
    const result = await run(mkdtempSync(join(root, "case-")), [program]);
    assert(result.status === "FAILED");
    assertEquals((result.trace.rawError as Thrown).code, code);
  }
});

test("of 5 MB of output the result holds sizes, hashes and the end, and a file holds all", async () => {
  const folder = mkdtempSync(join(root, "case-"));
  const result = await run(folder, ["sh", "-c", "yes | head -c 5000000; echo the end"]);
  assert(result.status === "APPLIED");
  const { stdout } = result.trace.rawResult as Evidence;
  const all = "y\n".repeat(2_500_000) + "the end\n";
  assertEquals([stdout?.bytes, stdout?.sha256], [5_000_008, sha256(all)]);
  assertEquals(stdout?.end, all.slice(-1000));
  assertEquals(readFileSync(stdout?.file as string, "utf8"), all);
  assert(JSON.stringify(result).length < 10_000);
});

test(
  "a command that hangs is killed with its children when the Runner gives up, and has been heard",
  LONG,
  async () => {
    const folder = mkdtempSync(join(root, "case-"));
    const controller = new AbortController();
    const running = run(folder, ["sh", "-c", "sleep 60 & echo $!; trap '' TERM; sleep 60"], {
      signal: controller.signal,
    });
    const line = await printed(folder);
    controller.abort(new Error("too late"));
    const result = await running;
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    const { pid, stdout } = result.trace.rawError as Evidence;
    assertEquals([stdout?.end, stdout?.bytes], [line, line.length]);
    await ended(pid as number);
    await ended(Number(line));
  },
);

test(
  "a command that is asked to stop is heard: how it ends says what came of it",
  LONG,
  async () => {
    const cases = [
      ["trap 'echo cleaned; exit 0' TERM", "APPLIED", "cleaned"],
      ["trap 'echo cannot; exit 4' TERM", "FAILED", "cannot"],
      ["", "UNKNOWN", '"endedBy":"SIGTERM"'],
    ] as const;
    await Promise.all(cases.map(async ([trap, status, evidence]) => {
      const folder = mkdtempSync(join(root, "case-"));
      const stop = new AbortController();
      const running = run(
        folder,
        ["sh", "-c", `${trap}\necho $$; sleep 60 & wait`],
        {},
        { stop: stop.signal },
      );
      await printed(folder);
      stop.abort(new Error("Ctrl-C"));
      const result = await running;
      assertEquals(result.status, status);
      assertMatch(JSON.stringify(result), new RegExp(evidence));
      assertMatch(JSON.stringify(result), /"stopped":"Ctrl-C"/);
    }));
  },
);

test(
  "a command that is asked to stop and goes on is killed when the Runner gives up",
  LONG,
  async () => {
    const folder = mkdtempSync(join(root, "case-"));
    const stop = new AbortController();
    const giveUp = new AbortController();
    const script = "trap 'echo asked' TERM; echo up; while true; do sleep 0.02; done";
    const ports = { signal: giveUp.signal };
    const running = run(folder, ["sh", "-c", script], ports, { stop: stop.signal });
    await printed(folder);
    stop.abort();
    await printed(folder, 2);
    giveUp.abort();
    const result = await running;
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    const { pid, stdout } = result.trace.rawError as Evidence;
    assertEquals(stdout?.end, "up\nasked\n");
    await ended(pid as number);
  },
);

test("the output of one order is never written over that of another, nor over its own", async () => {
  const folder = mkdtempSync(join(root, "case-"));
  for (const orderId of ["../../x", "a/b"]) {
    assertEquals((await run(folder, ["echo", orderId], {}, {}, orderId)).status, "APPLIED");
  }
  assertEquals((await run(folder, ["echo", "again"], {}, {}, "a/b")).status, "FAILED");
  assertEquals(readdirSync(folder).length, 4);
});

test("what a command prints through /dev/stdout stands beside what it prints itself", async () => {
  const script = "echo one; echo two >>/dev/stdout; echo three";
  const result = await run(mkdtempSync(join(root, "case-")), ["sh", "-c", script]);
  assert(result.status === "APPLIED");
  assertEquals((result.trace.rawResult as Evidence).stdout?.end, "one\ntwo\nthree\n");
});

test("a command that takes its own output away still ends as it ended", LONG, async () => {
  const folder = mkdtempSync(join(root, "case-"));
  const result = await run(folder, ["rm", "-r", folder]);
  assert(result.status === "APPLIED");
  assertMatch(JSON.stringify(result.trace.rawResult), /"exitCode":0.*"unreadable":".*ENOENT/);

  const again = mkdtempSync(join(root, "case-"));
  const giveUp = new AbortController();
  const ports = { signal: giveUp.signal };
  const hanging = run(again, ["sh", "-c", `trap '' TERM; rm -r ${again}; sleep 60`], ports);
  await until(() => !existsSync(again));
  giveUp.abort();
  const { status, trace } = await hanging;
  assertEquals([status, trace.settlement], ["UNKNOWN", "UNPROVEN"]);
});

test("folder and environment are the Runner's, and are not recorded", async () => {
  const folder = mkdtempSync(join(root, "case-"));
  const cwd = realpathSync(root);
  const options = { cwd, env: { GREETING: "it's $HOME" } };
  const script = 'pwd; echo "$GREETING"; test -n "$PATH"';
  const result = await run(folder, ["sh", "-c", script], {}, options);
  assert(result.status === "APPLIED");
  const { stdout } = result.trace.rawResult as Evidence;
  assertEquals(stdout?.end, `${cwd}\nit's $HOME\n`);
  const { stdout: _printed, ...rest } = result.trace.rawResult as unknown as Record<string, object>;
  assert(!/GREETING":|it's|cwd/.test(JSON.stringify({ ...result, trace: rest })));
});

test("what is not run is told in words of ours, without what the Runner set", LONG, async () => {
  const file = join(root, "a-file");
  const none = join(root, "none");
  writeFileSync(file, "");
  writeFileSync(none, "not a program");
  const long = "s3cr3t".repeat(40_000);
  const cases: [string[], Partial<CommandOptions>, string, string][] = [
    [["true"], { cwd: join(root, "s3cr3t") }, "in the folder that the Runner set", "ENOENT"],
    [["true"], { cwd: file }, "in the folder that the Runner set", "ENOTDIR"],
    [["no-such-program"], { env: { TOKEN: "s3cr3t" } }, "no-such-program", "ENOENT"],
    [[none], {}, none, "EACCES"],
    [["true"], { env: { TOKEN: long } }, "true", "E2BIG"],
  ];
  for (const [words, options, what, code] of cases) {
    const result = await run(mkdtempSync(join(root, "case-")), words, {}, options);
    assert(result.status === "FAILED");
    const { message, code: recorded, props, stack: _, ...rest } = result.trace.rawError as Thrown;
    assert(message.startsWith(`cannot run ${what}: `), message);
    assert(message.endsWith(`(${code})`), message);
    assertEquals(recorded, code);
    assertEquals(rest, { $js: "error", class: "Error", name: "Error" });
    assert(Object.keys(props ?? {}).every((name) => name === "syscall"), JSON.stringify(props));
    assert(!JSON.stringify(result).includes("s3cr3t"));
    if (options.cwd) assert(!JSON.stringify(result).includes(options.cwd));
  }
  const taken = mkdtempSync(join(root, "case-"));
  await run(taken, ["true"]);
  const again = await run(taken, ["true"]);
  assertEquals(
    (again.trace as { rawError?: Thrown }).rawError?.message,
    "cannot make the files of its output: file exists (EEXIST)",
  );
});

test("a command starts, and prints, where its action was made to, also where the process is elsewhere", async () => {
  const home = mkdtempSync(join(root, "home-"));
  const elsewhere = mkdtempSync(join(root, "else-"));
  const before = process.cwd();
  process.chdir(home);
  const action = command({ output: "out", cwd: ".", maxOutput: 1000 });
  const input = { program: "sh", args: ["-c", "touch here; read _ < go; yes"] };
  const order = { orderId: "x", action: { name: "command", input } };
  execFileSync("mkfifo", ["go"]);
  process.chdir(elsewhere);
  try {
    const running = execute(order, { executionId: "e", runner: "r" }, action);
    await until(() => existsSync(join(home, "here")));
    writeFileSync(join(home, "go"), "\n");
    const result = await running;
    assert(result.status === "UNKNOWN", "it printed more than it may, and was seen to");
    assertEquals(readdirSync(elsewhere), []);
  } finally {
    process.chdir(before);
  }
});

test("a setting that no process can be given is refused at once, without its value", () => {
  const cases: [Partial<CommandOptions>, string][] = [
    [{ env: { TOKEN: "s3cr3t\0x" } }, "env.TOKEN: expected a string without NUL"],
    [{ env: { "A=B": "s3cr3t" } }, "env: expected names"],
    [{ env: { "": "s3cr3t" } }, "env: expected names"],
    [{ cwd: "/s3cr3t\0" }, "cwd: expected a string without NUL"],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(() => command({ output: root, ...options }), TypeError);
    assert(error.message.startsWith(`cannot use ${message}`), error.message);
    assert(!error.message.includes("s3cr3t"));
  }
});

test("no descriptor is left of programs that cannot be started", LONG, async () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const folder = mkdtempSync(join(root, "case-"));
  const start = () => run(folder, ["true", "x".repeat(200_000)], {}, {}, `${Math.random()}`);
  await start(); // What the runtime opens once, it has opened.
  const before = open();
  for (let i = 0; i < 20; i++) assertEquals((await start()).status, "FAILED");
  assert(open() < before + 10, `${open() - before} more`);
});

test("size, hash and end are of the same bytes while children still write", LONG, async () => {
  const writer = "(while :; do echo more; done) & echo $! >&2";
  for (let i = 0; i < 3; i++) {
    const folder = mkdtempSync(join(root, "case-"));
    const result = await run(folder, ["sh", "-c", `${writer}; ${writer}; ${writer}; sleep 0.1`]);
    assert(result.status === "APPLIED");
    const { stdout, stderr } = result.trace.rawResult as Evidence;
    const children = stderr?.end.trim().split("\n").map(Number) ?? [];
    assertEquals(children.length, 3);
    for (const child of children) process.kill(child, "SIGKILL");
    const first = readFileSync(stdout?.file as string).subarray(0, stdout?.bytes);
    assertEquals(stdout?.sha256, createHash("sha256").update(first).digest("hex"));
    assertEquals(stdout?.end, first.toString().slice(-1000));
  }
});

test("no cut is inside of a character, and what is cut has its beginning too", LONG, async () => {
  const cases: [printed: Uint8Array, start: string | undefined, end: string][] = [
    ["x".repeat(1000), undefined, "x".repeat(1000)],
    ["é".repeat(500) + "x", "é".repeat(100), "é".repeat(499) + "x"],
    ["x" + "é".repeat(600), "x" + "é".repeat(99), "é".repeat(500)],
    ["xyz" + "🚀".repeat(300), "xyz" + "🚀".repeat(49), "🚀".repeat(250)],
    ["🚀".repeat(300) + "x", "🚀".repeat(50), "🚀".repeat(249) + "x"],
    ["🚀".repeat(300) + "xy", "🚀".repeat(50), "🚀".repeat(249) + "xy"],
    ["🚀".repeat(300) + "xyz", "🚀".repeat(50), "🚀".repeat(249) + "xyz"],
  ].map(([text, ...rest]) => [new TextEncoder().encode(text), ...rest] as [Uint8Array, ...string[]])
    .concat([ // What is no text stays what the decoder makes of it.
      [new Uint8Array([0x80, 0x41]), undefined, "\ufffdA"],
      [new Uint8Array(2000).fill(0x80), "\ufffd".repeat(200), "\ufffd".repeat(997)],
    ] as never) as never;
  for (const [printed, start, end] of cases) {
    const folder = mkdtempSync(join(root, "case-"));
    writeFileSync(join(folder, "printed"), printed);
    const result = await run(folder, ["cat", join(folder, "printed")]);
    assert(result.status === "APPLIED");
    const { stdout } = result.trace.rawResult as Evidence;
    assertEquals([stdout?.start, stdout?.end], [start, end]);
  }
  // The value that a refusal names, too.
  const order = { orderId: "x", action: { name: "command", input: "x".repeat(98) + "🚀" } };
  const action = command({ output: root });
  const refused = await execute(order as never, { executionId: "e", runner: "r" }, action);
  assert(refused.status === "FAILED");
  assertEquals(
    (refused.trace.rawError as Thrown).message,
    `cannot use action.input: expected an object, received "${"x".repeat(98)}…`,
  );
});

test("a command that puts a FIFO in the place of its output holds nobody", LONG, async () => {
  const folder = mkdtempSync(join(root, "case-"));
  const script = `cd "$1" && for file in *; do rm "$file" && mkfifo "$file"; done`;
  const result = await run(folder, ["sh", "-c", script, "sh", folder]);
  assert(result.status === "APPLIED");
  const { stdout } = result.trace.rawResult as unknown as { stdout: { unreadable: string } };
  assertEquals(stdout.unreadable, "it is no file any more");
});

test("nothing is started where the stop, or the giving up, came before", async () => {
  for (const kind of ["stop", "signal"] as const) {
    const folder = mkdtempSync(join(root, "case-"));
    const controller = new AbortController();
    const action = command({ output: folder, ...kind === "stop" && { stop: controller.signal } });
    controller.abort(new Error("too late"));
    const order = { orderId: "x", action: { name: "command", input: { program: "true" } } };
    const scope = {
      context: { executionId: "e", runner: "r" },
      unproven: () => undefined as never,
    };
    const signal = kind === "signal" ? controller.signal : undefined;
    const error = await Promise.resolve(action(order, { ...scope, signal })).catch((e) => e);
    assertEquals((error as Error).message, "too late");
    assertEquals(readdirSync(folder), []);
  }
});

test("a folder of outputs is its owner's alone, and git leaves it out", async () => {
  const before = process.umask(0o022);
  try {
    const folder = join(mkdtempSync(join(root, "case-")), "a/b");
    assertEquals((await run(folder, ["true"])).status, "APPLIED");
    const mode = (name: string) => (statSync(join(folder, name)).mode & 0o777).toString(8);
    assertEquals([mode("."), mode(".."), ...readdirSync(folder).map(mode)], [
      ...["700", "700"],
      ...["600", "600", "600"],
    ]);
    assertEquals(readFileSync(join(folder, ".gitignore"), "utf8"), "*\n");
    assertEquals(readdirSync(join(folder, "..")), ["b"]);
  } finally {
    process.umask(before);
  }
});

test("why a command was ended is part of what is recorded", LONG, async () => {
  const folder = mkdtempSync(join(root, "case-"));
  const stop = new AbortController();
  const giveUp = new AbortController();
  const running = run(
    folder,
    ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"],
    { signal: giveUp.signal },
    { stop: stop.signal },
  );
  await printed(folder);
  stop.abort(new Error("the time is up"));
  giveUp.abort("SIGHUP");
  const result = await running;
  assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
  const { stopped, gaveUp } = result.trace.rawError as Evidence;
  assertEquals([stopped, gaveUp], ["the time is up", "SIGHUP"]);
});

test("what an exit code says is the Runner's judgement, and is part of the evidence", async () => {
  const options = { success: [0, 2], unproven: [7, 75] };
  const cases = { 0: "APPLIED", 2: "APPLIED", 1: "FAILED", 7: "UNKNOWN", 75: "UNKNOWN" };
  for (const [code, status] of Object.entries(cases)) {
    const folder = mkdtempSync(join(root, "case-"));
    const result = await run(folder, ["sh", "-c", `exit ${code}`], {}, options);
    assertEquals(result.status, status, code);
    assert(JSON.stringify(result).includes(`"judgement":${JSON.stringify(options)}`));
  }
  const none = await run(mkdtempSync(join(root, "case-")), ["true"], {}, { success: [] });
  assertEquals(none.status, "FAILED");
});

test("a judgement that contradicts itself, or names no exit code, is refused at once", () => {
  const cases = [
    [{ unproven: [0] }, "cannot judge exit code 0: it is both a success and unproven"],
    [{ success: [256] }, "cannot judge exit code 256: expected an integer from 0 to 255"],
    [{ unproven: [1.5] }, "cannot judge exit code 1.5: expected an integer from 0 to 255"],
  ] as const;
  for (const [judgement, message] of cases) {
    assertThrows(() => command({ output: root, ...judgement }), RangeError, message);
  }
});

test(
  "a command that prints more than it may is killed, UNKNOWN, with what it had printed",
  LONG,
  async () => {
    for (const to of ["", ">&2"]) {
      const script = `echo $$ ${to}; while :; do echo more ${to}; done`;
      const folder = mkdtempSync(join(root, "case-"));
      const result = await run(folder, ["sh", "-c", script], {}, { maxOutput: 1000 });
      assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
      const evidence = result.trace.rawError as Evidence;
      assertEquals([evidence.exceeded, evidence.endedBy], [true, "SIGKILL"]);
      const { file, bytes = 0 } = (to === "" ? evidence.stdout : evidence.stderr) as Output;
      assert(bytes > 1000);
      await ended(parseInt(readFileSync(file, "utf8")));
    }
    // All at once, and by a child: it has ended before anybody could look.
    for (const script of ["head -c 5000000 /dev/zero", "head -c 5000000 /dev/zero & wait"]) {
      const folder = mkdtempSync(join(root, "case-"));
      const result = await run(folder, ["sh", "-c", script], {}, { maxOutput: 1000 });
      assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
      const { exceeded, stdout } = result.trace.rawError as Evidence;
      assertEquals([exceeded, stdout?.bytes], [true, 5_000_000]);
    }
    const within = { maxOutput: 1234 };
    const script = "head -c 1000 /dev/zero; sleep 0.3";
    const result = await run(mkdtempSync(join(root, "case-")), ["sh", "-c", script], {}, within);
    assertEquals(result.status, "APPLIED");
    assert(!JSON.stringify(result).includes("1234"), "the limit is not recorded");
  },
);

test("a command that gets the terminal stays in the Runner's process group, and has no files", async () => {
  const output = join(root, "no-output");
  const group = (pid: string) => `$(cut -d ' ' -f 5 /proc/${pid}/stat)`;
  const script = `test ${group("$$")} = ${group(String(process.pid))}`;
  const result = await run(output, ["sh", "-c", script], {}, { tty: true });
  assert(result.status === "APPLIED", JSON.stringify(result.trace));
  const judgement = { success: [0], unproven: [] };
  assertEquals(result.trace.rawResult, { exitCode: 0, endedBy: null, judgement });
  assert(!existsSync(output));

  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), 200);
  const ports = { signal: giveUp.signal };
  const hanging = await run(output, ["sleep", "60"], ports, { tty: true });
  assert(hanging.status === "UNKNOWN" && hanging.trace.settlement === "UNPROVEN");
  await ended((hanging.trace.rawError as Evidence).pid as number);
});

test("input that no command line can hold is refused by name, and leaves nothing", async () => {
  const cases = [
    ["text", 'action.input: expected an object, received "text"'],
    [{}, "action.input.program: expected a string, received nothing"],
    [{ program: "" }, 'action.input.program: expected a string that is not empty, received ""'],
    [{ program: "echo", args: [1] }, "action.input.args[0]: expected a string, received 1"],
    [{ program: "echo", args: "all" }, 'action.input.args: expected an array, received "all"'],
    [
      { program: "echo", args: ["", "a\0"] },
      'action.input.args[1]: expected a string without NUL, received "a\\u0000"',
    ],
    [
      { program: "echo", args: ["\ud800"] },
      'action.input.args[0]: expected a string without lone surrogates, received "\\ud800"',
    ],
    [
      { program: "echo", arg: ["all"] },
      'action.input.arg: expected no field but program, args, received ["all"]',
    ],
  ];
  const folder = mkdtempSync(join(root, "case-"));
  for (const [input, message] of cases) {
    const order = { orderId: "x", action: { name: "command", input } } as CommandOrder;
    const context = { executionId: "e", runner: "r" };
    const result = await execute(order, context, command({ output: folder }));
    assert(result.status === "FAILED");
    assertEquals((result.trace.rawError as Thrown).message, `cannot use ${message}`);
  }
  assertEquals(readdirSync(folder), []);
});

interface Output {
  file: string;
  bytes: number;
  start?: string;
  end: string;
  sha256?: string;
}

interface Evidence {
  pid?: number;
  exitCode?: number;
  endedBy?: string;
  exceeded?: true;
  stopped?: string;
  gaveUp?: string;
  stdout?: Output;
  stderr?: Output;
}

interface Thrown {
  message: string;
  code?: string;
  stack?: string;
  props: Evidence;
}

async function run(
  folder: string,
  [program = "", ...args]: string[],
  ports: Ports = {},
  options: Partial<CommandOptions> = {},
  orderId = "x",
): Promise<ExecutionResult> {
  const order = { orderId, action: { name: "command", input: { program, args } } };
  const context = { executionId: "e", runner: "r" };
  const result = await execute(order, context, command({ output: folder, ...options }), ports);
  assertSound(result);
  return result;
}

/** What it has printed, as soon as that is so many lines. */
async function printed(folder: string, lines = 1): Promise<string> {
  let text = "";
  await until(() => {
    const [name] = readdirSync(folder).filter((name) => name.endsWith("stdout"));
    text = name === undefined ? "" : readFileSync(join(folder, name), "utf8");
    return text.split("\n").length > lines;
  });
  return text;
}

/** Waits until a process has ended: it is gone, or a zombie that nobody has buried yet. */
async function ended(pid: number): Promise<void> {
  await until(() => {
    try {
      return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
    } catch {
      return true;
    }
  });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
