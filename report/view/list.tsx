/** The list of executions: only what is seen of it is in the page, whatever its length. */
import type { JSX } from "preact";
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "preact/hooks";
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";
import { NO_RESULT, type Query, type Sort } from "../query.ts";
import type { Row } from "../reading/book.ts";
import { durationInWords, instantInWords, SETTLEMENTS } from "../phrases.ts";
import { useKeys } from "./keys.ts";
import { usePrinting } from "./printing.ts";
import { NAMES, StatusShape } from "./shapes.tsx";
import { Name, Text } from "./text.tsx";
import { useWidth } from "./width.ts";

export interface ListProps {
  readonly rows: readonly Row[];
  readonly query: Query;
  readonly change: (change: Partial<Query>) => void;
  readonly look: (row: Row) => void;
  /** The execution that was looked at last. */
  readonly last: Row | undefined;
  readonly isReading: boolean;
}

/** A higher page than this many rows is more than Firefox can draw. */
const HIGHEST = 400_000;
/** Rows on paper: some thirty pages. */
export const PRINTED = 2000;
/** A list that is narrower than this, in heights of a row, has three lines a row. */
const NARROW = 24;
/** How far the list was scrolled when it was left. */
let kept = 0;

export function List({ rows, query, change, look, last, isReading }: ListProps): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState(last);
  const count = Math.min(rows.length, HIGHEST);
  /** Where the chosen row is; -1 if there is none. */
  const active = useMemo(() => chosen ? rows.indexOf(chosen) : -1, [rows, chosen]);
  const { virtualizer, isNarrow } = useVirtualizer(scroller, rows, count);
  const isPrinting = usePrinting();
  useComingBack(scroller, last, () => active >= 0 && virtualizer.scrollToIndex(active));

  const go = (next: number) => {
    const index = Math.max(0, Math.min(next, count - 1));
    setChosen(rows[index]);
    virtualizer.scrollToIndex(index);
    scroller.current!.focus();
  };
  useKeys(({ key, target }) => {
    const isInList = target === scroller.current;
    const first = virtualizer.range?.startIndex ?? 0;
    const from = active < 0 ? first - 1 : active;
    const page = Math.max(1, Math.floor(scroller.current!.clientHeight / heightOf(isNarrow)) - 2);
    const moves: Record<string, number> = {
      ArrowDown: from + 1,
      j: from + 1,
      ArrowUp: from - 1,
      k: from - 1,
      // Elsewhere, they scroll the page.
      ...isInList && { Home: 0, End: count - 1, PageDown: from + page, PageUp: from - page },
    };
    const move = moves[key];
    if (move !== undefined && count > 0) go(move);
    else if (key === "Enter" && isInList && active >= 0) look(rows[active]!);
    else return false;
    return true;
  });
  const items = isPrinting
    ? Array.from({ length: Math.min(count, PRINTED) }, (_, index) => ({ index, start: 0, size: 0 }))
    : virtualizer.getVirtualItems();
  return (
    <div
      ref={scroller}
      class={`list ${isPrinting ? "printing" : isNarrow ? "narrow" : ""}`}
      role="grid"
      aria-label="Executions"
      aria-rowcount={count + 1}
      aria-activedescendant={rows[active] ? `row-${rows[active].id}` : undefined}
      tabIndex={0}
    >
      <Heads query={query} change={change} />
      <div
        class="rows"
        role="rowgroup"
        style={isPrinting ? {} : { height: `${virtualizer.getTotalSize()}px` }}
      >
        {items.map(({ index, start, size }) => {
          const row = rows[index];
          return row && (
            <RowOf
              key={row.id}
              {...{ row, index, look, isActive: index === active && !isPrinting }}
              style={isPrinting ? {} : { transform: `translateY(${start}px)`, height: `${size}px` }}
            />
          );
        })}
      </div>
      {rows.length === 0 && <p class="none">{isReading ? "Reading …" : "No executions match."}</p>}
      {rows.length > HIGHEST && (
        <p class="none">The first {HIGHEST.toLocaleString("en")}: filter to see others.</p>
      )}
    </div>
  );
}

const COLUMNS: readonly [Sort, string][] = [
  ["status", "Status"],
  ["orderId", "Order"],
  ["action", "Action"],
  ["runner", "Runner"],
  ["at", "Called (UTC)"],
  ["duration", "Duration"],
];

function Heads({ query, change }: Pick<ListProps, "query" | "change">): JSX.Element {
  return (
    <div class="heads" role="rowgroup">
      <div class="row" role="row" aria-rowindex={1}>
        {COLUMNS.map(([sort, name]) => {
          const isSorted = query.sort === sort;
          const direction = query.descending ? "descending" : "ascending";
          return (
            <span
              key={sort}
              role="columnheader"
              class={sort}
              aria-sort={isSorted ? direction : "none"}
            >
              <button
                type="button"
                onClick={() =>
                  change({ sort, descending: isSorted ? !query.descending : isLargestFirst(sort) })}
              >
                {name}
                <span aria-hidden="true">{isSorted ? query.descending ? " ↓" : " ↑" : ""}</span>
              </button>
            </span>
          );
        })}
        <span role="columnheader" class="hidden">Reason</span>
      </div>
    </div>
  );
}

/** What people look for at the top, when they sort by it: the newest, the longest, the UNKNOWN. */
function isLargestFirst(sort: Sort): boolean {
  return sort === "at" || sort === "duration" || sort === "status";
}

interface RowProps {
  readonly row: Row;
  readonly index: number;
  readonly isActive: boolean;
  readonly look: (row: Row) => void;
  readonly style: Record<string, string>;
}

function RowOf({ row, index, isActive, look, style }: RowProps): JSX.Element {
  const { id, status, orderId, action, runner, at, duration, settlement, findings, reason } = row;
  return (
    <div
      role="row"
      id={`row-${id}`}
      class={isActive ? "row active" : "row"}
      aria-rowindex={index + 2}
      aria-selected={isActive}
      style={style}
      onClick={() => look(row)}
    >
      <span role="gridcell" class="status">
        <StatusShape status={status} />
        <b>{NAMES[status]}</b>
        {findings > 0 && <span class="finding">✗ {findings}</span>}
      </span>
      <span role="gridcell" class="orderId">
        {orderId === "" ? <i>no orderId</i> : <Name value={orderId} />}
      </span>
      <span role="gridcell" class="action">
        <Name value={action} />
      </span>
      <span role="gridcell" class="runner">
        <Name value={runner} />
      </span>
      <span role="gridcell" class="at">{instantInWords(at)}</span>
      <span role="gridcell" class="duration">
        {settlement === "" ? SETTLEMENTS.get(NO_RESULT) : durationInWords(duration)}
      </span>
      {reason !== "" && (
        <span role="gridcell" class="reason">
          <Text value={reason} />
        </span>
      )}
    </div>
  );
}

/** Height of a row in pixels of CSS: it grows with the reader's letters. */
function heightOf(isNarrow: boolean, hasReason = false): number {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Math.round(rem * (isNarrow ? hasReason ? 6.75 : 4.25 : hasReason ? 3.5 : 2.25));
}

function useVirtualizer(
  scroller: { current: HTMLDivElement | null },
  rows: readonly Row[],
  count: number,
) {
  const [, draw] = useReducer((drawn: number) => drawn + 1, 0);
  const isNarrow = useWidth(scroller) < heightOf(false) * NARROW;
  const [virtualizer] = useState(() =>
    new Virtualizer<HTMLDivElement, Element>({
      count: 0,
      getScrollElement: () => scroller.current,
      estimateSize: () => 36,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
    })
  );
  const height = heightOf(isNarrow);
  const withReason = heightOf(isNarrow, true);
  virtualizer.setOptions({
    ...virtualizer.options,
    count,
    estimateSize: (index) => rows[index]!.reason === "" ? height : withReason,
    // Another function tells it that the heights are others.
    getItemKey: useCallback((index: number) => index, [rows, height]),
    overscan: 8,
    scrollPaddingStart: height, // The heads cover what lies below them.
    initialOffset: kept,
    onChange: () => draw(undefined),
  });
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  return { virtualizer, isNarrow };
}

/** The keyboard, and the eye, go on where they were before an execution was opened. */
function useComingBack(
  scroller: { current: HTMLDivElement | null },
  last: Row | undefined,
  showChosen: () => void,
): void {
  useEffect(() => {
    if (!last) return;
    scroller.current?.focus({ preventScroll: true });
    showChosen();
  }, []);
  useLayoutEffect(() => {
    const { current } = scroller;
    return () => void (kept = current!.scrollTop);
  }, []);
}
