/**
 * What no schema can say of a result, and `docs/validate.md` of `deployer-runtime` asks a careful
 * reader to check. The report judges by it too.
 */
import { isRecord } from "./record.ts";

/** A field that is not as it must be. */
export interface Breach {
  /** Keys from the result down to the field. */
  readonly path: readonly string[];
  /** What it must be, in words, such as `the orderId of the result`. */
  readonly rule: string;
  /** The same as a value, where the words do not have it. */
  readonly expected?: string;
}

/**
 * What is wrong with a result beyond its schemas. A field that is not there, or of another type, is
 * a matter of theirs, and passed over here.
 */
export function* breaches(document: unknown): Generator<Breach> {
  const result = fieldsOf(document);
  const trace = fieldsOf(result.trace);
  const facts = Array.isArray(result.facts) ? result.facts : [];
  yield* identities(result, trace, facts);
  yield* times(trace, facts);
  yield* fidelities(trace);
}

type Fields = Readonly<Record<string, unknown>>;

function* identities(result: Fields, trace: Fields, facts: unknown[]): Generator<Breach> {
  const places: [string[], unknown][] = [
    ...facts.map((fact, index): [string[], unknown] => [["facts", String(index)], fact]),
    [["trace"], trace],
    [["trace", "context"], trace.context],
  ];
  for (const [place, holder] of places) {
    for (const name of ["orderId", "executionId"] as const) {
      yield* unequal(
        [...place, name],
        fieldsOf(holder)[name],
        result[name],
        `the ${name} of the result`,
      );
    }
  }
}

/** The last millisecond that RFC 3339 can write: an end that lies beyond is written as this one. */
const LAST_INSTANT = 253_402_300_799_999;

function* times(trace: Fields, facts: unknown[]): Generator<Breach> {
  const { startedAt, endedAt, durationMs } = trace;
  yield* unequal(["facts", "1", "at"], fieldsOf(facts[1]).at, startedAt, "trace.startedAt");
  yield* unequal(["facts", "2", "at"], fieldsOf(facts[2]).at, endedAt, "trace.endedAt");
  if (typeof startedAt !== "string" || typeof endedAt !== "string") return;
  if (typeof durationMs !== "number") return;
  const end = new Date(Math.min(Math.round(Date.parse(startedAt) + durationMs), LAST_INSTANT));
  if (Date.parse(endedAt) === end.getTime()) return;
  yield {
    path: ["trace", "endedAt"],
    rule: "trace.startedAt plus trace.durationMs, rounded to the millisecond",
    ...!Number.isNaN(end.getTime()) && { expected: end.toISOString() },
  };
}

function* unequal(path: string[], a: unknown, b: unknown, rule: string): Generator<Breach> {
  if (typeof a === "string" && typeof b === "string" && a !== b) yield { path, rule, expected: b };
}

function* fidelities(trace: Fields): Generator<Breach> {
  const told = fieldsOf(trace.fidelity);
  const raw = trace.rawResult === undefined ? trace.rawError : trace.rawResult;
  for (const [name, value] of [["input", fieldsOf(trace.action).input], ["raw", raw]] as const) {
    const fidelity = told[name];
    if (!isRecord(fidelity)) continue;
    for (const [field, count] of Object.entries(tally(value))) {
      if (typeof fidelity[field] !== typeof count || fidelity[field] === count) continue;
      yield { path: ["trace", "fidelity", name, field], rule: `${count}, as the tags are` };
    }
  }
}

/** What the tags of a recorded value amount to. */
function tally(recorded: unknown) {
  const counted = { exact: true, tagged: 0, truncated: 0, unreadable: 0 };
  const left = [recorded];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, "$js")) {
      const { $js: tag } = value as Fields;
      counted.exact = false;
      counted[tag === "truncated" || tag === "unreadable" ? tag : "tagged"] += 1;
    }
    for (const inner of Object.values(value)) left.push(inner);
  }
  return counted;
}

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}
