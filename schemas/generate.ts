/**
 * Generates what is made of the schemas beside it: `npm run generate` writes it,
 * `npm run check:generated` compares it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { compile, type JSONSchema } from "json-schema-to-typescript";
import { bundle, typesEdition } from "./bundle.ts";
import { definitions } from "./lower.ts";

/** The contracts as TypeScript. */
async function types(): Promise<string> {
  const banner = "// Generated from schemas/*.schema.json by `npm run generate`. Do not edit.\n";
  const root = { anyOf: Object.keys(definitions).map((title) => ({ $ref: `#/$defs/${title}` })) };
  const source = await compile({ ...root, $defs: definitions } as JSONSchema, "Contracts", {
    additionalProperties: false,
    bannerComment: banner,
    $refOptions: { resolve: { http: false, file: false } },
  });
  // The root only makes each definition reachable: it is no contract.
  return source.replace(/export type Contracts =[^;]*;\n/, "");
}

// On one line: people read the separate files, and spaces would be 2 kB of the 60 kB of the package.
const text = (schema: unknown): string => JSON.stringify(schema) + "\n";
const generated = {
  "deployer-runtime.schema.json": text(bundle()),
  "deployer-runtime.types.schema.json": text(typesEdition()),
  "types.ts": await types(),
};

for (const [name, content] of Object.entries(generated)) {
  const output = new URL(name, import.meta.url);
  if (!process.argv.includes("--check")) writeFileSync(output, content);
  else if (readFileSync(output, "utf8") !== content) {
    console.error(`schemas/${name} is not what the schemas generate: run \`npm run generate\``);
    process.exitCode = 1;
  }
}
