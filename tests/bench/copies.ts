/**
 * The cheapest copies of plain JSON: without any check, and with those that the laws ask for.
 *
 * @module
 */
import type { CaptureLimits } from "../../mod.ts";

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

/**
 * Finds out what must be known before a copy may be called exact, and can do nothing about it: it
 * throws. That no string or key has a NUL or a lone surrogate, no number is -0 or not finite; that
 * nothing is a cycle, an object of a class or a key with a meaning; that all is within the limits.
 */
export function checkedCopy(value: unknown, limits?: CaptureLimits): unknown {
  return checked(whatIsLeft(limits), value, 0);
}

/** A plain error, written as `capture()` does; throws where it has more than name, message, stack. */
export function checkedError(error: unknown): unknown {
  if (!(error instanceof Error) || Object.getPrototypeOf(error) !== Error.prototype) refuse();
  if ("code" in error || "cause" in error || "errors" in error) refuse();
  const { name, message, stack } = error;
  if (Object.keys(error).length > 0) refuse();
  const left = whatIsLeft();
  checked(left, name, 0);
  checked(left, message, 0);
  checked(left, stack, 0);
  return { $js: "error", class: "Error", name, message, stack };
}

interface Left {
  readonly ancestors: object[];
  readonly maxStringLength: number;
  readonly maxArrayLength: number;
  values: number;
  characters: number;
}

/** With the defaults of `capture()`. */
function whatIsLeft(limits: CaptureLimits = {}): Left {
  const {
    maxValues = 50_000,
    maxCharacters = 1_048_576,
    maxStringLength = 65_536,
    maxArrayLength = 10_000,
  } = limits;
  const values = maxValues - 1;
  return { ancestors: [], maxStringLength, maxArrayLength, values, characters: maxCharacters };
}

function checked(left: Left, value: unknown, level: number): unknown {
  switch (typeof value) {
    case "string":
      if (value.length > left.maxStringLength) refuse();
      if ((left.characters -= value.length) < 0 || !isSafe(value)) refuse();
      return value;
    case "number":
      if (!Number.isFinite(value) || Object.is(value, -0)) refuse();
      return value;
    case "boolean":
      return value;
    case "object":
      break;
    default:
      refuse();
  }
  if (value === null) return null;
  const { ancestors } = left;
  for (let i = 0; i < level; i++) if (ancestors[i] === value) refuse();
  ancestors[level] = value as object;
  if (level > 47) refuse();
  if (Array.isArray(value)) {
    if (value.length > left.maxArrayLength || (left.values -= value.length) < 0) refuse();
    const copy: unknown[] = [];
    for (let i = 0; i < value.length; i++) copy.push(checked(left, value[i], level + 1));
    return copy;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) refuse();
  const copy: Record<string, unknown> = {};
  for (const key in value as object) {
    if (--left.values < 0 || (left.characters -= key.length) < 0) refuse();
    if (key === "$js" || key === "__proto__" || !isSafe(key)) refuse();
    copy[key] = checked(left, (value as Record<string, unknown>)[key], level + 1);
  }
  return copy;
}

function isSafe(value: string): boolean {
  return value.isWellFormed() && value.indexOf("\0") < 0;
}

function refuse(): never {
  throw new Error("Expected clean JSON or a plain error, within the limits");
}
