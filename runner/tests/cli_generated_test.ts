/**
 * Whatever is typed, and whatever a file holds, `deployer` ends with a code that says why: never with
 * 70 and a stack, which are for its own faults. And it says one line at least, unless it is told not
 * to.
 *
 * `CLI_CASES=10000` asks for more cases, `SEED=1` for the same ones again; a failure prints its seed
 * and the smallest case that fails.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import { assert } from "@std/assert";
import { execute } from "deployer-runtime";
import { COMMANDS } from "../cli/commands.ts";
import { EXIT } from "../cli/exit.ts";
import { type OptionName, OPTIONS } from "../cli/options.ts";
import { run } from "./cli_shell.ts";

const CASES = Number(process.env.CLI_CASES ?? 200);
const SEED = process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) };

/** The codes that the README names, and that of `check`. */
const KNOWN = new Set<number | null>([...Object.values(EXIT), 1]);
KNOWN.delete(EXIT.FAULT);

/** Programs that may run: nothing else is on the path, and nothing is executed from anywhere else. */
const PROGRAMS = ["yes-it-is", "no-it-is-not", "./here", "./not-executable", "missing", "", "-x"];

/** Places that are not what they are taken for. */
const PLACES = [
  "ledger",
  "file.json",
  "loop",
  "none/below",
  "sqlite:ledger.db",
  "sqlite:file.json",
  "sqlite:ledger",
  "sqlite:",
  "sqlite://x.db",
  "postgres://127.0.0.1:1/none",
  "postgers://u:secret@h/d",
  "mysql://u:secret@h/d",
  "\0",
  "é🚀",
  "x".repeat(300),
  "/proc/x",
  "/dev/null",
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("x", "order-1", "é🚀", "a/b", "../x", "__proto__", "") },
  { weight: 2, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
);

const number = fc.constantFrom("0", "1", "-1", "1e9", "99999999999", "10ms", "2h", "25d", "NaN");

/** A value for an option: one that it may have, or any. */
function valueOf(name: OptionName): fc.Arbitrary<string> {
  const { choices } = OPTIONS[name];
  const own: Partial<Record<OptionName, readonly string[]>> = {
    ledger: PLACES,
    out: ["page.html", "none/page.html", ".", "loop"],
    key: ["key.pem", "file.json", "none", "loop"],
    target: ["deployed", "file.json", "/proc/x"],
    since: ["2h", "2026-01-31", "yesterday", "+275760-09-13T00:00:00.001Z"],
    timeout: ["1ms", "1s", "soon"],
    grace: ["0", "1ms"],
    success: ["0", "0,1", "256", "0,,1"],
    unproven: ["1", "0", "x"],
    annotate: ["a=b", "=b", "a", "a=\0", "__proto__=x"],
    option: ["Port=1", "ProxyCommand=yes-it-is", "=", ""],
  };
  const known = [...choices ?? [], ...own[name] ?? []];
  return known.length > 0 ? fc.oneof(fc.constantFrom(...known), text, number) : text;
}

const option = (name: OptionName): fc.Arbitrary<string[]> => {
  const { value, short } = OPTIONS[name];
  const names = short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
  const written = fc.constantFrom(...names);
  if (value === undefined) return written.map((each) => [each]);
  return fc.tuple(written, valueOf(name), fc.boolean()).map(([each, given, isOne]) =>
    isOne ? [`${each}=${given}`] : [each, given]
  );
};

/** What is in a file that is named as an operand. */
const input = fc.oneof(
  fc.record({ program: fc.constantFrom(...PROGRAMS), args: fc.array(text, { maxLength: 2 }) }),
  fc.record({ host: fc.constantFrom("web1", "-x", "a b"), program: fc.constant("x") }),
  fc.record({
    method: fc.constantFrom("GET", "POST", "head", "a b"),
    url: fc.constantFrom("http://127.0.0.1:1/", "https://127.0.0.1:1/x", "ftp://x", ""),
    body: text,
  }, { requiredKeys: ["method", "url"] }),
  fc.record({ site: fc.constantFrom("site", "loop", "none", "file.json") }),
  fc.jsonValue({ maxDepth: 3 }),
);
const order = fc.record({
  orderId: text,
  action: fc.record({
    name: fc.constantFrom("command", "ssh", "http", "release", "x", "__proto__"),
    input,
  }, { requiredKeys: ["name"] }),
}, { requiredKeys: ["action"] });

/** A result of today, and one whose value is deeper than any that is recorded. */
const result = JSON.stringify(
  await execute(
    { orderId: "x", action: { name: "n", input: {} } },
    { executionId: "e", runner: "r" },
    () => ({ rows: ["x"] }),
  ),
);
const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const deep = result.replace('["x"]', nested(9000));

const documents = fc.oneof(
  fc.constantFrom(result, deep, `${result}\n${deep}\n`, `[${result},${result}]`),
  order.map((value) => JSON.stringify(value)),
  fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.stringify(value)),
  fc.constantFrom("", "[", "null", "[[[[", '{"payload":"","signatures":[{"sig":""}]}', "\ufeff{}"),
  fc.constantFrom(
    "[".repeat(20_000),
    nested(20_000),
    `{"orderId":"x","action":{"name":"command","input":{"program":"x","args":${nested(9000)}}}}`,
    `{"orderId":"x","action":{"name":"http","input":${nested(9000)}}}`,
  ),
  fc.tuple(order, fc.nat(40)).map(([value, at]) => JSON.stringify(value).slice(0, at)),
);

const OPERANDS = [
  "file.json",
  "file.json",
  "-",
  "none.json",
  "loop",
  ".",
  "x",
  "order-1",
  "web1",
  "bash",
  "",
];

/** A command line, and what it finds. */
const calls = fc.record({
  args: fc.constantFrom(...Object.keys(COMMANDS), "help", "complete", "deploy", "--version")
    .chain((name) => {
      const names = COMMANDS[name]?.options ?? Object.keys(OPTIONS) as OptionName[];
      const options = fc.array(fc.constantFrom(...names).chain(option), { maxLength: 4 });
      const operands = fc.array(fc.oneof(fc.constantFrom(...OPERANDS), text), { maxLength: 2 });
      const program = fc.option(fc.tuple(fc.constantFrom(...PROGRAMS), fc.array(text)));
      return fc.tuple(options, operands, program).map(([given, rest, command]) => [
        name,
        ...given.flat(),
        ...rest,
        ...command === null ? [] : ["--", command[0], ...command[1]],
      ]);
    }),
  file: documents,
  stdin: documents,
  env: fc.record({
    DEPLOYER_LEDGER: fc.constantFrom(...PLACES),
    DEPLOYER_TIMEOUT: number,
    DEPLOYER_JSON: fc.constantFrom("1", "0", "yes"),
    DEPLOYER_ANNOTATE: text,
  }, { requiredKeys: [] }),
  terminal: fc.boolean(),
  columns: fc.constantFrom(1, 7, 40, 80, 300),
});

test("no arguments and no file bring about a fault of deployer's own", {
  timeout: 60_000 + CASES * 100,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "deployer-generated-"));
  const cwd = process.cwd();
  const path = process.env.PATH;
  try {
    process.chdir(folder);
    makeSurroundings(folder);
    process.env.PATH = join(folder, "bin");
    await fc.assert(
      fc.asyncProperty(calls, async ({ args, file, stdin, env, terminal, columns }) => {
        writeFileSync("file.json", file);
        const { code, stdout, stderr } = await run(args, { stdin, env, terminal, columns });
        const said = JSON.stringify({ code, stdout: stdout.slice(-300), stderr });
        assert(KNOWN.has(code), said);
        assert(!/\n\s+at /.test(stderr), said);
        assert(!/secret/.test(stdout + stderr), said);
      }),
      { numRuns: CASES, includeErrorInReport: true, ...SEED },
    );
  } finally {
    process.env.PATH = path;
    process.chdir(cwd);
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A folder with what the generated words name; `ssh` is there, and reaches nothing. */
function makeSurroundings(folder: string): void {
  const script = (file: string, text: string, mode = 0o755) => {
    writeFileSync(join(folder, file), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, file), mode);
  };
  mkdirSync("bin");
  script("bin/yes-it-is", "echo yes");
  script("bin/no-it-is-not", "echo no >&2; exit 1");
  script("bin/ssh", "echo 'ssh: it reaches nothing' >&2; exit 255");
  script("here", "exit 0");
  script("not-executable", "exit 0", 0o644);
  mkdirSync("site");
  writeFileSync("site/index.html", "<p>r42</p>\n");
  symlinkSync("loop", "loop");
}
