/** Opens a folder as a ledger, here and in the Runners of the ledger suite. */
import { FolderLedger } from "deployer-runner/ledgers/folder";

export function openLedger(folder: string): Promise<FolderLedger> {
  return Promise.resolve(new FolderLedger(folder));
}
