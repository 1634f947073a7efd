/** Opens a folder as a ledger, here and in the Runners of the ledger suite. */
import { FolderLedger } from "../../docs/examples/ledgers/files.ts";
import type { Ledger } from "../../docs/examples/ledgers/ledger.ts";

export function openLedger(folder: string): Promise<Ledger> {
  return Promise.resolve(new FolderLedger(folder));
}
