/**
 * Plays a plan of `plans.ts` on a stage whose turns it counts, and keeps what came to pass, so that
 * `fuzz_test.ts` can judge it. Many executions share a stage: they run at the same time.
 */
import { setImmediate } from "node:timers";
import { capture, execute, type ExecutionResult, type Ports, type Scope } from "../../mod.ts";
import { clock, deferred, type Settlement } from "./orders.ts";
import { type Course, type Given, make, type Plan, type Source, type Timing } from "./plans.ts";

/** Something that an execution may have observed. */
export interface Observable {
  turn: number;
  settlement: Settlement;
  /** Absent where awaiting makes another value of what was returned. */
  raw: { value: unknown } | undefined;
}

/** Stands for an error that only the platform, or awaiting a value, tells. */
export const SOME_ERROR: unique symbol = Symbol("some error");

/** One execution as it came to pass. */
export interface Played {
  plan: Plan;
  /** All that was made for it, and given to it. */
  given: unknown[];
  called: number;
  consumed: number;
  /** Whether `consume` has ended, if there is one. */
  consumeEnded: boolean;
  /** What stands against calling the action. */
  refusals: unknown[];
  /** The JSON that the trace must have of the context and of the action, as they were at its call. */
  atCall: [context: string, action: string] | undefined;
  observables: Observable[];
  outcome: "pending" | "fulfilled" | "rejected";
  outcomeTurn: number;
  /** Of `execute()`, as its outcome is. */
  result: ExecutionResult;
  error: unknown;
  /** Does again all that could be observed, and changes what was given. */
  again: () => void;
}

/** Counts the turns of the event loop; in each, all microtasks run. */
export class Stage {
  turn = 0;
  #next: ReturnType<typeof deferred> = deferred();

  async wait({ turns, microtasks }: Timing): Promise<void> {
    for (let i = 0; i < turns; i++) await this.#next.promise;
    for (let i = 0; i < microtasks; i++) await undefined;
  }

  async play(turns: number): Promise<void> {
    for (let i = 0; i < turns; i++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.turn++;
      const { resolve } = this.#next;
      this.#next = deferred();
      resolve(undefined);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Whether request and context are valid against their schemas. */
export const isValid = ({ request, context }: Plan): boolean => !request.flaw && !context.flaw;

/** Calls `execute()` as planned; the rest comes to pass as the stage plays. */
export function begin(stage: Stage, plan: Plan): Played {
  const played: Played = {
    plan,
    given: [],
    called: 0,
    consumed: 0,
    consumeEnded: plan.consume === undefined,
    refusals: [],
    atCall: undefined,
    observables: [],
    outcome: "pending",
    outcomeTurn: -1,
    result: undefined as never,
    error: undefined,
    again: () => {},
  };
  const { given, refusals } = played;
  const made = (source: Source) => {
    const value = make(source);
    given.push(value);
    return value;
  };
  const observable = (settlement: Settlement, raw?: { value: unknown }) =>
    played.observables.push({ turn: stage.turn, settlement, raw });

  const controller = new AbortController();
  const signal = {
    none: () => undefined,
    controller: () => controller.signal,
    any: () => AbortSignal.any([controller.signal]),
  }[plan.signal]();
  const abort = (source: Source) => {
    if (signal === undefined || signal.aborted) return;
    controller.abort(made(source));
    // After its listeners: they come first.
    if (played.called > 0) observable("ABORTED", { value: signal.reason });
    else if (played.outcome === "pending") refusals.push(signal.reason);
  };
  let scope: Scope | undefined;
  const say = (source: Source) => {
    if (scope === undefined) return;
    const reason = made(source);
    observable("UNPROVEN", { value: reason });
    scope.unproven(reason);
  };

  if (plan.abortedBefore) abort(plan.abortedBefore.reason);
  const order = structuredClone(plan.request.fields) as { orderId: string; action: Action };
  if (plan.input) order.action.input = made(plan.input);
  const circumstances = structuredClone(plan.context.fields) as Record<string, unknown>;
  const { executionId, annotations = {} } = circumstances;
  const request = flawed(order, plan.request, refusals);
  const context = flawed(circumstances, plan.context, refusals);
  given.push(request, context);

  /** To what is valid too. */
  const spoil = () => {
    order.orderId = circumstances.executionId = circumstances.runner = "spoilt";
    order.action = { name: "spoilt" };
    Object.assign(annotations as object, { spoilt: "spoilt" });
  };

  /** Does the steps of a course, then ends it; returns a promise if a step waits. */
  const follow = (
    { steps, end: { how, value: source, at } }: Course,
    ends: (fails: boolean, value: unknown) => void,
  ): unknown => {
    const act = (from: number): unknown => {
      for (let i = from; i < steps.length; i++) {
        const step = steps[i]!;
        switch (step.does) {
          case "wait":
            return stage.wait(step.at).then(() => act(i + 1));
          case "abort":
            abort(step.reason);
            break;
          case "say unproven":
            say(step.reason);
            break;
          case "say unproven in a listener":
            signal?.addEventListener("abort", () => say(step.reason));
            break;
          case "spoil what was given":
            spoil();
        }
      }
      return finish();
    };
    const finish = (): unknown => {
      if (how === "never") return new Promise(() => {});
      const value = made(source);
      if (how.startsWith("then")) return { then };
      const fails = how === "throw" || how === "reject";
      ends(fails, value);
      if (how === "throw") throw value;
      if (how === "return") return value;
      return fails ? Promise.reject(value) : Promise.resolve(value);

      function then(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
        if (how === "then throws") {
          ends(true, value);
          throw value;
        }
        if (how === "then resolves and throws") {
          ends(false, value);
          resolve(value);
          throw "too late";
        }
        stage.wait(at).then(() => {
          ends(how === "then rejects", value);
          (how === "then rejects" ? reject : resolve)(value);
          if (how === "then resolves twice") resolve("too late");
        });
      }
    };
    return act(0);
  };

  const called = (_request: unknown, given: Scope) => {
    played.called++;
    scope = given;
    if (isValid(plan)) {
      const { name, input } = order.action;
      const value = input === undefined ? undefined : capture(input, plan.limits).value;
      played.atCall = [
        JSON.stringify({ ...circumstances, executionId }),
        JSON.stringify({ name, input: value }),
      ];
    }
    return follow((plan.action as { does: Course }).does, (fails, value) => {
      const awaited = fails ? "itself" : awaiting(value);
      const settlement = fails || awaited === "an error" ? "THREW" : "RETURNED";
      if (awaited !== "itself") observable(settlement);
      else if (value === undefined && !fails) observable("RETURNED_NOTHING", { value });
      else observable(settlement, { value });
    });
  };
  const action = "odd" in plan.action
    ? made(plan.action.odd)
    : plan.action.proxied
    ? new Proxy(called, {})
    : called;

  const ports: { -readonly [port in keyof Ports]: Ports[port] } = { signal, limits: plan.limits };
  if (plan.clock) ports.clock = clock(plan.clock.wall, plan.clock.monotonic);
  const { consume } = plan;
  if (consume) {
    ports.consume = (fact) => {
      played.consumed++;
      given.push(fact);
      Object.assign(fact, { orderId: "spoilt", at: "spoilt" });
      return follow(consume, (fails, value) => {
        played.consumeEnded = true;
        if (fails) refusals.push(value);
        else if (awaiting(value) === "an error") refusals.push(SOME_ERROR);
      }) as never;
    };
  }

  execute(
    request as never,
    context as never,
    action as never,
    plan.inheritedPorts ? Object.create(ports) : ports,
  ).then((result) => {
    Object.assign(played, { outcome: "fulfilled", outcomeTurn: stage.turn, result });
  }, (error) => {
    Object.assign(played, { outcome: "rejected", outcomeTurn: stage.turn, error });
  });

  for (const { at, does, reason } of plan.outside) {
    stage.wait(at).then(() => (does === "abort" ? abort : say)(reason));
  }
  played.again = () => {
    const late = { plain: "too late" };
    say(late);
    abort(late);
    say(late);
    spoil();
  };
  return played;
}

interface Action {
  name: string;
  input?: unknown;
}

/** The object with its flaw; an error that it throws is a refusal. */
function flawed(object: object, { flaw }: Given, refusals: unknown[]): unknown {
  if (flaw === undefined) return object;
  const { property } = flaw;
  if (!("throwsAtRead" in flaw)) {
    const value = make(flaw.value);
    return property === "" ? value : Object.assign(object, { [property]: value });
  }
  const error = new Error(`read ${property}`);
  const value = Reflect.get(object, property);
  let reads = 0;
  return Object.defineProperty(object, property, {
    get() {
      if (++reads < flaw.throwsAtRead) return value;
      refusals.push(error);
      throw error;
    },
    set() {}, // What was given may be changed.
  });
}

/** What awaiting gives: of all that `hostile.ts` makes, only a promise has a `then` that does not throw. */
function awaiting(value: unknown): "itself" | "another value" | "an error" {
  try {
    const isObject = typeof value === "object" || typeof value === "function";
    if (!isObject || typeof (value as { then?: unknown } | null)?.then !== "function") {
      return "itself";
    }
    return value instanceof Promise ? "another value" : "an error";
  } catch {
    return "an error";
  }
}
