/**
 * No contract needs more: a recorded value has 500 levels at most. JSON is read to any depth, but what
 * validates and writes it calls itself for each level, and some thousands are more than the stack of
 * an engine holds.
 */
export const LEVELS = 1000;

/** Whether a value has more levels than that, or than so many. */
export function isTooDeep(value: unknown, levels: number = LEVELS): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}
