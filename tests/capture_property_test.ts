/**
 * `capture()` and values that nobody thought of: JSON comes back as it was, and whatever else there
 * is becomes valid JSON, within the limits, counted right, and is left as it was.
 *
 * `CASES=1000000` asks for more cases, `SEED=1` for the same ones again; a failure prints its seed
 * and the smallest case that fails.
 */
import { test } from "node:test";
import process from "node:process";
import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { type CaptureLimits, type Limits, resolveLimits } from "../capture.ts";
import { decode } from "./support/decode.ts";
import { EVERYTHING } from "./support/hostile.ts";
import { captureSoundly, containers, isSame, levels, spent, tally } from "./support/recorded.ts";
import { build, key, recipe, text } from "./support/recipes.ts";

const CASES = Number(process.env.CASES ?? 100_000);
const SEED = process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) };

/** One property, tried on its share of the cases. Bun would end a test after 5 seconds. */
function holds<T>(
  name: string,
  share: number,
  values: fc.Arbitrary<T>,
  check: (value: T) => void,
): void {
  test(name, { timeout: 60_000 + CASES * 10 }, () => {
    const numRuns = Math.ceil(CASES * share);
    fc.assert(fc.property(values, check), { numRuns, includeErrorInReport: true, ...SEED });
  });
}

// --- JSON -----------------------------------------------------------------------------------------

const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
    fc.integer(),
    fc.constantFrom(null, true, false, 0, ""),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;

/** Whether something in it is what JSON readers refuse, or what only tags may have. */
function needsTag(value: unknown): boolean {
  if (typeof value === "string") return /\0|\p{Surrogate}/u.test(value);
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value)
    ? value.some(needsTag)
    : Object.entries(value).some((entry) => entry[0] === "$js" || entry.some(needsTag));
}

holds("any JSON value is recorded as itself, or a decoder gets it back", 0.5, json, (value) => {
  const before = JSON.stringify(value);
  const { value: recorded, fidelity } = captureSoundly(value);
  assertEquals(fidelity.exact, !needsTag(value));
  assertEquals(fidelity.truncated + fidelity.unreadable, 0);
  if (fidelity.exact) assertEquals(JSON.stringify(recorded), before);
  assert(isSame(decode(JSON.parse(JSON.stringify(recorded))), value), "it does not come back");
  assertEquals(JSON.stringify(value), before);
});

// --- Limits ---------------------------------------------------------------------------------------

const limit: fc.Arbitrary<number> = fc.oneof(
  fc.nat({ max: 6 }),
  fc.nat({ max: 60 }),
  fc.constant(Infinity),
);

const someLimits: fc.Arbitrary<CaptureLimits> = fc.record({
  maxDepth: limit,
  maxValues: limit,
  maxCharacters: limit,
  maxStringLength: limit,
  maxArrayLength: limit,
  maxBytes: limit,
}, { requiredKeys: [] });

/** Half of the cases are captured within the default limits. */
const anyLimits: fc.Arbitrary<CaptureLimits | undefined> = fc.option(someLimits, {
  nil: undefined,
  freq: 2,
});

/**
 * The fields of a tag that is being written are recorded even where they overdraw maxValues; so is
 * one more, `props`, of each tag around it.
 */
const FIELDS_OF_AN_ERROR = 6;

function assertWithin(limits: Limits, recorded: unknown): void {
  const { values, characters, bytes, longestText, longestList } = spent(recorded);
  const within = (what: string, count: number, limit: number) =>
    assert(count <= limit, `${what}: ${count} of ${limit}`);
  const deep = levels(recorded);
  within("maxDepth", deep, Math.max(limits.maxDepth, 1) + 3);
  within("maxValues", values, Math.max(limits.maxValues, 1) + FIELDS_OF_AN_ERROR + deep);
  within("maxCharacters", characters, limits.maxCharacters);
  within("maxBytes", bytes, limits.maxBytes);
  within("maxStringLength", longestText, limits.maxStringLength);
  within("maxArrayLength", longestList, limits.maxArrayLength);
}

holds(
  "JSON is recorded within any limits, to the value",
  0.1,
  fc.tuple(json, someLimits),
  ([value, limits]) => {
    const { value: recorded, fidelity } = captureSoundly(value, limits);
    const resolved = resolveLimits(limits);
    assertWithin(resolved, recorded);
    assert(spent(recorded).values <= Math.max(resolved.maxValues, 1));
    // Cut if and only if something was too much. A leaf is recorded whatever maxValues says.
    const all = captureSoundly(value).value;
    const { values, characters, longestText, longestList } = spent(all);
    const isLeaf = typeof value !== "object" || value === null;
    const fits = containers(all) <= Math.max(resolved.maxDepth, 1) &&
      (values <= resolved.maxValues || isLeaf) &&
      characters <= resolved.maxCharacters &&
      longestText <= resolved.maxStringLength &&
      longestList <= resolved.maxArrayLength;
    assertEquals(fidelity.truncated === 0, fits);
  },
);

// --- Whatever fast-check has ----------------------------------------------------------------------

const anything: fc.Arbitrary<unknown> = fc.anything({
  key,
  depthSize: "small",
  maxKeys: 4,
  stringUnit: "binary",
  ...EVERYTHING,
});

/** Everything that can be told of objects without running any of their code. */
function snapshot(objects: readonly object[]): unknown[] {
  return objects.flatMap((object) => [
    object,
    Object.getPrototypeOf(object),
    Object.isExtensible(object),
    ...Reflect.ownKeys(object).flatMap((key) => {
      const { value, get, enumerable } = Object.getOwnPropertyDescriptor(object, key)!;
      return [key, value, get, enumerable];
    }),
    ...heldBy(object),
  ]);
}

/** What a Map or a Set holds. */
function heldBy(object: object): unknown[] {
  if (object instanceof Map) return [...object.keys(), ...object.values()];
  return object instanceof Set ? [...object] : [];
}

function assertUnchanged(before: readonly unknown[], after: readonly unknown[]): void {
  assertEquals(after.length, before.length);
  assert(after.every((part, index) => Object.is(part, before[index])), "the value was changed");
}

/** The objects that a value without getters and proxies consists of. */
function objectsOf(value: unknown, found: Set<object> = new Set()): object[] {
  if (typeof value === "object" && value !== null && !found.has(value)) {
    found.add(value);
    const own = ArrayBuffer.isView(value) ? [] : Object.values(value);
    for (const held of [...heldBy(value), ...own]) objectsOf(held, found);
  }
  return [...found];
}

holds(
  "whatever fast-check makes is recorded soundly, and a decoder gets it back",
  0.2,
  fc.tuple(anything, anyLimits),
  ([value, limits]) => {
    const objects = objectsOf(value);
    const before = snapshot(objects);
    const { value: recorded, fidelity } = captureSoundly(value, limits);
    assertWithin(resolveLimits(limits), recorded);
    assertUnchanged(before, snapshot(objects));
    assertEquals(fidelity.unreadable, 0);
    if (fidelity.truncated === 0) {
      assert(isSame(decode(JSON.parse(JSON.stringify(recorded))), value), "it does not come back");
      assertEquals(fidelity.exact, isSame(recorded, value));
    }
  },
);

// --- Getters, proxies, cycles, errors -------------------------------------------------------------

holds(
  "getters, proxies, cycles and errors are recorded soundly, and read at most once",
  0.2,
  fc.tuple(recipe, anyLimits),
  ([recipe, limits]) => {
    const { value, objects, reads, shared } = build(recipe);
    const before = snapshot(objects);
    const { value: recorded, fidelity } = captureSoundly(value, limits);
    if (!shared) assert(Math.max(0, ...reads) <= 1, "something was read twice");
    assertWithin(resolveLimits(limits), recorded);
    assertUnchanged(before, snapshot(objects));
    assertEquals(fidelity, tally(recorded));
    if (fidelity.exact) assert(isSame(recorded, value), "what is exact differs");
  },
);
