import { BadInput, EXIT } from "./exit.ts";
import { addressOf, type OpenLedger, openLedger, placesOf, withLedger } from "./ledger.ts";
import type { Invocation } from "./options.ts";
import { present } from "./present.ts";
import type { Shell } from "./shell.ts";

/**
 * Shows one order.
 *
 * @param open Opens the ledger
 * @returns The code of its status; that of an order that is consumed as long as it is open
 * @throws {BadInput} If the ledger does not have it
 * @throws {LedgerDamaged} If a part of what it holds of it is damaged: it is named
 */
export async function show(
  { operands: [orderId = ""], values }: Invocation,
  shell: Shell,
  open: OpenLedger = openLedger,
): Promise<number> {
  return await withLedger(values.ledger, open, async (ledger, location) => {
    const entry = await ledger.get(orderId);
    if (entry === undefined) {
      const order = JSON.stringify(orderId);
      const where = addressOf(location);
      throw new BadInput(`order ${order} is not consumed: it is not in the ledger ${where}`);
    }
    await present(entry, entry, placesOf(location, orderId), values, shell);
    return entry.status === "OPEN" ? EXIT.CONSUMED : EXIT[entry.status];
  });
}
