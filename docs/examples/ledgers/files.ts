/**
 * A durable ledger in a folder: one file an order. What makes an order run at most once is `link`,
 * which gives a name to one caller only, among all processes that share the folder.
 */
import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ExecutionContext, ExecutionRequest, ExecutionResult, Fact } from "../../../mod.ts";
import { LedgerDown, OrderAlreadyConsumed } from "./errors.ts";

/** Give it to `execute()` as its ports. */
export class FolderLedger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Claims the order of `fact`. When it resolves, the claim survives a power cut.
   *
   * @throws {OrderAlreadyConsumed} If there is an entry of that order
   * @throws {LedgerDown} If anything else goes wrong
   */
  async consume(fact: Fact, request: ExecutionRequest, context: ExecutionContext): Promise<void> {
    const { orderId } = fact;
    const entry = this.#path(orderId, ".json");
    try {
      await makeFolder(this.#folder);
      const written = await this.#write({ fact, request, context });
      // An entry appears whole or not at all: a crash in between leaves only the temporary file.
      const taken = await link(written, entry).then(() => false, isTaken)
        .finally(() => rm(written, { force: true }));
      if (taken) throw new OrderAlreadyConsumed(orderId, entry);
      await flush(this.#folder);
    } catch (cause) {
      if (cause instanceof OrderAlreadyConsumed) throw cause;
      throw down(`cannot consume order ${JSON.stringify(orderId)}`, cause);
    }
  }

  /**
   * Stores a result beside the entry of its order.
   *
   * @throws {LedgerDown} If it cannot
   */
  async store(result: ExecutionResult): Promise<void> {
    const { orderId } = result;
    try {
      const written = await this.#write(result);
      await rename(written, this.#path(orderId, ".result.json"))
        .finally(() => rm(written, { force: true }));
      await flush(this.#folder);
    } catch (cause) {
      throw down(`cannot store the result of order ${JSON.stringify(orderId)}`, cause);
    }
  }

  /** A hash, because an identity is any text: `../../x` must reach nothing outside. */
  #path(orderId: string, suffix: string): string {
    return join(this.#folder, createHash("sha256").update(orderId).digest("hex") + suffix);
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

function isTaken(error: NodeJS.ErrnoException): true {
  if (error.code === "EEXIST") return true;
  throw error;
}

function down(what: string, cause: unknown): LedgerDown {
  return new LedgerDown(`${what}: ${cause instanceof Error ? cause.message : cause}`, { cause });
}
