/** What becomes of standard input, and of bytes that are no text: only a process has either. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { deployerCommand, type End, fresh, run, tidy } from "./cli_shell.ts";

after(tidy);

const LONG = { timeout: 120_000 };
/** Files that say they are empty. */
const OF_PROC = ["/proc/version"].filter((file) => existsSync(file));
const mount = (kind: string) => `mount -t ${kind} none /mnt`;
/** Systems of real files that have no blocks, where this process may mount them. */
const OF_MEMORY = ["tmpfs -o size=0", "ramfs"].filter((kind) =>
  spawnSync("unshare", ["-rm", "sh", "-c", mount(kind)]).status === 0
);
const HOSTS = "web1\nweb2\nwéb3\n";

test("a command reads the stdin that it would read without deployer", LONG, async () => {
  const cases: [script: string, read: string, kind: string | undefined][] = [
    ["deployer exec -- cat < hosts", HOSTS, "file"],
    ["{ read -r line; deployer exec -- cat; } < hosts", "web2\nwéb3\n", "file"],
    ["{ cat >/dev/null; deployer exec -- cat; } < hosts", "", "file"],
    ["deployer exec -- sh -c 'cat; echo more >> hosts' < hosts", HOSTS, "file"],
    ["deployer exec -- cat <<< heredoc", "heredoc\n", "pipe|file"], // As bash has it.
    ["cat hosts | deployer exec -- cat", HOSTS, "pipe"],
    ["deployer exec -- head -c 4 < /dev/zero", "\0\0\0\0", "other"],
    ["deployer exec -- cat < empty", "", "file"],
    ["deployer exec -- cat < /dev/null", "", undefined],
    ["deployer exec -- cat <&-", "", undefined],
    ["deployer run order.json < hosts", HOSTS, "file"],
    ["deployer run - < order.json", "", undefined],
    ["deployer run /dev/stdin < order.json", "", undefined],
  ];
  await inTurns(cases, async ([script, read, kind]) => {
    const cwd = withHosts();
    const { code, stdout, stderr } = await bash(cwd, script);
    assertEquals(code, 0, `${script}: ${stderr}`);
    const { stdin, stdout: printed } = JSON.parse(stdout).trace.rawResult;
    assertEquals(printed.sha256, sha256(read), script);
    assertMatch(String(stdin?.kind), new RegExp(`^(${kind})$`), script);
    if (stdin?.kind !== "file") {
      return assertEquals([stdin?.bytes, stdin?.sha256], [undefined, undefined]);
    }
    assertEquals([stdin.bytes, stdin.sha256], [
      new TextEncoder().encode(read).length,
      sha256(read),
    ]);
  });
});

test("an empty file in memory without a limit is known to be empty", LONG, async () => {
  for (const kind of OF_MEMORY) {
    const script = `export -f deployer
      unshare -rm bash -c '${mount(kind)} && : > /mnt/empty && deployer exec -- cat < /mnt/empty'`;
    const { code, stdout, stderr } = await bash(fresh(), script);
    assertEquals(code, 0, stderr);
    assertEquals(JSON.parse(stdout).trace.rawResult.stdin, {
      kind: "file",
      bytes: 0,
      sha256: sha256(""),
    });
  }
});

test("no size is recorded of a file whose system tells none", LONG, async () => {
  for (const file of OF_PROC) {
    const { code, stdout, stderr } = await bash(fresh(), `deployer exec -- cat < ${file}`);
    assertEquals(code, 0, stderr);
    const { stdin, stdout: printed } = JSON.parse(stdout).trace.rawResult;
    assertEquals([stdin, printed.end], [{ kind: "file" }, readFileSync(file, "utf8")]);
  }
});

test("a loop over the lines of a file loses none of them to an order", LONG, async () => {
  const cwd = withHosts();
  const loop = `while read -r host; do deployer exec --quiet -- echo "$host" || exit; done < hosts`;
  const { code, stderr } = await bash(cwd, loop);
  assertEquals(code, 0, stderr);
  const output = join(cwd, ".deployer/output");
  const printed = readdirSync(output).map((name) => readFileSync(join(output, name), "utf8"));
  assertEquals(printed.filter((text) => HOSTS.includes(text) && text !== "").sort(), [
    ...["web1\n", "web2\n", "wéb3\n"],
  ]);
});

test(
  "stdin that cannot be handed on to another machine is refused, and nothing is consumed",
  LONG,
  async () => {
    const ssh = "deployer ssh -o Port=1 127.0.0.1 -- true";
    const cases: [script: string, code: number][] = [
      [`${ssh} < hosts`, 64],
      [`cat hosts | ${ssh}`, 64],
      [`${ssh} < <(exec sleep 100); code=$?; kill $!; exit $code`, 64],
      [`${ssh} < /dev/zero`, 64],
      ...OF_PROC.map((file): [string, number] => [`${ssh} < ${file}`, 64]),
      [`${ssh} < empty`, 20],
      ["deployer run -o Port=1 ssh.json < hosts", 64],
      [`{ cat >/dev/null; ${ssh}; } < hosts`, 20],
      [`: | ${ssh}`, 20],
      [`${ssh} < /dev/null`, 20],
      [`${ssh} <&-`, 20],
      ["deployer run -o Port=1 - < ssh.json", 20],
    ];
    await inTurns(cases, async ([script, expected]) => {
      const cwd = withHosts();
      const { code, stderr } = await bash(cwd, script);
      assertEquals(code, expected, `${script}: ${stderr}`);
      assertEquals(existsSync(join(cwd, ".deployer")), expected === 20, script);
      if (expected === 64) {
        assertMatch(stderr, /^deployer: stdin is not handed on .* add < \/dev\/null\n$/m);
      }
    });
  },
);

test("the help says what becomes of stdin", async () => {
  for (
    const [command, words] of Object.entries({
      exec: "The command reads stdin",
      ssh: "Stdin is not handed on",
      run: "A command reads stdin",
    })
  ) {
    assertStringIncludes((await run([command, "--help"])).stdout, words);
  }
});

test(
  "what is not UTF-8 is refused, and makes no file and no order; U+FFFD itself is text",
  LONG,
  async () => {
    const refused = [
      `deployer exec --order $'caf\\xe9' -- true`,
      `deployer exec -- touch $'caf\\xe9'`,
      `deployer exec --order '\ufffd' --annotate $'a=\\xe9' -- touch made`,
      `DEPLOYER_LEDGER=$'caf\\xe9' deployer exec -- touch made`,
      `mkdir $'caf\\xe9' && cd $'caf\\xe9' && deployer exec -- touch ../made`,
    ];
    await inTurns(refused, async (script) => {
      const cwd = withHosts();
      const before = readdirSync(cwd);
      const { code, stderr } = await bash(cwd, script);
      // Deno refuses arguments itself, before any of our code is run.
      if (code !== 1 || !("Deno" in globalThis)) assertEquals(code, 64, `${script}: ${stderr}`);
      assertEquals(readdirSync(cwd).filter((name) => !/^caf/.test(name)), before);
      if (!script.startsWith("mkdir")) assertEquals(readdirSync(cwd), before);
    });
    const { code, stdout, stderr } = await bash(
      fresh(),
      `DEPLOYER_RUNNER='\ufffd' deployer exec --order '\ufffd' -- echo '\ufffd'`,
    );
    assertEquals(code, 0, stderr);
    const { trace } = JSON.parse(stdout);
    assertEquals([trace.orderId, trace.context.runner, trace.rawResult.stdout.end], [
      ...["\ufffd", "\ufffd", "\ufffd\n"],
    ]);
  },
);

/** A folder with lines to be read, and with orders. */
function withHosts(): string {
  const cwd = fresh();
  writeFileSync(join(cwd, "hosts"), HOSTS);
  writeFileSync(join(cwd, "empty"), "");
  const order = (name: string, input: object) =>
    writeFileSync(
      join(cwd, `${name}.json`),
      JSON.stringify({
        orderId: name,
        action: { name: name === "order" ? "command" : name, input },
      }),
    );
  order("order", { program: "cat" });
  order("ssh", { host: "127.0.0.1", program: "true" });
  return cwd;
}

/** Runs a script of bash, in which `deployer` is the command line of this runtime. */
async function bash(cwd: string, script: string): Promise<End> {
  const words = deployerCommand().map((word) => `'${word}'`).join(" ");
  const child = spawn("bash", ["-c", `deployer() { ${words} "$@"; }\n${script}`], {
    cwd,
    env: { ...process.env, NODE_NO_WARNINGS: "1", LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, stdout, stderr };
}

/** A few at a time: each is a process. */
async function inTurns<Case>(cases: Case[], work: (each: Case) => Promise<void>): Promise<void> {
  const left = [...cases];
  const next = async () => {
    for (let each = left.shift(); each !== undefined; each = left.shift()) await work(each);
  };
  await Promise.all([next(), next(), next()]);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
