/** Each action's table "what happens, status" in `docs/runners.md`, held against what happens. */
import { test } from "node:test";
import { assert, assertEquals } from "./std_assert.ts";
import type { ExecutionResult } from "../../mod.ts";
import { tableRows } from "./runners_guide.ts";

/** Brings a case about, in the words of the guide's table. */
export type Cases = Record<string, () => Promise<ExecutionResult>>;

/** Tests that the guide's table of an action has these cases and no other, each with its status. */
export function testCases(action: string, cases: Cases): void {
  const rows = tableRows(action);
  test(`the guide's table of ${action} names the cases that are tested, and no other`, () => {
    assert(rows.length > 1);
    assertEquals(rows.map(([what]) => what), Object.keys(cases));
  });
  for (const [what, status] of rows) {
    test(`${action}: ${what}: ${status}`, { timeout: 60_000 }, async () => {
      assertEquals((await cases[what as string]?.())?.status, status);
    });
  }
}
