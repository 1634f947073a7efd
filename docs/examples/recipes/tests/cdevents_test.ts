import assert from "node:assert/strict";
import { test } from "node:test";
import { HTTP } from "cloudevents";
import { type TaskRunFinished, toTaskRunFinished } from "../cdevents.ts";
import { resultOf } from "./results.ts";

// Against the schemas of CDEvents themselves: `npm run check:cdevents -- <a clone of cdevents/spec>`.

const OUTCOMES = {
  APPLIED: { taskName: "release.switch", outcome: "success" },
  FAILED: { taskName: "release.switch", outcome: "failure" },
  UNKNOWN: { taskName: "release.switch" },
};

for (const status of ["APPLIED", "FAILED", "UNKNOWN"] as const) {
  test(`${status} is a finished task run, with what was observed and no more`, async () => {
    const result = await resultOf(status);
    const { errors, ...content } = dataOf(await resultOf(status)).subject.content;
    assert.deepEqual(content, OUTCOMES[status]);
    assert.equal(errors?.includes("disk full") ?? false, status === "FAILED");
    assert.deepEqual(Object.keys(result), Object.keys(dataOf(result).customData));
  });
}

test("The CloudEvent says what its CDEvent says, as CDEvents binds them, over HTTP too", async () => {
  const result = await resultOf("UNKNOWN");
  const event = toTaskRunFinished(result);
  assert.ok(event.validate());
  const received = HTTP.toEvent<TaskRunFinished>(HTTP.binary(event)) as typeof event;
  const { context, subject, customData } = received.data as TaskRunFinished;
  assert.deepEqual(
    [received.id, received.source, received.type, received.subject, received.time],
    [context.id, context.source, context.type, subject.id, result.trace.endedAt],
  );
  assert.deepEqual(customData, result);
});

function dataOf(result: Awaited<ReturnType<typeof resultOf>>): TaskRunFinished {
  return toTaskRunFinished(result).data as TaskRunFinished;
}
