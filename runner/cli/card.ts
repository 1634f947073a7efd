/** One order on a screen: its status, its time line, its evidence, and what that means. */
import type { ExecutionResult, Fact } from "deployer-runtime";
import type { Entry } from "../ledgers/ledger.ts";
import type { Places } from "./ledger.ts";
import { clean, fit, sized, spoken, type Style, wrap } from "./style.ts";
import { asked, FACTS, happened, isRecord, MEANINGS, observed } from "./words.ts";

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
export function entryOf(result: ExecutionResult): Entry {
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
    ...indented(wrap(clean(`${asked(entry)}: ${happened(entry)}`), columns - 2)),
    "",
    ...indented(timeLine(entry, style)),
    "",
    ...indented(
      observation
        ? evidence(observation, style)
        : printed.map((file) => `printed ${clean(file)}`).concat(printed.length > 0 ? [""] : []),
    ),
    ...indented([
      `by      ${clean(context.runner)}`,
      ...Object.entries(context.annotations ?? {}).map(([key, value], i) =>
        `${i === 0 ? "with  " : "      "}  ${clean(key)}=${clean(value)}`
      ),
      ...observation ? [`result  ${clean(result)}`] : [],
    ]),
    ...MEANINGS[status] === "" ? [] : ["", ...wrap(MEANINGS[status], columns)],
  ];
}

/** The facts, one below the other; between them, how long it took. */
function timeLine({ fact, result, recovered }: Entry, { paint }: Style): string[] {
  const facts: Fact[] = [...result?.facts ?? [fact], ...recovered ? [recovered] : []];
  const line = ({ at, type }: Fact) => `${paint("dim", at)}  ${FACTS[type]}`;
  return facts.flatMap((each, i) => {
    const before = facts[i - 1];
    if (before === undefined) return [`● ${line(each)}`];
    const isAction = result !== undefined && i === 2;
    const ms = isAction ? result.trace.durationMs : Date.parse(each.at) - Date.parse(before.at);
    const passed = isAction || ms >= 1000 ? ` ${paint("dim", spoken(ms))}` : "";
    return [`│${passed}`, `● ${line(each)}`];
  });
}

/** What is told in words or shown elsewhere is left out: codes, and the script that looks later. */
const ELSEWHERE = [
  ...["exitCode", "endedBy", "pid", "stopped", "gaveUp", "lost"],
  ...["judgement", "stdout", "stderr", "look"],
];

function evidence(result: ExecutionResult, style: Style): string[] {
  const { evidence } = observed(result);
  if (evidence === null || evidence === undefined) return [];
  if (!isRecord(evidence) || !("stdout" in evidence)) return [...json(evidence, style), ""];
  const others = Object.entries(evidence).filter(([key]) => !ELSEWHERE.includes(key));
  const { host, marker, look } = evidence;
  const outputs = ["stdout", "stderr"].flatMap((name) =>
    isRecord(evidence[name]) ? output(name, evidence[name], LINES[result.status], style) : []
  );
  return [
    ...others.length > 0 ? [...json(Object.fromEntries(others), style), ""] : [],
    ...outputs,
    ...isRecord(look)
      ? [`look    on ${clean(String(host))}, in ${clean(String(marker))}: what came of it is there`]
      : [],
    "",
  ];
}

/** What a command printed on one stream: how much, where all of it is, and how it ends. */
function output(
  name: string,
  { bytes, file, start, end, unreadable }: Record<string, unknown>,
  most: number,
  { columns, paint }: Style,
): string[] {
  if (typeof unreadable === "string") return [`${name}  cannot be read: ${clean(unreadable)}`];
  if (bytes === 0) return [`${name}  nothing`];
  // Of a line that was written again and again, as a progress bar is, what stood there last.
  const linesOf = (text: unknown) =>
    String(text).replace(/\r?\n$/, "").split(/\r?\n/)
      .map((line) => line.split("\r").findLast((piece) => piece !== "") ?? "");
  const lines = linesOf(end);
  // The first line may be a verdict, as that of a `look` is.
  const [first] = start === undefined ? lines : linesOf(start);
  const shown = start === undefined && lines.length <= most + 2
    ? lines
    : [first!, "…", ...lines.slice(-most)];
  return [
    `${name}  ${sized(Number(bytes))}, all of it in ${clean(String(file))}`,
    ...shown.map((line) => `${paint("dim", "│")} ${fit(clean(line), columns - 4)}`),
  ];
}

/** Any other evidence, as JSON; the whole of it is in the result. */
function json(value: unknown, { columns, paint }: Style): string[] {
  const lines = JSON.stringify(value, null, 2).split("\n").map((line) =>
    fit(clean(line), columns - 2)
  );
  return lines.length <= 20 ? lines : [...lines.slice(0, 20), paint("dim", "… and more")];
}
