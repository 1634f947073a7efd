/** The ssh action where no server is: a program called `ssh` stands in for the connection. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ssh, type SshOptions } from "deployer-runner/actions/ssh";
import { execute, type ExecutionResult, type Ports } from "deployer-runtime";
import { assertSound } from "../../tests/support/orders.ts";
import { until } from "../../tests/support/until.ts";
import { run as deployer } from "./cli_shell.ts";

const root = mkdtempSync(join(tmpdir(), "ssh-test-"));
after(() => rmSync(root, { recursive: true }));
const LONG = { timeout: 60_000 };

/** What it does with the ready line it was asked for; then it is the other machine's `sh`. */
const READY = 'read -r question; answer=$(eval "$question")';

test("whatever a login prints around the ready line, the command runs", LONG, async () => {
  const logins: Record<string, string> = {
    "behind it, in one write": `printf '%s\\nwelcome\\n' "$answer"`,
    "in front of it, in one write": `printf 'welcome\\n%s\\n' "$answer"`,
    "in front of it, without an end": `printf 'welcome%s\\n' "$answer"`,
    "3 MB in front of it": `head -c 3000000 /dev/zero; echo "$answer"`,
    "in pieces, and characters of several bytes": `printf 'gr\\303'; sleep 0.1; printf '\\274\\303'
      sleep 0.1; printf '\\237%s' "\${answer%??????}"; sleep 0.1; echo "\${answer#"\${answer%??????}"}"`,
  };
  for (const [what, login] of Object.entries(logins)) {
    const result = await run(`${READY}; ${login}; exec sh`, ["sh", "-c", "echo done; exit 3"]);
    assert(result.status === "FAILED", what);
    const { message, props } = result.trace.rawError as Thrown;
    assertEquals([message, props?.stdout?.end], ["sh ended with code 3 on web1", "done\n"], what);
  }
});

test(
  "what stands between the lines of its script is never taken for one of them",
  LONG,
  async () => {
    const logins: Record<string, string> = {
      "before the command has ended": `(sleep 0.3; echo 'exit 0'; echo 'refused it') &`,
      "before it has begun": "echo 'exit 0'; echo 'stdout 1000';",
      "in front of one, without an end": "printf 'exit 0 ';",
    };
    for (const [what, login] of Object.entries(logins)) {
      const result = await run(`${READY}; echo "$answer"; ${login} exec sh`, [
        ...["sh", "-c", "sleep 0.6; echo done; exit 3"],
      ]);
      assert(result.status === "FAILED", what);
      const { message, props } = result.trace.rawError as Thrown;
      assertEquals([message, props?.stdout?.end], ["sh ended with code 3 on web1", "done\n"], what);
    }
  },
);

test("another side that repeats what it hears is sent no command", LONG, async () => {
  const result = await run("head -n 1", ["sh", "-c", "true\nexit 0\n"]);
  assert(result.status === "FAILED");
  assertEquals(
    (result.trace.rawError as Thrown).message,
    "ssh ended before anything was run: it said nothing",
  );
});

test("a command that takes back what it has printed still ends as it ended", LONG, async () => {
  const script =
    "i=0; while [ $((i += 1)) -lt 3000 ]; do echo exit 0; : >/dev/stdout; done; exit 5";
  const result = await run(`${READY}; echo "$answer"; exec sh`, ["sh", "-c", script]);
  assert(result.status === "FAILED");
  assertEquals((result.trace.rawError as Thrown).message, "sh ended with code 5 on web1");
});

test("what is printed through /dev/stdout arrives like the rest", LONG, async () => {
  const script = "echo one; echo two >>/dev/stdout; echo three; sleep 0.5; echo 4 >/dev/stdout";
  const result = await run(`${READY}; echo "$answer"; exec sh`, ["sh", "-c", script]);
  assert(result.status === "APPLIED");
  assertEquals((result.trace.rawResult as Evidence).stdout?.end, "one\ntwo\nthree\n4\n");
});

test("a process that ssh has left with its output open holds nobody", LONG, async () => {
  const cases: [login: string, status: string][] = [
    [`${READY}; echo "$answer"; exec sh`, "APPLIED"],
    ["exit 255", "FAILED"], // When the Runner asks to stop.
    [`${READY}; echo "$answer"`, "UNKNOWN"],
  ];
  for (const [login, status] of cases) {
    const file = join(fresh(), "processes");
    const stop = new AbortController();
    const running = run(`sleep 50 & echo "$$ $!" >${file}; ${login}`, ["true"], {
      stop: stop.signal,
    });
    const processes = () => readFileSync(file, "utf8").split(" ").map(Number) as [number, number];
    await until(() => existsSync(file) && processes().length === 2 && !isAlive(processes()[0]));
    stop.abort(new Error("Ctrl-C"));
    const result = await running;
    assertEquals(result.status, status, login);
    const [, left] = processes();
    assert(isAlive(left), login);
    process.kill(left);
  }
});

test("what cannot be run is told without what the Runner set", LONG, async () => {
  const secret = ["-o", "ProxyCommand=connect s3cr3t"];
  const long = ["-o", "s3cr3t".repeat(40_000)];
  const plain = `${READY}; echo "$answer"; exec sh`;
  const cases: [string | undefined, Partial<SshOptions>, string][] = [
    [undefined, { options: secret }, "cannot run ssh: no such file or directory (ENOENT)"],
    [plain, { options: long }, "cannot run ssh: argument list too long (E2BIG)"],
    [
      plain,
      { cwd: "/s3cr3t" },
      "web1 ran nothing: the folder that the Runner set cannot be entered",
    ],
  ];
  for (const [login, options, message] of cases) {
    const result = await run(login, ["true"], options);
    assert(result.status === "FAILED");
    assertEquals((result.trace.rawError as Thrown).message, message);
    assert(!JSON.stringify(result).includes("s3cr3t"));
  }
  for (
    const [name, options] of Object.entries({
      "env.TOKEN": { env: { TOKEN: "s3cr3t\0" } },
      "cwd": { cwd: "/s3cr3t\0" },
      "options": { options: ["s3cr3t\0"] },
      "markers": { markers: "s3cr3t\0" },
    })
  ) {
    const { message } = assertThrows(() => ssh({ output: root, ...options }), TypeError);
    assert(message.startsWith(`cannot use ${name}: expected a string without NUL`), message);
    assert(!message.includes("s3cr3t"));
  }
});

test("no descriptor is left where ssh cannot be started", LONG, async () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const start = () => run("", ["true"], { options: ["-o", "x".repeat(200_000)] });
  await start(); // What the runtime opens once, it has opened.
  const before = open();
  for (let i = 0; i < 20; i++) assertEquals((await start()).status, "FAILED");
  assert(open() < before + 10, `${open() - before} more`);
});

test(
  "output and marker are their owner's alone; the command has the umask that it had",
  LONG,
  async () => {
    const output = join(fresh(), "output");
    const markers = join(fresh(), "markers");
    const before = process.umask(0o022);
    try {
      const login = `umask 027; ${READY}; echo "$answer"; exec sh`;
      const result = await run(login, ["sh", "-c", "umask"], { output, markers });
      assert(result.status === "APPLIED");
      const { stdout, marker } = result.trace.rawResult as Evidence;
      assertEquals(Number(stdout?.end), 27);
      const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
      const modes = (path: string) => readdirSync(path).map((name) => mode(join(path, name)));
      assertEquals([mode(output), ...modes(output)], ["700", "600", "600", "600", "600"]);
      assertEquals(readFileSync(join(output, ".gitignore"), "utf8"), "*\n");
      assertEquals([mode(markers), mode(marker), ...modes(marker)], [
        ...["700", "700"],
        ...["600", "600", "600", "600"],
      ]);
    } finally {
      process.umask(before);
    }
  },
);

test("a command that printed more than it may and ended at once is UNKNOWN", LONG, async () => {
  const login = `${READY}; echo "$answer"; exec sh`;
  for (const script of ["head -c 5000000 /dev/zero", "head -c 5000000 /dev/zero >&2 & wait"]) {
    const result = await run(login, ["sh", "-c", script], { maxOutput: 1000 });
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    assertEquals((result.trace.rawError as Evidence).exceeded, true);
  }
});

test("nothing is started where the stop, or the giving up, came before", async () => {
  for (const kind of ["stop", "signal"] as const) {
    const output = fresh();
    const controller = new AbortController();
    const action = ssh({ output, ...kind === "stop" && { stop: controller.signal } });
    controller.abort(new Error("too late"));
    const input = { host: "web1", program: "true" };
    const scope = {
      context: { executionId: "e", runner: "r" },
      unproven: () => undefined as never,
    };
    const signal = kind === "signal" ? controller.signal : undefined;
    const order = { orderId: "x", action: { name: "ssh", input } };
    const error = await Promise.resolve(action(order, { ...scope, signal })).catch((e) => e);
    assertEquals((error as Error).message, "too late");
    assertEquals(readdirSync(output), []);
  }
});

test("why it was ended is recorded: a stop, and giving up", LONG, async () => {
  const login = `${READY}; echo "$answer"; exec sh`;
  const up = join(fresh(), "up");
  const stop = new AbortController();
  const giveUp = new AbortController();
  const script = `trap '' TERM; : >${up}; for i in $(seq 100); do sleep 0.05; done`;
  const ports = { signal: giveUp.signal };
  const running = run(login, ["sh", "-c", script], { stop: stop.signal, ports });
  await until(() => statSync(up, { throwIfNoEntry: false }) !== undefined);
  stop.abort(new Error("Ctrl-C"));
  giveUp.abort("SIGHUP");
  const result = await running;
  assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
  const { stopped, gaveUp } = result.trace.rawError as Evidence;
  assertEquals([stopped, gaveUp], ["Ctrl-C", "SIGHUP"]);
});

test("a connection that is lost is told as that", LONG, async () => {
  const cases = {
    [`${READY}; echo "$answer"; echo "\${answer#ready } started"`]:
      "the connection to web1 was lost after the command had begun",
    [`${READY}; echo "$answer"`]:
      "the connection to web1 was lost, and nobody knows whether the command had begun",
  };
  for (const [login, words] of Object.entries(cases)) {
    const ended = await withSsh(
      login,
      () => deployer(["ssh", "web1", "--ledger", fresh(), "--", "true"]),
    );
    assertEquals(ended.code, 30, ended.stderr);
    assertStringIncludes(ended.stderr, `: web1: true: ${words}\n`);
    assertEquals(JSON.parse(ended.stdout).trace.rawError.lost, true);
  }
});

test("show tells the verdict of a look at a command that printed much", LONG, async () => {
  const ledger = fresh();
  const home = fresh();
  const at = ["--ledger", ledger];
  const lost =
    `export HOME=${home}; cd; ${READY}; echo "$answer"; echo started; exec sh >/dev/null`;
  const much = ["sh", "-c", "for i in $(seq 300); do echo é $i; done"];
  const first = await withSsh(lost, () => deployer(["ssh", "web1", ...at, "--", ...much]));
  assertEquals(first.code, 30, first.stderr);
  const { look } = JSON.parse(first.stdout).trace.rawError;
  const stdin = JSON.stringify({ orderId: "look", action: { name: "ssh", input: look } });
  const found = `export HOME=${home}; cd; ${READY}; echo "$answer"; exec sh`;
  const looked = await withSsh(found, () => deployer(["run", ...at, "-"], { stdin }));
  assertEquals(looked.code, 0, looked.stderr);
  const { stdout } = await deployer(["show", ...at, "look"], {
    terminal: true,
    env: { NO_COLOR: "1" },
  });
  const lines = stdout.slice(stdout.indexOf("stdout  ")).split("\n");
  assertEquals(lines[1], "  │ ended 0");
  assert(lines.some((line) => line.endsWith(" between")), stdout);
  assert(lines.includes("  │ é 300"), stdout);
});

test("a time-out is told as one", LONG, async () => {
  const { code, stderr } = await deployer([
    ...["exec", "--ledger", fresh(), "--timeout", "300ms", "--", "sleep", "60"],
  ]);
  assertEquals(code, 30);
  const words =
    "it was asked to stop (the action was not done within 300 ms); it was ended by SIGTERM";
  assertStringIncludes(stderr, `: sleep 60: ${words}\n`);
});

interface Output {
  file: string;
  bytes?: number;
  end?: string;
}

interface Evidence {
  marker: string;
  exceeded?: true;
  stopped?: string;
  gaveUp?: string;
  stdout?: Output;
}

interface Thrown {
  message: string;
  props?: Evidence;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function fresh(): string {
  return mkdtempSync(join(root, "case-"));
}

/** Does something where `ssh` is a script, or no program at all. */
async function withSsh<Value>(script: string | undefined, work: () => Promise<Value>) {
  const folder = fresh();
  const path = process.env.PATH ?? "";
  if (script !== undefined) {
    writeFileSync(join(folder, "ssh"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  process.env.PATH = script === undefined ? folder : `${folder}:${path}`;
  try {
    return await work();
  } finally {
    process.env.PATH = path;
  }
}

let orders = 0;

async function run(
  script: string | undefined,
  [program = "", ...args]: string[],
  { ports = {}, ...options }: Partial<SshOptions> & { ports?: Ports } = {},
): Promise<ExecutionResult> {
  const action = ssh({ output: fresh(), markers: join(fresh(), "markers"), ...options });
  const input = { host: "web1", program, args };
  const order = { orderId: `order ${orders++}`, action: { name: "ssh", input } };
  const context = { executionId: "e", runner: "r" };
  const result = await withSsh(script, () => execute(order, context, action, ports));
  assertSound(result);
  return result;
}
