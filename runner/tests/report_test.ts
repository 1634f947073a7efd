import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { execute } from "deployer-runtime";
import { LedgerDown } from "../ledgers/errors.ts";
import { FolderLedger } from "../ledgers/folder.ts";
import type { Entry, Ledger } from "../ledgers/ledger.ts";
import { reportOf, writePage, writeReport } from "../report.ts";

const PAGE = "<body><p>the page, which says </body> twice</p></body></html>";

async function reported(
  ledger: Pick<Ledger, "entries">,
): Promise<{ text: string; orders: number }> {
  let text = "";
  let orders = 0;
  for await (const part of reportOf(PAGE, ledger.entries())) {
    text += part.text;
    orders += part.orders;
  }
  return { text, orders };
}

/** The entries in a page, as its script finds them. */
function entriesIn(text: string): Entry[] {
  const blocks = text.matchAll(/<script type="application\/json"[^>]*>([\s\S]*?)<\/script>/g);
  return [...blocks].flatMap(([, json]) => JSON.parse(json!));
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "report-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("all that a ledger has of its orders stands in the page, before its end", async () => {
  await inFolder(async (folder) => {
    await using ledger = new FolderLedger(folder);
    const run = (orderId: string, input: unknown) =>
      execute(
        { orderId, action: { name: "x", input } },
        { executionId: orderId, runner: "me" },
        () => "done",
        ledger,
      );
    await ledger.store(await run("a", "</script><script>alert(1)</script><!--"));
    await run("b", "never stored");
    const { text, orders } = await reported(ledger);
    assertEquals(orders, 2);
    const { entries } = await ledger.list();
    assertEquals(entriesIn(text), entries);
    assert(text.endsWith("</script>\n</body></html>"), text.slice(-60));
    assertEquals(text.split("</script>").length, 2);
    assertEquals(text.includes("<!--"), false);
  });
});

test("a ledger of many orders is read once, and each stands in the page once", async () => {
  const list = [...Array(2500).keys()].map((id) => ({ status: "OPEN", id }) as unknown as Entry);
  let passes = 0;
  const { text, orders } = await reported({
    async *entries() {
      passes += 1;
      yield* list;
    },
  });
  assertEquals(orders, 2500);
  assertEquals(entriesIn(text), list);
  assertEquals(text.split("</script>").length, 6);
  assertEquals(passes, 1);
});

test("a page without orders is a page", async () => {
  const { text, orders } = await reported({ async *entries() {} });
  assertEquals(orders, 0);
  assertEquals(entriesIn(text), []);
});

test("a ledger that cannot be read says so itself, a file that cannot be written is named", async () => {
  await inFolder(async (folder) => {
    const fault = new LedgerDown("cannot list orders");
    const down = {
      // deno-lint-ignore require-yield -- It fails before.
      async *entries() {
        throw fault;
      },
    };
    const error = await reported(down).catch((error) => error);
    assertEquals(error, fault);
    const nowhere = join(folder, "none", "report.html");
    await assertRejects(
      () => writeReport({ async *entries() {} }, nowhere),
      Error,
      `cannot write the report ${JSON.stringify(nowhere)}`,
    );
    assertEquals(readdirSync(folder), []);
    assertEquals(existsSync(nowhere), false);
  });
});

test("what is not a file keeps its name: no page takes the place of a FIFO or a link", async () => {
  await inFolder(async (folder) => {
    const ledger = { async *entries() {} };
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const file = join(folder, "file");
    writeFileSync(file, "it stays");
    const links = [fifo, file, join(folder, "none")].map((target, i) => {
      const link = join(folder, `link-${i}`);
      symlinkSync(target, link);
      return link;
    });
    const before = readdirSync(folder);
    for (const path of [fifo, ...links]) {
      await assertRejects(
        () => writePage(ledger, path, Promise.resolve(PAGE)),
        Error,
        "is not a file",
      );
    }
    assertEquals(readdirSync(folder), before);
    assertEquals([fifo, ...links].map((path) => lstatSync(path).isFile()), Array(4).fill(false));
    assertEquals(readFileSync(file, "utf8"), "it stays");
  });
});
