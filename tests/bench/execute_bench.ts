/**
 * `execute()` beside what one could use instead. Arguments: the runtime's name, and "every" for
 * every combination of action, number in flight, signal and size instead of the usual ones.
 *
 * @module
 */
import process from "node:process";
import { ACTIONS, assertSameResult, caseOf, type Setting, type Size, SIZES } from "./cases.ts";
import { bareCall, OUTCOME_ONLY, physicalLimit, RECORDED, spanWithValues } from "./contenders.ts";
import { bareAndLawful, type Contender, type Copy, deployer } from "./lawful.ts";
import { type Contenders, inTurns, ratio } from "./measure.ts";
import type { Row, Target } from "./table.ts";

const [runtime = "Node", which = "usual"] = process.argv.slice(2);
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 21);

/** Ahead of whoever does the same work. */
const WITH_NOTHING: Target = {
  name: "others + record, with nothing to record",
  least: { Node: 2.5, Bun: 1.7, Deno: 2.5 }[runtime]!,
};
const WITH_SOMETHING: Target = { name: "others + record, with something to record", least: 1.3 };
const AGAINST_LAWFUL: Target = { name: "beside bare and lawful code", most: 1.25 };
const AGAINST_TIMEOUT: Target = { name: "p-timeout + record, 1,000 on one signal", least: 1 };

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

/** The copy that a user would take: a JSON round trip or a structured clone, whichever is faster. */
async function fasterCopy(value: unknown): Promise<Copy> {
  const roundTrip: Copy = (value) => JSON.parse(JSON.stringify(value));
  const clone: Copy = (value) => structuredClone(value);
  const times = await inTurns({ roundTrip: () => roundTrip(value), clone: () => clone(value) }, 5);
  return ratio(times, "clone", "roundTrip").median > 1 ? roundTrip : clone;
}

async function measured({ does, flight, shared, size }: Setting): Promise<Row[]> {
  const of = caseOf({ does, flight, shared, size });
  const copy = await fasterCopy(of.request.action.input ?? true);
  await assertSameResult(of);
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
  // An error is something to record. With a signal only p-timeout does the same work: the others do
  // not listen.
  const isNothing = size === "nothing" && does !== "rejects";
  const ahead = shared ? undefined : isNothing ? WITH_NOTHING : WITH_SOMETHING;
  const between = (one: string, other: string, target?: Target): Row => ({
    what,
    ratio: `${one} / ${other}`,
    measured: ratio(times, one, other),
    target,
  });
  const slower = (name: string, target?: Target) => between(name, "execute()", target);
  return [
    between("execute()", "physical limit"),
    // How near to the targets code comes that keeps the laws and does nothing else.
    between("bare and lawful", "physical limit"),
    between("p-reflect + record", "bare and lawful"),
    between("OpenTelemetry span + record", "bare and lawful"),
    between("execute()", "bare and lawful", AGAINST_LAWFUL),
    slower("p-reflect + record", ahead),
    slower("Promise.allSettled + record", ahead),
    slower("neverthrow + record", ahead),
    slower("OpenTelemetry span + record", ahead),
    slower("OpenTelemetry span with values"),
    ...(shared ? [slower("p-timeout + record", flight > 1 ? AGAINST_TIMEOUT : undefined)] : []),
    slower("Effect + record", ahead),
    slower("bare call"),
    ...Object.keys(OUTCOME_ONLY)
      .filter((name) => shared || name !== "p-timeout")
      .map((name) => slower(name)),
  ];
}

for (const setting of which === "every" ? every : usual) {
  for (const row of await measured(setting)) console.log(JSON.stringify(row));
}
