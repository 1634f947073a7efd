/** Times that a user gives, and the timers that wait for them. */

/** The most that a timer holds, in ms: 24 days. One that is set to more fires at once. */
export const LONGEST: number = 2 ** 31 - 1;

/**
 * Refuses what is not a time.
 *
 * @throws {RangeError} If it is neither 0 to `LONGEST` ms nor `Infinity`
 */
export function checkTime(name: string, ms: number): void {
  if (ms === Infinity || (typeof ms === "number" && ms >= 0 && ms <= LONGEST)) return;
  const received = typeof ms === "number" ? ms : JSON.stringify(ms) ?? typeof ms;
  throw new RangeError(`${name} must be 0 to ${LONGEST} ms, or Infinity: received ${received}`);
}

/**
 * Calls back once the time has passed; after `Infinity` never.
 *
 * @returns Ends the wait: it is not called any more
 */
export function startTimer(ms: number, body: () => void): () => void {
  if (ms === Infinity) return () => {};
  const timer = setTimeout(body, ms);
  return () => clearTimeout(timer);
}

/** Waits for work, but no longer than that. @returns Whether it was done in time */
export async function isDoneWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let clear = () => {};
  const late = new Promise<boolean>((resolve) => clear = startTimer(ms, () => resolve(false)));
  return await Promise.race([work.then(() => true), late]).finally(() => clear());
}
