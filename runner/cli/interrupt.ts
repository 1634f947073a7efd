/** What ends an order before its time: the person at the keyboard, a supervisor, a deadline. */
import { deadline } from "../deadline.ts";
import { LedgerDown } from "../ledgers/errors.ts";
import { startTimer } from "../timer.ts";
import type { Values } from "./options.ts";
import type { Shell } from "./shell.ts";

/** How long a ledger may take to store a result, in ms: then the result is printed instead. */
export const STORING = 60_000;

/** Two signals, as those of a deadline: first the command is asked to stop, then it is given up. */
export interface Interrupt {
  /** For the action: stop, and say what came of it. Nothing begins once it is aborted. */
  readonly stop: AbortSignal;
  /** For `execute()`: nobody waits any longer. */
  readonly giveUp: AbortSignal;
  /** The action is called: from here on there is something to be asked. */
  begin(): void;
  /**
   * Waits for work, but not if it is given up before `begin()`: a ledger that does not answer must
   * not hold the process.
   *
   * @throws The reason of `giveUp`, or what the work rejects with
   */
  unlessGivenUp<T>(work: Promise<T>): Promise<T>;
  /** Listens no more, and lets no timer run. */
  clear(): void;
}

/**
 * Listens to what may end an order: Ctrl-C and SIGTERM ask it to stop, a second Ctrl-C gives up, and
 * a deadline does both in its own time. Before `begin()` a second SIGTERM gives up as well: there is
 * no result to lose.
 *
 * SIGHUP asks where a terminal can have hung up. Where there is none it changes nothing: `nohup` has
 * it ignored, but Node has forgotten that by the time it runs any code of ours.
 *
 * @param say Tells the person what was done
 */
export function listen(
  { timeout, grace }: Values,
  { signals, isAttended }: Pick<Shell, "signals" | "isAttended">,
  say: (text: string) => void,
): Interrupt {
  const stop = new AbortController();
  const giveUp = new AbortController();
  let begun = false;
  let early: (reason: Error) => void;
  const givenUp = new Promise<never>((_, reject) => early = reject);
  givenUp.catch(() => {}); // Nothing may be waiting for it.
  const ask = (reason: string, again = "") => {
    if (stop.signal.aborted) return;
    say(
      begun
        ? `${reason}: the command is asked to stop. Ctrl-C${again} gives up on it`
        : `${reason}: no command runs yet, and none will. Ctrl-C${again} gives up on the ledger`,
    );
    stop.abort(new Error(reason));
  };
  const abandon = (reason: string) => {
    if (giveUp.signal.aborted) return;
    if (begun) say(`${reason}: given up. Nobody will know how the command ends`);
    const error = new Error(reason);
    giveUp.abort(error);
    if (!begun) early(error);
  };
  const limit = timeout === undefined ? undefined : deadline(timeout, grace);
  limit?.stop.addEventListener("abort", () => ask((limit.stop.reason as Error).message));
  limit?.giveUp.addEventListener("abort", () => abandon((limit.giveUp.reason as Error).message));
  const deafen = hear(signals, {
    SIGINT: () => stop.signal.aborted ? abandon("Ctrl-C") : ask("Ctrl-C", " again"),
    SIGTERM: () => !begun && stop.signal.aborted ? abandon("SIGTERM") : ask("SIGTERM"),
    SIGHUP: () => isAttended ? ask("SIGHUP") : say("SIGHUP: no terminal hung up: it goes on"),
  });
  return {
    stop: stop.signal,
    giveUp: giveUp.signal,
    begin: () => void (begun = true),
    unlessGivenUp: (work) => Promise.race([work, givenUp]),
    clear() {
      limit?.clear();
      deafen();
    },
  };
}

/**
 * Waits until a result is stored: for a minute, or until somebody has asked for the end twice. A
 * supervisor that repeats SIGTERM gets the result too: it is printed then.
 *
 * @throws {LedgerDown} If the ledger has not answered until then
 * @throws What the work rejects with
 */
export async function untilStored(
  orderId: string,
  work: Promise<void>,
  signals: Shell["signals"],
  say: (text: string) => void,
): Promise<void> {
  let end: (why: string) => void = () => {};
  const unanswered = new Promise<never>((_, reject) => {
    end = (why) => {
      const failed = `cannot store the result of order ${JSON.stringify(orderId)}`;
      reject(new LedgerDown(`${failed}: ${why}, and the ledger has not answered`));
    };
  });
  let isAsked = false;
  const ask = (reason: string) => {
    if (isAsked) return end(reason);
    isAsked = true;
    say(`${reason}: ${STATE}. ${reason} again prints it instead`);
  };
  // A hang-up ends nothing here: the terminal that the result would be printed on is gone.
  const deafen = hear(signals, {
    SIGINT: () => ask("Ctrl-C"),
    SIGTERM: () => ask("SIGTERM"),
    SIGHUP: () => say(`SIGHUP: ${STATE}`),
  });
  const clear = startTimer(STORING, () => end(`${STORING / 1000} s have passed`));
  try {
    await Promise.race([work, unanswered]);
  } finally {
    clear();
    deafen();
  }
}

const STATE = "the order has ended, and its result is being stored";

/** Listens to signals. @returns Listens no more: what they do is up to the system again */
function hear(signals: Shell["signals"], listeners: Record<string, () => void>): () => void {
  for (const [name, listener] of Object.entries(listeners)) signals.on(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) signals.off(name, listener);
  };
}
