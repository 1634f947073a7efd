import { LedgerDamaged } from "../ledgers/errors.ts";
import type { Filter, Ledger } from "../ledgers/ledger.ts";
import { type OpenLedger, openLedger, withLedger } from "./ledger.ts";
import type { Invocation, Values } from "./options.ts";
import { readerOf } from "./present.ts";
import type { Shell } from "./shell.ts";
import { jsonOf, styleOf } from "./style.ts";
import { tableOf } from "./table.ts";

/** What fits on a screen or two. */
const ON_A_TERMINAL = 50;

/**
 * Lists orders: a table for people, an entry a line for programs.
 *
 * @param open Opens the ledger
 * @throws {BadInput} If there is no ledger
 * @throws {LedgerDamaged} If some orders are damaged; all others are listed
 */
export async function list(
  { values }: Invocation,
  shell: Shell,
  open: OpenLedger = openLedger,
): Promise<number> {
  return await withLedger(values.ledger, open, async (ledger) => {
    const reader = readerOf(values, shell);
    if (reader === "people") await table(ledger, values, shell);
    if (reader === "programs") await lines(ledger, values, shell);
    return 0;
  });
}

async function table(ledger: Ledger, values: Values, shell: Shell): Promise<void> {
  const limit = values.limit ?? ON_A_TERMINAL;
  const { entries, next, damages } = await ledger.list({ ...filterOf(values), limit });
  const rows = entries.length > 0
    ? tableOf(entries, styleOf(shell.stdout, shell.env))
    : ["no orders"];
  if (next !== undefined) rows.push(`older ones: --limit ${limit * 2}`);
  await shell.stdout.write(`${rows.join("\n")}\n`);
  if (damages) throw new LedgerDamaged(damages, []);
}

/** NDJSON, an order a line: `head` ends it early. */
async function lines(ledger: Ledger, values: Values, { stdout }: Shell): Promise<void> {
  let left = values.limit ?? Infinity;
  for await (const entry of ledger.entries(filterOf(values))) {
    await stdout.write(`${jsonOf(entry)}\n`);
    left -= 1;
    if (left === 0 || stdout.isClosed) return;
  }
}

function filterOf({ status, since, grep }: Values): Filter {
  return { status, since, text: grep };
}
