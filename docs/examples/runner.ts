/**
 * A small Runner: it takes one order from a file, has it executed once, and tells what was observed.
 *
 *     npm start                       # the shipped order, under a fresh identity
 *     npm start -- my-order.json      # exactly that order, once and never again
 *
 * It deploys into `deployed/` in the current folder: the site is live under `deployed/current`, the
 * ledger is `deployed/ledger`. The path of a site starts at the folder of its order. The result goes
 * to stdout and beside the order's entry in the ledger; anything else is one line on stderr.
 *
 * | exit code | |
 * | --- | --- |
 * | 0 | APPLIED |
 * | 20 | FAILED |
 * | 30 | UNKNOWN |
 * | 64 | bad input: nothing was changed |
 * | 73 | the order is already consumed: nothing was changed |
 * | 74 | the ledger is down: the order was not executed, or its result, on stdout, is not stored |
 *
 * Any other code, and 1 above all, is the end of the Runner itself, of which no order's status can
 * be read: an order that the ledger holds without a result is UNKNOWN.
 */
import { randomUUID } from "node:crypto";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { LedgerDown, OrderAlreadyConsumed } from "deployer-runner";
import { releaseSwitch } from "deployer-runner/actions/release";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { execute } from "deployer-runtime";
import { BadInput, readOrder } from "./order.ts";

const TARGET = "deployed";
const STATUS_CODES = { APPLIED: 0, FAILED: 20, UNKNOWN: 30 };

/** What the Runner expects to go wrong. Anything else is a fault of its own, and crashes it. */
const ERROR_CODES = [[BadInput, 64], [OrderAlreadyConsumed, 73], [LedgerDown, 74]] as const;

/** Takes the order that the arguments name through; the code to exit with. */
async function run(args: string[]): Promise<number> {
  if (args.length > 1) throw new BadInput(`expected one order file: received ${args.length}`);
  const shipped = relative("", fileURLToPath(new URL("orders/applied.json", import.meta.url)));
  const [file = shipped] = args;
  const order = readOrder(file);
  if (args.length === 0) order.orderId += `-${randomUUID()}`;

  const ledger = new FolderLedger(join(TARGET, "ledger"));
  const context = {
    executionId: randomUUID(),
    runner: "docs/examples/runner.ts",
    annotations: { orderFile: file, target: TARGET },
  };
  const result = await execute(order, context, releaseSwitch(dirname(file), TARGET), ledger);

  try {
    await ledger.store(result);
  } finally {
    console.log(JSON.stringify(result, null, 2)); // Whatever the ledger says, it was observed.
  }
  return STATUS_CODES[result.status];
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const [, code] = ERROR_CODES.find(([Known]) => error instanceof Known) ?? [];
  if (code === undefined) throw error;
  // One line, whatever names and messages hold.
  console.error((error as Error).message.replace(/[\s\p{Cc}]+/gu, " "));
  process.exitCode = code;
}
