import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { assert } from "@std/assert";
import { build } from "esbuild";

/** Bytes of a module with all that it imports, minified and gzipped as a CDN would. */
async function sizeOf(module: string): Promise<number> {
  const { outputFiles: [file] } = await build({
    stdin: {
      contents: module,
      resolveDir: fileURLToPath(new URL("../..", import.meta.url)),
      loader: "ts",
    },
    bundle: true,
    minify: true,
    format: "esm",
    target: "node20.19",
    write: false,
  });
  return gzipSync(file!.contents, { level: constants.Z_BEST_COMPRESSION }).length;
}

test("The whole module takes at most 4096 bytes, minified and gzipped", async () => {
  const size = await sizeOf(`export * from "./mod.ts";`);
  console.log(`mod.ts: ${size} bytes minified and gzipped, of 4096`);
  assert(size <= 4096, `${size} bytes`);
});

test("What is measured is the module: capture alone is smaller, and not empty", async () => {
  const all = await sizeOf(`export * from "./mod.ts";`);
  const capture = await sizeOf(`export { capture } from "./mod.ts";`);
  assert(1000 < capture && capture < all, `${capture} and ${all} bytes`);
});
