/** What ends an order before its time: the person at the keyboard, a supervisor, a deadline. */
import { deadline } from "../deadline.ts";
import type { Values } from "./options.ts";
import type { Shell } from "./shell.ts";

/** Two signals, as those of a deadline: first the command is asked to stop, then it is given up. */
export interface Interrupt {
  /** For the action: stop, and say what came of it. */
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
 * Listens to what may end an order: Ctrl-C and SIGTERM ask it to stop, a second Ctrl-C and SIGHUP
 * give up, and so does the deadline, in its own time. Before `begin()` a second SIGTERM gives up as
 * well: there is no result to lose.
 *
 * @param say Tells the person what was done
 */
export function listen(
  { timeout, grace }: Values,
  signals: Shell["signals"],
  say: (text: string) => void,
): Interrupt {
  const [stop, giveUp] = [new AbortController(), new AbortController()];
  let begun = false;
  let early: (reason: Error) => void;
  const givenUp = new Promise<never>((_, reject) => early = reject);
  givenUp.catch(() => {}); // Nothing may be waiting for it.
  const ask = (reason: string, again = "") => {
    if (stop.signal.aborted) return;
    say(
      begun
        ? `${reason}: the command is asked to stop. Ctrl-C${again} gives up on it`
        : `${reason}: no command runs yet. Ctrl-C${again} gives up`,
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
  const listeners: Record<string, () => void> = {
    SIGINT: () => stop.signal.aborted ? abandon("Ctrl-C") : ask("Ctrl-C", " again"),
    SIGTERM: () => !begun && stop.signal.aborted ? abandon("SIGTERM") : ask("SIGTERM"),
    SIGHUP: () => abandon("SIGHUP"),
  };
  const limit = timeout === undefined ? undefined : deadline(timeout, grace);
  limit?.stop.addEventListener("abort", () => ask((limit.stop.reason as Error).message));
  limit?.giveUp.addEventListener("abort", () => abandon((limit.giveUp.reason as Error).message));
  for (const [name, listener] of Object.entries(listeners)) signals.on(name, listener);
  return {
    stop: stop.signal,
    giveUp: giveUp.signal,
    begin: () => void (begun = true),
    unlessGivenUp: (work) => Promise.race([work, givenUp]),
    clear() {
      limit?.clear();
      for (const [name, listener] of Object.entries(listeners)) signals.off(name, listener);
    },
  };
}
