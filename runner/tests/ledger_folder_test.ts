/** The folder of files as a ledger: the suite of all ledgers, and how it tells who is gone. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LedgerDamaged, LedgerDown, OrderAlreadyConsumed } from "deployer-runner";
import { execute, type ExecutionResult } from "deployer-runtime";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { testLedger } from "deployer-runner/testing";
import { onWindows } from "../../tests/support/windows.ts";
import { NotOnWindows } from "../flush.ts";
import {
  isGone,
  isGoneAsSeen,
  type ProcessIdentity,
  type Sight,
  thisProcess,
} from "../ledgers/process.ts";
import { claim } from "../testing_claim.ts";
import { contentOf, opened, partsOf, pathOf, sha256 } from "./folder_parts.ts";
import { openLedger } from "./open_folder.ts";
import { runtime } from "./runtime.ts";

const root = mkdtempSync(join(tmpdir(), "ledger-test-"));
after(() => rmSync(root, { recursive: true }));

// `bun test` without arguments ends a test after 5 seconds.
const LONG = { timeout: 60_000 };

testLedger("a folder of files", {
  opener: new URL("open_folder.ts", import.meta.url).href,
  runtime,
  fresh: () => mkdtempSync(join(root, "fresh-")),
  openDown() {
    const file = join(mkdtempSync(join(root, "down-")), "file");
    writeFileSync(file, "");
    return openLedger(file);
  },
  parts: partsOf((folder) => folder),
  weak: "none", // Nobody can set it to lose what was flushed,
  waits: "none", // and no other process makes it wait.
  foreign() {
    const places: [what: string, files: Record<string, string>][] = [
      ["a folder of a program", { "package.json": "{}", "src/main.ts": "" }],
      ["a folder of a program that has a folder open/", { "main.ts": "", "open/door.txt": "" }],
      ["a folder with another program's ledger.json", { "ledger.json": '{"ledger":"accounts"}' }],
      ["a folder with a ledger.json that is torn", { "ledger.json": '{"ledg' }],
      ["a folder with a ledger.json that holds nothing", { "ledger.json": "[]" }],
      ["a ledger of a later version", {
        "ledger.json": '{"ledger":"deployer-runner/folder","version":3}',
        [`${sha256("x")}.json`]: '{"order":"x"}',
      }],
    ];
    return places.map(([what, files]) => {
      const location = mkdtempSync(join(root, "foreign-"));
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(location, name)), { recursive: true });
        writeFileSync(join(location, name), text);
      }
      return { what, location, content: () => contentOf(location) };
    });
  },
});

test("a ledger that is not there yet has lost nothing, and none is made to say so", async () => {
  const folder = join(root, "not/there");
  assertEquals(await new FolderLedger(folder).lost(), []);
  assertEquals(existsSync(folder), false);
});

test("a ledger stays the folder that it was opened as, also where its process goes elsewhere", async () => {
  const home = mkdtempSync(join(root, "home-"));
  const before = process.cwd();
  process.chdir(home);
  try {
    const ledger = new FolderLedger("ledger");
    await ledger.consume(...claim("x"));
    process.chdir(mkdtempSync(join(root, "elsewhere-")));
    await ledger.store({ ...await resultOf("x"), executionId: "e" });
    for (let i = 0; i < 3; i += 1) {
      await assertRejects(() => ledger.consume(...claim("x")), OrderAlreadyConsumed);
    }
    assertEquals(readdirSync("."), []);
  } finally {
    process.chdir(before);
  }
  assertEquals((await new FolderLedger(join(home, "ledger")).get("x"))?.status, "APPLIED");
});

test("what killed processes have left goes by the command of docs/scale.md, and nothing else", async () => {
  const cwd = mkdtempSync(join(root, "left-"));
  const folder = join(cwd, "ledger");
  const ledger = new FolderLedger(folder);
  for (const orderId of ["x", "y", "z"]) await ledger.consume(...claim(orderId));
  await ledger.store({ ...await resultOf("x"), executionId: "e" });
  const id = "0b6c1d8e-4f5a-4c3b-9d2e-1f0a7b8c9d0e";
  const left = [
    `${id}.tmp`,
    `open/${"0".repeat(64)}.result.json.${id}.tmp`,
    `index.${id}.tmp/all/1`,
  ];
  mkdirSync(join(folder, `index.${id}.tmp/all`), { recursive: true });
  for (const path of left) writeFileSync(join(folder, path), "");
  const all = readdirSync(folder, { recursive: true }).map(String);
  for (const path of all) utimesSync(join(folder, path), 0, 0);
  writeFileSync(join(folder, "recent.tmp"), "");

  const page = readFileSync(new URL("../../docs/scale.md", import.meta.url), "utf8");
  const command = /^find ledger .*$/m.exec(page)?.[0] ?? "exit 1";
  execFileSync("sh", ["-c", command], { cwd });

  const kept = [...all.filter((path) => !path.includes(".tmp")), "recent.tmp"].sort();
  assertEquals(readdirSync(folder, { recursive: true }).map(String).sort(), kept);
  assertEquals((await ledger.list()).entries.length, 3);
  assertEquals((await new FolderLedger(folder, () => true).recover()).length, 2);
});

test("a folder is refused as a ledger on Windows, where its names cannot be flushed", async () => {
  const folder = join(root, "windows");
  const error = await assertRejects(
    () => onWindows(() => new FolderLedger(folder)),
    NotOnWindows,
    "use SQLite",
  );
  assertMatch(error.message, /^[^\n]+$/);
  assertEquals(existsSync(folder), false);
});

test("what a killed process was writing is no entry", async () => {
  const folder = mkdtempSync(join(root, "left-"));
  const ledger = new FolderLedger(folder, () => Promise.resolve(true));
  await ledger.consume(...claim("x"));
  writeFileSync(join(folder, "0a1b.tmp"), "{ half");
  writeFileSync(join(folder, "open", `${sha256("x")}.result.json.0a1b.tmp`), "{ half");
  mkdirSync(join(folder, "other"));
  assertEquals((await ledger.recover()).map(({ orderId }) => orderId), ["x"]);
  assertEquals(readdirSync(folder).filter((name) => name.endsWith(".tmp")), [
    "0a1b.tmp",
  ]);
});

test("a Runner that stores its result while it is looked for is not lost", async () => {
  const folder = mkdtempSync(join(root, "late-"));
  const path = join(folder, sha256("x"));
  const result = { ...await resultOf("x"), executionId: "e" };
  const ledger = new FolderLedger(folder, () => {
    writeFileSync(`${path}.result.json`, JSON.stringify(result));
    return Promise.resolve(true);
  });
  await ledger.consume(...claim("x"));
  assertEquals(await ledger.lost(), []);
});

test("a folder of the time before the mark and the index is read as it is, and given both by what writes", async () => {
  const folder = mkdtempSync(join(root, "old-"));
  const ledger = new FolderLedger(folder, () => true);
  for (const orderId of ["open", "done", "recovered"]) {
    await ledger.consume(...claim(orderId));
  }
  await ledger.store({ ...(await resultOf("done")), executionId: "e" });
  const [consumed] = claim("recovered");
  const recovered = JSON.stringify({ ...consumed, type: "PROOF_ABSENT" });
  writeFileSync(join(folder, `${sha256("recovered")}.recovered.json`), recovered);
  rmSync(join(folder, "open"), { recursive: true });
  rmSync(join(folder, "ledger.json"));

  const before = contentOf(folder);
  const old = new FolderLedger(folder, () => true);
  assertEquals((await old.lost()).map(({ orderId }) => orderId), ["open"]);
  assertEquals((await old.list()).entries.length, 3);
  assertEquals((await old.get("done"))?.status, "APPLIED");
  assertEquals(contentOf(folder), before);

  const many = [1, 2, 3].map(() => new FolderLedger(folder, () => true));
  const closed = (await Promise.all(many.map((ledger) => ledger.recover()))).flat();
  assertEquals(closed.map(({ orderId }) => orderId), ["open"]);
  assertEquals(opened(folder), []);
  assertEquals(JSON.parse(readFileSync(join(folder, "ledger.json"), "utf8")), {
    ledger: "deployer-runner/folder",
    version: 2,
  });
  await new FolderLedger(folder).consume(...claim("new"));
  assertEquals(readdirSync(folder).filter((name) => name.endsWith(".tmp")), []);
});

test(
  "ledgers that make their folder at the same time do not take it from each other",
  LONG,
  async () => {
    for (let i = 0; i < 50; i++) {
      const folder = join(root, `made-${i}`, "below");
      const ledgers = Array.from({ length: 20 }, () => new FolderLedger(folder));
      const claims = await Promise.allSettled(
        ledgers.map((ledger) => ledger.consume(...claim("x"))),
      );
      const faults = claims.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
      assertEquals(faults.map(({ name }) => name), Array(19).fill("OrderAlreadyConsumed"));
    }
  },
);

test("an order that is closed leaves the index, whoever closes it", async () => {
  const folder = mkdtempSync(join(root, "index-"));
  const ledger = new FolderLedger(folder);
  const other = new FolderLedger(folder);
  const index = () => opened(folder).length;
  await Promise.all(
    ["a", "b", "c"].map((orderId) => ledger.consume(...claim(orderId))),
  );
  assertEquals(index(), 1); // One file for all that were claimed at the same time.
  const store = async (to: FolderLedger, orderId: string) =>
    await to.store({ ...await resultOf(orderId), executionId: "e" });
  const all = () => readdirSync(join(folder, "open")).filter((name) => name !== ".index").length;
  await store(ledger, "a");
  await store(other, "b");
  assertEquals(index(), 1);
  await store(ledger, "c");
  assertEquals(await other.lost(), []); // It sees that all three are closed.
  assertEquals(all(), 0);

  // Of claims that were refused nothing stays there.
  await Promise.allSettled(
    ["a", "b"].map((orderId) => ledger.consume(...claim(orderId))),
  );
  assertEquals(all(), 0);
});

test("a folder whose index was taken away, as a whole or in part, lists each order once, and gets it anew", async () => {
  for (const part of ["index", "index/all", "index/FAILED"]) {
    const folder = mkdtempSync(join(root, "unlisted-"));
    const before = new FolderLedger(folder, () => true);
    for (const orderId of ["done", "failed", "open"]) await before.consume(...claim(orderId));
    await before.store({ ...await resultOf("done"), executionId: "e" });
    await before.store(
      { ...await resultOf("failed"), executionId: "e", status: "FAILED" } as never,
    );
    rmSync(join(folder, part), { recursive: true });

    const ledger = new FolderLedger(folder, () => true);
    const listed = async (status?: "FAILED" | "UNKNOWN") =>
      (await ledger.list({ status })).entries.map(({ fact }) => fact.orderId).sort();
    assertEquals([await listed(), await listed("FAILED")], [["done", "failed", "open"], [
      "failed",
    ]]);
    await ledger.recover();
    await ledger.consume(...claim("new"));
    assertEquals(await listed(), ["done", "failed", "new", "open"]);
    assertEquals([await listed("FAILED"), await listed("UNKNOWN")], [["failed"], ["open"]]);
    assert(existsSync(join(folder, part)));
    assertEquals(readdirSync(folder).filter((name) => name.endsWith(".tmp")), []);
  }
});

test("a claim that its process died over, before it had the order's name, is none", async () => {
  const folder = mkdtempSync(join(root, "half-"));
  const ledger = new FolderLedger(folder, () => true);
  await ledger.consume(...claim("x"));
  rmSync(join(folder, `${sha256("x")}.json`)); // As a crash leaves it.
  writeFileSync(
    join(folder, "open", "00000000-0000-0000-0000-000000000000.json"),
    "[ { half",
  );
  assertEquals(await ledger.recover(), []);
  await ledger.consume(...claim("x")); // It was not consumed.
});

test("damaged and foreign files stop the recovery of no other order, and are named", async () => {
  const folder = mkdtempSync(join(root, "damaged-"));
  const ledger = new FolderLedger(folder, () => true);
  for (const orderId of ["a", "b", "c", "d"]) {
    await ledger.consume(...claim(orderId));
  }
  writeFileSync(join(folder, `${sha256("b")}.json`), "{ half");
  writeFileSync(join(folder, `${sha256("c")}.json`), '{ "fact": {} }');
  writeFileSync(join(folder, "open", "notes.txt"), "mine");
  writeFileSync(join(folder, "open", ".DS_Store"), "the file system's own");

  for (const call of ["lost", "recover"] as const) {
    const error = await assertRejects(
      () => ledger[call](),
      LedgerDamaged,
      "notes.txt is not a file of the ledger",
    );
    assertEquals(error.facts.map(({ orderId }) => orderId).sort(), ["a", "d"]);
    const said = error.damages.map(({ where, problem }) => `${where} ${problem}`).sort().join("\n");
    // Both names of the same file are named.
    assertEquals(error.damages.length, 5, said);
    for (const name of ["[0-9a-f]{64}", "open/[-.0-9TZa-f]{36,}"]) {
      assertMatch(said, new RegExp(`${name}\\.json is not JSON: .*`));
      assertMatch(
        said,
        new RegExp(`${name}\\.json is not the entry of an order: fact\\.orderId is not a text`),
      );
    }
  }
  assertEquals((await ledger.get("a"))?.status, "UNKNOWN");
  await assertRejects(
    () => ledger.get("b"),
    LedgerDown,
    `${sha256("b")}.json is not JSON`,
  );
  await assertRejects(() => ledger.recover(), LedgerDamaged);
});

test("whoever looks for lost orders in the middle of claims makes no refusal an error", async () => {
  const folder = mkdtempSync(join(root, "looked-"));
  const ledger = new FolderLedger(folder);
  const looking = new FolderLedger(folder);
  await looking.consume(...claim("x"));
  let claiming = true;
  const looks = (async () => {
    while (claiming) await looking.lost(); // It tidies up what others have written in vain.
  })();
  for (let i = 0; i < 50; i += 1) {
    await assertRejects(() => ledger.consume(...claim("x", i)), OrderAlreadyConsumed);
  }
  claiming = false;
  await looks;
});

test("a copy of the folder that made files of its hard links still knows what is open", async () => {
  const folder = mkdtempSync(join(root, "copied-"));
  const copy = mkdtempSync(join(root, "copy-"));
  const ledger = new FolderLedger(folder);
  await Promise.all(
    ["a", "b"].map((orderId) => ledger.consume(...claim(orderId))),
  );
  await ledger.store({ ...await resultOf("a"), executionId: "e" });
  cpSync(folder, copy, { recursive: true });
  const closed = await new FolderLedger(copy, () => true).recover();
  assertEquals(closed.map(({ orderId }) => orderId), ["b"]);
});

test("an index file that a copy has torn is named once, and its orders are recovered", async () => {
  const folder = mkdtempSync(join(root, "whole-"));
  const copy = mkdtempSync(join(root, "torn-"));
  const ledger = new FolderLedger(folder);
  await Promise.all(["a", "b"].map((orderId) => ledger.consume(...claim(orderId))));
  await ledger.consume(...claim("c"));
  cpSync(folder, copy, { recursive: true });
  const torn = pathOf(copy, "a", "open");
  writeFileSync(torn, readFileSync(torn, "utf8").slice(0, 100));

  const copied = new FolderLedger(copy, () => true);
  for (const call of ["lost", "recover"] as const) {
    const error = await assertRejects(() => copied[call](), LedgerDamaged, `${torn} is not JSON`);
    assertEquals(error.facts.map(({ orderId }) => orderId).sort(), ["a", "b", "c"]);
    assertEquals(error.damages.length, 1);
  }
  assertEquals(await copied.recover(), []);
  assertEquals(opened(copy), []);
});

test("an order of a batch that had its result stays closed, also when that was archived", async () => {
  const folder = mkdtempSync(join(root, "archived-"));
  const ledger = new FolderLedger(folder);
  await Promise.all(["a", "b", "c"].map((orderId) => ledger.consume(...claim(orderId))));
  await ledger.store({ ...await resultOf("a"), executionId: "e" });
  rmSync(join(folder, `${sha256("a")}.result.json`));

  const next = new FolderLedger(folder, () => true); // Its process was killed.
  assertEquals((await next.lost()).map(({ orderId }) => orderId).sort(), ["b", "c"]);
  assertEquals((await next.recover()).map(({ orderId }) => orderId).sort(), ["b", "c"]);
  assertEquals((await next.get("a"))?.status, "APPLIED");
  assertEquals(readdirSync(join(folder, "open")), [".index"]);

  rmSync(join(folder, `${sha256("a")}.result.json`)); // Its Runner has closed it: that is remembered.
  assertEquals(await next.recover(), []);
});

test("an order whose result was archived keeps its status, also where the index is damaged or gone", async () => {
  const folder = mkdtempSync(join(root, "kept-"));
  const ledger = new FolderLedger(folder);
  await Promise.all(["a", "b"].map((orderId) => ledger.consume(...claim(orderId))));
  await Promise.all(
    ["a", "b"].map(async (orderId) =>
      await ledger.store({ ...await resultOf(orderId), executionId: "e" })
    ),
  );
  for (const name of ["a", "b"].map((orderId) => pathOf(folder, orderId, "result"))) {
    const results: ExecutionResult[] = [JSON.parse(readFileSync(name, "utf8"))].flat();
    const kept = results.map(({ orderId, executionId, status }) => ({
      orderId,
      executionId,
      status,
    }));
    rmSync(name);
    writeFileSync(name, JSON.stringify(kept)); // As docs/scale.md has it.
  }
  const next = new FolderLedger(folder, () => true);
  writeFileSync(join(folder, "open", "00000000-0000-0000-0000-000000000000.json"), "");
  assertEquals(await next.recover(), []);
  rmSync(join(folder, "open"), { recursive: true });
  assertEquals(await next.recover(), []);
  for (const orderId of ["a", "b"]) {
    assertEquals((await next.get(orderId))?.status, "APPLIED");
    await assertRejects(() => new FolderLedger(folder).consume(...claim(orderId)));
  }
});

/** What may be in the place of a file, made at a path. */
const OTHERS: [what: string, make: (path: string) => unknown][] = [
  ["a FIFO", (path) => execFileSync("mkfifo", [path])],
  ["a folder", (path) => mkdirSync(path)],
  ["a socket", async (path) => {
    const short = join(mkdtempSync(join(tmpdir(), "s-")), "s"); // Its path has at most 103 bytes.
    const server = createServer().listen(short);
    await once(server, "listening");
    renameSync(short, path);
    server.close();
    rmSync(dirname(short), { recursive: true });
  }],
  ["a link to a device without an end", (path) => symlinkSync("/dev/zero", path)],
  ["a link to nothing", (path) => symlinkSync("nothing", path)],
];

for (const [what, make] of OTHERS) {
  test(
    `${what} in the place of a file is named, holds nobody up, and hides no other order`,
    LONG,
    async () => {
      for (const part of ["entry", "result", "recovered", "open"]) {
        const folder = mkdtempSync(join(root, "other-"));
        const ledger = new FolderLedger(folder, () => true);
        for (const orderId of ["a", "b", "c"]) await ledger.consume(...claim(orderId));
        await ledger.store({ ...await resultOf("b"), executionId: "e" });
        const [fact] = claim("a");
        const path = pathOf(folder, "a", part);
        rmSync(path, { force: true });
        await make(path);

        const lost = await assertRejects(() => ledger.lost(), LedgerDamaged, path);
        // What only the index has lost is found all the same.
        const found = part === "open" ? ["a", "c"] : ["c"];
        assertEquals(lost.facts.map(({ orderId }) => orderId).sort(), found, part);
        const { entries, damages = [] } = await ledger.list();
        assertEquals(entries.map((entry) => entry.fact.orderId).sort().slice(-2), ["b", "c"]);
        if (part !== "open") {
          assertEquals([entries.length, damages.map(({ where }) => where)], [2, [path]]);
          await assertRejects(() => ledger.get("a"), LedgerDamaged, path);
        }
        await assertRejects(() => ledger.consume(...claim("a")), OrderAlreadyConsumed);
        await assertRejects(() => ledger.recover(), LedgerDamaged, path);
        assertEquals((await ledger.get("c"))?.status, "UNKNOWN");
        assertEquals((await ledger.get("b"))?.fact.at, fact.at);

        // Nor does it keep a folder that has lost its index from getting another one.
        rmSync(join(folder, "open"), { recursive: true });
        await new FolderLedger(folder).consume(...claim("d"));
      }
    },
  );
}

test("a place that is no folder, or takes none, is an error at once", LONG, async () => {
  const folder = mkdtempSync(join(root, "places-"));
  execFileSync("mkfifo", [join(folder, "fifo")]);
  await new FolderLedger(join(folder, "made")).consume(...claim("x"));
  rmSync(join(folder, "made/open"), { recursive: true });
  execFileSync("mkfifo", [join(folder, "made/open")]);
  for (const path of ["/proc/x", join(folder, "fifo"), join(folder, "made")]) {
    const ledger = new FolderLedger(path);
    await assertRejects(() => ledger.consume(...claim("y")), LedgerDown, 'order "y": ');
  }
});

test("only its owner can read a ledger, whatever the umask; a folder that was there stays as it is", async () => {
  const umask = process.umask(0);
  try {
    const above = mkdtempSync(join(root, "mode-"));
    const there = mkdtempSync(join(root, "there-"));
    chmodSync(there, 0o755);
    const modes = (folder: string): string[] => {
      const paths = readdirSync(folder, { recursive: true }).map((name) =>
        join(folder, String(name))
      );
      return [folder, ...paths].map((path) => {
        const stats = statSync(path);
        return `${stats.isDirectory() ? "folder" : "file"} ${(stats.mode & 0o777).toString(8)}`;
      });
    };
    for (const mask of [0, 0o022, 0o077]) {
      process.umask(mask);
      for (const folder of [join(above, `${mask}`, "ledger"), there]) {
        const ledger = new FolderLedger(folder, () => true);
        for (const orderId of ["a", "b"]) await ledger.consume(...claim(`${orderId} ${mask}`));
        await ledger.store({ ...await resultOf(`a ${mask}`), executionId: "e" });
        const before = modes(folder);
        await ledger.recover();
        const [own, ...below] = new Set([...before, ...modes(folder)]);
        assertEquals([own, below.sort()], [
          folder === there ? "folder 755" : "folder 700",
          folder === there ? ["file 600", "folder 700"] : ["file 600"],
        ]);
      }
      assertEquals((statSync(join(above, `${mask}`)).mode & 0o777).toString(8), "700");
    }
  } finally {
    process.umask(umask);
  }
});

test("a folder with what is nobody's may become a ledger, and is marked before its first order", async () => {
  const folder = mkdtempSync(join(root, "harmless-"));
  for (const name of ["output", "lost+found"]) mkdirSync(join(folder, name));
  for (const name of [".gitignore", ".DS_Store"]) writeFileSync(join(folder, name), "*");
  const before = contentOf(folder);
  const ledger = new FolderLedger(folder);
  assertEquals([await ledger.lost(), await ledger.recover(), await ledger.get("x")], [
    [],
    [],
    undefined,
  ]);
  assertEquals(await ledger.list(), { entries: [] });
  assertEquals(contentOf(folder), before);

  await ledger.consume(...claim("x"));
  const [mark, entry] = ["ledger.json", `${sha256("x")}.json`].map((name) =>
    statSync(join(folder, name), { bigint: true }).mtimeNs
  );
  assert((mark as bigint) <= (entry as bigint));
  assertEquals(JSON.parse(readFileSync(join(folder, "ledger.json"), "utf8")), {
    ledger: "deployer-runner/folder",
    version: 2,
  });
});

test("a ledger of a later version is refused by its number, and a mark that is torn by its name", async () => {
  const folder = mkdtempSync(join(root, "later-"));
  const path = join(folder, "ledger.json");
  for (
    const [text, problem] of [
      ['{"ledger":"deployer-runner/folder","version":3}', "says version 3: this package knows 2"],
      ['{"ledger":', "is not JSON"],
    ] as const
  ) {
    writeFileSync(path, text);
    await assertRejects(() => new FolderLedger(folder).lost(), LedgerDown, `${path} ${problem}`);
  }
});

/** A process as all of it was recorded, and as it is seen while it lives. */
const RECORDED = { host: "h", pid: 7, boot: "b", container: "pid:[1]", started: "100" };
const LIVING = { exists: true, state: "S", started: "100", hasNamespaces: true };
const ELSEWHERE = { ...LIVING, hasNamespaces: false, state: undefined, started: undefined };
const { boot: _b, container: _c, started: _s, ...ANYWHERE } = RECORDED;

type Pieces = { [piece in keyof ProcessIdentity]?: ProcessIdentity[piece] | undefined };

/** What was recorded, what the one who asks is, and what is seen of the id: is it gone? */
const JUDGEMENTS: [string, of: Pieces, own: Pieces, seen: Partial<Sight>, isGone: boolean][] = [
  ["it lives", {}, {}, {}, false],
  ["its id is free", {}, {}, { exists: false }, true],
  ["its id was given again", {}, {}, { started: "200" }, true],
  ["it is a zombie", {}, {}, { state: "Z" }, true],
  ["its machine was started again", { boot: "a" }, {}, {}, true],
  ["… and it saw of itself no more than that", { boot: "a", container: undefined }, {}, {}, true],
  ["it is of another machine", { host: "i" }, {}, { exists: false }, false],
  ["it is of another container", { container: "pid:[2]" }, {}, { exists: false }, false],
  ["its boot was not recorded", { boot: undefined }, {}, { exists: false }, false],
  ["its container was not recorded", { container: undefined }, {}, { exists: false }, false],
  ["its start was not recorded, and its id is taken", { started: undefined }, {}, {}, false],
  [
    "its start was not recorded, and its id is free",
    { started: undefined },
    {},
    { exists: false },
    true,
  ],
  ["the start is not seen", {}, {}, { started: undefined, state: undefined }, false],
  ["who asks sees no boot", {}, { boot: undefined }, { exists: false }, false],
  ["who asks sees no container", {}, { container: undefined }, { exists: false }, false],
  ["neither sees a container", { container: undefined }, { container: undefined }, {
    exists: false,
  }, false],
];

test("a process is gone only where all that says so was recorded, and is seen, of one namespace", () => {
  for (const [when, of, own, seen, isGone] of JUDGEMENTS) {
    const [recorded, asking] = [of, own].map((pieces) => ({ ...RECORDED, ...pieces }));
    const said = isGoneAsSeen(recorded as ProcessIdentity, asking as ProcessIdentity, {
      ...LIVING,
      ...seen,
    });
    assertEquals(said, isGone, when);
  }
  // Where there is no /proc, and ids have no namespaces, as on macOS: the id is all that there is.
  assertEquals(isGoneAsSeen(ANYWHERE, ANYWHERE, ELSEWHERE), false);
  assertEquals(isGoneAsSeen(ANYWHERE, ANYWHERE, { ...ELSEWHERE, exists: false }), true);
  assertEquals(isGoneAsSeen(RECORDED, ANYWHERE, { ...ELSEWHERE, exists: false }), false);
});

test("a process is gone when its id is free or was given again, or its machine started again", async () => {
  const own = await thisProcess();
  assertEquals(await isGone(own), false);
  assertEquals(await isGone({ ...own, started: "1" }), true, "given again");
  assertEquals(
    await isGone({ ...own, boot: "another" }),
    true,
    "started again",
  );

  const child = spawn("sleep", ["60"]);
  const { pid } = child;
  assert(pid !== undefined);
  // Whatever it holds, `started` is not of it: only that it lives is asked here.
  const { started: _own, ...anytime } = own;
  const alive = { ...anytime, pid, started: startOf(pid) };
  assertEquals(await isGone(alive), false);
  child.kill("SIGKILL");
  await once(child, "exit");
  assertEquals(await isGone(alive), true);
});

test("a process that is dead and not yet buried is gone", async () => {
  // The shell becomes a program that never asks after the child it has inherited.
  const parent = spawn("sh", ["-c", "sleep 0.01 & echo $!; exec sleep 60"]);
  const [line] = await once(parent.stdout, "data");
  const pid = Number(line);
  try {
    const { started: _own, ...anytime } = await thisProcess();
    const zombie = { ...anytime, pid, started: startOf(pid) };
    const end = Date.now() + 5000;
    while (!await isGone(zombie) && Date.now() < end) {
      await new Promise((r) => setTimeout(r, 10));
    }
    assertEquals(await isGone(zombie), true);
    assert(existsSync(`/proc/${pid}`), "still a zombie");
  } finally {
    parent.kill("SIGKILL");
  }
});

test("of another machine or container nobody says that a process is gone", async () => {
  const own = await thisProcess();
  const pid = 2 ** 30; // There is none: Linux gives ids up to 2^22.
  assertEquals(await isGone({ ...own, pid }), true);
  assertEquals(await isGone({ ...own, pid, host: "another" }), false);
  assertEquals(await isGone({ ...own, pid, container: "pid:[1]" }), false);
  assertEquals(
    await isGone({ host: own.host, pid }),
    false,
    "one of the two saw no /proc",
  );
});

async function resultOf(orderId: string): Promise<ExecutionResult> {
  const order = { orderId, action: { name: "n" } };
  return await execute(order, { executionId: "e", runner: "r" }, () => "done");
}

/** Field 22 of its line in `/proc`. */
function startOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(
    " ",
  )[19] as string;
}
