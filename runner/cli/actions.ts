/** The actions that the command line knows: a new one is a row here. */
import { dirname } from "node:path";
import type { ExecutionRequest } from "deployer-runtime";
import type { CommandOptions } from "../actions/command.ts";
import { checkInput, type Fields } from "../actions/input.ts";
import { attempt, freshIdentity, type MakeAction } from "./attempt.ts";
import { BadInput } from "./exit.ts";
import type { Values } from "./options.ts";
import type { Shell } from "./shell.ts";
import { refuseStdin, stdinOf } from "./stdin.ts";

/** An order; without an identity, it gets a fresh one. */
interface Order {
  readonly orderId: string | undefined;
  readonly action: ExecutionRequest["action"];
}

/** Where an order comes from. */
export interface Source {
  /** As a message begins that is about it. */
  readonly where: string;
  /** The folder that its paths start from. */
  readonly base: string;
  /** Whether it was read from stdin. */
  readonly isStdin: boolean;
}

/** An order that somebody has typed. */
export const TYPED: Source = { where: "", base: ".", isStdin: false };

/** An order that was read from a file, or from stdin. */
export function sourceOf(file: string): Source {
  return {
    where: `file ${JSON.stringify(file)}: `,
    base: file === "-" ? "." : dirname(file),
    isStdin: /^(-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/.test(file),
  };
}

/** What it takes to make an action. */
interface Given {
  readonly values: Values;
  /** Which exit codes are a success, and which prove nothing. */
  readonly codes: Pick<CommandOptions, "success" | "unproven">;
  readonly base: string;
  readonly stdin: "inherit" | "ignore";
}

/** An action: what it takes, and how it is made. */
interface Known {
  /** What becomes of stdin: it is handed on; or refused, where it would be dropped; or left alone. */
  readonly stdin: "handed on" | "refused" | "left";
  readonly load: () => Promise<{
    readonly fields: Fields;
    /** The input is checked before: from then on it is of the action's own type. */
    readonly make: (given: Given) => MakeAction<never>;
  }>;
}

const ACTIONS: Readonly<Record<string, Known>> = {
  command: {
    stdin: "handed on",
    async load() {
      const { command, COMMAND_INPUT } = await import("../actions/command.ts");
      return {
        fields: COMMAND_INPUT,
        make: ({ values: { tty }, codes, stdin }) => (output, stop) =>
          command({ output, stop, ...codes, tty, stdin }),
      };
    },
  },
  ssh: {
    stdin: "refused",
    async load() {
      const { ssh, SSH_INPUT } = await import("../actions/ssh.ts");
      return {
        fields: SSH_INPUT,
        make: ({ values: { option }, codes }) => (output, stop) => {
          const options = option.flatMap((each) => ["-o", each]);
          return ssh({ output, stop, options, ...codes });
        },
      };
    },
  },
  http: {
    stdin: "left",
    async load() {
      const { httpRequest, HTTP_INPUT } = await import("../actions/http.ts");
      return { fields: HTTP_INPUT, make: () => (_output, stop) => httpRequest({}, { stop }) };
    },
  },
  release: {
    stdin: "left",
    async load() {
      const { releaseSwitch, RELEASE_INPUT } = await import("../actions/release.ts");
      return {
        fields: RELEASE_INPUT,
        make: ({ base, values: { target } }) => (_output, stop) =>
          releaseSwitch(base, target, { stop }),
      };
    },
  },
};

/**
 * Executes an order by the action that it names. What can be refused is refused before it is consumed.
 *
 * @returns The exit code
 * @throws {BadInput} If there is no such action, or it cannot use its input; or if an option or stdin
 * cannot be what it is
 */
export async function executeOrder(
  { orderId, action }: Order,
  { where, base, isStdin }: Source,
  values: Values,
  shell: Shell,
): Promise<number> {
  const { name, input } = action;
  const known = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (known === undefined) {
    const names = Object.keys(ACTIONS).join(", ");
    throw new BadInput(
      `${where}action.name must be one of ${names}: received ${JSON.stringify(name)}`,
    );
  }
  const { fields, make } = await known.load();
  try {
    checkInput(input, fields);
  } catch (error) {
    throw new BadInput(where + (error as Error).message);
  }
  const codes = exitCodes(values);
  // What the command prints would be in the JSON.
  if (values.tty && !shell.stdout.isTerminal) {
    throw new BadInput("--tty needs a terminal: stdout is none");
  }
  if (known.stdin === "refused" && !isStdin) await refuseStdin(shell);
  const isHandedOn = known.stdin === "handed on" && !isStdin;
  const stdin = isHandedOn ? await stdinOf(shell) : "ignore";
  return await attempt(
    { orderId: orderId ?? await freshIdentity(values, shell), action },
    make({ values, codes, base, stdin }) as MakeAction<ExecutionRequest>,
    values,
    shell,
  );
}

/** @throws {BadInput} If one is both */
function exitCodes({ success, unproven }: Values): Given["codes"] {
  const both = (success ?? [0]).find((code) => unproven?.includes(code));
  if (both !== undefined) {
    throw new BadInput(`--unproven must hold no code of --success: received ${both} in both`);
  }
  return { ...success && { success }, ...unproven && { unproven } };
}
