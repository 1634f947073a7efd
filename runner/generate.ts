/**
 * Makes `ledgers/postgres_schema.ts` of `ledgers/postgres.sql`, and `cli/version.ts` of
 * `package.json`, so that no file need be read at run time: `npm run generate`. With `--check` it
 * only compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

const sql = read("ledgers/postgres.sql");
const [, known] = /known constant integer := (\d+);/.exec(sql) ?? [];
write(
  "ledgers/postgres_schema.ts",
  `// Generated from postgres.sql by \`npm run generate\`: do not edit.

/** What the ledger needs in its database: the text of \`ledgers/postgres.sql\`. */
export const SCHEMA: string = \`
${sql.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${")}\`;

/** The version of the tables that it makes. */
export const TABLES: number = ${known};
`,
);
write(
  "cli/version.ts",
  `// Generated from package.json by \`npm run generate\`: do not edit.

/** The version of this package. */
export const VERSION: string = ${JSON.stringify(JSON.parse(read("package.json")).version)};
`,
);

function write(name: string, code: string): void {
  if (!process.argv.includes("--check")) writeFileSync(new URL(name, import.meta.url), code);
  else if (read(name) !== code) {
    throw new Error(`runner/${name} is not what npm run generate makes`);
  }
}
