/** All executions: how many of each status, when and how long, and the list of them. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Facets } from "../facets.ts";
import { EVERYTHING, instant, type Query } from "../query.ts";
import { type Book, type Row, type Status, STATUSES } from "../reading/book.ts";
import { visibleText } from "../tree/visible.ts";
import { SETTLEMENTS } from "../words.ts";
import type { SetQuery } from "./app.tsx";
import { List } from "./list.tsx";
import { Plot } from "./plot.tsx";
import { NAMES, StatusShape } from "./shapes.tsx";

export interface OverviewProps {
  readonly book: Book;
  readonly facets: Facets;
  readonly rows: readonly Row[];
  readonly query: Query;
  readonly setQuery: SetQuery;
  readonly look: (row: Row) => void;
  readonly isReading: boolean;
}

export function Overview(props: OverviewProps): JSX.Element {
  const { book, facets, rows, query, setQuery, look, isReading } = props;
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
      <List {...{ rows, query, change, look, isReading }} />
    </main>
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
