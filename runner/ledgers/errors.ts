import type { Fact } from "deployer-runtime";
import type { Entry } from "./ledger.ts";

/** Why an order was refused: somebody was first. Executing it again takes a new order. */
export class OrderAlreadyConsumed extends Error {
  override readonly name = "OrderAlreadyConsumed";
  readonly orderId: string;
  /** What the ledger knows of it, unless it could not be read any more. */
  readonly entry: Entry | undefined;

  /** @param where Where its entry can be read */
  constructor(orderId: string, where: string, entry?: Entry) {
    super(`order ${JSON.stringify(orderId)} is already consumed: see ${where}`);
    this.orderId = orderId;
    this.entry = entry;
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
    super(
      `order ${JSON.stringify(orderId)} cannot be stored: ${cause.message}`,
      { cause },
    );
    this.orderId = orderId;
  }
}

/**
 * Why nothing is known of an order: the ledger could not be read or written. `cause` is what it said.
 * It may still hold the order: the claim may be what was written last before it failed.
 */
export class LedgerDown extends Error {
  override readonly name: string = "LedgerDown";
}

/** A part of a ledger that does not hold what it should. */
export interface Damage {
  /** Path of the file, or the order whose row it is. */
  readonly where: string;
  readonly problem: string;
}

/**
 * Parts of the ledger are damaged. All others were looked at all the same: `facts` is what the call
 * would have returned without the damage. Nobody can tell what the damaged parts held: look at them,
 * then move them away.
 */
export class LedgerDamaged extends LedgerDown {
  override readonly name: string = "LedgerDamaged";
  readonly damages: readonly Damage[];
  readonly facts: readonly Fact[];

  constructor(damages: readonly Damage[], facts: readonly Fact[]) {
    super(
      `the ledger is damaged: ${
        damages.map(({ where, problem }) => `${where} ${problem}`).join("; ")
      }`,
    );
    this.damages = damages;
    this.facts = facts;
  }
}

/** A fault of the ledger's, told by what could not be done. */
export function down(what: string, cause: unknown): LedgerDown {
  if (cause instanceof LedgerDown) return cause;
  return new LedgerDown(
    `${what}: ${cause instanceof Error ? cause.message : cause}`,
    { cause },
  );
}

/** What PostgreSQL says where there is no such schema, or no such table. */
export function isWithoutTables(fault: unknown): boolean {
  return ["3F000", "42P01"].includes((fault as { code?: string } | undefined)?.code ?? "");
}
