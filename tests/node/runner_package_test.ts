/**
 * `deployer-runner` as whoever installs it finds it: both packages are packed, and installed into an
 * empty folder, where the README's Runner runs. Part of `npm run test:package`.
 */
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { brokenLinks } from "../support/links.ts";
import { snippets } from "../support/snippets.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string) => join(root, "node_modules", ".bin", name);
const consumer = mkdtempSync(join(tmpdir(), "runner-consumer-"));
const installed = join(consumer, "node_modules", "deployer-runner");
const [runner, printed] = ["js", "text"].map((wanted) =>
  snippets("runner/README.md").find(({ language }) => language === wanted)
    ?.code as string
);
let tarball = "";

before(() => {
  const pack = (folder: string) => {
    const [{ filename, size, files }] = JSON.parse(
      succeed(
        join(root, folder),
        "npm",
        "pack",
        "--json",
        "--pack-destination",
        consumer,
      ),
    );
    console.log(`${filename}: ${size} bytes, ${files.length} files`);
    return join(consumer, filename);
  };
  const module = pack(".");
  tarball = pack("runner");
  writeFileSync(
    join(consumer, "package.json"),
    '{ "private": true, "type": "module" }\n',
  );
  succeed(
    consumer,
    ...[
      "npm",
      "install",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      module,
      tarball,
    ],
    `typescript@${read("package.json").devDependencies.typescript}`,
    `@types/node@${read("package.json").devDependencies["@types/node"]}`,
  );
  writeFileSync(join(consumer, "runner.mjs"), runner as string);
});
after(() => rmSync(consumer, { recursive: true }));

function read(file: string) {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}

/** What a command prints that must not fail. */
function succeed(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
  });
  if (error) throw error;
  assert(
    status === 0,
    `${command} ${args.join(" ")} ended with ${status}: ${stdout}${stderr}`,
  );
  return stdout;
}

test("the README's Runner has at most 15 lines", () => {
  assert((runner as string).trimEnd().split("\n").length <= 15);
});

const runtimes: Record<string, [string, ...string[]]> = {
  "Node, the one that runs this test": [process.execPath],
  "Node 24": ["npx", "-y", "node@24"],
  "Bun": [bin("bun")],
  "Deno": [bin("deno"), "run", "--allow-all"],
};
for (const [name, [command, ...args]] of Object.entries(runtimes)) {
  test(`from an empty folder, the README's Runner executes its order once under ${name}`, () => {
    rmSync(join(consumer, "ledger"), { recursive: true, force: true });
    rmSync(join(consumer, "output"), { recursive: true, force: true });
    const run = () => succeed(consumer, command, ...args, "runner.mjs");
    assertEquals([run(), run()], [printed as string, printed as string]);
    assertEquals(readdirSync(join(consumer, "output")).length, 3); // .gitignore, stdout, stderr.
  });
}

for (const [name, [command, ...args]] of Object.entries(runtimes)) {
  test(`from an empty folder, deployer executes once under ${name}, checks, signs and reports`, () => {
    const cwd = join(consumer, `cli ${name}`);
    mkdirSync(cwd);
    const main = join(installed, "dist/esm/cli/main.js");
    const deployer = (...given: string[]) => {
      const { status, stdout, stderr } = spawnSync(command, [...args, main, ...given], {
        cwd,
        encoding: "utf8",
      });
      return { status, stdout, stderr };
    };
    const order = ["exec", "--order", "x", "--", "sh", "-c", "echo once >> proof"];
    const first = deployer(...order);
    assertEquals(first.status, 0, first.stderr);
    assertEquals(deployer(...order).status, 73);
    assertEquals(readFileSync(join(cwd, "proof"), "utf8"), "once\n");
    writeFileSync(join(cwd, "result.json"), first.stdout);
    writeFileSync(join(cwd, "wrong.json"), first.stdout.replace("APPLIED", "DONE"));
    assertEquals(deployer("check", "result.json").status, 0);
    const wrong = deployer("check", "wrong.json");
    assertEquals([wrong.status, JSON.parse(wrong.stdout).refused[0].field], [1, "status"]);
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(join(cwd, "key"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const signed = deployer("sign", "result.json", "--key", "key");
    assertEquals(signed.status, 0, signed.stderr);
    writeFileSync(join(cwd, "signed.json"), signed.stdout);
    assertEquals(deployer("check", "signed.json", "--key", "key").status, 0);
    const report = deployer("report", "--out", "page.html");
    assertEquals([report.status, report.stdout], [0, `${join(cwd, "page.html")}\n`]);
    assertStringIncludes(readFileSync(join(cwd, "page.html"), "utf8"), "echo once >> proof");
    const nowhere = deployer("report", "--out", "none/page.html");
    assertEquals(nowhere.status, 64);
    assertStringIncludes(nowhere.stderr, 'deployer: cannot write the report "');
  });
}

test("deployer and deployer-runner are commands, also for npx and for npm: of Deno", () => {
  const calls = [
    ["npx", "--no-install", "deployer-runner"],
    ["npx", "--no-install", "deployer"],
    [bin("bunx"), "--bun", "deployer-runner"],
    [bin("deno"), "run", "--allow-all", "npm:deployer-runner"],
  ];
  for (const [program, ...args] of calls) {
    assertStringIncludes(succeed(consumer, program!, ...args, "--help"), "Usage: deployer COMMAND");
  }
});

test("validators are code of the build: they import nothing, and compile nothing", () => {
  const code = readFileSync(join(installed, "dist/esm/cli/validators.js"), "utf8");
  assertEquals(code.match(/\bimport\b|new Function|\beval\b/g), null);
  assert(code.includes("ExecutionResult"));
  writeFileSync(
    join(consumer, "vectors.mjs"),
    `import { readdirSync, readFileSync } from "node:fs";
     const validators = await import("./node_modules/deployer-runner/dist/esm/cli/validators.js");
     let judged = 0;
     for (const [folder, title] of Object.entries({
       "execution-result": "ExecutionResult", "execution-request": "ExecutionRequest",
       "execution-context": "ExecutionContext", fact: "Fact",
     })) {
       const path = ${JSON.stringify(join(root, "tests/vectors/"))} + folder + "/";
       for (const name of readdirSync(path)) {
         const document = JSON.parse(readFileSync(path + name, "utf8"));
         if (validators[title](document) !== name.startsWith("valid-")) throw new Error(name);
         judged += 1;
       }
     }
     console.log(judged);`,
  );
  const args = ["--disallow-code-generation-from-strings", "vectors.mjs"];
  assert(Number(succeed(consumer, process.execPath, ...args)) > 200);
});

test("what is built stands in the package as source, too: a pointer of the docs leads to it", () => {
  const folder = join(consumer, "node_modules/deployer-runner");
  const built = readdirSync(join(folder, "dist/esm"), { recursive: true }).map(String)
    .filter((name) => name.endsWith(".d.ts"))
    .map((name) => name.replace(/\.d\.ts$/, ".ts"));
  assert(built.length > 60, `${built.length} modules`);
  assertEquals(built.filter((name) => !existsSync(join(folder, name))), []);
});

test("every entry point is there for import and for require, and an error is one class in all", () => {
  const { exports } = read("runner/package.json");
  const code = Object.keys(exports)
    .filter((entry) => !/\.(json|sql)$/.test(entry))
    .map((entry) => `deployer-runner${entry.slice(1)}`);
  assertEquals(code.length, 11);
  writeFileSync(
    join(consumer, "all.mjs"),
    `import { createRequire } from "node:module";
     const require = createRequire(import.meta.url);
     const names = ${JSON.stringify(code)};
     for (const name of names) {
       const esm = await import(name);
       const cjs = require(name);
       if (Object.keys(esm).sort().join() !== Object.keys(cjs).filter((key) => key !== "__esModule").sort().join()) throw new Error(name);
     }
     const { FolderLedger } = require("deployer-runner/ledgers/folder");
     const { LedgerDown } = require("deployer-runner");
     const identities = { orderId: "x", executionId: "e" };
     const fact = { ...identities, type: "ORDER_CONSUMED", at: new Date().toISOString() };
     const order = { ...identities, action: { name: "n" } };
     const error = await new FolderLedger("package.json")
       .consume(fact, order, { ...identities, runner: "r" }).catch((error) => error);
     console.log(error instanceof LedgerDown, error.message.split(":")[0]);`,
  );
  // "testing" registers nothing by itself; it and "report" are one ES module for both.
  assertStringIncludes(
    succeed(consumer, process.execPath, "all.mjs"),
    'true cannot consume order "x"',
  );
});

test("strict TypeScript accepts the types of every entry point, in modules of both kinds", () => {
  const code = (entry: string, name: string) =>
    `import * as ${name} from "deployer-runner${entry}"; export { ${name} };\n`;
  const all = [
    "",
    "/ledgers/folder",
    "/ledgers/sqlite",
    "/ledgers/postgres",
    "/actions/command",
    "/actions/ssh",
  ]
    .map((entry, i) => code(entry, `m${i}`)).join("");
  writeFileSync(join(consumer, "esm.mts"), all + code("/testing", "t") + code("/report", "r"));
  writeFileSync(join(consumer, "cjs.cts"), all);
  succeed(
    consumer,
    ...[
      process.execPath,
      join("node_modules", "typescript", "bin", "tsc"),
      "--ignoreConfig",
    ],
    ...[
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--types",
      "node",
    ],
    ...["esm.mts", "cjs.cts"],
  );
});

test("the page in the package is small, and its policy lets its own script and style run alone", () => {
  const page = readFileSync(join(installed, "dist", "report.html"), "utf8");
  const size = gzipSync(page, { level: constants.Z_BEST_COMPRESSION }).length;
  console.log(`report.html: ${size} bytes gzipped`);
  assert(size <= 150_000, `${size} bytes gzipped`);
  const hashOf = (tag: string) => {
    const [, content] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page) as RegExpExecArray;
    return createHash("sha256").update(content as string).digest("base64");
  };
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  assertEquals(policy?.split("; "), [
    "default-src 'none'",
    `script-src 'sha256-${hashOf("script")}'`,
    `style-src 'sha256-${hashOf("style")}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
});

test("a report of the README's ledger has its order in it", () => {
  writeFileSync(
    join(consumer, "report.mjs"),
    `import { FolderLedger } from "deployer-runner/ledgers/folder";
     import { writeReport } from "deployer-runner/report";
     console.log(await writeReport(new FolderLedger("ledger"), "report.html"));`,
  );
  for (const [command, ...args] of Object.values(runtimes)) {
    rmSync(join(consumer, "report.html"), { force: true });
    assertEquals(succeed(consumer, command, ...args, "report.mjs"), "1\n");
    assertStringIncludes(readFileSync(join(consumer, "report.html"), "utf8"), "release-42");
  }
});

test("no page of the package points to what the package lacks", () => {
  const pages = readdirSync(installed, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md")).sort();
  assertEquals(pages, [
    "CHANGELOG.md",
    "README.md",
    "docs/ci.md",
    "docs/runners.md",
    "docs/scale.md",
  ]);
  const missing = pages.flatMap((page) => {
    const file = join(installed, page);
    const named = readFileSync(file, "utf8").split("\n\n")
      .filter((paragraph) => !/\bin the\s+repository\b|\brepository's\b/.test(paragraph))
      .flatMap((paragraph) => [...paragraph.matchAll(/`((?:docs|report|tests|schemas)\/[^`]*)`/g)])
      .map(([, path]) => path as string);
    const lacking = named.filter((path) => !existsSync(join(installed, path)));
    return [...brokenLinks(file, root), ...lacking].map((target) => `${page}: ${target}`);
  });
  assertEquals(missing, []);
});

test("publint finds nothing to say", () => {
  const said = succeed(
    installed,
    bin("publint"),
    "--strict",
    "--pack",
    "false",
  );
  assertStringIncludes(said, "All good!");
});

test("attw finds the types right in every resolution", () => {
  const ignored = ["./ledgers/postgres.sql", "./report", "./testing"];
  succeed(
    consumer,
    bin("attw"),
    "--profile",
    "node16",
    tarball,
    "--exclude-entrypoints",
    ...ignored,
  );
});

test("the package depends on the module alone", () => {
  assertEquals(Object.keys(read("runner/package.json").dependencies), [
    "deployer-runtime",
  ]);
});
