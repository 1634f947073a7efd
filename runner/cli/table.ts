/** Orders as a table for people. */
import type { Entry } from "../ledgers/ledger.ts";
import { COLOURS } from "./card.ts";
import { clean, fit, fitMiddle, pad, spoken, type Style, widthOf } from "./style.ts";
import { asked, happened } from "./words.ts";

/** Below this width, in columns, there are neither times nor a heading. */
const NARROW = 60;

/** The width of the longest status. */
const STATUS = "UNKNOWN".length;

/** One order, in words. */
interface Row {
  readonly status: string;
  readonly consumed: string;
  readonly took: string;
  readonly order: string;
  readonly action: string;
  /** What to know of it before anything else, if it did not go well. */
  readonly reason?: string;
}

const HEADING: Row = {
  status: "STATUS",
  consumed: "CONSUMED (UTC)",
  took: "TOOK",
  order: "ORDER",
  action: "ACTION",
};

/** A line for each order, below a heading; where it did not go well, one more says why. */
export function tableOf(entries: readonly Entry[], { columns, paint }: Style): string[] {
  const rows = entries.map((entry) => rowOf(entry, columns));
  if (columns >= NARROW) rows.unshift(HEADING);
  const widest = (name: "took" | "order" | "action") =>
    rows.reduce((width, row) => Math.max(width, widthOf(row[name])), 0);
  const timed = widest("took");
  const when = ({ consumed, took }: Row) =>
    columns < NARROW ? " " : `  ${consumed.padEnd(19)}  ${took.padStart(timed)}  `;

  // Half of the room is for identities, and whatever the actions leave of their half.
  const room = columns - STATUS - widthOf(when(HEADING)) - 2;
  const half = Math.max(Math.floor(room / 2), room - widest("action"));
  const ordered = Math.min(widest("order"), half);
  const line = (row: Row) => {
    const order = pad(fitMiddle(row.order, ordered), ordered);
    return when(row) + fit(`${order}  ${row.action}`, room + 2).trimEnd();
  };
  const indent = STATUS + (columns < NARROW ? 1 : 2);
  const why = (reason: string) => " ".repeat(indent) + fit(reason, columns - indent);
  return rows.flatMap((row) => {
    if (row === HEADING) return [paint("dim", row.status.padEnd(STATUS) + line(row))];
    const first = paint(COLOURS[row.status as Entry["status"]], row.status.padEnd(STATUS)) +
      line(row);
    return row.reason === undefined ? [first] : [first, paint("dim", why(row.reason))];
  });
}

function rowOf(entry: Entry, columns: number): Row {
  const { status, fact, request, result } = entry;
  return {
    status,
    consumed: clean(fact.at.slice(0, 19)).replace("T", " "),
    took: result?.trace ? spoken(result.trace.durationMs) : "", // An archive may have taken it.
    order: clean(request.orderId),
    action: fit(clean(asked(entry)), columns), // It may be long, and the rows are many.
    ...(status === "FAILED" || status === "UNKNOWN") && { reason: clean(happened(entry)) },
  };
}
