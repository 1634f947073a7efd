/** The schema files that are written by hand, which all else here is generated from. */
import { readdirSync, readFileSync } from "node:fs";

// deno-lint-ignore no-explicit-any -- a schema's keywords have many shapes
export type Schema = Record<string, any>;

const folder = new URL("./", import.meta.url);

/** Each by its name, such as `fact.schema.json`. */
export const files: Record<string, Schema> = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith(".schema.json") && !name.startsWith("deployer-runtime."))
    .sort()
    .map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), "utf8"))]),
);
