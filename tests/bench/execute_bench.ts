/**
 * `execute()` beside what one could use instead. Arguments: the runtime's name, and "all" for every
 * combination of action, number in flight, signal and size instead of the usual ones.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { setMaxListeners } from "node:events";
import process from "node:process";
import {
  bareAndLawful,
  bareCall,
  type Case,
  type Contender,
  type Copy,
  deployer,
  OUTCOME_ONLY,
  physicalLimit,
  RECORDED,
  spanWithValues,
} from "./contenders.ts";
import { type Contenders, inTurns, ratio } from "./measure.ts";
import { payload } from "./payloads.ts";
import type { Row, Target } from "./table.ts";

const [runtime = "Node", which = "usual"] = process.argv.slice(2);
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 21);

/** The targets of `performance.md`. */
const AGAINST_RECORD: Target = { least: { Node: 3.5, Bun: 2, Deno: 3 }[runtime]! };
const AGAINST_SPAN: Target = { least: { Node: 4, Bun: 3, Deno: 4 }[runtime]! };
const AGAINST_LIMIT: Target = { most: 1.5 };
const AGAINST_TIMEOUT: Target = { least: 1 };

/** Of the input, and of the value; with nothing to record, what is measured is the way through. */
const SIZES = { "nothing": 0, "100 B": 100, "5 KB": 5_000, "1 MB": 1_000_000 };
type Size = keyof typeof SIZES;

// Made once, its stack already written: what an error costs its thrower is not measured.
const failure = new Error("release r42 was not switched");
failure.stack;

const ACTIONS = {
  returns: (value: unknown) => () => value,
  awaits: (value: unknown) => async () => {
    await undefined;
    return value;
  },
  rejects: () => () => Promise.reject(failure),
};

interface Setting {
  readonly does: keyof typeof ACTIONS;
  readonly flight: number;
  readonly shared: boolean;
  readonly size: Size;
}

const every: Setting[] = (Object.keys(SIZES) as Size[]).flatMap((size) =>
  [1, 1000].flatMap((flight) =>
    [false, true].flatMap((shared) =>
      (Object.keys(ACTIONS) as Setting["does"][]).map((does) => ({ does, flight, shared, size }))
    )
  )
  // A thousand results of 1 MB in flight would measure the machine's memory.
).filter(({ flight, size }) => flight === 1 || size !== "1 MB");

/** Away from the simplest execution by one thing at a time, and all that shares a signal in flight. */
const usual = every.filter(({ does, flight, shared, size }) => {
  const away = Number(does !== "returns") + Number(flight > 1) +
    Number(shared) +
    Number(size !== "100 B");
  return away <= 1 || (flight > 1 && size === "100 B");
});

const context = { executionId: "execution-1", runner: "alice", annotations: { ticket: "OPS-1" } };

/** The copy that a user would take: a JSON round trip or a structured clone, whichever is faster. */
async function fasterCopy(value: unknown): Promise<Copy> {
  const roundTrip: Copy = (value) => JSON.parse(JSON.stringify(value));
  const clone: Copy = (value) => structuredClone(value);
  const times = await inTurns({ roundTrip: () => roundTrip(value), clone: () => clone(value) }, 5);
  return ratio(times, "clone", "roundTrip").median > 1 ? roundTrip : clone;
}

/** With clocks of its own, that differ at each reading. */
function passing(of: Case): Case {
  let now = 0;
  let ms = 0;
  const clock = { now: () => now += 1234, monotonic: () => ms += 17.1234567 };
  return { ...of, ports: { ...of.ports, clock } };
}

async function measured({ does, flight, shared, size }: Setting): Promise<Row[]> {
  const bytes = SIZES[size];
  const input = bytes > 0 && { input: payload(bytes) };
  const value = bytes > 0 ? payload(bytes) : true;
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const of: Case = {
    request: {
      orderId: "order-1",
      action: { name: "release.switch", ...input },
    },
    context,
    action: ACTIONS[does](value),
    ports: shared ? { signal } : undefined,
  };
  const copy = await fasterCopy(value);
  // The bare code gives the very result, to the byte, where time passes for both as it does here.
  const [bare, executed] = await Promise.all(
    [bareAndLawful, deployer].map((contender) => contender(passing(of), copy)),
  );
  strictEqual(JSON.stringify(bare), JSON.stringify(executed));
  const contenders: Record<string, Contender> = {
    "execute()": deployer,
    "bare call": bareCall,
    "physical limit": physicalLimit,
    "bare and lawful": bareAndLawful,
    ...OUTCOME_ONLY,
    ...RECORDED,
    "OpenTelemetry span with values": spanWithValues,
  };
  const work: Contenders = Object.fromEntries(
    Object.entries(contenders).map(([name, contender]) => {
      const once = () => contender(of, copy);
      return [name, flight === 1 ? once : () => Promise.all(Array.from({ length: flight }, once))];
    }),
  );
  const times = await inTurns(work, rounds);

  const what = `${does}, ${size}${flight > 1 ? `, ${flight} in flight` : ""}${
    shared ? ", shared signal" : ""
  }`;
  // With a signal only p-timeout does the same work: the others do not listen.
  const [againstRecord, againstSpan] = shared ? [] : [AGAINST_RECORD, AGAINST_SPAN];
  const between = (one: string, other: string, target?: Target): Row => ({
    what,
    ratio: `${one} / ${other}`,
    measured: ratio(times, one, other),
    target,
  });
  const slower = (name: string, target?: Target) => between(name, "execute()", target);
  return [
    between("execute()", "physical limit", AGAINST_LIMIT),
    // How near to the targets code comes that keeps the laws and does nothing else.
    between("bare and lawful", "physical limit"),
    between("p-reflect + record", "bare and lawful"),
    between("OpenTelemetry span + record", "bare and lawful"),
    between("execute()", "bare and lawful"),
    slower("p-reflect + record", againstRecord),
    slower("Promise.allSettled + record", againstRecord),
    slower("neverthrow + record", againstRecord),
    slower("OpenTelemetry span + record", againstSpan),
    slower("OpenTelemetry span with values"),
    ...(shared ? [slower("p-timeout + record", flight > 1 ? AGAINST_TIMEOUT : undefined)] : []),
    slower("Effect + record"),
    slower("bare call"),
    ...Object.keys(OUTCOME_ONLY)
      .filter((name) => shared || name !== "p-timeout")
      .map((name) => slower(name)),
  ];
}

for (const setting of which === "all" ? every : usual) {
  for (const row of await measured(setting)) console.log(JSON.stringify(row));
}
