/** Which ledger a command works on, and where what belongs to it lies. */
import { existsSync, lstatSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { outputFiles } from "../actions/output.ts";
import { flush } from "../flush.ts";
import { makeFolder } from "../folders.ts";
import { down, isWithoutTables } from "../ledgers/errors.ts";
import type { Ledger } from "../ledgers/ledger.ts";
import { resultName } from "../ledgers/folder/names.ts";
import { isDoneWithin } from "../timer.ts";
import { BadInput } from "./exit.ts";
import { hasPassword } from "../passwords.ts";

/** Name of the folder that is a ledger, and is looked for from here upwards, as git looks for its. */
const FOLDER = ".deployer";

/** How long a ledger may take to be closed, in ms: the process ends, and with it what it holds. */
const CLOSING = 2000;

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
 * @param user The user whose `.deployer` it must be; anybody's where the system has no such numbers
 * @throws {BadInput} If it says a kind of ledger that there is not, or the nearest is another user's
 */
export function locate(
  where: string | undefined,
  from: string = process.cwd(),
  user: number | undefined = process.getuid?.(),
): Location {
  if (where === undefined) {
    return { kind: "folder", path: nearest(from, user) ?? join(from, FOLDER) };
  }
  if (/^postgres(ql)?:\/\//i.test(where)) return { kind: "postgres", url: where };
  const [scheme = ""] = /^[a-z][a-z0-9+.-]+:/i.exec(where) ?? [];
  const path = where.slice(scheme.length);
  // Whatever else has a password in it is a URL with an error: nobody calls a folder that.
  const isUrl = hasPassword(path);
  if (scheme.toLowerCase() === "sqlite:" && path !== "" && !isUrl) {
    return { kind: "sqlite", path: resolve(from, fileOf(path)) };
  }
  if (scheme === "" && !isUrl) return { kind: "folder", path: resolve(from, where) };
  const received = scheme === "" ? "a password" : JSON.stringify(scheme) + "…"; // And no more.
  throw new BadInput(
    `--ledger must be a folder, sqlite:FILE or postgres://…: received ${received}`,
  );
}

/** @throws {BadInput} If it is written as on another machine: `sqlite://` has a host behind it */
function fileOf(path: string): string {
  const [, host, file] = /^\/\/([^/]*)(.*)$/s.exec(path) ?? [];
  if (host === undefined) return path;
  if (host === "" && file !== "") return file!;
  throw new BadInput(
    "--ledger must be sqlite:FILE, or sqlite:///FILE from the root: " +
      `received ${JSON.stringify(`sqlite:${path}`)}`,
  );
}

/** @throws {BadInput} If it is another user's: whoever can write to a ledger says what was done */
function nearest(from: string, user: number | undefined): string | undefined {
  for (let folder = resolve(from);; folder = dirname(folder)) {
    const candidate = join(folder, FOLDER);
    const found = statSync(candidate, { throwIfNoEntry: false });
    if (found?.isDirectory()) {
      const owner = [found, lstatSync(candidate)].find(({ uid }) => uid !== user)?.uid;
      if (user === undefined || owner === undefined) return candidate;
      throw new BadInput(
        `folder ${JSON.stringify(candidate)} belongs to user ${owner}, not to you (${user}): ` +
          `--ledger ${candidate} uses it all the same`,
      );
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** Whether there is a ledger: of a server, only to open it can tell. */
export function isThere(location: Location): boolean {
  return location.kind === "postgres" || existsSync(location.path);
}

/** Opens a ledger, or what stands for one in a test. */
export type OpenLedger = (location: Location) => Promise<Ledger>;

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

/** Opens a ledger for some work, and lets go of it; of one that does not answer, without its answer. */
export async function withOpen<Value>(
  location: Location,
  open: OpenLedger,
  work: (ledger: Ledger) => Promise<Value>,
): Promise<Value> {
  const ledger = await open(location);
  try {
    return await work(ledger);
  } finally {
    await isDoneWithin(CLOSING, ledger.close());
  }
}

/**
 * The same with the ledger that is meant.
 *
 * @param where What `--ledger` says
 * @throws {BadInput} If there is none
 */
export async function withLedger<Value>(
  where: string | undefined,
  open: OpenLedger,
  work: (ledger: Ledger, location: Location) => Promise<Value>,
): Promise<Value> {
  const location = locate(where);
  if (!isThere(location)) throw new BadInput(`there is no ledger ${addressOf(location)}`);
  return await withOpen(location, open, (ledger) => work(ledger, location));
}

/**
 * Makes a new ledger's folder, and keeps it out of git before anything is in it: what commands print
 * will be.
 *
 * @throws {LedgerDown} If there can be no such folder
 */
export async function hideFromGit(location: Location): Promise<void> {
  if (location.kind !== "folder") return;
  try {
    // Flushed here: the ledger flushes the names of what it has made itself.
    for (const made of makeFolder(location.path)) await flush(dirname(made));
  } catch (cause) {
    throw down(`cannot make the ledger ${JSON.stringify(location.path)}`, cause);
  }
  // Without it the ledger does its work all the same: no order is kept from running for that.
  await writeFile(join(location.path, ".gitignore"), "*\n").catch(() => {});
}

/** Where a person finds the ledger; of a server without what follows from its name, or any secret. */
export function addressOf(location: Location): string {
  if (location.kind === "folder") return location.path;
  if (location.kind === "sqlite") return `sqlite:${location.path}`;
  if (!URL.canParse(location.url)) return "postgres://…";
  const { host, pathname, search, hash } = new URL(location.url);
  // An unescaped / or # in a password ends the host, and what follows up to the @ is a part of it.
  return `${pathname}${search}${hash}`.includes("@")
    ? "postgres://…"
    : `postgres://${host}${pathname}`;
}

/** The folder of what commands print. It is this machine's, also where the ledger is a server's. */
export function outputOf(location: Location, from: string = process.cwd()): string {
  if (location.kind === "folder") return join(location.path, "output");
  if (location.kind === "sqlite") return `${location.path}.output`;
  return join(nearest(from, process.getuid?.()) ?? join(from, FOLDER), "output");
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
  return {
    result: location.kind === "folder"
      ? join(location.path, resultName(orderId))
      : addressOf(location),
    printed: [stdout, stderr].filter((file) => existsSync(file)),
  };
}
