// Whoever compiles to CommonJS with the default resolution, as many old code bases do.
import { type Action, execute, type ExecutionResult } from "deployer-runtime";

const action: Action = () => 1;
const order = { orderId: "order-1", action: { name: "none" } };
execute(order, { executionId: "execution-1", runner: "alice" }, action).then(
  (result: ExecutionResult) => {
    if (result.status === "APPLIED") console.log(result.trace.rawResult);
  },
);
