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

// 4096 until objects were told by what they say of themselves (some 530 bytes), and arguments that
// cannot be read by their names (some 390). Fidelity wins over the bound; the next byte needs a reason.
const BOUND = 5050;

test(`The whole module takes at most ${BOUND} bytes, minified and gzipped`, async () => {
  const size = await sizeOf(`export * from "./mod.ts";`);
  console.log(`mod.ts: ${size} bytes minified and gzipped, of ${BOUND}`);
  assert(size <= BOUND, `${size} bytes`);
});

test("What is measured is the module: capture alone is smaller, and not empty", async () => {
  const all = await sizeOf(`export * from "./mod.ts";`);
  const capture = await sizeOf(`export { capture } from "./mod.ts";`);
  assert(1000 < capture && capture < all, `${capture} and ${all} bytes`);
});
