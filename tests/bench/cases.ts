/**
 * The executions that are measured.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { bareAndLawful, type Case, deployer } from "./lawful.ts";
import { payload } from "./payloads.ts";

/** Of the input, and of the value; with nothing to record, what is measured is the way through. */
export const SIZES = { "nothing": 0, "100 B": 100, "5 KB": 5_000, "1 MB": 1_000_000 };
export type Size = keyof typeof SIZES;

// Made once, its stack already written: what an error costs its thrower is not measured.
const failure = new Error("release r42 was not switched");
failure.stack;

/** What the action does with the value. */
export const ACTIONS: Record<
  "returns" | "awaits" | "rejects",
  (value: unknown) => () => unknown
> = {
  returns: (value: unknown) => () => value,
  awaits: (value: unknown) => async () => {
    await undefined;
    return value;
  },
  rejects: () => () => Promise.reject(failure),
};

/** One kind of execution, and how many of it at the same time. */
export interface Setting {
  readonly does: keyof typeof ACTIONS;
  readonly flight: number;
  readonly shared: boolean;
  readonly size: Size;
}

const context = { executionId: "execution-1", runner: "alice", annotations: { ticket: "OPS-1" } };

/** The execution of a setting. */
export function caseOf({ does, shared, size }: Setting): Case {
  const bytes = SIZES[size];
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return {
    request: {
      orderId: "order-1",
      action: { name: "release.switch", ...bytes > 0 && { input: payload(bytes) } },
    },
    context,
    action: ACTIONS[does](bytes > 0 ? payload(bytes) : true),
    ports: shared ? { signal } : undefined,
  };
}

/** The bare code gives the very result, to the byte, where time passes for both as it does here. */
export async function assertSameResult(of: Case): Promise<void> {
  const [bare, executed] = await Promise.all(
    [bareAndLawful, deployer].map((contender) => contender(passing(of), (value) => value)),
  );
  strictEqual(JSON.stringify(bare), JSON.stringify(executed));
}

/** With clocks of its own, that differ at each reading. */
function passing(of: Case): Case {
  let now = 0;
  let ms = 0;
  const clock = { now: () => now += 1234, monotonic: () => ms += 17.1234567 };
  return { ...of, ports: { ...of.ports, clock } };
}
