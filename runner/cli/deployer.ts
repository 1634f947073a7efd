import { commandOf, refuseOperands } from "./commands.ts";
import { BadInput, EXIT, exitCodeOf } from "./exit.ts";
import { helpOf, overview } from "./help.ts";
import { readArguments } from "./options.ts";
import { withoutPasswords } from "../passwords.ts";
import type { Shell } from "./shell.ts";
import { refuseOtherThanUtf8 } from "./utf8.ts";
import { VERSION } from "./version.ts";

/**
 * Does what the arguments ask for. It never rejects: what goes wrong is one line on stderr.
 *
 * @returns The exit code: see `EXIT`; 1 of `check`
 */
export async function deployer(args: readonly string[], shell: Shell): Promise<number> {
  const code = await done(args, shell);
  const [name, fault] = shell.stdout.fault
    ? ["stdout", shell.stdout.fault]
    : ["stderr", shell.stderr.fault];
  if (fault === undefined) return code;
  await shell.stderr.write(`deployer: ${name} cannot be written: ${oneLine(fault)}\n`);
  const isWorse = code === EXIT.BAD_INPUT || code === EXIT.FAULT;
  return isWorse ? code : EXIT.LEDGER_DOWN;
}

async function done(args: readonly string[], shell: Shell): Promise<number> {
  try {
    return await run(args, shell);
  } catch (error) {
    const code = exitCodeOf(error);
    const said = code === undefined && error instanceof Error ? error.stack ?? "" : oneLine(error);
    await shell.stderr.write(`deployer: ${withoutPasswords(said)}\n`);
    return code ?? EXIT.FAULT;
  }
}

async function run(args: readonly string[], shell: Shell): Promise<number> {
  refuseOtherThanUtf8(args, shell.env);
  const [name, ...rest] = args;
  if (name === undefined) {
    await shell.stderr.write(overview());
    return EXIT.BAD_INPUT;
  }
  if (isHelp(name)) {
    await shell.stdout.write(helpOn(rest));
    return 0;
  }
  if (name === "--version") {
    await shell.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (name === "complete") return (await import("./complete.ts")).complete(rest, shell);
  const command = commandOf(name);
  const invocation = readArguments(command.options, rest, shell.env);
  if (invocation.values.help) {
    await shell.stdout.write(helpOf(name, command));
    return 0;
  }
  refuseOperands(name, command, invocation);
  const work = await command.load();
  return await work(invocation, shell);
}

function isHelp(word: string): boolean {
  return ["--help", "-h", "help"].includes(word);
}

/** @throws {BadInput} If there is no such command, or more than one is named */
function helpOn(names: readonly string[]): string {
  const [name] = names;
  if (names.length > 1) throw new BadInput(`help takes one command: received ${names.length}`);
  return name === undefined || isHelp(name) ? overview() : helpOf(name, commandOf(name));
}

/** Whatever names and messages hold, a log gets one line, and a terminal no escape sequence. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[\s\p{Cc}\u2028\u2029]+/gu, " ").trim();
}
