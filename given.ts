/**
 * What a Runner gives: read once, by ordinary guards, while nothing is consumed (law 2).
 *
 * @module
 */
import { type CaptureLimits, resolveLimits } from "./capture.ts";
import type { ExecutionContext, ExecutionRequest, Fact } from "./schemas/types.ts";
import type { Clock, Recorder } from "./trace.ts";

/** What an action returns: any value but `undefined`, which proves nothing. */
export type Proof =
  | (object & { readonly then?: "an action must return a value: undefined is no proof" })
  | (string | number | boolean | bigint | symbol | null);

/** What an action is given beside the request. */
export interface Scope {
  /** The context as the Runner gave it. */
  readonly context: ExecutionContext;
  /** The Runner's signal: once it aborts, the Runner does not wait for the action. */
  readonly signal: AbortSignal | undefined;
  /**
   * Says that the action cannot tell what came of it: UNKNOWN, with the reason as evidence. To be
   * returned: `return unproven("the connection was lost during COMMIT")`.
   */
  readonly unproven: (reason?: unknown) => null;
}

/**
 * The function that does the work. Its author vouches that what it returns proves success.
 *
 * @typeParam Request The type of the request that is given, so that its `action.input` has it.
 *
 * @example It returns its proof, throws what failed, and says what it cannot tell
 * ```ts
 * import type { Action } from "./mod.ts";
 *
 * const switchRelease: Action = async (_request, { unproven }) => {
 *   const response = await fetch("https://example.com/switch", { method: "POST" });
 *   if (response.status === 504) return unproven("the gateway gave up: it may have been done");
 *   if (!response.ok) throw new Error(`refused with ${response.status}`);
 *   return { status: response.status };
 * };
 * ```
 */
export type Action<Request extends ExecutionRequest = ExecutionRequest> = (
  request: Request,
  scope: Scope,
) => Proof | PromiseLike<Proof>;

/**
 * Throw to refuse: then the action is not called. Otherwise it has made durable that the order is
 * consumed. What it returns says nothing, so that a ledger that returns `false` or a count of rows
 * does not compile: it would run an order again in silence.
 *
 * @example Within one process; a ledger of `deployer-runner` outlives it
 * ```ts
 * import type { Consume } from "./mod.ts";
 *
 * const consumed = new Set<string>();
 * const consume: Consume = ({ orderId }) => {
 *   if (consumed.has(orderId)) throw new Error(`order ${orderId} is consumed already`);
 *   consumed.add(orderId);
 * };
 * ```
 */
export type Consume = (
  fact: Fact,
  request: ExecutionRequest,
  context: ExecutionContext,
) => void | PromiseLike<void>;

/**
 * What the Runner may provide: trusted code. Each is read once; `undefined` means absent.
 *
 * @example The Runner stops waiting after a second
 * ```ts
 * import { execute, type Ports } from "./mod.ts";
 *
 * const ports: Ports = { signal: AbortSignal.timeout(1000), limits: { maxStringLength: 200 } };
 * const order = { orderId: "order-1", action: { name: "release.switch" } };
 * const context = { executionId: "execution-1", runner: "alice" };
 * const { status } = await execute(order, context, () => "done", ports);
 *
 * console.log(status); // APPLIED
 * ```
 */
export interface Ports {
  /**
   * "Stop waiting": when it aborts, the observation ends.
   *
   * @default no signal
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * What stamps facts and traces.
   *
   * @default the system's clocks
   */
  readonly clock?: Clock | undefined;
  /**
   * Called with these ports as `this`, and awaited before the action is called.
   *
   * @default nothing is done: without a ledger, an order can run again
   */
  readonly consume?: Consume | undefined;
  /**
   * How much is recorded of the input and of what was observed.
   *
   * @default those of `CaptureLimits`
   */
  readonly limits?: CaptureLimits | undefined;
}

/** What was given, with stand-ins for the ports that are absent. */
export interface Given extends Recorder {
  readonly consume: Consume;
  /** The signal as it was given. */
  readonly signal: AbortSignal | undefined;
  /** What is watched: the signal, or one that never aborts. */
  readonly watched: Pick<AbortSignal, Watching>;
}

type Watching = "throwIfAborted" | "reason" | "addEventListener" | "removeEventListener";

const PORTS = ["signal", "clock", "consume", "limits"];
const NEVER = { throwIfAborted() {}, addEventListener() {}, removeEventListener() {}, reason: 0 };
const NO_LEDGER = () => {};
const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
/** What a platform may lack. Asked for once: in Node or in Deno these are getters, and slow ones. */
const { btoa, performance: stopwatch } = globalThis;

/**
 * Reads what `execute()` was given.
 *
 * @throws {TypeError} If an argument cannot be read, with its name and what was received; or if the
 * platform lacks what is needed, with its name.
 * @throws {RangeError} If a limit is not a number of at least 0.
 */
export function read(
  request: ExecutionRequest,
  context: ExecutionContext,
  action: unknown,
  ports: Ports,
): Given {
  requireObject("request", request);
  const { orderId, action: asked } = request;
  requireObject("request.action", asked);
  const { name: _readable } = asked;
  requireObject("context", context);
  const { executionId } = context;
  requireFunction("action", action);

  requirePorts(ports);
  const { signal, clock = SYSTEM_CLOCK, consume = NO_LEDGER, limits } = ports;
  if (clock === SYSTEM_CLOCK) requireBuiltin("performance: give a clock", stopwatch);
  requireFunction("ports.consume", consume);
  requireFunction("ports.clock.now", clock.now);
  requireFunction("ports.clock.monotonic", clock.monotonic);
  if (signal !== undefined) requireFunction("ports.signal.throwIfAborted", signal.throwIfAborted);
  // What the rooms below use, and some platforms lack.
  requireBuiltin("String.prototype.isWellFormed", "".isWellFormed);
  requireBuiltin("Object.hasOwn", Object.hasOwn);
  requireBuiltin("btoa", btoa);
  return {
    orderId,
    executionId,
    clock,
    limits: resolveLimits(limits),
    consume,
    signal,
    watched: signal ?? NEVER,
  };
}

function requireBuiltin(name: string, builtin: unknown): void {
  if (builtin === undefined) throw new TypeError(`this platform has no ${name}`);
}

/** Something else in their place, such as a function or `{ onConsume }`, would pass without a word. */
function requirePorts(ports: object): void {
  requireObject("ports", ports);
  for (const _ in ports) {
    if (PORTS.some((port) => port in ports)) return;
    const keys = Object.keys(ports).join(", ");
    throw refused("ports", `an object with ${PORTS.join(", ")}`, `one with ${keys}`);
  }
}

function requireObject(argument: string, given: unknown): void {
  if (typeof given !== "object" || given === null) throw refused(argument, "an object", given);
}

function requireFunction(argument: string, given: unknown): void {
  if (typeof given !== "function") throw refused(argument, "a function", given);
}

function refused(argument: string, expected: string, given: unknown): TypeError {
  const received = typeof given === "function"
    ? "a function"
    : typeof given === "object" && given !== null
    ? "an object"
    : String(given);
  return new TypeError(`${argument} must be ${expected}: received ${received}`);
}
