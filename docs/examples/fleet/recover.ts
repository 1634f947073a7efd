/**
 * Closes the orders that nobody will ever know the end of, as UNKNOWN: `DATABASE_URL=… npm run
 * recover`. It executes nothing. To run it at any time, anywhere, many times at once, is safe.
 */
import process from "node:process";
import { openLedger } from "./runner.ts";

const { DATABASE_URL: url } = process.env;
if (url === undefined) throw new Error("DATABASE_URL is missing: it names the fleet's database");
const { ledger, close } = await openLedger(url);
for (const fact of await ledger.recover()) console.log(JSON.stringify(fact));
await close();
