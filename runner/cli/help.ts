/** What `--help` shows, made from the table of commands and that of options. */
import { type Command, COMMANDS } from "./commands.ts";
import { type OptionName, OPTIONS, variableOf } from "./options.ts";
import { wrap } from "./style.ts";

const CODES = `Exit codes, the same in every command:
  0   APPLIED; or nothing is wrong
  1   check: a document is refused
  20  FAILED      30  UNKNOWN
  64  bad input, or the identity of another order: nothing was changed
  70  a fault of deployer itself
  73  the order is consumed already: nothing was executed
  74  the ledger is down, damaged or does not answer; or a result could not be stored, or output
      could not be written
`;

/** All commands. */
export function overview(): string {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const rows = names.map((name) => `  ${name.padEnd(width)}${COMMANDS[name]!.summary}\n`);
  return `Execute once, and know what was observed.

Usage: deployer COMMAND …
       deployer COMMAND --help
       deployer --version

${rows.join("")}
Example:
  deployer exec --order site-42 -- ./deploy.sh     # the second time, it executes nothing

On a terminal it writes for people; otherwise stdout is JSON, and nothing else.

${CODES}`;
}

/** One command, with its options and examples. */
export function helpOf(name: string, command: Command): string {
  const { summary, usage, stdin, options, examples, codes } = command;
  const forms = options.map(formOf);
  const width = Math.max(...forms.map((form) => form.length)) + 2;
  const rows = options.map((option, i) => `  ${forms[i]!.padEnd(width)}${OPTIONS[option].help}\n`);
  return `${summary}.

Usage: deployer ${name} ${usage}
${stdin ? `\n${stdin}\n` : ""}
Options:
${rows.join("")}${environment(options)}
Examples:
${examples.map((example) => `  ${example}\n`).join("")}
Exit codes:
${Object.entries(codes).map(([code, meaning]) => `  ${code.padEnd(4)}${meaning}\n`).join("")}`;
}

function formOf(name: OptionName): string {
  const { short, value } = OPTIONS[name];
  return `${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`;
}

/** The variables that stand in for options; of what may be repeated, one a line. */
function environment(options: readonly OptionName[]): string {
  const names = options.filter((option) => OPTIONS[option].env).map(variableOf);
  if (names.length === 0) return "";
  return `\nIn the environment:\n${
    wrap(names.join(" "), 78).map((line) => `  ${line}\n`).join("")
  }`;
}
