/** Which ledger a command works on, whose it is, and what becomes of one that is damaged. */
import {
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { execute, type ExecutionRequest, type ExecutionResult } from "deployer-runtime";
import { attempt } from "../cli/attempt.ts";
import { BadInput, EXIT } from "../cli/exit.ts";
import { list } from "../cli/list.ts";
import { addressOf, locate } from "../cli/ledger.ts";
import { readArguments } from "../cli/options.ts";
import { recover } from "../cli/recover.ts";
import { show } from "../cli/show.ts";
import { LedgerDamaged, LedgerDown, OrderAlreadyConsumed } from "../ledgers/errors.ts";
import { FolderLedger } from "../ledgers/folder.ts";
import { entriesOf } from "../ledgers/entry.ts";
import type { Entry, Ledger, Page, Query } from "../ledgers/ledger.ts";
import { writePage } from "../report.ts";
import { claim } from "../testing_claim.ts";
import { fresh, run, testShell, tidy } from "./cli_shell.ts";

after(tidy);

// --- Which one ----------------------------------------------------------------------------------

test("a file of SQLite is named from here or from the root; what has a host is refused", () => {
  const cases: [string, string][] = [
    ["sqlite:x.db", "/here/x.db"],
    ["sqlite:a/x.db", "/here/a/x.db"],
    ["sqlite:/var/x.db", "/var/x.db"],
    ["sqlite:///var/x.db", "/var/x.db"],
    ["SQLite:x.db", "/here/x.db"],
  ];
  for (const [where, path] of cases) assertEquals(locate(where, "/here"), { kind: "sqlite", path });
  for (const where of ["sqlite://x.db", "sqlite://var/x.db", "sqlite://"]) {
    assertThrows(
      () => locate(where, "/here"),
      BadInput,
      `--ledger must be sqlite:FILE, or sqlite:///FILE from the root: received "${where}"`,
    );
  }
});

test("a .deployer that belongs to somebody else is refused, here and above, unless it is named", () => {
  const top = fresh();
  const deep = join(top, "a/b");
  const ledger = join(top, ".deployer");
  mkdirSync(deep, { recursive: true });
  mkdirSync(ledger);
  const owner = lstatSync(ledger).uid;
  for (const from of [top, deep]) {
    assertEquals(locate(undefined, from, owner), { kind: "folder", path: ledger });
    const refused = assertThrows(() => locate(undefined, from, owner + 1), BadInput);
    assertEquals(
      refused.message,
      `folder "${ledger}" belongs to user ${owner}, not to you (${owner + 1}): ` +
        `--ledger ${ledger} uses it all the same`,
    );
    assertEquals(locate(ledger, from, owner + 1), { kind: "folder", path: ledger });
    // Where the system has no such numbers.
    assertEquals(locate(undefined, from, undefined), { kind: "folder", path: ledger });
  }
});

test("a link to a .deployer is its owner's too", { skip: process.getuid?.() !== 0 }, () => {
  const top = fresh();
  const own = fresh();
  symlinkSync(own, join(top, ".deployer"));
  assertEquals(locate(undefined, top).kind, "folder");
  lchownSync(join(top, ".deployer"), 1, 1);
  assertThrows(() => locate(undefined, top), BadInput, "belongs to user 1, not to you (0)");
});

const SECRET = "s3cr3t";

test("a password is printed nowhere, and becomes no folder, however its URL is misspelt", async () => {
  const urls = [
    `postgres://u:${SECRET}@127.0.0.1:1/d`,
    `Postgres://u:${SECRET}@127.0.0.1:1/d`,
    `postgers://u:${SECRET}@h/d`,
    `postgresql:/u:${SECRET}@h/d`,
    `postgres:u:${SECRET}@h/d`,
    `postgres//u:${SECRET}@h/d`,
    `postgres ://u:${SECRET}@h/d`,
    ` postgres://u:${SECRET}@h/d`,
    `"postgres://u:${SECRET}@h/d"`,
    `//u:${SECRET}@h/d`,
    `u:${SECRET}@h/d`,
    `user:${SECRET}@h/d`,
    `jdbc:postgresql://u:${SECRET}@h/d`,
    `sqlite:postgres://u:${SECRET}@h/d`,
    `sqlite://u:${SECRET}@h/d`,
    `postgres://u:${SECRET}@h:port/d`,
    `postgres://u:x/${SECRET}@h/d`,
    `postgres://u:1/${SECRET}@h/d`,
    `postgres://u:1#${SECRET}@h/d`,
    `postgres://u:@${SECRET}@h/d`,
    `postgres://u:a ${SECRET}@h:port/d`,
    `postgres://u:a"${SECRET}@h:port/d`,
    `postgres://127.0.0.1:1/d?user=u&password=${SECRET}`,
    `postgers://h/d?password=${SECRET}`,
    `host=h user=u password=${SECRET} dbname=d`,
    `host=h user=u password = '${SECRET} ${SECRET}' dbname=d`,
  ];
  const cwd = process.cwd();
  const folder = fresh();
  writeFileSync(join(folder, "order.json"), "{}");
  process.chdir(folder);
  try {
    for (const url of urls) {
      const calls: [string[], Record<string, string>?][] = [
        ...["list", "recover", "report"].map((name): [string[]] => [[name, "--ledger", url]]),
        [["show", "--ledger", url, "x"]],
        [["exec", "--ledger", url, "--", "true"]],
        [["list"], { DEPLOYER_LEDGER: url }],
        [["exec", "--", "true"], { DEPLOYER_LEDGER: url }],
        [["complete", "show", "--ledger", url, ""]],
        [[url]],
        ...["list", "run", "check", "sign", "completion", "recover", "report", "exec"]
          .map((name): [string[]] => [[name, url]]),
        [["show", "--ledger", "sqlite:none.db", url]],
        [["ssh", "web1", url, "--", "true"]],
        [["list", `--legder=${url}`]],
        [["list", "--status", url]],
        [["report", "--ledger", ".", "--out", url]],
        [["run", "--target", url, "order.json"]],
        [["sign", "order.json", "--key", url]],
        [["exec", "--timeout", url, "--", "true"]],
      ];
      for (const [args, env = {}] of calls) {
        const { code, stdout, stderr } = await run(args, { env });
        assert(!(stdout + stderr).includes(SECRET), `${args}: ${stdout}${stderr}`);
        assert(code !== 0 && code !== 70, `${args}: ${code} ${stderr}`);
      }
    }
    assertEquals(readdirSync(folder).filter((name) => name !== "order.json"), []);
  } finally {
    process.chdir(cwd);
  }
});

test("of a server's URL its host and its database are named, and nothing that may be a secret", () => {
  const names: [string, string][] = [
    [`postgres://me:${SECRET}@db.example:5433/orders`, "postgres://db.example:5433/orders"],
    [`postgresql://db.example/orders?password=${SECRET}`, "postgres://db.example/orders"],
    [`postgres://u:1/${SECRET}@h/d`, "postgres://…"],
    [`postgres://u:x/${SECRET}@h/d`, "postgres://…"],
  ];
  for (const [url, name] of names) assertEquals(addressOf(locate(url)), name);
});

test("a new folder keeps git out before the first order is in it, and its ledger's folder is private", async () => {
  const folder = join(fresh(), "a", "ledger");
  const { values } = readArguments(["ledger"], ["--ledger", folder], {});
  const order = { orderId: "x", action: { name: "n" } };
  const seen: string[] = [];
  const ledger = new FolderLedger(folder);
  const { consume } = ledger;
  const watched: Ledger = Object.assign(ledger, {
    consume: (...given: Parameters<typeof consume>) => {
      seen.push(...readdirSync(folder), readFileSync(join(folder, ".gitignore"), "utf8"));
      return consume(...given);
    },
  });
  const code = await attempt(
    order,
    () => () => "done",
    values,
    testShell(),
    () => Promise.resolve(watched),
  );
  assertEquals([code, seen], [0, [".gitignore", "*\n"]]);
  assertEquals(statSync(folder).mode & 0o077, 0);
  assert(existsSync(join(folder, "open")));
});

// --- Another order of the same identity -----------------------------------------------------------

test("an identity that was consumed for another action is 64, and says so first", async () => {
  const was = { program: "./deploy.sh", args: ["staging"] };
  const cases: [
    consumed: ExecutionRequest["action"],
    given: ExecutionRequest["action"],
    string?,
  ][] = [
    [{ name: "command", input: was }, {
      name: "command",
      input: { args: ["staging"], program: "./deploy.sh" },
    }],
    [{ name: "n", input: { a: 1e2, b: [0] } }, {
      name: "n",
      input: { b: [-0], a: 100.0, c: undefined },
    }],
    [
      { name: "command", input: was },
      { name: "command", input: { program: "./deploy.sh", args: ["production"] } },
      "it was consumed for ./deploy.sh staging, and nothing was executed for ./deploy.sh production",
    ],
    [
      { name: "command", input: { program: "ls", args: ["a", "b"] } },
      { name: "command", input: { program: "ls", args: ["b", "a"] } },
      "it was consumed for ls a b, and nothing was executed for ls b a",
    ],
    [
      { name: "http", input: { method: "POST", url: "http://h/", body: "1" } },
      { name: "http", input: { method: "POST", url: "http://h/", body: "2" } },
      "it was consumed for POST http://h/ with another input, and nothing was executed",
    ],
    [
      { name: "release", input: { site: "a" } },
      { name: "deploy", input: { site: "a" } },
      "it was consumed for release a, and nothing was executed for deploy a",
    ],
    [
      { name: "n" },
      { name: "n", input: null },
      "it was consumed for n with another input, and nothing was executed",
    ],
  ];
  for (const [consumed, given, difference] of cases) {
    const entry = entryFor("x", consumed);
    const ledger = stub({
      consume: () => Promise.reject(new OrderAlreadyConsumed("x", "here", entry)),
    });
    const shell = testShell();
    const { values } = readArguments(["ledger"], ["--ledger", fresh()], {});
    let isCalled = false;
    const order = { orderId: "x", action: given };
    const code = await attempt(order, () => () => isCalled = true, values, shell, ledger);
    const [first] = shell.said.stderr.split("\n");
    const said = difference === undefined
      ? `deployer: order "x" is consumed already: nothing was executed`
      : `deployer: order "x" is another one: ${difference}`;
    assertEquals([code, isCalled, first], [difference === undefined ? 73 : 64, false, said]);
    assertEquals(JSON.parse(shell.said.stdout), entry);
  }
});

test("of an order whose input was archived nobody says that it is another one, and no 73 that it is the same", async () => {
  const { result: _, ...claimed } = entryFor("x", { name: "n" });
  const result = { ...await resultOf(), trace: undefined } as unknown as ExecutionResult;
  const [fact] = claim("x");
  const archived: [Entry, string][] = [
    [
      { ...claimed, status: "APPLIED", result },
      "is consumed already, and nothing was executed: the",
    ],
    [{ ...claimed, status: "UNKNOWN", recovered: fact }, "is consumed already, and nothing was"],
    [{ ...claimed, status: "OPEN" }, "is another one"], // An archive leaves what is open alone.
    [{ ...claimed, status: "FAILED", result: await resultOf() }, "is another one"],
  ];
  for (const [entry, said] of archived) {
    const ledger = stub({
      consume: () => Promise.reject(new OrderAlreadyConsumed("x", "here", entry)),
    });
    const shell = testShell();
    const { values } = readArguments(["ledger"], ["--ledger", fresh()], {});
    const order = { orderId: "x", action: { name: "n", input: 1 } };
    assertEquals(await attempt(order, () => () => "done", values, shell, ledger), EXIT.BAD_INPUT);
    assertStringIncludes(shell.said.stderr, `deployer: order "x" ${said}`);
  }
});

test("what is too long for a line is cut where it is shown, and recorded whole", async () => {
  const ledger = fresh();
  const long = "x".repeat(100_000);
  const refused = [
    ["exec", "--order", long, "--", "true"],
    ["exec", "--annotate", long, "--", "true"],
    ["list", "--status", long],
    ["list", long],
    ["completion", long],
    [long],
  ];
  for (const args of refused) {
    const { code, stderr } = await run(args);
    assertEquals([code, stderr.length < 300], [EXIT.BAD_INPUT, true], stderr.slice(0, 300));
  }
  const args = ["exec", "--ledger", ledger, "--order", "x", "--", "node", "-e", `0//${long}`];
  const { code, stderr } = await run(args);
  assertEquals([code, stderr.length < 1200], [EXIT.APPLIED, true], stderr.slice(0, 300));
  assertStringIncludes(stderr, "it ended with code 0");
  const recorded = await new FolderLedger(ledger).get("x");
  assert(JSON.stringify(recorded?.request.action).includes(long));
  const other = await run([...args.slice(0, -1), `1//${long}`]);
  assertEquals([other.code, other.stderr.length < 4000], [EXIT.BAD_INPUT, true]);
});

test("an order that is consumed, and cannot be read, is not taken for this one: 74", async () => {
  const ledger = stub({ consume: () => Promise.reject(new OrderAlreadyConsumed("x", "here")) });
  const { values } = readArguments(["ledger"], ["--ledger", fresh()], {});
  const order = { orderId: "x", action: { name: "n" } };
  await assertRejects(
    () => attempt(order, () => () => "done", values, testShell(), ledger),
    LedgerDown,
    `order "x" is already consumed: see here: nothing was executed`,
  );
});

// --- Damage -------------------------------------------------------------------------------------

const DAMAGES = [{ where: "/l/1.json", problem: "is empty" }, {
  where: "/l/2.json",
  problem: "is null",
}];
const NAMED = "the ledger is damaged: /l/1.json is empty; /l/2.json is null";

/** A ledger of three orders on two pages, of which each names its damage, and one of both. */
const pages = ({ after }: Query = {}): Promise<Page> =>
  Promise.resolve(
    after === undefined
      ? { entries: [entryFor("a"), entryFor("b")], next: "2", damages: DAMAGES }
      : { entries: [entryFor("c")], damages: DAMAGES.slice(1) },
  );

const damaged = stub({
  list: pages,
  entries: (filter) => entriesOf(pages, filter),
  get: () => Promise.reject(new LedgerDamaged(DAMAGES.slice(0, 1), [])),
});

for (const terminal of [false, true]) {
  const on = terminal ? "on a terminal" : "for programs";
  test(`list ${on}: all orders are listed, then each damage is named once`, async () => {
    const shell = testShell({ terminal });
    const error = await assertRejects(() => list(invocation(), shell, damaged), LedgerDamaged);
    assertEquals(error.message, NAMED);
    const ids = terminal ? ["  a  ", "  b  "] : ["a", "b", "c"].map((id) => `"orderId":"${id}"`);
    for (const id of ids) assertStringIncludes(shell.said.stdout, id);
  });
}

test("report writes the page of all other orders, for its owner alone, then names the damage", async () => {
  const file = join(fresh(), "report.html");
  const ledger = await damaged();
  const { orders, damage } = await writePage(ledger, file, Promise.resolve("<body></body>"));
  assertEquals([orders, damage?.message], [3, NAMED]);
  assertEquals(readFileSync(file, "utf8").match(/"orderId":"[abc]"/g)?.length, 6);
  assertEquals(statSync(file).mode & 0o777, 0o600);
});

test("show of a damaged order names what is damaged", async () => {
  const given = { ...invocation(), operands: ["x"] };
  await assertRejects(() => show(given, testShell(), damaged), LedgerDamaged, "/l/1.json is empty");
});

test("what is left of an archived result is shown: its status, and that the rest was archived", async () => {
  const claimed = entryFor("a");
  const whole = await resultOf();
  for (const taken of [["trace", "facts"], ["trace"], ["facts"]]) {
    const kept = Object.entries(whole).filter(([name]) => !taken.includes(name));
    const result = Object.fromEntries(kept) as unknown as ExecutionResult;
    const archived: Entry = { ...claimed, status: "APPLIED", result };
    const ledger = stub({
      get: () => Promise.resolve(archived),
      list: () => Promise.resolve({ entries: [archived] }),
    });
    const shell = testShell({ terminal: true });
    assertEquals(await show({ ...invocation(), operands: ["a"] }, shell, ledger), EXIT.APPLIED);
    assertEquals(await list(invocation(), shell, ledger), 0);
    assertEquals(shell.said.stdout.match(/APPLIED/g)?.length, 2);
    const how = taken.includes("trace") ? "how it ended was archived" : "it returned its proof";
    assertStringIncludes(shell.said.stdout, how);
  }
});

test("recover lists all that it closes, also where an order that it closed is damaged", async () => {
  const facts = ["a", "b"].map((id) => entryFor(id).fact);
  const ledger = stub({
    recover: () => Promise.reject(new LedgerDamaged(DAMAGES, facts)),
    get: (id) =>
      id === "a" ? Promise.reject(new LedgerDamaged(DAMAGES, [])) : Promise.resolve(entryFor(id)),
  });
  const shell = testShell({ terminal: true });
  await assertRejects(() => recover(invocation(), shell, ledger), LedgerDamaged, NAMED);
  assertStringIncludes(shell.said.stdout, "a\n\n");
  assertStringIncludes(shell.said.stdout, "OPEN\x1b[39m\x1b[22m  \x1b[1mb");
  assertStringIncludes(shell.said.stderr, "2 orders are closed as UNKNOWN");
});

function entryFor(orderId: string, action?: ExecutionRequest["action"]): Entry {
  const [fact, request, context] = claim(orderId);
  return { status: "OPEN", fact, request: action ? { orderId, action } : request, context };
}

async function resultOf(): Promise<ExecutionResult> {
  const order = { orderId: "a", action: { name: "n" } };
  return await execute(order, { executionId: "e", runner: "r" }, () => "done");
}

/** Opens a ledger that can do only that. */
function stub(of: Partial<Ledger>): () => Promise<Ledger> {
  return () => Promise.resolve({ close: () => Promise.resolve(), ...of } as Ledger);
}

function invocation() {
  return readArguments(["ledger"], ["--ledger", fresh()], {});
}
