/**
 * The last step of the package's build: the validators of the contracts become code that compiles
 * nothing and imports nothing, in `dist/esm/cli/validators.js`.
 */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import standalone from "ajv/dist/standalone/index.js";
import { build } from "esbuild";
import { ADDRESSES, compiler } from "./validators.ts";

const outfile = fileURLToPath(new URL("../dist/esm/cli/validators.js", import.meta.url));
// What CommonJS exports as default is behind another default, depending on who loads it.
const codeOf = (standalone as unknown as { default?: typeof standalone.default }).default ??
  standalone as unknown as typeof standalone.default;

await build({
  // ajv's code calls `require`, though it is a module: bundled, it does not.
  stdin: {
    contents: codeOf(compiler(true), ADDRESSES),
    resolveDir: fileURLToPath(new URL(".", import.meta.url)),
  },
  banner: { js: "// Made from schemas/*.schema.json by ajv when this package was built." },
  outfile,
  bundle: true,
  format: "esm",
  minify: true,
  allowOverwrite: true,
  logLevel: "warning",
});
rmSync(`${outfile}.map`, { force: true }); // Of the file that stood there.
