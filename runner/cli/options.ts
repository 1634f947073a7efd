/** The options of all commands: their names, their variables of the environment, their values. */
import { hostname, userInfo } from "node:os";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { type Status, STATUSES } from "../ledgers/ledger.ts";
import { LONGEST } from "../timer.ts";
import { BadInput } from "./exit.ts";
import { nearest } from "./nearest.ts";
import { hasPassword } from "../passwords.ts";

/** What was given, read. What was not given is `undefined`, or its default. */
export interface Values {
  readonly ledger: string | undefined;
  readonly order: string | undefined;
  readonly fresh: boolean;
  readonly runner: string;
  readonly annotate: Readonly<Record<string, string>>;
  /** In milliseconds, as all times. */
  readonly timeout: number | undefined;
  readonly grace: number;
  readonly success: readonly number[] | undefined;
  readonly unproven: readonly number[] | undefined;
  readonly tty: boolean;
  readonly option: readonly string[];
  readonly target: string;
  readonly status: Status | undefined;
  readonly since: Date | undefined;
  readonly grep: string | undefined;
  readonly limit: number | undefined;
  readonly out: string;
  readonly key: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

/** Their names. */
export type OptionName = keyof Values;

/** One option: how help and completion show it, and how it is read. */
export interface Option<Value = unknown> {
  /** What stands for its value; without it the option is a switch. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  /** Given again, it adds. */
  readonly many?: true;
  /** Its value can also stand in the environment, as `DEPLOYER_` and its name. */
  readonly env?: true;
  /** All that it can be. */
  readonly choices?: readonly string[];
  /**
   * @param given All that was given; of a switch that was given, one text
   * @param called What it was called there
   * @throws {BadInput} If it cannot have such a value
   */
  readonly read: (given: readonly string[], called: string) => Value;
}

/** Every option of every command: a new one is a row here, and a field of `Values`. */
export const OPTIONS: { readonly [Name in OptionName]: Option<Values[Name]> } = {
  ledger: {
    value: "WHERE",
    env: true,
    help: "A folder, sqlite:FILE or postgres://…; else .deployer, here or above",
    read: optional(some),
  },
  order: {
    value: "ID",
    help: "Identity of the order: it is executed once, for ever",
    read: optional(identity),
  },
  fresh: { help: "Execute it under a fresh identity, whatever the file says", read: isGiven },
  runner: {
    value: "NAME",
    env: true,
    help: "Who orders it; by default user@host",
    read: required(identity, whoami),
  },
  annotate: {
    value: "K=V",
    env: true,
    many: true,
    help: "Recorded with the order; may be repeated",
    read: annotations,
  },
  timeout: {
    value: "TIME",
    env: true,
    help: "Ask it to stop after 90s, 15m, 2h …",
    read: optional(duration),
  },
  grace: {
    value: "TIME",
    env: true,
    help: "Give up if it has not stopped then; by default 10s",
    read: required(duration, () => "10s"),
  },
  success: {
    value: "CODES",
    env: true,
    help: "Exit codes that are a success; by default 0",
    read: optional(codes),
  },
  unproven: {
    value: "CODES",
    env: true,
    help: "Exit codes that prove nothing: UNKNOWN",
    read: optional(codes),
  },
  tty: { help: "Give the command this terminal: for sudo, or ssh that asks", read: isGiven },
  option: {
    value: "K=V",
    short: "o",
    many: true,
    help: "An option of ssh, as for ssh -o",
    read: (given) => given,
  },
  target: {
    value: "FOLDER",
    help: "Where a release is switched; by default deployed",
    read: required(path, () => "deployed"),
  },
  status: {
    value: "STATUS",
    help: "Only those with this status",
    choices: STATUSES,
    read: optional(status),
  },
  since: {
    value: "TIME",
    help: "Only those consumed since then: 2026-01-31, or 15m, 2h, 7d ago",
    read: optional(since),
  },
  grep: {
    value: "TEXT",
    help: "Only those that record this text somewhere",
    read: optional(some),
  },
  limit: {
    value: "N",
    help: "At most so many; by default 50 on a terminal, else all",
    read: optional(count),
  },
  out: {
    value: "FILE",
    help: "Where the page is written; by default deployer-report.html",
    read: required(path, () => "deployer-report.html"),
  },
  key: { value: "FILE", help: "A key in PEM: Ed25519 or ECDSA P-256", read: optional(some) },
  json: { env: true, help: "JSON, on a terminal and with --quiet too", read: isGiven },
  quiet: {
    env: true,
    help: "Print only errors of deployer itself; only the exit code tells FAILED",
    read: isGiven,
  },
  help: { short: "h", help: "Show this", read: isGiven },
};

/** Arguments, told apart. */
export interface Invocation {
  readonly values: Values;
  readonly operands: string[];
  /** What stands behind `--`; `undefined` where there is none. */
  readonly program?: string[];
}

/**
 * Reads the arguments of a command, and its environment where an argument does not say otherwise.
 *
 * @param names The options that the command has
 * @throws {BadInput} If one is unknown, or has a value that it cannot have
 */
export function readArguments(
  names: readonly OptionName[],
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const { given, positionals } = parse(names, own);
  const values = Object.keys(OPTIONS).map((key) => {
    const name = key as OptionName;
    const variable = variableOf(name);
    const inEnvironment = names.includes(name) ? env[variable] : undefined;
    const isOf = given[name] === undefined && isMeant(name, inEnvironment);
    const texts = isOf ? fromEnvironment(name, variable, inEnvironment) : given[name] ?? [];
    return [name, OPTIONS[name].read(texts, isOf ? variable : `--${name}`)];
  });
  return {
    values: Object.fromEntries(values) as Values,
    operands: positionals,
    ...end >= 0 && { program: args.slice(end + 1) },
  };
}

/** A secret that CI does not have is an empty text: it must not mean a ledger that knows nothing. */
function isMeant(name: OptionName, given: string | undefined): given is string {
  return OPTIONS[name].env === true && given !== undefined && (given !== "" || name === "ledger");
}

/** The variable of the environment that an option's value can stand in. */
export function variableOf(name: OptionName): string {
  return `DEPLOYER_${name.toUpperCase()}`;
}

/** What was given of each option; of a switch, one text. */
type Given = { [name: string]: readonly string[] | undefined };

function parse(
  names: readonly OptionName[],
  args: readonly string[],
): { given: Given; positionals: string[] } {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const name of names) {
    const { value, short, many } = OPTIONS[name];
    options[name] = {
      type: value === undefined ? "boolean" : "string",
      ...short && { short },
      ...many && { multiple: true },
    };
  }
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const given = Object.entries(values).map(([name, value]) => [name, [value].flat().map(String)]);
    return { given: Object.fromEntries(given), positionals };
  } catch (error) {
    // "Unknown option '--x'. To specify a positional …": the first sentence is what matters.
    const said = (error as Error).message.split(/\. |\n/)[0]!.replace(/\.$/, "");
    throw new BadInput(said + hint(said, names, args));
  }
}

/** What people know from ssh, as it is called for its -o. */
const OF_SSH: Readonly<Record<string, string>> = {
  p: "Port",
  i: "IdentityFile",
  l: "User",
  J: "ProxyJump",
};

/** What was meant by an option that there is not. */
function hint(said: string, names: readonly OptionName[], args: readonly string[]): string {
  // Bun leaves the - out where more letters follow.
  const [, long, short = ""] = /^Unknown option '(?:--([^']+)|-?([^']))'/.exec(said) ?? [];
  const meant = long === undefined ? undefined : nearest(long, names);
  if (meant !== undefined) return `: did you mean --${meant}?`;
  if (!names.includes("option") || !Object.hasOwn(OF_SSH, short)) return "";
  const at = args.findIndex((arg) => arg.startsWith(`-${short}`));
  const value = args[at]?.slice(2) || args[at + 1] || "…";
  const given = value.startsWith("-") ? "…" : value;
  return `: options of ssh stand behind -o, as in -o ${OF_SSH[short]}=${given}`;
}

/** Lists are one a line in the environment: a value may hold any other character. */
function fromEnvironment(name: OptionName, variable: string, given: string): readonly string[] {
  const { value, many } = OPTIONS[name];
  if (many) return given.split("\n").filter((line) => line !== "");
  if (value !== undefined || ["1", "true"].includes(given)) return [given];
  if (["0", "false"].includes(given)) return [];
  throw wrong(variable, "1 or 0", given);
}

// --- Readers ------------------------------------------------------------------------------------

type Reader<Value> = Option<Value>["read"];

function isGiven(given: readonly string[]): boolean {
  return given.length > 0;
}

/** Of an option that may be left out. */
function optional<Value>(
  read: (called: string, value: string) => Value,
): Reader<Value | undefined> {
  return ([value], called) => value === undefined ? undefined : read(called, value);
}

/** Of one that has a value all the same. */
function required<Value>(
  read: (called: string, value: string) => Value,
  otherwise: () => string,
): Reader<Value> {
  return ([value = otherwise()], called) => read(called, value);
}

/** A container may run under an id without a name; what Bun says then is "unknown". */
function whoami(): string {
  try {
    const { username } = userInfo();
    return username === "unknown" ? hostname() : `${username}@${hostname()}`;
  } catch {
    return hostname();
  }
}

function some(name: string, value: string): string {
  if (value === "") throw wrong(name, "some text", value);
  return value;
}

function identity(name: string, value: string): string {
  const length = [...value].length;
  if (length < 1 || length > 256) throw wrong(name, "1 to 256 characters", value);
  return value;
}

/** Of what is written: the URL of a ledger, put here by mistake, would become folders. */
function path(name: string, value: string): string {
  if (hasPassword(value)) throw new BadInput(`${name} must be a path: received a URL`);
  return some(name, value);
}

function annotations(pairs: readonly string[], name: string): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw wrong(name, "a key, = and a value", pair);
    return [pair.slice(0, at), pair.slice(at + 1)];
  }));
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function duration(name: string, value: string): number {
  const ms = span(value);
  if (ms === undefined || ms > LONGEST) {
    throw wrong(name, "a time of at most 24 days, such as 500ms, 90s, 15m or 2h", value);
  }
  return ms;
}

/** A number and its unit in milliseconds; without a unit, it is seconds. */
function span(value: string): number | undefined {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value) ?? [];
  return number === undefined ? undefined : Number(number) * UNITS[unit as keyof typeof UNITS];
}

function since(name: string, value: string): Date {
  const ago = span(value);
  // A bare number is no span here: it would be a year to some, and seconds to others.
  if (ago !== undefined && /\D$/.test(value)) return new Date(Date.now() - ago);
  const date = new Date(/^\d+$/.test(value) ? NaN : value);
  if (!Number.isNaN(date.getTime())) return date;
  throw wrong(name, "a date, such as 2026-01-31T09:30Z, or how long ago, such as 2h", value);
}

function codes(name: string, value: string): number[] {
  const numbers = value.split(",").map((code) => /^\d{1,3}$/.test(code) ? Number(code) : NaN);
  if (numbers.every((code) => code <= 255)) return numbers;
  throw wrong(name, "exit codes from 0 to 255, such as 0,2", value);
}

function status(name: string, value: string): Status {
  const found = STATUSES.find((choice) => choice === value.toUpperCase());
  if (found === undefined) throw wrong(name, "OPEN, APPLIED, FAILED or UNKNOWN", value);
  return found;
}

function count(name: string, value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw wrong(name, "a number from 1 on", value);
}

function wrong(name: string, expected: string, received: string): BadInput {
  return new BadInput(`${name} must be ${expected}: received ${JSON.stringify(received)}`);
}
