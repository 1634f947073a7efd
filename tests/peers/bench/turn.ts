/** A turn of a contender: executions that it takes through, so many at once, until it is over. */
import { setTimeout as sleep } from "node:timers/promises";

export class Turn {
  readonly lanes: number;
  done = 0;
  over = false;
  /** Resolves once it is over. */
  readonly end: Promise<void>;
  readonly #most: number;
  #stop = () => {};

  /** @param until What ends it: so many ms, or so many executions */
  constructor(lanes: number, until: { ms?: number; most?: number }) {
    this.lanes = lanes;
    this.#most = until.most ?? Infinity;
    const reached = new Promise<void>((resolve) => this.#stop = resolve);
    const time = until.ms === undefined ? [] : [sleep(until.ms)];
    this.end = Promise.race([reached, ...time]).then(() => {
      this.over = true;
    });
  }

  /** One more is through. */
  add(): void {
    this.done += 1;
    if (this.done >= this.#most) this.#stop();
  }

  /** Takes executions through, each as soon as a lane is free. */
  async fill(execute: () => Promise<unknown>): Promise<void> {
    const lane = async () => {
      while (!this.over && this.done < this.#most) {
        await execute();
        this.add();
      }
    };
    await Promise.all(Array.from({ length: this.lanes }, lane));
  }
}

/** What is measured: it stands, and has its turns. */
export interface Contender {
  take(turn: Turn): Promise<void>;
  /** A queue is filled before a turn. */
  feed?(count: number): Promise<unknown>;
  /** Bytes that it keeps of all executions so far. */
  stored(): Promise<number>;
  close(): Promise<unknown>;
}

/** What it stands on. */
export interface Ground {
  folder: string;
  database: () => Promise<string>;
}

/** The action: it returns at once, so that nothing hides what an execution costs. */
export const action = () => Promise.resolve({ current: "r42" });

/** What an execution is asked for. */
export const input = { release: "r42" };

let count = 0;
export const newId = () => `order-${count += 1}`;
