/** Why an order was refused: somebody was first. Executing it again takes a new order. */
export class OrderAlreadyConsumed extends Error {
  override readonly name = "OrderAlreadyConsumed";
  readonly orderId: string;

  /** @param where Where its entry can be read */
  constructor(orderId: string, where: string) {
    super(`order ${JSON.stringify(orderId)} is already consumed: see ${where}`);
    this.orderId = orderId;
  }
}

/**
 * Why an order was refused: the ledger is up, and cannot hold it. It is not consumed, and to claim it
 * again would end the same way. `cause` is what the ledger said.
 */
export class OrderUnstorable extends Error {
  override readonly name = "OrderUnstorable";
  readonly orderId: string;

  constructor(orderId: string, cause: Error) {
    super(`order ${JSON.stringify(orderId)} cannot be stored: ${cause.message}`, { cause });
    this.orderId = orderId;
  }
}

/**
 * Why nothing is known of an order: the ledger could not be written. `cause` is what it said.
 * It may still hold the order: the claim may be what was written last before it failed.
 */
export class LedgerDown extends Error {
  override readonly name = "LedgerDown";
}
