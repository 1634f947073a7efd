/**
 * The documents that every validator judges: the conformance vectors, results that the executor
 * produced under generated actions, and those results with one thing broken.
 */
import fc from "fast-check";
import { type CaptureLimits, execute, type Ports, type Proof } from "../../mod.ts";
import { contracts, vectors } from "../support/schemas.ts";

/** A document, and the contract that it is held against. */
export interface Case {
  /** Name of the schema file without `.schema.json`. */
  readonly contract: string;
  readonly name: string;
  readonly document: unknown;
  /** Whether it is valid; undefined where only the validators can tell. */
  readonly expected: boolean | undefined;
}

/** The same documents in every run, so that a disagreement can be looked at again. */
export const SEED = 20260131;
export const RESULTS = 1000;

/** Every conformance vector. */
export function vectorCases(): Case[] {
  return contracts.flatMap((contract) =>
    vectors(contract).map(({ name, valid, document }) => ({
      contract,
      name: `${contract}/${name}`,
      document,
      expected: valid,
    }))
  );
}

/** How an action ends. */
const ENDS = ["returns", "throws", "rejects", "returns nothing", "says unproven", "is aborted"];

const identity = fc.string({ minLength: 1, maxLength: 20, unit: "binary" });
const anything = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
} as fc.ObjectConstraints);
/** What actions return and throw: anything, errors with what hangs on them, and hostile keys. */
const raw = fc.oneof(
  anything,
  fc.record({ message: fc.string(), cause: anything, code: anything }).map(
    ({ message, cause, code }) =>
      // The stack would name this machine's folders: no two machines would judge the same.
      Object.assign(new TypeError(message, { cause }), { code, stack: `TypeError: ${message}` }),
  ),
  fc.tuple(anything, anything).map(([left, right]) => ({ $js: left, "\0": right })),
  fc.string({ unit: "binary" }).map((text) => `${text}\ud800`),
  fc.constantFrom(Symbol("s"), () => {}, /x/g, new URL("https://example.org/"), -0, NaN),
);
const execution = fc.record({
  request: fc.record({
    orderId: identity,
    action: fc.record({ name: identity, input: fc.jsonValue() }, { requiredKeys: ["name"] }),
  }),
  context: fc.record({
    executionId: identity,
    runner: identity,
    traceparent: fc.constant("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    annotations: fc.dictionary(fc.string(), fc.string()),
  }, { requiredKeys: ["executionId", "runner"] }),
  end: fc.constantFrom(...ENDS),
  raw,
  limits: fc.oneof(
    fc.constant({}),
    fc.record({
      maxDepth: fc.nat(8),
      maxValues: fc.nat(20),
      maxCharacters: fc.nat(40),
      maxStringLength: fc.nat(8),
      maxArrayLength: fc.nat(4),
      maxBytes: fc.nat(8),
    }),
  ),
  // From the year 0 to 9999.
  now: fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }),
  lasts: fc.double({ min: 0, max: 1e7, noNaN: true }),
});

/** What `execute` returns for `RESULTS` generated orders and actions, as a reader receives it. */
export async function resultCases(): Promise<Case[]> {
  const cases: Case[] = [];
  for (const [index, sample] of fc.sample(execution, { numRuns: RESULTS, seed: SEED }).entries()) {
    const { request, context, end, raw, limits, now, lasts } = sample;
    const aborter = new AbortController();
    const monotonic = [0, lasts];
    const ports: Ports = {
      signal: aborter.signal,
      limits: limits as CaptureLimits,
      clock: { now: () => now, monotonic: () => monotonic.shift() ?? lasts },
    };
    const action = (_request: unknown, { unproven }: { unproven(reason?: unknown): null }) => {
      if (end === "throws") throw raw;
      if (end === "rejects") return Promise.reject(raw);
      if (end === "returns nothing") return undefined;
      if (end === "says unproven") return unproven(raw);
      if (end !== "is aborted") return raw;
      aborter.abort(raw);
      return new Promise(() => {});
    };
    const result = await execute(request, context, action as () => Proof, ports);
    cases.push({
      contract: "execution-result",
      name: `result ${index}, whose action ${end}`,
      document: JSON.parse(JSON.stringify(result)),
      expected: true,
    });
  }
  return cases;
}

/** Each of `cases` with one value of the document, wherever it stands, removed or replaced. */
export function corruptedCases(cases: readonly Case[]): Case[] {
  const breaks = fc.sample(
    fc.record({ at: fc.nat(), by: fc.nat() }),
    { numRuns: cases.length, seed: SEED },
  );
  return cases.map(({ contract, name, document }, index) => {
    const { at, by } = breaks[index] as { at: number; by: number };
    const broken = structuredClone(document);
    const places = [...holders(broken)];
    const [holder, key] = places[at % places.length] as [Holder, string];
    const value = holder[key];
    const substitutes = [null, true, 0, -1, 1.5, "", [], {}, `${value}\n`, `${value}x`, [value]];
    const choice = by % (substitutes.length + 1);
    if (choice < substitutes.length) holder[key] = substitutes[choice];
    else if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
    const how = choice < substitutes.length ? JSON.stringify(substitutes[choice]) : "removed";
    return { contract, name: `${name}, with ${key} ${how}`, document: broken, expected: undefined };
  });
}

type Holder = Record<string, unknown>;

/** Every place of a document that holds a value. */
function* holders(value: unknown): Generator<[Holder, string]> {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    yield [value as Holder, key];
    yield* holders((value as Holder)[key]);
  }
}
