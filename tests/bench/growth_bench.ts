/**
 * What one execution costs, by how many are in flight and by the size of the raw value. Argument: the
 * runtime's name. Prints points, not ratios: `growth.ts` draws them.
 *
 * @module
 */
import process from "node:process";
import { type CaptureLimits, execute, type ExecutionResult } from "../../mod.ts";
import { inTurns, sink, spread } from "./measure.ts";
import { payload } from "./payloads.ts";

/** One point of a curve; `ns` for one execution. */
export interface Point {
  readonly runtime: string;
  readonly by: "in flight" | "bytes";
  readonly x: number;
  readonly ns: number;
}

const [runtime = "Node"] = process.argv.slice(2);
const context = { executionId: "execution-1", runner: "alice" };
const LIFTED = { maxValues: Infinity, maxCharacters: Infinity, maxArrayLength: Infinity };

function order(value: object, limits?: CaptureLimits): () => Promise<ExecutionResult> {
  const request = { orderId: "order-1", action: { name: "release.switch" } };
  const action = async () => {
    await undefined;
    return value;
  };
  return () => execute(request, context, action, { limits });
}

function report(by: Point["by"], x: number, ns: number): void {
  const point: Point = { runtime, by, x, ns: Math.round(ns) };
  console.log(JSON.stringify(point));
}

for (const bytes of [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]) {
  const value = payload(bytes);
  const one = order(value, bytes > 1_000_000 ? LIFTED : undefined);
  const times = await inTurns({ one }, bytes > 1_000_000 ? 9 : 15);
  report("bytes", JSON.stringify(value).length, spread(times["one"] as number[]).median);
}

const once = order(payload(100));
for (const x of [1, 10, 100, 1_000, 10_000, 100_000]) {
  const all = () => Promise.all(Array.from({ length: x }, once));
  const times = await inTurns({ all }, x > 10_000 ? 9 : 15);
  sink.last = undefined;
  report("in flight", x, spread(times["all"] as number[]).median / x);
}
