import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "deployer-runtime";
import type { Damage } from "./errors.ts";

/**
 * What a Runner needs of a ledger, whatever holds it. `execute()` takes it as its ports.
 *
 * A part of an order that does not hold what the ledger wrote is damage: it is named, it stops no
 * other order, and nothing is guessed from it. An order is neither open nor closed by a damaged part,
 * and what is damaged is never executed again. Where a ledger holds the damaged part twice, or does
 * not need it, it may return the whole truth instead.
 *
 * A place that is neither empty nor a ledger is refused by `LedgerDown`, and left as it was. So is
 * one that a later version of this package has written.
 */
export interface Ledger {
  /**
   * Claims the order of `fact`, for ever. When it resolves, the claim survives a crash. It needs no
   * `this`: `{ consume: ledger.consume }` are ports too.
   *
   * @throws {OrderAlreadyConsumed} If somebody was first: it carries what is known of the order,
   * unless that is damaged
   * @throws {OrderUnstorable} If it is no order that this ledger can hold
   * @throws {LedgerDown} If anything else goes wrong; it may hold the order all the same
   */
  readonly consume: (
    fact: Fact,
    request: ExecutionRequest,
    context: ExecutionContext,
  ) => Promise<void>;

  /**
   * Stores the result of an order that was consumed. To store it again is harmless, and mends a
   * result that is damaged.
   *
   * @throws {LedgerDown} If it cannot: also where what it holds of the order is damaged
   */
  store(result: ExecutionResult): Promise<void>;

  /**
   * The orders, as the facts that they are consumed, that have no result and whose Runner is surely
   * gone: nobody will ever know. One that a Runner may still be executing is not among them, and
   * neither is one that is damaged. Only what may be open is looked at: a damaged result of an order
   * that is closed can pass unseen here, and is named by `get` and `list`.
   *
   * @throws {LedgerDamaged} If a part of it cannot be read: all others are in the error
   * @throws {LedgerDown} If it cannot tell
   */
  lost(): Promise<Fact[]>;

  /**
   * Closes the lost orders as UNKNOWN. Of many that do this at once, one closes an order.
   *
   * @returns What it appended: one PROOF_ABSENT an order, of the execution that was lost
   * @throws {LedgerDamaged} If a part of it cannot be read: all others are closed, and in the error
   * @throws {LedgerDown} If it cannot
   */
  recover(): Promise<Fact[]>;

  /**
   * All that is known of an order; `undefined` if it is not consumed.
   *
   * @throws {LedgerDamaged} If a part of what is held of it is damaged: it is named
   * @throws {LedgerDown} If it cannot be read
   */
  get(orderId: string): Promise<Entry | undefined>;

  /**
   * Orders, those that were consumed last first, a page at a time. An order that is damaged hides no
   * other: where the query has no condition, it is named on one page at least. A page may hold fewer
   * entries than there is room for, or none, and still have a `next`.
   *
   * @throws {LedgerDown} If they cannot be read
   */
  list(query?: Query): Promise<Page>;

  /**
   * All orders that are asked for, those that were consumed last first, in one pass: for a report, an
   * archive, a check. Its memory does not grow with their number. Orders that are consumed meanwhile
   * may be missing.
   *
   * @throws {LedgerDamaged} At its end, if something that was read is damaged: it is named, and all
   * others were given
   * @throws {LedgerDown} If they cannot be read
   */
  entries(query?: Filter): AsyncIterable<Entry>;

  /** Ends what is under way, and lets go of what the ledger opened. To close it again is harmless. */
  close(): Promise<void>;

  /** As `close()`: for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What an entry can be: open, or what the contract calls its end. */
export const STATUSES = ["OPEN", "APPLIED", "FAILED", "UNKNOWN"] as const;

/** One of them. */
export type Status = typeof STATUSES[number];

/** All that a ledger knows of one order. */
export interface Entry {
  /** OPEN as long as there is neither a result nor a recovery; final from then on. */
  readonly status: Status;
  /** That it is consumed. */
  readonly fact: Fact;
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
  readonly result?: ExecutionResult;
  /** That it was closed as UNKNOWN because its Runner is gone. A result beside it came later. */
  readonly recovered?: Fact;
}

/** Which orders to read; all of them, where nothing is said. */
export interface Filter {
  readonly status?: Entry["status"] | undefined;
  /** Consumed at or after this instant: an RFC 3339 timestamp, or what `Date` reads. */
  readonly since?: string | Date | undefined;
  /** Consumed before this instant. */
  readonly until?: string | Date | undefined;
  /** A piece of what is recorded: of a text, a key or a number in request, context or result. */
  readonly text?: string | undefined;
}

/** Which of them are on a page. */
export interface Query extends Filter {
  /** How many at most; 100 if it is not said. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/** Some orders, and where those after them begin. */
export interface Page {
  readonly entries: Entry[];
  /** Give it as `after` to get the next page; not there on the last one. */
  readonly next?: string;
  /** What could not be read, of the part of the ledger that was looked at; absent if nothing is damaged. */
  readonly damages?: readonly Damage[];
}
