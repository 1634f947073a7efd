/** Opens three folders as one ledger, here and in the Runners of the ledger suite. */
import type { Ledger } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { spread } from "../../docs/examples/spread.ts";

export function openLedger(folder: string): Promise<Ledger> {
  return Promise.resolve(
    spread([1, 2, 3].map((part) => new FolderLedger(`${folder}/${part}`))),
  );
}
