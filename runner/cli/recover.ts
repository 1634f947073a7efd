import type { Fact } from "deployer-runtime";
import { LedgerDamaged } from "../ledgers/errors.ts";
import type { Ledger } from "../ledgers/ledger.ts";
import { card } from "./card.ts";
import {
  addressOf,
  isThere,
  locate,
  type OpenLedger,
  openLedger,
  outputOf,
  type Places,
  placesOf,
  withOpen,
} from "./ledger.ts";
import type { Invocation, Values } from "./options.ts";
import { readerOf } from "./present.ts";
import type { Shell } from "./shell.ts";
import { clean, jsonOf, styleOf } from "./style.ts";

/**
 * Closes the orders whose Runner is gone, and lists them: facts, one a line, for programs.
 *
 * @param open Opens the ledger
 * @throws {LedgerDamaged} If a part of the ledger cannot be read; the rest is closed, and listed
 */
export async function recover(
  { values }: Invocation,
  shell: Shell,
  open: OpenLedger = openLedger,
): Promise<number> {
  const location = locate(values.ledger);
  if (!isThere(location)) { // A first run has nothing to recover: that is no fault.
    if (!values.quiet) await shell.stderr.write(`there is no ledger ${addressOf(location)} yet\n`);
    return 0;
  }
  return await withOpen(location, open, async (ledger) => {
    const { closed, damage } = await closeLost(ledger);
    for (const fact of closed) {
      await tell(fact, ledger, placesOf(location, fact.orderId), values, shell);
    }
    if (!values.quiet) {
      await shell.stderr.write(`${summary(closed.length, outputOf(location))}\n`);
    }
    if (damage) throw damage;
    return 0;
  });
}

async function closeLost(ledger: Ledger): Promise<{ closed: readonly Fact[]; damage?: Error }> {
  try {
    return { closed: await ledger.recover() };
  } catch (error) {
    if (error instanceof LedgerDamaged) return { closed: error.facts, damage: error };
    throw error;
  }
}

async function tell(
  fact: Fact,
  ledger: Ledger,
  places: Places,
  values: Values,
  shell: Shell,
): Promise<void> {
  const { stdout, env } = shell;
  const reader = readerOf(values, shell);
  if (reader === "programs") await stdout.write(`${jsonOf(fact)}\n`);
  if (reader !== "people") return;
  // It is closed all the same, and the others are to be told: what is damaged of it `show` names.
  const entry = await ledger.get(fact.orderId).catch(() => undefined);
  const lines = entry ? card(entry, styleOf(stdout, env), places) : [clean(fact.orderId)];
  await stdout.write(`${lines.join("\n")}\n\n`);
}

function summary(closed: number, output: string): string {
  if (closed === 0) return "no order is lost";
  const orders = closed === 1 ? "1 order is" : `${closed} orders are`;
  return `${orders} closed as UNKNOWN. A command lives on after its Runner: look for it first, and ` +
    `at what it printed, in ${output}`;
}
