/**
 * The file of a SQLite ledger, and where others find it. What was committed is in the log beside it,
 * whose name follows from the file's: who opens the file by another name has another log, and sees
 * nothing of it.
 */
import { readFileSync, statSync } from "node:fs";

/** Knows files again by what they were when it saw them first. */
export class Inodes {
  readonly #known = new Map<string, string>();

  /** Remembers what is at a path, unless nothing is. */
  add(path: string): void {
    const inode = inodeOf(path);
    if (inode !== undefined) this.#known.set(path, inode);
  }

  /** Whether each of them is still there. */
  areThere(): boolean {
    return [...this.#known].every(([path, inode]) => inodeOf(path) === inode);
  }
}

/**
 * Why a file cannot be a ledger, whatever is in it; `undefined` if nothing is known against it.
 *
 * @param mounts What is mounted, as `/proc/self/mountinfo` says it
 */
export function problemOfFile(path: string, mounts: string = readMounts()): string | undefined {
  const names = statSync(path).nlink;
  if (names > 1) return `it has ${names} names (hard links), and would have a log for each`;
  if (isMount(path, mounts)) {
    return "it is mounted without its folder, where its log is: mount that";
  }
  return undefined;
}

function inodeOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}

/** Whether a file is a mount of its own, as containers are given one. */
function isMount(path: string, mounts: string): boolean {
  const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  const escaped = path.replace(/[ \t\n\\]/g, octal);
  return mounts.split("\n").some((mount) => mount.split(" ")[4] === escaped);
}

/** Only Linux tells. */
function readMounts(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return "";
  }
}
