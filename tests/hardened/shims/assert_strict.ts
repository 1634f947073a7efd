/** As much of `node:assert/strict` as `tests/support/std_assert.ts` uses. */

/** What a failed assertion throws. */
export class AssertionError extends Error {
  override name = "AssertionError";
  constructor({ message }: { message: string }) {
    super(message);
  }
}

/** The message is written only for a failure: values can be large. */
function check(holds: unknown, message: () => string): void {
  if (!holds) throw new AssertionError({ message: message() });
}

/** For messages. */
function show(value: unknown): string {
  try {
    return JSON.stringify(value, (_, held) => typeof held === "bigint" ? `${held}n` : held) ??
      String(value);
  } catch {
    return typeof value;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date && a.getTime() !== (b as Date).getTime()) return false;
  if (a instanceof RegExp && String(a) !== String(b)) return false;
  if (a instanceof Error && a.message !== (b as Error).message) return false;
  if (a instanceof Map) {
    const other = b as Map<unknown, unknown>;
    return a.size === other.size &&
      [...a].every(([key, value]) => other.has(key) && isSame(value, other.get(key)));
  }
  if (a instanceof Set && !isSame([...a], [...b as Set<unknown>])) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) =>
    Object.hasOwn(b, key) &&
    isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
  );
}

export default {
  AssertionError: AssertionError as typeof AssertionError,
  ok: (value: unknown, message?: string): void => check(value, () => message ?? "it does not hold"),
  equal: (a: unknown, b: unknown, message?: string): void =>
    check(Object.is(a, b), () => message ?? `expected ${show(b)}, got ${show(a)}`),
  deepEqual: (a: unknown, b: unknown, message?: string): void =>
    check(isSame(a, b), () => message ?? `expected ${show(b)}, got ${show(a)}`),
  notDeepEqual: (a: unknown, b: unknown, message?: string): void =>
    check(!isSame(a, b), () => message ?? `expected anything but ${show(b)}`),
  match: (text: string, pattern: RegExp, message?: string): void =>
    check(pattern.test(text), () => message ?? `expected a match of ${pattern}, got ${show(text)}`),
};
