/**
 * What calls leave behind, in bytes.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { getEventListeners } from "node:events";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { execute } from "../../mod.ts";

const request = {
  orderId: "order-1",
  action: { name: "release.switch", input: { release: "r42" } },
};
const context = { executionId: "execution-1", runner: "alice" };

/** Collects all garbage; twice, for what a weak reference let go is collected the second time. */
const collect = collector();

function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(sync: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Bytes that are in use, once all garbage is gone. */
export async function heap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

/** Bytes that each of many calls leaves behind. */
export async function bytesLeftBy(
  work: () => unknown,
  executions: number,
): Promise<number> {
  // What compilers and caches keep is kept once: it has been taken before the measurement.
  for (let i = 0; i < executions / 4; i++) await work();
  const before = await heap();
  for (let i = 0; i < executions; i++) await work();
  return (await heap() - before) / executions;
}

/** Executions on one signal, each with what `port` makes of it; their listeners must be gone. */
export async function leftByExecutions(
  port: (shared: AbortSignal) => AbortSignal,
  executions: number,
): Promise<number> {
  const { signal } = new AbortController();
  const action = () => ({ current: "r42" });
  const left = await bytesLeftBy(
    () => execute(request, context, action, { signal: port(signal) }),
    executions,
  );
  strictEqual(getEventListeners(signal, "abort").length, 0);
  return left;
}
