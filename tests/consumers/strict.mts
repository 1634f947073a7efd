// A strict consumer: everything that is exported, used as its types say. It must compile.
import {
  type Action,
  type AppliedResult,
  capture,
  type Captured,
  type CaptureLimits,
  type Clock,
  execute,
  type ExecutionContext,
  type ExecutionRequest,
  type ExecutionResult,
  type ExecutionStatus,
  type Fact,
  type FailedResult,
  type Fidelity,
  type Ports,
  type Proof,
  type ReturnedNothingTrace,
  type ReturnedTrace,
  type Scope,
  type ThrewTrace,
  type Trace,
  type UnknownResult,
  type UnprovenTrace,
} from "deployer-runtime";

const request = { orderId: "order-1", action: { name: "release.switch", input: { release: 42 } } };
const context: ExecutionContext = { executionId: "execution-1", runner: "alice" };
const limits: CaptureLimits = { maxDepth: 8 };
const clock: Clock = { now: () => 0, monotonic: () => 0 };
const facts: Fact[] = [];
const ports: Ports = {
  signal: new AbortController().signal,
  clock,
  limits,
  consume: (fact: Fact) => void facts.push(fact),
};

const readBack = { current: "r42" };
const proof: Proof = readBack;
const action: Action = (_order: ExecutionRequest, { unproven, signal }: Scope) =>
  signal === undefined ? unproven("no signal") : proof;
const result: ExecutionResult = await execute(request, context, action, ports);
await execute(request, context, async (order) => await order.action.input.release + 1);

const status: ExecutionStatus = result.status;
const trace: Trace = result.trace;
if (result.status === "APPLIED") {
  const applied: AppliedResult = result;
  const returned: ReturnedTrace = applied.trace;
  console.log(returned.rawResult);
} else if (result.status === "FAILED") {
  const failed: FailedResult = result;
  const threw: ThrewTrace = failed.trace;
  console.log(threw.rawError);
} else {
  const unknown: UnknownResult = result;
  const open: ReturnedNothingTrace | UnprovenTrace = unknown.trace;
  if (open.settlement !== "RETURNED_NOTHING") console.log(open.rawError);
}

const captured: Captured = capture(3n, limits);
const fidelity: Fidelity = captured.fidelity;
console.log(status, trace.durationMs, result.facts[2].type, fidelity.exact);
