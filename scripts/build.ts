/**
 * Builds the package in the working directory for everybody who installs it: `tsx build.ts
 * ENTRY.ts...` writes two editions, `dist/` for `import` and `dist/commonjs/` for `require()`. Each
 * has
 *
 * - `ENTRY.js`, one file that imports no other file of the package;
 * - declarations of its own, one a source file, emitted by `tsc --project tsconfig.build.json`;
 * - maps of both. They name the TypeScript, which the package has to ship: a stack trace and "go to
 *   definition" end there.
 *
 * Files of one name in two folders stand side by side in the tarball, where the second costs nothing.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { build } from "esbuild";

const entryPoints = process.argv.slice(2);
if (entryPoints.length === 0) throw new Error("Cannot build without an entry, such as mod.ts");

rmSync("dist", { recursive: true, force: true });
for (const [format, outdir] of [["esm", "dist"], ["cjs", "dist/commonjs"]] as const) {
  await build({
    entryPoints,
    outdir,
    format,
    bundle: true,
    packages: "external",
    platform: "neutral",
    target: "node20.19",
    sourcemap: true,
    sourcesContent: false,
    logLevel: "warning",
  });
  declare(outdir);
}
// Below it a `.js` file is CommonJS, whatever the package's own `type`.
writeFileSync("dist/commonjs/package.json", '{ "type": "commonjs" }\n');

/** Emits the declarations, which name each other as the JavaScript: every TypeScript resolves that. */
function declare(outDir: string): void {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const args = [tsc, "--project", "tsconfig.build.json", "--outDir", outDir];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) throw new Error(`Cannot emit the declarations: tsc ended with ${status}`);
  for (const path of declarations(outDir)) {
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replaceAll(/^(.*(?: from |import\())"(\.[^"]*)\.ts"/gm, '$1"$2.js"'));
  }
}

function declarations(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".d.ts")).map((name) => join(folder, name));
}
