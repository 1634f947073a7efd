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
  /** Listens no more, and lets no timer run. */
  clear(): void;
}

/**
 * Listens to what may end an order: Ctrl-C and SIGTERM ask it to stop, a second Ctrl-C and SIGHUP
 * give up, and so does the deadline, in its own time.
 *
 * @param say Tells the person what was done
 */
export function listen(
  { timeout, grace }: Values,
  signals: Shell["signals"],
  say: (text: string) => void,
): Interrupt {
  const [stop, giveUp] = [new AbortController(), new AbortController()];
  const ask = (reason: string, again = "") => {
    if (stop.signal.aborted) return;
    say(`${reason}: the command is asked to stop. Ctrl-C${again} gives up on it`);
    stop.abort(new Error(reason));
  };
  const abandon = (reason: string) => {
    if (giveUp.signal.aborted) return;
    say(`${reason}: given up. Nobody will know how the command ends`);
    giveUp.abort(new Error(reason));
  };
  const listeners: Record<string, () => void> = {
    SIGINT: () => stop.signal.aborted ? abandon("Ctrl-C") : ask("Ctrl-C", " again"),
    SIGTERM: () => ask("SIGTERM"),
    SIGHUP: () => abandon("SIGHUP"),
  };
  const limit = timeout === undefined ? undefined : deadline(timeout, grace);
  limit?.stop.addEventListener("abort", () => ask((limit.stop.reason as Error).message));
  limit?.giveUp.addEventListener("abort", () => abandon((limit.giveUp.reason as Error).message));
  for (const [name, listener] of Object.entries(listeners)) signals.on(name, listener);
  return {
    stop: stop.signal,
    giveUp: giveUp.signal,
    clear() {
      limit?.clear();
      for (const [name, listener] of Object.entries(listeners)) signals.off(name, listener);
    },
  };
}
