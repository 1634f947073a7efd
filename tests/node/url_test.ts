/**
 * The sources, as whoever imports them by URL finds them: `npm run test:url`. A server on the
 * loopback stands for the one on which they are published.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const SOURCES = ["mod.ts", "execute.ts", "given.ts", "trace.ts", "capture.ts", "kinds.ts"];
const PUBLISHED = [...SOURCES, "schemas/types.ts"];

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "deployer-url-"));
const script = join(folder, "order.ts");
let requested: string[] = [];
let server: Server;
let host = "";

before(async () => {
  server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? "";
    requested.push(name);
    const source = PUBLISHED.includes(name) ? readFileSync(join(root, name)) : undefined;
    response.writeHead(source ? 200 : 404, { "content-type": "application/typescript" });
    response.end(source);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(
    script,
    `import { execute, type ExecutionResult } from "http://${host}/mod.ts";

const result: ExecutionResult = await execute(
  { orderId: "order-1", action: { name: "release.switch", input: { release: "r42" } } },
  { executionId: "execution-1", runner: "alice" },
  (request) => ({ current: request.action.input.release }),
);
const { state } = await Deno.permissions.query({ name: "net", host: "${host}" });
console.log(JSON.stringify({ status: result.status, trace: result.trace, net: state }));
`,
  );
});

after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Runs Deno while the server goes on answering. Nothing is in its cache. */
async function deno(cwd: string, ...args: string[]) {
  requested = [];
  const cache = mkdtempSync(join(folder, "cache-"));
  const child = spawn(join(root, "node_modules", ".bin", "deno"), args, {
    cwd,
    env: { ...process.env, DENO_DIR: cache, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let output = "";
  child.stdout.on("data", (data) => (stdout += data, output += data));
  child.stderr.on("data", (data) => output += data);
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, stdout, output };
}

test("a script that imports mod.ts by URL executes an order with no permission but the import, in one request a room", async () => {
  const { status, stdout, output } = await deno(
    folder,
    ...["run", "--no-prompt", `--allow-import=${host}`, script],
  );
  assertEquals(status, 0, output);
  const { status: said, trace, net } = JSON.parse(stdout);
  assertEquals([said, trace.rawResult, net], ["APPLIED", { current: "r42" }, "prompt"]);
  console.log(`requests to run: ${requested.length}, ${[...requested].sort().join(" ")}`);
  assertEquals([...requested].sort(), [...SOURCES].sort());
});

test("mod.ts itself runs by URL with no flag at all", async () => {
  const { status, output } = await deno(folder, "run", "--no-prompt", `http://${host}/mod.ts`);
  assertEquals([status, [...requested].sort()], [0, [...SOURCES].sort()], output);
});

test("a script that imports mod.ts by URL type-checks, in one request a room and one for the types", async () => {
  const { status, output } = await deno(folder, "check", `--allow-import=${host}`, script);
  assertEquals(status, 0, output);
  console.log(`requests to check: ${requested.length}, ${[...requested].sort().join(" ")}`);
  assertEquals([...requested].sort(), [...PUBLISHED].sort());
});

test("a misspelt field is refused where the types come by URL", async () => {
  const misuse = join(folder, "misuse.ts");
  writeFileSync(misuse, readFileSync(script, "utf8").replace("orderId", "orderID"));
  const { status, output } = await deno(folder, "check", `--allow-import=${host}`, misuse);
  assertEquals(status, 1);
  assertStringIncludes(output, "orderID");
});

test("deno publish finds no slow type, and would publish what users need and nothing else", async () => {
  const { status, output } = await deno(root, "publish", "--dry-run", "--allow-dirty");
  assertEquals(status, 0, output);
  const published = [...output.matchAll(/^ +file:\/\/(\S+) \(/gm)]
    .map(([, path]) => decodeURIComponent(path ?? "").slice(root.length));
  for (const name of PUBLISHED) assert(published.includes(name), `${name} is not published`);
  const allowed =
    /^(README|CHANGELOG)\.md$|^LICENSE$|^deno\.json$|^schemas\/[a-z.-]+\.schema\.json$/;
  assertEquals(published.filter((name) => !PUBLISHED.includes(name) && !allowed.test(name)), []);
});

test("every exported symbol and every field of it is documented", async () => {
  const { status, output } = await deno(root, "doc", "--lint", "mod.ts");
  assertEquals(status, 0, output);
});

test("whatever a user calls or writes has an example with a title", () => {
  const text = SOURCES.map((name) => readFileSync(join(root, name), "utf8")).join("\n");
  const documented = [...text.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport (?:async )?(?:function|const|type|interface) (\w+)/g,
  )];
  const titled = documented.filter(([, doc]) => /@example \S/.test(doc ?? ""))
    .map(([, , name]) => name).sort();
  assertEquals(titled, [
    ...["Action", "CONTRACT", "Clock", "Consume", "Ports", "capture", "createFact", "execute"],
  ]);
});

test("every example in the sources compiles and runs", async () => {
  // The repository's tsconfig.json knows nothing of Deno, which runs the examples.
  const config = join(folder, "deno.json");
  writeFileSync(config, '{ "compilerOptions": { "lib": ["deno.window", "ES2024"] } }');
  const { status, output } = await deno(
    root,
    ...["test", "--doc", "--config", config, ...SOURCES.map((name) => join(root, name))],
  );
  assertEquals(status, 0, output);
  const written = SOURCES.flatMap((name) =>
    readFileSync(join(root, name), "utf8").match(/^ *\* ```ts/gm) ?? []
  );
  assert(written.length >= 3, `${written.length} examples`);
  assertStringIncludes(output, ` ${written.length} passed | 0 failed`);
});
