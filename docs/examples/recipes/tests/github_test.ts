import assert from "node:assert/strict";
import { test } from "node:test";
import { toDeploymentStatus } from "../github.ts";
import { resultOf } from "./results.ts";

const STATES = {
  APPLIED: ["success", "APPLIED: applied (order order-1, execution execution-APPLIED)"],
  FAILED: ["failure", "FAILED: failure observed (order order-1, execution execution-FAILED)"],
  UNKNOWN: ["error", "UNKNOWN: no proof observed (order order-1, execution execution-UNKNOWN)"],
};

for (const status of ["APPLIED", "FAILED", "UNKNOWN"] as const) {
  test(`${status} is a state of GitHub's that waits for nothing more`, async () => {
    const { state, description, ...rest } = toDeploymentStatus(await resultOf(status));
    assert.deepEqual([state, description], STATES[status]);
    assert.deepEqual(rest, {});
  });
}

test("An order that was recovered has no result, and is told all the same", () => {
  const fact = { orderId: "order-1", executionId: "execution-1" };
  assert.equal(toDeploymentStatus({ status: "UNKNOWN", ...fact }).state, "error");
});

test("A description is as long as GitHub takes, and ends in no half of a character", () => {
  const ended = { status: "FAILED", orderId: "🚀".repeat(256), executionId: "e" } as const;
  const { description } = toDeploymentStatus(ended);
  assert.equal([...description as string].length, 140);
  assert.ok((description as string).endsWith("🚀"));
});
