/**
 * Several ledgers as one: an order belongs to the one that the hash of its identity names. No order
 * concerns two of them, so that they scale by their number. That number, and their order, must never
 * change: an order would be looked for where it is not, and run twice.
 */
import { createHash } from "node:crypto";
import {
  type Damage,
  entriesOf,
  type Entry,
  type Ledger,
  LedgerDamaged,
  type Page,
  type Query,
} from "deployer-runner";
import type { Fact } from "deployer-runtime";

/** Spreads orders over ledgers. */
export function spread(ledgers: readonly Ledger[]): Ledger {
  const of = (orderId: string): Ledger => {
    const number = createHash("sha256").update(orderId).digest().readUInt32BE();
    return ledgers[number % ledgers.length] as Ledger;
  };
  /** Each may hold all orders of the page: of one kind, they agree on where it begins. */
  const list = async ({ limit = 100, ...query }: Query = {}): Promise<Page> => {
    const pages = await Promise.all(ledgers.map((ledger) => filled(ledger, { ...query, limit })));
    const found = pages.flatMap(({ entries }) => entries).sort(newestFirst);
    const damages = pages.flatMap(({ damages = [] }) => damages);
    const entries = found.slice(0, limit);
    const last = entries.at(-1);
    const isMore = found.length > limit || pages.some(({ next }) => next !== undefined);
    return {
      entries,
      ...last && isMore && { next: JSON.stringify([last.fact.at, last.fact.orderId]) },
      ...damages.length > 0 && { damages },
    };
  };
  const close = async () => void await Promise.all(ledgers.map((ledger) => ledger.close()));
  return {
    consume: (fact, request, context) => of(fact.orderId).consume(fact, request, context),
    store: (result) => of(result.orderId).store(result),
    lost: () => ofAll(ledgers.map((ledger) => ledger.lost())),
    recover: () => ofAll(ledgers.map((ledger) => ledger.recover())),
    get: (orderId) => of(orderId).get(orderId),
    list,
    entries: (filter) => entriesOf(list, filter),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The facts of all ledgers: damage in one of them keeps no other from being looked at. */
async function ofAll(calls: Promise<Fact[]>[]): Promise<Fact[]> {
  const facts: Fact[] = [];
  const damages: Damage[] = [];
  for (const end of await Promise.allSettled(calls)) {
    if (end.status === "fulfilled") facts.push(...end.value);
    else if (end.reason instanceof LedgerDamaged) {
      facts.push(...end.reason.facts);
      damages.push(...end.reason.damages);
    } else throw end.reason;
  }
  if (damages.length > 0) throw new LedgerDamaged(damages, facts);
  return facts;
}

/** A page that lacks no entry, unless it is the last one: what is damaged may have left room. */
async function filled(ledger: Ledger, query: Query & { limit: number }): Promise<Page> {
  const page = await ledger.list(query);
  const { entries, next, damages = [] } = page;
  if (next === undefined || entries.length >= query.limit) return page;
  const more = await filled(ledger, { ...query, after: next });
  const all = [...damages, ...more.damages ?? []];
  return {
    ...more,
    entries: [...entries, ...more.entries],
    ...all.length > 0 && { damages: all },
  };
}

function newestFirst({ fact: a }: Entry, { fact: b }: Entry): number {
  const isFirst = a.at === b.at ? a.orderId > b.orderId : a.at > b.at;
  return isFirst ? -1 : 1;
}
