import { resolve } from "node:path";
import { LedgerDown } from "../ledgers/errors.ts";
import { writeReport } from "../report.ts";
import { BadInput } from "./exit.ts";
import { isThere, locate, nameOf, openLedger } from "./ledger.ts";
import type { Invocation } from "./options.ts";
import type { Shell } from "./shell.ts";

/**
 * Writes the page on which people look at results, with those of the ledger in it. Its path is all
 * that stands on stdout.
 *
 * @throws {BadInput} If there is no ledger, or the file cannot be written
 */
export async function report({ operands, values }: Invocation, shell: Shell): Promise<number> {
  if (operands.length > 0) {
    throw new BadInput(`report takes no operand: received ${JSON.stringify(operands[0])}`);
  }
  const location = locate(values.ledger);
  if (!isThere(location)) throw new BadInput(`there is no ledger ${nameOf(location)}`);
  const file = resolve(values.out);
  const ledger = await openLedger(location);
  try {
    const orders = await writeReport(ledger, file).catch((error) => {
      throw error instanceof LedgerDown ? error : new BadInput(error.message);
    });
    if (values.quiet && !values.json) return 0;
    const path = values.json ? JSON.stringify({ file, orders }) : file;
    await shell.stdout.write(`${path}\n`);
    if (!values.quiet) {
      const secrets = "whoever gets the file can read all that they record";
      await shell.stderr.write(`${orders === 1 ? "1 order" : `${orders} orders`}: ${secrets}\n`);
    }
    return 0;
  } finally {
    await ledger.close();
  }
}
