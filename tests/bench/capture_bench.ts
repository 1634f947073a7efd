/**
 * `capture()` beside other ways to make plain data of a value. Argument: the runtime's name.
 *
 * @module
 */
import process from "node:process";
import { parse, stringify } from "devalue";
import { serializeError } from "serialize-error";
import { toJSON } from "seroval";
import superjson from "superjson";
import { capture, type CaptureLimits } from "../../mod.ts";
import { checkedCopy, unsafeCopy } from "./copies.ts";
import { type Contenders, inTurns, ratio } from "./measure.ts";
import { errorWithThreeCauses, payload } from "./payloads.ts";
import type { Row, Target } from "./table.ts";

const rounds = Number(process.env["BENCH_ROUNDS"] ?? 21);

const [runtime = "Node"] = process.argv.slice(2);

const CLEAN: Record<string, Target> = {
  "JSON round trip": { name: "clean data from 5 KB, beside a JSON round trip", most: 0.6 },
  "structuredClone": { name: "clean data from 5 KB, beside structuredClone", most: 0.5 },
};
const OF_ERRORS: Record<string, Target> = {
  "serialize-error": {
    name: "an error with three causes, beside serialize-error",
    most: runtime === "Bun" ? 0.8 : 0.6,
  },
};

const LIFTED: CaptureLimits = {
  maxValues: Infinity,
  maxCharacters: Infinity,
  maxArrayLength: Infinity,
};

interface Subject {
  readonly what: string;
  readonly value: unknown;
  readonly limits?: CaptureLimits;
  readonly targets?: Record<string, Target>;
}

const SUBJECTS: Subject[] = [
  { what: "tiny", value: payload(20) },
  { what: "100 B", value: payload(100) },
  { what: "5 KB", value: payload(5_000), targets: CLEAN },
  { what: "1 MB", value: payload(1_000_000), targets: CLEAN },
  { what: "10 MB, limits lifted", value: payload(10_000_000), limits: LIFTED, targets: CLEAN },
  { what: "error with three causes", value: errorWithThreeCauses(), targets: OF_ERRORS },
];

/** What one could use instead, each as far as it goes to plain data that shares no object. */
const CONTENDERS: Record<string, (value: unknown, limits?: CaptureLimits) => unknown> = {
  "JSON round trip": (value) => JSON.parse(JSON.stringify(value)),
  "structuredClone": (value) => structuredClone(value),
  "serialize-error": (value) => serializeError(value),
  "devalue": (value) => parse(stringify(value, REDUCERS), REVIVERS),
  "superjson": (value) => superjson.serialize(value),
  "seroval": (value) => toJSON(value),
};

/** What a copy costs at least, without the checks of the laws and with them. */
const COPIES = { "unchecked copy": unsafeCopy, "checked copy": checkedCopy };

// devalue throws on errors unless it is told how to write them.
const REDUCERS = {
  Error: (value: unknown) =>
    value instanceof Error && {
      name: value.name,
      message: value.message,
      stack: value.stack,
      cause: value.cause,
    },
};
const REVIVERS = { Error: (value: unknown) => value };

for (const { what, value, limits, targets = {} } of SUBJECTS) {
  if (!(value instanceof Error) && !capture(value, limits).fidelity.exact) {
    throw new Error(`Expected the whole value to be recorded: ${what}`);
  }
  // An error is no plain JSON.
  const contenders = { ...CONTENDERS, ...(value instanceof Error ? {} : COPIES) };
  const work: Contenders = {};
  for (const [name, record] of Object.entries({ ...contenders, "capture()": capture })) {
    work[name] = () => record(value, limits);
  }
  const times = await inTurns(work, what.startsWith("10 MB") ? Math.min(rounds, 9) : rounds);
  for (const name of Object.keys(contenders)) {
    const row: Row = {
      what,
      ratio: `capture() / ${name}`,
      measured: ratio(times, "capture()", name),
      target: targets[name],
    };
    console.log(JSON.stringify(row));
  }
}
