/** What is said of an order in words: the status, what it does not say, what to look at. */
import type { ExecutionResult, Fact } from "deployer-runtime";
import type { Entry } from "../ledgers/ledger.ts";
import { withoutPassword } from "../passwords.ts";
import { isRecord } from "../contract/record.ts";
import { brief, reasonOf, said, textOf } from "./tags.ts";

/** What was observed: the words of what was thrown are told apart from what it holds. */
export interface Observed {
  readonly message?: string;
  readonly evidence?: unknown;
}

/** The evidence of a result: what was returned, thrown, or called unproven. */
export function observed(result: ExecutionResult): Observed {
  const raw = recordedOf(result);
  if (isRecord(raw) && raw.$js === "error") {
    return { message: reasonOf(raw), ...raw.props !== undefined && { evidence: raw.props } };
  }
  const hasThrown = result.trace.settlement === "THREW";
  return { ...hasThrown && { message: `it threw ${brief(raw)}` }, evidence: raw };
}

/** The same as it was recorded; null where there is nothing. */
export function recordedOf({ trace }: ExecutionResult): unknown {
  return "rawResult" in trace ? trace.rawResult : "rawError" in trace ? trace.rawError : null;
}

/** What the order asks for, as one would type it. */
export function asked({ request: { action } }: Pick<Entry, "request">): string {
  const input = isRecord(action.input) ? action.input : {};
  const [host, program, url, site] = [input.host, input.program, input.url, input.site].map(textOf);
  const args = Array.isArray(input.args) ? input.args : [];
  if (program !== undefined) {
    const words = isLook(action)
      ? `look into ${said(args[3])}`
      : [program, ...args].map(quoted).join(" ");
    return host === undefined ? words : `${host}: ${words}`;
  }
  if (url !== undefined) return `${said(input.method)} ${withoutPassword(url)}`;
  if (site !== undefined) return `${action.name} ${site}`;
  return action.name;
}

/** Whether it asks what came of an earlier order: its script is for `sh`, not for people. */
export function isLook({ name, input }: Entry["request"]["action"]): boolean {
  if (name !== "ssh" || !isRecord(input) || !Array.isArray(input.args)) return false;
  const [option, , called, marker] = input.args;
  return option === "-c" && called === "look" && typeof marker === "string";
}

/** As a shell would want it. */
function quoted(word: unknown): string {
  const text = said(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What happened, in one line, for a status that is final; an archive may have taken the trace. */
export function happened(entry: Entry): string {
  const { result, recovered } = entry;
  if (result === undefined) {
    return recovered
      ? "its Runner was gone, and nobody saw how it ended"
      : "it is consumed, and nobody has told how it ended yet";
  }
  if (result.trace === undefined) return "how it ended was archived";
  const { message, evidence } = observed(result);
  const known = isRecord(evidence) ? evidence : {};
  const isProven = result.status === "APPLIED";
  const what = message ?? released(isProven, known) ?? ended(isProven, known) ??
    ENDS[result.trace.settlement];
  const isCommand = !isProven || typeof known.exitCode === "number";
  return isCommand && typeof known.stopped === "string"
    ? `it was asked to stop (${known.stopped}); ${what}`
    : what;
}

/** How a command ended, or what else is known of it. What is proven may be of any other action. */
function ended(isProven: boolean, evidence: Record<string, unknown>): string | undefined {
  const { exitCode, endedBy, pid, exceeded, gaveUp, lost, host, phase } = evidence;
  if (isProven) return typeof exitCode === "number" ? `it ended with code ${exitCode}` : undefined;
  if (exceeded === true) {
    return typeof endedBy === "string"
      ? "it was ended, because it printed more than it may"
      : "it printed more than it may";
  }
  if (typeof endedBy === "string") return `it was ended by ${endedBy}`;
  if (typeof exitCode === "number") return `it ended with code ${exitCode}`;
  const process = typeof pid === "number" ? `; it was process ${pid}` : "";
  if (typeof gaveUp === "string") return `the Runner stopped waiting (${gaveUp})${process}`;
  if (process !== "") return `the Runner stopped waiting${process}`;
  if (lost !== true) return undefined;
  return phase === "started"
    ? `the connection to ${said(host)} was lost after the command had begun`
    : `the connection to ${said(host)} was lost, and nobody knows whether the command had begun`;
}

/** What became of a release, if it is one: never more than its evidence says. */
function released(isProven: boolean, evidence: Record<string, unknown>): string | undefined {
  const { release, files, phase, gaveUp, seen, differing, unreadable, error } = evidence;
  if (typeof release !== "string") return undefined;
  if (isProven) return isRecord(files) ? `it is live as ${release}` : undefined;
  if (typeof phase === "string" && Object.hasOwn(GIVEN_UP, phase)) {
    const why = typeof gaveUp === "string" ? ` (${gaveUp})` : "";
    return `the Runner stopped waiting${why}: ${GIVEN_UP[phase]?.(release)}`;
  }
  if (typeof error === "string") {
    return `the switch to ${release} failed, and it may be live: ${error}`;
  }
  if (typeof unreadable === "string") return `${release} cannot be read back: ${unreadable}`;
  if (typeof seen !== "string" || !Array.isArray(differing)) return undefined;
  if (seen !== release) return `it was switched to ${release}, and then ${seen} was live`;
  return `${release} is live, and is not what the site was: see ${brief(differing[0])}`;
}

/** What a release was doing. Nothing is switched after giving up. */
const GIVEN_UP: Record<string, (release: string) => string> = {
  reading: () => "it was reading the site, and nothing was switched",
  copying: (release) => `it was copying ${release}, and nothing was switched`,
  switching: (release) => `it was switching to ${release}, which may be live`,
  proving: (release) => `it had switched to ${release}, which is not proven`,
};

const ENDS: Record<ExecutionResult["trace"]["settlement"], string> = {
  RETURNED: "it returned its proof",
  THREW: "it failed",
  RETURNED_NOTHING: "it returned nothing: no value, no proof",
  UNPROVEN: "it says itself that it cannot tell",
  ABORTED: "nobody waited for its end",
};

/** What a status does not say, and what to do. */
export const MEANINGS: Record<Entry["status"], string> = {
  OPEN: "OPEN: it is still running, or its Runner is gone. `deployer recover` closes it if it is.",
  APPLIED: "",
  FAILED: "FAILED says that a failure was observed. It does not say that nothing was changed: a " +
    "part may be done. Look at what it printed. To execute again is a new order.",
  UNKNOWN: "UNKNOWN is final. It does not say that nothing was done, nor that it is still " +
    "running: either may be so. Look, by the evidence, what became of it; then give a new order.",
};

/** Facts, as the points of a time line are called. */
export const FACTS: Record<Fact["type"], string> = {
  ORDER_CONSUMED: "consumed",
  ACTION_ATTEMPTED: "attempted",
  SUCCESS_OBSERVED: "success observed",
  FAILURE_OBSERVED: "failure observed",
  PROOF_ABSENT: "no proof",
};
