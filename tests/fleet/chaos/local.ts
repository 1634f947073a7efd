/** The ledgers that need no server. */
import type { Ledger } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";

/** Opens the ledger that chaos keeps in its folder. */
export async function openLocal(
  folder: string,
  sqlite: boolean,
): Promise<Ledger> {
  return sqlite
    ? await SqliteLedger.open(`${folder}/ledger.db`)
    : new FolderLedger(`${folder}/ledger`);
}
