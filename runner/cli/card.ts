/** One order on a screen: its status, its time line, its evidence, and what that means. */
import type { ExecutionResult, Fact } from "deployer-runtime";
import { extname } from "node:path";
import { lookAtOutput } from "../actions/output.ts";
import type { Entry } from "../ledgers/ledger.ts";
import type { Places } from "./ledger.ts";
import { linesOfOutput, type Output } from "./printed.ts";
import { clean, fit, LONGEST_ORDER, spoken, type Style, wrap } from "./style.ts";
import { linesOf, said } from "./tags.ts";
import { isRecord } from "../contract/record.ts";
import { asked, FACTS, happened, isLook, MEANINGS, observed, recordedOf } from "./words.ts";

/** The colour of a status. */
export const COLOURS = {
  OPEN: "cyan",
  APPLIED: "green",
  FAILED: "red",
  UNKNOWN: "yellow",
} as const;

/** How many lines are shown of one output: of what went well, less. */
const LINES = { APPLIED: 3, FAILED: 12, UNKNOWN: 12, OPEN: 12 };

/** What was observed, as the ledger would hold it. */
export function entryOfResult(result: ExecutionResult): Entry {
  const { orderId, facts: [fact], trace: { action, context }, status } = result;
  return { status, fact, request: { orderId, action }, context, result } as Entry;
}

/** An order as lines of text. */
export function card(entry: Entry, style: Style, { result, printed }: Places): string[] {
  const { status, request, context, result: observation } = entry;
  const { paint } = style;
  const columns = Math.min(style.columns, 80); // Longer lines are hard to read.
  const indented = (lines: string[]) => lines.map((line) => line === "" ? "" : `  ${line}`);
  return [
    `${paint(["bold", COLOURS[status]], status)}  ${paint("bold", clean(request.orderId))}`,
    ...indented(
      wrap(clean(`${fit(asked(entry), LONGEST_ORDER)}: ${happened(entry)}`), columns - 2),
    ),
    "",
    ...indented(timeLine(entry, style)),
    "",
    ...indented(observation ? evidence(observation, style) : printedSoFar(printed, style)),
    ...indented([
      `by      ${clean(context.runner)}`,
      ...Object.entries(context.annotations ?? {}).map(([key, value], i) =>
        `${i === 0 ? "with  " : "      "}  ${clean(key)}=${clean(said(value))}`
      ),
      ...observation ? [`result  ${clean(result)}`] : [],
    ]),
    ...MEANINGS[status] === "" ? [] : ["", ...wrap(MEANINGS[status], columns)],
  ];
}

/** The facts, one below the other; between them, how long it took. */
function timeLine({ fact, result, recovered }: Entry, { paint }: Style): string[] {
  const facts: Fact[] = [...result?.facts ?? [fact], ...recovered ? [recovered] : []];
  const line = ({ at, type }: Fact) => `${paint("dim", clean(at))}  ${FACTS[type] ?? clean(type)}`;
  return facts.flatMap((each, i) => {
    const before = facts[i - 1];
    if (before === undefined) return [`● ${line(each)}`];
    const isAction = result?.trace !== undefined && i === 2;
    const ms = isAction ? result.trace.durationMs : Date.parse(each.at) - Date.parse(before.at);
    const passed = isAction || ms >= 1000 ? ` ${paint("dim", spoken(ms))}` : "";
    return [`│${passed}`, `● ${line(each)}`];
  });
}

/** What is told in words or shown elsewhere is left out: codes, and the script that looks later. */
const ELSEWHERE = [
  ...["exitCode", "endedBy", "pid", "stopped", "gaveUp", "lost"],
  ...["judgement", "look"],
];

function evidence(result: ExecutionResult, style: Style): string[] {
  if (result.trace === undefined) return []; // It was archived.
  const { message, evidence } = observed(result);
  if (!isRecord(evidence) || !("stdout" in evidence)) {
    const lines = recorded(recordedOf(result), style);
    const isTold = message !== undefined && lines.length === 1;
    return isTold || evidence === null ? [] : [...lines, ""];
  }
  const outputs = ["stdout", "stderr"].filter((name) => isOutput(evidence[name]));
  const others = Object.entries(evidence)
    .filter(([key]) => !ELSEWHERE.includes(key) && !outputs.includes(key));
  const { host, marker, look } = evidence;
  // The first line of a look is its verdict.
  const extent = { most: LINES[result.status], first: isLook(result.trace.action) };
  return [
    ...others.length > 0 ? [...recorded(Object.fromEntries(others), style), ""] : [],
    ...outputs.flatMap((name) =>
      linesOfOutput(name, evidence[name] as Output, ", all of it in", extent, style)
    ),
    ...isRecord(look)
      ? [`look    on ${clean(said(host))}, in ${clean(said(marker))}: what came of it is there`]
      : [],
    "",
  ];
}

/** An action of somebody else's may call anything "stdout". */
function isOutput(value: unknown): boolean {
  return isRecord(value) && (typeof value.bytes === "number" || value.unreadable !== undefined);
}

/** Without a result, what is in the files now: the command may still be at work. */
function printedSoFar(files: readonly string[], style: Style): string[] {
  const extent = { most: LINES.OPEN, first: false };
  const lines = files.flatMap((file) =>
    linesOfOutput(extname(file).slice(1), { ...lookAtOutput(file) }, " so far, in", extent, style)
  );
  return lines.length > 0 ? [...lines, ""] : [];
}

/** Any other evidence; the whole of it is in the result. */
function recorded(value: unknown, { columns, paint }: Style): string[] {
  const lines: string[] = [];
  for (const line of linesOf(value)) {
    if (lines.length === 20) return [...lines, paint("dim", "… and more")];
    lines.push(fit(clean(line), columns - 2));
  }
  return lines;
}
