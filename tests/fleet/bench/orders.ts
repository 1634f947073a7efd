/** What all contenders are given: the same claims, and the same results. */
import { execute, type ExecutionResult } from "deployer-runtime";
import type { Ledger } from "deployer-runner";

export type Claim = Parameters<Ledger["consume"]>;

/** Takes one order through: consumed, durably, then its result stored, durably. */
export interface Contender {
  order(orderId: string): Promise<void>;
  close(): Promise<unknown>;
}

const context = { executionId: "execution-1", runner: "bench" };
const request = {
  orderId: "",
  action: { name: "release.switch", input: { release: "r42" } },
};
const template: ExecutionResult = await execute(
  request,
  context,
  () => ({ current: "r42" }),
);

export function claimOf(orderId: string): Claim {
  const fact = { ...template.facts[0], orderId, at: new Date().toISOString() };
  return [fact, { ...request, orderId }, context];
}

export function resultOf(orderId: string): ExecutionResult {
  return { ...template, orderId };
}

/** A ledger as a contender. */
export function through(ledger: Ledger): Contender {
  return {
    async order(orderId) {
      await ledger.consume(...claimOf(orderId));
      await ledger.store(resultOf(orderId));
    },
    close: () => ledger.close(),
  };
}
