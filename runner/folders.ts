/** Folders that hold what only their owner may read: ledgers, and what commands print. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** For the owner alone: what a command prints may hold a token. */
const PRIVATE = 0o700;

/**
 * Makes a folder and those above it that are missing, for their owner alone if nothing else is said.
 * A folder that is there already keeps its permissions.
 *
 * Level by level, because Node's recursive `mkdir` never ends where a file system refuses new
 * folders by ENOENT, as `/proc` does.
 *
 * @param mode Of each that is made; the umask is taken off it
 * @returns The folders that were made, the outermost first
 * @throws {Error} What the file system says
 */
export function makeFolder(folder: string, mode: number = PRIVATE): string[] {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) {
    missing.unshift(path);
  }
  return missing.filter((path) => makeOne(path, mode));
}

/** Whether it was made here, and not by another process at the same time. */
function makeOne(folder: string, mode: number): boolean {
  try {
    mkdirSync(folder, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
