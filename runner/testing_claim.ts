import { CONTRACT } from "deployer-runtime";
import type { Ledger } from "./ledgers/ledger.ts";

/** What `consume` is given. */
export function claim(
  orderId: string,
  input: unknown = [1],
  at = "2026-01-31T09:30:00.000Z",
): Parameters<Ledger["consume"]> {
  const executionId = "e";
  return [
    { contract: CONTRACT, type: "ORDER_CONSUMED", orderId, executionId, at },
    { orderId, action: { name: "n", input } },
    { executionId, runner: "r" },
  ];
}
