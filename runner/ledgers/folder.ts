/**
 * A durable ledger in a folder of files, readable by `cat`. What makes an order run at most once is
 * `link`, which gives a name to one caller only, among all processes that share the folder.
 *
 * | file | |
 * | --- | --- |
 * | `<hash>.json` | the entry of an order: fact, request, context, and the process that consumed it |
 * | `<hash>.result.json` | its result |
 * | `<hash>.recovered.json` | a PROOF_ABSENT fact: closed as UNKNOWN, because its Runner is gone |
 * | `open/*.json` | entries that may be open: the only ones that `lost()` looks at |
 * | `*.tmp` | what a process was writing when it was killed: it means nothing |
 *
 * `<hash>` is the SHA-256 of the order's identity. What is written for many orders at once is one
 * file, an array, under many names: hard links. That is what one flush for all of them needs.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  access,
  link,
  mkdir,
  open,
  opendir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "deployer-runtime";
import { flush, refuseOnWindows } from "../flush.ts";
import { Batches, type Item, ITEMS } from "./batch.ts";
import { checkIdentity, entryOf, placeOf, proofAbsent, select, type Selection } from "./entry.ts";
import { type Damage, down, LedgerDamaged, LedgerDown, OrderAlreadyConsumed } from "./errors.ts";
import type { Entry, Ledger, Page, Query } from "./ledger.ts";
import { isGone, type Judge, type ProcessIdentity, thisProcess } from "./process.ts";

/** What stands in `<hash>.json`. */
interface Claim {
  fact: Fact;
  request: ExecutionRequest;
  context: ExecutionContext;
  process: ProcessIdentity;
}

/** What `open/` holds of the orders of one batch, as long as one of them is open. */
interface Marker {
  path: string;
  /** How many are not closed by this process yet. */
  left: number;
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
    const closed: Fact[] = [];
    for (let first = 0; first < lost.length; first += ITEMS) {
      const facts = lost.slice(first, first + ITEMS).map(proofAbsent);
      try {
        const won = await this.#publish(
          facts.map((fact) => JSON.stringify(fact, null, 2)),
          facts.map(({ orderId }) => this.#path(orderId, ".recovered.json")),
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
      return await this.#read(this.#hash(orderId), orderId);
    } catch (cause) {
      throw down(`cannot read order ${JSON.stringify(orderId)}`, cause);
    }
  }

  /** Reads every file of the folder: its time grows with the history, its memory does not. */
  async list(query?: Query): Promise<Page> {
    const selection = select(query);
    try {
      const first: Entry[] = []; // The newest that were found so far, in order, and one more.
      for await (const { name } of await this.#names()) {
        if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
        const entry = await this.#read(name.slice(0, 64));
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
    const marker: Marker = {
      path: join(this.#open, `${randomUUID()}.json`),
      left: 0,
    };
    try {
      // Its name too is flushed before any order is consumed: no open order is missing there.
      await writeFlushed(
        marker.path,
        document(batch.map(({ text }) => text)),
        this.#open,
      );
    } catch (fault) {
      await rm(marker.path, { force: true }).catch(() => {});
      this.#ready = undefined; // The folder may have been taken away: it is made anew.
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

  async #isDecided(fault: unknown, orderId: string): Promise<boolean> {
    return isCode(fault, "ENOENT") && await exists(this.#path(orderId, ".json")).catch(() => false);
  }

  /** Only of executions that consumed the order: whoever did not has nothing to say of it. */
  async #store(batch: (Item & { executionId: string })[]): Promise<unknown[]> {
    const faults: unknown[] = await Promise.all(
      batch.map(async ({ key, executionId }) => {
        try {
          const consumer = this.#own.get(key)?.executionId ??
            (await this.#claimOf(this.#hash(key)))?.fact.executionId;
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
    const published = await this.#publish(
      accepted.map(({ text }) => text),
      accepted.map(({ key }) => this.#path(key, ".result.json")),
      "replace",
    );
    accepted.forEach((item, i) => faults[batch.indexOf(item)] = published[i]);
    await Promise.all(
      accepted.map(async ({ key }, i) => {
        const own = this.#own.get(key);
        if (published[i] !== undefined || own === undefined) return;
        this.#own.delete(key);
        if (--own.marker.left === 0) await discard(own.marker.path);
      }),
    );
    return faults;
  }

  /**
   * Writes documents as one flushed file, and gives it each of these names. A document appears whole
   * or not at all: a crash in between leaves only the temporary file.
   *
   * @param existing What to do where there is such a name already
   * @returns What went wrong with each
   */
  async #publish(
    texts: string[],
    paths: string[],
    existing: "refuse" | "replace",
  ): Promise<unknown[]> {
    const temporary = join(this.#folder, `${randomUUID()}.tmp`);
    const name = existing === "refuse" ? give : giveOver;
    let moved = false;
    try {
      await writeFlushed(temporary, document(texts));
      const faults: unknown[] = await Promise.all(
        paths.slice(0, -1).map((path) => name(temporary, path).catch((fault) => fault)),
      );
      const last = paths.at(-1) as string;
      if (existing === "refuse") faults.push(await give(temporary, last).catch((fault) => fault));
      else {
        // The last one takes the temporary name away: where there is one order, that is all.
        const taking = rename(temporary, last).then(() => void (moved = true), (fault) => fault);
        faults.push(await taking);
      }
      await this.#flushNames(faults);
      return faults;
    } finally {
      if (!moved) await rm(temporary, { force: true }).catch(() => {});
    }
  }

  /** What has got its name keeps it from here on; else that is what went wrong with it. */
  async #flushNames(faults: unknown[]): Promise<void> {
    if (!faults.includes(undefined)) return;
    const failed = await flush(this.#folder).catch((fault) => fault);
    if (failed) faults.forEach((fault, i) => faults[i] = fault ?? failed);
  }

  // --- Open orders ------------------------------------------------------------------------------

  /** Makes the folder, and its index of open orders where there is none: once. */
  #prepare(): Promise<void> {
    const making = this.#ready ??= this.#make();
    making.catch(() => this.#ready = undefined);
    return making;
  }

  async #make(): Promise<void> {
    await makeFolder(this.#folder);
    if (await exists(this.#open)) return;
    // A folder of the time before this index, or one that has lost it: each open entry is put there.
    const [open, closed] = [new Set<string>(), new Set<string>()];
    for await (const { name } of await opendir(this.#folder)) {
      const [, hash, end] = /^([0-9a-f]{64})(|\.result|\.recovered)\.json$/.exec(name) ?? [];
      if (hash !== undefined) (end === "" ? open : closed).add(hash);
    }
    const index = join(this.#folder, `open.${randomUUID()}.tmp`);
    await mkdir(index);
    try {
      // Never empty: a rename replaces an empty folder, even one that somebody is writing into.
      await writeFile(join(index, ".index"), "");
      for (const hash of open) {
        if (closed.has(hash)) continue;
        await link(
          join(this.#folder, `${hash}.json`),
          join(index, `${hash}.json`),
        );
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
    const [lost, damages]: [Fact[], Damage[]] = [[], []];
    const closed: string[] = [];
    try {
      if (!await exists(this.#folder)) return { lost, damages }; // None is made only to say so.
      await this.#prepare();
      for (const name of await readdir(this.#open)) {
        if (name.startsWith(".")) continue; // `.nfs…`, `.DS_Store`: of the file system's own.
        const path = join(this.#open, name);
        if (!/^[0-9a-f-]{36,64}\.json$/.test(name)) {
          damages.push({ where: path, problem: "is no file of the ledger's" });
          continue;
        }
        try {
          const open = await this.#lostOf(path);
          if (open === "closed") closed.push(path);
          else lost.push(...open);
        } catch (error) {
          if (!(error instanceof Unreadable)) throw error;
          damages.push(error.damage);
        }
      }
      // What was seen here may have been written by a process that was killed before its flush. No
      // failure of the power may take it away, and leave what follows from it.
      if (lost.length + closed.length > 0) await flush(this.#folder);
      await Promise.all(closed.map(discard));
      return { lost, damages };
    } catch (cause) {
      throw down("cannot look for lost orders", cause);
    }
  }

  /** The lost orders of one file of the index; `closed` when none of them is open any more. */
  async #lostOf(path: string): Promise<Fact[] | "closed"> {
    const claims = await claimsIn(path);
    const [first] = claims;
    if (first === undefined) return []; // It has just gone, or is not written yet.
    const isOpen = async (claim: Claim) => await this.#stateOf(claim, path) === "open";
    const states = await Promise.all(
      claims.map((claim) => this.#stateOf(claim, path)),
    );
    if (states.some((state) => state !== "closed")) {
      if (!await this.#isGone(first.process)) return [];
      // Asked again: the last that it did before it was gone may have been to store the result.
      const open = await Promise.all(claims.map(isOpen));
      if (open.includes(true)) {
        return claims.filter((_, i) => open[i]).map(({ fact }) => fact);
      }
    }
    return "closed";
  }

  /** Where an order stands: `unclaimed` may still become `open`, as long as its process lives. */
  async #stateOf(
    claim: Claim,
    path: string,
  ): Promise<"unclaimed" | "open" | "closed"> {
    const { orderId } = claim.fact;
    const entry = await identityOf(this.#path(orderId, ".json"));
    const own = await identityOf(path);
    if (own === undefined) return "closed"; // Whoever took it out of the index has seen that.
    if (entry !== own) {
      const winner = await this.#claimOf(this.#hash(orderId));
      if (winner === undefined) return "unclaimed";
      // Somebody else was first: for this claim that is the end. (Copies of files are no links.)
      if (JSON.stringify(winner) !== JSON.stringify(claim)) return "closed";
    }
    const ends = [".result.json", ".recovered.json"].map((end) => exists(this.#path(orderId, end)));
    return (await Promise.all(ends)).includes(true) ? "closed" : "open";
  }

  // --- Reading ----------------------------------------------------------------------------------

  async #names(): Promise<AsyncIterable<{ name: string }>> {
    return await opendir(this.#folder).catch((error) => {
      if (isCode(error, "ENOENT")) return (async function* () {})();
      throw error;
    });
  }

  async #read(hash: string, orderId?: string): Promise<Entry | undefined> {
    const claim = await this.#claimOf(hash);
    if (
      claim === undefined ||
      (orderId ?? claim.fact.orderId) !== claim.fact.orderId
    ) {
      return undefined;
    }
    const of = (document: { orderId?: unknown }) => document.orderId === claim.fact.orderId;
    const path = (end: string) => join(this.#folder, hash + end);
    const result = (await documents<ExecutionResult>(path(".result.json")))
      .find(of);
    const recovered = (await documents<Fact>(path(".recovered.json"))).find(of);
    return entryOf(claim, result, recovered);
  }

  async #claimOf(hash: string): Promise<Claim | undefined> {
    const path = join(this.#folder, `${hash}.json`);
    const claims = await claimsOf(path);
    const claim = claims.find(({ fact }) => this.#hash(fact.orderId) === hash);
    if (claim === undefined && claims.length > 0) {
      throw new Unreadable(path, "holds another order than its name says");
    }
    return claim;
  }

  /** A hash, because an identity is any text: `../../x` must reach nothing outside. */
  #hash(orderId: string): string {
    return createHash("sha256").update(orderId).digest("hex");
  }

  #path(orderId: string, end: string): string {
    return join(this.#folder, this.#hash(orderId) + end);
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

/** A file that does not hold what its name says. */
class Unreadable extends Error {
  readonly damage: Damage;

  constructor(where: string, problem: string) {
    super(`${where} ${problem}`);
    this.damage = { where, problem };
  }
}

/** One document, or an array of them: as people want to read it. */
function document(texts: string[]): string {
  return texts.length === 1 ? `${texts[0]}\n` : `[\n${texts.join(",\n")}\n]\n`;
}

/** What a file holds; nothing if it is not there. */
async function documents<Document>(path: string): Promise<Document[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return [];
    throw error;
  }
  try {
    return [JSON.parse(text)].flat();
  } catch (error) {
    throw new Unreadable(path, `is not JSON: ${(error as Error).message}`);
  }
}

async function claimsOf(path: string): Promise<Claim[]> {
  const claims = await documents<Partial<Claim> | null>(path);
  for (const claim of claims) {
    const missing = [
      ["fact.orderId", claim?.fact?.orderId],
      ["fact.executionId", claim?.fact?.executionId],
      ["process.host", claim?.process?.host],
    ].find(([, value]) => typeof value !== "string");
    if (missing) {
      throw new Unreadable(
        path,
        `is no entry of an order: ${missing[0]} is no text`,
      );
    }
  }
  return claims as Claim[];
}

/**
 * The claims of a file of the index: none while it is being written, and none if its process was
 * killed then. It is whole before an order has its name.
 */
async function claimsIn(path: string): Promise<Claim[]> {
  try {
    return await claimsOf(path);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    // Read again: it may have been written, and named, since it was read.
    return await linksOf(path) > 1 ? await claimsOf(path) : [];
  }
}

/** Writes a new file, flushed; with the name that it has in `folder`, if one is given. */
async function writeFlushed(
  path: string,
  text: string,
  folder?: string,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
    await Promise.all([
      file.sync(),
      folder === undefined ? undefined : flush(folder),
    ]);
  } finally {
    await file.close();
  }
}

/** Makes a folder and those above it. Each new one is flushed into the one above it. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const last = dirname(resolve(first));
  for (let above = resolve(folder); above !== last;) {
    await flush(above = dirname(above));
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

async function exists(path: string): Promise<boolean> {
  return await access(path).then(() => true, (error) => {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  });
}

/** Which file it is, whatever its name; `undefined` if there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function linksOf(path: string): Promise<number> {
  return await stat(path).then(({ nlink }) => nlink, () => 0);
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
