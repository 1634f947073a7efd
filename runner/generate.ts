/**
 * Makes `ledgers/postgres_schema.ts` of `ledgers/postgres.sql`, so that no file need be read at run
 * time: `npm run generate`. With `--check` it only compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

const sql = readFileSync(
  new URL("ledgers/postgres.sql", import.meta.url),
  "utf8",
);
const target = new URL("ledgers/postgres_schema.ts", import.meta.url);
const code = `// Generated from postgres.sql by \`npm run generate\`: do not edit.

/** What the ledger needs in its database: the text of \`ledgers/postgres.sql\`. */
export const SCHEMA: string = \`
${sql.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${")}\`;
`;
if (!process.argv.includes("--check")) writeFileSync(target, code);
else if (readFileSync(target, "utf8") !== code) {
  throw new Error(
    "runner/ledgers/postgres_schema.ts is not what npm run generate makes",
  );
}
