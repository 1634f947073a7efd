import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

/** Bytes of a module with all that it imports, minified and gzipped as a CDN would. */
export async function sizeOf(module: string): Promise<number> {
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
