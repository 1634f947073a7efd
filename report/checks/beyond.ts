/** What no schema can say of a result, and `docs/validate.md` asks a careful reader to check. */
import { type Fields, isFields } from "../reading/recognise.ts";

/** The last millisecond that RFC 3339 can write: an end that lies beyond is written as this one. */
const LAST_INSTANT = 253_402_300_799_999;

/** Something that is not as the contract has it. */
export interface Finding {
  /** JSON pointer of the field. */
  readonly pointer: string;
  readonly message: string;
}

/**
 * What is wrong with a result beyond its schemas. A field that is not there, or of another type, is
 * a matter of theirs, and passed over here.
 */
export function checkBeyond(result: Fields): Finding[] {
  const trace = isFields(result.trace) ? result.trace : {};
  const facts = Array.isArray(result.facts) ? result.facts : [];
  return [
    ...identities(result, trace, facts),
    ...times(trace, facts),
    ...fidelities(trace),
  ];
}

function* identities(result: Fields, trace: Fields, facts: unknown[]): Generator<Finding> {
  const places: [string, unknown][] = [
    ...facts.map((fact, index): [string, unknown] => [`/facts/${index}`, fact]),
    ["/trace", trace],
    ["/trace/context", trace.context],
  ];
  for (const [place, holder] of places) {
    if (!isFields(holder)) continue;
    for (const name of ["orderId", "executionId"] as const) {
      const [here, there] = [holder[name], result[name]];
      if (typeof here !== "string" || typeof there !== "string" || here === there) continue;
      yield { pointer: `${place}/${name}`, message: `must be the ${name} of the result` };
    }
  }
}

function* times(trace: Fields, facts: unknown[]): Generator<Finding> {
  const { startedAt, endedAt, durationMs } = trace;
  const at = (index: number) => isFields(facts[index]) ? facts[index].at : undefined;
  if (differ(at(1), startedAt)) {
    yield { pointer: "/facts/1/at", message: "must be trace.startedAt" };
  }
  if (differ(at(2), endedAt)) yield { pointer: "/facts/2/at", message: "must be trace.endedAt" };
  if (typeof startedAt !== "string" || typeof endedAt !== "string") return;
  if (typeof durationMs !== "number") return;
  const end = Math.min(Math.round(Date.parse(startedAt) + durationMs), LAST_INSTANT);
  if (Date.parse(endedAt) === end) return;
  yield {
    pointer: "/trace/endedAt",
    message: "must be trace.startedAt plus trace.durationMs, rounded to the millisecond",
  };
}

function differ(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string" && a !== b;
}

function* fidelities(trace: Fields): Generator<Finding> {
  const told = isFields(trace.fidelity) ? trace.fidelity : {};
  const input = isFields(trace.action) ? trace.action.input : undefined;
  const raw = trace.rawResult === undefined ? trace.rawError : trace.rawResult;
  for (const [name, value] of [["input", input], ["raw", raw]] as const) {
    const fidelity = told[name];
    if (value === undefined || !isFields(fidelity)) continue;
    const counted = tally(value);
    for (const [field, count] of Object.entries(counted)) {
      if (typeof fidelity[field] !== "number" || fidelity[field] === count) continue;
      yield {
        pointer: `/trace/fidelity/${name}/${field}`,
        message: `must be ${count}, which the value has`,
      };
    }
  }
}

/** How many tags a recorded value has. */
export function tally(recorded: unknown): Record<"tagged" | "truncated" | "unreadable", number> {
  const counts = { tagged: 0, truncated: 0, unreadable: 0 };
  const left = [recorded];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, "$js")) {
      const { $js } = value as Fields;
      counts[$js === "truncated" || $js === "unreadable" ? $js : "tagged"] += 1;
    }
    for (const inner of Object.values(value)) left.push(inner);
  }
  return counts;
}
