/**
 * What stands around the Deployer on everybody's first day: ledgers that make an order run at most
 * once, actions that report no false status, many orders in flight, deadlines.
 *
 * ```ts
 * import { execute } from "deployer-runtime";
 * import { command } from "deployer-runner/actions/command";
 * import { FolderLedger } from "deployer-runner/ledgers/folder";
 *
 * await using ledger = new FolderLedger("ledger");
 * const order = { orderId: "order-1", action: { name: "command", input: { program: "true" } } };
 * const context = { executionId: crypto.randomUUID(), runner: "me" };
 * const result = await execute(order, context, command({ output: "output" }), ledger);
 * await ledger.store(result);
 * console.log(result.status); // APPLIED
 * ```
 *
 * @module
 */
export { type Deadline, deadline } from "./deadline.ts";
export { Desk, IntakeClosed } from "./desk.ts";
export { NotOnWindows } from "./flush.ts";
export { entriesOf } from "./ledgers/entry.ts";
export {
  type Damage,
  LedgerDamaged,
  LedgerDown,
  OrderAlreadyConsumed,
  OrderUnstorable,
} from "./ledgers/errors.ts";
export type { Entry, Filter, Ledger, Page, Query, Status } from "./ledgers/ledger.ts";
export { ResultNotStored } from "./once.ts";
