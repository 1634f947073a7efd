import { spawn } from "node:child_process";
import { accessSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import process from "node:process";
import type { Action, ExecutionRequest } from "deployer-runtime";
import { argument, checkInput, each, type Fields, name, optional } from "./input.ts";
import { judgementOf } from "./judgement.ts";
import { lookAtOutput, outputFiles, readOutput } from "./output.ts";

/** An order to run a command. Its arguments are recorded, and whoever is on the machine sees them. */
export interface CommandOrder extends ExecutionRequest {
  action: { name: string; input: { program: string; args?: string[] } };
}

/** What an order's input may hold, for `checkInput`. */
export const COMMAND_INPUT: Fields = { program: name, args: optional(each(argument)) };

/** What the Runner sets. None of it is recorded, but how exit codes are judged. */
export interface CommandOptions {
  /** The folder of the files that hold what a command prints. It is made where it is missing. */
  output: string;
  /**
   * Asks a command to end, by SIGTERM, and still hears how it ended. When the Runner gives up, the
   * command is killed. Both reach its children: it has a process group of its own.
   */
  stop?: AbortSignal;
  /** The folder that a command starts in; the Runner's own if there is none. */
  cwd?: string;
  /** Variables beside those of the Runner. */
  env?: Record<string, string>;
  /**
   * How many bytes a command may print, to stdout or to stderr. One that prints more is killed. Its
   * files are looked at ten times a second, and are as long as it made them until then.
   */
  maxOutput?: number;
  /** Exit codes of a success; `[0]` if there are none. */
  success?: readonly number[];
  /** Exit codes that prove nothing. All others are failures. */
  unproven?: readonly number[];
  /**
   * Whether a command gets the Runner's terminal, to ask for a password, say. What it prints is then
   * seen there, and nowhere else; it stays in the Runner's process group.
   */
  tty?: boolean;
}

/**
 * Runs a command to its end: its exit code says whether that is a success. If a signal ended it,
 * nobody can tell what it did. What it prints is in two files: their sizes, hashes and ends are
 * evidence.
 *
 * @throws {RangeError} If an exit code is said to be both a success and unproven
 * @example
 * ```ts
 * const scan = command({ output: "output", success: [0, 2], env: { LANG: "C" } });
 * const order = { orderId: "scan-1", action: { name: "scan", input: { program: "./scan.sh" } } };
 * const result = await execute(order, context, scan, ledger);
 * ```
 */
export function command(options: CommandOptions): Action<CommandOrder> {
  const { output, stop, cwd, env, maxOutput, tty = false } = options;
  const judgement = judgementOf(options);
  return async ({ orderId, action: { input } }, { signal, unproven }) => {
    checkInput(input, COMMAND_INPUT);
    const { program, args = [] } = input;
    stop?.throwIfAborted();
    if (cwd !== undefined) accessSync(`${cwd}/.`); // spawn() would say: no such program.

    const { stdout, stderr } = outputFiles(output, orderId);
    const files = tty ? [] : open(output, [stdout, stderr]);
    const child = spawn(program, args, {
      stdio: tty ? "inherit" : ["ignore", ...files],
      detached: !tty,
      cwd,
      env: { ...process.env, ...env },
    });
    files.forEach(closeSync);

    const end = (how: NodeJS.Signals) => {
      try {
        process.kill(tty ? child.pid as number : -(child.pid as number), how);
      } catch { /* It has ended by itself. */ }
    };
    const ask = () => end("SIGTERM");
    const giveUp = () => {
      end("SIGKILL"); // The Runner does not wait for it: what is known is said now.
      const printed = tty ? {} : { stdout: lookAtOutput(stdout), stderr: lookAtOutput(stderr) };
      unproven({ pid: child.pid, ...printed });
    };
    stop?.addEventListener("abort", ask);
    signal?.addEventListener("abort", giveUp);
    const limit = tty ? undefined : limited([stdout, stderr], maxOutput, () => end("SIGKILL"));
    try {
      const [exitCode, endedBy] = await new Promise<[number | null, string | null]>(
        (ended, not) => {
          child.on("exit", (...how) => ended(how)).on("error", not); // No such program: a failure.
        },
      );
      const seen = {
        exitCode,
        endedBy,
        ...(limit?.exceeded && { exceeded: true }),
        judgement,
        ...(!tty && { stdout: await readOutput(stdout), stderr: await readOutput(stderr) }),
      };
      if (exitCode === null || judgement.unproven.includes(exitCode)) return unproven(seen);
      if (judgement.success.includes(exitCode)) return seen;
      throw Object.assign(new Error(`${program} ended with code ${exitCode}`), seen);
    } finally {
      clearInterval(limit?.timer);
      stop?.removeEventListener("abort", ask);
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** Opens new files: what one order printed is never written over by another, nor by itself. */
function open(folder: string, files: string[]): number[] {
  mkdirSync(folder, { recursive: true });
  return files.map((file) => openSync(file, "wx"));
}

/** Looks at files as long as they grow, and says once that one is larger than it may be. */
function limited(files: string[], bytes = Infinity, exceed: () => void) {
  const watch = { exceeded: false, timer: undefined as ReturnType<typeof setInterval> | undefined };
  if (bytes === Infinity) return watch;
  watch.timer = setInterval(() => {
    if (!files.some((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > bytes)) {
      return;
    }
    watch.exceeded = true;
    clearInterval(watch.timer);
    exceed();
  }, 100);
  return watch;
}
