import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("chaos.ts", import.meta.url));

/** What chaos says, and how it ends. */
function chaos(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", program, ...args],
    { encoding: "utf8", timeout: 300_000 },
  );
  const count = (state: string) => stdout.match(new RegExp(`│ ${state} +│ +(\\d+) +│ +(\\d+)`));
  return {
    status,
    output: stdout + stderr,
    before: (state: string) => Number(count(state)?.[1]),
    after: (state: string) => Number(count(state)?.[2]),
  };
}

for (const where of [[], ["--folder"], ["--sqlite"]]) {
  const name = where.length > 0 ? where[0]!.slice(2) : "PostgreSQL, killed as well";

  test(`20 kills: no order runs twice or vanishes (${name})`, () => {
    const { status, output, before, after } = chaos("--kills", "20", ...where);
    assert.equal(status, 0, output);
    assert.match(output, /^seed \d+, 20 kills/m);
    assert.match(
      output,
      where.length > 0 ? /killed 20 workers/ : /killed 19 workers and 1 database/,
    );
    assert.ok(before("orders fed") > 0, output);
    const states = ["not consumed", "consumed without result", "consumed with one valid result"];
    for (const moment of [before, after]) {
      const sum = states.map(moment).reduce((sum, orders) => sum + orders);
      assert.equal(sum, moment("orders fed"), output);
      assert.equal(moment("double executions"), 0, output);
      assert.equal(moment("lost orders"), 0, output);
    }
    assert.equal(after("not consumed"), 0, output);
  });

  test(`A ledger that does not refuse a second claim is found out (${name})`, () => {
    const { status, output, after } = chaos("--kills", "10", "--fault", "claims-twice", ...where);
    assert.equal(status, 1, output);
    assert.ok(after("double executions") > 0, output);
    assert.match(output, /^VIOLATION {2}order-\d+: \d+ effects$/m);
  });

  test(`A claim after the action is found out (${name})`, () => {
    const { status, output, after } = chaos("--kills", "10", "--fault", "claims-late", ...where);
    assert.equal(status, 1, output);
    assert.ok(after("double executions") > 0, output);
  });
}

test("A job that is finished before its order is consumed is found out", () => {
  const { status, output, before } = chaos("--kills", "20", "--fault", "finishes-early");
  assert.equal(status, 1, output);
  assert.ok(before("lost orders") > 0, output);
  assert.match(output, /^VIOLATION {2}order-\d+: not consumed, and nobody will ever be asked to$/m);
});
