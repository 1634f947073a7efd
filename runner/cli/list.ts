import { Damages } from "../damages.ts";
import type { Ledger } from "../ledgers/ledger.ts";
import { BadInput } from "./exit.ts";
import { isThere, letGo, locate, nameOf, type OpenLedger, openLedger } from "./ledger.ts";
import type { Invocation, Values } from "./options.ts";
import { isForPeople } from "./present.ts";
import type { Shell } from "./shell.ts";
import { jsonFor, styleOf } from "./style.ts";
import { tableOf } from "./table.ts";

/** What fits on a screen or two. */
const ON_A_TERMINAL = 50;

/** A folder reads all of its files for each page: few pages. */
const PAGE = 10_000;

/**
 * Lists orders: a table for people, an entry a line for programs.
 *
 * @param open Opens the ledger
 * @throws {BadInput} If there is no ledger
 * @throws {LedgerDamaged} If some orders are damaged; all others are listed
 */
export async function list(
  { operands, values }: Invocation,
  shell: Shell,
  open: OpenLedger = openLedger,
): Promise<number> {
  if (operands.length > 0) {
    throw new BadInput(`list takes no operand: received ${JSON.stringify(operands[0])}`);
  }
  const location = locate(values.ledger);
  if (!isThere(location)) throw new BadInput(`there is no ledger ${nameOf(location)}`);
  const ledger = await open(location);
  const damages = new Damages();
  try {
    if (isForPeople(values, shell)) await table(ledger, damages, values, shell);
    else if (!values.quiet || values.json) await lines(ledger, damages, values, shell);
  } finally {
    await letGo(ledger);
  }
  damages.refuse();
  return 0;
}

async function table(
  ledger: Ledger,
  damages: Damages,
  values: Values,
  shell: Shell,
): Promise<void> {
  if (values.quiet) return;
  const limit = values.limit ?? ON_A_TERMINAL;
  const page = await ledger.list({ ...queryOf(values), limit });
  damages.add(page);
  const rows = page.entries.length > 0
    ? tableOf(page.entries, styleOf(shell.stdout, shell.env))
    : ["no orders"];
  if (page.next !== undefined) rows.push(`older ones: --limit ${limit * 2}`);
  await shell.stdout.write(`${rows.join("\n")}\n`);
}

/** NDJSON, page by page: `head` ends it early. */
async function lines(
  ledger: Ledger,
  damages: Damages,
  values: Values,
  { stdout }: Shell,
): Promise<void> {
  let left = values.limit ?? Infinity;
  let after: string | undefined;
  while (left > 0 && !stdout.isClosed) {
    const limit = Math.min(PAGE, left);
    const page = await ledger.list({ ...queryOf(values), limit, ...after && { after } });
    damages.add(page);
    for (const entry of page.entries) await stdout.write(`${jsonFor(stdout, entry)}\n`);
    left -= page.entries.length;
    if (page.next === undefined) return;
    after = page.next;
  }
}

function queryOf({ status, since, grep }: Values) {
  return { status, since, text: grep };
}
