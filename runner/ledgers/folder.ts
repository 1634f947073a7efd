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
 * | `*.tmp` | what a process was writing when it was killed: it means nothing |
 *
 * `<hash>` is the SHA-256 of the order's identity. What is written for many orders at once is one
 * file, an array, under many names: hard links. That is what one flush for all of them needs.
 *
 * Each file is written whole before it gets its name, so that one that cannot be read is damaged, and
 * is named. What `open/` says can be told from the entries as well: where a file of it is damaged or
 * missing, all of them are read.
 */
import { createHash, randomUUID } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import {
  link,
  lstat,
  mkdir,
  open,
  opendir,
  readdir,
  rename,
  rm,
  unlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "deployer-runtime";
import { flush, refuseOnWindows } from "../flush.ts";
import { makeFolder } from "../folders.ts";
import { Batches, type Item, ITEMS } from "./batch.ts";
import {
  checkIdentity,
  entryOf,
  placeOf,
  problemOfClaim,
  problemOfRecovered,
  problemOfResult,
  proofAbsent,
  select,
  type Selection,
} from "./entry.ts";
import { type Damage, down, LedgerDamaged, LedgerDown, OrderAlreadyConsumed } from "./errors.ts";
import type { Entry, Ledger, Page, Query } from "./ledger.ts";
import {
  isGone,
  type Judge,
  problemOfProcess,
  type ProcessIdentity,
  thisProcess,
} from "./process.ts";

/** What stands in `ledger.json`. */
const MARK = { ledger: "deployer-runner/folder", version: 1 };

/** An entry; a file of the index; and the result of an order that the index names. */
const [ENTRY, INDEXED, RESULT] = [
  /^([0-9a-f]{64})\.json$/,
  /^[0-9a-f-]{36,64}\.json$/,
  /^([0-9a-f]{64})\.result\.json$/,
];

/** What only a ledger has. */
const OURS = /^[0-9a-f]{64}(|\.result|\.recovered)\.json$/;

/** What may be in a folder that is to become a ledger: hidden files, our own, and a file system's. */
const HARMLESS = /^(\..*|output|lost\+found|(open\.)?[0-9a-f-]{36}\.tmp)$/;

/** What stands in `<hash>.json`. */
interface Claim {
  fact: Fact;
  request: ExecutionRequest;
  context: ExecutionContext;
  process: ProcessIdentity;
}

/** What `open/` holds of the orders of one batch, as long as one of them is open. */
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
  readonly #open: string;
  readonly #isGone: Judge;
  readonly #process: ProcessIdentity = thisProcess();
  /** The orders that were consumed here and are not closed, by identity. */
  readonly #own = new Map<string, { executionId: string; marker: Marker }>();
  readonly #claims: Batches<Item & { fact: Fact }> = new Batches((batch) => this.#claim(batch));
  readonly #results: Batches<Item & { executionId: string }> = new Batches((
    batch,
  ) => this.#store(batch));
  #ready: Promise<void> | undefined;
  /** Whether its mark was seen. */
  #isMarked = false;
  #closed = false;

  /**
   * @param judge Whether the process of an entry is surely gone
   * @throws {NotOnWindows} On Windows: it cannot flush the names in a folder
   */
  constructor(folder: string, judge: Judge = isGone) {
    refuseOnWindows(
      `folder ${JSON.stringify(folder)} cannot be a ledger on Windows, which flushes no folder: ` +
        "use SQLite, as --ledger sqlite:FILE or SqliteLedger",
    );
    this.#folder = folder;
    this.#open = join(folder, "open");
    this.#isGone = judge;
  }

  readonly consume = async (
    fact: Fact,
    request: ExecutionRequest,
    context: ExecutionContext,
  ): Promise<void> => {
    const { orderId } = fact;
    checkIdentity(orderId);
    const claim: Claim = { fact, request, context, process: this.#process };
    const text = JSON.stringify(claim, null, 2);
    const failed = `cannot consume order ${JSON.stringify(orderId)}`;
    this.#assertOpen(failed);
    const item = { key: orderId, text, fact: JSON.parse(text).fact };
    if (await this.#settled(this.#claims.add(item), failed) === "taken") {
      const entry = await this.get(orderId).catch(() => undefined);
      throw new OrderAlreadyConsumed(
        orderId,
        this.#path(orderId, ".json"),
        entry,
      );
    }
  };

  async store(result: ExecutionResult): Promise<void> {
    const { orderId, executionId } = result;
    const failed = `cannot store the result of order ${JSON.stringify(orderId)}`;
    const text = JSON.stringify(result, null, 2);
    this.#assertOpen(failed);
    await this.#settled(
      this.#results.add({ key: orderId, text, executionId }),
      failed,
    );
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
      const facts = lost.slice(first, first + ITEMS).map(proofAbsent);
      try {
        const won = await this.#publish(
          facts.map((fact) => JSON.stringify(fact, null, 2)),
          facts.map(({ orderId }) => [this.#path(orderId, ".recovered.json")]),
          "refuse",
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
      return await this.#read(hashOf(orderId), orderId);
    } catch (cause) {
      if (cause instanceof Unreadable) throw new LedgerDamaged([cause.damage], []);
      throw down(`cannot read order ${JSON.stringify(orderId)}`, cause);
    }
  }

  /**
   * Reads every file of the folder: its time grows with the history, its memory does not. Damaged
   * files have no place in time: they are named on the first page.
   */
  async list(query?: Query): Promise<Page> {
    const selection = select(query);
    try {
      if (await this.#kind() === "none") return { entries: [] };
      const first: Entry[] = []; // The newest that were found so far, in order, and one more.
      const damages: Damage[] = [];
      for await (const hash of this.#hashes()) {
        const entry = await this.#read(hash).catch(noting(damages));
        if (!entry || !isSelected(entry, selection)) continue;
        let place = first.length;
        while (place > 0 && isBefore(entry, first[place - 1] as Entry)) {
          place -= 1;
        }
        first.splice(place, 0, entry);
        if (first.length > selection.limit + 1) first.pop();
      }
      const entries = first.slice(0, selection.limit);
      const last = entries.at(-1);
      return {
        entries,
        ...last && first.length > entries.length && { next: placeOf(last) },
        ...damages.length > 0 && selection.after === null && { damages },
      };
    } catch (cause) {
      throw down("cannot list orders", cause);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#claims.idle(), this.#results.idle()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // --- Writing ----------------------------------------------------------------------------------

  /** One flushed file for all of them; then each order's own name, which one caller can give. */
  async #claim(batch: (Item & { fact: Fact })[]): Promise<unknown[]> {
    await this.#prepare();
    const name = `${randomUUID()}.json`;
    const marker: Marker = { path: join(this.#open, name), left: 0, results: [] };
    try {
      // Its name too is flushed before any order is consumed: no open order is missing there.
      await this.#writeMarker(document(batch.map(({ text }) => text)), marker.path);
    } catch (fault) {
      this.#ready = undefined; // The folder may have been taken away: it is made anew.
      this.#isMarked = false;
      throw fault;
    }
    const faults: unknown[] = await Promise.all(
      batch.map(({ key }) =>
        give(marker.path, this.#path(key, ".json"))
          // Whoever looked for lost orders has seen that others were first in all of them.
          .catch(async (fault) => await this.#isDecided(fault, key) ? "taken" : fault)
      ),
    );
    await this.#flushNames(faults);
    batch.forEach(({ key, fact: { executionId } }, i) => {
      if (faults[i] !== "taken") marker.left += 1;
      if (faults[i] === undefined) this.#own.set(key, { executionId, marker });
    });
    if (marker.left === 0) await discard(marker.path);
    return faults;
  }

  /** Whole before it has its name: nobody who looks for lost orders reads the half of it. */
  async #writeMarker(text: string, path: string): Promise<void> {
    const temporary = join(this.#folder, `${randomUUID()}.tmp`);
    try {
      await writeFlushed(temporary, text, path);
    } catch (fault) {
      for (const name of [temporary, path]) await rm(name, { force: true }).catch(() => {});
      throw fault;
    }
  }

  async #isDecided(fault: unknown, orderId: string): Promise<boolean> {
    if (!isCode(fault, "ENOENT")) return false;
    return await statOf(this.#path(orderId, ".json")).catch(() => undefined) !== undefined;
  }

  /** Only of executions that consumed the order: whoever did not has nothing to say of it. */
  async #store(batch: (Item & { executionId: string })[]): Promise<unknown[]> {
    const faults: unknown[] = await Promise.all(
      batch.map(async ({ key, executionId }) => {
        try {
          const consumer = this.#own.get(key)?.executionId ??
            (await this.#claimOf(hashOf(key)))?.fact.executionId;
          if (consumer === undefined) return new Error("it is not consumed");
          if (consumer !== executionId) {
            return new Error("another execution consumed it");
          }
          return undefined;
        } catch (fault) {
          return fault;
        }
      }),
    );
    const accepted = batch.filter((_, i) => faults[i] === undefined);
    if (accepted.length === 0) return faults;
    await this.#prepare();
    // In the index first: it never names an order as open that had a result, whatever becomes of it.
    const published = await this.#publish(
      accepted.map(({ text }) => text),
      accepted.map(({ key }) => [this.#indexedResult(key), this.#path(key, ".result.json")]),
      "replace",
    );
    if (published.some((fault) => fault !== undefined)) this.#ready = undefined; // As for a claim.
    accepted.forEach((item, i) => faults[batch.indexOf(item)] = published[i]);
    await Promise.all(
      accepted.map(async ({ key }, i) => {
        const own = this.#own.get(key);
        if (published[i] !== undefined || own === undefined) return;
        this.#own.delete(key);
        own.marker.results.push(this.#indexedResult(key));
        if (--own.marker.left > 0) return;
        await discard(own.marker.path); // It first: as long as it is there, they are needed.
        await Promise.all(own.marker.results.map(discard));
      }),
    );
    return faults;
  }

  /**
   * Writes documents as one flushed file, and gives it all of their names. A document appears whole
   * or not at all: a crash in between leaves only the temporary file.
   *
   * @param names The names of each document: it gets one after the other
   * @param existing What to do where there is such a name already
   * @returns What went wrong with each
   */
  async #publish(
    texts: string[],
    names: string[][],
    existing: "refuse" | "replace",
  ): Promise<unknown[]> {
    const temporary = join(this.#folder, `${randomUUID()}.tmp`);
    const name = existing === "refuse" ? give : giveOver;
    const giveAll = async (paths: string[]) => {
      for (const path of paths) {
        const fault = await name(temporary, path);
        if (fault !== undefined) return fault;
      }
    };
    try {
      await writeFlushed(temporary, document(texts));
      const faults: unknown[] = await Promise.all(
        names.map((paths) => giveAll(paths).catch((fault) => fault)),
      );
      await this.#flushNames(faults);
      return faults;
    } finally {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  /** What has got its name keeps it from here on; else that is what went wrong with it. */
  async #flushNames(faults: unknown[]): Promise<void> {
    if (!faults.includes(undefined)) return;
    const failed = await flush(this.#folder).catch((fault) => fault);
    if (failed) faults.forEach((fault, i) => faults[i] = fault ?? failed);
  }

  // --- Open orders ------------------------------------------------------------------------------

  /** Makes the folder, its mark, and its index of open orders where they are missing: once. */
  #prepare(): Promise<void> {
    const making = this.#ready ??= this.#make();
    making.catch(() => this.#ready = undefined);
    return making;
  }

  async #make(): Promise<void> {
    if (await this.#kind() !== "marked") {
      for (const made of makeFolder(this.#folder)) await flush(dirname(made));
      const mark = join(this.#folder, "ledger.json");
      const [fault] = await this.#publish([JSON.stringify(MARK, null, 2)], [[mark]], "refuse");
      if (fault !== undefined && fault !== "taken") throw fault;
    }
    const found = await statOf(this.#open);
    if (found === undefined) await this.#makeIndex();
    else if (!found.isDirectory()) throw new Error(`${this.#open} is not a folder`);
  }

  /** Puts each open entry of a folder of the time before the index, or that has lost it, there. */
  async #makeIndex(): Promise<void> {
    const index = join(this.#folder, `open.${randomUUID()}.tmp`);
    await mkdir(index, { mode: 0o700 });
    try {
      // Never empty: a rename replaces an empty folder, even one that somebody is writing into.
      await writeFile(join(index, ".index"), "", { mode: 0o600 });
      for await (const hash of this.#notClosed()) {
        const entry = join(this.#folder, `${hash}.json`);
        // Whatever else is in its place: `get()` and `list()` name it.
        if ((await statOf(entry))?.isFile()) await link(entry, join(index, `${hash}.json`));
      }
      await flush(index);
      await rename(index, this.#open); // Whole, or not at all. It fails if another one is in use.
      await flush(this.#folder);
    } catch (error) {
      await rm(index, { recursive: true, force: true });
      if (!isCode(error, "ENOTEMPTY", "EEXIST")) throw error;
    }
  }

  /** Looks at what may be open: which of it is lost. What is closed leaves the index. */
  async #look(): Promise<{ lost: Fact[]; damages: Damage[] }> {
    try {
      const kind = await this.#kind();
      if (kind === "none") return { lost: [], damages: [] };
      const found = await this.#lookAtIndex();
      const closed = kind === "marked" ? found.closed : []; // A folder of before is read as it is.
      const results = kind === "marked" ? await this.#unneeded(found) : [];
      // What was seen here may have been written by a process that was killed before its flush. No
      // failure of the power may take it away, and leave what follows from it.
      if (found.lost.size + closed.length + results.length > 0) await flush(this.#folder);
      await Promise.all(closed.map(discard));
      await Promise.all(results.map(discard));
      const damages = new Map(found.damages.map((damage) => [damage.where, damage]));
      return { lost: [...found.lost.values()], damages: [...damages.values()] };
    } catch (cause) {
      throw down("cannot look for lost orders", cause);
    }
  }

  async #lookAtIndex(): Promise<Found> {
    const names = await this.#indexNames();
    const found: Found = { names, lost: new Map(), closed: [], kept: new Set(), damages: [] };
    const [torn, seen]: [Damage[], Set<string>] = [[], new Set()];
    let isWhole = names !== undefined;
    for (const name of names ?? []) {
      const path = join(this.#open, name);
      if (RESULT.test(name)) continue;
      if (!INDEXED.test(name)) {
        found.damages.push({ where: path, problem: "is not a file of the ledger" });
        continue;
      }
      let claims: Claim[] | undefined;
      try {
        claims = await claimsIn(path);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        (error.wasRead ? torn : found.damages).push(error.damage);
        isWhole = false;
      }
      if (claims === undefined) continue; // It has just gone.
      const texts = claims.map((claim) => JSON.stringify(claim));
      // What names an order once more may be in the place of what named another one.
      isWhole &&= !texts.some((text) => seen.has(text));
      texts.forEach((text) => seen.add(text));
      if (await this.#isDone(path, claims, found)) found.closed.push(path);
    }
    if (isWhole) return found;
    let isMissing = false;
    for (const hash of await this.#notIndexed()) {
      const path = join(this.#folder, `${hash}.json`);
      const claims = await claimsIn(path).catch(noting(found.damages));
      isMissing = !claims || !await this.#isDone(path, claims, found) || isMissing;
    }
    // Where nothing is missing, a failure of the power tore it before any order had its name.
    if (isMissing) torn.forEach((damage) => found.damages.push(damage));
    else torn.forEach(({ where }) => found.closed.push(where));
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
    const result = this.#path(orderId, ".result.json");
    return await give(this.#indexedResult(orderId), result).then(
      () => "closed" as const,
      () => "stored" as const, // It is looked at once more.
    );
  }

  /** Where an order stands. As long as its process lives, `unclaimed` and `stored` may change. */
  async #stateOf(claim: Claim, path: string): Promise<State> {
    const { orderId } = claim.fact;
    try {
      const entry = await identityOf(this.#path(orderId, ".json"));
      const own = await identityOf(path);
      if (own === undefined) return "closed"; // Whoever took it out of the index has seen that.
      if (entry !== own) {
        const winner = await this.#claimOf(hashOf(orderId));
        if (winner === undefined) return "unclaimed";
        // Somebody else was first: for this claim that is the end. (Copies of files are no links.)
        if (JSON.stringify(winner) !== JSON.stringify(claim)) return "closed";
      }
      const { result, recovered, damage, isOnlyInIndex } = await this.#ends(claim);
      if (recovered) return "closed";
      if (result) return isOnlyInIndex ? "stored" : "closed";
      if (damage) return damage;
      // Asked last: whoever took it out of the index meanwhile has seen how the order ended, and a
      // person may have archived its result since.
      return await statOf(path) ? "open" : "closed";
    } catch (error) {
      if (error instanceof Unreadable) return error.damage;
      throw error;
    }
  }

  /** The open orders that no file of the index names as they are. It reads all entries. */
  async #notIndexed(): Promise<string[]> {
    const missing: string[] = [];
    for await (const hash of this.#notClosed()) missing.push(hash);
    // Read after them: an order that was claimed meanwhile is named by now.
    const indexed = new Set<string>();
    for (const name of await this.#indexNames() ?? []) {
      if (!INDEXED.test(name)) continue;
      const claims = await claimsIn(join(this.#open, name)).catch(noting([]));
      for (const claim of claims ?? []) indexed.add(JSON.stringify(claim));
    }
    const entries = await Promise.all(
      missing.map((hash) => this.#claimOf(hash).catch(noting([]))),
    );
    return missing.filter((_, i) => !indexed.has(JSON.stringify(entries[i])));
  }

  /** The results in the index whose orders no file there names any more. */
  async #unneeded({ names = [], kept, damages }: Found): Promise<string[]> {
    const results = names.flatMap((name) => RESULT.exec(name)?.[1] ?? [])
      .filter((hash) => !kept.has(hash));
    // While one of its files is damaged, or has just come, nobody knows which of them it names.
    if (results.length === 0 || damages.length > 0) return [];
    const now = await this.#indexNames() ?? [];
    if (now.some((name) => INDEXED.test(name) && !names.includes(name))) return [];
    return results.map((hash) => join(this.#open, `${hash}.result.json`));
  }

  async #indexNames(): Promise<string[] | undefined> {
    const names = await readdir(this.#open).catch((error) => {
      if (isCode(error, "ENOENT")) return undefined;
      throw error;
    });
    // `.nfs…` is of the file system's own.
    return names?.filter((name) => !name.startsWith(".") && !name.endsWith(".tmp"));
  }

  #indexedResult(orderId: string): string {
    return join(this.#open, `${hashOf(orderId)}.result.json`);
  }

  // --- Reading ----------------------------------------------------------------------------------

  /**
   * What the folder is: marked as a ledger, one of the time before the mark, or nothing yet.
   *
   * @throws {Error} If it is somebody else's, or of a later version
   */
  async #kind(): Promise<"marked" | "old" | "none"> {
    if (this.#isMarked) return "marked";
    const path = join(this.#folder, "ledger.json");
    const found = await documents<Partial<typeof MARK> | null>(path);
    if (found === undefined) return await this.#kindByNames(path);
    const [mark] = found;
    if (mark?.ledger !== MARK.ledger) throw new Error(`${path} is not the mark of a ledger`);
    if (mark.version !== MARK.version) {
      throw new Error(
        `${path} says version ${JSON.stringify(mark.version)}: this package knows ${MARK.version}`,
      );
    }
    this.#isMarked = true;
    return "marked";
  }

  async #kindByNames(mark: string): Promise<"marked" | "old" | "none"> {
    let [hasIndex, other] = [false, undefined as string | undefined];
    for await (const { name } of this.#names()) {
      if (OURS.test(name)) return "old";
      if (name === "open") hasIndex = true;
      else if (!HARMLESS.test(name)) other ??= name;
    }
    if (other === undefined) return hasIndex ? "old" : "none";
    if (await statOf(mark)) return await this.#kind(); // Another process has just made it a ledger.
    const folder = JSON.stringify(this.#folder);
    throw new Error(`the folder ${folder} is not a ledger: it holds ${JSON.stringify(other)}`);
  }

  async *#names(): AsyncGenerator<{ name: string }> {
    try {
      yield* await opendir(this.#folder);
    } catch (error) {
      if (!isCode(error, "ENOENT")) throw error;
    }
  }

  async *#hashes(): AsyncGenerator<string> {
    for await (const { name } of this.#names()) {
      const hash = ENTRY.exec(name)?.[1];
      if (hash !== undefined) yield hash;
    }
  }

  /** The entries that are open, or of which nobody can tell. */
  async *#notClosed(): AsyncGenerator<string> {
    for await (const hash of this.#hashes()) {
      const claim = await this.#claimOf(hash).catch(noting([]));
      const ends = claim && await this.#ends(claim);
      if (!ends?.result && !ends?.recovered) yield hash;
    }
  }

  async #read(hash: string, orderId?: string): Promise<Entry | undefined> {
    const claim = await this.#claimOf(hash);
    if (
      claim === undefined ||
      (orderId ?? claim.fact.orderId) !== claim.fact.orderId
    ) {
      return undefined;
    }
    const { result, recovered, damage } = await this.#ends(claim);
    if (damage) throw new Unreadable(damage.where, damage.problem, true);
    return entryOf(claim, result, recovered);
  }

  async #claimOf(hash: string): Promise<Claim | undefined> {
    return (await claimsIn(join(this.#folder, `${hash}.json`)))?.[0];
  }

  /** What closes an order, and what is damaged of that. */
  async #ends({ fact }: Claim): Promise<Ends> {
    const damages: Damage[] = [];
    const [stored, recovered] = await Promise.all([
      this.#resultOf(fact).catch(noting(damages)),
      endIn<Fact>(
        this.#path(fact.orderId, ".recovered.json"),
        (end) => problemOfRecovered(fact, end),
      ).catch(noting(damages)),
    ]);
    return { ...stored, recovered, damage: damages[0] };
  }

  async #resultOf(fact: Fact): Promise<Pick<Ends, "result" | "isOnlyInIndex">> {
    const problemOf = (end: unknown) => problemOfResult(fact, end);
    const path = this.#path(fact.orderId, ".result.json");
    const result = await endIn<ExecutionResult>(path, problemOf);
    if (result) return { result };
    const indexed = await endIn<ExecutionResult>(this.#indexedResult(fact.orderId), problemOf);
    return { result: indexed, isOnlyInIndex: true };
  }

  #path(orderId: string, end: string): string {
    return join(this.#folder, hashOf(orderId) + end);
  }

  async #settled(
    write: Promise<void>,
    failed: string,
  ): Promise<"taken" | void> {
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

/** What a look at the open orders has found. */
interface Found {
  /** Of the files in the index; `undefined` if there is no index. */
  readonly names: string[] | undefined;
  readonly lost: Map<string, Fact>;
  /** Paths in the index of what is not needed there any more. */
  readonly closed: string[];
  /** Hashes of the orders that a file in the index is still needed for. */
  readonly kept: Set<string>;
  readonly damages: Damage[];
}

/** What closes an order. */
interface Ends {
  readonly result?: ExecutionResult | undefined;
  /** Whether its process has not given the result its own name, or that name was taken away. */
  readonly isOnlyInIndex?: boolean;
  readonly recovered?: Fact | undefined;
  readonly damage?: Damage | undefined;
}

/** Where an order stands, or what keeps everybody from telling. */
type State = "unclaimed" | "open" | "stored" | "closed" | Damage;

/** A file that does not hold what its name says. */
class Unreadable extends Error {
  readonly damage: Damage;
  /** Whether it could be read, and holds something else. */
  readonly wasRead: boolean;

  constructor(where: string, problem: string, wasRead: boolean) {
    super(`${where} ${problem}`);
    this.damage = { where, problem };
    this.wasRead = wasRead;
  }
}

/** Notes the damage, and goes on without what is damaged. */
function noting(damages: Damage[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof Unreadable)) throw error;
    damages.push(error.damage);
    return undefined;
  };
}

/** The name of an order's files: an identity is any text, and `../../x` must reach nothing outside. */
function hashOf(orderId: string): string {
  return createHash("sha256").update(orderId).digest("hex");
}

/** One document, or an array of them: as people want to read it. */
function document(texts: string[]): string {
  return texts.length === 1 ? `${texts[0]}\n` : `[\n${texts.join(",\n")}\n]\n`;
}

/**
 * The text of a file; `undefined` if it is not there. What is in its place may be a FIFO, whose
 * opening would wait for a writer, and a link could lead to one, or to a device without an end.
 */
async function textOf(path: string): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (!(await file.stat()).isFile()) throw new Unreadable(path, "is not a file", false);
    const bytes = await file.readFile();
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    if (error instanceof TypeError) throw new Unreadable(path, "is not UTF-8", true);
    if (!isCode(error, ...OF_ONE_FILE)) throw error;
    throw new Unreadable(path, `cannot be read: ${(error as Error).message}`, false);
  } finally {
    await file?.close();
  }
}

/** What keeps one file from being read, and says nothing of all others. */
const OF_ONE_FILE = ["EACCES", "EPERM", "EIO", "ELOOP", "EMLINK", "ENXIO", "ENODEV", "EOPNOTSUPP"];

/** What a file holds; `undefined` if it is not there. */
async function documents<Document>(path: string): Promise<Document[] | undefined> {
  const text = await textOf(path);
  if (text === undefined) return undefined;
  try {
    return [JSON.parse(text)].flat();
  } catch (error) {
    throw new Unreadable(path, `is not JSON: ${(error as Error).message}`, true);
  }
}

/** The entries in a file; of one that is named by an order, that order's. */
async function claimsIn(path: string): Promise<Claim[] | undefined> {
  const found = await documents<Claim | null>(path);
  if (found === undefined) return undefined;
  const hash = ENTRY.exec(basename(path))?.[1];
  const isNamed = (claim: Claim | null) =>
    hash === undefined ||
    (typeof claim?.fact?.orderId === "string" && hashOf(claim.fact.orderId) === hash);
  const named = found.filter(isNamed);
  for (const claim of named.length > 0 ? named : found) {
    const problem = problemOfClaim(claim?.fact?.orderId as string, claim) ??
      problemOfProcess(claim?.process);
    if (problem) throw new Unreadable(path, `is not the entry of an order: ${problem}`, true);
  }
  if (named.length > 0) return named as Claim[];
  const problem = found.length > 0 ? "another order than its name says" : "no entry of an order";
  throw new Unreadable(path, `holds ${problem}`, true);
}

/** What a file says of the end of an order; `undefined` if it is not there. */
async function endIn<End>(
  path: string,
  problemOf: (end: unknown) => string | undefined,
): Promise<End | undefined> {
  const found = await documents<End>(path);
  const end = found?.find((one) => problemOf(one) === undefined);
  if (end !== undefined || found === undefined) return end;
  throw new Unreadable(path, `does not close its order: ${problemOf(found[0])}`, true);
}

/** Writes a new file, flushed; if it is given a name, it has that one from when it is whole. */
async function writeFlushed(
  path: string,
  text: string,
  name?: string,
): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    if (name !== undefined) await rename(path, name);
    await Promise.all([
      file.sync(),
      name === undefined ? undefined : flush(dirname(name)),
    ]);
  } finally {
    await file.close();
  }
}

/** Gives a file one more name, if that is free. */
async function give(written: string, path: string): Promise<"taken" | undefined> {
  try {
    await link(written, path);
    return undefined;
  } catch (error) {
    if (isCode(error, "EEXIST")) return "taken";
    throw error;
  }
}

/** Gives a file one more name, whatever has it already. */
async function giveOver(written: string, path: string): Promise<undefined> {
  if (await give(written, path) !== "taken") return;
  const name = `${path}.${randomUUID()}.tmp`;
  await link(written, name);
  try {
    await rename(name, path);
  } finally {
    // If both are one file, rename does nothing, and leaves its other name behind.
    await rm(name, { force: true });
  }
}

/** Takes a file out of the index. If that fails it stays, and is looked at once more. */
async function discard(path: string): Promise<void> {
  await unlink(path).catch(() => {});
}

/** What is there, if anything: of a link, the link itself. */
async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Which file it is, whatever its name; `undefined` if there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await statOf(path);
  return found && `${found.dev}:${found.ino}`;
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.fact.at !== b.fact.at ? a.fact.at > b.fact.at : a.fact.orderId > b.fact.orderId;
}

function isSelected(
  entry: Entry,
  { status, since, until, text, after }: Selection,
): boolean {
  const { fact: { at, orderId }, request, context, result } = entry;
  return (status === null || entry.status === status) &&
    (since === null || at >= since) &&
    (until === null || at < until) &&
    (after === null || at < after.at ||
      (at === after.at && orderId < after.orderId)) &&
    (text === null ||
      JSON.stringify([orderId, request, context, result]).includes(text));
}
