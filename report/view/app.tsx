/** The whole page: what was read, what is asked for, and which of its two screens shows it. */
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
import { isResult } from "compiled:validators";
import { judge } from "../checks/contract.ts";
import type { Embedded } from "../embedded.ts";
import { type Facets, facetsOf } from "../facets.ts";
import { pause } from "../pause.ts";
import {
  addressable,
  fromFragment,
  type Opened,
  type Query,
  select,
  toFragment,
} from "../query.ts";
import { beginning } from "../reading/beginning.ts";
import { Book, type Row } from "../reading/book.ts";
import { type Given, Reader } from "../reading/read.ts";
import { reasonOf } from "../reason.ts";
import { visibleText } from "../tree/visible.ts";
import { Detail } from "./detail.tsx";
import { Intake, useDropAndPaste } from "./intake.tsx";
import { Overview } from "./overview.tsx";
import { Refusals } from "./refusals.tsx";

/** When the list follows what is being read for the first time, in ms; then later and later. */
const FOLLOW = 100;

/** Characters of a reason in the list: what is longer has room on the page of its order. */
const REASON = 240;

export function App({ embedded }: { embedded: Embedded }): JSX.Element {
  const { book, reader, version, isReading, take } = useBook(embedded);
  const [query, setQuery] = useQuery();
  const { rows, facets } = useSelection(book, version, query);
  useDropAndPaste(take);

  const open = query.open && opened(book, query.open);
  const last = useRef(open);
  if (open) last.current = open;
  useTitle(book, version, open);
  if (version === 0 && !isReading) return <Intake take={take} />;
  const back = () => setQuery(({ open: _, ...query }) => query, "push");
  const look = (row: Row) => setQuery((query) => ({ ...query, open: placeOf(book, row) }), "push");
  return (
    <>
      <Header
        book={book}
        reader={reader}
        isReading={isReading}
        take={take}
        writtenAt={embedded.writtenAt}
      />
      {query.open
        ? <Detail key={open?.id} {...{ book, row: open, rows, isReading, back, look }} />
        : (
          <Overview
            book={book}
            facets={facets}
            rows={rows}
            query={query}
            setQuery={setQuery}
            look={look}
            isReading={isReading}
            last={last.current}
          />
        )}
    </>
  );
}

interface HeaderProps {
  readonly book: Book;
  readonly reader: Reader;
  readonly isReading: boolean;
  readonly take: (given: Given) => void;
  readonly writtenAt: string | undefined;
}

function Header({ book, reader, isReading, take, writtenAt }: HeaderProps): JSX.Element {
  const [, draw] = useReducer((drawn: number) => drawn + 1, 0);
  useEffect(() => {
    if (!isReading) return;
    const timer = setInterval(() => draw(undefined), 250);
    return () => clearInterval(timer);
  }, [isReading]);
  const count = book.rows.length.toLocaleString("en");
  return (
    <header class="top">
      <p class="brand">Deployer report</p>
      <p class="source" role="status">
        {isReading
          ? (
            <>
              Reading
              <span aria-hidden="true">
                : {(reader.done / 1e6).toFixed(0)} MB, {count} executions …
              </span>
            </>
          )
          : `${count} ${book.rows.length === 1 ? "execution" : "executions"}`}
        {writtenAt && !isReading && (
          <>
            , as of <time>{writtenAt}</time>
          </>
        )}
      </p>
      <Refusals refusals={book.refusals} isAll={book.rows.length === 0 && !isReading} />
      <Intake take={take} isSmall />
    </header>
  );
}

/** What was read so far. `version` grows with it. */
function useBook({ blocks }: Embedded) {
  const [version, setVersion] = useState(0);
  const [isReading, setReading] = useState(blocks.length > 0);
  const { book, reader } = useMemo(() => {
    const book = new Book(
      (result) => judge(result, isResult).length,
      (result) => reasonOf(result, REASON),
    );
    return { book, reader: new Reader(book, pause) };
  }, []);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const waiting = useRef(0);

  const take = useCallback((given: Given) => {
    waiting.current += 1;
    setReading(true);
    queue.current = queue.current.then(async () => {
      const started = performance.now();
      let timer = setTimeout(follow, FOLLOW);
      function follow() {
        setVersion((version) => version + 1);
        timer = setTimeout(follow, Math.max(FOLLOW, (performance.now() - started) / 2));
      }
      try {
        await reader.read(given);
      } finally {
        clearTimeout(timer);
        waiting.current -= 1;
        setVersion((version) => version + 1);
        if (waiting.current === 0) setReading(false);
      }
    });
  }, []);
  useLayoutEffect(() => blocks.forEach(take), []);
  return { book, reader, version, isReading, take };
}

/** How a change of the query goes into the browser's history. */
export type SetQuery = (change: (query: Query) => Query, history: "push" | "replace") => void;

/** The query stands in the address, which is what the reader sends to somebody else. */
function useQuery(): [Query, SetQuery] {
  const [query, setState] = useState(() => fromFragment(location.hash));
  const current = useRef(query);
  useEffect(() => {
    const follow = () => setState(current.current = fromFragment(location.hash));
    addEventListener("popstate", follow);
    addEventListener("hashchange", follow);
    return () => {
      removeEventListener("popstate", follow);
      removeEventListener("hashchange", follow);
    };
  }, []);
  const setQuery = useCallback<SetQuery>((change, how) => {
    const query = current.current = change(current.current);
    const address = toFragment(query) || "#";
    if (how === "push") history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    setState(query);
  }, []);
  return [query, setQuery];
}

interface Selection {
  readonly key: string;
  readonly version: number;
  readonly rows: readonly Row[];
  readonly facets: Facets;
}

const NOTHING: Selection = {
  key: "",
  version: 0,
  rows: [],
  facets: { statuses: new Map(), settlements: [], actions: [], runners: [], refused: 0 },
};

/** What the query asks for. Until it is found, what the query before asked for. */
function useSelection(book: Book, version: number, query: Query): Selection {
  const { open: _, ...asked } = query;
  const key = toFragment(asked);
  const [found, setFound] = useState(NOTHING);
  const running = useRef<{ key: string; controller: AbortController } | undefined>(undefined);
  useEffect(() => {
    if (found.key === key && found.version === version) return;
    // What is being read changes again and again: a search under way ends first, for its own query.
    if (running.current?.key === key) return;
    running.current?.controller.abort();
    const run = running.current = { key, controller: new AbortController() };
    const { signal } = run.controller;
    const search = async () => {
      const isKnown = found.version === version;
      const facets = isKnown ? found.facets : await facetsOf(book.rows, pause, signal);
      const rows = await select(book.rows, query, pause, signal);
      running.current = undefined;
      setFound({ key, version, rows, facets });
    };
    search().catch((error) => {
      if (!signal.aborted) throw error;
    });
  }, [version, key, found]);
  return found;
}

/** Where a row is found again, by its identities if they are enough. */
function placeOf(book: Book, row: Row): Opened {
  const { orderId, executionId, id } = row;
  const isFound = book.find(addressable(orderId), addressable(executionId)) === row;
  return { orderId, executionId, ...!isFound && { id } };
}

function opened(book: Book, { orderId, executionId, id }: Opened): Row | undefined {
  if (id === undefined) return book.find(orderId, executionId);
  const row = book.rows[id];
  return row && addressable(row.orderId) === addressable(orderId) ? row : undefined;
}

function useTitle(book: Book, version: number, open: Row | undefined): void {
  useEffect(() => {
    const unknown = book.rows.filter(({ status }) => status === "UNKNOWN").length;
    document.title = open
      ? `${open.status}: ${beginning(visibleText(open.orderId), 80)} – Deployer report`
      : version === 0
      ? "Deployer report"
      : `${unknown.toLocaleString("en")} UNKNOWN of ${
        book.rows.length.toLocaleString("en")
      } – Deployer report`;
  }, [version, open]);
}
