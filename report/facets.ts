/** What executions can be told apart by, with how many there are of each. */
import { NO_RESULT, type Pause } from "./query.ts";
import type { Row, Status } from "./reading/book.ts";

export interface Facets {
  readonly statuses: ReadonlyMap<Status, number>;
  /** Names and how many have them, the most frequent first. */
  readonly settlements: readonly [string, number][];
  readonly actions: readonly [string, number][];
  readonly runners: readonly [string, number][];
  /** How many the contract refuses. */
  readonly refused: number;
}

/** How many names a menu offers; the field for text finds all others. */
const MENU = 300;

export async function facetsOf(
  rows: readonly Row[],
  pause: Pause,
  signal: AbortSignal,
): Promise<Facets> {
  const statuses = new Map<Status, number>();
  const settlements = new Map<string, number>();
  const actions = new Map<string, number>();
  const runners = new Map<string, number>();
  let refused = 0;
  for (const [index, row] of rows.entries()) {
    count(statuses, row.status);
    count(settlements, row.settlement || NO_RESULT);
    count(actions, row.action);
    count(runners, row.runner);
    if (row.findings > 0) refused += 1;
    if (index % 1024 === 1023) {
      await pause();
      signal.throwIfAborted();
    }
  }
  return {
    statuses,
    refused,
    settlements: frequent(settlements),
    actions: frequent(actions),
    runners: frequent(runners),
  };
}

function count<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function frequent(counts: Map<string, number>): [string, number][] {
  return [...counts].filter(([name]) => name !== "").sort(([, a], [, b]) => b - a).slice(0, MENU);
}
