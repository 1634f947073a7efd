/**
 * What a million executions leave behind. Argument: the runtime's name.
 *
 * @module
 */
import { bytesLeftBy, leftByExecutions } from "../support/leaks.ts";
import { spread } from "./measure.ts";
import type { Row } from "./table.ts";

const EXECUTIONS = 1_000_000;

function report(name: string, ratio: string, bytes: number): void {
  const what = "1,000,000 executions";
  const row: Row = { what, ratio, measured: spread([bytes]), target: { name, most: 1 } };
  console.log(JSON.stringify(row));
}

report(
  "bytes left on one signal",
  "bytes each, and no listener",
  await leftByExecutions((shared) => shared, EXECUTIONS),
);

const { signal } = new AbortController();
const platform = await bytesLeftBy(() => AbortSignal.any([signal]), EXECUTIONS);
report(
  "bytes left on signals of AbortSignal.any",
  "bytes each, more than the signals leave",
  await leftByExecutions((shared) => AbortSignal.any([shared]), EXECUTIONS) - platform,
);
