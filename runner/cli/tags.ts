/**
 * Recorded values as people read them: JSON as JSON, each tag as what it stands for
 * (`docs/raw-values.md`), in the words of the page. A tag that is not as the contract has it is
 * written with its fields, as any tag that this version does not know.
 */
import { Buffer } from "node:buffer";
import { fit } from "./style.ts";

interface Tag {
  readonly [field: string]: unknown;
}

/** A value: what is said of it on one line, and what it holds. */
interface Told {
  readonly text: string;
  readonly parts?: readonly Part[];
  readonly brackets?: readonly [open: string, close: string];
}

/** What is written before a value that another one holds, and that value. */
type Part = readonly [label: string, value: unknown];

/** A line is read by people: what is longer is in the result. */
const BRIEF = 200;

/** More reasons than these nobody reads on one line. */
const REASONS = 3;

/** As much of bytes is shown as `hexdump` has on one line. */
const BYTES = 16;

/** The lines of a value, made as they are read: the first ones of a large value cost little. */
export function* linesOf(value: unknown, label = "", indent = "", end = ""): Generator<string> {
  const { text, parts = [], brackets: [open, close] = ["{", "}"] } = told(value);
  const first = indent + label + text;
  if (parts.length === 0) return yield first + end;
  yield text === "" ? first + open : `${first} ${open}`;
  for (const [i, [name, part]] of parts.entries()) {
    yield* linesOf(part, name, `${indent}  `, i < parts.length - 1 ? "," : "");
  }
  yield indent + close + end;
}

/** A value on one line that may be cut at its end. */
export function brief(value: unknown): string {
  let line = "";
  for (const next of linesOf(value)) {
    line += line === "" ? next : ` ${next.trimStart()}`;
    if (line.length > BRIEF) break;
  }
  return fit(line, BRIEF);
}

/** A value as text: a text as it is, anything else on one line. */
export function said(value: unknown): string {
  return textOf(value) ?? brief(value);
}

/** A recorded text, of one that was cut both ends; `undefined` of any other value. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!isTag(value)) return undefined;
  if (value.$js === "string" && typeof value.utf16 === "string") {
    return Buffer.from(value.utf16, "base64").toString("utf16le");
  }
  if (value.$js !== "truncated") return undefined;
  const head = textOf(value.head);
  const tail = textOf(value.tail);
  return head === undefined && tail === undefined ? undefined : `${head ?? ""}…${tail ?? ""}`;
}

/**
 * Why something failed, of a recorded error, on one line that is never empty: its message, and those
 * of what it came from. One without any is told by its class and its code.
 */
export function reasonOf(value: unknown): string {
  if (!isTag(value) || value.$js !== "error") return textOf(value)?.trim() || brief(value);
  const message = messageOf(value).trim();
  const sources = [...itemsOf(value.errors), value.error, value.suppressed, value.cause];
  const reasons = [...new Set(sources.filter(saysSomething).map(reasonOf))]
    .filter((reason) => !message.includes(reason));
  const more = reasons.length > REASONS ? [`${reasons.length - REASONS} more`] : [];
  const told = [message, [...reasons.slice(0, REASONS), ...more].join("; ")]
    .filter((text) => text !== "");
  if (told.length > 0) return told.join(": ");
  const name = textOf(value.class) ?? textOf(value.name) ?? "an error";
  return value.code === undefined ? name : `${name} (${said(value.code)})`;
}

function saysSomething(source: unknown): boolean {
  return source !== undefined && source !== null && !(isTag(source) && source.$js === "undefined");
}

function isTag(value: unknown): value is Tag {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "$js") &&
    !Array.isArray(value);
}

function told(value: unknown): Told {
  if (isTag(value)) {
    const { $js } = value;
    const make = typeof $js === "string" && Object.hasOwn(TAGS, $js) ? TAGS[$js] : undefined;
    return make?.(value) ?? unknown(value);
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return { text: "[]" };
    return { text: "", parts: value.map((item) => ["", item]), brackets: ["[", "]"] };
  }
  if (typeof value === "object" && value !== null) return object(propertiesOf(value));
  return { text: JSON.stringify(value) };
}

function object(parts: readonly Part[]): Told {
  return parts.length === 0 ? { text: "{}" } : { text: "", parts };
}

// --- Tags -----------------------------------------------------------------------------------------

/** `undefined` of a tag whose fields are not the contract's. */
const TAGS: Readonly<Record<string, (tag: Tag) => Told | undefined>> = {
  undefined: () => ({ text: "undefined" }),
  hole: () => ({ text: "hole: the list has no such element" }),
  number: ({ value }) => typeof value === "string" ? { text: value } : undefined,
  bigint({ value }) {
    if (isCut(value)) return cut(value, "a big integer");
    return typeof value === "string" ? { text: `${value}n` } : undefined;
  },
  string(tag) {
    const text = textOf(tag);
    return text === undefined ? undefined : { text: JSON.stringify(text) };
  },
  symbol: ({ description }) => ({ text: `Symbol(${textOf(description) ?? ""})` }),
  function: (tag) => withProps(tag, `function ${textOf(tag.name) ?? ""}`.trim()),
  date(tag) {
    if (tag.value === null) return withProps(tag, "Invalid Date");
    return typeof tag.value === "string" ? withProps(tag, `${tag.value} (date)`) : undefined;
  },
  regexp(tag) {
    const source = textOf(tag.source);
    if (source === undefined) return undefined;
    return withProps(tag, `/${source}/${textOf(tag.flags) ?? ""}`);
  },
  url(tag) {
    const url = textOf(tag.value);
    return url === undefined ? undefined : withProps(tag, `${url} (URL)`);
  },
  map: (tag) => withProps(tag, `Map of ${sizeOf(tag.entries)}`, pairsOf(tag.entries)),
  set: (tag) => withProps(tag, `Set of ${sizeOf(tag.values)}`, listOf(tag.values)),
  bytes(tag) {
    const kept = isCut(tag.base64) ? tag.base64.head ?? "" : tag.base64;
    if (typeof kept !== "string") return undefined;
    const bytes = Buffer.from(kept, "base64");
    const hex = bytes.subarray(0, BYTES).toString("hex").replace(/..(?=.)/g, "$& ");
    const shown = bytes.length === 0 ? "" : `: ${hex}${bytes.length > BYTES ? " …" : ""}`;
    const what = `${textOf(tag.kind) ?? "bytes"} of ${counted(tag.length)} bytes`;
    return withProps(tag, what + noteOfCut(tag.base64, "bytes") + shown);
  },
  boxed: (tag) => withProps(tag, "a primitive in its object", [["value: ", tag.value]]),
  error,
  instance: ({ class: name, ...tag }) =>
    withProps(tag, textOf(name) ?? "object of a class", [
      ...tag.json === undefined ? [] : [["its toJSON() says: ", tag.json] as const],
      ...pairsOf(tag.entries),
    ]),
  object: ({ entries }) => Array.isArray(entries) ? object(pairsOf(entries)) : undefined,
  circular({ up }) {
    if (typeof up !== "number") return undefined;
    return { text: up === 1 ? "the object that holds it" : `its ancestor ${up} levels up` };
  },
  unreadable: ({ message }) => ({
    text: `could not be read: ${textOf(message) || "reading it threw"}`,
  }),
  truncated: (tag) => cut(tag, "a value"),
};

function unknown({ $js, ...fields }: Tag): Told {
  const name = typeof $js === "string" ? $js : JSON.stringify($js);
  const parts = Object.entries(fields).map(([name, field]) => [`${name}: `, field] as const);
  return { text: `tag ${name}`, parts };
}

/** Without its stack, which is in the result. */
function error(tag: Tag): Told {
  const ofItsClass = textOf(tag.class);
  const message = messageOf(tag);
  const name = textOf(tag.name) ?? ofItsClass ?? "Error";
  const note = ofItsClass === undefined || ofItsClass === name ? "" : ` (of class ${ofItsClass})`;
  const parts = ["code", "cause", "errors", "error", "suppressed"]
    .filter((field) => tag[field] !== undefined)
    .map((field) => [field === "cause" ? "caused by: " : `${field}: `, tag[field]] as const);
  const text = (message === "" ? name : `${name}: ${message}`) + note;
  return { text, parts: [...parts, ...propsOf(tag)] };
}

function messageOf({ message }: Tag): string {
  return message === undefined ? "" : said(message);
}

function withProps(tag: Tag, text: string, parts: readonly Part[] = []): Told {
  const name = textOf(tag.class);
  return {
    text: name === undefined ? text : `${name}: ${text}`,
    parts: [...parts, ...propsOf(tag)],
  };
}

// --- What was cut ---------------------------------------------------------------------------------

function isCut(value: unknown): value is Tag {
  return isTag(value) && value.$js === "truncated";
}

function noteOfCut(value: unknown, unit = "entries"): string {
  if (!isCut(value)) return "";
  return ` (cut by ${textOf(value.reason) ?? "a limit"}: it had ${counted(value.size)} ${unit})`;
}

/** What stands in place of what was cut: both ends of a text, or the beginning of anything else. */
function cut(tag: Tag, what: string): Told {
  const head = textOf(tag.head);
  const tail = textOf(tag.tail);
  if (head === undefined && tail === undefined) {
    const text = tag.head === undefined ? `${what} that was left out` : `what was kept of ${what}`;
    const kept = tag.head === undefined ? {} : told(tag.head);
    return { ...kept, text: text + noteOfCut(tag, "values") };
  }
  const kept = (head ?? "").length + (tail ?? "").length;
  const left = typeof tag.size === "number" ? tag.size - kept : undefined;
  const reason = textOf(tag.reason) ?? "a limit";
  return {
    text: `a text of ${counted(tag.size)} characters, cut in its middle ` +
      `(cut by ${reason}: ${counted(left)} characters are not recorded)`,
    parts: [
      ...head ? [["its beginning: ", head] as const] : [],
      ...tail ? [["its end: ", tail] as const] : [],
    ],
  };
}

// --- What tags hold -------------------------------------------------------------------------------

/** A list, or what was kept of it. */
function itemsOf(list: unknown): readonly unknown[] {
  const kept = isCut(list) ? list.head : list;
  return Array.isArray(kept) ? kept : [];
}

function listOf(list: unknown): Part[] {
  return itemsOf(list).map((item) => ["", item]);
}

/** A key that is a text is written as in JSON; any other is a value of its own. */
function pairsOf(entries: unknown): Part[] {
  return itemsOf(entries).flatMap((pair, i): Part[] => {
    if (!Array.isArray(pair)) return [["", pair]];
    const [key, value] = pair;
    const text = isCut(key) ? undefined : textOf(key);
    if (text !== undefined) return [[`${JSON.stringify(text)}: `, value]];
    return [[`key ${i}: `, key], [`value ${i}: `, value]];
  });
}

/** The properties that a tagged object has besides. */
function propsOf({ props }: Tag): Part[] {
  if (typeof props !== "object" || props === null) return [];
  if (!isTag(props)) return propertiesOf(props);
  return props.$js === "object" ? pairsOf(props.entries) : [["props: ", props]];
}

function propertiesOf(object: object): Part[] {
  return Object.entries(object).map(([key, value]) => [`${JSON.stringify(key)}: `, value]);
}

function sizeOf(list: unknown): string {
  return counted(itemsOf(list).length) + noteOfCut(list);
}

function counted(count: unknown): string {
  return typeof count === "number" ? count.toLocaleString("en") : "?";
}
