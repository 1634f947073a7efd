/**
 * What a folder ledger asks of a file system: all that its promises rest on, and so all that a test
 * needs to simulate, as SQLite's VFS is for SQLite. The steps that are made of these calls stand
 * below them.
 */
import { randomUUID } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { link, lstat, mkdir, open, readdir, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { flush } from "../../flush.ts";
import { makeFolder } from "../../folders.ts";

/** A file system, or what stands for one in a test. Every call fails as `node:fs` does. */
export interface Files {
  /** Makes a file with this text. Neither its text nor its name is flushed. */
  create(path: string, text: string): Promise<NewFile>;
  /** Flushes the names in a folder: those that were made and those that were taken away. */
  flush(folder: string): Promise<void>;
  /** Gives a file one more name. It fails with EEXIST if that is taken. */
  link(path: string, name: string): Promise<void>;
  /** Gives a file, or a folder, another name: whole, or not at all. */
  rename(path: string, name: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes a folder, in one that is there. */
  makeFolder(folder: string): Promise<void>;
  /** Makes a folder and those above it: those that were made, the outermost first. */
  makeFolders(folder: string): Promise<string[]>;
  /** Takes a folder away with all that is in it. */
  removeFolder(folder: string): Promise<void>;
  /** The names in a folder, in no order. */
  list(folder: string): Promise<string[]>;
  /** What a file holds. It fails with `NotAFile` where something else is in its place. */
  read(path: string): Promise<Content>;
  /** What is there; of a link, the link itself. */
  look(path: string): Promise<Look>;
}

/** A file that was just made. */
export interface NewFile {
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What was read, and which file it was, whatever its name. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly identity: string;
}

/** What is seen of a path. */
export interface Look {
  readonly kind: "file" | "folder" | "other";
  /** Which one it is, whatever its name. */
  readonly identity: string;
}

/** Something that is not a file is in the place of one. */
export class NotAFile extends Error {
  override readonly name = "NotAFile";
}

/** The file system of this machine. What it makes is for its owner alone. */
export const DISK: Files = {
  link,
  rename,
  unlink,
  flush,
  list: readdir,
  async create(path, text) {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(text);
    } catch (error) {
      await file.close();
      throw error;
    }
    return { flush: () => file.sync(), close: () => file.close() };
  },
  async makeFolder(folder) {
    await mkdir(folder, { mode: 0o700 });
  },
  makeFolders(folder) {
    return Promise.resolve(makeFolder(folder));
  },
  async removeFolder(folder) {
    await rm(folder, { recursive: true, force: true });
  },
  /** A FIFO would wait for a writer, and a link could lead to one, or to a device without an end. */
  async read(path) {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const found = await file.stat({ bigint: true });
      if (!found.isFile()) throw new NotAFile("is not a file");
      return { bytes: await file.readFile(), identity: identityOf(found) };
    } finally {
      await file.close();
    }
  },
  async look(path) {
    const found = await lstat(path, { bigint: true });
    return {
      kind: found.isFile() ? "file" : found.isDirectory() ? "folder" : "other",
      identity: identityOf(found),
    };
  },
};

/** The number of a file that is gone is given again at once: the time of its text tells them apart. */
function identityOf({ dev, ino, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${mtimeNs}`;
}

/** What is there; `undefined` if nothing is. */
export async function lookAt(files: Files, path: string): Promise<Look | undefined> {
  return await files.look(path).catch(ifMissing);
}

/** The names in a folder; none if there is no folder. */
export async function namesIn(files: Files, folder: string): Promise<string[]> {
  return await files.list(folder).catch(ifMissing) ?? [];
}

/** Writes a new file, flushed. It has no name yet that means anything. */
export async function writeFlushed(files: Files, folder: string, text: string): Promise<string> {
  const temporary = join(folder, `${randomUUID()}.tmp`);
  try {
    const file = await files.create(temporary, text);
    try {
      await file.flush();
    } finally {
      await file.close();
    }
  } catch (error) {
    await discard(files, temporary);
    throw error;
  }
  return temporary;
}

/**
 * Writes a file that has its name from when it is whole, in a folder below. Text and name are
 * flushed at once: a failure of the power may leave the name of a file that is torn.
 */
export async function writeNamed(
  files: Files,
  folder: string,
  text: string,
  name: string,
): Promise<void> {
  const temporary = join(folder, `${randomUUID()}.tmp`);
  try {
    const file = await files.create(temporary, text);
    try {
      await files.rename(temporary, name);
      await Promise.all([file.flush(), files.flush(dirname(name))]);
    } finally {
      await file.close();
    }
  } catch (error) {
    for (const path of [temporary, name]) await discard(files, path);
    throw error;
  }
}

/** Gives a file one more name, if that is free. */
export async function give(
  files: Files,
  path: string,
  name: string,
): Promise<"taken" | undefined> {
  try {
    await files.link(path, name);
    return undefined;
  } catch (error) {
    if (isCode(error, "EEXIST")) return "taken";
    throw error;
  }
}

/** Gives a file one more name, whatever has it already. */
export async function giveOver(files: Files, path: string, name: string): Promise<undefined> {
  if (await give(files, path, name) !== "taken") return;
  const temporary = `${name}.${randomUUID()}.tmp`;
  await files.link(path, temporary);
  try {
    await files.rename(temporary, name);
  } finally {
    // If both are one file, rename does nothing, and leaves its other name behind.
    await discard(files, temporary);
  }
}

/** Takes a name away. If that fails it stays, and is looked at once more. */
export async function discard(files: Files, path: string): Promise<void> {
  await files.unlink(path).catch(() => {});
}

/** Whether an error of the file system has one of these codes. */
export function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

function ifMissing(error: unknown): undefined {
  if (!isCode(error, "ENOENT")) throw error;
}
