/**
 * Times of facts and traces (design, section 2): the wall clock is read when the order is consumed
 * and when the action is called; from there on the monotonic clock says how long it took.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Clock, execute, type ExecutionResult } from "../mod.ts";
import { assertSound, BEGIN, circumstances, clock, order, settle } from "./support/orders.ts";

/** Executes an order by this clock. */
async function timed(given: Clock): Promise<ExecutionResult> {
  const result = await execute(order(), circumstances(), () => "proof", { clock: given });
  assertSound(result);
  return result;
}

/** `at` of each fact and `durationMs`, the instants as milliseconds after `BEGIN`. */
function times({ facts, trace }: ExecutionResult): number[] {
  return [...facts.map(({ at }) => Date.parse(at) - BEGIN), trace.durationMs];
}

const CASES: [string, number[], number[], number[]][] = [
  ["a clock that stands still", [0], [7], [0, 0, 0, 0]],
  ["whole milliseconds", [0, 5], [100, 112], [0, 5, 17, 12]],
  ["a fraction that is rounded down", [0], [0, 0.4], [0, 0, 0, 0.4]],
  ["a fraction that is rounded up", [0], [0, 12.5], [0, 0, 13, 12.5]],
  ["a wall clock that steps back before the call", [0, -3_600_000], [0, 8], [
    0,
    -3_600_000,
    -3_599_992,
    8,
  ]],
  ["a wall clock that steps forward before the call", [0, 3_600_000], [0, 8], [
    0,
    3_600_000,
    3_600_008,
    8,
  ]],
  ["a wall clock that steps back during the action", [0, 0, -9e9], [0, 8], [0, 0, 8, 8]],
  ["a monotonic clock that goes back", [0], [10, 4], [0, 0, 0, 0]],
  ["a monotonic clock that begins below zero", [0], [-10.5, -0.25], [0, 0, 10, 10.25]],
  ["a wall clock with a fraction", [0.9, 1.9], [0, 1], [0, 1, 2, 1]],
  ["more than three decimals", [0], [0.1, 0.3], [0, 0, 0, 0.2]],
  ["less than a microsecond", [0], [0, 0.0004], [0, 0, 0, 0]],
];

for (const [name, wall, monotonic, expected] of CASES) {
  test(`execute() writes the times of ${name}`, async () => {
    const result = await timed(clock(wall.map((each) => BEGIN + each), monotonic));
    assertEquals(times(result), expected);
  });
}

test("execute() reads the clock in a fixed order, and no more than it needs", async () => {
  const readings: string[] = [];
  await execute(order(), circumstances(), () => readings.push("action"), {
    clock: {
      now: () => (readings.push("now"), BEGIN),
      monotonic: () => (readings.push("monotonic"), 0),
    },
    consume: () => void readings.push("consume"),
  });
  assertEquals(readings, ["now", "consume", "now", "monotonic", "action", "monotonic"]);
});

test("execute() leaves the recording of the input out of the action's time", async () => {
  let monotonic = 0;
  const input = {
    get slow() {
      monotonic += 1000;
      return "read";
    },
  };
  const request = { orderId: "order-1", action: { name: "slow", input } };
  const result = await execute(request, circumstances(), () => {
    monotonic += 5;
    return {
      get slow() {
        monotonic += 1000;
        return "read";
      },
    };
  }, { clock: { now: () => BEGIN, monotonic: () => monotonic } });
  assertEquals(result.trace.durationMs, 5);
});

test("execute() measures by the system's clocks when the Runner gave none", async () => {
  const before = Date.now();
  const { trace } = await execute(
    order(),
    circumstances(),
    () => new Promise<string>((resolve) => setTimeout(resolve, 20, "proof")),
  );
  const after = Date.now();
  // A timer may fire a millisecond early, and clocks are rounded.
  assert(trace.durationMs >= 18 && trace.durationMs <= after - before + 2, `${trace.durationMs}`);
  assert(Date.parse(trace.startedAt) >= before - 1);
  assert(Date.parse(trace.endedAt) <= after + 2);
});

const FAR = [
  8.64e15,
  -8.64e15,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  -0,
  -1,
  -0.5,
  253_402_300_799_999.9,
  253_402_300_800_000,
  -62_167_219_200_000,
  -62_167_219_200_001,
];

test("execute() writes valid times whatever finite numbers the clock gives", async () => {
  for (const wall of FAR) {
    for (const from of FAR) {
      for (const to of FAR) {
        const result = await execute(order(), circumstances(), () => "proof", {
          clock: clock([wall], [from, to]),
        });
        assertTimely(result);
      }
    }
  }
});

/** What JSON Schema says of times and what it cannot say, far quicker than a validator. */
function assertTimely({ facts, trace }: ExecutionResult): void {
  const { startedAt, endedAt, durationMs } = trace;
  for (const at of [...facts.map(({ at }) => at), startedAt, endedAt]) {
    assert(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(at), at);
    assert(!Number.isNaN(Date.parse(at)), at);
  }
  assert(durationMs >= 0 && Number.isFinite(durationMs), `${durationMs}`);
  assert(/^\d+(\.\d{1,3})?$/.test(JSON.stringify(durationMs)), `${durationMs}`);
  assertEquals([facts[1].at, facts[2].at], [startedAt, endedAt]);
}

test("endedAt is startedAt plus durationMs, rounded, for any readings", async () => {
  const readings = fc.tuple(
    fc.double({ min: -2e12, max: 4e12, noNaN: true }),
    fc.double({ min: -1e12, max: 1e12, noNaN: true }),
    fc.double({ min: 0, max: 1e10, noNaN: true }),
  );
  await fc.assert(
    fc.asyncProperty(readings, async ([wall, from, took]) => {
      const result = await execute(order(), circumstances(), () => "proof", {
        clock: clock([wall], [from, from + took]),
      });
      assertTimely(result);
      const { startedAt, endedAt, durationMs } = result.trace;
      const started = Date.parse(startedAt);
      assertEquals(started, Math.trunc(wall) + 0);
      assertEquals(Date.parse(endedAt), Math.round(started + durationMs) + 0);
      assert(Math.abs(durationMs - (from + took - from)) <= 0.000501, `${durationMs}`);
    }),
    { numRuns: 500 },
  );
});

test("facts carry the very times of the trace in every settlement", async () => {
  for (const settlement of ["RETURNED", "THREW", "UNPROVEN", "ABORTED"] as const) {
    const given = clock([BEGIN, BEGIN + 3, BEGIN - 50], [0, 2.5]);
    assertEquals(times(await settle(settlement, { clock: given })), [0, 3, 6, 2.5]);
  }
});
