/** What is said of one order when a command is done: for people, for programs, or nothing. */
import type { ExecutionResult } from "deployer-runtime";
import type { Entry } from "../ledgers/ledger.ts";
import { card } from "./card.ts";
import type { Places } from "./ledger.ts";
import type { Values } from "./options.ts";
import type { Shell } from "./shell.ts";
import { clean, jsonFor, styleOf } from "./style.ts";
import { asked, happened } from "./words.ts";

/** Whether stdout is for people. */
export function isForPeople({ json }: Values, { stdout }: Shell): boolean {
  return !json && stdout.isTerminal;
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
  const { stdout, stderr } = shell;
  if (isForPeople(values, shell)) {
    if (values.quiet) return;
    await stdout.write(`${card(entry, styleOf(stdout, shell.env), places).join("\n")}\n`);
    return;
  }
  if (!values.quiet || values.json) await stdout.write(`${jsonFor(stdout, data, 2)}\n`);
  if (values.quiet) return;
  const line = `${entry.status} ${entry.request.orderId}: ${asked(entry)}: ${happened(entry)}`;
  await stderr.write(`${clean(line)}\n`);
}
