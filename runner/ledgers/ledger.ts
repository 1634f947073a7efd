import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "../../../mod.ts";

/** What a Runner needs of a ledger, whatever holds it. `execute()` takes it as its ports. */
export interface Ledger {
  /**
   * Claims the order of `fact`, for ever. When it resolves, the claim survives a crash.
   *
   * @throws {OrderAlreadyConsumed} If somebody was first
   * @throws {OrderUnstorable} If it is no order that this ledger can hold
   * @throws {LedgerDown} If anything else goes wrong; it may hold the order all the same
   */
  consume(fact: Fact, request: ExecutionRequest, context: ExecutionContext): Promise<void>;

  /**
   * Stores the result of an order that was consumed. To store it again is harmless.
   *
   * @throws {LedgerDown} If it cannot
   */
  store(result: ExecutionResult): Promise<void>;

  /**
   * The orders, as the facts that they are consumed, that have no result and whose Runner is surely
   * gone: nobody will ever know. One that a Runner may still be executing is not among them.
   *
   * @throws {LedgerDown} If it cannot tell
   */
  lost(): Promise<Fact[]>;

  /**
   * Closes the lost orders as UNKNOWN. Of many that do this at once, one closes an order.
   *
   * @returns What it appended: one PROOF_ABSENT an order, of the execution that was lost
   * @throws {LedgerDown} If it cannot
   */
  recover(): Promise<Fact[]>;
}
