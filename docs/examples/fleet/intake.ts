/**
 * What a worker takes off the queue. Where its lanes become free faster than the queue answers, the
 * next jobs are taken while the orders of the last ones are consumed and executed.
 *
 * What was taken ahead is not consumed: it is given back if no lane becomes free for it, so that
 * other workers get it, and delivered again if this worker dies.
 */
import type { PgBoss } from "pg-boss";
import { giveBack, type Job, take } from "./queue.ts";

/** For how long a job may wait for a lane, in ms. */
const PATIENCE = 500;

export class Intake {
  readonly #queue: PgBoss;
  readonly #lanes: number;
  #waiting: Job[] = [];
  #ahead: Promise<Job[]> | undefined;
  #asked = -Infinity;
  #late: ReturnType<typeof setTimeout> | undefined;

  /** @param lanes The most that is taken ahead */
  constructor(queue: PgBoss, lanes: number) {
    this.#queue = queue;
    this.#lanes = lanes;
  }

  /** The next jobs, for so many free lanes; none if the queue is empty. */
  async next(free: number): Promise<Job[]> {
    clearTimeout(this.#late);
    const isBrisk = performance.now() - this.#asked < PATIENCE;
    if (this.#waiting.length === 0) {
      const taken = this.#ahead ?? take(this.#queue, free);
      this.#ahead = undefined;
      this.#waiting = await taken;
    }
    const jobs = this.#waiting.splice(0, free);
    if (isBrisk && jobs.length > 0 && this.#waiting.length === 0) {
      this.#ahead = take(this.#queue, this.#lanes);
      this.#ahead.catch(() => {}); // Said to whoever asks for the next jobs.
    }
    this.#asked = performance.now();
    this.#late = setTimeout(() => this.giveBack(), PATIENCE);
    return jobs;
  }

  /** Gives back what was taken ahead. If that fails, it expires, and is delivered again. */
  async giveBack(): Promise<void> {
    clearTimeout(this.#late);
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const jobs = this.#waiting.splice(0);
    try {
      if (ahead) jobs.push(...await ahead);
      if (jobs.length > 0) await giveBack(this.#queue, jobs.map(({ id }) => id));
    } catch { /* The queue is down. */ }
  }
}
