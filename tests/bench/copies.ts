/**
 * The cheapest copy of plain JSON.
 *
 * @module
 */

/** Knows no cycle, no limit, no class and no depth, and checks no string. */
export function unsafeCopy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    for (let i = 0; i < value.length; i++) copy.push(unsafeCopy(value[i]));
    return copy;
  }
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    copy[key] = unsafeCopy((value as Record<string, unknown>)[key]);
  }
  return copy;
}
