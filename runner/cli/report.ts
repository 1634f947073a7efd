import { resolve } from "node:path";
import { LedgerDown } from "../ledgers/errors.ts";
import { writePage } from "../report.ts";
import { BadInput } from "./exit.ts";
import {
  isOfLedger,
  isThere,
  letGo,
  locate,
  nameOf,
  type OpenLedger,
  openLedger,
} from "./ledger.ts";
import type { Invocation, Values } from "./options.ts";
import type { Shell } from "./shell.ts";
import { clean, jsonFor } from "./style.ts";

/**
 * Writes the page on which people look at results, with those of the ledger in it. Its path is all
 * that stands on stdout.
 *
 * @param open Opens the ledger
 * @throws {BadInput} If there is no ledger, or the file is one of it, or cannot be written
 * @throws {LedgerDamaged} If some orders are damaged; the page of all others is written
 */
export async function report(
  { operands, values }: Invocation,
  shell: Shell,
  open: OpenLedger = openLedger,
): Promise<number> {
  if (operands.length > 0) {
    throw new BadInput(`report takes no operand: received ${JSON.stringify(operands[0])}`);
  }
  const location = locate(values.ledger);
  if (!isThere(location)) throw new BadInput(`there is no ledger ${nameOf(location)}`);
  const file = resolve(values.out);
  if (isOfLedger(location, file)) {
    throw new BadInput(`--out must not be a file of the ledger: received ${JSON.stringify(file)}`);
  }
  const ledger = await open(location);
  try {
    const { orders, damages } = await writePage(ledger, file).catch((error) => {
      throw error instanceof LedgerDown ? error : new BadInput(error.message);
    });
    await tell(file, orders, values, shell);
    damages.refuse();
    return 0;
  } finally {
    await letGo(ledger);
  }
}

async function tell(file: string, orders: number, values: Values, shell: Shell): Promise<void> {
  if (values.quiet && !values.json) return;
  const { stdout } = shell;
  const path = stdout.isTerminal ? clean(file) : file;
  await stdout.write(`${values.json ? jsonFor(stdout, { file, orders }) : path}\n`);
  if (values.quiet) return;
  const secrets = "whoever gets the file can read all that they record";
  await shell.stderr.write(`${orders === 1 ? "1 order" : `${orders} orders`}: ${secrets}\n`);
}
