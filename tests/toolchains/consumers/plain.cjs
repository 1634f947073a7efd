const { execute } = require("deployer-runtime");

execute(
  { orderId: "order-1", action: { name: "none" } },
  { executionId: "execution-1", runner: "alice" },
  () => 1,
).then(({ status }) => console.log(status));
