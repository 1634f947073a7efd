/**
 * One contender under the kills: its worker is killed by SIGKILL at random instants while it works,
 * and started again. Then it may finish.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Arena, Contender, Ground } from "./contender.ts";
import { judge, type Row } from "./judge.ts";
import { dice, orders, WORK } from "./orders.ts";
import type { Task } from "./worker.ts";

/** How the harness goes about it; times in ms. */
export interface Plan {
  orders: number;
  kills: number;
  seed: number;
  /** How long it waits for a sign of life before it takes a contender for finished. */
  patience: number;
}

/** A worker is killed at most so long after it began its first order. */
const SPAN = 3 * WORK;

/** @param module URL of the contender's module */
export async function underKills(module: string, ground: Ground, plan: Plan): Promise<Row> {
  const random = dice(plan.seed);
  const given = orders(plan.orders, random);
  const fed = given.map(({ orderId }) => orderId);
  const effects = join(ground.folder, "effects.log");
  mkdirSync(ground.folder, { recursive: true });
  writeFileSync(effects, "");
  const { open }: Contender = await import(module);
  const arena = await open(ground);
  const task: Task = { module, location: arena.location, effects, lanes: ground.lanes };
  let worker: Worker | undefined;
  try {
    await arena.feed(given);
    let kills = 0;
    while (kills < plan.kills) {
      const instant = random() * SPAN;
      await arena.recover?.();
      worker = new Worker(task);
      if (!await worker.begins(plan.patience)) break; // Nothing is left for it to begin.
      await sleep(instant);
      await worker.kill();
      kills += 1;
    }
    await worker?.kill();
    await arena.recover?.();
    worker = new Worker(task);
    await finished(arena, effects, fed, plan.patience);
    await worker.kill();
    await arena.recover?.();
    return judge(kills, fed, lines(effects), await arena.told());
  } finally {
    await worker?.kill();
    await arena.close();
  }
}

/** Resolves once nothing is open any more, or once nothing has changed for so long. */
async function finished(arena: Arena, effects: string, fed: string[], patience: number) {
  const end = Date.now() + 10 * patience; // Who never stops is not waited for either.
  let last = "";
  let since = Date.now();
  while (Date.now() < Math.min(since + patience, end)) {
    const told = await arena.told();
    const left = fed.filter((orderId) => (told.get(orderId) ?? "open") === "open");
    if (left.length === 0) return;
    const now = `${left} ${lines(effects).length}`;
    if (now !== last) [last, since] = [now, Date.now()];
    await sleep(200);
  }
}

function lines(file: string): string[] {
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

class Worker {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #begun: Promise<boolean>;
  #complaints = "";

  constructor(task: Task) {
    const program = fileURLToPath(new URL("worker.ts", import.meta.url));
    this.#child = spawn(process.execPath, [...process.execArgv, program, JSON.stringify(task)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr!.on("data", (text) => {
      this.#complaints = (this.#complaints + text).slice(-4000);
    });
    this.#gone = once(this.#child, "close"); // And all that it said is read.
    this.#begun = new Promise((resolve) => this.#child.once("message", () => resolve(true)));
  }

  /** Whether it begins an order before the time is over. */
  async begins(patience: number): Promise<boolean> {
    const over = new AbortController();
    const ended = this.#gone.then(() => {
      throw new Error(`a worker ended by itself: ${this.#complaints}`);
    });
    const late = sleep(patience, false, { signal: over.signal }).catch(() => false);
    return await Promise.race([this.#begun, ended, late]).finally(() => over.abort());
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }
}
