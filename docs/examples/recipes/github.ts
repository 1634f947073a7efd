/** How an order ended, as a deployment status of GitHub's. */
import type { operations } from "@octokit/openapi-types";
import type { ExecutionResult } from "deployer-runtime";

/** The body of `POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses`. */
export type DeploymentStatus =
  operations["repos/create-deployment-status"]["requestBody"]["content"]["application/json"];

/** A result is one; so are the status and the identities of an order that was recovered. */
export type Ended = Pick<ExecutionResult, "status" | "orderId" | "executionId">;

/** UNKNOWN is over as well: `in_progress` would have people wait for an end that nobody will see. */
const STATES = {
  APPLIED: { state: "success", said: "applied" },
  FAILED: { state: "failure", said: "failure observed" },
  UNKNOWN: { state: "error", said: "no proof observed" },
} as const;

/** All that GitHub takes of a description. */
const MAX_CHARACTERS = 140;

/** What to tell GitHub; add `environment` and `log_url` as your deployments have them. */
export function toDeploymentStatus({ status, orderId, executionId }: Ended): DeploymentStatus {
  const { state, said } = STATES[status];
  const description = [...`${status}: ${said} (order ${orderId}, execution ${executionId})`];
  return { state, description: description.slice(0, MAX_CHARACTERS).join("") };
}
