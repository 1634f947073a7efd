// Whoever has not left CommonJS: require() of an ES module, which Node allows from 20.19.
const { capture, execute } = require("deployer-runtime");
const oneFile = require("deployer-runtime/schemas/deployer-runtime.schema.json");
const schema = require("deployer-runtime/schemas/execution-result.schema.json");

execute(
  { orderId: "order-1", action: { name: "release.switch", input: { release: "r42" } } },
  { executionId: "execution-1", runner: "alice" },
  (request) => ({ current: request.action.input.release }),
).then(({ contract, status, trace }) => {
  const titles = [schema.title, oneFile.title];
  const runtime = globalThis.Deno?.version.deno ?? process.versions.bun ?? process.versions.node;
  console.log(
    JSON.stringify({
      runtime,
      contract,
      status,
      raw: trace.rawResult,
      big: capture(3n).value,
      titles,
    }),
  );
});
