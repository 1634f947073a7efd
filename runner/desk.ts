/**
 * Many orders in flight, and a way to end: stop the intake, let what runs come to its end, ask what
 * is left to stop, give up on what does not, store every result. Then the process may exit.
 */
import { setMaxListeners } from "node:events";
import type { Action, ExecutionContext, ExecutionRequest, ExecutionResult } from "deployer-runtime";
import type { Ledger } from "./ledgers/ledger.ts";
import { takeOnce } from "./once.ts";
import { checkTime, isDoneWithin } from "./timer.ts";

/** Why an order was not taken: nothing of it was done or written. */
export class IntakeClosed extends Error {
  override readonly name = "IntakeClosed";
}

/** Executes orders at the same time, each once, and stores what was observed. */
export class Desk {
  readonly #ledger: Pick<Ledger, "consume" | "store">;
  readonly #stop = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #inFlight = new Set<Promise<ExecutionResult>>();
  #open = true;

  constructor(ledger: Pick<Ledger, "consume" | "store">) {
    this.#ledger = ledger;
    // One listener an order: from eleven on, Node 20 would warn of a leak.
    setMaxListeners(0, this.#stop.signal, this.#giveUp.signal);
  }

  /** For actions: stop, and say what came of it. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Takes one order through.
   *
   * @param ports `signal` gives up on this order alone, as `giveUp` of a `deadline()` does
   * @throws {IntakeClosed} If the intake is closed
   * @throws {ResultNotStored} If the ledger does not take the result
   * @throws What `execute()` rejects with: the action was not called
   */
  take<Request extends ExecutionRequest>(
    request: Request,
    context: ExecutionContext,
    action: Action<Request>,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ExecutionResult> {
    if (!this.#open) return Promise.reject(new IntakeClosed("the Runner is shutting down"));
    const ends = {
      stop: this.stop,
      giveUp: signal ? AbortSignal.any([this.#giveUp.signal, signal]) : this.#giveUp.signal,
    };
    const taken = takeOnce(this.#ledger, request, context, action, ends);
    this.#inFlight.add(taken);
    const done = () => this.#inFlight.delete(taken);
    taken.then(done, done);
    return taken;
  }

  /**
   * Shuts down. When it resolves, every order that was taken is closed: its result is stored, or
   * `take()` has rejected. To close again is harmless, and hurries: the shorter time counts.
   *
   * An order that is at the ledger when the others are asked to stop is not begun any more: it is
   * FAILED if the ledger takes it.
   *
   * @param drain How long orders may still run, in ms: at most 2^31 - 1; `Infinity`, or nothing, for
   * as long as they take
   * @param grace How long they may take to stop, when they are asked to; `Infinity` as well
   * @throws {RangeError} If one of them is no such time: the intake stays open
   */
  async close(drain?: number, grace = 0): Promise<void> {
    const patience = drain ?? Infinity;
    checkTime("drain", patience);
    checkTime("grace", grace);
    this.#open = false;
    if (await this.#idle(patience)) return;
    this.#stop.abort(new Error("the Runner is shutting down"));
    if (await this.#idle(grace)) return;
    this.#giveUp.abort(
      new Error(`the Runner shut down, and the action did not stop in ${grace} ms`),
    );
    await this.#idle(Infinity);
  }

  /** Takes nothing more, and waits for what runs, however long it takes: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whether nothing is in flight, within that time. */
  #idle(ms: number): Promise<boolean> {
    return isDoneWithin(ms, Promise.allSettled(this.#inFlight));
  }
}
