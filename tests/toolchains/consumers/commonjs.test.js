const { execute, capture } = require("deployer-runtime");

test("require() gives the module", async () => {
  const { status } = await execute(
    { orderId: "order-1", action: { name: "none" } },
    { executionId: "execution-1", runner: "alice" },
    () => 1,
  );
  expect(status).toBe("APPLIED");
  expect(capture(3n).value).toEqual({ $js: "bigint", value: "3" });
});
