import { executeOrder, TYPED } from "./actions.ts";
import { BadInput } from "./exit.ts";
import type { Invocation } from "./options.ts";
import type { Shell } from "./shell.ts";

/**
 * Executes a command as an order.
 *
 * @throws {BadInput} If there is no command
 */
export async function exec({ values, program }: Invocation, shell: Shell): Promise<number> {
  const action = { name: "command", input: programOf(program) };
  return await executeOrder({ orderId: values.order, action }, TYPED, values, shell);
}

/**
 * Executes a command on another machine.
 *
 * @throws {BadInput} If there is no command
 */
export async function ssh(
  { values, operands: [host], program }: Invocation,
  shell: Shell,
): Promise<number> {
  const action = { name: "ssh", input: { host, ...programOf(program) } };
  return await executeOrder({ orderId: values.order, action }, TYPED, values, shell);
}

function programOf(words: string[] | undefined): { program: string; args: string[] } {
  const [program, ...args] = words ?? [];
  if (program === undefined || program === "") {
    throw new BadInput("expected a command behind --, as in: deployer exec -- ./deploy.sh");
  }
  return { program, args };
}
