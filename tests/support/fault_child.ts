/** Claims orders in a ledger that something is wrong with, and says how that ended, one a line. */
import process from "node:process";
import { execute } from "deployer-runtime";

const [opener = "", location = "", ...orderIds] = process.argv.slice(2);
const { openLedger } = await import(opener);
const ledger = await openLedger(location);
for (const orderId of orderIds) {
  const order = { orderId, action: { name: "n", input: "x".repeat(20_000) } };
  const context = { executionId: "e", runner: "r" };
  let called = 0;
  const end = await execute(order, context, () => ++called, ledger)
    .then((result) => ledger.store(result))
    .then(() => "stored", ({ name, message }) => `${name}: ${message}`);
  console.log(`${orderId} ${called} ${end.replace(/\s+/g, " ")}`);
}
process.exit();
