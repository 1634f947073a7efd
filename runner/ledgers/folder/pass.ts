/** One pass over the orders of a folder, the newest first. */
import { join } from "node:path";
import type { Selection } from "../entry.ts";
import type { Damage } from "../errors.ts";
import type { Entry } from "../ledger.ts";
import { type Calendar, datedName, instantOf, newestIn, NO_TIME, orderIn } from "./calendar.ts";
import { calendarOf, type Calendars, hasCalendars } from "./calendars.ts";
import { type Claim, claimsIn, noting, readingOnce, Unreadable } from "./documents.ts";
import { lookAt } from "./files.ts";
import { hashOf } from "./names.ts";
import type { OpenOrders } from "./open_orders.ts";
import { Orders } from "./orders.ts";

/** The most files that are read at once. The first that is shown waits for one. */
const AHEAD = 16;

/** The rooms of a folder that a pass reads. */
export interface Rooms {
  readonly orders: Orders;
  readonly open: OpenOrders;
  readonly calendars: Calendars;
  /** The folder of the calendars. */
  readonly index: string;
}

/** What is asked for, and what was damaged of what was read. */
export class Pass {
  readonly damages: Damage[] = [];
  readonly #rooms: Rooms;
  readonly #orders: Orders;
  readonly #selection: Selection;

  constructor(rooms: Rooms, selection: Selection) {
    const { files, folder } = rooms.orders;
    this.#rooms = rooms;
    this.#orders = new Orders(files, folder, readingOnce(files));
    this.#selection = selection;
  }

  /** The entries that are asked for. */
  async *entries(): AsyncGenerator<Entry> {
    for await (const entry of this.#candidates()) {
      if (isSelected(entry, this.#selection)) yield entry;
    }
  }

  /** At least those that are asked for. */
  async *#candidates(): AsyncGenerator<Entry> {
    if (!await hasCalendars(this.#orders.files, this.#rooms.index)) {
      yield* this.#read(await this.#orders.hashes());
      return;
    }
    const open = this.#selection.status === "OPEN" ? await this.#rooms.open.hashes() : undefined;
    if (open) {
      yield* this.#read(open);
      return;
    }
    let last: Entry | undefined;
    try {
      for await (const entry of this.#dated()) {
        yield entry;
        last = entry;
      }
    } catch (error) {
      if (!(error instanceof Torn)) throw error;
      // Which orders it named can be told from the entries alone: all of them are read.
      this.damages.push(error.damage);
      for await (const entry of this.#read(await this.#orders.hashes())) {
        if (last === undefined || compare(pointOf(last), pointOf(entry)) < 0) yield entry;
      }
    }
  }

  /** Those of certain orders. All of them are read: only their places in time are kept meanwhile. */
  async *#read(hashes: Iterable<string>): AsyncGenerator<Entry> {
    const places: (Point & { readonly hash: string })[] = [];
    const found: Damage[] = [];
    for (const hash of hashes) {
      const entry = await this.#orders.entryOf(hash).catch(noting(found));
      if (!entry || !isSelected(entry, this.#selection)) continue;
      places.push({ ...pointOf(entry), hash });
    }
    // What is damaged has no place in time: it is named on the first page.
    if (this.#selection.after === null) this.#note(found);
    places.sort(compare);
    for (const { hash } of places) {
      const entry = await this.#orders.entryOf(hash).catch(noting(this.damages));
      if (entry) yield entry;
    }
  }

  /** Those of a calendar. */
  async *#dated(): AsyncGenerator<Entry> {
    const { status, since, until, after } = this.#selection;
    const { calendars, open } = this.#rooms;
    const [to] = [until, after && instantOf(after.at)].filter((end) => end !== null).sort();
    const rare = calendarOf(calendars, status);
    // Of an order that was consumed a moment ago, the calendar may not have the name yet.
    const beside = rare ? [] : await open.dated();
    const range = { from: since, to: to ?? null };
    const calendar = rare ?? calendars.all;
    const minutes = calendar.newestFirst(range, beside, this.damages);
    for await (const minute of minutes) {
      let waiting: Candidate[] = []; // Of files that were read, and not newer than all that were not.
      const seen = new Set<string>(); // An order may have two names, of one minute.
      for (let first = 0, ahead = 1; first < minute.length; first += ahead, ahead = twice(ahead)) {
        const names = minute.slice(first, first + ahead);
        for (const found of await Promise.all(names.map((name) => this.#inFile(name, calendar)))) {
          waiting.push(...found.candidates);
          this.#note(found.damages);
        }
        waiting.sort((a, b) => compare(a.point, b.point));
        const next = minute[first + ahead];
        const isReady = ({ point }: Candidate) => !next || point.at > newestIn(next);
        for await (const entry of this.#inTurn(waiting.filter(isReady))) {
          if (seen.has(entry.fact.orderId)) continue;
          seen.add(entry.fact.orderId);
          yield entry;
        }
        waiting = waiting.filter((candidate) => !isReady(candidate));
      }
    }
  }

  /** The entries of candidates: a few are read ahead, for a page ends soon. */
  async *#inTurn(candidates: readonly Candidate[]): AsyncGenerator<Entry> {
    for (let first = 0, ahead = AHEAD; first < candidates.length; first += ahead, ahead *= 2) {
      const next = candidates.slice(first, first + ahead);
      for (const read of await Promise.allSettled(next.map(({ read }) => read()))) {
        const entry = read.status === "fulfilled" ? read.value : noting(this.damages)(read.reason);
        if (entry) yield entry;
      }
    }
  }

  async #inFile(
    name: string,
    calendar: Calendar,
  ): Promise<{ candidates: Candidate[]; damages: Damage[] }> {
    const damages: Damage[] = [];
    const hash = orderIn(name);
    if (hash === undefined) return { candidates: await this.#claimedIn(name), damages };
    const entry = await this.#entryAt(name, hash, calendar).catch(noting(damages));
    const candidates = entry ? [{ point: pointOf(entry), read: () => Promise.resolve(entry) }] : [];
    return { candidates, damages };
  }

  /** An order that could not be read when it was given this name, and can be now, may have another. */
  async #entryAt(name: string, hash: string, calendar: Calendar): Promise<Entry | undefined> {
    const entry = await this.#orders.entryOf(hash);
    if (entry === undefined || newestIn(name) !== NO_TIME) return entry;
    const own = calendar.pathOf(datedName([instantOf(entry.fact.at)], hash));
    return await lookAt(this.#orders.files, own) ? undefined : entry;
  }

  /** The orders of a file's entries: of some, another process was first. */
  async #claimedIn(name: string): Promise<Candidate[]> {
    const { claims, identity } = await this.#claimsOf(name);
    return claims.map((claim) => ({
      point: pointOf(claim),
      read: () => this.#entryIf(claim, identity),
    }));
  }

  /** @throws {Torn} If the calendar has the file, and it is damaged */
  async #claimsOf(name: string): Promise<{ claims: Claim[]; identity: string | undefined }> {
    const path = this.#rooms.calendars.all.pathOf(name);
    const claims = await claimsIn(this.#orders.read, path).catch((error) => {
      throw error instanceof Unreadable ? new Torn(error.damage) : error;
    });
    if (claims) return { claims, identity: (await lookAt(this.#orders.files, path))?.identity };
    // If it is damaged in `open/` alone, no order has its name from it yet.
    const beside = join(this.#orders.open, name);
    return {
      claims: await claimsIn(this.#orders.read, beside).catch(noting([])) ?? [],
      identity: (await lookAt(this.#orders.files, beside))?.identity,
    };
  }

  async #entryIf(claim: Claim, identity: string | undefined): Promise<Entry | undefined> {
    const { orderId, executionId } = claim.fact;
    const entry = await lookAt(this.#orders.files, this.#orders.entryPath(orderId));
    if (entry === undefined) return undefined; // Its process was killed before it consumed it.
    if (entry.identity === identity) return await this.#orders.entryOfClaim(claim);
    const winner = await this.#orders.entryOf(hashOf(orderId)); // Copies of files are no links.
    return winner?.fact.executionId === executionId ? winner : undefined;
  }

  #note(damages: readonly Damage[]): void {
    for (const damage of damages) this.damages.push(damage);
  }
}

function twice(ahead: number): number {
  return Math.min(2 * ahead, AHEAD);
}

/** A file of the calendar cannot be read. */
class Torn extends Error {
  readonly damage: Damage;

  constructor(damage: Damage) {
    super(damage.problem);
    this.damage = damage;
  }
}

function isSelected(entry: Entry, { status, since, until, text, after }: Selection): boolean {
  const { fact, request, context, result } = entry;
  const at = instantOf(fact.at);
  return (status === null || entry.status === status) &&
    (since === null || at >= since) &&
    (until === null || at < until) &&
    (after === null || compare({ ...after, at: instantOf(after.at) }, pointOf(entry)) < 0) &&
    (text === null || JSON.stringify([fact.orderId, request, context, result]).includes(text));
}

/** An order whose place in time is known, and which is read when its turn comes. */
interface Candidate {
  readonly point: Point;
  read(): Promise<Entry | undefined>;
}

interface Point {
  readonly at: string;
  readonly orderId: string;
}

function pointOf({ fact: { at, orderId } }: Pick<Entry, "fact">): Point {
  return { at: instantOf(at), orderId };
}

/** The newest first; of those of one instant, the last by its identity. */
function compare(a: Point, b: Point): number {
  if (a.at !== b.at) return a.at > b.at ? -1 : 1;
  return a.orderId > b.orderId ? -1 : 1;
}
