/** What `docs/scale.md` says of archiving, as the benchmark and the tests run it. */
import { readFileSync } from "node:fs";

const page = readFileSync(new URL("../../../docs/scale.md", import.meta.url), "utf8");

/** The statement of the page that begins like this. */
function statement(begin: string): string {
  const found = page.match(/```sql\n([\s\S]*?)```/g)
    ?.map((block) => block.replace(/^```sql\n|```$/g, ""))
    .find((block) => block.replace(/^--.*\n/gm, "").startsWith(begin));
  if (found === undefined) throw new Error(`docs/scale.md has no statement that begins ${begin}`);
  return found.trim().replace(/;$/, "");
}

/** Takes what is large off all closed orders that were consumed before $1. */
export const ARCHIVE_POSTGRES: string = statement("update deployer.orders");

/** The same in SQLite: consumed before `?`, as the facts write it. */
export const ARCHIVE_SQLITE: string = statement("update orders");

/** The table of orders in partitions, to be made before `SCHEMA`. */
export const PARTITIONS: string = statement("create schema");
