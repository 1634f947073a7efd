/**
 * `execute()` against executions that nobody thought of: whatever request, context, ports, action
 * and timing, the laws hold.
 *
 * `FUZZ_CASES=1000000` asks for more of them (`npm run fuzz`), `FUZZ_SEED=1` for the same ones again;
 * a failure prints its seed and the smallest plan that fails.
 */
import process from "node:process";
import { test } from "node:test";
import { assert } from "@std/assert";
import fc from "fast-check";
import { capture } from "../mod.ts";
import { SETTLEMENTS, withoutUnhandledRejection } from "./support/orders.ts";
import { BAD_LIMITS, type Plan, plan } from "./support/plans.ts";
import { validator } from "./support/schemas.ts";
import { begin, isValid, type Played, SOME_ERROR, Stage } from "./support/staged.ts";

const CASES = Number(process.env.FUZZ_CASES ?? 100_000);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Executions at the same time, at most. */
const AT_ONCE = 250;
/** fast-check keeps what it needs to shrink: a run of its own for each of these many batches. */
const BATCHES_A_SEED = 20;
/** Turns of the event loop: no plan waits for more. */
const LONGEST = 14;

/** The table of ACTE III, written once more. */
const TABLE: Record<string, [fact: string, status: string, raw: string]> = {
  RETURNED: ["SUCCESS_OBSERVED", "APPLIED", "rawResult"],
  THREW: ["FAILURE_OBSERVED", "FAILED", "rawError"],
  RETURNED_NOTHING: ["PROOF_ABSENT", "UNKNOWN", ""],
  UNPROVEN: ["PROOF_ABSENT", "UNKNOWN", "rawError"],
  ABORTED: ["PROOF_ABSENT", "UNKNOWN", "rawError"],
};

const isResult = validator("execution-result");

/** Fails with a sentence; the details are written only then. */
function check(holds: boolean, sentence: string, ...details: unknown[]): void {
  if (!holds) throw new Error([`not so: ${sentence}`, ...details.map(fc.stringify)].join("\n"));
}

/** Laws 1, 2 and 6, of any request and context. */
function checkCalls(played: Played): void {
  const { plan, called, consumed, consumeEnded, refusals, outcome, error, observables } = played;
  check(called <= 1, "the action is called at most once", called);
  check(consumed <= 1, "consume is called at most once", consumed);
  check(outcome !== "rejected" || called === 0, "it rejects only if the action was not called");
  check(outcome !== "fulfilled" || called === 1, "it fulfils only if the action was called");
  if (called === 1) {
    check(consumeEnded, "the action is called only when consume has ended");
    check(refusals.length === 0, "the action is not called if something stands against it");
    check(!isBad(plan), "the action is not called with bad limits", plan.limits);
    const isOver = outcome === "fulfilled";
    check(isOver === observables.length > 0, "it fulfils if there is something to observe");
  } else {
    const isAwaited = consumed === 1 && !consumeEnded;
    check(isAwaited === (outcome === "pending"), "it rejects unless it awaits consume", outcome);
  }
  if (outcome !== "rejected") return;
  check(
    refusals.includes(error) || refusals.includes(SOME_ERROR) || !isValid(plan) ||
      ("odd" in plan.action && error instanceof TypeError) ||
      (isBad(plan) && error instanceof RangeError),
    "it rejects with the very error",
    error,
    refusals,
  );
  const isWithdrawn = plan.abortedBefore !== undefined && plan.signal !== "none";
  check(
    consumed === 0 || !(isWithdrawn || isBad(plan) || "odd" in plan.action),
    "nothing is consumed of an order that was withdrawn before, or with a bad limit or action",
  );
}

const isBad = ({ limits }: Plan): boolean => BAD_LIMITS.includes(limits!);

/** Laws 3, 4 and 5: what was recorded is what could be observed first, and the table's. */
function checkObservation({ observables, result, outcomeTurn, plan }: Played): void {
  const { trace, status, facts } = result;
  const { settlement } = trace;
  const [fact, expectedStatus, field] = TABLE[settlement]!;
  check(status === expectedStatus, "the status is the settlement's", settlement, status);
  check(facts[2].type === fact, "the last fact is the settlement's", settlement, facts[2].type);

  const { turn } = observables[0]!;
  check(outcomeTurn === turn, "it fulfils in the turn of the first observation");
  const inTurn = observables.filter((each) => each.turn === turn);
  // What comes first is observed first, but a value is awaited, and an abort lets `unproven` overtake.
  const [first] = inTurn;
  const mayBeOvertaken = first!.settlement !== "UNPROVEN" &&
    (first!.settlement !== "ABORTED" || inTurn.some((each) => each.settlement === "UNPROVEN"));
  const candidates = mayBeOvertaken ? inTurn : [first!];
  const observed = candidates.find((each) => each.settlement === settlement);
  check(observed !== undefined, "the settlement is what came first", settlement, candidates);

  if (observed!.raw === undefined) return;
  const { value } = observed!.raw;
  const expected = value === undefined && settlement !== "THREW" ? {} : capture(value, plan.limits);
  const raw = { value: (trace as never)[field], fidelity: trace.fidelity.raw };
  check(
    JSON.stringify(raw) === JSON.stringify(expected),
    "the raw value is the one that was given first",
    raw,
    expected,
  );
}

/** Law 7, and the contract. */
function checkData({ result, plan, given, atCall }: Played, json: string): void {
  const { fields: { orderId } } = plan.request;
  const { fields: { executionId } } = plan.context;
  const { trace, facts } = result;
  check(
    [result, trace, ...facts].every((each) => each.orderId === orderId) &&
      [result, trace.context, ...facts].every((each) => each.executionId === executionId),
    "the identities are as given",
    result,
  );
  const [context, action] = atCall!;
  check(JSON.stringify(trace.context) === context, "the context is as it was at the call", trace);
  check(JSON.stringify(trace.action) === action, "the action is as it was at the call", trace);
  check(
    facts[1].at === trace.startedAt && facts[2].at === trace.endedAt,
    "facts and trace agree on times",
    result,
  );
  check(isResult(result), "the result is valid", isResult.errors, result);
  given.forEach((each) => remember(each));
  check(isSameJson(result, JSON.parse(json)), "the result survives JSON", result);
}

/** Every object that was given to the executions of a batch or is in their results. */
const met = new Set<object>();

/** Remembers the objects that can be reached without running a getter; proxies may refuse. */
function remember(value: unknown, levels: number = 4): void {
  if (typeof value !== "object" || value === null || met.has(value)) return;
  met.add(value);
  if (levels === 0 || ArrayBuffer.isView(value)) return;
  try {
    for (const key of Reflect.ownKeys(value)) {
      remember(Object.getOwnPropertyDescriptor(value, key)?.value, levels - 1);
    }
  } catch {
    // A trap of its own.
  }
}

/** Whether a value is plain JSON, the same as its copy, order of keys included. */
function isSameJson(value: unknown, copy: unknown): boolean {
  if (typeof value !== "object" || value === null) return Object.is(value, copy);
  check(!met.has(value), "the result shares no object with what was given, or with another", value);
  met.add(value);
  if (Object.getPrototypeOf(value) !== Object.getPrototypeOf(copy)) return false;
  const keys = Reflect.ownKeys(value);
  const copied = Reflect.ownKeys(copy as object);
  return keys.length === copied.length &&
    keys.every((key, i) =>
      key === copied[i] && isSameJson(Reflect.get(value, key), Reflect.get(copy as object, key))
    );
}

/** What came about, counted: plans that never abort would prove nothing about aborts. */
const seen: Record<string, number> = { executions: 0, pending: 0, rejected: 0, consumed: 0 };
for (const settlement of SETTLEMENTS) seen[settlement] = 0;

function count({ outcome, result, consumed }: Played): void {
  seen.executions!++;
  seen.consumed! += consumed;
  seen[outcome === "fulfilled" ? result.trace.settlement : outcome]!++;
}

/** Plays plans at the same time, and judges each; then all that was observed happens once more. */
async function judge(plans: Plan[]): Promise<void> {
  met.clear();
  const stage = new Stage();
  const all = plans.map((plan) => begin(stage, plan));
  await stage.play(LONGEST);
  const before = all.map((played) => {
    checkCalls(played);
    count(played);
    if (played.outcome !== "fulfilled") return undefined;
    checkObservation(played);
    if (!isValid(played.plan)) return undefined;
    const json = JSON.stringify(played.result);
    checkData(played, json);
    return json;
  });
  for (const { again } of all) again();
  await stage.play(2);
  all.forEach(({ called, result }, index) => {
    check(called <= 1, "the action is called at most once", called);
    if (before[index] === undefined) return;
    check(JSON.stringify(result) === before[index], "the first observation is final");
  });
}

test(`the laws hold for ${CASES} executions of any kind, many at the same time`, {
  timeout: 3_600_000, // Bun would end it after 5 seconds.
}, async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  const holds = fc.asyncProperty(
    fc.array(plan, { minLength: 1, maxLength: AT_ONCE, size: "max" }),
    (plans) => withoutUnhandledRejection(() => judge(plans)),
  );
  const options = { numRuns: BATCHES_A_SEED, includeErrorInReport: true };
  for (let seed = SEED; seen.executions! < CASES; seed++) {
    await fc.assert(holds, { seed: seed | 0, ...options });
  }
  const { executions, ...kinds } = seen;
  const counts = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`);
  console.log(`${executions} executions: ${counts.join(", ")}`);
  for (const [kind, count] of Object.entries(kinds)) {
    assert(count > executions! / 100, `${kind} came about only ${count} times`);
  }
});
