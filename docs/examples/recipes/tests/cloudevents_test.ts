import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type CloudEvent, HTTP } from "cloudevents";
import type { Fact } from "deployer-runtime";
import { toCloudEvent, toCloudEvents } from "../cloudevents.ts";
import { resultOf, TRACEPARENT } from "./results.ts";

const RECOVERED: Fact = {
  contract: "deployer-runtime/v1",
  type: "PROOF_ABSENT",
  orderId: "order-1",
  executionId: "execution-1",
  at: "2026-01-31T09:30:00.000Z",
};

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
    type: "com.example.deployer-runtime.v1.ORDER_CONSUMED",
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

const IDENTITIES = ["ordre n° 7", "a\r\nce-type: forged", '"é🚀"', "50%", "x\ud800", "x\ufffd"];

test("Identities that no header can carry arrive over HTTP, each told from the others", async () => {
  const server = createServer().listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const subjects: string[] = [];
  for (const identity of IDENTITIES) {
    const fact = { ...RECOVERED, orderId: identity, executionId: identity };
    const { headers, body } = HTTP.binary(toCloudEvent(fact, identity));
    const heard = once(server, "request") as Promise<[IncomingMessage, ServerResponse]>;
    const sent = fetch(url, {
      method: "POST",
      headers: headers as HeadersInit,
      body: String(body),
    });
    // What cannot be sent rejects, while the server would wait for it.
    const [request, response] = await Promise.race([heard, sent.then(() => heard)]);
    const received = HTTP.toEvent<Fact>({
      headers: request.headers,
      body: (await request.toArray()).join(""),
    }) as CloudEvent<Fact>;
    response.end();
    await sent;
    assert.deepEqual(received.data, fact);
    assert.equal(received.type, "com.example.deployer-runtime.v1.PROOF_ABSENT");
    subjects.push(String(received.subject));
  }
  server.close();
  assert.equal(new Set(subjects).size, IDENTITIES.length);
});

test("The fact of a recovery is an event without a result", () => {
  const event = toCloudEvent(RECOVERED, "recovery");
  assert.ok(event.validate());
  assert.ok(!("traceparent" in event));
});
