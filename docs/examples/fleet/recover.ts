/**
 * Closes the orders that nobody will ever know the end of, as UNKNOWN: `DATABASE_URL=… npm run
 * recover`. It executes nothing. To run it at any time, anywhere, many times at once, is safe.
 */
import process from "node:process";
import type { Fact } from "deployer-runtime";
import { LedgerDamaged } from "deployer-runner";
import { openLedger } from "./runner.ts";

const { DATABASE_URL: url } = process.env;
if (url === undefined) throw new Error("DATABASE_URL is missing: it names the fleet's database");
const { ledger, close } = await openLedger(url);
try {
  print(await ledger.recover());
} catch (error) {
  if (error instanceof LedgerDamaged) print(error.facts); // The others are closed, and only once.
  throw error;
} finally {
  await close();
}

function print(facts: readonly Fact[]): void {
  for (const fact of facts) console.log(JSON.stringify(fact));
}
