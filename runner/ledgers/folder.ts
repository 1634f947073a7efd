/**
 * A durable ledger in a folder of files, readable by `cat`. What makes an order run at most once is
 * `link`, which gives a name to one caller only, among all processes that share the folder.
 *
 * | file | |
 * | --- | --- |
 * | `ledger.json` | the mark of a ledger, and its version; a folder of the time before it has none |
 * | `<hash>.json` | the entry of an order: fact, request, context, and the process that consumed it |
 * | `<hash>.result.json` | its result |
 * | `<hash>.recovered.json` | a PROOF_ABSENT fact: closed as UNKNOWN, because its Runner is gone |
 * | `open/*.json` | entries that may be open: the only ones that `lost()` looks at |
 * | `open/<hash>.result.json` | the result of an order that is named there: it is not open any more |
 * | `index/all/<day>/<minute>/*.json` | entries by time |
 * | `index/FAILED`, `index/UNKNOWN` | by the same time, which orders were closed like that |
 * | `*.tmp` | what a process was writing when it was killed: it means nothing, see docs/scale.md |
 *
 * `<hash>` is the SHA-256 of the order's identity. What is written for many orders at once is one
 * file, an array, under many names: hard links. That is what one flush for all of them needs.
 *
 * The states of an entry, and what moves it. What is named in a state was flushed before the next:
 *
 *     written    open/x.json               by consume(), one file for a batch of one minute
 *        │ link: one caller wins
 *     consumed   <hash>.json, index/all/…  consume() resolves: it is never executed again
 *        │ store(): index/FAILED/… first, if it is that; then
 *        │ open/<hash>.result.json; then <hash>.result.json
 *        │ or recover(), if its process is gone: index/UNKNOWN/…, then <hash>.recovered.json
 *     closed     by its result, or as UNKNOWN
 *        │ unlink, by whoever sees that all of a file's orders are closed, or that none was consumed
 *     gone       from open/
 *
 * Each file is written whole before it gets its name, so that one that cannot be read is damaged, and
 * is named.
 */
import { randomUUID } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "deployer-runtime";
import { refuseOnWindows } from "../flush.ts";
import { Batches, type Item, ITEMS } from "./batch.ts";
import { checkClaim, checkResult, cursorOf, proofAbsent, select, type Selection } from "./entry.ts";
import { type Damage, down, LedgerDamaged, LedgerDown, OrderAlreadyConsumed } from "./errors.ts";
import { datedName, instantOf, minuteOf } from "./folder/calendar.ts";
import { type Claim, textOf, Unreadable } from "./folder/documents.ts";
import {
  discard,
  DISK,
  type Files,
  give,
  giveOver,
  isCode,
  lookAt,
  writeFlushed,
  writeNamed,
} from "./folder/files.ts";
import {
  type Calendars,
  calendarsOf,
  hasCalendars,
  makeCalendars,
  RARE,
} from "./folder/calendars.ts";
import { type Kind, kindOf, MARK, markPath } from "./folder/mark.ts";
import { hashOf } from "./folder/names.ts";
import { OpenOrders } from "./folder/open_orders.ts";
import { Orders } from "./folder/orders.ts";
import { Pass } from "./folder/pass.ts";
import type { Entry, Filter, Ledger, Page, Query } from "./ledger.ts";
import { isGone, type Judge, type ProcessIdentity, thisProcess } from "./process.ts";

const MARK_TEXT = JSON.stringify(MARK, null, 2);

/** What a ledger is given in a test that simulates its machine. */
export interface Machine {
  readonly files: Files;
  readonly process: ProcessIdentity;
}

/** A claim that waits to be written. */
interface Claimed extends Item {
  readonly executionId: string;
  /** When it was consumed, as the calendar has it. */
  readonly at: string;
}

/** A result that waits to be written. */
interface Closing extends Item {
  readonly executionId: string;
  readonly status: ExecutionResult["status"];
}

/** What closes an order, and its names: it gets one after the other. */
interface Document {
  readonly orderId: string;
  /** When the order was consumed, as the calendar has it. */
  readonly at: string;
  readonly status: ExecutionResult["status"];
  readonly text: string;
  readonly names: readonly string[];
}

/** The file in `open/` of the orders of one batch, as long as one of them is open. */
interface Marker {
  readonly path: string;
  /** How many are not closed by this process yet. */
  left: number;
  /** The results there of those that are. */
  readonly results: string[];
}

/** Give it to `execute()` as its ports. */
export class FolderLedger implements Ledger {
  readonly #folder: string;
  readonly #index: string;
  readonly #files: Files;
  readonly #process: ProcessIdentity;
  readonly #orders: Orders;
  readonly #open: OpenOrders;
  readonly #calendars: Calendars;
  /** The orders that were consumed here and are not closed, by identity. */
  readonly #own = new Map<string, { executionId: string; at: string; marker: Marker }>();
  readonly #claims: Batches<Claimed> = new Batches((batch) => this.#claim(batch));
  readonly #results: Batches<Closing> = new Batches((batch) => this.#store(batch));
  #ready: Promise<void> | undefined;
  #closed = false;

  /**
   * @param judge Whether the process of an entry is surely gone
   * @param machine Another one than this, in a test
   * @throws {NotOnWindows} On Windows: it cannot flush the names in a folder
   */
  constructor(folder: string, judge: Judge = isGone, machine?: Machine) {
    refuseOnWindows(
      `folder ${JSON.stringify(folder)} cannot be a ledger on Windows, which flushes no folder: ` +
        "use SQLite, as --ledger sqlite:FILE or SqliteLedger",
    );
    this.#folder = resolve(folder); // It stays this one if the process goes to another folder.
    this.#index = join(this.#folder, "index");
    this.#files = machine?.files ?? DISK;
    this.#process = machine?.process ?? thisProcess();
    this.#orders = new Orders(this.#files, this.#folder);
    this.#calendars = calendarsOf(this.#files, this.#index);
    this.#open = new OpenOrders(this.#orders, this.#calendars.all, judge);
  }

  readonly consume = async (
    fact: Fact,
    request: ExecutionRequest,
    context: ExecutionContext,
  ): Promise<void> => {
    const { orderId, executionId } = fact;
    checkClaim(fact, request, context);
    const claim: Claim = { fact, request, context, process: this.#process };
    const text = JSON.stringify(claim, null, 2);
    const failed = `cannot consume order ${JSON.stringify(orderId)}`;
    this.#assertOpen(failed);
    const item = { key: orderId, text, executionId, at: instantOf(fact.at) };
    if (await this.#settled(this.#claims.add(item), failed) === "taken") {
      const entry = await this.get(orderId).catch(() => undefined);
      throw new OrderAlreadyConsumed(orderId, this.#orders.entryPath(orderId), entry);
    }
  };

  async store(result: ExecutionResult): Promise<void> {
    const { orderId, executionId, status } = result;
    const failed = `cannot store the result of order ${JSON.stringify(orderId)}`;
    checkResult(failed, result);
    const text = JSON.stringify(result, null, 2);
    this.#assertOpen(failed);
    await this.#settled(this.#results.add({ key: orderId, text, executionId, status }), failed);
  }

  async lost(): Promise<Fact[]> {
    const { lost, damages } = await this.#look();
    if (damages.length > 0) throw new LedgerDamaged(damages, lost);
    return lost;
  }

  async recover(): Promise<Fact[]> {
    const { lost, damages } = await this.#look();
    if (lost.length > 0) {
      await this.#prepare().catch((cause) => {
        throw down("cannot recover orders", cause);
      });
    }
    const closed: Fact[] = [];
    for (let first = 0; first < lost.length; first += ITEMS) {
      const consumed = lost.slice(first, first + ITEMS);
      const facts = consumed.map(proofAbsent);
      try {
        const won = await this.#publish(
          facts.map((fact, i) => ({
            orderId: fact.orderId,
            at: instantOf((consumed[i] as Fact).at),
            status: "UNKNOWN" as const,
            text: JSON.stringify(fact, null, 2),
            names: [this.#orders.recoveredPath(fact.orderId)],
          })),
          give,
        );
        closed.push(...facts.filter((_, i) => won[i] === undefined));
        for (const fault of won) {
          if (fault !== undefined && fault !== "taken") throw fault;
        }
      } catch (cause) {
        const first = JSON.stringify(facts[0]?.orderId);
        throw down(`cannot recover order ${first} and those after it`, cause);
      }
    }
    if (lost.length > 0) await this.#look(); // What is closed leaves `open/`.
    if (damages.length > 0) throw new LedgerDamaged(damages, closed);
    return closed;
  }

  async get(orderId: string): Promise<Entry | undefined> {
    try {
      if (await this.#kind() === "none") return undefined;
      const entry = await this.#orders.entryOf(hashOf(orderId));
      return entry?.fact.orderId === orderId ? entry : undefined;
    } catch (cause) {
      if (cause instanceof Unreadable) throw new LedgerDamaged([cause.damage], []);
      throw down(`cannot read order ${JSON.stringify(orderId)}`, cause);
    }
  }

  async list(query?: Query): Promise<Page> {
    const selection = select(query);
    const pass = this.#pass(selection);
    const entries: Entry[] = [];
    try {
      if (await this.#kind() === "none") return { entries };
      for await (const entry of pass.entries()) {
        entries.push(entry);
        if (entries.length > selection.limit) break;
      }
    } catch (cause) {
      throw down("cannot list orders", cause);
    }
    const hasNext = entries.length > selection.limit;
    if (hasNext) entries.pop();
    return {
      entries,
      ...hasNext && { next: cursorOf(entries.at(-1) as Entry) },
      ...pass.damages.length > 0 && { damages: pass.damages },
    };
  }

  async *entries(filter?: Filter): AsyncGenerator<Entry> {
    const pass = this.#pass(select(filter));
    try {
      if (await this.#kind() === "none") return;
      yield* pass.entries();
    } catch (cause) {
      throw down("cannot list orders", cause);
    }
    if (pass.damages.length > 0) throw new LedgerDamaged(pass.damages, []);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#claims.idle(), this.#results.idle()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // --- Writing ----------------------------------------------------------------------------------

  /** A file for the orders of each minute: most often, one for all of them. */
  async #claim(batch: Claimed[]): Promise<unknown[]> {
    await this.#prepare();
    const faults: unknown[] = [];
    for (const minute of new Set(batch.map(({ at }) => minuteOf(at)))) {
      const those = batch.filter(({ at }) => minuteOf(at) === minute);
      const failed = await this.#claimOfOneMinute(those).catch((fault) => those.map(() => fault));
      those.forEach((item, i) => faults[batch.indexOf(item)] = failed[i]);
    }
    return faults;
  }

  /** One flushed file for all of them; then each order's own name, which one caller can give. */
  async #claimOfOneMinute(batch: Claimed[]): Promise<unknown[]> {
    const name = datedName(batch.map(({ at }) => at), randomUUID());
    const calendar = this.#calendars.all;
    const marker: Marker = { path: join(this.#orders.open, name), left: 0, results: [] };
    try {
      // Its name too is flushed before any order is consumed: no open order is missing there.
      await Promise.all([
        writeNamed(this.#files, this.#folder, textOf(batch.map(({ text }) => text)), marker.path),
        calendar.prepare(name),
      ]);
    } catch (fault) {
      this.#ready = undefined; // The folder may have been taken away: it is made anew.
      await discard(this.#files, marker.path);
      throw fault;
    }
    const given = await Promise.all([
      calendar.add(marker.path, name).catch((fault) => fault),
      ...batch.map(({ key }) =>
        give(this.#files, marker.path, this.#orders.entryPath(key))
          // Whoever looked for lost orders has seen that others were first in all of them.
          .catch(async (fault) => await this.#isDecided(fault, key) ? "taken" : fault)
      ),
    ]);
    const [unlisted, ...faults]: unknown[] = given;
    await this.#flushNames(faults, [this.#folder, dirname(calendar.pathOf(name))], unlisted);
    batch.forEach(({ key, executionId, at }, i) => {
      if (faults[i] !== "taken") marker.left += 1;
      if (faults[i] === undefined) this.#own.set(key, { executionId, at, marker });
    });
    if (marker.left === 0) {
      for (const path of [marker.path, calendar.pathOf(name)]) await discard(this.#files, path);
    }
    return faults;
  }

  async #isDecided(fault: unknown, orderId: string): Promise<boolean> {
    if (!isCode(fault, "ENOENT")) return false;
    const entry = lookAt(this.#files, this.#orders.entryPath(orderId));
    return await entry.catch(() => undefined) !== undefined;
  }

  async #store(batch: Closing[]): Promise<unknown[]> {
    const consumers = await Promise.allSettled(batch.map((item) => this.#consumerOf(item)));
    const documents: Document[] = [];
    batch.forEach(({ key, text, status }, i) => {
      const consumer = consumers[i] as PromiseSettledResult<{ at: string }>;
      if (consumer.status === "rejected") return;
      // In `open/` first: it never names an order as open that had a result, whatever becomes of it.
      const names = [this.#orders.openResultPath(key), this.#orders.resultPath(key)];
      documents.push({ orderId: key, text, names, status, at: consumer.value.at });
    });
    const faults = new Map<string, unknown>();
    if (documents.length > 0) {
      await this.#prepare();
      const published = await this.#publish(documents, giveOver);
      documents.forEach(({ orderId }, i) => faults.set(orderId, published[i]));
      if (published.some((fault) => fault !== undefined)) this.#ready = undefined; // As for a claim.
      const stored = documents.filter(({ orderId }) => faults.get(orderId) === undefined);
      await Promise.all(stored.map(({ orderId }) => this.#leaveOpen(orderId)));
    }
    return batch.map(({ key }, i) => {
      const consumer = consumers[i] as PromiseSettledResult<unknown>;
      return consumer.status === "rejected" ? consumer.reason : faults.get(key);
    });
  }

  /** The execution that consumed an order: another one has nothing to say of it. */
  async #consumerOf({ key, executionId }: Closing): Promise<{ at: string }> {
    const own = this.#own.get(key);
    const fact = own ?? (await this.#orders.claimOf(hashOf(key)))?.fact;
    if (fact === undefined) throw new Error("it is not consumed");
    if (fact.executionId !== executionId) throw new Error("another execution consumed it");
    return { at: instantOf(fact.at) };
  }

  /** Takes an order of this process out of `open/`: its file, once all in it are closed. */
  async #leaveOpen(orderId: string): Promise<void> {
    const own = this.#own.get(orderId);
    if (own === undefined) return;
    const { marker } = own;
    this.#own.delete(orderId);
    marker.results.push(this.#orders.openResultPath(orderId));
    marker.left -= 1;
    if (marker.left > 0) return;
    await discard(this.#files, marker.path); // It first: as long as it is there, they are needed.
    await Promise.all(marker.results.map((path) => discard(this.#files, path)));
  }

  /**
   * Writes documents as one flushed file, and gives it all of their names. A document appears whole
   * or not at all: a crash in between leaves only the temporary file.
   *
   * @param name Gives a name, where it may be taken
   * @returns What went wrong with each
   */
  async #publish(documents: readonly Document[], name: typeof give): Promise<unknown[]> {
    const texts = documents.map(({ text }) => text);
    const temporary = await writeFlushed(this.#files, this.#folder, textOf(texts));
    const giveAll = async (names: readonly string[]) => {
      for (const path of names) {
        const fault = await name(this.#files, temporary, path);
        if (fault !== undefined) return fault;
      }
    };
    try {
      await this.#date(documents);
      const faults: unknown[] = await Promise.all(
        documents.map(({ names }) => giveAll(names).catch((fault) => fault)),
      );
      await this.#flushNames(faults, [this.#folder]);
      return faults;
    } finally {
      await discard(this.#files, temporary);
    }
  }

  /** Flushed before any of them closes its order: a query by status misses none. */
  async #date(documents: readonly Document[]): Promise<void> {
    for (const status of RARE) {
      const names = documents.filter((document) => document.status === status)
        .map(({ orderId, at }) => datedName([at], hashOf(orderId)));
      const calendar = this.#calendars[status];
      for (const name of names) {
        await calendar.prepare(name);
        await calendar.mark(name);
      }
      await calendar.flush(names);
    }
  }

  /** What has got its name keeps it from here on; else that is what went wrong with it. */
  async #flushNames(
    faults: unknown[],
    folders: readonly string[],
    fault?: unknown,
  ): Promise<void> {
    if (!faults.includes(undefined)) return;
    const flushed = Promise.all(folders.map((folder) => this.#files.flush(folder)));
    const failed = await flushed.then(() => fault, (fault) => fault);
    if (failed) faults.forEach((fault, i) => faults[i] = fault ?? failed);
  }

  // --- The folder -------------------------------------------------------------------------------

  /** Makes the folder, its mark, and what stands beside the entries, where they are missing: once. */
  #prepare(): Promise<void> {
    const making = this.#ready ??= this.#make();
    making.catch(() => this.#ready = undefined);
    return making;
  }

  async #make(): Promise<void> {
    const kind = await kindOf(this.#files, this.#folder);
    if (kind !== "current") {
      for (const made of await this.#files.makeFolders(this.#folder)) {
        await this.#files.flush(dirname(made));
      }
      // Before there is an index: from here on, no Runner of the version before writes past it.
      const mark = await writeFlushed(this.#files, this.#folder, textOf([MARK_TEXT]));
      const name = kind === "old" ? giveOver : give;
      await name(this.#files, mark, markPath(this.#folder))
        .finally(() => discard(this.#files, mark));
    }
    if (!await this.#isFolder(this.#orders.open)) await this.#open.make();
    const isIndexed = await this.#isFolder(this.#index) &&
      await hasCalendars(this.#files, this.#index);
    if (!isIndexed) await makeCalendars(this.#orders, this.#index);
  }

  /** @throws {Error} If something else is in its place */
  async #isFolder(path: string): Promise<boolean> {
    const found = await lookAt(this.#files, path);
    if (found && found.kind !== "folder") throw new Error(`${path} is not a folder`);
    return found !== undefined;
  }

  async #kind(): Promise<Kind> {
    return this.#ready ? "current" : await kindOf(this.#files, this.#folder);
  }

  #pass(selection: Selection): Pass {
    const orders = this.#orders;
    const open = this.#open;
    const calendars = this.#calendars;
    const index = this.#index;
    return new Pass({ orders, open, calendars, index }, selection);
  }

  async #look(): Promise<{ lost: Fact[]; damages: Damage[] }> {
    try {
      const kind = await kindOf(this.#files, this.#folder);
      if (kind === "none") return { lost: [], damages: [] };
      return await this.#open.look(kind === "current"); // A folder of before is read as it is.
    } catch (cause) {
      throw down("cannot look for lost orders", cause);
    }
  }

  async #settled(write: Promise<void>, failed: string): Promise<"taken" | void> {
    try {
      await write;
    } catch (fault) {
      if (fault === "taken") return fault;
      throw down(failed, fault);
    }
  }

  #assertOpen(failed: string): void {
    if (this.#closed) throw new LedgerDown(`${failed}: the ledger is closed`);
  }
}
