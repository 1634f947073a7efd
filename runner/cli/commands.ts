/** The commands: what they are for, what they take, and where they are. A new one is a row here. */
import { BadInput } from "./exit.ts";
import { nearest } from "./nearest.ts";
import type { Invocation, OptionName } from "./options.ts";
import type { Shell } from "./shell.ts";

/** Does what was asked for; resolves to the exit code. */
export type Work = (invocation: Invocation, shell: Shell) => Promise<number>;

/** One command. */
export interface Command {
  readonly summary: string;
  /** What stands behind its name. */
  readonly usage: string;
  /** What its operand is, where it takes one; or many, from one on. */
  readonly operand?: string;
  readonly takesMany?: true;
  /** Whether a program stands behind `--`. */
  readonly takesProgram?: true;
  /** What becomes of stdin, in one line. */
  readonly stdin?: string;
  readonly options: readonly OptionName[];
  readonly examples: readonly string[];
  /** What it can end with, and what that means. */
  readonly codes: Readonly<Record<number, string>>;
  /** Loaded only when it is asked for: `deployer --help` costs little more than the runtime. */
  readonly load: () => Promise<Work>;
}

const EVERYWHERE = ["json", "quiet", "help"] as const;
const OF_A_LEDGER = ["ledger", ...EVERYWHERE] as const;
const OF_AN_ORDER = ["order", "runner", "annotate", "timeout", "grace"] as const;

const CODES = { 64: "bad input: nothing was changed", 70: "a fault of deployer itself" };
const DONE = { 0: "done", ...CODES, 74: "stdout cannot be written" };
const OF_A_LEDGER_CODES = {
  ...DONE,
  74: "the ledger is down, damaged or does not answer; or stdout cannot be written",
};
const OF_AN_ORDER_CODES = {
  ...CODES,
  0: "APPLIED",
  20: "FAILED",
  30: "UNKNOWN",
  64: "bad input, or the identity of another order: nothing was changed",
  73: "the order is consumed already: nothing was executed",
  74: "the ledger is down or does not answer; or the result cannot be stored, or printed",
};

/** All commands, in the order in which they are shown. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  exec: {
    summary: "Execute a command once, as an order",
    usage: "[options] -- PROGRAM ARG…",
    takesProgram: true,
    stdin: "The command reads stdin: a file, a pipe or a socket, but no terminal.",
    options: [...OF_AN_ORDER, "success", "unproven", "tty", ...OF_A_LEDGER],
    examples: [
      "deployer exec -- ./deploy.sh",
      "deployer exec --order site-$(git rev-parse HEAD) -- ./deploy.sh production",
      "deployer exec --timeout 15m --unproven 255 -- ssh web1 ./switch",
      "deployer exec --tty -- sudo systemctl restart site",
      "deployer exec -- psql shop < migration.sql",
    ],
    codes: OF_AN_ORDER_CODES,
    load: async () => (await import("./exec.ts")).exec,
  },
  ssh: {
    summary: "Execute a command once on another machine",
    usage: "[options] HOST -- PROGRAM ARG…",
    operand: "machine",
    takesProgram: true,
    stdin: "Stdin is not handed on, and refused where it holds something: add < /dev/null.",
    options: [...OF_AN_ORDER, "success", "unproven", "option", ...OF_A_LEDGER],
    examples: [
      "deployer ssh web1 --order site-42 -- ./switch r42",
      "deployer ssh deploy@web1 -o Port=2222 -- systemctl restart site",
    ],
    codes: OF_AN_ORDER_CODES,
    load: async () => (await import("./exec.ts")).ssh,
  },
  run: {
    summary: "Execute an order from a JSON file",
    usage: "[options] FILE",
    operand: "order file",
    stdin: "A command reads stdin as in exec, but not where FILE is -. In ssh it is refused.",
    options: [
      ...OF_AN_ORDER,
      "fresh",
      "success",
      "unproven",
      "tty",
      "option",
      "target",
      ...OF_A_LEDGER,
    ],
    examples: [
      "deployer run order.json",
      `echo '{"orderId":"x","action":{"name":"command","input":{"program":"date"}}}' | deployer run -`,
      "jq '.orderId = \"site-43\"' order.json | deployer run -",
    ],
    codes: OF_AN_ORDER_CODES,
    load: async () => (await import("./run.ts")).run,
  },
  list: {
    summary: "List orders, the newest first",
    usage: "[options]",
    options: ["status", "since", "grep", "limit", ...OF_A_LEDGER],
    examples: [
      "deployer list --status unknown",
      "deployer list --since 2h --json | jq -r .fact.orderId",
    ],
    codes: OF_A_LEDGER_CODES,
    load: async () => (await import("./list.ts")).list,
  },
  show: {
    summary: "Show all that is known of one order",
    usage: "[options] ORDER",
    operand: "order",
    options: OF_A_LEDGER,
    examples: ["deployer show site-42", "deployer show --json site-42 | jq .result"],
    codes: {
      ...OF_AN_ORDER_CODES,
      64: CODES[64],
      73: "OPEN: it is consumed, and has no result yet",
      74: OF_A_LEDGER_CODES[74],
    },
    load: async () => (await import("./show.ts")).show,
  },
  check: {
    summary: "Check results, facts and orders against the contract",
    usage: "[options] FILE…",
    operand: "file",
    takesMany: true,
    options: ["key", ...EVERYWHERE],
    examples: [
      "deployer check results.ndjson",
      "deployer list --json | deployer check -",
      "deployer check --key runner.pub.pem result.dsse.json",
    ],
    codes: { ...DONE, 0: "nothing is wrong", 1: "a document is refused" },
    load: async () => (await import("./check.ts")).check,
  },
  recover: {
    summary: "Close orders whose Runner is gone, as UNKNOWN",
    usage: "[options]",
    options: OF_A_LEDGER,
    examples: ["deployer recover"],
    codes: OF_A_LEDGER_CODES,
    load: async () => (await import("./recover.ts")).recover,
  },
  report: {
    summary: "Write an HTML report of the ledger",
    usage: "[options]",
    options: ["out", ...OF_A_LEDGER],
    examples: ["deployer report", "xdg-open $(deployer report --out today.html)"],
    codes: OF_A_LEDGER_CODES,
    load: async () => (await import("./report.ts")).report,
  },
  sign: {
    summary: "Sign a result, as evidence to be handed on",
    usage: "[options] FILE --key KEY",
    operand: "result",
    options: ["key", ...EVERYWHERE],
    examples: [
      "openssl genpkey -algorithm ed25519 -out runner.pem",
      "deployer sign result.json --key runner.pem > result.dsse.json",
    ],
    codes: DONE,
    load: async () => (await import("./sign.ts")).sign,
  },
  completion: {
    summary: "Print the completion of bash, zsh or fish",
    usage: "SHELL",
    operand: "shell",
    options: ["help"],
    examples: [
      `eval "$(deployer completion bash)"`,
      `eval "$(deployer completion zsh)"`,
      "deployer completion fish | source",
    ],
    codes: DONE,
    load: async () => (await import("./completion.ts")).completion,
  },
};

/**
 * Refuses operands that a command does not take, and a program where it executes none.
 *
 * @throws {BadInput} One that says what it takes
 */
export function refuseOperands(
  name: string,
  { operand, takesMany, takesProgram }: Command,
  { operands, program }: Invocation,
): void {
  const most = takesMany ? Infinity : operand === undefined ? 0 : 1;
  const isRight = operands.length <= most && (operand === undefined || operands.length > 0);
  if (isRight && (takesProgram || program === undefined)) return;
  const least = operand === undefined
    ? "no operand"
    : `one ${operand}${takesMany ? " or more" : ""}`;
  const given = isRight ? ["--", ...program ?? []] : operands;
  const received = given.length === 0 ? "none" : given.map((one) => JSON.stringify(one)).join(", ");
  const hint = takesProgram && program === undefined
    ? `: a command stands behind --, as in: deployer ${name} -- ${operands.at(-1) ?? "./deploy.sh"}`
    : "";
  throw new BadInput(`${name} takes ${least}: received ${received}${hint}`);
}

/** @throws {BadInput} If there is no such command */
export function commandOf(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command;
  const known = Object.keys(COMMANDS);
  const meant = nearest(name, known);
  throw new BadInput(
    `there is no command ${JSON.stringify(name)}: ` +
      (meant === undefined ? `there are ${known.join(", ")}` : `did you mean ${meant}?`),
  );
}
