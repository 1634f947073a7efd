/** How many bytes are kept. */
import { existsSync, lstatSync, readdirSync, type Stats } from "node:fs";
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

/** The blocks of all files in a folder; a file of many names is stored once. */
export function blocksIn(folder: string): number {
  return sum(new Map(filesIn(folder).map(({ ino, blocks }) => [ino, blocks * 512])).values());
}

/** The lengths of all files in a folder: for a server that reserves blocks ahead. */
export function lengthsIn(folder: string): number {
  return sum(filesIn(folder).map(({ size }) => size));
}

function filesIn(folder: string): Stats[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => lstatSync(join(parentPath, name)));
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((all, value) => all + value, 0);
}
