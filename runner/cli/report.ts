import { resolve } from "node:path";
import { LedgerDown } from "../ledgers/errors.ts";
import { writePage } from "../report.ts";
import { BadInput } from "./exit.ts";
import { type OpenLedger, openLedger, withLedger } from "./ledger.ts";
import type { Invocation, Values } from "./options.ts";
import { readerOf } from "./present.ts";
import type { Shell } from "./shell.ts";

/**
 * Writes the page on which people look at results, with those of the ledger in it. Its path is all
 * that stands on stdout.
 *
 * @param open Opens the ledger
 * @throws {BadInput} If there is no ledger, or the file cannot be written
 * @throws {LedgerDamaged} If some orders are damaged; the page of all others is written
 */
export async function report(
  { values }: Invocation,
  shell: Shell,
  open: OpenLedger = openLedger,
): Promise<number> {
  return await withLedger(values.ledger, open, async (ledger) => {
    const file = resolve(values.out);
    const { orders, damage } = await writePage(ledger, file).catch((error) => {
      throw error instanceof LedgerDown ? error : new BadInput(error.message);
    });
    await tell(file, orders, values, shell);
    if (damage) throw damage;
    return 0;
  });
}

async function tell(file: string, orders: number, values: Values, shell: Shell): Promise<void> {
  if (readerOf(values, shell) === "nobody") return;
  const path = values.json ? JSON.stringify({ file, orders }) : file;
  await shell.stdout.write(`${path}\n`);
  if (values.quiet) return;
  const secrets = "whoever gets the file can read all that they record";
  await shell.stderr.write(`${orders === 1 ? "1 order" : `${orders} orders`}: ${secrets}\n`);
}
