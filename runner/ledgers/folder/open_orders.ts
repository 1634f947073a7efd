/**
 * The orders that may be open: `open/` has a file of each, so that nobody needs to read the closed
 * ones to find out which are lost. What it says can be told from the entries as well: where a file of
 * it is damaged or missing, all of them are read.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Fact } from "deployer-runtime";
import type { Damage } from "../errors.ts";
import type { Judge } from "../process.ts";
import { type Calendar, isDated, isNobodys } from "./calendar.ts";
import { type Claim, claimsIn, noting, Unreadable } from "./documents.ts";
import { discard, type Files, give, isCode, lookAt } from "./files.ts";
import { hashOf } from "./names.ts";
import type { Orders } from "./orders.ts";

/** A file of entries; and the result of an order that such a file names. */
const ENTRIES = /^[-+.0-9TZa-f]{36,}\.json$/;
const RESULT = /^([0-9a-f]{64})\.result\.json$/;

/** What a look has found. */
interface Found {
  /** Of the files in `open/`; `undefined` if there is no such folder. */
  readonly names: string[] | undefined;
  readonly lost: Map<string, Fact>;
  /** Paths in `open/` of what is not needed there any more: entries, and what was never whole. */
  readonly closed: string[];
  readonly torn: string[];
  /** Hashes of the orders that a file in `open/` is still needed for. */
  readonly kept: Set<string>;
  readonly damages: Damage[];
}

/** Where an order stands, or what keeps everybody from telling. */
type State = "unclaimed" | "open" | "stored" | "closed" | Damage;

/** Those of one folder. */
export class OpenOrders {
  readonly #orders: Orders;
  readonly #files: Files;
  readonly #folder: string;
  readonly #calendar: Calendar;
  readonly #isGone: Judge;

  constructor(orders: Orders, calendar: Calendar, isGone: Judge) {
    this.#orders = orders;
    this.#files = orders.files;
    this.#folder = orders.open;
    this.#calendar = calendar;
    this.#isGone = isGone;
  }

  /** Makes it of the entries, in a folder of the time before it, or that has lost it. */
  async make(): Promise<void> {
    const made = join(this.#orders.folder, `open.${randomUUID()}.tmp`);
    await this.#files.makeFolder(made);
    try {
      // Never empty: a rename replaces an empty folder, even one that somebody is writing into.
      await (await this.#files.create(join(made, ".index"), "")).close();
      for await (const hash of this.#notClosed()) {
        const entry = join(this.#orders.folder, `${hash}.json`);
        // Whatever else is in its place: `get()` and `list()` name it.
        if ((await lookAt(this.#files, entry))?.kind !== "file") continue;
        await this.#files.link(entry, join(made, `${hash}.json`));
      }
      await this.#files.flush(made);
      await this.#files.rename(made, this.#folder); // It fails if another one is in use.
      await this.#files.flush(this.#orders.folder);
    } catch (error) {
      await this.#files.removeFolder(made);
      if (!isCode(error, "ENOTEMPTY", "EEXIST")) throw error;
    }
  }

  /** The names of its files of entries that are in the calendar, or should be. */
  async dated(): Promise<string[]> {
    return (await this.#names() ?? []).filter(isDated);
  }

  /**
   * The hashes of the orders that are named here, whether they are open or not.
   *
   * @returns `undefined` if that cannot be told from here alone
   */
  async hashes(): Promise<Set<string> | undefined> {
    const names = await this.#names();
    const hashes = new Set<string>();
    for (const name of names?.filter((name) => !RESULT.test(name)) ?? []) {
      if (!ENTRIES.test(name)) return undefined;
      const damages: Damage[] = [];
      const claims = await claimsIn(this.#orders.read, join(this.#folder, name)).catch(
        noting(damages),
      );
      if (damages.length > 0) return undefined;
      for (const { fact } of claims ?? []) hashes.add(hashOf(fact.orderId));
    }
    return names && hashes;
  }

  /**
   * Looks at what may be open: which of it is lost.
   *
   * @param isTidied Whether what is closed is taken out
   */
  async look(isTidied: boolean): Promise<{ lost: Fact[]; damages: Damage[] }> {
    const found = await this.#find();
    const closed = isTidied ? found.closed : [];
    const results = isTidied ? await this.#unneeded(found) : [];
    const torn = isTidied ? found.torn : [];
    // What was seen here may have been written by a process that was killed before its flush. No
    // failure of the power may take it away, and leave what follows from it.
    if (found.lost.size + closed.length + results.length > 0) {
      await this.#files.flush(this.#orders.folder);
    }
    // Their process may have been killed before they were in the calendar: then only that has them.
    const dated = await this.#date(closed).then(() => closed, () => []);
    for (const paths of [dated, torn, results]) {
      await Promise.all(paths.map((path) => discard(this.#files, path)));
    }
    const damages = new Map(found.damages.map((damage) => [damage.where, damage]));
    return { lost: [...found.lost.values()], damages: [...damages.values()] };
  }

  async #date(closed: readonly string[]): Promise<void> {
    const names = closed.map((path) => path.slice(this.#folder.length + 1)).filter(isDated);
    const isThere = await Promise.all(
      names.map((name) => lookAt(this.#files, this.#calendar.pathOf(name))),
    );
    const missing = names.filter((_, i) => isThere[i] === undefined);
    for (const name of missing) {
      await this.#calendar.prepare(name);
      await this.#calendar.add(join(this.#folder, name), name);
    }
    await this.#calendar.flush(missing);
  }

  async #find(): Promise<Found> {
    const names = await this.#names();
    const found: Found = {
      names,
      lost: new Map(),
      closed: [],
      torn: [],
      kept: new Set(),
      damages: [],
    };
    const torn: Damage[] = [];
    const seen: Set<string> = new Set();
    let isWhole = names !== undefined;
    for (const name of names ?? []) {
      const path = join(this.#folder, name);
      if (RESULT.test(name)) continue;
      if (!ENTRIES.test(name)) {
        found.damages.push({ where: path, problem: "is not a file of the ledger" });
        continue;
      }
      let claims: Claim[] | undefined;
      try {
        claims = await claimsIn(this.#orders.read, path);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        (error.wasRead ? torn : found.damages).push(error.damage);
        isWhole = false;
      }
      if (claims === undefined) continue; // It has just gone.
      const texts = claims.map((claim) => JSON.stringify(claim));
      // What names an order once more may be in the place of what named another one.
      isWhole &&= !texts.some((text) => seen.has(text));
      for (const text of texts) seen.add(text);
      if (await this.#isDone(path, claims, found)) found.closed.push(path);
    }
    if (isWhole) return found;
    let isMissing = false;
    for (const hash of await this.#notNamed()) {
      const path = join(this.#orders.folder, `${hash}.json`);
      const claims = await claimsIn(this.#orders.read, path).catch(noting(found.damages));
      isMissing = !claims || !await this.#isDone(path, claims, found) || isMissing;
    }
    // Where nothing is missing, a failure of the power tore it before any order had its name.
    for (const damage of torn) {
      if (isMissing) found.damages.push(damage);
      else found.torn.push(damage.where);
    }
    return found;
  }

  /**
   * Whether none of the orders of a file is open, or may still be. Those that are lost, or damaged,
   * are put where they belong.
   */
  async #isDone(path: string, claims: Claim[], found: Found): Promise<boolean> {
    const ask = () => Promise.all(claims.map((claim) => this.#stateOf(claim, path)));
    let states = await ask();
    const [first] = claims;
    const isGone = first !== undefined && states.some((state) => state !== "closed") &&
      await this.#isGone(first.process);
    // Asked again: the last that it did before it was gone may have been to store the result.
    if (isGone) states = await ask();
    claims.forEach(({ fact }, i) => {
      const state = states[i] as State;
      if (typeof state === "object") found.damages.push(state);
      if (state === "open" && isGone) found.lost.set(fact.orderId, fact);
    });
    if (isGone) {
      states = await Promise.all(states.map(async (state, i) => {
        if (state === "unclaimed") return "closed";
        return state === "stored" ? await this.#publishAgain(claims[i] as Claim) : state;
      }));
    }
    const isDone = states.every((state) => state === "closed");
    if (!isDone) { for (const { fact } of claims) found.kept.add(hashOf(fact.orderId)); }
    return isDone;
  }

  /** Gives a result its own name, for a process that was killed before it did. */
  async #publishAgain({ fact: { orderId } }: Claim): Promise<State> {
    const from = this.#orders.openResultPath(orderId);
    const to = this.#orders.resultPath(orderId);
    return await give(this.#files, from, to).then(
      () => "closed" as const,
      () => "stored" as const, // It is looked at once more.
    );
  }

  /** Where an order stands. As long as its process lives, `unclaimed` and `stored` may change. */
  async #stateOf(claim: Claim, path: string): Promise<State> {
    const { orderId } = claim.fact;
    try {
      const entry = await lookAt(this.#files, this.#orders.entryPath(orderId));
      const own = await lookAt(this.#files, path);
      if (own === undefined) return "closed"; // Whoever took it out of `open/` has seen that.
      if (entry?.identity !== own.identity) {
        const winner = await this.#orders.claimOf(hashOf(orderId));
        if (winner === undefined) return "unclaimed";
        // Somebody else was first: for this claim that is the end. (Copies of files are no links.)
        if (JSON.stringify(winner) !== JSON.stringify(claim)) return "closed";
      }
      const { result, recovered, damage, isOnlyInOpen } = await this.#orders.endsOf(claim);
      if (recovered) return "closed";
      if (result) return isOnlyInOpen ? "stored" : "closed";
      if (damage) return damage;
      // Asked last: whoever took it out of `open/` meanwhile has seen how the order ended, and a
      // person may have archived its result since.
      return await lookAt(this.#files, path) ? "open" : "closed";
    } catch (error) {
      if (error instanceof Unreadable) return error.damage;
      throw error;
    }
  }

  /** The open orders that no file here names as they are. It reads all entries. */
  async #notNamed(): Promise<string[]> {
    const missing: string[] = [];
    for await (const hash of this.#notClosed()) missing.push(hash);
    // Read after them: an order that was claimed meanwhile is named by now.
    const named = new Set<string>();
    for (const name of await this.#names() ?? []) {
      if (!ENTRIES.test(name)) continue;
      const claims = await claimsIn(this.#orders.read, join(this.#folder, name)).catch(noting([]));
      for (const claim of claims ?? []) named.add(JSON.stringify(claim));
    }
    const entries = await Promise.all(
      missing.map((hash) => this.#orders.claimOf(hash).catch(noting([]))),
    );
    return missing.filter((_, i) => !named.has(JSON.stringify(entries[i])));
  }

  /** The entries that are open, or of which nobody can tell. */
  async *#notClosed(): AsyncGenerator<string> {
    for (const hash of await this.#orders.hashes()) {
      const claim = await this.#orders.claimOf(hash).catch(noting([]));
      const ends = claim && await this.#orders.endsOf(claim);
      if (!ends?.result && !ends?.recovered) yield hash;
    }
  }

  /** The results here whose orders no file here names any more. */
  async #unneeded({ names = [], kept, damages }: Found): Promise<string[]> {
    const results = names.flatMap((name) => RESULT.exec(name)?.[1] ?? [])
      .filter((hash) => !kept.has(hash));
    // While one of its files is damaged, or has just come, nobody knows which of them it names.
    if (results.length === 0 || damages.length > 0) return [];
    const now = await this.#names() ?? [];
    if (now.some((name) => ENTRIES.test(name) && !names.includes(name))) return [];
    return results.map((hash) => join(this.#folder, `${hash}.result.json`));
  }

  async #names(): Promise<string[] | undefined> {
    const names = await this.#files.list(this.#folder).catch((error) => {
      if (!isCode(error, "ENOENT")) throw error;
    });
    return names?.filter((name) => !isNobodys(name));
  }
}
