/**
 * One script with the module, the tests of its laws and all that they need: no import is left in
 * it, and nothing in it makes code from strings. It runs wherever the language runs.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import { build, type Plugin } from "esbuild";
import { contracts, schemas } from "../support/schemas.ts";

const tests = fileURLToPath(new URL("../", import.meta.url));
const hardened = join(tests, "hardened");

/** What stands for the parts of Node that the tests use. */
const SHIMS: string[] = readdirSync(join(hardened, "shims")).map((file) => file.slice(0, -3));

/** The tests of the laws. The others are about the repository, or about Node's files and processes. */
export const LAWS: string[] = readdirSync(tests)
  .filter((file) => /^(execute|capture|fuzz|given|golden|ticks|trace)(_.+)?_test\.ts$/.test(file))
  .sort();

/** Writes the bundle to a file; `hardener` is what is imported between the module and the run. */
export async function bundle(outfile: string, hardener?: string): Promise<void> {
  const between = hardener === undefined ? [] : [hardener];
  await build({
    stdin: {
      contents: [...LAWS.map((file) => `../${file}`), ...between, "./run_laws.ts"]
        .map((file) => `import ${JSON.stringify(file)};\n`).join(""),
      resolveDir: hardened,
    },
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    ignoreAnnotations: true, // The package says that it has no side effects; its tests have.
    keepNames: true, // The tests look at names of classes.
    logLevel: "warning",
    plugins: [selfContained],
  });
}

const selfContained: Plugin = {
  name: "self-contained",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => {
      const shim = path.slice("node:".length).replace("/", "_");
      if (!SHIMS.includes(shim)) throw new Error(`the tests of the laws import ${path}: no shim`);
      return { path: join(hardened, "shims", `${shim}.ts`) };
    });
    onResolve({ filter: /\/support\/schemas\.ts$|^\.\/schemas\.ts$/ }, () => ({
      path: "schemas",
      namespace: "generated",
    }));
    onResolve({ filter: /^generated:files$/ }, () => ({ path: "files", namespace: "generated" }));
    onLoad({ filter: /^schemas$/, namespace: "generated" }, () => ({
      contents: validators(),
      resolveDir: tests,
    }));
    onLoad({ filter: /^files$/, namespace: "generated" }, () => ({
      contents: `export default ${JSON.stringify(files())};`,
    }));
  },
};

/** `tests/support/schemas.ts` with validators that ajv made beforehand: it makes code from strings. */
function validators(): string {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    allErrors: true,
    code: { source: true, esm: true },
  });
  for (const [file, schema] of Object.entries(schemas)) ajv.addSchema(schema, file);
  const exported = Object.fromEntries(
    contracts.map((contract, i) => [`validate${i}`, `${contract}.schema.json`]),
  );
  // deno-lint-ignore no-explicit-any -- a CommonJS module, of which Node and its types tell different things
  const code: string = (standalone as any).default(ajv, exported);
  const table = contracts.map((contract, i) => `${JSON.stringify(contract)}: validate${i}`);
  return `${code}
export const schemas = ${JSON.stringify(schemas)};
export const contracts = Object.keys(schemas);
const VALIDATORS = { ${table.join(", ")} };
export const validator = (contract) => VALIDATORS[contract];
`;
}

/** The files that the tests read, by folder and name. */
function files(): Record<string, string> {
  const folder = join(tests, "golden");
  return Object.fromEntries(
    readdirSync(folder).map((file) => [`golden/${file}`, readFileSync(join(folder, file), "utf8")]),
  );
}
