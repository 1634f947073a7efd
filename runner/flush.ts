/** What survives a failure of the power: files and names that were flushed. */
import { open } from "node:fs/promises";
import process from "node:process";

/** Flushes a file; or the names in a folder: those of its files and folders survive from here on. */
export async function flush(path: string): Promise<void> {
  const opened = await open(path, "r");
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

/** Why something is refused on Windows: it rests on what Windows does not do. Nothing was changed. */
export class NotOnWindows extends Error {
  override readonly name = "NotOnWindows";
}

/**
 * Refuses something before anything is written.
 *
 * @throws {NotOnWindows} On Windows
 */
export function refuseOnWindows(why: string): void {
  if (process.platform === "win32") throw new NotOnWindows(why);
}
