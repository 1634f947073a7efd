/**
 * A durable ledger in a folder: one file an order. What makes an order run at most once is `link`,
 * which gives a name to one caller only, among all processes that share the folder.
 *
 * | file, named by the SHA-256 of the order's identity | |
 * | --- | --- |
 * | `<hash>.json` | the entry: fact, request, context, and the process that consumed the order |
 * | `<hash>.result.json` | its result |
 * | `<hash>.recovered.json` | a PROOF_ABSENT fact: closed as UNKNOWN, because its Runner is gone |
 * | `*.tmp` | what a process was writing when it was killed: it means nothing |
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "../../../mod.ts";
import { LedgerDown, OrderAlreadyConsumed } from "./errors.ts";
import type { Ledger } from "./ledger.ts";
import { isGone, type ProcessIdentity, thisProcess } from "./process.ts";

/** Give it to `execute()` as its ports. */
export class FolderLedger implements Ledger {
  readonly #folder: string;
  readonly #isGone: typeof isGone;
  #process: Promise<ProcessIdentity> | undefined;

  /** @param judge Whether the process of an entry is surely gone */
  constructor(folder: string, judge: typeof isGone = isGone) {
    this.#folder = folder;
    this.#isGone = judge;
  }

  async consume(fact: Fact, request: ExecutionRequest, context: ExecutionContext): Promise<void> {
    const { orderId } = fact;
    const entry = this.#path(orderId, ".json");
    try {
      await makeFolder(this.#folder);
      const process = await (this.#process ??= thisProcess());
      const written = await this.#write({ fact, request, context, process });
      if (!await this.#publish(written, entry)) throw new OrderAlreadyConsumed(orderId, entry);
    } catch (cause) {
      if (cause instanceof OrderAlreadyConsumed) throw cause;
      throw down(`cannot consume order ${JSON.stringify(orderId)}`, cause);
    }
  }

  async store(result: ExecutionResult): Promise<void> {
    const { orderId, executionId } = result;
    try {
      const { fact } = JSON.parse(await readFile(this.#path(orderId, ".json"), "utf8"));
      if (fact.executionId !== executionId) throw new Error("another execution consumed it");
      const written = await this.#write(result);
      await rename(written, this.#path(orderId, ".result.json"))
        .finally(() => rm(written, { force: true }));
      await flush(this.#folder);
    } catch (cause) {
      throw down(`cannot store the result of order ${JSON.stringify(orderId)}`, cause);
    }
  }

  async lost(): Promise<Fact[]> {
    const lost: Fact[] = [];
    try {
      for (const name of await readdir(this.#folder).catch(isMissing)) {
        if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
        const path = join(this.#folder, name);
        const isOpen = () =>
          [".result.json", ".recovered.json"].every((end) => !existsSync(path.slice(0, -5) + end));
        if (!isOpen()) continue;
        const { fact, process } = JSON.parse(await readFile(path, "utf8"));
        // Asked again: the last that it did before it was gone may have been to store the result.
        if (await this.#isGone(process) && isOpen()) lost.push(fact);
      }
      return lost;
    } catch (cause) {
      throw down("cannot look for lost orders", cause);
    }
  }

  async recover(): Promise<Fact[]> {
    const closed: Fact[] = [];
    for (const consumed of await this.lost()) {
      const { orderId } = consumed;
      const fact: Fact = { ...consumed, type: "PROOF_ABSENT", at: new Date().toISOString() };
      try {
        const path = this.#path(orderId, ".recovered.json");
        if (await this.#publish(await this.#write(fact), path)) closed.push(fact);
      } catch (cause) {
        throw down(`cannot recover order ${JSON.stringify(orderId)}`, cause);
      }
    }
    return closed;
  }

  /** A hash, because an identity is any text: `../../x` must reach nothing outside. */
  #path(orderId: string, suffix: string): string {
    return join(this.#folder, createHash("sha256").update(orderId).digest("hex") + suffix);
  }

  /**
   * Gives a written document its name, if that is free. It appears whole or not at all: a crash in
   * between leaves only the temporary file.
   */
  async #publish(written: string, path: string): Promise<boolean> {
    const won = await link(written, path).then(() => true, isTaken)
      .finally(() => rm(written, { force: true }));
    if (won) await flush(this.#folder);
    return won;
  }

  /** Writes a document, flushed, under a name that nobody else has. */
  async #write(document: unknown): Promise<string> {
    const path = join(this.#folder, `${randomUUID()}.tmp`);
    const file = await open(path, "wx");
    try {
      await file.writeFile(JSON.stringify(document, null, 2) + "\n");
      await file.sync();
      return path;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }
}

/** Makes a folder and those above it. Each new one is flushed into the one above it. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const last = dirname(resolve(first));
  for (let above = resolve(folder); above !== last;) await flush(above = dirname(above));
}

/** Flushes the names in a folder: those of its files and folders survive from here on. */
async function flush(folder: string): Promise<void> {
  const names = await open(folder, "r");
  try {
    await names.sync();
  } finally {
    await names.close();
  }
}

function isTaken(error: NodeJS.ErrnoException): false {
  if (error.code === "EEXIST") return false;
  throw error;
}

function isMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}

function down(what: string, cause: unknown): LedgerDown {
  return new LedgerDown(`${what}: ${cause instanceof Error ? cause.message : cause}`, { cause });
}
