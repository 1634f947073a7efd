/** The SQLite that the runtime of a test brings, to look into a ledger's file from outside. */
import process from "node:process";
import type { Opened } from "./sqlite_places.ts";

export async function openDatabase(path: string): Promise<Opened> {
  const inBun = process.versions.bun !== undefined;
  const name = inBun ? "bun:sqlite" : "node:sqlite";
  const driver = await import(name);
  return inBun ? new driver.Database(path) : new driver.DatabaseSync(path);
}
