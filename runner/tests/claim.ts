import type { Ledger } from "../../docs/examples/ledgers/ledger.ts";
import type { Fact } from "../../mod.ts";

/** What `consume` is given. */
export function claim(orderId: string, input: unknown = [1]): Parameters<Ledger["consume"]> {
  const [contract, at, executionId] = ["deployer-runtime/v1", "2026-01-31T09:30:00.000Z", "e"];
  const fact = { contract, type: "ORDER_CONSUMED", orderId, executionId, at } as Fact;
  return [fact, { orderId, action: { name: "n", input } }, { executionId, runner: "r" }];
}
