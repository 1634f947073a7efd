/** What the files of a folder ledger hold, read and checked; what is damaged is named. */
import { basename } from "node:path";
import type { ExecutionContext, ExecutionRequest, Fact } from "deployer-runtime";
import { problemOfClaim } from "../entry.ts";
import type { Damage } from "../errors.ts";
import { problemOfProcess, type ProcessIdentity } from "../process.ts";
import { type Files, isCode, lookAt, NotAFile } from "./files.ts";
import { hashOf } from "./names.ts";

/** What stands in the entry of an order. */
export interface Claim {
  fact: Fact;
  request: ExecutionRequest;
  context: ExecutionContext;
  process: ProcessIdentity;
}

/** A file that does not hold what its name says. */
export class Unreadable extends Error {
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
export function noting(damages: Damage[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof Unreadable)) throw error;
    damages.push(error.damage);
    return undefined;
  };
}

/** One document, or an array of them: as people want to read it. */
export function textOf(documents: readonly string[]): string {
  return documents.length === 1 ? `${documents[0]}\n` : `[\n${documents.join(",\n")}\n]\n`;
}

/** What keeps one file from being read, and says nothing of all others. */
const OF_ONE_FILE = ["EACCES", "EPERM", "EIO", "ELOOP", "EMLINK", "ENXIO", "ENODEV", "EOPNOTSUPP"];

/** Reads what a file holds; `undefined` if it is not there. */
export type Read = (path: string) => Promise<unknown[] | undefined>;

/** Reads each file as often as it is asked for. */
export function reading(files: Files): Read {
  return async (path) => (await contentOf(files, path))?.documents;
}

/** How many files a pass remembers. */
const REMEMBERED = 32;

/**
 * Reads files for one pass over many orders: what was written for many of them is one file under
 * many names, and is read once for those that follow one another.
 */
export function readingOnce(files: Files): Read {
  const remembered = new Map<string, Promise<Content | undefined>>();
  return async (path) => {
    const seen = await lookAt(files, path);
    if (seen === undefined) return undefined;
    const known = remembered.get(seen.identity) ?? contentOf(files, path);
    remembered.set(seen.identity, known);
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED) remembered.delete(oldest as string);
    const content = await known.catch(() => undefined); // What is wrong is said of the name asked for.
    if (content?.identity === seen.identity) return content.documents;
    return (await contentOf(files, path))?.documents;
  };
}

/** What a file holds, and which file it was. */
interface Content {
  readonly documents: unknown[];
  readonly identity: string;
}

async function contentOf(files: Files, path: string): Promise<Content | undefined> {
  try {
    const { bytes, identity } = await files.read(path);
    return { documents: documentsIn(path, bytes), identity };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    if (error instanceof NotAFile) throw new Unreadable(path, error.message, false);
    if (!isCode(error, ...OF_ONE_FILE)) throw error;
    throw new Unreadable(path, `cannot be read: ${(error as Error).message}`, false);
  }
}

function documentsIn(path: string, bytes: Uint8Array): unknown[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable(path, "is not UTF-8", true);
  }
  try {
    return [JSON.parse(text)].flat();
  } catch (error) {
    throw new Unreadable(path, `is not JSON: ${(error as Error).message}`, true);
  }
}

/**
 * The entries in a file, whatever its name.
 *
 * @param hash Of the order whose entry is wanted, where it is one alone
 */
export async function claimsIn(
  read: Read,
  path: string,
  hash: string | undefined = hashIn(path),
): Promise<Claim[] | undefined> {
  const found = await read(path) as (Claim | null)[] | undefined;
  if (found === undefined) return undefined;
  const isNamed = (claim: Claim | null) =>
    hash === undefined ||
    typeof claim?.fact?.orderId === "string" && hashOf(claim.fact.orderId) === hash;
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

/** The order that the file of one alone names. */
function hashIn(path: string): string | undefined {
  return /([0-9a-f]{64})\.json$/.exec(basename(path))?.[1];
}

/** What a file says of the end of an order; `undefined` if it is not there. */
export async function endIn<End>(
  read: Read,
  path: string,
  problemOf: (end: unknown) => string | undefined,
): Promise<End | undefined> {
  const found = await read(path) as End[] | undefined;
  const end = found?.find((one) => problemOf(one) === undefined);
  if (end !== undefined || found === undefined) return end;
  throw new Unreadable(path, `does not close its order: ${problemOf(found[0])}`, true);
}
