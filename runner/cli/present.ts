/** What is said of one order when a command is done: for people, for programs, or nothing. */
import type { ExecutionResult } from "deployer-runtime";
import type { Entry } from "../ledgers/ledger.ts";
import { card } from "./card.ts";
import type { Places } from "./ledger.ts";
import type { Values } from "./options.ts";
import type { Shell } from "./shell.ts";
import { clean, jsonOf, styleOf } from "./style.ts";
import { asked, happened } from "./words.ts";

/** Who reads stdout: `--json` is for programs, also on a terminal and with `--quiet`. */
export function readerOf(
  { json, quiet }: Values,
  { stdout }: Shell,
): "people" | "programs" | "nobody" {
  if (json) return "programs";
  if (quiet) return "nobody";
  return stdout.isTerminal ? "people" : "programs";
}

/**
 * Says what is known of an order: on a terminal a card; else JSON on stdout, and one line on stderr.
 *
 * @param data What programs get
 */
export async function present(
  entry: Entry,
  data: Entry | ExecutionResult,
  places: Places,
  values: Values,
  shell: Shell,
): Promise<void> {
  const { stdout, stderr, env } = shell;
  const reader = readerOf(values, shell);
  if (reader === "people") {
    await stdout.write(`${card(entry, styleOf(stdout, env), places).join("\n")}\n`);
    return;
  }
  if (reader === "programs") await stdout.write(`${jsonOf(data, 2)}\n`);
  if (values.quiet) return;
  const line = `${entry.status} ${entry.request.orderId}: ${asked(entry)}: ${happened(entry)}`;
  await stderr.write(`${clean(line)}\n`);
}
