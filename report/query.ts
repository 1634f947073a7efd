/** Which rows are shown, in which order; and the same as the fragment of an address. */
import { type Row, type Status, STATUSES } from "./reading/book.ts";

export const SORTS = ["at", "duration", "status", "orderId", "action", "runner"] as const;
export type Sort = typeof SORTS[number];

export interface Query {
  readonly statuses: readonly Status[];
  readonly settlement: string;
  readonly action: string;
  readonly runner: string;
  /** Words, and phrases in quotation marks: all of them must be in what is recorded. */
  readonly text: string;
  /** Moments as people type them, in UTC: `2026-01-31 09:30`. */
  readonly from: string;
  readonly to: string;
  /** Only what the contract refuses. */
  readonly refused: boolean;
  readonly sort: Sort;
  readonly descending: boolean;
  /** The execution that is looked at. */
  readonly open?: Opened;
}

export interface Opened {
  readonly orderId: string;
  /** `undefined` for whichever execution the order has: a person who links to an order knows no more. */
  readonly executionId?: string;
  readonly id?: number;
}

/** Of an order without a result: what it has in place of a settlement. */
export const NO_RESULT = "NO_RESULT";

export const EVERYTHING: Query = {
  statuses: [],
  settlement: "",
  action: "",
  runner: "",
  text: "",
  from: "",
  to: "",
  refused: false,
  sort: "at",
  descending: true,
};

const TEXTS = ["settlement", "action", "runner", "text", "from", "to"] as const;

/** A query as the fragment of an address; what is not asked for is not there. */
export function toFragment(query: Query): string {
  const fields: [string, string][] = [];
  if (query.statuses.length > 0) fields.push(["status", query.statuses.join(",")]);
  for (const name of TEXTS) if (query[name] !== "") fields.push([name, query[name]]);
  if (query.refused) fields.push(["refused", ""]);
  const sort = `${query.descending ? "-" : ""}${query.sort}`;
  if (sort !== "-at") fields.push(["sort", sort]);
  if (query.open) {
    const { orderId, executionId, id } = query.open;
    fields.push(["order", orderId]);
    if (executionId !== undefined) fields.push(["execution", executionId]);
    if (id !== undefined) fields.push(["place", String(id)]);
  }
  const written = fields.map(([name, value]) =>
    `${name}=${encodeURIComponent(addressable(value))}`
  );
  return written.length === 0 ? "" : `#${written.join("&")}`;
}

/** A text as an address can hold it: half a character has no encoding, and is replaced. */
export function addressable(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}

/** The query of a fragment. What it cannot mean is left out: a fragment is typed by anybody. */
export function fromFragment(fragment: string): Query {
  const fields = fieldsOf(fragment);
  const asked = fields.get("status")?.split(",") ?? [];
  const [, minus, by] = /^(-?)(.*)$/.exec(fields.get("sort") ?? "-at")!;
  const orderId = fields.get("order");
  const executionId = fields.get("execution");
  const place = fields.get("place");
  return {
    ...Object.fromEntries(TEXTS.map((name) => [name, fields.get(name) ?? ""])) as Pick<
      Query,
      typeof TEXTS[number]
    >,
    statuses: STATUSES.filter((status) => asked.includes(status)),
    refused: fields.has("refused"),
    sort: SORTS.find((sort) => sort === by) ?? "at",
    descending: minus === "-",
    ...orderId !== undefined && {
      open: {
        orderId,
        ...executionId !== undefined && { executionId },
        ...place !== undefined && { id: Number(place) },
      },
    },
  };
}

/** Not `URLSearchParams`: it reads a plus, which identities have, as the space of a form. */
function fieldsOf(fragment: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of fragment.replace(/^#/, "").split("&")) {
    const [name = "", ...value] = field.split("=");
    if (!fields.has(name)) fields.set(name, decoded(value.join("=")));
  }
  return fields;
}

/** A text that somebody typed, with a percent sign of its own, is as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Lets the page draw, if it is time to. */
export type Pause = () => Promise<void> | undefined;

/** The rows that a query asks for, in its order. */
export async function select(
  rows: readonly Row[],
  query: Query,
  pause: Pause,
  signal: AbortSignal,
): Promise<Row[]> {
  const fits = filter(query);
  const selected: Row[] = [];
  for (const [index, row] of rows.entries()) {
    if (fits(row)) selected.push(row);
    if (index % 64 === 63) {
      await pause();
      signal.throwIfAborted();
    }
  }
  return await sorted(selected, comparison(query), pause, signal);
}

type Fits = (row: Row) => boolean;

/** What a query says of the rows that are shown: not how they are sorted, nor which is open. */
type Asked = Omit<Query, "sort" | "descending" | "open">;

/** Each filter, made of what it is set to; `undefined` where that asks for nothing. */
const FILTERS: { readonly [Name in keyof Asked]: (set: Asked[Name]) => Fits | undefined } = {
  statuses: (set) => set.length === 0 ? undefined : ({ status }) => set.includes(status),
  settlement: (set) =>
    set === "" ? undefined : ({ settlement }) => set === (settlement || NO_RESULT),
  action: (set) => set === "" ? undefined : ({ action }) => set === action,
  runner: (set) => set === "" ? undefined : ({ runner }) => set === runner,
  refused: (set) => set ? ({ findings }) => findings > 0 : undefined,
  from(set) {
    const from = instant(set);
    return Number.isNaN(from) ? undefined : ({ at }) => at >= from;
  },
  to(set) {
    const to = instant(set);
    return Number.isNaN(to) ? undefined : ({ at }) => at < to;
  },
  text(set) {
    const patterns = termsOf(set).map(patternOf);
    if (patterns.length === 0) return undefined;
    return ({ documents }) =>
      patterns.every((pattern) => documents.some(({ text }) => pattern.test(text)));
  },
};

function filter(query: Query): Fits {
  const made = Object.entries(FILTERS).map(([name, make]) =>
    (make as (set: unknown) => Fits | undefined)(query[name as keyof Asked])
  );
  const filters = made.filter((fits) => fits !== undefined);
  return (row) => filters.every((fits) => fits(row));
}

/** What to look for: each word, and what is between quotation marks as one. */
export function termsOf(text: string): string[] {
  return Array.from(text.matchAll(TERM), ([word, phrase]) => phrase ?? word)
    .filter((term) => term !== "");
}

/** A quotation mark within a word is a part of it; one that is not closed yet reaches to the end. */
const TERM = /["“]([^"”]*)["”]?|\S+/g;

/** The milliseconds of a moment in UTC; NaN for what is none, which asks for nothing. */
export function instant(typed: string): number {
  const [, date, time = "00:00"] = MOMENT.exec(typed.trim()) ?? [];
  return date === undefined ? NaN : Date.parse(`${date}T${time}Z`);
}

const MOMENT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)Z?)?$/;

/** A piece of what is recorded, as JSON writes it, in any case of its letters. */
function patternOf(text: string): RegExp {
  const written = JSON.stringify(text).slice(1, -1).replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  // A report has no `<` in its results: there, it is written by its number.
  return new RegExp(written.replaceAll("<", "(?:<|\\\\u003c)"), "iu");
}

type Comparison = (a: Row, b: Row) => number;

function comparison({ sort, descending }: Query): Comparison {
  const by: Comparison = sort === "at" || sort === "duration"
    ? (a, b) => numbers(a[sort], b[sort])
    : sort === "status"
    ? (a, b) => STATUSES.indexOf(b.status) - STATUSES.indexOf(a.status)
    : (a, b) => a[sort] < b[sort] ? -1 : a[sort] > b[sort] ? 1 : 0;
  const direction = descending ? -1 : 1;
  return (a, b) => direction * by(a, b) || a.id - b.id;
}

/** NaN comes before all numbers. */
function numbers(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a - b;
}

/** Rows that are sorted at a stroke: about a millisecond's work. */
const RUN = 2048;

/** Sorts in pieces: to sort 10^5 rows at a stroke would hold up the page. */
async function sorted(
  rows: Row[],
  compare: Comparison,
  pause: Pause,
  signal: AbortSignal,
): Promise<Row[]> {
  let runs: Row[][] = [];
  for (let at = 0; at < rows.length; at += RUN) {
    runs.push(rows.slice(at, at + RUN).sort(compare));
    await pause();
    signal.throwIfAborted();
  }
  while (runs.length > 1) {
    const merged: Row[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(await merge(runs[at]!, runs[at + 1] ?? [], compare, pause));
      signal.throwIfAborted();
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge(a: Row[], b: Row[], compare: Comparison, pause: Pause): Promise<Row[]> {
  const merged: Row[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    merged.push(compare(a[i]!, b[j]!) <= 0 ? a[i++]! : b[j++]!);
    if (merged.length % RUN === 0) await pause();
  }
  for (; i < a.length; i++) merged.push(a[i]!);
  for (; j < b.length; j++) merged.push(b[j]!);
  return merged;
}
