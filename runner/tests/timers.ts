/** In the place of the system's timers: what was set and not cleared, and time by hand. */
export class Timers {
  readonly #waiting = new Map<number, { ms: number; body: () => void }>();
  #next = 1;

  /** The delays of those that wait. */
  get set(): number[] {
    return [...this.#waiting.values()].map(({ ms }) => ms);
  }

  /** Runs the one that was set first. */
  fire(): void {
    const [[id, { body }]] = this.#waiting as unknown as [[number, { body: () => void }]];
    this.#waiting.delete(id);
    this.in(body);
  }

  /** Runs what sets timers, or clears them. */
  in<T>(body: () => T): T {
    const { setTimeout, clearTimeout } = globalThis;
    Object.assign(globalThis, {
      setTimeout: (body: () => void, ms: number) => {
        this.#waiting.set(this.#next, { ms, body });
        return this.#next++;
      },
      clearTimeout: (id: number) => this.#waiting.delete(id),
    });
    try {
      return body();
    } finally {
      Object.assign(globalThis, { setTimeout, clearTimeout });
    }
  }
}
