/**
 * A deadline in two steps: first the action is asked to stop, and its proof is still heard; if it
 * does not, the Runner gives up on it.
 */
import { checkTime, startTimer } from "./timer.ts";

/** Two signals, and what ends them: an order that is done needs no deadline. */
export interface Deadline {
  /** For the action: stop, and say what came of it. */
  readonly stop: AbortSignal;
  /** For `execute()`, as its `signal`: nobody waits any longer. */
  readonly giveUp: AbortSignal;
  readonly clear: () => void;
}

/**
 * Starts a deadline.
 *
 * Its timers keep the process alive, and that is their work. The timer of `AbortSignal.timeout()`
 * does not: where nothing else is to be done, Node leaves in the middle of the order, with code 13.
 *
 * @param ms How long the action may take: at most 2^31 - 1, or `Infinity` for as long as it takes
 * @param grace How long it may take to stop, from then on, likewise
 * @throws {RangeError} If one of them is no such time
 */
export function deadline(ms: number, grace: number): Deadline {
  checkTime("ms", ms);
  checkTime("grace", grace);
  const stop = new AbortController();
  const giveUp = new AbortController();
  let clear = startTimer(ms, () => {
    clear = startTimer(grace, () => {
      giveUp.abort(new Error(`the action did not stop within ${grace} ms of being asked to`));
    });
    stop.abort(new Error(`the action was not done within ${ms} ms`));
  });
  return { stop: stop.signal, giveUp: giveUp.signal, clear: () => clear() };
}
