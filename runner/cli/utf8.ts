/** Whether what was typed is what was read: a runtime turns bytes that are no UTF-8 into U+FFFD. */
import { Buffer } from "node:buffer";
import { readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { BadInput } from "./exit.ts";
import type { Shell } from "./shell.ts";

/**
 * Refuses arguments, variables of ours and a folder that are not UTF-8: two identities would become
 * one, and other files would be made than those that were meant. Where the system does not give the
 * bytes, and only Linux does, every U+FFFD is refused.
 *
 * @param args The last arguments of this process
 * @throws {BadInput} One that names what it is, and not what it holds: that may be a password
 */
export function refuseOtherThanUtf8(args: readonly string[], env: Shell["env"]): void {
  for (const [i, argument] of args.entries()) {
    refuse(`argument ${i + 1}`, argument, () => textsOf("/proc/self/cmdline").at(i - args.length));
  }
  for (const [variable, typed] of variablesOf(env)) {
    const [name] = variable.split("=", 1) as [string];
    if (name.startsWith("DEPLOYER_")) refuse(name, variable, () => typed);
  }
  refuse(
    "the name of this folder",
    currentFolder(),
    () => readlinkSync("/proc/self/cwd", "buffer"),
  );
}

/** Deno has none that is not UTF-8, until one is asked for: what the process was given comes first. */
function variablesOf(env: Shell["env"]): [text: string, typed: Buffer | undefined][] {
  try {
    return textsOf("/proc/self/environ").map((typed) => [typed.toString(), typed]);
  } catch {
    return Object.entries(env).map(([name, value]) => [`${name}=${value}`, undefined]);
  }
}

/** Deno refuses here what is not UTF-8; the folder may be gone, too. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new BadInput(`the folder that it runs in cannot be used: ${(error as Error).message}`);
  }
}

/** @param typed Its bytes. It is called only where they matter */
function refuse(what: string, text: string, typed: () => Buffer | undefined): void {
  if (!text.includes("\ufffd")) return;
  try {
    if (isSame(typed(), text)) return;
  } catch { /* The system does not say it. */ }
  throw new BadInput(`${what} is not UTF-8`);
}

function isSame(bytes: Buffer | undefined, text: string): boolean {
  return bytes?.equals(Buffer.from(text)) === true;
}

/** What a file of /proc holds: each text ends with a NUL. */
function textsOf(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const texts = [] as Buffer[];
  for (let at = 0, end; (end = bytes.indexOf(0, at)) >= 0; at = end + 1) {
    texts.push(bytes.subarray(at, end));
  }
  return texts;
}
