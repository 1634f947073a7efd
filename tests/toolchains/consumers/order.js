// What every consumer does: one order, whose result says that the installed module works.
import { capture, execute } from "deployer-runtime";

export async function order() {
  const { contract, status, trace } = await execute(
    { orderId: "order-1", action: { name: "release.switch", input: { release: "r42" } } },
    { executionId: "execution-1", runner: "alice" },
    (request) => ({ current: request.action.input.release }),
  );
  return JSON.stringify({ contract, status, raw: trace.rawResult, big: capture(3n).value });
}
