import { withoutPasswords } from "../passwords.ts";

/**
 * Refuses a value, by throwing a `TypeError` that names its place, what was expected, and it. The
 * whole input is for a field that depends on another.
 */
export type Check = (value: unknown, place: string, input: Input) => void;

/** An input, by the names of its fields. */
export type Input = Readonly<Record<string, unknown>>;

/** What an action's input may hold, by the names of its fields. No other field may stand there. */
export type Fields = Readonly<Record<string, Check>>;

/**
 * Refuses an input that an action cannot use. Actions call it before they do anything; a Runner may
 * call it before an order is consumed.
 *
 * @throws {TypeError} One that names the first field that is wrong, missing or not known
 * @example
 * ```ts
 * checkInput({ program: "echo", args: [1] }, COMMAND_INPUT);
 * // TypeError: cannot use action.input.args[0]: expected a string, received 1
 * ```
 */
export function checkInput(input: unknown, fields: Fields): void {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw refusal("action.input", "an object", input);
  }
  const given: Input = { ...input };
  for (const [name, check] of Object.entries(fields)) {
    check(given[name], `action.input.${name}`, given);
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) { // A misspelt `args` would run a program without its arguments.
    const names = Object.keys(fields).join(", ");
    throw refusal(`action.input.${unknown}`, `no field but ${names}`, given[unknown]);
  }
}

/** A string that is the same in UTF-8, whatever it holds. */
export function string(value: unknown, place: string): void {
  if (typeof value !== "string") throw refusal(place, "a string", value);
  if (!value.isWellFormed()) throw refusal(place, "a string without lone surrogates", value);
}

/** A string that a system call takes: it ends at the first NUL. */
export function argument(value: unknown, place: string): void {
  string(value, place);
  if ((value as string).includes("\0")) throw refusal(place, "a string without NUL", value);
}

/** An argument that is not empty. */
export function name(value: unknown, place: string): void {
  argument(value, place);
  if (value === "") throw refusal(place, "a string that is not empty", value);
}

/** What may be missing. */
export function optional(check: Check): Check {
  return (value, place, input) => {
    if (value !== undefined) check(value, place, input);
  };
}

/** An array, of which each element is checked. */
export function each(check: Check): Check {
  return (value, place, input) => {
    if (!Array.isArray(value)) throw refusal(place, "an array", value);
    value.forEach((element, i) => check(element, `${place}[${i}]`, input));
  };
}

/** The error that refuses a value. It may be recorded, and says no password of a URL. */
export function refusal(place: string, expected: string, value: unknown): TypeError {
  const text = value === undefined ? "nothing" : JSON.stringify(value) ?? typeof value;
  const received = brief(withoutPasswords(text)); // Once it is cut, no @ would tell what it was.
  return new TypeError(`cannot use ${place}: expected ${expected}, received ${received}`);
}

/** Of a character beyond the 16 bits, no half is left: it would be no text to record. */
function brief(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100).replace(/[\ud800-\udbff]$/, "")}…`;
}

/**
 * Refuses what a Runner set and no system call takes. Its value is not said: it may be a secret.
 *
 * @throws {TypeError} One that names what was set
 */
export function checkSetting(value: unknown, name: string): void {
  if (typeof value === "string" && value.isWellFormed() && !value.includes("\0")) return;
  throw new TypeError(`cannot use ${name}: expected a string without NUL and lone surrogates`);
}

/**
 * Refuses variables of an environment, likewise.
 *
 * @throws {TypeError} One that names the variable
 */
export function checkVariables(env: Readonly<Record<string, string>>, names: RegExp): void {
  for (const [name, value] of Object.entries(env)) {
    if (!names.test(name)) throw refusal("env", `names that match ${names}`, name);
    checkSetting(value, `env.${name}`);
  }
}
