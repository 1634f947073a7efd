const assert = require("node:assert");
const { execute } = require("deployer-runtime");

it("require() gives the module", async () => {
  const { status } = await execute(
    { orderId: "order-1", action: { name: "none" } },
    { executionId: "execution-1", runner: "alice" },
    () => 1,
  );
  assert.equal(status, "APPLIED");
});
