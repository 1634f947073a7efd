import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { accessSync, closeSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import type { Action, ExecutionRequest } from "deployer-runtime";
import { reasonOf, systemError } from "./errors.ts";
import {
  argument,
  checkInput,
  checkSetting,
  checkVariables,
  each,
  type Fields,
  name,
  optional,
} from "./input.ts";
import { judgementOf } from "./judgement.ts";
import {
  isLarger,
  lookAtOutputs,
  openOutput,
  type OutputFiles,
  outputFiles,
  readOutputs,
} from "./output.ts";
import { readStdin, type StdinEvidence } from "./stdin.ts";

/** An order to run a command. Its arguments are recorded, and whoever is on the machine sees them. */
export interface CommandOrder extends ExecutionRequest {
  action: { name: string; input: { program: string; args?: string[] } };
}

/** What an order's input may hold, for `checkInput`. */
export const COMMAND_INPUT: Fields = { program: name, args: optional(each(argument)) };

/** What the Runner sets. None of it is recorded, but how exit codes are judged. */
export interface CommandOptions {
  /**
   * The folder of the files that hold what a command prints, for their owner alone. It is made where
   * it is missing, with a `.gitignore`.
   */
  output: string;
  /**
   * Asks a command to end, by SIGTERM, and still hears how it ended. When the Runner gives up, the
   * command is killed. Both reach its children: it has a process group of its own.
   */
  stop?: AbortSignal;
  /** The folder that a command starts in; the one that the Runner is in then, if there is none. */
  cwd?: string;
  /** Variables beside those of the Runner. */
  env?: Record<string, string>;
  /**
   * "inherit": a command reads the Runner's standard input itself, as it would without a Runner in
   * front of it: what it does not read stays there for the next one, and nothing is cut off when the
   * Runner ends. Of a file, the size and the hash of what lies ahead are evidence; a pipe has none
   * of them, for nobody but the command reads it. "ignore", where nothing is said: it gets nothing,
   * for a Runner that serves many orders has its standard input for itself.
   */
  stdin?: "inherit" | "ignore";
  /**
   * How many bytes a command may print, to stdout or to stderr. One that prints more is killed. Its
   * files are looked at ten times a second, and when it has ended.
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
 * @throws {TypeError} If `cwd` or `env` holds what no process can be given
 * @example
 * ```ts
 * const scan = command({ output: "output", success: [0, 2], env: { LANG: "C" } });
 * const order = { orderId: "scan-1", action: { name: "scan", input: { program: "./scan.sh" } } };
 * const result = await execute(order, context, scan, ledger);
 * ```
 */
export function command(options: CommandOptions): Action<CommandOrder> {
  const { stop, env = {}, maxOutput = Infinity, tty = false } = options;
  const inherits = options.stdin === "inherit";
  const judgement = judgementOf(options);
  if (options.cwd !== undefined) checkSetting(options.cwd, "cwd");
  checkVariables(env, /^[^=\0]+$/);
  // They stay these ones if the process goes to another folder.
  const output = resolve(options.output);
  const cwd = options.cwd === undefined ? undefined : resolve(options.cwd);
  return async ({ orderId, action: { input } }, { signal, unproven }) => {
    checkInput(input, COMMAND_INPUT);
    const { program, args = [] } = input;
    const goOn = () => {
      stop?.throwIfAborted();
      signal?.throwIfAborted();
    };
    goOn();
    checkFolder(cwd);
    const stdin = inherits ? await readStdin(goOn) : undefined;
    goOn();

    const files = outputFiles(output, orderId);
    const opened = tty ? [] : openOutput([files.stdout, files.stderr]);
    const child = start(program, args, opened, {
      stdio: tty ? "inherit" : [inherits ? "inherit" : "ignore", ...opened],
      detached: !tty,
      cwd,
      env: { ...process.env, ...env },
    });
    const seen: Seen = { ...stdin && { stdin } };
    const end = (how: NodeJS.Signals) => {
      if (seen.exitCode !== undefined) return; // Its number may be that of another process by now.
      try {
        process.kill(tty ? child.pid as number : -(child.pid as number), how);
      } catch { /* It has ended by itself. */ }
    };
    const ask = () => {
      if (seen.exitCode === undefined) seen.stopped = reasonOf(stop);
      end("SIGTERM");
    };
    const giveUp = () => {
      end("SIGKILL"); // The Runner does not wait for it: what is known is said now.
      seen.gaveUp = reasonOf(signal);
      unproven({ pid: child.pid, ...seen, ...!tty && lookAtOutputs(files) });
    };
    const exceed = () => {
      seen.exceeded = true;
      end("SIGKILL");
    };
    stop?.addEventListener("abort", ask);
    signal?.addEventListener("abort", giveUp);
    const watch = tty ? undefined : watchSizes(files, maxOutput, exceed);
    try {
      [seen.exitCode, seen.endedBy] = await ended(program, child);
      clearInterval(watch);
      const printed = tty ? undefined : await readOutputs(files);
      if (printed && isLarger(printed, maxOutput)) seen.exceeded = true;
      const evidence = { ...seen, judgement, ...printed };
      const { exitCode, exceeded } = seen;
      if (exitCode === null || exceeded || judgement.unproven.includes(exitCode)) {
        return unproven(evidence);
      }
      if (judgement.success.includes(exitCode)) return evidence;
      throw Object.assign(new Error(`${program} ended with code ${exitCode}`), evidence);
    } finally {
      clearInterval(watch);
      stop?.removeEventListener("abort", ask);
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** What is known of a command so far. */
interface Seen {
  stdin?: StdinEvidence;
  /** Why it was asked to stop. */
  stopped?: string;
  /** Why the Runner stopped waiting. */
  gaveUp?: string;
  /** It printed more than it may. */
  exceeded?: true;
  exitCode?: number | null;
  endedBy?: string | null;
}

/** `spawn` would say that there is no such program. */
function checkFolder(folder: string | undefined): void {
  try {
    if (folder !== undefined) accessSync(`${folder}/.`);
  } catch (error) {
    throw systemError("cannot run in the folder that the Runner set", error);
  }
}

/** Starts a program, which has the files from here on. */
function start(program: string, args: string[], files: number[], options: SpawnOptions) {
  try {
    return spawn(program, args, options);
  } catch (error) {
    throw notStarted(program, error); // Its arguments are too long, say.
  } finally {
    files.forEach(closeSync);
  }
}

/** How it ended: its code, or the signal that ended it. */
function ended(program: string, child: ChildProcess): Promise<[number | null, string | null]> {
  return new Promise((resolve, reject) => {
    child.on("exit", (...how) => resolve(how));
    child.on("error", (error) => reject(notStarted(program, error)));
  });
}

function notStarted(program: string, error: unknown): Error {
  return systemError(`cannot run ${program}`, error);
}

/** Looks at files as long as they grow, and says once that one is larger than it may be. */
function watchSizes(files: OutputFiles, most: number, exceed: () => void) {
  if (most === Infinity) return undefined;
  const timer = setInterval(() => {
    if (!isLarger(lookAtOutputs(files), most)) return;
    clearInterval(timer);
    exceed();
  }, 100);
  return timer;
}
