/** The ssh action, against a real sshd: what is told here, beside what was done there. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ssh, type SshOptions, type SshOrder } from "deployer-runner/actions/ssh";
import { execute, type ExecutionResult, type Ports } from "deployer-runtime";
import { LOOK, script } from "../../actions/remote.ts";
import { testCases } from "../../../tests/support/action_cases.ts";
import { assertSound } from "../../../tests/support/orders.ts";
import { until } from "../../../tests/support/until.ts";
import { freePort } from "../../../tests/support/port.ts";
import { HOST, openWire, type Sshd, startSshd, type Wire } from "./sshd.ts";

let sshd: Sshd;
const wires: Wire[] = [];
before(async () => void (sshd = await startSshd()));
after(() => {
  wires.forEach((wire) => wire.close());
  sshd.stop();
});
const LONG = { timeout: 60_000 };

/** What silence is found out by after two seconds. */
const IMPATIENT = ["-oServerAliveInterval=1", "-oServerAliveCountMax=2"];

testCases("ssh", {
  "it ends with code 0": async () => {
    const result = await run(["sh", "-c", "echo done; echo careful >&2"]);
    assert(result.status === "APPLIED");
    const { stdout, stderr, ...rest } = result.trace.rawResult as Evidence;
    assertEquals([stdout?.end, stderr?.end], ["done\n", "careful\n"]);
    assertEquals(stdout?.sha256, sha256("done\n"));
    const marker = join(sshd.folder, "markers", nameOf(result.orderId));
    const judgement = { success: [0], unproven: [] };
    assertEquals(rest, { host: HOST, marker, phase: "ended", exitCode: 0, judgement });
    assertEquals(readFileSync(join(marker, "stdout"), "utf8"), "done\n");
    return result;
  },
  "it ends with another code, with 255 too": async () => {
    const with3 = await run(["sh", "-c", "echo no >&2; exit 3"]);
    assert(with3.status === "FAILED");
    const { message, props } = errorOf<Thrown>(with3);
    assertEquals([message, props.exitCode], [`sh ended with code 3 on ${HOST}`, 3]);
    assertEquals(props.stderr?.end, "no\n");
    const with255 = await run(["sh", "-c", "exit 255"]);
    assertEquals(errorOf<Thrown>(with255).props.exitCode, 255);
    return with255;
  },
  "there is no such program there": async () => {
    const result = await run(["no-such-program"]);
    const { exitCode, stderr } = errorOf<Thrown>(result).props;
    assertEquals(exitCode, 127);
    assertMatch(stderr?.end as string, /no-such-program: No such file or directory/);
    return result;
  },
  "the key is refused": () =>
    ranNothing(
      { options: ["-i", join(sshd.folder, "other"), ...without("-i")] },
      /Permission denied/,
    ),
  "the host is not known, or its name is not found": async () => {
    const unknown = `-oUserKnownHostsFile=${join(sshd.folder, "none")}`;
    await ranNothing({ options: [unknown, ...sshd.options()] }, /Host key verification failed/);
    return ranNothing({ host: "nowhere.invalid" }, /Could not resolve hostname/);
  },
  "nobody listens": async () =>
    ranNothing({ options: sshd.options(await freePort()) }, /Connection refused/),
  "the host answers with silence, or ends before the command was sent": async () => {
    const silent = await wire(0);
    const options = [...sshd.options(silent.port), "-oConnectTimeout=1"];
    await ranNothing({ options }, /timed out/);
    const ending = await wire(1000, true);
    return ranNothing({ options: sshd.options(ending.port) }, /./);
  },
  "its folder is not there": async () => {
    const effect = freshFile();
    const result = await run(["touch", effect], { cwd: "/none" });
    assertEquals(
      errorOf<Thrown>(result).message,
      "127.0.0.1 ran nothing: the folder that the Runner set cannot be entered",
    );
    assert(!existsSync(effect));
    return result;
  },
  "the order was there before": async () => {
    const effect = freshFile();
    const first = await run(["sh", "-c", `echo once >>${effect}`]);
    assertEquals(first.status, "APPLIED");
    const again = await run(["sh", "-c", `echo twice >>${effect}`], { orderId: first.orderId });
    assertMatch(errorOf<Thrown>(again).message, /ran nothing: .*File exists/);
    assertEquals(readFileSync(effect, "utf8"), "once\n");
    return again;
  },
  "a signal ends it there": async () => {
    const result = await run(["sh", "-c", "echo half; kill -9 $$"]);
    const { exitCode, endedBy, stdout } = errorOf<Evidence>(result);
    assertEquals([exitCode, endedBy, stdout?.end], [137, "SIGKILL", "half\n"]);
    return result;
  },
  "the connection breaks while it runs": async () => {
    const result = await lostWhileItRuns(() => sshd.killSessions());
    assertMatch(errorOf<Evidence>(result).ssh?.log.end as string, /closed|broken|reset/i);
    return result;
  },
  "the connection falls silent while it runs": async () => {
    const cuttable = await wire();
    const options = [...sshd.options(cuttable.port), ...IMPATIENT];
    const result = await lostWhileItRuns(() => cuttable.cut(), { options });
    assertMatch(errorOf<Evidence>(result).ssh?.log.end as string, /not responding/);
    return result;
  },
  "`ssh` is killed while it runs": () =>
    lostWhileItRuns(() => {
      const pids = execFileSync("pgrep", ["-f", `ssh .*-p ${sshd.port} .*exec sh$`], {
        encoding: "utf8",
      });
      pids.trim().split("\n").forEach((pid) => process.kill(Number(pid), "SIGKILL"));
    }),
  "it prints more than it may": async () => {
    const result = await run(["sh", "-c", "while :; do echo more; done"], { maxOutput: 1000 });
    const { exceeded, endedBy, stdout } = errorOf<Evidence>(result);
    assertEquals([exceeded, endedBy], [true, "SIGKILL"]);
    assert((stdout?.bytes ?? 0) > 1000);
    return result;
  },
  "the Runner gives up": async () => {
    const effect = freshFile();
    const giveUp = new AbortController();
    const script = `trap '' TERM; echo begun >${effect}; sleep 60 & echo $!; wait`;
    const running = run(["sh", "-c", script], { ports: { signal: giveUp.signal } });
    await until(() => existsSync(effect));
    await new Promise((resolve) => setTimeout(resolve, 300)); // What it printed has arrived.
    giveUp.abort();
    const result = await running;
    const evidence = errorOf<Evidence>(result);
    assertEquals(evidence.phase, "started");
    const child = Number(evidence.stdout?.end);
    await until(async () => /^ended 137 KILL\n/.test(await look(evidence)));
    await until(() => isGone(child)); // Its children are killed, too.
    return result;
  },
});

test("nothing is expanded on the way: arguments arrive as they are", LONG, async () => {
  const args = ["$HOME", "`id`", "a b", "'", '"', "\\", "\n", "*", "~", "é", "", "-n", "; exit 3"];
  const result = await run(["printf", "<%s>", ...args]);
  assert(result.status === "APPLIED");
  const { stdout } = result.trace.rawResult as Evidence;
  assertEquals(stdout?.end, args.map((arg) => `<${arg}>`).join(""));
});

test("folder and environment are the Runner's, and are not recorded", LONG, async () => {
  const env = { GREETING: "it's $HOME", d_marker: "mine" };
  const script = 'pwd; echo "$GREETING $d_marker"; tr "\\0" "\\n" </proc/$$/cmdline | wc -l';
  const result = await run(["sh", "-c", script], { cwd: "/usr/bin", env });
  assert(result.status === "APPLIED");
  const { stdout, ...rest } = result.trace.rawResult as Evidence;
  assertEquals(stdout?.end, "/usr/bin\nit's $HOME mine\n3\n");
  assert(!/GREETING":|mine|usr/.test(JSON.stringify(rest)));
  const remote = readFileSync(join(sshd.folder, "log"), "utf8");
  assert(!remote.includes("GREETING"));
  assertThrows(() => ssh({ output: "o", env: { "A B": "" } }), TypeError, 'received "A B"');
});

test("what exit codes say is the Runner's judgement, and is recorded", LONG, async () => {
  const judgement = { success: [0, 2], unproven: [75, 255] };
  for (const [code, status] of [[2, "APPLIED"], [255, "UNKNOWN"], [1, "FAILED"]] as const) {
    const result = await run(["sh", "-c", `exit ${code}`], judgement);
    assertEquals(result.status, status);
    assert(JSON.stringify(result).includes(`"judgement":${JSON.stringify(judgement)}`));
  }
});

test("all of 3 MB on two streams arrives, byte by byte", LONG, async () => {
  const result = await run(["sh", "-c", "head -c 3000000 /bin/bash; head -c 50000 /bin/bash >&2"]);
  assert(result.status === "APPLIED");
  const { stdout, stderr } = result.trace.rawResult as Evidence;
  const [three, little] = ["3000000", "50000"].map((bytes) =>
    sha256(execFileSync("head", ["-c", bytes, "/bin/bash"], { maxBuffer: 1e7 }))
  );
  const bytes = existsSync("/bin/bash") ? readFileSync("/bin/bash").length : 0;
  assertEquals([stdout?.bytes, stderr?.bytes], [Math.min(3_000_000, bytes), 50_000]);
  assertEquals([stdout?.sha256, stderr?.sha256], [three, little]);
});

test("what it prints is here while it runs", LONG, async () => {
  const output = mkdtempSync(join(sshd.folder, "output-"));
  const effect = freshFile();
  const running = run([
    "sh",
    "-c",
    `echo half; for i in $(seq 200); do [ -e ${effect} ] && break; sleep 0.1; done`,
  ], {
    output,
    orderId: "seen",
  });
  const file = join(output, `${nameOf("seen")}.stdout`);
  await until(() => existsSync(file) && readFileSync(file, "utf8") === "half\n");
  execFileSync("touch", [effect]);
  assertEquals((await running).status, "APPLIED");
});

test("a command that leaves a process behind ends when it ends", LONG, async () => {
  const result = await run(["sh", "-c", "sleep 20 & echo $!"]);
  assert(result.status === "APPLIED");
  const { stdout } = result.trace.rawResult as Evidence;
  process.kill(Number(stdout?.end)); // Throws if it is gone.
  assert(result.trace.durationMs < 10_000);
});

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
      const stop = new AbortController();
      const effect = freshFile();
      const script = `${trap}\necho up >${effect}; sleep 60 & wait`;
      const running = run(["sh", "-c", script], { stop: stop.signal });
      await until(() => existsSync(effect));
      stop.abort();
      const result = await running;
      assertEquals(result.status, status);
      assertMatch(JSON.stringify(result), new RegExp(evidence));
    }));
  },
);

test("a stop or a give-up before the command was sent: it is not sent", LONG, async () => {
  const effect = freshFile();
  const silent = await wire(0);
  const options = sshd.options(silent.port);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 200);
  const stopped = await run(["touch", effect], { options, stop: stop.signal });
  assertEquals(stopped.status, "FAILED");

  const ports = { signal: AbortSignal.timeout(200) };
  const alive = setTimeout(() => {}, 10_000); // In Node the signal's timer keeps no process alive.
  const gaveUp = await run(["touch", effect], { options, ports });
  clearTimeout(alive);
  assertEquals(gaveUp.status, "UNKNOWN");
  assertEquals(errorOf<Evidence>(gaveUp).phase, "connecting");
  assert(!existsSync(effect));
});

test("a look at an order that has not begun takes its place: it never will", LONG, async () => {
  const effect = freshFile();
  const giveUp = new AbortController();
  const silent = await wire(0);
  const given = run(["touch", effect], {
    options: sshd.options(silent.port),
    ports: { signal: giveUp.signal },
  });
  setTimeout(() => giveUp.abort(), 200);
  const result = await given;
  const evidence = errorOf<Evidence>(result);
  assertEquals([await look(evidence), await look(evidence)], ["withdrawn\n", "withdrawn\n"]);
  assertEquals((await run(["touch", effect], { orderId: result.orderId })).status, "FAILED");
  assert(!existsSync(effect));
});

test(
  "a look tells of a command whose machine lost it, and of one in the home there",
  LONG,
  async () => {
    const effect = freshFile();
    const giveUp = new AbortController();
    const running = run(["sh", "-c", `echo $PPID >${effect}; echo half; sleep 60`], {
      markers: ".deployer-test",
      ports: { signal: giveUp.signal },
    });
    await until(() => existsSync(effect) && readFileSync(effect, "utf8") !== "");
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(Number(readFileSync(effect, "utf8")), "SIGKILL"); // Who would record its end.
    await new Promise((resolve) => setTimeout(resolve, 300));
    giveUp.abort();
    const result = await running;
    const evidence = errorOf<Evidence>(result);
    const marker = join(homedir(), ".deployer-test", nameOf(result.orderId));
    const pid = readFileSync(join(marker, "pid"), "utf8").trim();
    assertEquals(await look(evidence), `running ${pid}\nstdout:\nhalf\n`);
    process.kill(-Number(pid), "SIGKILL");
    await until(() => isGone(Number(pid)));
    assertEquals(await look(evidence), "unknown\nstdout:\nhalf\n");
    execFileSync("rm", ["-r", join(homedir(), ".deployer-test")]);
  },
);

test("wherever the connection is cut, no status lies about what was done there", LONG, async () => {
  const probe = await wire();
  assertEquals((await run(["true"], { options: sshd.options(probe.port) })).status, "APPLIED");
  const all = probe.sent();
  const seen: Record<string, number> = { FAILED: 0, UNKNOWN: 0 };
  // The last kilobytes are those by which the command is sent.
  const cuts = Array.from({ length: 30 }, (_, i) => all - 6000 + 200 * i);
  for (let i = 0; i < cuts.length; i += 5) {
    await Promise.all(
      cuts.slice(i, i + 5).map(async (bytes) => {
        const effect = freshFile();
        const ending = await wire(bytes, true);
        const result = await run(["touch", effect], { options: sshd.options(ending.port) });
        seen[result.status] = (seen[result.status] ?? 0) + 1;
        const at = `cut after ${bytes} of ${all} bytes`;
        if (result.status === "FAILED") assert(!existsSync(effect), at);
        if (result.status === "APPLIED") assert(existsSync(effect), at);
        if (result.status !== "UNKNOWN") return;
        const said = await look(errorOf<Evidence>(result));
        assertEquals(said, existsSync(effect) ? "ended 0\n" : "withdrawn\n", at);
      }),
    );
  }
  assert((seen.FAILED as number) > 0 && (seen.UNKNOWN as number) > 0, JSON.stringify(seen));
});

test("the other side's sh may be dash, bash, busybox or mksh", LONG, () => {
  for (const shell of [["dash"], ["bash", "--posix"], ["busybox", "sh"], ["mksh"]]) {
    const marker = join(mkdtempSync(join(sshd.folder, "shell-")), "marker");
    const env = { A: "it's" };
    const args = ["-c", 'echo "$A $1"; exit 3', "sh", "a  b"];
    const command = { marker, program: "sh", args, cwd: undefined, env, maxOutput: undefined };
    const [name = "", ...options] = shell;
    const spoken = (input: string) => spawnSync(name, options, { input, encoding: "utf8" }).stdout;
    assertEquals(
      spoken(script(command, "T")),
      "T started\nT stdout 10\nit's a  b\nT exit 3\n",
      name,
    );
    assertMatch(spoken(script(command, "T")), /^T refused .*File exists/, name);
    const killed = { ...command, marker: `${marker}2`, args: ["-c", "kill -9 $$"] };
    assertEquals(spoken(script(killed, "T")), "T started\nT exit 137 KILL\n", name);
    const looking = execFileSync(name, [...options, "-c", LOOK, "look", marker]);
    assertEquals(new TextDecoder().decode(looking), "ended 3\nstdout:\nit's a  b\n", name);
    writeFileSync(join(marker, "stdout"), "é".repeat(500) + "x");
    const cut = execFileSync(name, [...options, "-c", LOOK, "look", marker], { encoding: "utf8" });
    assertEquals(cut, `ended 3\nstdout:\n${"é".repeat(499)}x`, name);
    const whole = script({ ...command, marker: `${marker}3` }, "T");
    for (let end = whole.length - 2; end > whole.length - 200; end -= 3) {
      assertEquals(spoken(whole.slice(0, end)), "", `${name}, cut off after ${end} characters`);
    }
    assert(!existsSync(`${marker}3`));
  }
});

test("input that ssh, or the other side's sh, would take for something else is refused", async () => {
  const [effect, cases] = [freshFile(), [
    [{ host: "-oProxyCommand=touch", program: "true" }, "host: expected a host as in"],
    [{ host: "a;id", program: "true" }, "host: expected a host as in"],
    [{ host: "", program: "true" }, "host: expected a string that is not empty"],
    [{ program: "true" }, "host: expected a string, received nothing"],
    [{ host: HOST, program: "-x" }, "program: expected a program that is no option"],
    [{ host: HOST, program: "true", args: [null] }, "args[0]: expected a string, received null"],
    [{ host: HOST, program: "touch", arg: [] }, "arg: expected no field but host, program, args"],
  ]] as const;
  const output = mkdtempSync(join(sshd.folder, "output-"));
  for (const [input, message] of cases) {
    const order = { orderId: "x", action: { name: "ssh", input } } as unknown as SshOrder;
    const result = await execute(order, { executionId: "e", runner: "r" }, ssh({ output }));
    assert(result.status === "FAILED");
    const thrown = errorOf<Thrown>(result);
    assert(thrown.message.startsWith(`cannot use action.input.${message}`), thrown.message);
  }
  assert(!existsSync(effect));
});

interface Output {
  file: string;
  bytes?: number;
  end?: string;
  sha256?: string;
}

interface Evidence {
  host: string;
  marker: string;
  phase: string;
  judgement: object;
  exitCode?: number;
  endedBy?: string;
  exceeded?: true;
  stdout?: Output;
  stderr?: Output;
  ssh?: { exitCode: number | null; log: Output };
  look?: SshOrder["action"]["input"];
}

interface Thrown {
  message: string;
  props: Evidence;
}

interface Options extends Partial<SshOptions> {
  host?: string;
  orderId?: string;
  ports?: Ports;
}

let orders = 0;

/** Runs a command there, as an order of its own. */
async function run(
  [program = "", ...args]: string[],
  { host = HOST, orderId = `order ${orders++}`, ports = {}, ...options }: Options = {},
): Promise<ExecutionResult> {
  const action = ssh({
    output: mkdtempSync(join(sshd.folder, "output-")),
    markers: join(sshd.folder, "markers"),
    options: sshd.options(),
    ...options,
  });
  const order = { orderId, action: { name: "ssh", input: { host, program, args } } };
  const result = await execute(order, { executionId: "e", runner: "r" }, action, ports);
  assertSound(result);
  return result;
}

/** Runs a command that must not run, and hears why from ssh. */
async function ranNothing(options: Options, why: RegExp): Promise<ExecutionResult> {
  const effect = freshFile();
  const result = await run(["touch", effect], options);
  const { message, props } = errorOf<Thrown>(result);
  assertMatch(message, /^ssh ended before anything was run: /);
  assertMatch(`${message}${props.ssh?.log.end}`, why);
  assert(!existsSync(effect));
  return result;
}

/** Loses sight of a command; it goes on there, and later looks say what it does and has done. */
async function lostWhileItRuns(lose: () => void, options?: Options): Promise<ExecutionResult> {
  const begun = freshFile();
  const go = freshFile();
  const script =
    `echo begun; touch ${begun}; for i in $(seq 200); do [ -e ${go} ] && break; sleep 0.1; done; echo on; exit 5`;
  const running = run(["sh", "-c", script], options);
  await until(() => existsSync(begun));
  await new Promise((resolve) => setTimeout(resolve, 300)); // What it printed has arrived.
  lose();
  const result = await running;
  const evidence = errorOf<Evidence>(result);
  assertEquals([evidence.phase, evidence.stdout?.end], ["started", "begun\n"]);
  assertMatch(await look(evidence), /^running \d+\nstdout:\nbegun\n$/);
  execFileSync("touch", [go]);
  await until(async () => !(await look(evidence)).startsWith("running"));
  assertEquals(await look(evidence), "ended 5\nstdout:\nbegun\non\n");
  return result;
}

/** What a later order finds that looks by the evidence. */
async function look(evidence: Evidence): Promise<string> {
  assert(evidence.look !== undefined);
  const { program, args = [] } = evidence.look;
  const result = await run([program, ...args]);
  assert(result.status === "APPLIED", JSON.stringify(result.trace));
  return readFileSync((result.trace.rawResult as { stdout: Output }).stdout.file, "utf8");
}

async function wire(bytes?: number, ends?: boolean): Promise<Wire> {
  const opened = await openWire(sshd.port, bytes, ends);
  wires.push(opened);
  return opened;
}

/** The usual arguments without an option and its value. */
function without(option: string): string[] {
  const options = sshd.options();
  options.splice(options.indexOf(option), 2);
  return options;
}

/** What was thrown, or called unproven. */
function errorOf<Kind>({ trace }: ExecutionResult): Kind {
  return (trace as { rawError?: unknown }).rawError as Kind;
}

/** Whether a process has ended: it is gone, or a zombie that nobody has buried yet. */
function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}

/** The name of a file that is not there yet. */
function freshFile(): string {
  return join(mkdtempSync(join(sshd.folder, "effect-")), "file");
}

function nameOf(orderId: string): string {
  return sha256(orderId).slice(0, 16);
}

function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}
