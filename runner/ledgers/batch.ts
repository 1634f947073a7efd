/**
 * Group commit: whatever waits while a write is under way becomes the next write. A durable write
 * costs about the same for one order as for many, so that the more orders wait, the less each costs.
 */
import { setImmediate } from "node:timers";

/** The most that one write is given. More would gain little, and block the process for longer. */
export const ITEMS = 64;
const CHARACTERS = 2 ** 20;

/** What waits to be written. */
export interface Item {
  /** Two with the same key are never in one batch: the first is done when the second is looked at. */
  readonly key: string;
  /** What is written of it. */
  readonly text: string;
}

interface Waiting<One> {
  readonly item: One;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes items in batches, one batch after the other. */
export class Batches<One extends Item> {
  readonly #write: (batch: One[]) => Promise<unknown[]>;
  #waiting: Waiting<One>[] = [];
  #running: Promise<void> | undefined;

  /**
   * @param write Writes a batch, durably. It resolves to what went wrong with each item, in their
   * order: `undefined` is success. If it rejects, that is what went wrong with every one of them
   */
  constructor(write: (batch: One[]) => Promise<unknown[]>) {
    this.#write = write;
  }

  /** Resolves once its item is written, and rejects with what went wrong with it. */
  add(item: One): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves once nothing waits. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // One turn: whoever asks at the same time, or as the batch before ends, comes along.
      await new Promise((turn) => setImmediate(turn));
      const batch = this.#next();
      const items = batch.map(({ item }) => item);
      const faults = await this.#write(items).catch((fault) => items.map(() => fault));
      batch.forEach(({ resolve, reject }, i) => {
        if (faults[i] === undefined) resolve();
        else reject(faults[i]);
      });
    }
    this.#running = undefined; // In the same turn in which nothing waits: the next item starts anew.
  }

  /** Takes off what fits into one batch; at least one item. */
  #next(): Waiting<One>[] {
    const batch: Waiting<One>[] = [];
    const left: Waiting<One>[] = [];
    const keys: Set<string> = new Set();
    let characters = 0;
    for (const waiting of this.#waiting) {
      const { key, text } = waiting.item;
      const full = batch.length === ITEMS ||
        characters + text.length > CHARACTERS;
      if (batch.length > 0 && (full || keys.has(key))) {
        left.push(waiting);
        keys.add(key); // Nor does a later one with this key come before it.
        continue;
      }
      batch.push(waiting);
      keys.add(key);
      characters += text.length;
    }
    this.#waiting = left;
    return batch;
  }
}
