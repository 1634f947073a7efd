import type { Action, ExecutionRequest } from "deployer-runtime";
import type { CommandOptions } from "./command.ts";
import { argument, checkInput, each, type Fields, name, optional, refusal } from "./input.ts";
import { judgementOf } from "./judgement.ts";
import { lookAtOutput, nameOf, outputFiles, readOutput } from "./output.ts";
import { LOOK, script } from "./remote.ts";
import { SshSession } from "./ssh_session.ts";

/** An order to run a command on another machine. All of it is recorded, and seen there in `ps`. */
export interface SshOrder extends ExecutionRequest {
  action: { name: string; input: { host: string; program: string; args?: string[] } };
}

/** What an order's input may hold, for `checkInput`. */
export const SSH_INPUT: Fields = { host, program, args: optional(each(argument)) };

/** What the Runner sets. `cwd` and `env` are those of the other machine. */
export interface SshOptions extends Omit<CommandOptions, "tty"> {
  /** Further arguments of `ssh`, such as `["-p", "2222", "-i", "key"]`. */
  options?: readonly string[];
  /** The folder there that keeps what came of each order: `.deployer-ssh` in the home. */
  markers?: string;
}

/**
 * Runs a command on another machine, by the system's `ssh` with its configuration, keys and known
 * hosts. It asks nothing: an unknown host and a key with a passphrase are failures. The other
 * machine needs a POSIX `sh`; no shell reads the arguments.
 *
 * The command is sent when the other side has answered: if `ssh` ends before, it is surely not run.
 * Its exit code is told apart from that of `ssh`. If the connection is lost after it was sent,
 * nobody can tell what it did, here. There it goes on to its end, and a folder keeps its exit code
 * and its output: the evidence has the input of an order by which one can `look` later.
 *
 * @throws {RangeError} If an exit code is said to be both a success and unproven
 * @throws {TypeError} If `env` holds a name that `sh` cannot export
 * @example
 * ```ts
 * const remote = ssh({ output: "output", options: ["-p", "2222"], cwd: "/srv/shop" });
 * const input = { host: "deploy@shop.example", program: "./deploy.sh", args: ["r42"] };
 * const order = { orderId: "r42", action: { name: "ssh", input } };
 * const result = await execute(order, context, remote, ledger);
 * ```
 */
export function ssh(options: SshOptions): Action<SshOrder> {
  const { output, stop, cwd, env = {}, maxOutput, markers = ".deployer-ssh" } = options;
  const judgement = judgementOf(options);
  for (const variable of Object.keys(env)) exportable(variable);
  return async ({ orderId, action: { input } }, { signal, unproven }) => {
    checkInput(input, SSH_INPUT);
    const { host, program, args = [] } = input;
    stop?.throwIfAborted();

    const marker = `${markers}/${nameOf(orderId)}`;
    const files = outputFiles(output, orderId);
    const command = script({ marker, program, args, cwd, env, maxOutput });
    const session = new SshSession(host, options.options ?? [], command, files);
    const known = () => ({ host, marker, ...session.seen, judgement });
    const lost = () => ({
      ssh: { ...session.ended, log: lookAtOutput(files.ssh) },
      look: { host, program: "sh", args: ["-c", LOOK, "look", marker] },
    });

    const ask = () => session.signal("TERM");
    const giveUp = () => {
      session.signal("KILL"); // The Runner does not wait for it: what is known is said now.
      const printed = { stdout: lookAtOutput(files.stdout), stderr: lookAtOutput(files.stderr) };
      unproven({ ...known(), ...printed, ...lost() });
    };
    stop?.addEventListener("abort", ask);
    signal?.addEventListener("abort", giveUp);
    try {
      await session.closed;
      const { phase, exitCode, endedBy, refused } = session.seen;
      const log = lookAtOutput(files.ssh);
      if (phase === "connecting") {
        const why = log.end?.trim().split("\n").at(-1) || "it said nothing";
        throw Object.assign(new Error(`ssh ended before anything was run: ${why}`), {
          host,
          ssh: { ...session.ended, log },
        });
      }
      if (refused !== undefined) {
        throw Object.assign(new Error(`${host} ran nothing: ${refused}`), { host, marker });
      }
      const printed = {
        stdout: await readOutput(files.stdout),
        stderr: await readOutput(files.stderr),
      };
      const seen = { ...known(), ...printed };
      if (exitCode === undefined) return unproven({ ...seen, ...lost() });
      if (judgement.success.includes(exitCode)) return seen;
      if (endedBy !== undefined || judgement.unproven.includes(exitCode)) return unproven(seen);
      throw Object.assign(new Error(`${program} ended with code ${exitCode} on ${host}`), seen);
    } finally {
      stop?.removeEventListener("abort", ask);
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** A host's name, alias or URL. `ssh` may hand it to a shell (ProxyCommand), and reads options. */
function host(value: unknown, place: string): void {
  name(value, place);
  if (!/^[\w.:@%/+[\]][\w.:@%/+[\]-]*$/.test(value as string)) {
    throw refusal(place, "a host as in deploy@shop.example", value);
  }
}

/** A program's name or path: the other machine's `setsid` or `exec` would read an option. */
function program(value: unknown, place: string): void {
  name(value, place);
  if ((value as string).startsWith("-")) {
    throw refusal(place, "a program that is no option", value);
  }
}

function exportable(variable: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
    throw refusal("env", "names of letters, digits and _", variable);
  }
}
