/** A result as CDEvents' `taskrun.finished`, version 0.5.1 of the specification, in a CloudEvent. */
import { CloudEvent } from "cloudevents";
import type { ExecutionResult } from "deployer-runtime";
import { attribute } from "./attribute.ts";

/** What CDEvents puts into the data of the CloudEvent. */
export interface TaskRunFinished {
  context: { specversion: "0.5.1"; id: string; source: string; type: string; timestamp: string };
  subject: {
    /** The execution: an order is executed once, so that this is the run of a task. */
    id: string;
    content: { taskName: string } & Outcome;
  };
  customData: ExecutionResult;
}

interface Outcome {
  outcome?: "success" | "failure";
  errors?: string;
}

/**
 * The end of an execution. The outcome of UNKNOWN is left out, for CDEvents has no word for it:
 * `error` says that the task did not run as it should, which nobody knows either. The whole result
 * is the custom data.
 */
export function toTaskRunFinished(result: ExecutionResult): CloudEvent<TaskRunFinished> {
  const { executionId, trace } = result;
  const context = {
    specversion: "0.5.1" as const,
    id: `${attribute(executionId)}/finished`,
    source: `/deployer/${attribute(trace.context.runner)}`,
    type: "dev.cdevents.taskrun.finished.0.3.0",
    timestamp: trace.endedAt,
  };
  const subject = {
    id: attribute(executionId),
    content: { taskName: trace.action.name, ...outcomeOf(result) },
  };
  return new CloudEvent({
    id: context.id,
    source: context.source,
    type: context.type,
    subject: subject.id,
    time: context.timestamp,
    datacontenttype: "application/json",
    data: { context, subject, customData: result },
  });
}

function outcomeOf({ status, trace }: ExecutionResult): Outcome {
  if (status === "APPLIED") return { outcome: "success" };
  if (status === "FAILED") return { outcome: "failure", errors: JSON.stringify(trace.rawError) };
  return {};
}
