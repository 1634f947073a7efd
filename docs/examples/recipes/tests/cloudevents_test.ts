import assert from "node:assert/strict";
import { test } from "node:test";
import { type CloudEvent, HTTP } from "cloudevents";
import type { Fact } from "deployer-runtime";
import { toCloudEvent, toCloudEvents } from "../cloudevents.ts";
import { resultOf, TRACEPARENT } from "./results.ts";

const STATUSES = ["APPLIED", "FAILED", "UNKNOWN"] as const;

test("Each fact of a result of any status is an event that the SDK accepts", async () => {
  for (const status of STATUSES) {
    const result = await resultOf(status);
    const events = toCloudEvents(result);
    assert.deepEqual(events.map(({ data }) => data), result.facts);
    assert.ok(events.every((event) => event.validate()));
  }
});

test("An event says what was observed, of which order, by whom, when and in which trace", async () => {
  const [consumed] = toCloudEvents(await resultOf("APPLIED"));
  assert.ok(consumed);
  const { data, time, ...attributes } = JSON.parse(JSON.stringify(consumed));
  assert.equal(time, new Date(consumed.data!.at).toISOString());
  assert.deepEqual(attributes, {
    specversion: "1.0",
    id: `execution-APPLIED/ORDER_CONSUMED/${data.at}`,
    source: "/deployer/night%20shift%2F%C3%A9",
    type: "deployer-runtime.v1.ORDER_CONSUMED",
    subject: "order-1",
    datacontenttype: "application/json",
    dataschema: "https://cdn.jsdelivr.net/npm/deployer-runtime@1/schemas/fact.schema.json",
    traceparent: TRACEPARENT,
  });
});

test("Events survive the way over HTTP, in both of its modes", async () => {
  for (const event of toCloudEvents(await resultOf("UNKNOWN"))) {
    for (const mode of [HTTP.binary(event), HTTP.structured(event)]) {
      const received = HTTP.toEvent<Fact>(mode) as CloudEvent<Fact>;
      assert.deepEqual(received.data, event.data);
      assert.deepEqual([received.id, received.source, received.type], [
        event.id,
        event.source,
        event.type,
      ]);
    }
  }
});

test("The fact of a recovery is an event without a result", () => {
  const fact: Fact = {
    contract: "deployer-runtime/v1",
    type: "PROOF_ABSENT",
    orderId: "order-1",
    executionId: "execution-1",
    at: "2026-01-31T09:30:00.000Z",
  };
  const event = toCloudEvent(fact, "recovery");
  assert.ok(event.validate());
  assert.ok(!("traceparent" in event));
});
