/**
 * What it costs to read a ledger, whatever lies behind: a page of the newest, one by status, and a
 * whole pass, at sizes that grow. Called by `run.ts`.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Ledger } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";
import { writeReport } from "deployer-runner/report";
import pg from "pg";
import { claimOf, resultOf } from "./orders.ts";

/** How many orders are in flight while a ledger is filled. */
const LANES = 64;

/** Prints a table of them. */
export async function measureReading(
  root: string,
  url: string,
  sizes: readonly number[],
): Promise<void> {
  console.log("\nreading, with a history of closed orders\n");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("truncate deployer.orders");
  await client.end();
  const ledgers: Record<string, Ledger> = {
    folder: new FolderLedger(join(root, "read")),
    sqlite: await SqliteLedger.open(join(root, "read.db")),
    postgres: await PostgresLedger.open(url),
  };
  const table = [];
  for (const [name, ledger] of Object.entries(ledgers)) {
    const measured: Record<string, number[]> = {};
    let filled = 0;
    for (const size of sizes) {
      await fill(ledger, filled, size);
      filled = size;
      const page = { limit: 20 } as const;
      const of = {
        "list({ limit: 20 })": () => median(() => ledger.list(page)),
        'list({ limit: 20, status: "FAILED" })': () =>
          median(() => ledger.list({ ...page, status: "FAILED" })),
        "entries()": () => once(() => passOver(ledger, size)),
        "writeReport()": () => once(() => report(ledger, join(root, "read.html"))),
      };
      for (const [what, measure] of Object.entries(of)) {
        (measured[what] ??= []).push(await measure());
      }
    }
    for (const [what, times] of Object.entries(measured)) {
      const [least = 0, most = 0] = [times[0], times.at(-1)];
      const [last = 0, before = 0] = [times.at(-1), times.at(-2)];
      table.push({
        ledger: name,
        what,
        ...Object.fromEntries(sizes.map((size, i) => [size, `${times[i]!.toFixed(1)} ms`])),
        "last / first": (most / least).toFixed(2),
        "last / before": (last / before).toFixed(2),
        target: what.startsWith("list") ? "page: last / first <= 3" : "pass: last / before <= 12",
        met: (what.startsWith("list") ? most / least <= 3 : last / before <= 12) ? "yes" : "NO",
      });
    }
    await ledger.close();
  }
  console.table(table);
}

/** Every fiftieth order failed. */
async function fill(ledger: Ledger, from: number, to: number): Promise<void> {
  let next = from;
  const lane = async () => {
    while (next < to) {
      const i = next++;
      const orderId = `read-${i}`;
      await ledger.consume(...claimOf(orderId));
      const result = resultOf(orderId);
      await ledger.store(i % 50 === 0 ? { ...result, status: "FAILED" } as never : result);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function passOver(ledger: Ledger, size: number): Promise<void> {
  let seen = 0;
  for await (const _ of ledger.entries()) seen += 1;
  if (seen !== size) throw new Error(`the pass has seen ${seen} of ${size} orders`);
}

async function report(ledger: Ledger, file: string): Promise<void> {
  await writeReport(ledger, file);
  if (statSync(file).size === 0) throw new Error("the report is empty");
}

async function once(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 11; i += 1) times.push(await once(work));
  return times.sort((a, b) => a - b)[5] as number;
}
