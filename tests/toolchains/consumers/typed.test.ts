import { execute, type ExecutionResult } from "deployer-runtime";

test("the types and the module are found", async () => {
  const result: ExecutionResult = await execute(
    { orderId: "order-1", action: { name: "none" } },
    { executionId: "execution-1", runner: "alice" },
    () => 1,
  );
  if (result.status !== "APPLIED") throw new Error(result.status);
  expect(result.trace.rawResult).toBe(1);
});
