/**
 * Runs a benchmark under Node, Deno or Bun. It is bundled once, module and contenders alike, so that
 * the three runtimes run the same code as users of the package.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The folder of the benchmarks, and that of the module. */
export const here: string = fileURLToPath(new URL(".", import.meta.url));
export const root: string = join(here, "../..");
const bin = join(root, "node_modules/.bin");
export const DENO: string = join(bin, "deno");

/**
 * How each runtime runs a bundle. Compilers work in the thread that is measured: on a busy machine a
 * thread of their own may wait for seconds, and interpreted code was measured (8.7 instead of 0.3).
 */
export const RUNTIMES: Record<string, readonly [string, ...string[]]> = {
  Node: ["node", "--no-concurrent-recompilation"],
  Deno: [
    DENO,
    "run",
    "--quiet",
    "--allow-all",
    "--no-config",
    "--v8-flags=--no-concurrent-recompilation",
  ],
  Bun: [join(bin, "bun")],
};
const JIT_IN_THREAD = { BUN_JSC_useConcurrentJIT: "0" };

/** Bundles one benchmark into one file, and hands its path on. */
export async function bundled<T>(name: string, use: (file: string) => T): Promise<T> {
  mkdirSync(join(here, "dist"), { recursive: true });
  const folder = mkdtempSync(join(here, "dist/bundle-"));
  try {
    const outfile = join(folder, `${name}.mjs`);
    await build({
      entryPoints: [join(here, `${name}_bench.ts`)],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20.19",
      logLevel: "error",
      // What OpenTelemetry's CommonJS parts call.
      banner: {
        js:
          'import { createRequire } from "node:module";const require=createRequire(import.meta.url);',
      },
    });
    return use(outfile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a bundle under one runtime: what it printed, one JSON document a line. */
export function outputOf(runtime: string, file: string, options: readonly string[]): unknown[] {
  const [command, ...before] = RUNTIMES[runtime] as readonly [string, ...string[]];
  const { status, signal, stdout } = spawnSync(
    command,
    [...before, relative(process.cwd(), file), ...options],
    {
      encoding: "utf8",
      env: { ...process.env, ...JIT_IN_THREAD },
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 1 << 28,
    },
  );
  if (status !== 0) {
    throw new Error(`${runtime} exited with ${signal ?? status} while it measured`);
  }
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** A runtime with its version, as the tables name it. */
export function version(runtime: string): string {
  const [command] = RUNTIMES[runtime] as readonly [string, ...string[]];
  const { stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
  return `${runtime} ${/[0-9]+(?:\.[0-9]+)+/.exec(stdout)?.[0]}`;
}
