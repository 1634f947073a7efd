/** Empty databases on one PostgreSQL, which is the tests'. */
import pg from "pg";
import { startDatabase } from "../support/database.ts";

/** Starts PostgreSQL; `next()` is the URL of a database that nobody has used. */
export async function lendDatabases() {
  const server = await startDatabase();
  let count = 0;
  return {
    async next(): Promise<string> {
      const name = `peers_${count += 1}`;
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return server.url.replace(/\/postgres$/, `/${name}`);
    },
    stop: server.stop,
  };
}
