/** The list of executions: only what is seen of it is in the page, whatever its length. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";
import { NO_RESULT, type Query, type Sort } from "../query.ts";
import type { Row } from "../reading/book.ts";
import { durationInWords, instantInWords, SETTLEMENTS } from "../words.ts";
import { NAMES, StatusShape } from "./shapes.tsx";
import { Text } from "./text.tsx";
import { useWidth } from "./width.ts";

export interface ListProps {
  readonly rows: readonly Row[];
  readonly query: Query;
  readonly change: (change: Partial<Query>) => void;
  readonly look: (row: Row) => void;
  readonly isReading: boolean;
}

/** A higher page than this many rows is more than Firefox can draw. */
const HIGHEST = 400_000;
/** Rows on paper. */
const PRINTED = 500;
/** A list that is narrower than this, in heights of a row, has three lines a row. */
const NARROW = 20;
/** Where the reader was when he opened a result; `undefined` until he has. */
let kept: { place: number; scroll: number } | undefined;

export function List({ rows, query, change, look, isReading }: ListProps): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState(kept?.place ?? 0);
  const count = Math.min(rows.length, HIGHEST);
  const active = Math.max(0, Math.min(place, count - 1));
  const { virtualizer, isNarrow } = useVirtualizer(scroller, count);
  const isPrinting = usePrinting();
  useComingBack(scroller);

  const open = (index: number) => {
    kept = { place: index, scroll: scroller.current!.scrollTop };
    look(rows[index]!);
  };
  const go = (next: number) => {
    const index = Math.max(0, Math.min(next, count - 1));
    setPlace(index);
    virtualizer.scrollToIndex(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== scroller.current) return;
    const page = Math.max(1, Math.floor(scroller.current!.clientHeight / heightOf(isNarrow)) - 2);
    const moves: Record<string, number> = {
      ...{ ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: count - 1 },
      ...{ PageDown: active + page, PageUp: active - page },
    };
    const move = moves[event.key];
    if (event.key === "Enter" && rows[active]) open(active);
    else if (move === undefined) return;
    else go(move);
    event.preventDefault();
  };
  const items = isPrinting
    ? Array.from({ length: Math.min(count, PRINTED) }, (_, index) => ({ index, start: 0 }))
    : virtualizer.getVirtualItems();
  return (
    <div
      ref={scroller}
      class={`list ${isNarrow ? "narrow" : ""} ${isPrinting ? "printing" : ""}`}
      role="grid"
      aria-label="Executions"
      aria-rowcount={count + 1}
      aria-activedescendant={rows[active] ? `row-${rows[active].id}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <Heads query={query} change={change} />
      <div
        class="rows"
        role="rowgroup"
        style={isPrinting ? {} : { height: `${virtualizer.getTotalSize()}px` }}
      >
        {items.map(({ index, start }) => {
          const row = rows[index];
          return row && (
            <RowOf
              key={row.id}
              {...{ row, index, open, isActive: index === active }}
              style={isPrinting ? {} : { transform: `translateY(${start}px)` }}
            />
          );
        })}
      </div>
      {rows.length === 0 && <p class="none">{isReading ? "Reading …" : "Nothing fits."}</p>}
      {rows.length > HIGHEST && (
        <p class="none">The first {HIGHEST.toLocaleString("en")}: filter to see others.</p>
      )}
      {isPrinting && count > PRINTED && <p class="none">The first {PRINTED} are printed.</p>}
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
  readonly open: (index: number) => void;
  readonly style: Record<string, string>;
}

function RowOf({ row, index, isActive, open, style }: RowProps): JSX.Element {
  const { id, status, orderId, action, runner, at, duration, settlement, findings } = row;
  return (
    <div
      role="row"
      id={`row-${id}`}
      class={isActive ? "row active" : "row"}
      aria-rowindex={index + 2}
      aria-selected={isActive}
      style={style}
      onClick={() => open(index)}
    >
      <span role="gridcell" class="status">
        <StatusShape status={status} />
        <b>{NAMES[status]}</b>
        {findings > 0 && <span class="finding">✗ {findings}</span>}
      </span>
      <span role="gridcell" class="orderId">
        {orderId === "" ? <i>no orderId</i> : <Text value={orderId} />}
      </span>
      <span role="gridcell" class="action">
        <Text value={action} />
      </span>
      <span role="gridcell" class="runner">
        <Text value={runner} />
      </span>
      <span role="gridcell" class="at">{instantInWords(at)}</span>
      <span role="gridcell" class="duration">
        {settlement === "" ? SETTLEMENTS.get(NO_RESULT) : durationInWords(duration)}
      </span>
    </div>
  );
}

/** Height of a row in pixels of CSS: it grows with the reader's letters. */
function heightOf(isNarrow: boolean): number {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Math.round(rem * (isNarrow ? 4.25 : 2.25));
}

function useVirtualizer(scroller: { current: HTMLDivElement | null }, count: number) {
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
  virtualizer.setOptions({
    ...virtualizer.options,
    count,
    estimateSize: () => height,
    overscan: 8,
    scrollPaddingStart: height, // The heads cover what lies below them.
    initialOffset: kept?.scroll ?? 0,
    onChange: () => draw(undefined),
  });
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => virtualizer.measure(), [height]);
  return { virtualizer, isNarrow };
}

/** The keyboard goes on where it was before a result was opened. */
function useComingBack(scroller: { current: HTMLDivElement | null }): void {
  useEffect(() => {
    if (kept) scroller.current?.focus({ preventScroll: true });
  }, []);
}

/** On paper there is no scrolling: rows stand one below the other. */
function usePrinting(): boolean {
  const [isPrinting, setPrinting] = useState(false);
  useEffect(() => {
    const media = matchMedia("print");
    const follow = () => setPrinting(media.matches);
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, []);
  return isPrinting;
}
