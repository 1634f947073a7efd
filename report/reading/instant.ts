/** An instant of RFC 3339, which has years of four digits: an engine reads far more as one. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Its milliseconds; NaN for what is none. */
export function instantOf(value: unknown): number {
  return typeof value === "string" && INSTANT.test(value) ? Date.parse(value) : NaN;
}

/** The time from the first instant to the last one: nothing that was watched took longer. */
const LONGEST = 10_000 * 366 * 86_400_000;

/** The milliseconds of a length of time; NaN for what is none. JSON can say 1e999. */
export function lengthOf(value: unknown): number {
  return typeof value === "number" && Math.abs(value) <= LONGEST ? value : NaN;
}
