// deno-lint-ignore-file require-await -- an action may be async whatever it does
/**
 * What must compile: how authors and Runners use the types. Nothing here is ever run; `tsc` reads
 * it, and `types_test.ts` asks the compiler again.
 */
import {
  type Action,
  type AppliedResult,
  capture,
  type CaptureLimits,
  type Clock,
  execute,
  type ExecutionContext,
  type ExecutionRequest,
  type ExecutionResult,
  type ExecutionStatus,
  type Fact,
  type FailedResult,
  type Fidelity,
  type Ports,
  type Proof,
  type Scope,
  type Trace,
  type UnknownResult,
} from "../mod.ts";

const context: ExecutionContext = { executionId: "execution-1", runner: "alice" };
const request = {
  orderId: "order-1",
  action: { name: "release.switch", input: { site: "docs", release: 42 } },
};

/** Fails to compile unless the value has exactly this type. */
function is<T>(): <U>(value: U & (Same<T, U> extends true ? unknown : never)) => void {
  return () => {};
}
type Same<T, U> = (<X>() => X extends T ? 1 : 2) extends (<X>() => X extends U ? 1 : 2) ? true
  : false;

// --- The request's own type reaches the action --------------------------------------------------

export async function inputIsTyped(): Promise<void> {
  const result = await execute(request, context, (given, scope) => {
    is<number>()(given.action.input.release);
    is<string>()(given.action.input.site);
    is<Scope>()(scope);
    is<AbortSignal | undefined>()(scope.signal);
    is<ExecutionContext>()(scope.context);
    return given.action.input;
  });
  is<ExecutionResult>()(result);
  await execute({ orderId: "order-1", action: { name: "cache.purge" } }, context, () => true);
  const parsed: ExecutionRequest = JSON.parse("{}");
  await execute(parsed, context, (given) => {
    is<unknown>()(given.action.input);
    return null;
  });
}

// --- Whatever is a value is proof ---------------------------------------------------------------

class Release {
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }
}

class Deployment {
  readonly at = new Date();
  #secret = 1;
  secret(): number {
    return this.#secret;
  }
}

interface Digest {
  readonly path: string;
  readonly sha256?: string;
}

declare const digest: Digest;
declare const row: { id: number } | null;
declare const bytes: Uint8Array;
declare const stored: unknown;

export const proofs: Action[] = [
  () => "proof",
  () => 0,
  () => false,
  () => null,
  () => 3n,
  () => Symbol("done"),
  () => ({}),
  () => [],
  () => ["a", { b: 1 }],
  () => ({ nested: { value: undefined } }),
  () => new Map([["index.html", bytes]]),
  () => new Set([1]),
  () => new Error("returned"),
  () => new Date(),
  () => new URL("https://example.org"),
  () => new Release("r42"),
  () => new Deployment(),
  () => digest,
  () => [digest] as const,
  () => row,
  () => bytes,
  () => () => "a function is a value",
  () => stored as Proof,
  () => ({ stored }),
  async () => digest,
  async () => await Promise.resolve(row),
  () => Promise.resolve([digest]),
  () => fetch("https://example.org"),
  async () => (await fetch("https://example.org")).status,
  (): PromiseLike<string> => Promise.resolve("proof"),
  async ({ orderId, action: { name, input } }, { context: { runner } }) => ({
    orderId,
    name,
    input,
    runner,
  }),
];

// --- No value on purpose, or no end -------------------------------------------------------------

export const withoutEnd: Action[] = [
  () => {
    throw new Error("refused");
  },
  async () => {
    throw new Error("refused");
  },
  () => Promise.reject(new Error("refused")),
  () => new Promise<never>(() => {}),
  (_request, { unproven }) => unproven(),
  (_request, { unproven }) => unproven("connection lost during COMMIT"),
  (_request, { unproven }) => unproven(new Error("lost")),
  async (_request, { unproven, signal }) => {
    signal?.addEventListener("abort", () => unproven({ seen: "r41" }));
    signal?.throwIfAborted();
    try {
      await fetch("https://example.org", signal ? { signal } : {});
      return { switched: true };
    } catch (error) {
      return unproven(error);
    }
  },
  ({ orderId }, scope) => orderId === "" ? scope.unproven("no order") : orderId,
];

export const ownRequest: Action<typeof request> = ({ action: { input } }) => input.release;

// --- Ports --------------------------------------------------------------------------------------

const clock: Clock = { now: Date.now, monotonic: () => performance.now() };
declare const perhaps: AbortSignal | undefined;

export const ports: Ports[] = [
  {},
  { signal: undefined, clock: undefined, consume: undefined, limits: undefined },
  { signal: perhaps },
  { signal: AbortSignal.timeout(1000), clock },
  { consume: () => {} },
  { consume: (fact) => fact.at === "" ? Promise.reject(new Error("no time")) : undefined },
  { consume: async (fact: Fact, { orderId }, { runner }) => void [fact, orderId, runner] },
  { limits: { maxDepth: 8, maxBytes: Infinity } },
  new class {
    readonly entries: Fact[] = [];
    consume(fact: Fact): Promise<void> {
      this.entries.push(fact);
      return Promise.resolve();
    }
  }(),
];

// --- Results narrow -----------------------------------------------------------------------------

export function narrows(result: ExecutionResult): unknown {
  is<"deployer-runtime/v1">()(result.contract);
  is<true>()(result.consumed);
  is<[Fact, Fact, Fact]>()(result.facts);
  is<ExecutionStatus>()(result.status);
  if (result.status === "APPLIED") {
    is<AppliedResult>()(result);
    is<"RETURNED">()(result.trace.settlement);
    return result.trace.rawResult;
  }
  if (result.status === "FAILED") {
    is<FailedResult>()(result);
    is<"THREW">()(result.trace.settlement);
    return result.trace.rawError;
  }
  is<UnknownResult>()(result);
  is<"UNKNOWN">()(result.status);
  is<"RETURNED_NOTHING" | "UNPROVEN" | "ABORTED">()(result.trace.settlement);
  if (result.trace.settlement === "RETURNED_NOTHING") return result.trace.fidelity;
  is<"UNPROVEN" | "ABORTED">()(result.trace.settlement);
  return result.trace.rawError;
}

/** A switch over the statuses, and one over the settlements, each without a rest. */
export function covers(status: ExecutionStatus, trace: Trace): number {
  switch (trace.settlement) {
    case "RETURNED":
      is<unknown>()(trace.rawResult);
      break;
    case "THREW":
    case "UNPROVEN":
    case "ABORTED":
      is<unknown>()(trace.rawError);
      break;
    case "RETURNED_NOTHING":
      break;
    default:
      is<never>()(trace);
  }
  switch (status) {
    case "APPLIED":
      return 0;
    case "FAILED":
      return 1;
    case "UNKNOWN":
      return 2;
  }
}

// --- capture ------------------------------------------------------------------------------------

export function captures(): Fidelity {
  const limits: CaptureLimits = { maxValues: 10 };
  is<unknown>()(capture(undefined).value);
  return capture(Symbol("anything"), limits).fidelity;
}
