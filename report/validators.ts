/** The schemas as plain functions, compiled once at build time: the page makes no code from texts. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import { build } from "esbuild";

/** A module that exports the validator `isResult`, with everything that it needs. */
export async function compileValidators(): Promise<string> {
  const file = new URL("../schemas/deployer-runtime.schema.json", import.meta.url);
  const schema = JSON.parse(readFileSync(file, "utf8"));
  const ajv = new Ajv2020({ allErrors: true, code: { source: true, esm: true } });
  ajv.addSchema(schema);
  const contents = standalone.default(ajv, { isResult: schema.$id });
  const { outputFiles: [module] } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    format: "esm",
    write: false,
  });
  return module!.text;
}
