import assert from "node:assert/strict";
import { test } from "node:test";
import { SpanStatusCode } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { ExecutionResult } from "deployer-runtime";
import { recordSpan } from "../opentelemetry.ts";
import { resultOf } from "./results.ts";

/** The span as an exporter sees it. */
function spanOf(result: ExecutionResult): ReadableSpan {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  recordSpan(provider.getTracer("test"), result);
  const [span, ...others] = exporter.getFinishedSpans();
  assert.ok(span);
  assert.equal(others.length, 0);
  return span;
}

const milliseconds = ([seconds, nanoseconds]: [number, number]) =>
  seconds * 1e3 + nanoseconds / 1e6;

test("A span is named after the action, and lasts as long as its observation", async () => {
  const result = await resultOf("APPLIED");
  const span = spanOf(result);
  assert.equal(span.name, "release.switch");
  assert.equal(milliseconds(span.startTime), Date.parse(result.trace.startedAt));
  assert.equal(milliseconds(span.endTime), Date.parse(result.trace.endedAt));
  assert.deepEqual(span.attributes, {
    "deployer.order_id": "order-1",
    "deployer.execution_id": "execution-APPLIED",
    "deployer.runner": "night shift/é",
    "deployer.status": "APPLIED",
    "deployer.settlement": "RETURNED",
  });
});

test("The traceparent of the context is the parent of the span", async () => {
  const span = spanOf(await resultOf("APPLIED"));
  assert.equal(span.spanContext().traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.deepEqual(span.parentSpanContext, {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
    isRemote: true,
  });
});

test("Without a traceparent the span is a root", async () => {
  assert.equal(spanOf(await resultOf("APPLIED", {})).parentSpanContext, undefined);
});

test("The facts are its events, in the order of observation", async () => {
  const result = await resultOf("UNKNOWN");
  assert.deepEqual(
    spanOf(result).events.map(({ name, time }) => [name, milliseconds(time)]),
    result.facts.map(({ type, at }) => [type, Date.parse(at)]),
  );
});

test("APPLIED saw no error: the status is unset", async () => {
  const span = spanOf(await resultOf("APPLIED"));
  assert.deepEqual(span.status, { code: SpanStatusCode.UNSET });
  assert.ok(!("error.type" in span.attributes));
});

test("FAILED is ERROR, with the class of what was thrown as its type", async () => {
  const span = spanOf(await resultOf("FAILED"));
  assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: "disk full" });
  assert.equal(span.attributes["error.type"], "TypeError");
});

test("No exception is recorded on the span", async () => {
  const result = await resultOf("FAILED");
  const events = spanOf(result).events.map(({ name }) => name);
  assert.deepEqual(events, result.facts.map(({ type }) => type));
});

test("FAILED by an error of a class of the program's own has that class as its type", async () => {
  class PurgeRefused extends Error {}
  const span = spanOf(
    await resultOf("FAILED", {}, () => {
      throw new PurgeRefused("403");
    }),
  );
  assert.equal(span.attributes["error.type"], "PurgeRefused");
});

test("FAILED by a thrown value that is no error says the value, and has no class", async () => {
  const span = spanOf(
    await resultOf("FAILED", {}, () => {
      throw { code: 403 };
    }),
  );
  assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: '{"code":403}' });
  assert.equal(span.attributes["error.type"], "_OTHER");
});

test("UNKNOWN saw no error either, and says so", async () => {
  const span = spanOf(await resultOf("UNKNOWN"));
  assert.deepEqual(span.status, { code: SpanStatusCode.UNSET });
  assert.ok(!("error.type" in span.attributes));
  assert.equal(span.attributes["deployer.status"], "UNKNOWN");
  assert.equal(span.events.at(-1)?.name, "PROOF_ABSENT");
});
