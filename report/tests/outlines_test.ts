import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { outlinesOf } from "../outlines.ts";
import type { Row, Status } from "../reading/book.ts";

/** Outlines of rows that stand at the given places. */
function drawn(places: readonly (readonly [Status, x: number, y: number])[]) {
  const rows = places.map(([status, at, duration]) => ({ status, at, duration }) as Row);
  return outlinesOf(rows, (at) => at, (duration) => duration, () => undefined);
}

/** A wide plot in which an execution was APPLIED at every place. */
const full = Array.from({ length: 1200 }, (_, x) => x).flatMap((x) =>
  Array.from({ length: 130 }, (_, y) => ["APPLIED", x, y] as const)
);

test("dots that stand one above the other are drawn as one line", async () => {
  const outlines = await drawn(full);
  assert(outlines.every(({ isDots }) => isDots));
  const lines = outlines.flatMap(({ path }) => path.match(/M[^M]+/g)!);
  const columns = Array.from({ length: 401 }, (_, column) => `M${column * 3} 0v129`);
  assertEquals(lines, columns);
});

test("a gap between two dots stays a gap", async () => {
  const outlines = await drawn(full.filter(([, , y]) => y < 30 || y > 40));
  assert(outlines.every(({ path }) => /^(M\d+ 0v30M\d+ 42v87)+$/.test(path)), outlines[0]!.path);
});

test("no outline reaches across more than a few of the tiles that a browser draws", async () => {
  const failed = full.filter((_, index) => index % 7 === 0)
    .map(([, x, y]) => ["FAILED", x, y] as const);
  for (const { status, path } of await drawn([...full, ...failed])) {
    const xs = [...path.matchAll(/M([\d.]+)/g)].map(([, x]) => Number(x));
    assert(Math.max(...xs) - Math.min(...xs) <= 120, `${status} from ${Math.min(...xs)}`);
  }
});

test("few marks have shapes, and what people look for is drawn last", async () => {
  const outlines = await drawn([
    ...[["UNKNOWN", 9, 9], ["FAILED", 9, 9], ["OPEN", 9, 9], ["INVALID", 9, 9]] as const,
    ...[["APPLIED", 9, 9], ["APPLIED", 10, 9], ["APPLIED", NaN, 9]] as const,
  ]);
  assertEquals(outlines.map(({ status }) => status), [
    ...["APPLIED", "INVALID", "OPEN", "FAILED", "UNKNOWN"] as const,
  ]);
  assert(outlines.every(({ isDots, path }) => !isDots && path.match(/M/g)!.length <= 2));
});
