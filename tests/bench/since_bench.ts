/**
 * Two revisions of the module in one process. Arguments: the earlier module's file, the later one's.
 *
 * @module
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { CaptureLimits } from "../../mod.ts";
import { inTurns, ratio } from "./measure.ts";
import { errorWithThreeCauses, payload } from "./payloads.ts";
import type { Row } from "./table.ts";

type Module = typeof import("../../mod.ts");
type Work = (module: Module) => unknown;

const [before, after] = await Promise.all(
  process.argv.slice(2).map((file): Promise<Module> => import(pathToFileURL(file).href)),
) as [Module, Module];
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 21);

const LIFTED: CaptureLimits = {
  maxValues: Infinity,
  maxCharacters: Infinity,
  maxArrayLength: Infinity,
};

// Made once, its stack already written: what an error costs its thrower is not measured.
const failure = new Error("release r42 was not switched");
failure.stack;

const context = { executionId: "execution-1", runner: "alice", annotations: { ticket: "OPS-1" } };

/** An order whose input and value have so many bytes; without a number, there is no input. */
function executing(bytes?: number, settle: (value: object) => unknown = (value) => value): Work {
  const input = bytes !== undefined && { input: payload(bytes) };
  const request = { orderId: "order-1", action: { name: "release.switch", ...input } };
  const value = payload(bytes ?? 0);
  const action = () => (bytes === undefined ? true : settle(value)) as object;
  return ({ execute }) => execute(request, context, action);
}

function capturing(value: unknown, limits?: CaptureLimits): Work {
  return ({ capture }) => capture(value, limits);
}

const WORK: Record<string, Work> = {
  "execute(), nothing to record": executing(),
  "execute(), 100 B": executing(100),
  "execute(), 100 B, awaited": executing(100, async (value) => {
    await undefined;
    return value;
  }),
  "execute(), 100 B, rejected": executing(100, () => Promise.reject(failure)),
  "execute(), 5 KB": executing(5_000),
  "execute(), 1 MB": executing(1_000_000),
  "capture(), 5 KB": capturing(payload(5_000)),
  "capture(), 1 MB": capturing(payload(1_000_000)),
  "capture(), 10 MB, limits lifted": capturing(payload(10_000_000), LIFTED),
  "capture(), error with three causes": capturing(errorWithThreeCauses()),
};

for (const [what, work] of Object.entries(WORK)) {
  const contenders = { before: () => work(before), after: () => work(after) };
  const times = await inTurns(contenders, what.includes("10 MB") ? Math.min(rounds, 9) : rounds);
  const row: Row = { what, ratio: "after / before", measured: ratio(times, "after", "before") };
  console.log(JSON.stringify(row));
}
