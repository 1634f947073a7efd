/**
 * Builds the contracts in one file, for those who validate with one file: `npm run build` writes
 * `dist/deployer-runtime.schema.json`.
 *
 * Each contract is a definition under its title, and every reference is local. As a whole, the
 * file says what an ExecutionResult is, for that is what crosses to other programs; any other
 * contract is judged by its own address, such as `…#/$defs/ExecutionRequest`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Schema = { [key: string]: Json };

const folder = new URL("./", import.meta.url);

/** The separate schemas as one. */
export function bundle(): Schema {
  const files = readdirSync(folder).filter((name) => name.endsWith(".schema.json")).sort();
  const schemas = Object.fromEntries(files.map((name) => [name, read(name)]));
  const titles = Object.fromEntries(files.map((name) => [name, schemas[name]!.title as string]));
  const root = schemas["execution-result.schema.json"]!;
  return {
    $schema: root.$schema!,
    $id: (root.$id as string).replace(/schemas\/.*/, "dist/deployer-runtime.schema.json"),
    title: "DeployerRuntime",
    description:
      "The contracts of the Deployer runtime in one file. As a whole it says what an ExecutionResult is; any other contract stands under $defs by its title.",
    $ref: `#/$defs/${root.title}`,
    $defs: Object.fromEntries(files.map((name) => {
      const { $schema: _dialect, $id: _address, ...schema } = schemas[name]!;
      return [titles[name]!, localized(schema, name)];
    })),
  };

  /** The same schema, with references that stay in the bundle. `examples` hold no references. */
  function localized(node: Json, file: string): Json {
    if (Array.isArray(node)) return node.map((item) => localized(item, file));
    if (typeof node !== "object" || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        key === "$ref" && typeof value === "string" ? local(value, file) : localized(value, file),
      ]),
    );
  }

  function local(reference: string, file: string): string {
    const [name, pointer = ""] = reference.split("#") as [string, string?];
    const title = titles[name || file];
    if (title === undefined) throw new Error(`Cannot bundle the reference ${reference} of ${file}`);
    return `#/$defs/${title}${pointer}`;
  }
}

function read(name: string): Schema {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const output = new URL("../dist/deployer-runtime.schema.json", folder);
  mkdirSync(new URL("./", output), { recursive: true });
  writeFileSync(output, JSON.stringify(bundle(), null, 2) + "\n");
}
