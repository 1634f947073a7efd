/**
 * The packed tarball, as whoever installs it finds it: `npm run test:package`. It packs the
 * repository, installs the tarball in a folder of its own, and has every runtime and compiler that
 * `docs/contributing.md` names use it.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { execute } from "../../mod.ts";
import { brokenLinks } from "../support/links.ts";
import { schemas } from "../support/schemas.ts";

/** `moduleResolution: "bundler"`, the youngest of the three resolutions, came with 5.0. */
const OLDEST_TYPESCRIPT = "5.0.4";
const NEWEST_TYPESCRIPT = "7.0.2";
/** Its default resolution beside `module: commonjs` is node10, which reads `main` and `types` only. */
const OLD_RESOLUTION_TYPESCRIPT = "5.4.5";
const RESOLUTIONS = { node16: "node16", nodenext: "nodenext", bundler: "esnext" };

/** The module's own sources: maps lead to them. */
const SOURCES = readdirSync(new URL("../../", import.meta.url)).filter((name) =>
  name.endsWith(".ts")
);
/** What either edition of the build holds, beside `mod.js` and its map; none names what kinds.ts has. */
const DECLARATIONS = [...SOURCES, "schemas/types.ts"].filter((name) => name !== "kinds.ts")
  .flatMap((name) => {
    const declaration = name.replace(/\.ts$/, ".d.ts");
    return [declaration, `${declaration}.map`];
  });
const GUIDES = ["raw-values", "validate", "versioning"];

const EXPECTED_FILES = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "package.json",
  ...["dist", "dist/commonjs"].flatMap((folder) =>
    ["mod.js", "mod.js.map", ...DECLARATIONS].map((name) => `${folder}/${name}`)
  ),
  "dist/commonjs/package.json",
  ...GUIDES.map((name) => `docs/${name}.md`),
  ...SOURCES,
  ...Object.keys(schemas).map((name) => `schemas/${name}`),
  "schemas/deployer-runtime.schema.json",
  "schemas/deployer-runtime.types.schema.json",
  "schemas/types.ts",
].sort();

/** Bytes of the tarball. */
const MOST = 60_000;

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
const consumer = realpathSync(mkdtempSync(join(tmpdir(), "deployer-consumer-")));
const installed = join(consumer, "node_modules", "deployer-runtime");
let tarball = "";
let bytes = 0;

before(() => {
  const [packed] = JSON.parse(
    succeed(root, "npm", "pack", "--json", "--pack-destination", consumer),
  );
  tarball = join(consumer, packed.filename);
  bytes = packed.size;
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
    `typescript-old-resolution@npm:typescript@${OLD_RESOLUTION_TYPESCRIPT}`,
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
  assert(bytes <= MOST, `${bytes} bytes`);
});

test("every link of every Markdown file in the package leads to a file that is in it", () => {
  const pages = EXPECTED_FILES.filter((name) => name.endsWith(".md"));
  assert(pages.length > GUIDES.length);
  const broken = pages.map((page) => [page, brokenLinks(join(installed, page), installed)]);
  assertEquals(broken, pages.map((page) => [page, []]));
});

test("the package depends on nothing, and the module imports nothing", () => {
  const { dependencies, peerDependencies, optionalDependencies } = read("package.json");
  assertEquals([dependencies, peerDependencies, optionalDependencies], [
    undefined,
    undefined,
    undefined,
  ]);
  for (const edition of ["dist", "dist/commonjs"]) {
    const module = readFileSync(join(installed, edition, "mod.js"), "utf8");
    assertEquals(module.match(/^\s*import\b|\bimport\s*\(|\brequire\s*\(/gm), null);
    for (const name of DECLARATIONS.filter((name) => name.endsWith(".d.ts"))) {
      const types = readFileSync(join(installed, edition, name), "utf8");
      assertEquals(types.match(/ from "[^.]|\bimport\("[^.]|^\/\/\/ <reference/gm), null, name);
    }
  }
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

test("attw finds nothing in any profile, node10 included", () => {
  const { packageName, problems } = JSON.parse(
    succeed(consumer, bin("attw"), "--format", "json", tarball),
  ).analysis;
  assertEquals([packageName, problems], ["deployer-runtime", []]);
});

for (const module of ["commonjs", "es2022"]) {
  test(`TypeScript ${OLD_RESOLUTION_TYPESCRIPT} with module ${module} and node10 resolution finds the types`, () => {
    const tsc = join("node_modules", "typescript-old-resolution", "bin", "tsc");
    // Beside `commonjs` it is the default.
    const resolution = module === "commonjs" ? [] : ["--moduleResolution", "node10"];
    const options = ["--module", module, ...resolution, "--strict", "--target", "es2022"];
    const output = ["--types", "node", "--outDir", "compiled", "commonjs.ts"];
    succeed(consumer, process.execPath, tsc, ...options, ...output);
    if (module !== "commonjs") return;
    writeFileSync(join(consumer, "compiled", "package.json"), '{ "type": "commonjs" }\n');
    assertEquals(succeed(consumer, process.execPath, join("compiled", "commonjs.js")), "1\n");
  });
}

for (const program of ["trace.mjs", "trace.cjs"]) {
  test(`a stack trace of ${program} ends in the TypeScript that is shipped`, () => {
    const stack = succeed(consumer, process.execPath, "--enable-source-maps", program);
    const places = [
      ...stack.matchAll(/\(?(?:file:\/\/)?([^ ()]*deployer-runtime\/[^:]*):[0-9]+:/g),
    ];
    assert(places.length > 0, stack);
    for (const [, path] of places) assert(SOURCES.includes(relative(installed, path!)), stack);
  });
}

test("'go to definition' ends in the TypeScript that is shipped", () => {
  const file = join(consumer, "strict.mts");
  const line = readFileSync(file, "utf8").split("\n").findIndex((text) =>
    /await execute\(/.test(text)
  );
  const offset = readFileSync(file, "utf8").split("\n")[line]!.indexOf("execute(") + 1;
  const requests = [
    { command: "open", arguments: { file } },
    { command: "definition", arguments: { file, line: line + 1, offset } },
  ].map((request, seq) => JSON.stringify({ seq, type: "request", ...request }) + "\n").join("");
  const tsserver = join(root, "node_modules", "typescript", "lib", "tsserver.js");
  const { stdout } = spawnSync(
    process.execPath,
    [tsserver, "--disableAutomaticTypingAcquisition"],
    {
      cwd: consumer,
      encoding: "utf8",
      input: requests,
    },
  );
  const answers = stdout.split("\n").filter((text) => text.startsWith("{")).map((text) =>
    JSON.parse(text)
  );
  const { body } = answers.find(({ command }) => command === "definition");
  assertEquals(relative(installed, body[0].file), "execute.ts");
  const text = readFileSync(body[0].file, "utf8").split("\n")[body[0].start.line - 1];
  assertStringIncludes(text!, "export async function execute");
});

test("package.json, deno.json, the addresses of the schemas and the contract agree on the version", async () => {
  const { name, version } = read("package.json");
  assertEquals(read("deno.json").version, version);
  const [major] = version.split(".");
  for (const [file, { $id }] of Object.entries(schemas)) {
    assertEquals($id, `https://cdn.jsdelivr.net/npm/${name}@${major}/schemas/${file}`);
  }
  for (const file of ["deployer-runtime.schema.json", "deployer-runtime.types.schema.json"]) {
    const { $id } = JSON.parse(readFileSync(join(installed, "schemas", file), "utf8"));
    assertEquals($id, `https://cdn.jsdelivr.net/npm/${name}@${major}/schemas/${file}`);
  }
  const contract = `${name}/v${major}`;
  assertEquals(schemas["common.schema.json"]?.$defs.contract.const, contract);
  const order = { orderId: "order-1", action: { name: "none" } };
  const result = await execute(order, { executionId: "1", runner: "1" }, () => null);
  assertEquals(result.contract, contract);
});
