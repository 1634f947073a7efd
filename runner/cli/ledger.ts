/** Which ledger a command works on, and where what belongs to it lies. */
import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { outputFiles } from "../actions/output.ts";
import { isWithoutTables } from "../ledgers/errors.ts";
import type { Ledger } from "../ledgers/ledger.ts";
import { BadInput } from "./exit.ts";

/** Name of the folder that is a ledger, and is looked for from here upwards, as git looks for its. */
const FOLDER = ".deployer";

/** Where a ledger is. */
export type Location =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string };

/**
 * The ledger that is meant.
 *
 * @param where What `--ledger` says; without it, the nearest `.deployer` from `from` upwards, or the
 * one that would be made there
 * @throws {BadInput} If it says a kind of ledger that there is not
 */
export function locate(where: string | undefined, from: string = process.cwd()): Location {
  if (where === undefined) return { kind: "folder", path: nearest(from) ?? join(from, FOLDER) };
  if (/^postgres(ql)?:\/\//.test(where)) return { kind: "postgres", url: where };
  const [, file] = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(where) ?? [];
  if (file !== undefined) return { kind: "sqlite", path: resolve(from, file) };
  if (/^[a-z][a-z0-9+.-]+:/i.test(where)) {
    const kind = where.slice(0, where.indexOf(":") + 1); // What follows may hold a password.
    throw new BadInput(
      `--ledger must be a folder, sqlite:FILE or postgres://…: received ${JSON.stringify(kind)}…`,
    );
  }
  return { kind: "folder", path: resolve(from, where) };
}

function nearest(from: string): string | undefined {
  for (let folder = resolve(from);; folder = dirname(folder)) {
    const candidate = join(folder, FOLDER);
    if (statSync(candidate, { throwIfNoEntry: false })?.isDirectory()) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Whether there is a ledger: of a server, only to open it can tell. */
export function isThere(location: Location): boolean {
  return location.kind === "postgres" || existsSync(location.path);
}

/**
 * Opens a ledger. A folder, a file and tables are made where they are missing.
 *
 * @throws {LedgerDown} If it cannot
 */
export async function openLedger(location: Location): Promise<Ledger> {
  if (location.kind === "folder") {
    const { FolderLedger } = await import("../ledgers/folder.ts");
    return new FolderLedger(location.path);
  }
  if (location.kind === "sqlite") {
    const { SqliteLedger } = await import("../ledgers/sqlite.ts");
    return await SqliteLedger.open(location.path);
  }
  const { PostgresLedger } = await import("../ledgers/postgres.ts");
  try {
    return await PostgresLedger.open(location.url);
  } catch (error) {
    if (!isWithoutTables((error as Error).cause)) throw error;
    await PostgresLedger.install(location.url);
    return await PostgresLedger.open(location.url);
  }
}

/** Keeps a folder that was made here out of git: what commands print is in it. It never rejects. */
export async function hideFromGit(location: Location): Promise<void> {
  if (location.kind !== "folder") return;
  // Without it the ledger does its work all the same: no order is kept from running for that.
  await writeFile(join(location.path, ".gitignore"), "*\n").catch(() => {});
}

/** Where a person finds the ledger; of a server without the password. */
export function nameOf(location: Location): string {
  if (location.kind === "folder") return location.path;
  if (location.kind === "sqlite") return `sqlite:${location.path}`;
  const url = URL.canParse(location.url) ? new URL(location.url) : undefined;
  return url ? `postgres://${url.host}${url.pathname}` : "postgres://…";
}

/** The folder of what commands print. It is this machine's, also where the ledger is a server's. */
export function outputOf(location: Location, from: string = process.cwd()): string {
  if (location.kind === "folder") return join(location.path, "output");
  if (location.kind === "sqlite") return `${location.path}.output`;
  return join(nearest(from) ?? join(from, FOLDER), "output");
}

/** Where a person finds what is kept of one order. */
export interface Places {
  /** Its result: a file, or the ledger that has it. */
  readonly result: string;
  /** The files of what its command has printed so far; none if there are none on this machine. */
  readonly printed: readonly string[];
}

/** The places of an order. */
export function placesOf(location: Location, orderId: string): Places {
  const { stdout, stderr } = outputFiles(outputOf(location), orderId);
  const hash = createHash("sha256").update(orderId).digest("hex");
  return {
    result: location.kind === "folder"
      ? join(location.path, `${hash}.result.json`)
      : nameOf(location),
    printed: [stdout, stderr].filter((file) => existsSync(file)),
  };
}
