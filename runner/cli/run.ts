import { dirname } from "node:path";
import type { Action, ExecutionRequest } from "deployer-runtime";
import type { Fields } from "../actions/input.ts";
import { attempt, freshIdentity, type MakeAction } from "./attempt.ts";
import {
  judgement,
  refuseInput,
  refuseNoTerminal,
  refuseStdin,
  sshOptions,
  stdinOf,
} from "./exec.ts";
import { BadInput } from "./exit.ts";
import type { Invocation, Values } from "./options.ts";
import { readOrder } from "./order.ts";
import type { Shell } from "./shell.ts";

/** An action that an order can name: what it takes, and how it is made. */
interface Known {
  readonly fields: Fields;
  readonly make: MakeAction<ExecutionRequest>;
}

/**
 * Executes an order from a file.
 *
 * @throws {BadInput} If the file is no order, or names no action that there is, or its action cannot
 * use its input
 */
export async function run({ values, operands }: Invocation, shell: Shell): Promise<number> {
  const [file] = operands;
  if (file === undefined || operands.length > 1) {
    throw new BadInput(`expected one order file: received ${operands.length}`);
  }
  const standIn = values.fresh ? "fresh" : undefined; // The identity is told once it can be executed.
  const order = await readOrder(file, shell, values.order ?? standIn);
  const { fields, make } = await actionOf(order.action.name, file, values, shell);
  refuseInput(order.action.input, fields, `file ${JSON.stringify(file)}: `);
  refuseNoTerminal(values, shell);
  if (order.action.name === "ssh" && !isStdin(file)) await refuseStdin(shell);
  if (values.fresh && values.order === undefined) {
    order.orderId = await freshIdentity(values, shell);
  }
  return await attempt(order, make, values, shell);
}

/** The action of that name, made as the options want it. */
async function actionOf(
  name: string,
  file: string,
  values: Values,
  shell: Shell,
): Promise<Known> {
  const codes = judgement(values);
  switch (name) {
    case "command": {
      const { command, COMMAND_INPUT } = await import("../actions/command.ts");
      const stdin = isStdin(file) ? "ignore" : await stdinOf(shell);
      return known(
        COMMAND_INPUT,
        (output, stop) => command({ output, stop, ...codes, tty: values.tty, stdin }),
      );
    }
    case "ssh": {
      const { ssh, SSH_INPUT } = await import("../actions/ssh.ts");
      const options = sshOptions(values);
      return known(SSH_INPUT, (output, stop) => ssh({ output, stop, options, ...codes }));
    }
    case "http": {
      const { httpRequest, HTTP_INPUT } = await import("../actions/http.ts");
      return known(HTTP_INPUT, (_output, stop) => httpRequest({}, { stop }));
    }
    case "release": {
      const { releaseSwitch, RELEASE_INPUT } = await import("../actions/release.ts");
      const base = file === "-" ? "." : dirname(file);
      return known(RELEASE_INPUT, (_output, stop) => releaseSwitch(base, values.target, { stop }));
    }
  }
  throw new BadInput(
    `file ${JSON.stringify(file)}: action.name must be command, ssh, http or release: ` +
      `received ${JSON.stringify(name)}`,
  );
}

/** Whether the order itself was read from stdin. */
function isStdin(file: string): boolean {
  return /^(-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/.test(file);
}

/** The input is checked before the action is called: from then on it is of the action's own type. */
function known<Order extends ExecutionRequest>(
  fields: Fields,
  make: (output: string, stop: AbortSignal) => Action<Order>,
): Known {
  return { fields, make: make as unknown as MakeAction<ExecutionRequest> };
}
