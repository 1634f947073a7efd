/** A result as an in-toto Statement: what is to be said of an artifact, ready to be signed. */
import type { ExecutionResult } from "deployer-runtime";

/** What the statement is about: the artifact that was deployed. The Runner knows it. */
export interface Subject {
  name: string;
  /** Algorithm to hexadecimal digest: in-toto names subjects by nothing else. */
  digest: Record<string, string>;
}

/** The layout of in-toto's attestations, version 1. */
export interface Statement {
  _type: "https://in-toto.io/Statement/v1";
  subject: Subject[];
  predicateType: string;
  predicate: ExecutionResult;
}

/**
 * States what was observed when the subjects were deployed. It is unsigned: put it into an envelope
 * (DSSE, `application/vnd.in-toto+json`) with a key of the Runner's.
 *
 * It says whatever the result says: a policy asks for `predicate.status`, because FAILED and UNKNOWN
 * can be stated just as well.
 */
export function toStatement(result: ExecutionResult, subject: Subject[]): Statement {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject,
    predicateType:
      "https://cdn.jsdelivr.net/npm/deployer-runtime@1/schemas/execution-result.schema.json",
    predicate: result,
  };
}
