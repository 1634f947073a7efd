/** Why an execution is not APPLIED, in words that are never empty: for the list and the title. */
import { beginning } from "./reading/beginning.ts";
import { type Fields, isFields } from "./reading/recognise.ts";
import { type Node, recordedTree, textOf } from "./tree/node.ts";

/** What a settlement says where no reason was recorded. */
const SILENT: ReadonlyMap<unknown, string> = new Map([
  ["THREW", "no error was recorded"],
  ["RETURNED_NOTHING", "the action returned nothing, which proves nothing"],
  ["UNPROVEN", "the action cannot tell, and gave no reason"],
  ["ABORTED", "the Runner stopped waiting, and gave no reason"],
]);

/** How far causes are followed, and how many errors of one, or fields of a value, are told. */
const DEEPEST = 4;
const MANY = 3;
const FIELDS = 8;

/** Why a result is not APPLIED, on one line of at most `longest` characters; else empty. */
export function reasonOf({ status, trace }: Fields, longest: number): string {
  if (status === "APPLIED" || !isFields(trace)) return "";
  const reason = trace.rawError === undefined
    ? SILENT.get(trace.settlement) ?? ""
    : told(trace.rawError, DEEPEST);
  return beginning(reason.replaceAll(/[\t\n\r ]+/g, " ").trim(), longest);
}

function told(value: unknown, depth: number): string {
  if (!isFields(value) || value.$js !== "error") {
    return (textOf(value)?.trim() ?? onOneLine(recordedTree(value, ""), 0)) || "an empty text";
  }
  const message = (textOf(value.message) ?? "").trim();
  /** What is not said already: many errors repeat the message of what they were caused by. */
  const further = (reasons: readonly unknown[]) =>
    [...new Set(depth === 0 ? [] : reasons.filter(isThere).map((each) => told(each, depth - 1)))]
      .filter((reason) => !message.endsWith(reason));
  const errors = further([...listOf(value.errors), value.error, value.suppressed]);
  const left = errors.length - MANY;
  const all = errors.slice(0, MANY).join("; ") + (left > 0 ? `; and ${left} more` : "");
  const [cause = ""] = further([value.cause]);
  return joined(joined(message, all, ": "), cause, "; caused by: ") || nameOf(value);
}

function isThere(value: unknown): boolean {
  return value !== undefined && !(isFields(value) && value.$js === "circular");
}

/** What was kept of a list that may have been cut. */
function listOf(value: unknown): unknown[] {
  const list = isFields(value) && value.$js === "truncated" ? value.head : value;
  return Array.isArray(list) ? list : [];
}

/** A message that ends in a colon waits for what comes next. */
function joined(message: string, more: string, by: string): string {
  if (message === "" || more === "") return message + more;
  return message + (message.endsWith(":") ? " " : by) + more;
}

function nameOf(error: Fields): string {
  const name = textOf(error.name) || textOf(error.class) || "Error";
  const code = textOf(error.code);
  return `${name} without a message${code ? `, code ${code}` : ""}`;
}

/** A value as its tree shows it, with what it holds one level down. */
function onOneLine(node: Node, level: number): string {
  const { kind, text } = node;
  if (level > 0) return kind === "text" ? `“${text}”` : text;
  const inside = node.children?.slice(0, FIELDS).map((child) =>
    `${child.label}: ${onOneLine(child.make(), 1)}`
  ).join(", ");
  if (!inside) return text;
  return kind === "holder" ? inside : `${text}: ${inside}`;
}
