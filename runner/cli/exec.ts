import type { CommandOptions } from "../actions/command.ts";
import { checkInput, type Fields } from "../actions/input.ts";
import { attempt, freshIdentity } from "./attempt.ts";
import { BadInput } from "./exit.ts";
import type { Invocation, Values } from "./options.ts";
import type { Shell } from "./shell.ts";

/**
 * Executes a command as an order.
 *
 * @throws {BadInput} If there is no command, or something stands before `--`
 */
export async function exec(
  { values, operands, program }: Invocation,
  shell: Shell,
): Promise<number> {
  if (operands.length > 0) {
    throw new BadInput(
      `a command stands behind --, as in: deployer exec -- ${operands[0]}: ` +
        `received ${JSON.stringify(operands[0])} before it`,
    );
  }
  const input = programOf(program);
  const { command, COMMAND_INPUT } = await import("../actions/command.ts");
  refuseInput(input, COMMAND_INPUT, "");
  const codes = judgement(values);
  refuseNoTerminal(values, shell);
  const stdin = await stdinOf(shell);
  return await attempt(
    {
      orderId: values.order ?? await freshIdentity(values, shell),
      action: { name: "command", input },
    },
    (output, stop) => command({ output, stop, ...codes, tty: values.tty, stdin }),
    values,
    shell,
  );
}

/**
 * Executes a command on another machine.
 *
 * @throws {BadInput} If there is no machine, or no command
 */
export async function ssh(
  { values, operands, program }: Invocation,
  shell: Shell,
): Promise<number> {
  const [host] = operands;
  if (host === undefined || operands.length > 1) {
    throw new BadInput(`expected one machine before --: received ${JSON.stringify(operands)}`);
  }
  const input = { host, ...programOf(program) };
  const { ssh: action, SSH_INPUT } = await import("../actions/ssh.ts");
  refuseInput(input, SSH_INPUT, "");
  const [codes, options] = [judgement(values), sshOptions(values)];
  await refuseStdin(shell);
  return await attempt(
    { orderId: values.order ?? await freshIdentity(values, shell), action: { name: "ssh", input } },
    (output, stop) => action({ output, stop, options, ...codes }),
    values,
    shell,
  );
}

/**
 * Refuses what an action cannot use, before the order is consumed.
 *
 * @param where What it stands in, as the message begins
 * @throws {BadInput} One that names the field
 */
export function refuseInput(input: unknown, fields: Fields, where: string): void {
  try {
    checkInput(input, fields);
  } catch (error) {
    throw new BadInput(where + (error as Error).message);
  }
}

/**
 * Refuses `--tty` where there is no terminal to give: what the command prints would be in the JSON.
 *
 * @throws {BadInput} If stdout is none
 */
export function refuseNoTerminal({ tty }: Values, { stdout }: Shell): void {
  if (tty && !stdout.isTerminal) throw new BadInput("--tty needs a terminal: stdout is none");
}

/** What a command gets: whatever is on stdin. A terminal is for `--tty` to give. */
export async function stdinOf(shell: Shell): Promise<"inherit" | "ignore"> {
  return await shell.lookAtStdin() ? "inherit" : "ignore";
}

/** How long a pipe may be silent until it is taken for one that nobody closes, in milliseconds. */
const SILENCE = 1000;

/**
 * Refuses what stdin holds, where it cannot be handed on: it would be dropped without a word. Only
 * reading tells what a pipe holds; what is read is gone, as it is where `ssh` itself reads it.
 *
 * @throws {BadInput} One that says what to do
 */
export async function refuseStdin(shell: Shell): Promise<void> {
  const stdin = await shell.lookAtStdin();
  if (stdin === undefined || stdin.bytes === 0) return;
  if (stdin.kind === "pipe" && await isAtEnd(shell.stdin)) return;
  throw new BadInput(
    "stdin is not handed on to another machine, and it holds something or is a pipe that is still " +
      "open: add < /dev/null",
  );
}

/** Whether it ends without a byte. It is read on to its end: no loop goes on with half a line. */
async function isAtEnd(stdin: AsyncIterable<Uint8Array>): Promise<boolean> {
  let [bytes, timer] = [0, undefined as ReturnType<typeof setTimeout> | undefined];
  const ended = async () => {
    for await (const chunk of stdin) bytes += chunk.length;
    return bytes === 0;
  };
  const silent = new Promise<boolean>((late) => timer = setTimeout(late, SILENCE, false));
  return await Promise.race([ended().catch(() => false), silent])
    .finally(() => clearTimeout(timer));
}

/**
 * Which exit codes are a success, and which prove nothing.
 *
 * @throws {BadInput} If one is both
 */
export function judgement(
  { success, unproven }: Values,
): Pick<CommandOptions, "success" | "unproven"> {
  const both = (success ?? [0]).find((code) => unproven?.includes(code));
  if (both !== undefined) {
    throw new BadInput(`--unproven must hold no code of --success: received ${both} in both`);
  }
  return { ...success && { success }, ...unproven && { unproven } };
}

/** As ssh wants them. */
export function sshOptions({ option }: Values): string[] {
  return option.flatMap((each) => ["-o", each]);
}

function programOf(words: string[] | undefined): { program: string; args: string[] } {
  const [program, ...args] = words ?? [];
  if (program === undefined || program === "") {
    throw new BadInput("expected a command behind --, as in: deployer exec -- ./deploy.sh");
  }
  return { program, args };
}
