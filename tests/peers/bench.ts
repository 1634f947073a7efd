/**
 * What an execution costs, beside what people use instead: in one process, on one PostgreSQL, in
 * interleaved turns. The action returns at once.
 *
 *     npm run bench -- --rounds 7 --ms 1000
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import * as ours from "./bench/ours.ts";
import * as peers from "./bench/peers.ts";
import { type Contender, type Ground, Turn } from "./bench/turn.ts";
import { lendDatabases } from "./databases.ts";
import { markdown } from "./table.ts";
import { versions } from "./versions.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    ms: { type: "string", default: "1000" },
    bytes: { type: "string", default: "2000" }, // Executions that are weighed.
  },
});
const rounds = Number(values.rounds);
const ms = Number(values.ms);
const weighed = Number(values.bytes);
const LANES = [1, 16];

const OPENERS: Record<string, (ground: Ground) => Promise<Contender>> = {
  "ours, folder ledger": ours.folder,
  "ours, SQLite ledger": ours.sqlite,
  "ours, PostgreSQL ledger": ours.postgres,
  "ours, fleet": ours.fleet,
  "pg-boss": peers.pgboss,
  "graphile-worker": peers.graphile,
  "BullMQ": peers.bullmq,
  "DBOS": peers.dbos,
  "Restate": peers.restate,
};
const names = Object.keys(OPENERS);
const root = mkdtempSync(join(tmpdir(), "peers-bench-"));
const databases = await lendDatabases();
let folders = 0;
const open = (name: string) =>
  OPENERS[name]!({ folder: join(root, String(folders += 1)), database: databases.next });

/** Bytes that an execution leaves behind, 16 at once. */
async function weigh(name: string): Promise<number> {
  const contender = await open(name);
  const before = await contender.stored();
  await contender.feed?.(weighed);
  const turn = new Turn(16, { most: weighed });
  await contender.take(turn);
  const bytes = (await contender.stored() - before) / turn.done;
  await contender.close();
  return Math.max(0, Math.round(bytes)); // Tables that were written anew may have lost a page.
}

/** Executions a second. */
async function rate(contender: Contender, lanes: number, plenty: number): Promise<number> {
  await contender.feed?.(plenty);
  const turn = new Turn(lanes, { ms });
  const begin = performance.now();
  await contender.take(turn);
  return turn.done / (performance.now() - begin) * 1000;
}

const bytes = new Map<string, number>();
for (const name of names) bytes.set(name, await weigh(name));

const standing = new Map<string, Contender>();
for (const name of names) standing.set(name, await open(name));
const rates = new Map<string, number[]>();
for (const name of names) for (const lanes of LANES) rates.set(`${name} ${lanes}`, []);
for (let round = 0; round <= rounds; round += 1) {
  for (const lanes of LANES) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const seen = rates.get(`${name} ${lanes}`)!;
      // Never the last of a queue: twice what it took before, and what is left waits for the next turn.
      const plenty = round === 0 ? 6 * ms : 2 * Math.max(...seen) * ms / 1000;
      seen.push(await rate(standing.get(name)!, lanes, Math.ceil(plenty)));
    }
  }
}
for (const contender of standing.values()) await contender.close();
await databases.stop();
rmSync(root, { recursive: true, force: true });

/** The first round only warms up. */
function median(values: number[]): number {
  const sorted = values.slice(1).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function ratio(name: string, lanes: number, to: string): string {
  const others = rates.get(`${to} ${lanes}`)!;
  return median(rates.get(`${name} ${lanes}`)!.map((rate, i) => rate / others[i]!)).toFixed(2);
}

console.log(
  `Executions a second, medians of ${rounds} interleaved turns of ${ms} ms; bytes of ${weighed} ` +
    `executions; ${versions()}\n`,
);
console.log(markdown(names.map((name) => ({
  contender: name,
  ...Object.fromEntries(LANES.flatMap((lanes) => [
    [`${lanes} at once, a second`, Math.round(median(rates.get(`${name} ${lanes}`)!))],
    [`/ our ledger, ${lanes}`, ratio(name, lanes, "ours, PostgreSQL ledger")],
    [`/ our fleet, ${lanes}`, ratio(name, lanes, "ours, fleet")],
  ])),
  "bytes an execution": bytes.get(name),
}))));
process.exit(0);
