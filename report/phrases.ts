/** What a result says, and what it does not, in words (`docs/validate.md`). */
import type { Execution, Row, Status } from "./reading/book.ts";
import { type Fields, isFields } from "./reading/recognise.ts";
import { NO_RESULT } from "./query.ts";

export interface Words {
  readonly says: string;
  readonly saysNot: readonly string[];
}

const NOTHING_ABOUT_THE_APPLICATION =
  "It says nothing about the application being up or down: no status does.";
const FINAL = "It is final, and it is not “still running”.";

/** What a status means, by the settlement that led to it. A map: any text may stand for one. */
const SETTLED: ReadonlyMap<string, Words> = new Map(Object.entries({
  RETURNED: {
    says: "The action returned a value, and its author vouches that this value is proof.",
    saysNot: [
      "It does not say that the application works: an action that returns a response vouches for an error 500 too.",
      NOTHING_ABOUT_THE_APPLICATION,
    ],
  },
  THREW: {
    says: "The action threw or rejected: a failure was observed.",
    saysNot: [
      "It does not say that nothing was changed before the failure.",
      "It is no permission to run the order again.",
      NOTHING_ABOUT_THE_APPLICATION,
    ],
  },
  RETURNED_NOTHING: {
    says: "The action ended and returned nothing: there is no value, and so no proof.",
    saysNot: [
      "It does not say that the action failed, nor that it succeeded.",
      FINAL,
      NOTHING_ABOUT_THE_APPLICATION,
    ],
  },
  UNPROVEN: {
    says: "The action said itself that it cannot tell what came of its work.",
    saysNot: [
      "It does not say that the action failed, nor that it has ended: it may still be at work.",
      FINAL,
      NOTHING_ABOUT_THE_APPLICATION,
    ],
  },
  ABORTED: {
    says: "The Runner stopped waiting before anything was observed.",
    saysNot: [
      "It does not say that the action failed, nor that it was stopped: it may still be at work.",
      FINAL,
      NOTHING_ABOUT_THE_APPLICATION,
    ],
  },
}));

const WITHOUT_RESULT: Readonly<Record<Status, Words>> = {
  UNKNOWN: {
    says:
      "The order was consumed, and its Runner was gone before it stored a result. A Runner closed it later: nobody will ever know what came of it.",
    saysNot: [
      "It does not say that the action failed, nor that it was called at all.",
      FINAL,
      NOTHING_ABOUT_THE_APPLICATION,
    ],
  },
  OPEN: {
    says:
      "The order is consumed, and here is neither a result of it nor a fact that closes it. Its Runner may be at work, or gone: if it is gone, the order is UNKNOWN.",
    saysNot: [
      "It does not say that the action is running, nor that it was called.",
      "It is no permission to run the order again.",
      NOTHING_ABOUT_THE_APPLICATION,
    ],
  },
  APPLIED: {
    says: "A fact says that the action returned a value. The result, which holds it, is not here.",
    saysNot: [NOTHING_ABOUT_THE_APPLICATION],
  },
  FAILED: {
    says: "A fact says that a failure was observed. The result, which holds it, is not here.",
    saysNot: ["It does not say that nothing was changed.", NOTHING_ABOUT_THE_APPLICATION],
  },
  INVALID: { says: "", saysNot: [] },
};

const NO_STATUS: Words = {
  says:
    "The result has no status or settlement of the contract: it says nothing that can be relied on.",
  saysNot: [],
};

/** The contract's own table. */
const STATUS_OF: ReadonlyMap<string, Status> = new Map<string, Status>([
  ["RETURNED", "APPLIED"],
  ["THREW", "FAILED"],
  ["RETURNED_NOTHING", "UNKNOWN"],
  ["UNPROVEN", "UNKNOWN"],
  ["ABORTED", "UNKNOWN"],
]);

const CONTRADICTION: Words = {
  says:
    "The result contradicts itself: its settlement does not lead to its status. It says nothing that can be relied on.",
  saysNot: [],
};

/** What an execution says in words. */
export function wordsOf(row: Row, { result, facts }: Execution): Words {
  if (!result) return WITHOUT_RESULT[row.status];
  if (facts.some(isProofAbsent)) {
    const { says, saysNot } = WITHOUT_RESULT.UNKNOWN;
    return {
      says: `${says} The result below came after that, and does not change UNKNOWN.`,
      saysNot,
    };
  }
  const words = SETTLED.get(row.settlement);
  if (row.status === "INVALID" || !words) return NO_STATUS;
  return STATUS_OF.get(row.settlement) === row.status ? words : CONTRADICTION;
}

/** The fact by which a Runner closed an order that has no result. */
export function isProofAbsent(fact: Fields): boolean {
  return fact.type === "PROOF_ABSENT";
}

/** How faithful a recorded value is. Only what is missing of it asks for attention. */
export interface Fidelity {
  readonly inWords: string;
  readonly isMissing: boolean;
}

export function fidelityOf(fidelity: unknown): Fidelity {
  const { exact, tagged, truncated, unreadable } = isFields(fidelity) ? fidelity : {};
  const missing = [
    some(truncated, "value was cut by a limit", "values were cut by a limit"),
    some(unreadable, "could not be read", "could not be read"),
  ].filter((part) => part !== "");
  // Every error is such a value: that JSON has no form for it is nothing to worry about.
  const kinds = some(
    tagged,
    "value that JSON has no form for, such as an error or a date, is recorded by its kind",
    "values that JSON has no form for, such as errors or dates, are recorded by their kinds",
  );
  if (exact === true) return whole("Exact: the recorded JSON equals the value.");
  if (missing.length > 0) {
    return { inWords: `Not complete: ${missing.join("; ")}.`, isMissing: true };
  }
  return whole(
    kinds === "" ? "How faithful it is was not recorded." : `Nothing was cut. ${kinds}.`,
  );
}

function whole(inWords: string): Fidelity {
  return { inWords, isMissing: false };
}

function some(count: unknown, one: string, many: string): string {
  if (typeof count !== "number" || count === 0) return "";
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Settlements as people read them. */
export const SETTLEMENTS: ReadonlyMap<string, string> = new Map(Object.entries({
  RETURNED: "returned a value",
  THREW: "threw",
  RETURNED_NOTHING: "returned nothing",
  UNPROVEN: "said it cannot tell",
  ABORTED: "the Runner stopped waiting",
  [NO_RESULT]: "no result",
}));

/** A length of time, as short as it can be read. */
export function durationInWords(ms: number): string {
  if (Number.isNaN(ms)) return "";
  if (ms < 0) return `−${durationInWords(-ms)}`;
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${round(ms)} ms`;
  if (ms < 60_000) return `${round(ms / 1000)} s`;
  const [seconds, minutes, hours] = [1000, 60_000, 3_600_000].map((unit) => Math.floor(ms / unit));
  if (minutes! < 60) return both(minutes!, "min", seconds! % 60, "s");
  if (hours! < 48) return both(hours!, "h", minutes! % 60, "min");
  return both(Math.floor(hours! / 24), "d", hours! % 24, "h");
}

function both(count: number, unit: string, rest: number, restUnit: string): string {
  return `${count.toLocaleString("en")} ${unit}${rest === 0 ? "" : ` ${rest} ${restUnit}`}`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** An instant in UTC, to the millisecond; empty if it is none. */
export function instantInWords(ms: number): string {
  return Number.isNaN(ms) ? "" : new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}
