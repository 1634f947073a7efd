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
 * APPLIED is OK, FAILED is ERROR. UNKNOWN is neither: the status stays UNSET, and the attribute
 * `deployer.status` says why. Alert on it, not on errors alone.
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
  if (result.status === "APPLIED") span.setStatus({ code: SpanStatusCode.OK });
  if (result.status === "FAILED") {
    const error = describe(result.trace.rawError);
    span.recordException(error, new Date(endedAt));
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  }
  span.end(new Date(endedAt));
}

/** The span of another process, as W3C Trace Context writes it. */
function parentOf(traceparent = ""): Context {
  const [, traceId = "", spanId = "", flags = "0"] = traceparent.split("-");
  const parent = { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}

/** What was thrown: a recorded error, or any other value. */
function describe(raw: unknown): { name: string; message: string; stack?: string } {
  const { $js, name, message, stack } = Object(raw) as Record<string, unknown>;
  if ($js !== "error") return { name: typeof raw, message: JSON.stringify(raw) };
  return {
    name: text(name) ?? "Error",
    message: text(message) ?? "",
    ...typeof stack === "string" && { stack },
  };
}

/** Recorded text, unless it was cut or unreadable: then what was kept of it, as JSON. */
function text(recorded: unknown): string | undefined {
  return typeof recorded === "string" ? recorded : JSON.stringify(recorded);
}
