/** For tests of the command line: a shell that remembers, and the command line as a process. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Stdin } from "../actions/stdin.ts";
import { deployer } from "../cli/deployer.ts";
import type { Out, Shell } from "../cli/shell.ts";
import { runtimeCommand } from "../../tests/support/snippets.ts";

/** What a command said and ended with. */
export interface End {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A shell in memory. */
export interface TestShell extends Shell {
  readonly signals: EventEmitter;
  readonly said: { stdout: string; stderr: string };
}

/** What differs from a shell without a terminal and without an environment. */
export interface Surroundings {
  terminal?: boolean;
  columns?: number;
  env?: Record<string, string>;
  stdin?: string;
  stdinIs?: Stdin;
}

export function testShell(
  { terminal = false, columns = 80, env = {}, stdin = "", stdinIs }: Surroundings = {},
): TestShell {
  const said = { stdout: "", stderr: "" };
  const out = (name: "stdout" | "stderr"): Out => ({
    isTerminal: terminal,
    columns,
    isClosed: false,
    write(text) {
      said[name] += text;
      return Promise.resolve(true);
    },
  });
  return {
    env,
    stdin: (async function* () {
      yield new TextEncoder().encode(stdin);
    })(),
    lookAtStdin: () => Promise.resolve(stdinIs),
    stdout: out("stdout"),
    stderr: out("stderr"),
    signals: new EventEmitter(),
    isAttended: terminal,
    said,
  };
}

/** Runs a command in this process. */
export async function run(args: string[], surroundings?: Surroundings): Promise<End> {
  const shell = testShell(surroundings);
  const code = await deployer(args, shell);
  return { code, ...shell.said };
}

const main = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
const children = new Set<ChildProcess>();
let root: string | undefined;

/** A new empty folder, which goes when the tests are done. */
export function fresh(): string {
  root ??= mkdtempSync(join(tmpdir(), "deployer-test-"));
  return mkdtempSync(join(root, "case-"));
}

/** To be called when the tests of a file are done: ends what still runs, and removes the folders. */
export function tidy(): void {
  for (const child of children) child.kill("SIGKILL");
  if (root !== undefined) rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  root = undefined;
}

/** A command in a process of its own, of the runtime that runs this test. */
export interface Running {
  readonly child: ChildProcess;
  readonly end: Promise<End>;
}

/** The command line `deployer` of this runtime, from its sources. */
export function deployerCommand(): [string, ...string[]] {
  return runtimeCommand(main);
}

export function start(cwd: string, args: string[], env: Record<string, string> = {}): Running {
  const [program, ...rest] = deployerCommand();
  const child = spawn(program, [...rest, ...args], {
    cwd,
    env: { ...process.env, NODE_NO_WARNINGS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  const end: End = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk) => end.stdout += chunk);
  child.stderr.setEncoding("utf8").on("data", (chunk) => end.stderr += chunk);
  return {
    child,
    end: new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        children.delete(child);
        resolve({ ...end, code });
      });
    }),
  };
}

/** The same, once it has ended. */
export function spawned(cwd: string, ...args: string[]): Promise<End> {
  return start(cwd, args).end;
}
