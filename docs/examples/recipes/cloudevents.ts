/** Facts as CloudEvents. A fact stands alone, so each is an event of its own. */
import { CloudEvent } from "cloudevents";
import type { ExecutionResult, Fact } from "deployer-runtime";
import { attribute } from "./attribute.ts";

/** Whose events these are: put a domain of yours here, from its end, as CloudEvents wants it. */
const TYPE = "com.example.deployer-runtime.v1";

/** The three facts of a result, in the order of observation. */
export function toCloudEvents({ facts, trace }: ExecutionResult): CloudEvent<Fact>[] {
  const { runner, traceparent } = trace.context;
  return facts.map((fact) => toCloudEvent(fact, runner, traceparent));
}

/** One fact: also the PROOF_ABSENT that a Runner appends when it recovers an order. */
export function toCloudEvent(fact: Fact, runner: string, traceparent?: string): CloudEvent<Fact> {
  const { type, orderId, executionId, at } = fact;
  return new CloudEvent({
    // With the source, one event and no other: an execution observes a type once, and a late result
    // may follow the fact of a recovery.
    id: `${attribute(executionId)}/${type}/${at}`,
    source: `/deployer/${attribute(runner)}`,
    type: `${TYPE}.${type}`,
    subject: attribute(orderId), // As it is, it stands in the fact.
    time: at,
    datacontenttype: "application/json",
    dataschema: "https://cdn.jsdelivr.net/npm/deployer-runtime@1/schemas/fact.schema.json",
    data: fact,
    ...traceparent !== undefined && { traceparent },
  });
}
