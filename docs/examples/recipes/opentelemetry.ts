/** A result as a span of OpenTelemetry, below the span that its `traceparent` names. */
import {
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { ExecutionResult } from "deployer-runtime";

/**
 * Records a result as a span that has begun and ended when the action did, with its facts as events.
 *
 * FAILED is ERROR, with `error.type` and what was thrown as the description. APPLIED and UNKNOWN saw
 * no error: by OpenTelemetry's conventions the status stays UNSET, and the attribute
 * `deployer.status` tells them apart. Alert on it, not on errors alone.
 *
 * Exceptions on spans are deprecated: the whole error is in the result, which a Runner can log.
 */
export function recordSpan(tracer: Tracer, result: ExecutionResult): void {
  const { context, action, settlement, startedAt, endedAt } = result.trace;
  const span = tracer.startSpan(action.name, {
    startTime: new Date(startedAt),
    attributes: {
      "deployer.order_id": result.orderId,
      "deployer.execution_id": result.executionId,
      "deployer.runner": context.runner,
      "deployer.status": result.status,
      "deployer.settlement": settlement,
    },
  }, parentOf(context.traceparent));

  for (const { type, at } of result.facts) span.addEvent(type, {}, new Date(at));
  if (result.status === "FAILED") {
    const { type, message } = describe(result.trace.rawError);
    span.setAttribute("error.type", type);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
  span.end(new Date(endedAt));
}

/** The span of another process, as W3C Trace Context writes it. */
function parentOf(traceparent = ""): Context {
  const [, traceId = "", spanId = "", flags = "0"] = traceparent.split("-");
  const parent = { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}

/** What was thrown: an error by its class, or any other value, which has none (`_OTHER`). */
function describe(raw: unknown): { type: string; message: string } {
  const { $js, class: derived, name, message } = Object(raw) as Record<string, unknown>;
  if ($js !== "error") return { type: "_OTHER", message: JSON.stringify(raw) };
  return { type: text(derived ?? name) ?? "_OTHER", message: text(message) ?? "" };
}

/** Recorded text, unless it was cut or unreadable: then what was kept of it, as JSON. */
function text(recorded: unknown): string | undefined {
  return typeof recorded === "string" ? recorded : JSON.stringify(recorded);
}
