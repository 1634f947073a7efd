/** Says of every order in which state it ended, and whether that is as it must be. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ExecutionResult, Fact } from "deployer-runtime";

/** What was left behind when everything was dead. */
export interface Remains {
  /** The orders that were given away. */
  fed: Iterable<string>;
  /** Those that will still be delivered. */
  queued: Set<string>;
  /** What the ledger holds. */
  entries: Entry[];
  /** The effect log: an order's identity for each effect. */
  effects: string[];
}

/** What a ledger holds of one order. */
export interface Entry {
  orderId: string;
  result?: ExecutionResult | null | undefined;
  recovered?: Fact | null | undefined;
}

/** The state of each order, counted, and all that is wrong. */
export interface Verdict {
  counts: Record<string, number>;
  violations: string[];
}

const require = createRequire(import.meta.url);
const file = require.resolve("deployer-runtime/schemas/deployer-runtime.schema.json");
const ajv = new Ajv2020({ strict: false, validateFormats: false });
const isResult = ajv.compile(JSON.parse(readFileSync(file, "utf8")));

/** Judges what is left, after recovery. */
export function judge({ fed, queued, entries, effects }: Remains): Verdict {
  const violations: string[] = [];
  const counts = {
    "orders fed": 0,
    "not consumed": 0,
    "consumed without result": 0,
    "consumed with one valid result": 0,
    "results that came after recovery": 0,
    "effects": effects.length,
    "double executions": 0,
    "lost orders": 0,
  };
  const done = new Map<string, number>();
  for (const orderId of effects) done.set(orderId, (done.get(orderId) ?? 0) + 1);
  const ledger = new Map(entries.map((entry) => [entry.orderId, entry]));

  for (const orderId of fed) {
    const [entry, times = 0] = [ledger.get(orderId), done.get(orderId)];
    const wrong = (what: string) => violations.push(`${orderId}: ${what}`);
    ledger.delete(orderId);
    done.delete(orderId);
    counts["orders fed"] += 1;
    if (times > 1) {
      counts["double executions"] += 1;
      wrong(`${times} effects`);
    }
    if (entry === undefined) {
      counts["not consumed"] += 1;
      if (times > 0) wrong("an effect, yet not consumed");
      if (!queued.has(orderId)) {
        counts["lost orders"] += 1;
        wrong("not consumed, and nobody will ever be asked to");
      }
    } else if (!entry.result) {
      counts["consumed without result"] += 1;
      if (entry.recovered?.type !== "PROOF_ABSENT") wrong("no result, and not closed");
    } else {
      counts["consumed with one valid result"] += 1;
      if (entry.recovered) counts["results that came after recovery"] += 1;
      if (!isResult(entry.result)) wrong(`invalid result: ${ajv.errorsText(isResult.errors)}`);
      if (entry.result.orderId !== orderId) wrong("the result of another order");
      if (times === 0) wrong("a result, yet no effect");
    }
  }
  for (const orderId of ledger.keys()) violations.push(`${orderId}: consumed, yet never fed`);
  for (const orderId of done.keys()) violations.push(`${orderId}: an effect, yet never fed`);
  return { counts, violations };
}
