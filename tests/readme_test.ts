/** The README, held against what it describes. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { execute } from "deployer-runtime";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { folder, removeFolders } from "./support/folders.ts";
import { root, run, type Snippet, snippets } from "./support/snippets.ts";

const README = "README.md";
const LONG = { timeout: 60_000 };
const PRINT_ALL = "console.log(JSON.stringify(result))";
const text = readFileSync(new URL(README, root), "utf8");
const all = snippets(README);
const programs = all.filter(({ language, code }) => language === "ts" && code.includes("import "));
const [example, runner, action] = programs as [Snippet, Snippet, Snippet];

after(removeFolders);

/** Times differ from run to run: each becomes its own form. */
function withoutTimes(json: string): unknown {
  return JSON.parse(json, (key, value) => {
    if (key === "at" || key.endsWith("edAt")) return value.replace(/[0-9]/g, "0");
    return key === "durationMs" ? typeof value : value;
  });
}

/** The block behind a snippet: what it prints. */
const printed = (snippet: Snippet) => all[all.indexOf(snippet) + 1]?.code as string;

test("the README shows its example by line 15, and has no program that is not run here", () => {
  assert(example.line <= 15);
  assertEquals(programs.length, 3);
});

test("the README's example prints what its comment says", LONG, async () => {
  const [, said] = /console\.log\(.*\); \/\/ (.+)$/m.exec(example.code) ?? [];
  assertEquals(await run(example.code), `${said}\n`);
});

test("the whole result of the README's example is what the README shows", LONG, async () => {
  const result = await run(example.code.replace(/console\.log\(.*/, PRINT_ALL));
  assertEquals(withoutTimes(result), withoutTimes(printed(example)));
});

test("the README's Runner has 20 lines at most, and executes its order once", LONG, async () => {
  assert(runner.code.trimEnd().split("\n").length <= 20);
  const cwd = folder();
  assertEquals(await run(runner.code, cwd) + await run(runner.code, cwd), printed(runner));
});

/** How a site answers, and what the README's action makes of it. */
const ANSWERS: Record<string, [RequestListener, string]> = {
  "does it": [(_, response) => void response.setHeader("etag", "r42").end(), "APPLIED RETURNED"],
  "says no": [(_, response) => void response.writeHead(403).end(), "FAILED THREW"],
  "is a gateway": [(_, response) => void response.writeHead(502).end(), "UNKNOWN UNPROVEN"],
  "ends the connection": [({ socket }) => void socket.destroy(), "UNKNOWN UNPROVEN"],
  "does not answer by the deadline": [() => {}, "UNKNOWN UNPROVEN"],
};

for (const [name, [listener, expected]] of Object.entries(ANSWERS)) {
  test(`the README's action ends as it says when the site ${name}`, LONG, async () => {
    const site = createServer(listener).listen(0, "127.0.0.1");
    await new Promise((resolve) => site.once("listening", resolve));
    try {
      const { port } = site.address() as AddressInfo;
      const local = action.code.replace("https://site.example", `http://127.0.0.1:${port}`)
        .replace("import type { Action }", "import { type Action, execute }")
        // Only for the answer that never comes: the others have the time that the README gives.
        .replace("10_000", name.includes("deadline") ? "500" : "10_000");
      const order = `{ orderId: "1", action: { name: "publish", input: { page: "news" } } }`;
      assertEquals(
        await run(`${local}
          const result = await execute(${order}, { executionId: "1", runner: "1" }, publish);
          console.log(result.status, result.trace.settlement);`),
        `${expected}\n`,
      );
    } finally {
      site.closeAllConnections();
      await new Promise((resolve) => site.close(resolve));
    }
  });
}

test("an order has the shapes that the README gives, at once and after a crash", async () => {
  const [none, open, closed] = text.split("| the ledger had ")[1]!.split("\n").slice(2, 5)
    .map((row) => row.split("|").slice(2, 4).map((cell) => cell.match(/`(.+?)`/)?.[1] ?? cell));
  const ledger = new FolderLedger(join(folder(), "ledger"), () => true); // Every Runner is gone.
  const context = { executionId: "1", runner: "1" };
  const shape = async (orderId: string) => {
    const entry = await ledger.get(orderId);
    if (entry === undefined) return "undefined";
    const status = entry.result === undefined ? `status: "${entry.status}"` : "status";
    return `{ ${[status, ...Object.keys(entry).slice(1)].join(", ")} }`;
  };

  await execute({ orderId: "open", action: { name: "none" } }, context, () => null, ledger);
  await ledger.store(
    await execute({ orderId: "closed", action: { name: "none" } }, context, () => null, ledger),
  );
  const before = [await shape("none"), await shape("open"), await shape("closed")];
  assertEquals(before, [none![0], open![0], closed![0]]);
  assertEquals((await ledger.recover()).map(({ type }) => type), ["PROOF_ABSENT"]);
  assertEquals(await shape("open"), open![1]);
  assertEquals([await shape("none"), await shape("closed")], [before[0], before[2]]);
  assertEquals([none![1]?.trim(), closed![1]?.trim()], ["the same", "the same"]);
});

test("the README's two commands are scripts of package.json", () => {
  const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const commands = all.filter(({ language }) => language === "sh").map(({ code }) => code);
  assertEquals(commands, ["npm ci && npm start\n", "npm ci && npm test\n"]);
  assertMatch(scripts.start, /runner\/cli\/main\.ts run .*docs\/examples\/orders\/applied\.json/);
  assertMatch(scripts.test, /tests\/gate\.ts/);
});

test("the README's signatures are those that the module exports", () => {
  const signatures = all.find(({ code }) => code.startsWith("execute(request"))?.code ?? "";
  const source = readFileSync(new URL("execute.ts", root), "utf8");
  const given = readFileSync(new URL("given.ts", root), "utf8");
  const names = signatures.match(/(?<=ports = \{ )[\w, ]+(?= \})/)?.[0].split(", ") ?? [];
  assertEquals(names.length, 4);
  for (const name of names) assertMatch(given, new RegExp(`readonly ${name}\\?:`));
  assertMatch(source, /export async function execute<.*>\(\s*request: .*\s*context: .*\s*action: /);
});

test("every file that the README links, shows or names is there", () => {
  const links = [
    ...text.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g),
    ...text.matchAll(/src="(.+?)"/g),
  ];
  const named = text.matchAll(/`((?:docs|runner|report|tests|\.ci)\/[\w./-]*)`/g);
  const paths = [...links, ...named].map(([, path]) => path as string);
  assert(paths.length > 20);
  assertEquals(paths.filter((path) => !existsSync(new URL(path, root))), []);
});
