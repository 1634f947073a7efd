/** All executions: how many of each status, when and how long, and the list of them. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { EVERYTHING, NO_RESULT, type Query } from "../query.ts";
import { type Book, type Row, type Status, STATUSES } from "../reading/book.ts";
import { visibleText } from "../tree/visible.ts";
import { SETTLEMENTS } from "../words.ts";
import type { SetQuery } from "./app.tsx";
import { List } from "./list.tsx";
import { Plot } from "./plot.tsx";
import { NAMES, StatusShape } from "./shapes.tsx";

export interface OverviewProps {
  readonly book: Book;
  readonly version: number;
  readonly rows: readonly Row[];
  readonly query: Query;
  readonly setQuery: SetQuery;
  readonly look: (row: Row) => void;
  readonly isReading: boolean;
}

export function Overview(props: OverviewProps): JSX.Element {
  const { book, version, rows, query, setQuery, look, isReading } = props;
  const facets = useMemo(() => facetsOf(book.rows), [version]);
  const change = (change: Partial<Query>) =>
    setQuery((query) => ({ ...query, ...change }), "replace");
  const isFiltered = rows.length < book.rows.length;
  return (
    <main class="overview">
      <h1 class="hidden">Executions</h1>
      <Statuses facets={facets} query={query} change={change} />
      <Plot rows={rows} change={change} look={look} />
      <Filters facets={facets} query={query} change={change} />
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
      <List rows={rows} query={query} change={change} look={look} />
    </main>
  );
}

/** What the rows can be told apart by, with how many there are of each. */
interface Facets {
  readonly statuses: ReadonlyMap<Status, number>;
  readonly settlements: readonly [string, number][];
  readonly actions: readonly [string, number][];
  readonly runners: readonly [string, number][];
  readonly refused: number;
}

function facetsOf(rows: readonly Row[]): Facets {
  const [statuses, settlements] = [new Map<Status, number>(), new Map<string, number>()];
  const [actions, runners] = [new Map<string, number>(), new Map<string, number>()];
  let refused = 0;
  const count = <Name,>(counts: Map<Name, number>, name: Name) =>
    counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const row of rows) {
    count(statuses, row.status);
    count(settlements, row.settlement || NO_RESULT);
    count(actions, row.action);
    count(runners, row.runner);
    if (row.findings > 0) refused += 1;
  }
  return {
    ...{ statuses, refused, settlements: sorted(settlements) },
    ...{ actions: sorted(actions), runners: sorted(runners) },
  };
}

/** How many names a menu offers; the field for text finds all others. */
const MENU = 300;

function sorted(counts: Map<string, number>): [string, number][] {
  return [...counts].filter(([name]) => name !== "").sort(([, a], [, b]) => b - a).slice(0, MENU);
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

function Filters({ facets, query, change }: PartProps): JSX.Element {
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <TextField query={query} change={change} />
      <Menu
        label="Settlement"
        value={query.settlement}
        names={facets.settlements}
        inWords={(name) => SETTLEMENTS.get(name) ?? name}
        choose={(settlement) => change({ settlement })}
      />
      <Menu
        label="Action"
        value={query.action}
        names={facets.actions}
        choose={(action) => change({ action })}
      />
      <Menu
        label="Runner"
        value={query.runner}
        names={facets.runners}
        choose={(runner) => change({ runner })}
      />
      <Instant label="From (UTC)" value={query.from} choose={(from) => change({ from })} />
      <Instant label="Before (UTC)" value={query.to} choose={(to) => change({ to })} />
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
  return (
    <label class="field wide">
      <span>Text in what is recorded</span>
      <input
        type="search"
        value={typed}
        spellcheck={false}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
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
        {!isThere && <option value={value}>{visibleText(inWords(value)).slice(0, 60)}</option>}
        {names.map(([name, count]) => (
          <option key={name} value={name}>
            {`${visibleText(inWords(name)).slice(0, 60)} (${count.toLocaleString("en")})`}
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

function Instant({ label, value, choose }: InstantProps): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="datetime-local"
        step="1"
        value={value}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
      />
    </label>
  );
}
