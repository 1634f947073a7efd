/** `timestamp` against `Date.prototype.toISOString`, over every year that RFC 3339 can write. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { timestamp } from "../trace.ts";

const DAY = 86_400_000;
const FIRST = Date.UTC(2000, 0, 1) - 5 * 146_097 * DAY; // 0000-01-01, five times 400 years before 2000.
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

/** Compares one instant without the cost of an assertion: there are hundreds of thousands. */
function differs(instant: number): string | undefined {
  const expected = new Date(instant).toISOString();
  const actual = timestamp(instant);
  return actual === expected ? undefined : `${instant}: ${actual}, expected ${expected}`;
}

/** Fails with the first few instants that are written otherwise than the platform does. */
function assertSame(instants: Iterable<number>): void {
  const wrong: string[] = [];
  for (const instant of instants) {
    const difference = differs(instant);
    if (difference !== undefined && wrong.length < 5) wrong.push(difference);
  }
  assertEquals(wrong, []);
}

test("timestamp() writes the first and the last instant of RFC 3339", () => {
  assertEquals(timestamp(FIRST), "0000-01-01T00:00:00.000Z");
  assertEquals(timestamp(LAST), "9999-12-31T23:59:59.999Z");
  assertEquals(timestamp(0), "1970-01-01T00:00:00.000Z");
  assertEquals(timestamp(-0), "1970-01-01T00:00:00.000Z");
  assertEquals(timestamp(-1), "1969-12-31T23:59:59.999Z");
});

test("timestamp() writes the edges of the days of 400 years, which hold every kind of year", () => {
  assertSame((function* () {
    for (let day = 0; day < 146_097; day++) {
      // The first millisecond of one day, the last of the next.
      yield Date.UTC(1800, 0, 1) + day * DAY - day % 2;
    }
  })());
});

test("timestamp() writes the turn of every month, leap days included, from 0000 to 9999", () => {
  assertSame((function* () {
    for (let year = 0; year <= 9999; year++) {
      for (let month = 0; month < 12; month++) {
        const first = new Date(0).setUTCFullYear(year, month, 1);
        yield first;
        if (first > FIRST) yield first - 1;
      }
    }
  })());
});

test("timestamp() writes every day around the turns of centuries", () => {
  assertSame((function* () {
    for (let century = 1; century < 100; century++) {
      const turn = new Date(0).setUTCFullYear(century * 100, 0, 1);
      for (let day = -100; day <= 100; day++) yield turn + day * DAY + 43_200_000;
    }
  })());
});

test("timestamp() writes every millisecond of a second, and every second of a day", () => {
  assertSame((function* () {
    for (let ms = 0; ms < 1000; ms++) yield Date.UTC(2024, 1, 29, 23, 59, 59, ms);
    for (let second = 0; second < 86_400; second++) yield Date.UTC(1969, 11, 31) + second * 1000;
  })());
});

test("timestamp() writes instants that alternate between seconds, days and years", () => {
  const some = [
    FIRST,
    LAST,
    0,
    -1,
    999,
    1000,
    Date.UTC(2024, 1, 29),
    Date.UTC(2024, 1, 29, 0, 0, 1),
  ];
  assertSame(some.flatMap((one) => some.flatMap((other) => [one, other, one])));
});

test("timestamp() writes 100,000 instants at random", (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.diagnostic?.(`seed ${seed}`);
  try {
    assertSame((function* () {
      const random = mulberry32(seed);
      for (let i = 0; i < 100_000; i++) yield FIRST + Math.floor(random() * (LAST - FIRST + 1));
    })());
  } catch (error) {
    throw new Error(`seed ${seed}`, { cause: error });
  }
});

/** A generator of numbers in [0, 1) with 53 random bits that a seed repeats. */
function mulberry32(seed: number): () => number {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}
