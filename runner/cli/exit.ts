/** What a command ends with. The codes mean the same in every command, and stay what they are. */
import { NotOnWindows } from "../flush.ts";
import { LedgerDown, OrderAlreadyConsumed, OrderUnstorable } from "../ledgers/errors.ts";

/** Exit codes: the three statuses, then what keeps an order from having one. */
export const EXIT = {
  APPLIED: 0,
  FAILED: 20,
  UNKNOWN: 30,
  /** The arguments, a file, or an identity that was consumed for another order: nothing was changed. */
  BAD_INPUT: 64,
  /** A fault of `deployer` itself. */
  FAULT: 70,
  /** The order is consumed: this call executed nothing. */
  CONSUMED: 73,
  /** It does not answer, or is damaged; or a result or the output could not be written. */
  LEDGER_DOWN: 74,
} as const;

/** What a user gave cannot be used; the message names the field and the value. Nothing was changed. */
export class BadInput extends Error {
  override readonly name = "BadInput";
}

/** The code of an error that a user can do something about; `undefined` for any other. */
export function exitCodeOf(error: unknown): number | undefined {
  const refused = [BadInput, OrderUnstorable, NotOnWindows];
  if (refused.some((kind) => error instanceof kind)) return EXIT.BAD_INPUT;
  if (error instanceof OrderAlreadyConsumed) return EXIT.CONSUMED;
  if (error instanceof LedgerDown) return EXIT.LEDGER_DOWN;
  return undefined;
}
