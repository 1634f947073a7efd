/**
 * The packed tarball, as whoever installs it finds it: `npm run test:package`. It packs the
 * repository, installs the tarball in a folder of its own, and has every runtime and compiler that
 * the README names use it.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { execute } from "../../mod.ts";
import { schemas } from "../support/schemas.ts";

/** `moduleResolution: "bundler"`, the youngest of the three resolutions, came with 5.0. */
const OLDEST_TYPESCRIPT = "5.0.4";
const NEWEST_TYPESCRIPT = "7.0.2";
const RESOLUTIONS = { node16: "node16", nodenext: "nodenext", bundler: "esnext" };

const EXPECTED_FILES = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "capture.ts",
  "dist/deployer-runtime.schema.json",
  "dist/mod.d.ts",
  "dist/mod.js",
  "execute.ts",
  "given.ts",
  "kinds.ts",
  "mod.ts",
  "package.json",
  ...Object.keys(schemas).map((name) => `schemas/${name}`),
  "schemas/types.ts",
  "trace.ts",
].sort();

const EXPECTED_OUTPUT = {
  contract: "deployer-runtime/v1",
  status: "APPLIED",
  raw: { current: "r42" },
  big: { $js: "bigint", value: "3" },
  titles: ["ExecutionResult", "DeployerRuntime"],
};

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string) => join(root, "node_modules", ".bin", name);
const read = (name: string) => JSON.parse(readFileSync(join(root, name), "utf8"));
const consumer = mkdtempSync(join(tmpdir(), "deployer-consumer-"));
const installed = join(consumer, "node_modules", "deployer-runtime");
let tarball = "";

before(() => {
  const [packed] = JSON.parse(
    succeed(root, "npm", "pack", "--json", "--pack-destination", consumer),
  );
  tarball = join(consumer, packed.filename);
  const files = packed.files.length;
  console.log(
    `${packed.filename}: ${packed.size} bytes, ${files} files, ${packed.unpackedSize} bytes unpacked`,
  );
  cpSync(fileURLToPath(new URL("../consumers/", import.meta.url)), consumer, { recursive: true });
  writeFileSync(join(consumer, "package.json"), '{ "private": true, "type": "module" }\n');
  succeed(
    consumer,
    ...["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", tarball],
    `typescript-oldest@npm:typescript@${OLDEST_TYPESCRIPT}`,
    `typescript-newest@npm:typescript@${NEWEST_TYPESCRIPT}`,
    `@types/node@${read("package.json").devDependencies["@types/node"]}`,
  );
});

after(() => rmSync(consumer, { recursive: true }));

/** Runs a command. */
function run(cwd: string, command: string, ...args: string[]) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error) throw error;
  return { status, stdout, output: stdout + stderr };
}

/** What a command prints that must not fail. */
function succeed(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, output } = run(cwd, command, ...args);
  assert(status === 0, `${command} ${args.join(" ")} ended with ${status}: ${output}`);
  return stdout;
}

test("the tarball holds what users need, and nothing else", () => {
  const found = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    .sort();
  assertEquals(found, EXPECTED_FILES);
});

test("the package depends on nothing, and the module imports nothing", () => {
  const { dependencies, peerDependencies, optionalDependencies } = read("package.json");
  assertEquals([dependencies, peerDependencies, optionalDependencies], [
    undefined,
    undefined,
    undefined,
  ]);
  const module = readFileSync(join(installed, "dist", "mod.js"), "utf8");
  assertEquals(module.match(/^\s*import\b|\bimport\s*\(|\brequire\s*\(/gm), null);
  const types = readFileSync(join(installed, "dist", "mod.d.ts"), "utf8");
  assertEquals(types.match(/^import\b|\bimport\s*\(|^\/\/\/ <reference/gm), null);
});

/** Each with the beginning of the version that it has to say. */
const runtimes: Record<string, [string, string, ...string[]]> = {
  "Node, the one that runs this test": [process.versions.node, process.execPath, "order.mjs"],
  "Node, by require()": [process.versions.node, process.execPath, "order.cjs"],
  "Node 22": ["22.", "npx", "-y", "node@22", "order.mjs"],
  "Node 24": ["24.", "npx", "-y", "node@24", "order.mjs"],
  "Node 26": ["26.", "npx", "-y", "node@26", "order.mjs"],
  "Bun": [read("package.json").devDependencies.bun, bin("bun"), "order.mjs"],
  "Deno, without permissions": [
    read("package.json").devDependencies.deno,
    ...[bin("deno"), "run", "--no-prompt", "order.mjs"] as const,
  ],
};

for (const [name, [version, command, ...args]] of Object.entries(runtimes)) {
  test(`an order is executed with the installed package under ${name}`, () => {
    const { runtime, ...output } = JSON.parse(succeed(consumer, command, ...args));
    console.log(`${name}: ${runtime}`);
    assertEquals(runtime.slice(0, version.length), version);
    assertEquals(output, EXPECTED_OUTPUT);
  });
}

/** Compiles both consumers, and tells which lines are refused, and whatever else is wrong. */
function refusals(compiler: string, options: Record<string, unknown>): string[] {
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    target: "es2022",
    types: [],
    ...options,
  };
  const config = { compilerOptions, files: ["strict.mts", "misuse.mts"] };
  writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify(config));
  const tsc = join("node_modules", compiler, "bin", "tsc");
  const { output } = run(consumer, process.execPath, tsc, "--pretty", "false");
  const errors = output.split("\n").filter((line) => /\berror\b/.test(line));
  return [
    ...new Set(errors.map((line) => line.replace(/^(misuse\.mts)\((\d+),.*/, "$1:$2"))),
  ];
}

/** The lines of misuse.mts that say they are refused. */
function marked(): string[] {
  return readFileSync(join(consumer, "misuse.mts"), "utf8").split("\n")
    .flatMap((line, index) => line.includes("// refused") ? [`misuse.mts:${index + 1}`] : []);
}

for (
  const [compiler, version] of [
    ["typescript-oldest", OLDEST_TYPESCRIPT],
    ["typescript-newest", NEWEST_TYPESCRIPT],
  ] as const
) {
  for (const [resolution, module] of Object.entries(RESOLUTIONS)) {
    test(`TypeScript ${version} with ${resolution} accepts a strict consumer and refuses misuse`, () => {
      assertEquals(refusals(compiler, { module, moduleResolution: resolution }), marked());
    });
  }
}

test("the types need those of Node or those of the browser, not both", () => {
  const options = { lib: ["es2022"], types: ["node"], module: "nodenext" };
  assertEquals(refusals("typescript-newest", options), marked());
});

test("publint finds nothing to say", () => {
  assertStringIncludes(
    succeed(installed, bin("publint"), "--strict", "--pack", "false"),
    "All good!",
  );
});

test("attw finds the types of an ES module right in every resolution", () => {
  const ignored = ["--exclude-entrypoints", "./schemas/deployer-runtime.schema.json"];
  succeed(consumer, bin("attw"), "--profile", "esm-only", tarball, ...ignored);
});

test("package.json, deno.json, the addresses of the schemas and the contract agree on the version", async () => {
  const { name, version } = read("package.json");
  assertEquals(read("deno.json").version, version);
  const [major] = version.split(".");
  for (const [file, { $id }] of Object.entries(schemas)) {
    assertEquals($id, `https://cdn.jsdelivr.net/npm/${name}@${major}/schemas/${file}`);
  }
  const oneFile = JSON.parse(
    readFileSync(join(installed, "dist", "deployer-runtime.schema.json"), "utf8"),
  );
  assertEquals(
    oneFile.$id,
    `https://cdn.jsdelivr.net/npm/${name}@${major}/dist/deployer-runtime.schema.json`,
  );
  const contract = `${name}/v${major}`;
  assertEquals(schemas["common.schema.json"]?.$defs.contract.const, contract);
  const order = { orderId: "order-1", action: { name: "none" } };
  const result = await execute(order, { executionId: "1", runner: "1" }, () => null);
  assertEquals(result.contract, contract);
});
