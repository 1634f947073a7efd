/**
 * The packed module in test runners, bundlers, package managers and workerd, each with its defaults:
 * `npm run test:toolchains`, which .ci/run calls. The tools are a project of their own,
 * tests/toolchains; every consumer has a folder of its own beside it.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bundle } from "../hardened/bundle.ts";
import type { Report } from "../hardened/report.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const tools = fileURLToPath(new URL("../toolchains/", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "toolchains-")));
let tarball = "";

const OUTPUT = JSON.stringify({
  contract: "deployer-runtime/v1",
  status: "APPLIED",
  raw: { current: "r42" },
  big: { $js: "bigint", value: "3" },
});

before(() => {
  const [packed] = JSON.parse(run(root, "npm", "pack", "--json", "--pack-destination", folder));
  tarball = join(folder, packed.filename);
});
after(() => rmSync(folder, { recursive: true }));

/** What a command prints that must not fail. */
function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    // A tool that reports how it is used would reach for the network.
    env: { ...process.env, CI: "1", NO_COLOR: "1", YARN_ENABLE_TELEMETRY: "0" },
  });
  if (error) throw error;
  assertEquals(status, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

/** Runs one of the tools with Node, or with a newer one that it needs. */
const bin = (name: string): string => join(tools, "node_modules", ".bin", name);

/** A project with the packed module installed, the tools in reach, and some of the consumers. */
function project(name: string, files: string[], manifest: Record<string, unknown> = {}): string {
  const own = join(folder, name);
  mkdirSync(join(own, "node_modules", "deployer-runtime"), { recursive: true });
  run(own, "tar", "xzf", tarball, "--strip-components=1", "-C", "node_modules/deployer-runtime");
  for (const tool of ["vitest", "typescript", "jest", "ts-jest", "@types", "webpack"]) {
    symlinkSync(join(tools, "node_modules", tool), join(own, "node_modules", tool));
  }
  consumers(own, files);
  writeFileSync(join(own, "package.json"), JSON.stringify({ private: true, ...manifest }));
  return own;
}

function consumers(own: string, files: string[]): void {
  for (const file of files) cpSync(join(tools, "consumers", file), join(own, file));
}

// --- Test runners ---------------------------------------------------------------------------------

test("Jest without configuration requires the module", () => {
  run(project("jest", ["commonjs.test.js"]), bin("jest"));
});

test("ts-jest compiles against the declarations, and requires the module", () => {
  const own = project("ts-jest", ["typed.test.ts"], { jest: { preset: "ts-jest" } });
  writeFileSync(
    join(own, "tsconfig.json"),
    '{ "compilerOptions": { "strict": true, "module": "commonjs", "target": "es2022", "esModuleInterop": true } }',
  );
  run(own, bin("jest"));
});

test("Vitest imports the module", () => {
  const own = project("vitest", ["module.test.mjs", "order.js"], { type: "module" });
  assertStringIncludes(run(own, bin("vitest"), "run"), "1 passed");
});

test("Mocha requires the module", () => {
  assertStringIncludes(
    run(project("mocha", ["mocha.test.cjs"]), bin("mocha"), "mocha.test.cjs"),
    "1 passing",
  );
});

// --- Bundlers: what they make runs where the module is not installed -------------------------------

const bundlers: Record<string, [entry: string, ...args: string[]]> = {
  esbuild: ["bundled.js", "--bundle", "--format=esm", "--outfile=out/main.mjs", "bundled.js"],
  rollup: ["bundled.js", "-p", "node-resolve", "-o", "out/main.mjs", "bundled.js"],
  webpack: [
    "parcel.js",
    ...["--mode=production", "--entry=./parcel.js", "-o", "out", "--output-filename=main.mjs"],
  ],
  vite: ["bundled.js", "build", "--ssr", "bundled.js", "--outDir", "out", "--logLevel", "warn"],
  parcel: ["parcel.js", "build", "parcel.js", "--dist-dir", "out", "--no-source-maps"],
};

for (const [name, [entry, ...args]] of Object.entries(bundlers)) {
  test(`what ${name} bundles runs`, () => {
    const own = project(name, [entry, "order.js"], { type: "module" });
    if (name === "vite") {
      writeFileSync(
        join(own, "vite.config.mjs"),
        "export default { ssr: { noExternal: true } };\n",
      );
    }
    if (name === "rollup") {
      symlinkSync(join(tools, "node_modules", "@rollup"), join(own, "node_modules", "@rollup"));
    }
    run(own, bin(name), ...args);
    rmSync(join(own, "node_modules"), { recursive: true });
    const output = join(
      own,
      "out",
      { vite: "bundled.js", parcel: "parcel.js" }[name] ?? "main.mjs",
    );
    assertEquals(run(own, process.execPath, output).trim(), OUTPUT);
  });
}

// --- Package managers -----------------------------------------------------------------------------

test("pnpm installs the tarball, and Node imports and requires it", () => {
  const own = join(folder, "pnpm");
  mkdirSync(own);
  consumers(own, ["bundled.js", "order.js", "plain.cjs"]);
  writeFileSync(
    join(own, "package.json"),
    JSON.stringify({ type: "module", dependencies: { "deployer-runtime": `file:${tarball}` } }),
  );
  run(own, bin("pnpm"), "install", "--offline");
  assertEquals(run(own, process.execPath, "bundled.js").trim(), OUTPUT);
  assertEquals(run(own, process.execPath, "plain.cjs").trim(), "APPLIED");
});

test("Yarn's Plug'n'Play installs the tarball, and Node imports and requires it", () => {
  const own = join(folder, "yarn");
  mkdirSync(own);
  consumers(own, ["bundled.js", "order.js", "plain.cjs"]);
  writeFileSync(
    join(own, "package.json"),
    JSON.stringify({ type: "module", dependencies: { "deployer-runtime": `file:${tarball}` } }),
  );
  writeFileSync(join(own, "yarn.lock"), "");
  writeFileSync(
    join(own, ".yarnrc.yml"),
    `nodeLinker: pnp\nenableGlobalCache: false\nglobalFolder: ${join(folder, "yarn-global")}\n`,
  );
  const yarn = join(tools, "node_modules", "@yarnpkg", "cli-dist", "bin", "yarn.js");
  // In continuous integration it refuses to write the lock file that is not there yet.
  run(own, process.execPath, yarn, "install", "--no-immutable");
  assertEquals(run(own, process.execPath, yarn, "node", "bundled.js").trim(), OUTPUT);
  assertEquals(run(own, process.execPath, yarn, "node", "plain.cjs").trim(), "APPLIED");
});

// --- workerd --------------------------------------------------------------------------------------

test("the laws hold in workerd, but for what its own builtins do otherwise", async () => {
  const script = join(folder, "laws.js");
  await bundle(script);
  const printed = run(tools, "npx", "-y", "node@24", join(tools, "laws.mjs"), script);
  const { refuses, passed, failed, leftOut }: Report = JSON.parse(printed);
  console.log(`workerd: ${passed} passed, ${failed.length} failed, ${leftOut.length} left out`);
  assertEquals(failed, []);
  assert(passed > 300 && leftOut.length < 10);
  assertEquals(refuses, ["code from strings", "another realm"]);
});

test("workerd runs a worker that imports the module as it is", () => {
  const own = project("workerd", ["worker.js", "order.js"], { type: "module" });
  const script = join(tools, "workerd.mjs");
  assertEquals(run(dirname(script), "npx", "-y", "node@24", script, own).trim(), OUTPUT);
});
