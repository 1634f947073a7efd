/** All executions: how many of each status, when and how long, and the list of them. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Facets } from "../facets.ts";
import { EVERYTHING, instant, type Query } from "../query.ts";
import { beginning } from "../reading/beginning.ts";
import { type Book, type Row, type Status, STATUSES } from "../reading/book.ts";
import { visibleText } from "../tree/visible.ts";
import { SETTLEMENTS } from "../phrases.ts";
import type { SetQuery } from "./app.tsx";
import { useKeys } from "./keys.ts";
import { List, PRINTED } from "./list.tsx";
import { Plot } from "./plot.tsx";
import { usePrinting } from "./printing.ts";
import { NAMES, StatusShape } from "./shapes.tsx";

export interface OverviewProps {
  readonly book: Book;
  readonly facets: Facets;
  readonly rows: readonly Row[];
  readonly query: Query;
  readonly setQuery: SetQuery;
  readonly look: (row: Row) => void;
  /** The execution that was looked at last. */
  readonly last: Row | undefined;
  readonly isReading: boolean;
}

export function Overview(props: OverviewProps): JSX.Element {
  const { book, facets, rows, query, setQuery, look, last, isReading } = props;
  const [isUnfolded, setUnfolded] = useState(false);
  const isPrinting = usePrinting();
  const change = (change: Partial<Query>) =>
    setQuery((query) => ({ ...query, ...change }), "replace");
  const isFiltered = rows.length < book.rows.length;
  return (
    <main class={isUnfolded ? "overview unfolded" : "overview"}>
      <h1 class="hidden">Executions</h1>
      <Statuses facets={facets} query={query} change={change} />
      <Plot rows={rows} change={change} look={look} isReading={isReading} />
      <Filters
        facets={facets}
        query={query}
        change={change}
        isUnfolded={isUnfolded}
        setUnfolded={setUnfolded}
      />
      <p class="shown" role="status">
        {isFiltered
          ? `${rows.length.toLocaleString("en")} of ${book.rows.length.toLocaleString("en")} shown`
          : `all ${rows.length.toLocaleString("en")} shown`}
        {isFiltered && !isReading && (
          <button
            type="button"
            class="link"
            onClick={() =>
              change({ ...EVERYTHING, sort: query.sort, descending: query.descending })}
          >
            show all
          </button>
        )}
      </p>
      {isPrinting && <Printed query={query} count={rows.length} />}
      <List
        rows={rows}
        query={query}
        change={change}
        look={look}
        last={last}
        isReading={isReading}
      />
    </main>
  );
}

/** On paper, there are no fields to say what the list is of. */
function Printed({ query, count }: { query: Query; count: number }): JSX.Element | null {
  const { statuses, refused, settlement, action, runner, text, from, to } = query;
  const asked = Object.entries({
    status: statuses.map((status) => NAMES[status]).join(" or "),
    settlement: SETTLEMENTS.get(settlement) ?? settlement,
    action,
    runner,
    text,
    "from (UTC)": from,
    "before (UTC)": to,
    contract: refused ? "refused" : "",
  }).filter(([, value]) => value !== "");
  if (asked.length === 0 && count <= PRINTED) return null;
  return (
    <ul class="printed">
      {asked.map(([name, value]) => <li key={name}>{name}: {visibleText(value)}</li>)}
      {count > PRINTED && (
        <li>The first {PRINTED.toLocaleString("en")} are printed: filter to print others.</li>
      )}
    </ul>
  );
}

type Change = (change: Partial<Query>) => void;

interface PartProps {
  readonly facets: Facets;
  readonly query: Query;
  readonly change: Change;
}

function Statuses({ facets, query, change }: PartProps): JSX.Element {
  const there = STATUSES.filter((status) =>
    facets.statuses.has(status) || (status !== "OPEN" && status !== "INVALID")
  );
  const toggle = (status: Status) =>
    change({
      statuses: query.statuses.includes(status)
        ? query.statuses.filter((other) => other !== status)
        : [...query.statuses, status],
    });
  return (
    <div class="statuses" role="group" aria-label="Filter by status">
      {there.map((status) => (
        <button
          key={status}
          type="button"
          class={`status ${status}`}
          aria-pressed={query.statuses.includes(status)}
          onClick={() => toggle(status)}
        >
          <StatusShape status={status} />
          <b>{(facets.statuses.get(status) ?? 0).toLocaleString("en")}</b>
          <span>{NAMES[status]}</span>
        </button>
      ))}
      {(facets.refused > 0 || query.refused) && (
        <button
          type="button"
          class="status refused"
          aria-pressed={query.refused}
          onClick={() => change({ refused: !query.refused })}
        >
          <span class="shape" aria-hidden="true">✗</span>
          <b>{facets.refused.toLocaleString("en")}</b>
          <span>refused by the contract</span>
        </button>
      )}
    </div>
  );
}

interface FiltersProps extends PartProps {
  /** Where there is little room, the chart and the fields are folded away. */
  readonly isUnfolded: boolean;
  readonly setUnfolded: (isUnfolded: boolean) => void;
}

function Filters(props: FiltersProps): JSX.Element {
  const { facets, query, change, isUnfolded, setUnfolded } = props;
  const { settlement, action, runner, from, to } = query;
  const count = [settlement, action, runner, from, to].filter((value) => value !== "").length;
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <TextField query={query} change={change} />
      <button
        type="button"
        class="unfold"
        aria-expanded={isUnfolded}
        aria-controls="fields"
        onClick={() => setUnfolded(!isUnfolded)}
      >
        Chart and filters{count > 0 && ` (${count})`}
      </button>
      <div class="fields" id="fields">
        <Menu
          label="Settlement"
          value={settlement}
          names={facets.settlements}
          inWords={(name) => SETTLEMENTS.get(name) ?? name}
          choose={(settlement) => change({ settlement })}
        />
        <Menu
          label="Action"
          value={action}
          names={facets.actions}
          choose={(action) => change({ action })}
        />
        <Menu
          label="Runner"
          value={runner}
          names={facets.runners}
          choose={(runner) => change({ runner })}
        />
        <Instant label="From (UTC)" value={from} choose={(from) => change({ from })} />
        <Instant label="Before (UTC)" value={to} choose={(to) => change({ to })} />
      </div>
    </form>
  );
}

/** How long to wait for the next key, in ms, before all texts are searched. */
const TYPING = 200;

function TextField({ query, change }: Omit<PartProps, "facets">): JSX.Element {
  const [typed, setTyped] = useState(query.text);
  const asked = useRef(query.text);
  useEffect(() => {
    if (query.text !== asked.current) setTyped(asked.current = query.text);
  }, [query.text]);
  useEffect(() => {
    if (typed === asked.current) return;
    const timer = setTimeout(() => change({ text: asked.current = typed }), TYPING);
    return () => clearTimeout(timer);
  }, [typed]);
  const input = useRef<HTMLInputElement>(null);
  useKeys(({ key }) => {
    if (key === "/") input.current!.focus();
    return key === "/";
  });
  return (
    <label class="field wide">
      <span>
        Words in what is recorded <kbd aria-hidden="true">/</kbd>
      </span>
      <input
        ref={input}
        type="search"
        value={typed}
        spellcheck={false}
        placeholder='words, or "a phrase"'
        aria-keyshortcuts="/"
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault(); // Browsers would empty it, too.
          input.current!.blur();
        }}
      />
    </label>
  );
}

interface MenuProps {
  readonly label: string;
  readonly value: string;
  readonly names: readonly [string, number][];
  readonly inWords?: (name: string) => string;
  readonly choose: (name: string) => void;
}

function Menu({ label, value, names, inWords = (name) => name, choose }: MenuProps): JSX.Element {
  const isThere = value === "" || names.some(([name]) => name === value);
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="">any</option>
        {!isThere && <option value={value}>{beginning(visibleText(inWords(value)), 60)}</option>}
        {names.map(([name, count]) => (
          <option key={name} value={name}>
            {`${beginning(visibleText(inWords(name)), 60)} (${count.toLocaleString("en")})`}
          </option>
        ))}
      </select>
    </label>
  );
}

interface InstantProps {
  readonly label: string;
  readonly value: string;
  readonly choose: (instant: string) => void;
}

/** A moment as the list writes it: browsers' own fields for it speak in local time and habits. */
function Instant({ label, value, choose }: InstantProps): JSX.Element {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value.replace("T", " ")), [value]);
  const isWrong = typed !== "" && Number.isNaN(instant(typed));
  return (
    <label class="field instant">
      <span>{label}</span>
      <input
        placeholder="2026-01-31 09:30"
        spellcheck={false}
        autocomplete="off"
        aria-invalid={isWrong}
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onChange={() => !isWrong && choose(typed.trim())}
      />
    </label>
  );
}
