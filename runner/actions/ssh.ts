import type { Action, ExecutionRequest } from "deployer-runtime";
import type { CommandOptions } from "./command.ts";
import { reasonOf } from "./errors.ts";
import {
  argument,
  checkInput,
  checkSetting,
  checkVariables,
  each,
  type Fields,
  name,
  optional,
  refusal,
} from "./input.ts";
import { judgementOf } from "./judgement.ts";
import {
  hashedName,
  isLarger,
  lookAtOutput,
  lookAtOutputs,
  outputFiles,
  readOutputs,
} from "./output.ts";
import { LOOK } from "./remote.ts";
import { SshSession } from "./ssh_session.ts";

/** An order to run a command on another machine. All of it is recorded, and seen there in `ps`. */
export interface SshOrder extends ExecutionRequest {
  action: { name: string; input: { host: string; program: string; args?: string[] } };
}

/** What an order's input may hold, for `checkInput`. */
export const SSH_INPUT: Fields = { host, program, args: optional(each(argument)) };

/** What the Runner sets. `cwd` and `env` are those of the other machine; stdin is not handed on. */
export interface SshOptions extends Omit<CommandOptions, "tty" | "stdin"> {
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
 * @throws {TypeError} If an option holds a NUL, or `env` a name that `sh` cannot export
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
  const sshOptions = options.options ?? [];
  if (cwd !== undefined) checkSetting(cwd, "cwd");
  checkSetting(markers, "markers");
  checkVariables(env, /^[A-Za-z_][A-Za-z0-9_]*$/); // Those that sh can export.
  for (const option of sshOptions) checkSetting(option, "options");
  return async ({ orderId, action: { input } }, { signal, unproven }) => {
    checkInput(input, SSH_INPUT);
    const { host, program, args = [] } = input;
    stop?.throwIfAborted();
    signal?.throwIfAborted();

    const marker = `${markers}/${hashedName(orderId)}`;
    const files = outputFiles(output, orderId);
    const command = { marker, program, args, cwd, env, maxOutput };
    const session = new SshSession(host, sshOptions, command, files);
    const { seen } = session;
    const why: { stopped?: string; gaveUp?: string } = {};
    const known = () => ({ host, marker, ...seen, ...why, judgement });
    const elsewhere = () => ({
      ssh: { ...session.ended, log: lookAtOutput(files.ssh) },
      look: { host, program: "sh", args: ["-c", LOOK, "look", marker] },
    });

    const ask = () => {
      if (seen.exitCode === undefined) why.stopped = reasonOf(stop);
      session.signal("TERM");
    };
    const giveUp = () => {
      session.signal("KILL"); // The Runner does not wait for it: what is known is said now.
      why.gaveUp = reasonOf(signal);
      unproven({ ...known(), ...lookAtOutputs(files), ...elsewhere() });
    };
    stop?.addEventListener("abort", ask);
    signal?.addEventListener("abort", giveUp);
    try {
      await session.closed;
      const log = lookAtOutput(files.ssh);
      if (seen.phase === "connecting") {
        const said = log.end?.trim().split("\n").at(-1) || "it said nothing";
        throw Object.assign(new Error(`ssh ended before anything was run: ${said}`), {
          host,
          ...why,
          ssh: { ...session.ended, log },
        });
      }
      if (seen.refused !== undefined) {
        throw Object.assign(new Error(`${host} ran nothing: ${seen.refused}`), {
          host,
          marker,
          ...why,
        });
      }
      const printed = await readOutputs(files);
      if (isLarger(printed, maxOutput ?? Infinity)) seen.exceeded = true;
      const { exitCode, endedBy, exceeded } = seen;
      const evidence = { ...known(), ...printed };
      if (exitCode === undefined) return unproven({ ...evidence, lost: true, ...elsewhere() });
      if (exceeded) return unproven(evidence);
      if (judgement.success.includes(exitCode)) return evidence;
      if (endedBy !== undefined || judgement.unproven.includes(exitCode)) return unproven(evidence);
      throw Object.assign(new Error(`${program} ended with code ${exitCode} on ${host}`), evidence);
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
