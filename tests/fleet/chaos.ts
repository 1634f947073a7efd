/**
 * Kills workers, and their database, at random instants, while orders flow. Then it looks whether an
 * order ran twice, or vanished.
 *
 *     npm run chaos -- --kills 1000             # and --seed 7 for the same orders and the same dice
 *     npm run chaos -- --kills 1000 --folder    # the ledger of files, without a database
 *     npm run chaos -- --kills 1000 --sqlite    # the ledger in SQLite: Node 22.13 or later
 *     npm run chaos -- --fault claims-twice     # a fault that it must find: the exit code is 1
 *
 * The other faults are `claims-late` (consumed after the action) and `finishes-early` (the job is
 * finished before the order is consumed; only in PostgreSQL).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { type Arena, type Job, localArena, postgresArena } from "./chaos/arena.ts";
import { judge, type Verdict } from "./chaos/judge.ts";
import type { ChaosInput, Task } from "./chaos/worker.ts";

const WORKERS = 4;
const BACKLOG = 200;
const ENDS = ["applied", "applied", "failed", "unproven"] as const;
const FAULTS = ["claims-twice", "claims-late", "finishes-early"];

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
    fault: { type: "string" },
    folder: { type: "boolean", default: false },
    sqlite: { type: "boolean", default: false },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
if (!(kills >= 1)) throw new Error(`--kills must be at least 1: received ${values.kills}`);
if (!Number.isInteger(seed)) throw new Error(`--seed must be an integer: received ${values.seed}`);
if (values.fault !== undefined && !FAULTS.includes(values.fault)) {
  throw new Error(`--fault must be one of ${FAULTS.join(", ")}: received ${values.fault}`);
}

/** Mulberry32: small, and the same everywhere. */
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const folder = mkdtempSync(join(tmpdir(), "fleet-chaos-"));
const effects = join(folder, "effects.log");
writeFileSync(effects, "");
const program = join(folder, "worker.cjs");
// In one file it starts in a fraction of the time: most of a worker's life is work.
await build({
  entryPoints: [fileURLToPath(new URL("chaos/worker.ts", import.meta.url))],
  bundle: true,
  platform: "node",
  format: "cjs",
  external: ["pg-native"],
  outfile: program,
  logLevel: "error",
});
const where = values.sqlite ? "SQLite" : values.folder ? "a folder" : "PostgreSQL";
const arena: Arena = where === "PostgreSQL"
  ? await postgresArena()
  : await localArena(folder, where === "SQLite");

const fed = new Set<string>();
const workers = new Set<ChildProcess>();
const killed = { workers: 0, databases: 0 };
let begun = 0;
let died = 0;
let complaints = "";
let crashed = Promise.resolve();

/** Starts a worker, and waits until it has said so, or is gone. */
async function start(runner: string, until: "started" | "ready"): Promise<ChildProcess> {
  const task: Task = { runner, effects, fault: values.fault, ...arena.task };
  const worker = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  workers.add(worker);
  worker.once("exit", () => workers.delete(worker));
  worker.stderr?.on("data", (text) => complaints = (complaints + text).slice(-4000));
  const said = new Promise<void>((resolve) =>
    worker.on("message", (message) => message === until && resolve())
  );
  await Promise.race([said, once(worker, "exit")]);
  return worker;
}

/** One place in the fleet: whoever works there is killed, and replaced, until it is enough. */
async function slot(name: string): Promise<void> {
  let worker: ChildProcess | undefined;
  while (begun < kills) {
    if (!worker || !workers.has(worker)) {
      // Most are killed at work, some before they have found the database.
      worker = await start(name, random() < 0.8 ? "ready" : "started");
    }
    await sleep(random() * 500);
    if (begun >= kills) break;
    if (!workers.has(worker)) {
      died += 1; // By itself: it lost the database.
      if (died > 100 + 5 * kills) throw new Error(`workers do not stay alive: ${complaints}`);
      continue;
    }
    begun += 1;
    if (arena.crash && begun % 20 === 10) {
      await (crashed = crashed.then(() => arena.crash?.(random()))); // Never two at once.
      killed.databases += 1;
    } else {
      const gone = once(worker, "exit");
      worker.kill("SIGKILL");
      await gone;
      killed.workers += 1;
    }
  }
}

/** Gives orders away, never too many at once. Some are asked for twice. */
async function flow(): Promise<void> {
  while (begun < kills) {
    await sleep(50);
    if (await arena.backlog().catch(() => BACKLOG) >= BACKLOG) continue;
    const jobs = Array.from({ length: 40 }, newJob);
    const again = jobs.filter(() => random() < 0.1).map(({ order }) => ({
      id: randomUUID(),
      order,
    }));
    await persist(() => arena.feed([...jobs, ...again]));
  }
}

function newJob(): Job {
  const orderId = `order-${fed.size + 1}`;
  const input: ChaosInput = {
    before: Math.floor(random() * 10),
    after: Math.floor(random() * 10),
    ends: ENDS[Math.floor(random() * ENDS.length)]!,
  };
  fed.add(orderId);
  return { id: randomUUID(), order: { orderId, action: { name: "chaos", input } } };
}

/** Recovery goes on all the time, as it does in a fleet. */
async function recovery(): Promise<void> {
  while (begun < kills) {
    await sleep(100);
    await arena.recover().catch(() => {}); // The database is down: later.
  }
}

/** Says how far it is. */
async function progress(): Promise<void> {
  for (let last = -1; begun < kills;) {
    await sleep(1000);
    if (begun - last >= kills / 10) {
      console.log(`${last = begun} of ${kills} kills, ${fed.size} orders`);
    }
  }
}

/** Again and again, until it is done: what is asked for survives a crash of the database. */
async function persist<Value>(what: () => Promise<Value>): Promise<Value> {
  for (let patience = 100;; patience -= 1) {
    try {
      return await what();
    } catch (error) {
      if (patience === 0) throw error;
      await sleep(200);
    }
  }
}

/** Nothing runs any more: what is left is closed, and judged. */
async function look(): Promise<Verdict> {
  while (await persist(arena.busy)) await sleep(50);
  await persist(arena.recover);
  return judge({
    fed,
    queued: await persist(arena.queued),
    entries: await persist(arena.entries),
    effects: readFileSync(effects, "utf8").split("\n").slice(0, -1),
  });
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const all = [...workers].map((worker) => [worker, once(worker, "exit")] as const);
  for (const [worker] of all) worker.kill(signal);
  await Promise.all(all.map(([, gone]) => gone));
}

console.log(
  `seed ${seed}, ${kills} kills, ${where}` +
    `${values.fault ? `, with the fault ${values.fault}` : ""}`,
);
const begin = performance.now();
const names = Array.from({ length: WORKERS }, (_, index) => `worker-${index + 1}`);
await Promise.all([flow(), recovery(), progress(), ...names.map(slot)]);
await end("SIGKILL"); // All at once.
const seconds = (performance.now() - begin) / 1000;
const after = await look();

// Then nobody is killed any more: what is not consumed yet must still be executed.
for (const name of names) await start(name, "ready");
for (let patience = 600; patience > 0 && await persist(arena.backlog) > 0; patience -= 1) {
  await sleep(100);
}
await end("SIGTERM");
const last = await look();
if (last.counts["not consumed"]! > 0) last.violations.push("orders are left, although nobody died");

console.log(
  `killed ${killed.workers} workers and ${killed.databases} databases in ${
    seconds.toFixed(1)
  } s; ` +
    `${died} workers ended by themselves, for want of a database`,
);
console.table(
  Object.fromEntries(
    Object.entries(last.counts).map(([state, orders]) => [
      state,
      { "when all were killed": after.counts[state], "when the rest was worked off": orders },
    ]),
  ),
);
if (died > 0 && killed.databases === 0) last.violations.push(`workers died: ${complaints}`);
// The last that was found wrong about an order says it all.
const violations = new Map([...after.violations, ...last.violations].map((violation) => [
  violation.split(":")[0],
  violation,
]));
for (const violation of [...violations.values()].slice(0, 20)) {
  console.log(`VIOLATION  ${violation}`);
}
console.log(`${violations.size} violations`);
await arena.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(violations.size > 0 ? 1 : 0);
