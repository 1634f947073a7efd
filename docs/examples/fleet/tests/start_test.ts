import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startDatabase } from "../../../../tests/support/database.ts";

test("npm start goes from an empty database to a table of orders that ended in every way", async () => {
  const database = await startDatabase();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("../start.ts", import.meta.url))],
    { timeout: 120_000, env: { ...process.env, DATABASE_URL: database.url } },
  ).finally(() => database.stop());
  assert.match(stdout, /^progress /m);
  assert.match(stdout, /^worker-\d {2}died \(SIGKILL\)/m);
  const rows = stdout.slice(stdout.indexOf("\norder ")).match(/^\S+-\d\d .*$/gm) ?? [];
  assert.equal(rows.length, 18, stdout);
  const ended = (...cells: string[]) => {
    const pattern = new RegExp(`^\\S+ +${cells.join(" +")} `);
    return rows.filter((row) => pattern.test(row)).length;
  };
  const [applied, failed, unproven, lost] = [
    ended("APPLIED", "RETURNED", "SUCCESS_OBSERVED"),
    ended("FAILED", "THREW", "FAILURE_OBSERVED"),
    ended("UNKNOWN", "UNPROVEN", "PROOF_ABSENT"),
    ended("UNKNOWN", "no result", "PROOF_ABSENT", "its Runner is gone"),
  ] as const;
  assert.ok(applied > 0 && failed > 0 && unproven > 0, stdout);
  // The worker that is killed may have had another order in flight.
  assert.ok(lost === 1 || lost === 2, stdout);
  assert.equal(applied + failed + unproven + lost, 18, stdout);
  const [, report] = /in a browser: (.*)$/m.exec(stdout) ?? [];
  const page = readFileSync(report!, "utf8");
  for (const row of rows) assert.ok(page.includes(`"orderId":"${row.split(" ")[0]}"`), row);
});
