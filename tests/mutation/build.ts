/**
 * Bundles what the tests run, mutants included, into one file that starts at once: Stryker's
 * `buildCommand`. All mutants are in it, and an environment variable says which one is active.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The tests of the three rooms; what takes long to load comes last. */
const GROUPS: readonly (readonly string[])[] = [
  [
    "execute",
    "execute_consume",
    "execute_data",
    "execute_first",
    "execute_record",
    "execute_silent",
    "execute_time",
    "golden",
    "ticks",
    "trace",
    "capture",
    "capture_complete",
    "capture_said",
    "given",
  ],
  ["capture_property"],
];

const LEFT_OUT: readonly string[] = [
  // It imports the module itself, which is not in the bundle.
  "the module runs in Deno without any permission (law 9)",
  // A mutant must not be killed by luck.
  "timestamp() writes 100,000 instants at random",
];

const groups = GROUPS.map((names) =>
  `async () => { ${names.map((name) => `await import("../${name}_test.ts");`).join(" ")} }`
);

await build({
  stdin: {
    contents: `
      import fc from "fast-check";
      import { run } from "./harness.ts";
      fc.configureGlobal({ seed: 1 });
      process.env.CASES ??= "1000";
      await run([${groups.join(", ")}], ${JSON.stringify(LEFT_OUT)});
    `,
    resolveDir: here,
  },
  outfile: join(here, "dist/tests.mjs"),
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  keepNames: true, // Tests tell classes by their names.
  logLevel: "warning",
  banner: {
    js: 'import { createRequire } from "node:module";const require=createRequire(import.meta.url);',
  },
  plugins: [{
    name: "tests in one file",
    setup({ onResolve, onLoad }) {
      onResolve(
        { filter: /^node:test$/ },
        () => ({ path: join(here, "../hardened/shims/test.ts") }),
      );
      onResolve({ filter: /^node:assert\/strict$/ }, () => ({ path: join(here, "assert.ts") }));
      // Each finds its files where it stood.
      onLoad({ filter: /\/(tests\/(support\/)?|schemas\/)\w+\.ts$/ }, ({ path }) => ({
        contents: readFileSync(path, "utf8")
          .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)),
        loader: "ts",
      }));
    },
  }],
});
