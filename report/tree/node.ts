/**
 * Recorded values as a tree for people: each tag is what it stands for (`docs/raw-values.md`). What
 * is no value of the contract, such as a tag without its fields, is shown as the JSON that it is.
 */
import { escapePointer } from "../checks/contract.ts";
import { type Fields, isFields } from "../reading/recognise.ts";
import { fromBase64, hexLines, utf16 } from "./bytes.ts";

/** What a node is drawn as. */
export type Kind = "text" | "number" | "word" | "holder" | "class" | "cut" | "fault" | "link";

export interface Node {
  /** JSON pointer of what is shown, in the result. */
  readonly pointer: string;
  /** The key or the index; not there for the root of a tree. */
  readonly label?: string;
  readonly kind: Kind;
  /** What it is, on one line: `TypeError`, `Map of 2`, a text as it is. */
  readonly text: string;
  /** More text, on lines of its own: a stack, the bytes, both ends of a text. */
  readonly blocks?: readonly Block[];
  /** In words, beside: "cut by maxBytes: 12 of 4,096 bytes". */
  readonly note?: string;
  /** Pointer of the ancestor that this is once more. */
  readonly ancestor?: string;
  readonly children?: readonly Child[];
}

export interface Block {
  readonly title: string;
  readonly text: string;
}

/** A child is made when it is looked at. */
export interface Child {
  readonly pointer: string;
  readonly label: string;
  readonly make: () => Node;
}

/** What is known on the way down. */
interface Place {
  readonly pointer: string;
  readonly label?: string;
  /** Pointers of the objects that hold this one, outermost first: what `circular` counts. */
  readonly holders: readonly string[];
}

/** The tree of a recorded value that stands at `pointer`. */
export function recordedTree(value: unknown, pointer: string, label?: string): Node {
  return recorded(value, { pointer, ...label !== undefined && { label }, holders: [] });
}

/** The recorded values of a result: what stands there is JavaScript; all else is JSON. */
const RECORDED = ["/trace/action/input", "/trace/rawResult", "/trace/rawError"];

/** The tree of a whole result. */
export function resultTree(value: unknown, pointer = "", label?: string): Node {
  if (RECORDED.includes(pointer)) return recordedTree(value, pointer, label);
  const place = { pointer, ...label !== undefined && { label }, holders: [] };
  return plain(value, place, (value, { pointer, label }) => resultTree(value, pointer, label));
}

type Make = (value: unknown, place: Place) => Node;

function recorded(value: unknown, place: Place): Node {
  if (!isFields(value) || !Object.hasOwn(value, "$js")) return plain(value, place, recorded);
  const make = typeof value.$js === "string" && Object.hasOwn(TAGS, value.$js)
    ? TAGS[value.$js]
    : undefined;
  return make?.(value, place) ?? unknownTag(value, place);
}

// --- JSON -----------------------------------------------------------------------------------------

function plain(value: unknown, place: Place, make: Make): Node {
  if (typeof value === "string") return { ...at(place), kind: "text", text: value };
  if (typeof value === "number") return { ...at(place), kind: "number", text: String(value) };
  if (typeof value !== "object" || value === null) return word(place, String(value));
  const inside = within(place);
  if (Array.isArray(value)) {
    const children = value.map((item, index) => child(inside, String(index), item, make));
    return { ...at(place), kind: "holder", text: counted("list", value.length), children };
  }
  const children = Object.entries(value).map(([key, item]) => child(inside, key, item, make));
  return { ...at(place), kind: "holder", text: counted("object", children.length), children };
}

function at({ pointer, label }: Place): Pick<Node, "pointer" | "label"> {
  return label === undefined ? { pointer } : { pointer, label };
}

/** What an object holds: it is one more holder. */
function within(place: Place): Place {
  return { ...place, holders: [...place.holders, place.pointer] };
}

function child(
  holder: Place,
  key: string,
  value: unknown,
  make: Make = recorded,
  label = key,
): Child {
  const pointer = `${holder.pointer}/${escapePointer(key)}`;
  return { pointer, label, make: () => make(value, { pointer, label, holders: holder.holders }) };
}

function word(place: Place, text: string): Node {
  return { ...at(place), kind: "word", text };
}

function counted(what: string, count: number): string {
  return `${what} of ${count.toLocaleString("en")}`;
}

/** A number that was recorded, be it that something else stands there. */
function amount(recorded: unknown): string {
  return typeof recorded === "number" ? recorded.toLocaleString("en") : "?";
}

// --- Tags -----------------------------------------------------------------------------------------

/** A tag with fields of another shape than the contract's is `undefined`: it is shown as it is. */
type MakeTag = (tag: Fields, place: Place) => Node | undefined;

/** All tags of the contract: a new one is a row here. */
export const TAGS: Readonly<Record<string, MakeTag>> = {
  undefined: (_, place) => word(place, "undefined"),
  hole: (_, place) => word(place, "hole: the list has no such element"),
  number: ({ value }, place) =>
    text(value, (value) => ({ ...at(place), kind: "number", text: value })),
  bigint({ value }, place) {
    if (isCut(value)) return cutNode(value, place, "a big integer");
    return text(value, (value) => ({ ...at(place), kind: "number", text: `${value}n` }));
  },
  string: (tag, place) => text(textOf(tag), (text) => ({ ...at(place), kind: "text", text })),
  symbol: (tag, place) => word(place, `Symbol(${textOf(tag.description) ?? ""})`),
  function: (tag, place) => ({
    ...ofClass(tag, place, `function ${textOf(tag.name) ?? ""}`.trim()),
    children: fieldsOf(tag, within(place), ["name", "class"]),
  }),
  date: (tag, place) =>
    tag.value === null
      ? withProps(tag, place, "Invalid Date")
      : text(tag.value, (value) => withProps(tag, place, value, "date")),
  regexp: (tag, place) =>
    text(
      textOf(tag.source),
      (source) => withProps(tag, place, `/${source}/${textOf(tag.flags) ?? ""}`),
    ),
  url: (tag, place) => text(textOf(tag.value), (value) => withProps(tag, place, value, "URL")),
  map: (tag, place) => ({
    ...ofClass(tag, place, sized("Map", tag.entries)),
    ...noteOfCut(tag.entries),
    children: [...pairs(tag.entries, within(place)), ...props(tag, within(place))],
  }),
  set: (tag, place) => ({
    ...ofClass(tag, place, sized("Set", tag.values)),
    ...noteOfCut(tag.values),
    children: [...values(tag.values, within(place)), ...props(tag, within(place))],
  }),
  bytes: bytes,
  boxed: (tag, place) => ({
    ...ofClass(tag, place, "a primitive in its object"),
    children: [child(place, "value", tag.value), ...props(tag, within(place))],
  }),
  error: error,
  instance: (tag, place) => ({
    ...ofClass({}, place, textOf(tag.class) ?? "object of a class"),
    kind: "class",
    children: [
      ...tag.json === undefined
        ? []
        : [child(within(place), "json", tag.json, recorded, "its toJSON() says")],
      ...pairs(tag.entries, within(place)),
      ...props(tag, within(place)),
      ...fieldsOf(tag, within(place), ["class", "json", "entries", "props"]),
    ],
  }),
  object(tag, place) {
    if (!Array.isArray(tag.entries)) return undefined;
    const children = pairs(tag.entries, within(place));
    return { ...at(place), kind: "holder", text: counted("object", children.length), children };
  },
  circular({ up }, place) {
    const ancestor = typeof up === "number" ? place.holders.at(-up) : undefined;
    if (ancestor === undefined) return undefined;
    const levels = up === 1 ? "the object that holds it" : `its ancestor ${up} levels up`;
    return { ...at(place), kind: "link", text: levels, ancestor };
  },
  unreadable: (tag, place) => ({
    ...at(place),
    kind: "fault",
    text: `could not be read: ${textOf(tag.message) || "reading it threw"}`,
  }),
  truncated: (tag, place) => cutNode(tag, place, "a value"),
};

function text<T>(value: unknown, make: (text: string) => T): T | undefined {
  return typeof value === "string" ? make(value) : undefined;
}

/** A text, whichever way it is recorded; `undefined` if it is none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!isFields(value)) return undefined;
  if (value.$js === "string") return text(value.utf16, utf16);
  if (value.$js !== "truncated") return undefined;
  const head = textOf(value.head) ?? "";
  const tail = textOf(value.tail) ?? "";
  return `${head}…${tail}`;
}

function ofClass(tag: Fields, place: Place, text: string): Node {
  const name = textOf(tag.class);
  return { ...at(place), kind: "class", text: name === undefined ? text : `${name}: ${text}` };
}

function withProps(tag: Fields, place: Place, text: string, note?: string): Node {
  return {
    ...ofClass(tag, place, text),
    ...note !== undefined && { note },
    children: props(tag, within(place)),
  };
}

/** A tag that this version does not know, or that has not the fields of its kind. */
function unknownTag(tag: Fields, place: Place): Node {
  const name = typeof tag.$js === "string" ? tag.$js : JSON.stringify(tag.$js);
  return {
    ...at(place),
    kind: "class",
    text: `tag ${name}`,
    note: "a tag that this page does not know, as it was recorded",
    children: Object.entries(tag).map(([key, value]) => child(within(place), key, value)),
  };
}

function error(tag: Fields, place: Place): Node {
  const name = textOf(tag.name) ?? textOf(tag.class) ?? "Error";
  const message = textOf(tag.message);
  const ofItsClass = textOf(tag.class);
  const stack = textOf(tag.stack);
  const inside = within(place);
  return {
    ...at(place),
    kind: "class",
    text: message ? `${name}: ${message}` : name,
    ...ofItsClass !== undefined && ofItsClass !== name && { note: `of class ${ofItsClass}` },
    ...stack !== undefined && { blocks: [{ title: "stack", text: stack }] },
    children: [
      ...["code", "cause", "errors", "error", "suppressed"]
        .filter((field) => tag[field] !== undefined)
        .map((field) => child(inside, field, tag[field], recorded, LABELS[field] ?? field)),
      ...props(tag, inside),
      // What is cut or odd is told by a node of its own, beside what could be shown of it.
      ...["class", "name", "message", "stack"].filter((field) => isFields(tag[field]))
        .map((field) => child(inside, field, tag[field])),
      ...fieldsOf(tag, inside, [
        ...["class", "name", "message", "stack", "code", "cause", "errors", "error", "suppressed"],
        "props",
      ]),
    ],
  };
}

const LABELS: Readonly<Record<string, string>> = { cause: "caused by" };

function bytes(tag: Fields, place: Place): Node | undefined {
  const { kind, length, base64 } = tag;
  const kept = isCut(base64) ? base64.head ?? "" : base64;
  const content = typeof kept === "string" ? fromBase64(kept) : undefined;
  if (content === undefined) return undefined;
  const what = `${textOf(kind) ?? "bytes"} of ${amount(length)} bytes`;
  return {
    ...ofClass(tag, place, what),
    ...noteOfCut(base64, "bytes"),
    ...content.length > 0 && { blocks: [{ title: "hex and text", text: hexLines(content) }] },
    children: props(tag, within(place)),
  };
}

// --- What was cut ---------------------------------------------------------------------------------

interface Cut extends Fields {
  readonly $js: "truncated";
}

function isCut(value: unknown): value is Cut {
  return isFields(value) && value.$js === "truncated";
}

/** What a cut says in words. Limits count in the units of their names. */
function noteOfCut(value: unknown, unit = "entries"): { note: string } | undefined {
  if (!isCut(value)) return undefined;
  const reason = textOf(value.reason) ?? "a limit";
  return { note: `cut by ${reason}: it had ${amount(value.size)} ${unit}` };
}

/** What was cut, in its place: both ends of a text, or the beginning of anything else. */
function cutNode(tag: Fields, place: Place, what: string): Node {
  const head = textOf(tag.head);
  const tail = textOf(tag.tail);
  if (head === undefined && tail === undefined) {
    const text = tag.head === undefined ? `${what} that was left out` : `what was kept of ${what}`;
    const children = tag.head === undefined ? [] : keptOf(tag.head, place);
    return { ...at(place), kind: "cut", text, ...noteOfCut(tag, "values")!, children };
  }
  const reason = textOf(tag.reason) ?? "a limit";
  const kept = (head ?? "").length + (tail ?? "").length;
  const left = typeof tag.size === "number" ? tag.size - kept : undefined;
  return {
    ...at(place),
    kind: "cut",
    text: `a text of ${amount(tag.size)} characters, cut in its middle`,
    note: `cut by ${reason}: ${amount(left)} characters are not recorded`,
    blocks: [
      ...head ? [{ title: "its beginning", text: head }] : [],
      ...tail ? [{ title: "its end", text: tail }] : [],
    ],
  };
}

/** The kept part of a value has the same holders as the value. */
function keptOf(head: unknown, place: Place): readonly Child[] {
  const kept = { ...place, pointer: `${place.pointer}/head` };
  return recorded(head, kept).children ?? [child(place, "head", head, recorded, "its beginning")];
}

function sized(name: string, list: unknown): string {
  const kept = isCut(list) ? list.head : list;
  return `${name} of ${Array.isArray(kept) ? kept.length.toLocaleString("en") : "0"}`;
}

// --- What tags hold -------------------------------------------------------------------------------

/** Pairs of key and value. A key that is a text is a label; any other is a node of its own. */
function pairs(entries: unknown, holder: Place): Child[] {
  const [list, place] = unfolded(entries, "entries", holder);
  return list.flatMap((pair, index) => {
    const each = { ...place, pointer: `${place.pointer}/${index}` };
    if (!Array.isArray(pair)) return [child(place, String(index), pair)];
    const key = textOf(pair[0]);
    if (key !== undefined && !isCut(pair[0])) return [child(each, "1", pair[1], recorded, key)];
    return [
      child(each, "0", pair[0], recorded, `key ${index}`),
      child(each, "1", pair[1], recorded, `value ${index}`),
    ];
  });
}

function values(list: unknown, holder: Place): Child[] {
  const [items, place] = unfolded(list, "values", holder);
  return items.map((item, index) => child(place, String(index), item));
}

/** A list, or what was kept of it. */
function unfolded(list: unknown, field: string, holder: Place): [readonly unknown[], Place] {
  const place = { ...holder, pointer: `${holder.pointer}/${field}` };
  if (Array.isArray(list)) return [list, place];
  if (isCut(list) && Array.isArray(list.head)) {
    return [list.head, { ...place, pointer: `${place.pointer}/head` }];
  }
  return list === undefined ? [[], place] : [[list], place];
}

/** The properties that a tagged object has besides. `props` is no level of the value. */
function props({ props }: Fields, holder: Place): Child[] {
  if (props === undefined) return [];
  const place = { ...holder, pointer: `${holder.pointer}/props` };
  if (!isFields(props)) return [child(holder, "props", props)];
  if (props.$js === "object") return pairs(props.entries, place);
  if (Object.hasOwn(props, "$js")) return [child(holder, "props", props)];
  return Object.entries(props).map(([key, value]) => child(place, key, value));
}

/** Fields that no rule above has shown: a later version's. */
function fieldsOf(tag: Fields, holder: Place, shown: readonly string[]): Child[] {
  return Object.entries(tag)
    .filter(([name]) => name !== "$js" && !shown.includes(name))
    .flatMap(([name, value]) =>
      name === "props" ? props(tag, holder) : [child(holder, name, value)]
    );
}
