/**
 * A Runner of a process of its own, for the tests of ledgers: it opens a ledger, says "ready", and
 * for each line on stdin does what that says. It says what came of it, and lives until it is killed.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { execute } from "deployer-runtime";
import type { Ledger } from "./ledgers/ledger.ts";
import { claim } from "./testing_claim.ts";

const [opener = "", location = ""] = process.argv.slice(2);
const { openLedger } = await import(opener);
const ledger: Ledger = await openLedger(location);
const say = (line: string) => process.stdout.write(`${line}\n`);

for await (const line of started(createInterface({ input: process.stdin }))) {
  const [what, ...orderIds] = line.split(" ");
  if (what === "claim") await Promise.all(orderIds.map(claimOne));
  else if (what === "execute-all") await Promise.all(orderIds.map(executeOne));
  else for (const orderId of orderIds) await executeOne(orderId);
}

function started<Lines>(lines: Lines): Lines {
  say("ready");
  return lines;
}

async function claimOne(orderId: string): Promise<void> {
  const end = await ledger.consume(...claim(orderId)).then(
    () => "won",
    ({ name }) => name,
  );
  say(`${end} ${orderId}`);
}

async function executeOne(orderId: string): Promise<void> {
  const context = { executionId: `execution of ${orderId}`, runner: "r" };
  const action = () => {
    say(`consumed ${orderId}`);
    return "done";
  };
  await ledger.store(
    await execute({ orderId, action: { name: "n" } }, context, action, ledger),
  );
  say(`stored ${orderId}`);
}
