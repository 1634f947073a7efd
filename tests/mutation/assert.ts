/**
 * In place of `node:assert/strict`, for a process that only says whether a test fails: what Node
 * does to describe a difference takes seconds where a value is large.
 */
import { isDeepStrictEqual } from "node:util";

class AssertionError extends Error {
  constructor({ message }: { message: string }) {
    super(message);
  }
}

function ok(value: unknown, message = "it does not hold"): asserts value {
  if (!value) throw new AssertionError({ message });
}

function equal(actual: unknown, expected: unknown, message?: string): void {
  ok(Object.is(actual, expected), message);
}

function deepEqual(actual: unknown, expected: unknown, message?: string): void {
  ok(isDeepStrictEqual(actual, expected), message);
}

function notDeepEqual(actual: unknown, expected: unknown, message?: string): void {
  ok(!isDeepStrictEqual(actual, expected), message);
}

function match(actual: string, expected: RegExp, message?: string): void {
  ok(expected.test(actual), message);
}

const assertions: Record<string, unknown> = {
  AssertionError,
  ok,
  equal,
  deepEqual,
  notDeepEqual,
  match,
};

export default assertions;
