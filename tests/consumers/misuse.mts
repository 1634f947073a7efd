// A consumer's mistakes. The compiler must refuse each line that says so, and no other.
import { execute, type ExecutionStatus } from "deployer-runtime";

const context = { executionId: "execution-1", runner: "alice" };
const order = { orderId: "order-1", action: { name: "release.switch" } };

await execute({ orderId: "1", acton: { name: "a" } }, context, () => "done"); // refused: misspelt
await execute(order, { executionId: "1" }, () => "done"); // refused: no runner
await execute(order, context, () => {}); // refused: no value returned
await execute(order, context, () => "done", { singal: undefined }); // refused: misspelt port

const result = await execute(order, context, () => "done");
const status: ExecutionStatus = "DONE"; // refused: no such status
console.log(status, result.status === "SUCCEEDED"); // refused: no such status
console.log(result.trace.rawResult); // refused: only after APPLIED is known
if (result.status === "APPLIED") {
  console.log(result.trace.rawResult);
  console.log(result.trace.rawError); // refused: nothing was thrown
}
