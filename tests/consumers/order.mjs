// Whoever installs the package: Node, Bun and Deno run this file beside the unpacked tarball.
import { capture, execute } from "deployer-runtime";
import oneFile from "deployer-runtime/schemas/deployer-runtime.schema.json" with { type: "json" };
import schema from "deployer-runtime/schemas/execution-result.schema.json" with { type: "json" };

const result = await execute(
  { orderId: "order-1", action: { name: "release.switch", input: { release: "r42" } } },
  { executionId: "execution-1", runner: "alice" },
  (request) => ({ current: request.action.input.release }),
);
const { contract, status, trace } = result;
const titles = [schema.title, oneFile.title];
const runtime = globalThis.Deno?.version.deno ?? globalThis.process.versions.bun ??
  globalThis.process.versions.node;
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
