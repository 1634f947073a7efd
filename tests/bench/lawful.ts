/**
 * `execute()`, and bare code that keeps the same laws and does nothing else.
 *
 * @module
 */
import {
  type Clock,
  execute,
  type ExecutionContext,
  type ExecutionRequest,
  type Ports,
} from "../../mod.ts";
import { CONTRACT, timestamp } from "../../trace.ts";
import { checkedCopy, checkedError } from "./copies.ts";

/** One kind of execution. */
export interface Case {
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
  // deno-lint-ignore no-explicit-any -- an action of any kind
  readonly action: (request: ExecutionRequest, scope?: unknown) => any;
  readonly ports: Ports | undefined;
}

/** Copies plain JSON. */
export type Copy = (value: unknown) => unknown;

/** Executes once. */
export type Contender = (of: Case, copy: Copy) => Promise<unknown>;

/** The Deployer. */
export const deployer: Contender = ({ request, context, action, ports }) =>
  execute(request, context, action, ports);

/**
 * The very result of `execute()`, from bare code that keeps the laws for what is measured: consuming
 * is awaited, the start has a time of its own, and of what the action does, what it says by
 * `unproven()` and an abort, the first is observed. It takes clean JSON returned, or else a plain
 * error; where `execute()` would tag or cut, it throws, and may never settle.
 */
export const bareAndLawful: Contender = (
  { request, context: given, action: act, ports = {} },
) =>
  new Promise((resolve, reject) => {
    let threw = reject;
    const run = async () => {
      const { orderId, action } = request;
      const { executionId, runner, annotations } = given;
      const contract = CONTRACT;
      const { name, input: unread } = action;
      const { signal, clock = SYSTEM_CLOCK, consume = nothing } = ports;
      signal?.throwIfAborted();
      const at = timestamp(clock.now());
      const consumed = { contract, type: "ORDER_CONSUMED", orderId, executionId, at } as const;
      await consume.call(ports, { ...consumed }, request, given);
      const context = { executionId, runner, annotations: { ...annotations } };
      const input = unread === undefined ? undefined : checkedCopy(unread);
      const start = clock.now();
      const started = clock.monotonic();
      signal?.throwIfAborted();
      let open = true;
      const observe = (settlement: keyof typeof ENDS, observed: unknown) => {
        if (!open) return;
        open = false;
        signal?.removeEventListener("abort", giveUp);
        const durationMs = Math.round((clock.monotonic() - started) * 1000) / 1000;
        const startedAt = timestamp(start);
        const endedAt = timestamp(Math.round(start + durationMs));
        const [status, type] = ENDS[settlement];
        const trace: Record<string, unknown> = {
          orderId,
          context,
          action: input === undefined ? { name } : { name, input },
          settlement,
          startedAt,
          endedAt,
          durationMs,
        };
        const fidelity: Record<string, unknown> = input === undefined ? {} : { input: exact() };
        if (settlement === "RETURNED") {
          trace.rawResult = checkedCopy(observed);
          fidelity.raw = exact();
        } else {
          trace.rawError = checkedError(observed);
          fidelity.raw = { ...exact(), exact: false, tagged: 1 };
        }
        trace.fidelity = fidelity;
        resolve({
          contract,
          orderId,
          executionId,
          consumed: true,
          status,
          facts: [
            consumed,
            { contract, type: "ACTION_ATTEMPTED", orderId, executionId, at: startedAt },
            { contract, type, orderId, executionId, at: endedAt },
          ],
          trace,
        });
      };
      const unproven = (reason?: unknown) => observe("UNPROVEN", reason);
      const giveUp = () => observe("ABORTED", signal?.reason);
      signal?.addEventListener("abort", giveUp);
      threw = (error) => observe("THREW", error);
      observe("RETURNED", await act(request, { context: given, signal, unproven }));
    };
    run().catch((error) => threw(error));
  });

const exact = () => ({ exact: true, tagged: 0, truncated: 0, unreadable: 0 });
const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
const nothing = () => {};

/** What becomes of what was observed. */
export const ENDS = {
  RETURNED: ["APPLIED", "SUCCESS_OBSERVED"],
  THREW: ["FAILED", "FAILURE_OBSERVED"],
  UNPROVEN: ["UNKNOWN", "PROOF_ABSENT"],
  ABORTED: ["UNKNOWN", "PROOF_ABSENT"],
} as const;
