/** Opens a file as a ledger, here and in the Runners of the ledger suite. */
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";

export function openLedger(path: string): Promise<SqliteLedger> {
  return SqliteLedger.open(path);
}
