/**
 * What one execution costs, and its physical limit, by how many are in flight and by the size of the
 * raw value. Argument: the runtime's name. Prints points, not ratios: `growth.ts` draws them.
 *
 * @module
 */
import process from "node:process";
import { type CaptureLimits, execute } from "../../mod.ts";
import { physicalLimit } from "./contenders.ts";
import { unsafeCopy } from "./copies.ts";
import { type Contenders, inTurns, sink, spread } from "./measure.ts";
import { payload } from "./payloads.ts";

/** One point of a curve; `ns` for one execution. */
export interface Point {
  readonly runtime: string;
  readonly of: string;
  readonly by: "in flight" | "bytes";
  readonly x: number;
  readonly ns: number;
}

const [runtime = "Node"] = process.argv.slice(2);
const context = { executionId: "execution-1", runner: "alice" };
const LIFTED = { maxValues: Infinity, maxCharacters: Infinity, maxArrayLength: Infinity };

/** One execution, as often as wanted at the same time. */
function work(value: object, times: number, limits?: CaptureLimits): Contenders {
  const request = { orderId: "order-1", action: { name: "release.switch" } };
  const action = async () => {
    await undefined;
    return value;
  };
  const of = { request, context, action, ports: undefined };
  const contenders = {
    "execute()": () => execute(request, context, action, { limits }),
    "physical limit": () => physicalLimit(of, unsafeCopy),
  };
  const together = (once: () => Promise<unknown>) => () =>
    Promise.all(Array.from({ length: times }, once));
  return Object.fromEntries(
    Object.entries(contenders).map(([of, once]) => [of, times === 1 ? once : together(once)]),
  );
}

async function report(by: Point["by"], x: number, work: Contenders, rounds: number, times = 1) {
  for (const [of, ns] of Object.entries(await inTurns(work, rounds))) {
    const point: Point = { runtime, of, by, x, ns: Math.round(spread(ns).median / times) };
    console.log(JSON.stringify(point));
  }
  sink.last = undefined;
}

for (const bytes of [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]) {
  const value = payload(bytes);
  const large = bytes > 1_000_000;
  const size = JSON.stringify(value).length;
  await report("bytes", size, work(value, 1, large ? LIFTED : undefined), large ? 9 : 15);
}
for (const times of [1, 10, 100, 1_000, 10_000, 100_000]) {
  await report("in flight", times, work(payload(100), times), times > 10_000 ? 9 : 15, times);
}
