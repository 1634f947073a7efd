/** Facts as CloudEvents. A fact stands alone, so each is an event of its own. */
import { CloudEvent } from "cloudevents";
import type { ExecutionResult, Fact } from "deployer-runtime";

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
    id: `${executionId}/${type}/${at}`,
    source: `/deployer/${encodeURIComponent(runner)}`, // A URI, while a Runner's name is any text.
    type: `deployer-runtime.v1.${type}`,
    subject: orderId,
    time: at,
    datacontenttype: "application/json",
    dataschema: "https://cdn.jsdelivr.net/npm/deployer-runtime@1/schemas/fact.schema.json",
    data: fact,
    ...traceparent !== undefined && { traceparent },
  });
}
