/**
 * The page on which people look at results, with those of a ledger in it: one HTML file that needs
 * nothing else, and connects to nothing.
 */
import { randomUUID } from "node:crypto";
import { lstat, open, readFile, rename, rm } from "node:fs/promises";
import { LedgerDamaged } from "./ledgers/errors.ts";
import type { Entry, Ledger } from "./ledgers/ledger.ts";

/** Where the build puts the page: beside the compiled modules, below the source. */
const PAGE = new URL(
  import.meta.url.endsWith(".ts") ? "dist/report.html" : "../report.html",
  import.meta.url,
);

/** How many orders are written at once. */
const ORDERS = 500;

/** For its owner alone. */
const PRIVATE = 0o600;

/**
 * Writes the page with all orders of a ledger in it: whatever they record, secrets too, can be read
 * by whoever gets the file. At first that is its owner alone. Orders that are consumed while it is
 * written may be missing.
 *
 * @param file Its path. A file of that name is replaced once the page is whole; a link is refused
 * @returns How many orders it shows
 * @throws {LedgerDamaged} If some orders are damaged: the page of all others is written
 * @throws {LedgerDown} If the ledger cannot be read: no file is written
 * @throws {Error} If the file cannot be written
 *
 * @example
 * ```ts
 * import { FolderLedger } from "deployer-runner/ledgers/folder";
 * import { writeReport } from "deployer-runner/report";
 *
 * const ledger = new FolderLedger("ledger");
 * const orders = await writeReport(ledger, "report.html");
 * ```
 */
export async function writeReport(ledger: Pick<Ledger, "entries">, file: string): Promise<number> {
  const { orders, damage } = await writePage(ledger, file);
  if (damage) throw damage;
  return orders;
}

/** What is in a page, and what of the ledger could not be. */
export interface Written {
  readonly orders: number;
  readonly damage: LedgerDamaged | undefined;
}

/**
 * As `writeReport()`, which throws the damage.
 *
 * @param empty The page that the orders are written into
 * @throws {LedgerDown} If the ledger cannot be read: no file is written
 * @throws {Error} If the file cannot be written
 */
export async function writePage(
  ledger: Pick<Ledger, "entries">,
  file: string,
  empty: Promise<string> = readFile(PAGE, "utf8"),
): Promise<Written> {
  const page = await written(file, empty);
  await written(file, refuseReplacing(file));
  const unfinished = `${file}.${randomUUID()}.tmp`;
  const handle = await written(file, open(unfinished, "wx", PRIVATE));
  let orders = 0;
  let damage: LedgerDamaged | undefined;
  const entries = undamaged(ledger.entries(), (error) => damage = error);
  try {
    try {
      for await (const part of reportOf(page, entries)) {
        await written(file, handle.writeFile(part.text));
        orders += part.orders;
      }
    } finally {
      await handle.close();
    }
    await written(file, rename(unfinished, file));
  } finally {
    await rm(unfinished, { force: true });
  }
  return { orders, damage };
}

/** The page in parts. Each part with orders is a block of data, which no browser runs. */
export async function* reportOf(
  page: string,
  entries: AsyncIterable<Entry>,
): AsyncGenerator<{ text: string; orders: number }> {
  const end = page.lastIndexOf("</body>");
  const at = new Date().toISOString();
  yield { text: page.slice(0, end), orders: 0 };
  for await (const block of blocksOf(entries)) {
    // Nothing that is recorded can end the block, or begin anything else.
    const json = block.map((entry) => JSON.stringify(entry).replaceAll("<", "\\u003c"));
    const text = `<script type="application/json" class="entries" data-written="${at}">[\n${
      json.join(",\n")
    }\n]</script>\n`;
    yield { text, orders: block.length };
  }
  yield { text: page.slice(end), orders: 0 };
}

/** As many as are written at once; of no entries, one block: the page says when it was written. */
async function* blocksOf(entries: AsyncIterable<Entry>): AsyncGenerator<Entry[]> {
  let block: Entry[] = [];
  let blocks = 0;
  for await (const entry of entries) {
    block.push(entry);
    if (block.length < ORDERS) continue;
    yield block;
    block = [];
    blocks += 1;
  }
  if (block.length > 0 || blocks === 0) yield block;
}

/** Whatever could be read: damage ends it, and is handed on. */
async function* undamaged(
  entries: AsyncIterable<Entry>,
  damaged: (error: LedgerDamaged) => void,
): AsyncGenerator<Entry> {
  try {
    yield* entries;
  } catch (error) {
    if (!(error instanceof LedgerDamaged)) throw error;
    damaged(error);
  }
}

/**
 * A file gives way to the page. A device, a FIFO or a folder of that name does not; nor does a link:
 * in place of `/dev/stdout`, every other program would find the page.
 */
async function refuseReplacing(file: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  const what = found.isSymbolicLink() ? "a link" : "something";
  throw new Error(`there is ${what} of that name that is not a file`);
}

async function written<Value>(file: string, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`cannot write the report ${JSON.stringify(file)}: ${message}`, { cause });
  }
}
