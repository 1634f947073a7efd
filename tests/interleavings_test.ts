/**
 * Every order of up to five events around one `execute()`, in the same turn or in later ones: none
 * is drawn, all are run, and compared with what the laws promise.
 *
 * The events: `consume` ends or rejects; the signal aborts; the action returns, returns nothing or
 * throws; it says `unproven`, up to twice.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Action, type Consume, execute, type ExecutionResult } from "../mod.ts";
import { deferred, later, withoutUnhandledRejection } from "./support/orders.ts";

type Event =
  | ("consume ends" | "consume rejects")
  /** By the Runner; by the Runner, and a listener of the action's says `unproven`; by the action. */
  | ("abort" | "abort, heard" | "abort from within")
  | ("return" | "return nothing" | "throw")
  | "unproven";

/** What happens, and its place in the order: each reason and each value tells which one it was. */
interface Step {
  event: Event;
  reason: string;
}

/** Steps before `execute()` is called; then those of the turn of the call, and of each later one. */
interface Case {
  before: Step[];
  turns: Step[][];
}

/** What came of a case. Without `turn` it is pending. */
interface Outcome {
  consumes: number;
  attempts: number;
  turn?: number;
  rejected?: string;
  status?: string;
  settlement?: string;
  facts?: string[];
  raw?: string;
}

// --- What the laws promise ----------------------------------------------------------------------

const ACTE_III: { [event in Event]?: [settlement: string, fact: string, status: string] } = {
  return: ["RETURNED", "SUCCESS_OBSERVED", "APPLIED"],
  throw: ["THREW", "FAILURE_OBSERVED", "FAILED"],
  "return nothing": ["RETURNED_NOTHING", "PROOF_ABSENT", "UNKNOWN"],
  unproven: ["UNPROVEN", "PROOF_ABSENT", "UNKNOWN"],
  "abort, heard": ["UNPROVEN", "PROOF_ABSENT", "UNKNOWN"],
  abort: ["ABORTED", "PROOF_ABSENT", "UNKNOWN"],
  "abort from within": ["ABORTED", "PROOF_ABSENT", "UNKNOWN"],
};

/**
 * What of one turn reaches the Deployer first: `unproven` in its own call (law 7); a promise and an
 * abort once the turn is over (law 4). That a rejection takes one promise more than a return is no
 * law, but a decision that `ticks_test.ts` holds: an abort of the same turn overtakes it, UNKNOWN.
 */
const REACHES: Event[][] = [
  ["unproven", "abort, heard"],
  ["return", "return nothing", "abort", "abort from within"],
  ["throw"],
];
const ENDS: Event[] = ["return", "return nothing", "throw"];
const OUTSIDE: Event[] = ["consume ends", "consume rejects", "abort", "abort, heard"];
const RUNNERS_ABORT: Event[] = ["abort", "abort, heard"];

function lawful({ before, turns }: Case): Outcome {
  const withdrawn = find(before, RUNNERS_ABORT);
  if (withdrawn) return { consumes: 0, attempts: 0, turn: 0, rejected: withdrawn.reason }; // Law 2.

  // Law 6: consume is awaited, whatever the signal says.
  const all = [[...before, ...turns[0] as Step[]], ...turns.slice(1)];
  const turn = all.findIndex((steps) => find(steps, ["consume ends", "consume rejects"]));
  if (turn < 0) return { consumes: 1, attempts: 0 };
  const known = all.slice(0, turn + 1).flat();
  const refused = find(known, ["consume rejects"]) ?? find(known, RUNNERS_ABORT);
  if (refused) return { consumes: 1, attempts: 0, turn, rejected: refused.reason }; // Law 2.

  // The action is called once, does what was to be done by then, and returns last, as calls do.
  const ready = known.filter(({ event }) => !OUTSIDE.includes(event));
  const call = [...ready.filter((step) => !isEnd(step)), ...ready.filter(isEnd)];
  for (const [i, steps] of [call, ...all.slice(turn + 1)].entries()) {
    // Law 4: the first is final.
    const first = REACHES.map((events) => find(steps, events)).find((step) => step !== undefined);
    const row = first && ACTE_III[first.event];
    if (!first || !row) continue;
    const [settlement, fact, status] = row;
    const facts = ["ORDER_CONSUMED", "ACTION_ATTEMPTED", fact];
    const observed = { consumes: 1, attempts: 1, turn: turn + i, status, settlement, facts };
    return first.event === "return nothing" ? observed : { ...observed, raw: first.reason };
  }
  return { consumes: 1, attempts: 1 };
}

function find(steps: Step[], events: Event[]): Step | undefined {
  return steps.find(({ event }) => events.includes(event));
}

function isEnd({ event }: Step): boolean {
  return ENDS.includes(event);
}

// --- What happens -------------------------------------------------------------------------------

const request = { orderId: "order-1", action: { name: "release.switch" } };
const context = { executionId: "execution-1", runner: "alice" };
const clock = { now: () => 0, monotonic: () => 0 };

/** One `execute()` whose events are in the test's hands. */
class Execution {
  readonly outcome: Outcome = { consumes: 0, attempts: 0 };
  readonly #case: Case;
  readonly #controller = new AbortController();
  readonly #consuming = deferred<void>();
  readonly #acting = deferred();
  #unproven: ((reason: string) => void) | undefined;
  /** What the action is to do once it is called. */
  #ready: Step[] = [];
  #turn = 0;
  #result: ExecutionResult | undefined;
  #written = "";

  constructor(one: Case) {
    this.#case = one;
    this.#consuming.promise.catch(() => {}); // Of a case in which it is never asked.
  }

  /** Does the steps of one turn, one after the other. */
  go(turn: number): void {
    this.#turn = turn;
    if (turn === 0) {
      for (const step of this.#case.before) this.#do(step);
      this.#call();
    }
    for (const step of this.#case.turns[turn] ?? []) this.#do(step);
  }

  /** What was told is what it was when it was told (law 4). */
  end(): Outcome {
    if (this.#result) assertEquals(JSON.stringify(this.#result), this.#written);
    return this.outcome;
  }

  #call(): void {
    const { signal } = this.#controller;
    const consume = this.#consume;
    execute(request, context, this.#action, { clock, signal, consume }).then((result) => {
      const { settlement, rawResult, rawError } = result.trace as unknown as Record<string, string>;
      const facts = result.facts.map(({ type }) => type);
      Object.assign(this.outcome, { turn: this.#turn, status: result.status, settlement, facts });
      const raw = rawResult ?? rawError;
      if (raw !== undefined) this.outcome.raw = raw;
      this.#result = result;
      this.#written = JSON.stringify(result);
    }, (rejected) => Object.assign(this.outcome, { turn: this.#turn, rejected }));
  }

  readonly #consume: Consume = () => {
    this.outcome.consumes += 1;
    // Decided before the call: it answers at once.
    const refusal = find(this.#case.before, ["consume rejects"]);
    if (refusal) throw refusal.reason;
    return find(this.#case.before, ["consume ends"]) ? undefined : this.#consuming.promise;
  };

  readonly #action = ((_request, { signal, unproven }) => {
    this.outcome.attempts += 1;
    this.#unproven = unproven;
    const heard = find(this.#case.turns.flat(), ["abort, heard"]);
    if (heard) signal?.addEventListener("abort", () => unproven(heard.reason));
    const ready = this.#ready;
    const end = this.#ready.find(isEnd);
    this.#ready = [];
    for (const step of ready) if (step !== end) this.#do(step);
    if (!end) return this.#acting.promise;
    // With a value of its own, or with a promise that is settled: it must make no difference.
    if (end === ready[0]) return answer(end);
    this.#do(end);
    return this.#acting.promise;
  }) as Action;

  #do(step: Step): void {
    const { event, reason } = step;
    if (event === "consume ends") this.#consuming.resolve();
    else if (event === "consume rejects") this.#consuming.reject(reason);
    else if (OUTSIDE.includes(event)) this.#controller.abort(reason);
    else if (!this.#unproven) this.#ready.push(step);
    else if (event === "abort from within") this.#controller.abort(reason);
    else if (event === "unproven") this.#unproven(reason);
    else if (event === "throw") this.#acting.reject(reason);
    else this.#acting.resolve(event === "return" ? reason : undefined);
  }
}

/** As an action that is no async function ends. */
function answer({ event, reason }: Step): string | undefined {
  if (event === "throw") throw reason;
  return event === "return" ? reason : undefined;
}

// --- All cases ----------------------------------------------------------------------------------

const UNPROVEN: Event[] = ["unproven"];
const SLOTS: Event[][] = [
  ["consume ends", "consume rejects"],
  ["abort", "abort, heard", "abort from within"],
  ENDS,
  UNPROVEN,
  UNPROVEN,
];

/** Each of at most five events that can follow one another, in each order. */
function* orders(slots: Event[][], order: Event[] = []): Generator<Event[]> {
  yield order;
  for (const [i, slot] of slots.entries()) {
    if (slots.indexOf(slot) !== i) continue; // One `unproven` is like the other.
    for (const event of slot) yield* orders(slots.toSpliced(i, 1), [...order, event]);
  }
}

/** Each place of the call that makes a difference, and each way to part the rest into turns. */
function* cases(): Generator<Case> {
  for (const order of orders(SLOTS)) {
    const steps = order.map((event, i) => ({ event, reason: `${event} ${i}` }));
    const outside = steps.findIndex(({ event }) => !OUTSIDE.slice(0, 3).includes(event));
    for (let call = 0; call <= (outside < 0 ? steps.length : outside); call += 1) {
      const after = steps.slice(call);
      for (let breaks = 0; breaks < 2 ** after.length; breaks += 1) {
        const turns: Step[][] = [[]];
        for (const [i, step] of after.entries()) {
          if (breaks >> i & 1) turns.push([]);
          turns.at(-1)?.push(step);
        }
        yield { before: steps.slice(0, call), turns };
      }
    }
  }
}

const AT_ONCE = 4096;

// `bun test` without arguments ends a test after 5 seconds.
const LONG = { timeout: 60_000 };

test("execute() keeps the laws in every order of up to five events", LONG, async () => {
  await withoutUnhandledRejection(async () => {
    const all = [...cases()];
    for (let first = 0; first < all.length; first += AT_ONCE) {
      const some = all.slice(first, first + AT_ONCE);
      const executions = some.map((one) => new Execution(one));
      for (let turn = 0; turn <= 5; turn += 1) {
        for (const execution of executions) execution.go(turn);
        await later();
      }
      for (const [i, execution] of executions.entries()) {
        const one = some[i] as Case;
        assertEquals({ case: nameOf(one), ...execution.end() }, {
          case: nameOf(one),
          ...lawful(one),
        });
      }
    }
    assertEquals(all.length, 54_810);
  });
});

/** Steps of one turn stand between semicolons. */
function nameOf({ before, turns }: Case): string {
  const events = (steps: Step[]) => steps.map(({ event }) => event);
  const [first = [], ...rest] = turns;
  const ofTheCall = [...events(before), "execute()", ...events(first)];
  return [ofTheCall, ...rest.map(events)].map((turn) => turn.join(", ")).join("; ");
}
