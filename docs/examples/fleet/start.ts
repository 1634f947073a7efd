/**
 * The whole fleet, from an empty database to a table: `DATABASE_URL=… npm start` starts three workers
 * and feeds orders that end in every way there is. One order kills its worker: the fleet replaces the
 * worker, and closes the order.
 */
import { fork } from "node:child_process";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { SCHEMA } from "deployer-runner/ledgers/postgres";
import { writeReport } from "deployer-runner/report";
import type { DemoInput } from "./action.ts";
import { INDEX, STATUSES, TABLE } from "./queries.ts";
import { feed, installQueue, unfinished } from "./queue.ts";
import { openLedger } from "./runner.ts";

const WORKERS = ["worker-1", "worker-2", "worker-3"];
const ENDINGS = ["applied", "applied", "failed", "unproven", "dies", "applied"] as const;

const { DATABASE_URL: url } = process.env;
if (url === undefined) throw new Error("DATABASE_URL is missing: it names the fleet's database");
const client = new pg.Client({ connectionString: url });
client.on("error", () => {}); // The next query says it.
await client.connect();
await client.query(SCHEMA);
await client.query(INDEX);
const queue = await installQueue(url, 5);

// A fresh name each time: an order that the database has seen is never executed again.
const batch = Date.now().toString(36);
const orders = Array.from({ length: 18 }, (_, index) => {
  const ends = index < 6 ? ENDINGS[index]! : ENDINGS[index % 4]!; // Only one dies.
  const input: DemoInput = { ends, ms: 200 + 150 * (index % 5) };
  return {
    order: {
      orderId: `${batch}-${String(index + 1).padStart(2, "0")}`,
      action: { name: "demo", input },
    },
  };
});
await feed(queue, [...orders, ...orders.slice(0, 3)]); // Three orders are asked for twice.
console.log(`fed ${orders.length} orders, 3 of them twice, to ${WORKERS.length} workers`);

let closing = false;
const start = (name: string) => {
  const worker = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), [name]);
  worker.once("exit", (code, signal) => {
    workers.delete(worker);
    if (closing) return;
    console.log(`${name}  died (${signal ?? code}): a new one takes its place`);
    start(name);
  });
  workers.add(worker);
};
const workers = new Set<ReturnType<typeof fork>>();
for (const name of WORKERS) start(name);

const { ledger, close } = await openLedger(url);
let seen = "";
const isDone = async () => {
  for (const { orderId } of await ledger.recover()) {
    console.log(`recovery  ${orderId}  UNKNOWN: consumed without a result, its Runner is gone`);
  }
  const left = await unfinished(queue);
  const { rows } = await client.query(STATUSES, [batch]);
  const now = rows.map(({ status, orders }) => `${status ?? "in flight"} ${orders}`).join(", ");
  if (now !== seen) console.log(`progress  deliveries left: ${left}; ${seen = now}`);
  return left === 0;
};
do await sleep(500); while (!await isDone());

closing = true;
for (const worker of workers) worker.kill("SIGTERM");
while (workers.size > 0) await sleep(50);
const { rows } = await client.query(TABLE, [batch]);
print(rows);
const report = fileURLToPath(new URL("report.html", import.meta.url));
await writeReport(ledger, report);
console.log(`\nall orders of the ledger, to look at in a browser: ${report}`);
await close();
await client.end();
await queue.stop({ graceful: false });

/** Columns as wide as what stands in them. */
function print(rows: Record<string, unknown>[]): void {
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map(Object.values)]
    .map((cells) => cells.map((cell) => String(cell ?? "")));
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]!.length))
  );
  console.log();
  for (const cells of lines) {
    console.log(cells.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
  }
}
