/** How many bytes are kept. */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

/** The database, each of its tables written anew. */
export async function inPostgres(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("vacuum full");
  const { rows } = await client.query("select pg_database_size(current_database())::int as size");
  await client.end();
  return rows[0].size;
}

/** The blocks of all files in a folder. */
export function inFolder(folder: string): number {
  if (!existsSync(folder)) return 0;
  const seen = new Map<number, number>(); // A file that has many names is stored once.
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const { ino, blocks } = lstatSync(join(entry.parentPath, entry.name));
    if (entry.isFile()) seen.set(ino, blocks * 512);
  }
  return [...seen.values()].reduce((sum, size) => sum + size, 0);
}
