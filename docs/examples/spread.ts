/**
 * Several ledgers as one: an order belongs to the one that the hash of its identity names. No order
 * concerns two of them, so that they scale by their number. That number, and their order, must never
 * change: an order would be looked for where it is not, and run twice.
 */
import { createHash } from "node:crypto";
import type { Entry, Ledger, Page, Query } from "deployer-runner";

/** Spreads orders over ledgers. */
export function spread(ledgers: readonly Ledger[]): Ledger {
  const of = (orderId: string): Ledger => {
    const number = createHash("sha256").update(orderId).digest().readUInt32BE();
    return ledgers[number % ledgers.length] as Ledger;
  };
  const close = async () => void await Promise.all(ledgers.map((ledger) => ledger.close()));
  return {
    consume: (fact, request, context) => of(fact.orderId).consume(fact, request, context),
    store: (result) => of(result.orderId).store(result),
    lost: async () => (await Promise.all(ledgers.map((ledger) => ledger.lost()))).flat(),
    recover: async () => (await Promise.all(ledgers.map((ledger) => ledger.recover()))).flat(),
    get: (orderId) => of(orderId).get(orderId),
    async list({ limit = 100, after, ...query }: Query = {}): Promise<Page> {
      // Each may hold all orders of the page: of one kind, they agree on where it begins.
      const pages = await Promise.all(
        ledgers.map((ledger) => ledger.list({ ...query, limit, after })),
      );
      const found = pages.flatMap(({ entries }) => entries).sort(newestFirst);
      const entries = found.slice(0, limit);
      const last = entries.at(-1);
      const more = found.length > limit ||
        pages.some(({ next }) => next !== undefined);
      if (!last || !more) return { entries };
      return {
        entries,
        next: JSON.stringify([last.fact.at, last.fact.orderId]),
      };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function newestFirst({ fact: a }: Entry, { fact: b }: Entry): number {
  const isFirst = a.at === b.at ? a.orderId > b.orderId : a.at > b.at;
  return isFirst ? -1 : 1;
}
