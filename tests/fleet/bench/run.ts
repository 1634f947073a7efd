/**
 * What the ledgers cost, each beside its floor in one run, and what a long history costs them:
 * `npm run bench:runners` in the repository's root. Node 22.13 or later, for SQLite.
 *
 *     npm run bench -- --rounds 5 --closed 100,10000,1000000 --read 1000,10000,100000 --svg lost.svg
 *
 * Ratios count: absolute times drift by a factor of two on a shared machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Ledger } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";
import { startDatabase } from "../../support/database.ts";
import { chart } from "./chart.ts";
import { closeInFolder, closeInPostgres, closeInSqlite } from "./closed.ts";
import { bareFolder, barePostgres, bareSqlite, sharedFolder } from "./floors.ts";
import { claimOf, type Contender, through } from "./orders.ts";
import { measureReading } from "./reading.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    ms: { type: "string", default: "700" },
    closed: { type: "string", default: "100,10000,1000000" },
    read: { type: "string", default: "1000,10000,100000" },
    svg: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const ms = Number(values.ms);
const sizes = values.closed.split(",").map(Number);
const root = mkdtempSync(join(tmpdir(), "bench-ledgers-"));
const database = await startDatabase();
await PostgresLedger.install(database.url);
await (await SqliteLedger.open(join(root, "ledger.db"))).close();

let next = 0;

/** Orders a second, with so many in flight, for a while. */
async function rate(contender: Contender, inFlight: number): Promise<number> {
  const begin = performance.now();
  let done = 0;
  const lane = async () => {
    while (performance.now() - begin < ms) {
      await contender.order(`order-${process.pid}-${next++}`);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return done / (performance.now() - begin) * 1000;
}

interface Row {
  ledger: string;
  what: string;
  target: string;
  ours: Contender;
  floor: Contender;
  inFlight: [ours: number, floor: number];
}

const contenders = {
  folder: [
    through(new FolderLedger(join(root, "ledger"))),
    bareFolder(join(root, "bare")),
  ],
  "folder, bare group commit": [
    sharedFolder(join(root, "shared")),
    bareFolder(join(root, "bare-again")),
  ],
  sqlite: [
    through(await SqliteLedger.open(join(root, "ledger.db"))),
    bareSqlite(join(root, "ledger.db")),
  ],
  postgres: [
    through(await PostgresLedger.open(database.url)),
    await barePostgres(database.url),
  ],
} as const;
const row = (
  ledger: keyof typeof contenders,
  ours: number,
  floor: number,
  target = "",
): Row => ({
  ledger,
  what: `${ours} in flight`,
  target,
  ours: contenders[ledger][0],
  floor: contenders[ledger][1],
  inFlight: [ours, floor],
});
const rows = [
  row("folder", 1, 1),
  row("folder", 16, 16, ">= 3"),
  row("folder, bare group commit", 16, 16),
  row("sqlite", 1, 1, ">= 0.8"),
  row("sqlite", 16, 1, ">= 5"),
  row("postgres", 1, 1),
  row("postgres", 16, 16, ">= 6"),
  row("postgres", 64, 64),
];

const measured = rows.map(() => ({
  ours: [] as number[],
  floor: [] as number[],
}));
for (let round = 0; round <= rounds; round += 1) {
  for (const [i, { ours, floor, inFlight }] of rows.entries()) {
    const both = [
      async () => ({ of: "ours" as const, is: await rate(ours, inFlight[0]) }),
      async () => ({
        of: "floor" as const,
        is: await rate(floor, inFlight[1]),
      }),
    ];
    if (round % 2 === 1) both.reverse();
    for (const measure of both) {
      const { of, is } = await measure();
      if (round > 0) measured[i]![of].push(is); // The first one only warms up.
    }
  }
}

console.log(
  `orders a second, consumed and stored; medians of ${rounds} interleaved rounds\n`,
);
console.table(rows.map(({ ledger, what, target, inFlight }, i) => {
  const { ours, floor } = measured[i]!;
  const ratio = median(ours.map((rate, round) => rate / floor[round]!));
  return {
    ledger,
    what,
    ledger_rate: Math.round(median(ours)),
    [`bare driver`]: `${Math.round(median(floor))} (${inFlight[1]} in flight)`,
    ratio: ratio.toFixed(2),
    target,
    met: target === "" ? "" : ratio >= Number(target.slice(3)) ? "yes" : "NO",
  };
}));
for (const [ours, floor] of Object.values(contenders)) {
  await ours.close();
  await floor.close();
}

// --- What a history costs ------------------------------------------------------------------------

const ledgers = {
  folder: {
    close: (count: number, first: number) => closeInFolder(join(root, "history"), count, first),
    open: () => Promise.resolve<Ledger>(new FolderLedger(join(root, "history"))),
  },
  sqlite: {
    close: (count: number, first: number) => closeInSqlite(join(root, "history.db"), count, first),
    open: (): Promise<Ledger> => SqliteLedger.open(join(root, "history.db")),
  },
  postgres: {
    close: (count: number, first: number) => closeInPostgres(database.url, count, first),
    open: (): Promise<Ledger> => PostgresLedger.open(database.url),
  },
};

console.log("\nlost(), with 10 open orders and a history of closed ones\n");
const curves: Record<string, [closed: number, ms: number][]> = {};
const table = [];
for (const [name, { close, open }] of Object.entries(ledgers)) {
  const curve: [number, number][] = curves[name] = [];
  const ledger = await open();
  for (let i = 0; i < 10; i += 1) {
    await ledger.consume(...claimOf(`open-${process.pid}-${i}`));
  }
  let first = 0;
  let blocked = 0;
  for (const size of sizes) {
    await close(size, first);
    first = size;
    for (let i = 0; i < 5; i += 1) await ledger.lost();
    await new Promise((turn) => setTimeout(turn, 200));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const times: number[] = [];
    for (let i = 0; i < 25; i += 1) {
      const begin = performance.now();
      await ledger.lost();
      times.push(performance.now() - begin);
      await new Promise((turn) => setTimeout(turn, 2));
    }
    delay.disable();
    blocked = Math.max(blocked, delay.max / 1e6);
    curve.push([size, median(times)]);
  }
  const least = curve[0]![1];
  const most = curve.at(-1)![1];
  table.push({
    ledger: name,
    ...Object.fromEntries(
      curve.map(([size, time]) => [`${size} closed`, `${time.toFixed(2)} ms`]),
    ),
    ratio: (most / least).toFixed(2),
    target: "<= 3",
    met: most / least <= 3 ? "yes" : "NO",
    "longest block": `${blocked.toFixed(0)} ms`,
    "<= 50 ms": blocked <= 50 ? "yes" : "NO",
  });
  await ledger.close();
}
console.table(table);
if (values.svg !== undefined) writeFileSync(values.svg, chart(curves));

await measureReading(root, database.url, values.read.split(",").map(Number));

await database.stop();
rmSync(root, { recursive: true, force: true });

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
