/** Trees of files, read and copied without ever following a link. */
import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";

/** What is at a path. Of a mode the permissions, without the bits that change who runs a program. */
export type Item =
  | { readonly kind: "folder"; readonly mode: number }
  | { readonly kind: "file"; readonly mode: number; readonly sha256: string }
  | { readonly kind: "link"; readonly to: string };

/** What is in a folder, by its path in there. A folder comes before what is in it. */
export type Tree = ReadonlyMap<string, Item>;

/** Signals that end the reading or copying of a tree. */
export type Ends = readonly AbortSignal[];

/** After each of them the signals are looked at. */
const CHUNK = 1024 * 1024;

const PERMISSIONS = 0o777;

/** Linux follows no more links than these on the way to a file: what is behind them is not there. */
const MAX_LINKS = 40;

/**
 * Opened, a FIFO waits for somebody who writes, and nothing ends a process that waits in there. A
 * file is looked at before it is opened; these flags are for one that is replaced in between.
 */
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const LOOKED_AT = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/**
 * Reads what is in a folder: links as links, and of files the SHA-256.
 *
 * @param ends Looked at again and again: the reason of one that is aborted is thrown as it is
 * @throws {Error} One that names the path that cannot be read, or is neither file, folder nor link
 */
export async function readTree(root: string, ends: Ends): Promise<Tree> {
  const tree = new Map<string, Item>();
  const folders = [""];
  for (const folder of folders) {
    goOn(ends);
    const names = await naming("read", folder || ".", ends, () => readdir(join(root, folder)));
    for (const name of names.sort()) {
      goOn(ends);
      const path = join(folder, name);
      const item = await naming("read", path, ends, () => readItem(root, path, ends));
      tree.set(path, item);
      if (item.kind === "folder") folders.push(path);
    }
  }
  return tree;
}

async function readItem(root: string, path: string, ends: Ends): Promise<Item> {
  refuseUnlessUtf8("its name", path);
  const at = join(root, path);
  const found = await lstat(at);
  if (found.isSymbolicLink()) {
    const to = await readlink(at);
    refuseUnlessUtf8("its target", to);
    return { kind: "link", to };
  }
  if (found.isDirectory()) return { kind: "folder", mode: found.mode & PERMISSIONS };
  refuseUnlessFile(found);
  return await readFile(root, path, ends, () => {});
}

/** Reads a file to its end. */
async function readFile(
  root: string,
  path: string,
  ends: Ends,
  take: (chunk: Uint8Array) => Promise<void> | void,
): Promise<Item & { kind: "file" }> {
  const file = await open(join(root, path), LOOKED_AT);
  try {
    const found = await file.stat();
    refuseUnlessFile(found);
    const hash = createHash("sha256");
    const buffer = new Uint8Array(Math.min(Math.max(found.size, 4096), CHUNK));
    for (;;) {
      goOn(ends);
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      await take(chunk);
    }
    return { kind: "file", mode: found.mode & PERMISSIONS, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}

/**
 * Copies a tree that was read from one folder into another one, which is empty, and flushes it.
 *
 * @throws {Error} One that names the path that cannot be copied, or is not what it was any more
 */
export async function copyTree(
  tree: Tree,
  from: string,
  to: string,
  ends: Ends,
): Promise<void> {
  for (const [path, item] of tree) {
    goOn(ends);
    await naming("copy", path, ends, async () => {
      if (item.kind === "folder") await mkdir(join(to, path), { mode: 0o700 });
      else if (item.kind === "link") await symlink(item.to, join(to, path));
      else await copyFile(item, from, to, path, ends);
    });
  }
  // Last, and from the inside: nothing can be put into a folder that nobody may write to.
  for (const [path, item] of [...tree].reverse()) {
    goOn(ends);
    if (item.kind !== "folder") continue;
    await naming("copy", path, ends, () => seal(join(to, path), item.mode));
  }
  await naming("copy", ".", ends, () => seal(to));
}

async function copyFile(
  item: Item & { kind: "file" },
  from: string,
  to: string,
  path: string,
  ends: Ends,
): Promise<void> {
  const copy = await open(join(to, path), "wx", 0o600);
  try {
    const read = await readFile(from, path, ends, async (chunk) => {
      for (let done = 0; done < chunk.length;) {
        done += (await copy.write(chunk, done, chunk.length - done)).bytesWritten;
      }
    });
    if (!isSame(read, item)) throw new Error("it changed meanwhile");
    await copy.chmod(item.mode);
    await copy.sync();
  } finally {
    await copy.close();
  }
}

/** Flushes a folder that nothing is put into any more, with its permissions. */
async function seal(path: string, mode?: number): Promise<void> {
  const folder = await open(path, "r");
  try {
    if (mode !== undefined) await folder.chmod(mode);
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes a copy of a tree, whole or not. */
export async function removeTree(tree: Tree, root: string): Promise<void> {
  for (const [path, item] of tree) {
    const isClosed = item.kind === "folder" && (item.mode & 0o700) !== 0o700;
    if (isClosed) await chmod(join(root, path), 0o700).catch(() => {}); // It may not be there yet.
  }
  await rm(root, { recursive: true, force: true });
}

/** The paths at which two trees differ: by what is there, its permissions, or what it holds. */
export function differing(one: Tree, other: Tree): string[] {
  const paths = new Set([...one.keys(), ...other.keys()]);
  return [...paths].filter((path) => !isSame(one.get(path), other.get(path))).sort();
}

function isSame(one?: Item, other?: Item): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * Refuses a link that leads out of its tree: by `/`, by `..`, or through another link.
 *
 * @throws {Error} One that names the first of them
 */
export function refuseLinksOut(tree: Tree): void {
  for (const [path, item] of tree) {
    if (item.kind !== "link" || !leadsOut(path, tree)) continue;
    throw new Error(
      `cannot release ${quoted(path)}: it is a link to ${
        quoted(item.to)
      }, which leads out of the site`,
    );
  }
}

/** Walks a path as the system does, where what is before a `..` may be a link itself. */
function leadsOut(path: string, tree: Tree): boolean {
  const at: string[] = [];
  const ahead = path.split("/");
  let links = 0;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(name);
    const item = tree.get(at.join("/"));
    if (item?.kind !== "link") continue;
    if (item.to.startsWith("/")) return true;
    if (++links > MAX_LINKS) return false; // It leads nowhere, in a circle maybe.
    at.pop();
    ahead.unshift(...item.to.split("/"));
  }
  return false;
}

/** What a path that is read is called, where it is not what was expected. */
export function kindOf(found: Stats): string {
  if (found.isFile()) return "a file";
  if (found.isDirectory()) return "a folder";
  if (found.isSymbolicLink()) return "a link";
  if (found.isFIFO()) return "a FIFO";
  return found.isSocket() ? "a socket" : "a device";
}

function refuseUnlessFile(found: Stats): void {
  if (found.isFile()) return;
  throw new Error(`expected a file, a folder or a link, and it is ${kindOf(found)}`);
}

/** What is not UTF-8 is read with U+FFFD in its place: the copy would be called otherwise. */
function refuseUnlessUtf8(what: string, text: string): void {
  if (text.includes("\uFFFD")) throw new Error(`${what} is not valid UTF-8`);
}

/** Does something, and says of an error which path it is about: those of a file's handle do not. */
async function naming<T>(
  doing: string,
  path: string,
  ends: Ends,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw chosen(error, ends, `cannot ${doing} ${quoted(path)}: `);
  }
}

function goOn(ends: Ends): void {
  for (const end of ends) end.throwIfAborted();
}

/** An error with its words and its code alone; the reason of a signal as it is. */
export function chosen(error: unknown, ends: Ends, before = ""): unknown {
  if (ends.some(({ aborted, reason }) => aborted && reason === error)) return error;
  const { message, code } = error as NodeJS.ErrnoException;
  return Object.assign(new Error(`${before}${message}`), typeof code === "string" && { code });
}

/** As JSON: a name may hold anything but a slash. */
function quoted(path: string): string {
  return JSON.stringify(path);
}
