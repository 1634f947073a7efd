/**
 * The action of the demonstration. It deploys nothing: each of its orders says how it is to end.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Action } from "deployer-runtime";

/** What an order of the demonstration asks for. */
export interface DemoInput {
  ends: "applied" | "failed" | "unproven" | "dies";
  ms: number;
}

/** Takes its time, and ends as the order says. */
export const demo: Action = async ({ orderId, action }, { unproven }) => {
  const { ends, ms } = action.input as DemoInput;
  await sleep(ms);
  if (ends === "failed") {
    throw new Error("the server refused the release", { cause: { code: 403 } });
  }
  if (ends === "unproven") return unproven({ sent: true, answered: false });
  if (ends === "dies") process.kill(process.pid, "SIGKILL"); // And the whole worker with it.
  return { current: orderId };
};
