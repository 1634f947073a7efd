/**
 * The few functions of `@std/assert` that the tests use, over `node:assert/strict`.
 *
 * `deno.json` maps `@std/assert` to JSR, as Deno users expect; the gate runs where JSR may not be
 * reached, under three runtimes, and maps the name to this file (`tsconfig.json` for Node and Bun,
 * `tests/import_map.offline.json` for Deno). Test files know nothing of it.
 */
import nodeAssert from "node:assert/strict";

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, message?: string): asserts expr {
  nodeAssert.ok(expr, message);
}

/** Fails unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.deepEqual(actual, expected, message);
}

/** Fails if both are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.notDeepEqual(actual, expected, message);
}

/** Fails unless both are the same value. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T {
  nodeAssert.equal(actual, expected, message);
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  nodeAssert.ok(
    actual.includes(expected),
    message ?? `${JSON.stringify(actual)} does not include ${JSON.stringify(expected)}`,
  );
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  nodeAssert.match(actual, expected, message);
}

type ErrorClass<E extends Error> = new (...args: never[]) => E;

function assertIsError<E extends Error>(
  error: unknown,
  ErrorClass: ErrorClass<E> = Error as unknown as ErrorClass<E>,
  messageIncludes = "",
): asserts error is E {
  nodeAssert.ok(error instanceof ErrorClass, `expected ${ErrorClass.name}, got ${String(error)}`);
  assertStringIncludes(error.message, messageIncludes);
}

/** Fails unless `fn` throws an error of the class, whose message includes the text; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass?: ErrorClass<E>,
  messageIncludes?: string,
): E {
  try {
    fn();
  } catch (error) {
    assertIsError(error, ErrorClass, messageIncludes);
    return error;
  }
  throw new nodeAssert.AssertionError({ message: "expected the function to throw" });
}

/** Fails unless the promise of `fn` rejects with an error of the class, whose message includes the text; returns it. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass?: ErrorClass<E>,
  messageIncludes?: string,
): Promise<E> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch {
    throw new nodeAssert.AssertionError({
      message: "the function threw instead of returning a promise",
    });
  }
  try {
    await promise;
  } catch (error) {
    assertIsError(error, ErrorClass, messageIncludes);
    return error;
  }
  throw new nodeAssert.AssertionError({ message: "expected the promise to reject" });
}
