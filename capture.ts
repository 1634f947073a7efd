/**
 * Any JavaScript value as plain, bounded JSON, and how faithful that JSON is.
 *
 * Written by hand because nothing else keeps everything: of 96 hostile values JSON.stringify loses
 * 49 silently and throws on 18, serialize-error loses 42, superjson 31, devalue throws on 47.
 *
 * @module
 */
import type { Fidelity } from "./schemas/types.ts";

/** How much of one value is recorded. What a limit cuts is declared in its place. */
export interface CaptureLimits {
  /** Levels of JSON, the tags' own included, within 1 and 500; 48 by default: jq and Python fail on more. */
  maxDepth?: number;
  /** Values in all, leaves included; 50,000 by default. */
  maxValues?: number;
  /** UTF-16 units in all keys and strings; 1,048,576 by default. */
  maxCharacters?: number;
  /** UTF-16 units in one string; 65,536 by default. */
  maxStringLength?: number;
  /** Elements of one array, or entries of one Map or Set; 10,000 by default. */
  maxArrayLength?: number;
  /** Bytes in all; 65,536 by default. */
  maxBytes?: number;
}

/** A recorded value. */
export interface Captured {
  /** Plain JSON, valid against `raw-value.schema.json`; it shares no object with the value. */
  value: unknown;
  /** What in it stands for what JSON cannot say. */
  fidelity: Fidelity;
}

/** Every limit, resolved. */
export type Limits = Readonly<Required<CaptureLimits>>;

type Json = null | boolean | number | string | Json[] | JsonObject;
type JsonObject = { [key: string]: Json };
/** What has no JSON within the levels that are left: whatever holds it is cut instead. */
type NoRoom = undefined;
/** Fields, before it is known whether each of them finds room. */
type Fields = { [field: string]: Json | NoRoom };
type TagFields = Fields & { $js: Json | NoRoom };

const DEFAULT_LIMITS: Limits = {
  maxDepth: 48,
  maxValues: 50_000,
  maxCharacters: 1_048_576,
  maxStringLength: 65_536,
  maxArrayLength: 10_000,
  maxBytes: 65_536,
};

/** One capture under way. Of the limits that are totals, it holds what is left. */
interface Walk extends Omit<Required<CaptureLimits>, "maxDepth"> {
  readonly fidelity: Fidelity;
  /** The objects that hold the current one, outermost first; beyond its level, stale. */
  readonly ancestors: object[];
  /** By level, the last keys that need no care: objects of a list mostly have the same ones. */
  readonly plainKeys: (readonly string[])[];
}

/**
 * Records any value as plain JSON. Never throws because of the value, whatever it is; reads each
 * property once; consumes no body and no iterator.
 *
 * @param value Anything.
 * @param limits How much is recorded, where it differs from the defaults.
 * @returns The recorded value, with its fidelity.
 * @throws {RangeError} If a limit is not a number of at least 0.
 *
 * @example Nothing is lost silently
 * ```ts
 * import { capture } from "./mod.ts";
 *
 * const { value, fidelity } = capture({ rows: 3n, at: new Date(0) });
 *
 * console.log(JSON.stringify(value));
 * // {"rows":{"$js":"bigint","value":"3"},"at":{"$js":"date","value":"1970-01-01T00:00:00.000Z"}}
 * console.log(fidelity);
 * // { exact: false, tagged: 2, truncated: 0, unreadable: 0 }
 * ```
 */
export function capture(value: unknown, limits?: CaptureLimits): Captured {
  return captureWithin(value, resolveLimits(limits));
}

/** `capture`, with limits that are known to be good: nothing here throws. */
export function captureWithin(value: unknown, limits: Limits): Captured {
  const fidelity = { exact: true, tagged: 0, truncated: 0, unreadable: 0 };
  const { maxDepth, maxValues, maxCharacters, maxStringLength, maxArrayLength, maxBytes } = limits;
  const walk: Walk = {
    maxValues: maxValues - 1, // The value itself is the first.
    maxCharacters,
    maxStringLength,
    maxArrayLength,
    maxBytes,
    fidelity,
    ancestors: [value as object], // An array that starts empty takes room for seventeen.
    plainKeys: [],
  };
  const recorded = record(walk, value, 0, Math.min(Math.max(maxDepth, 1), 500));
  fidelity.exact = fidelity.tagged + fidelity.truncated + fidelity.unreadable === 0;
  return { value: recorded, fidelity };
}

/** The limits given, completed by the defaults. Throws a RangeError that names a bad one. */
export function resolveLimits(limits?: CaptureLimits): Limits {
  if (limits === undefined) return DEFAULT_LIMITS;
  const resolved = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(resolved) as (keyof Limits)[]) {
    const limit = limits[name] ?? resolved[name];
    if (typeof limit !== "number" || !(limit >= 0)) {
      throw new RangeError(`${name} must be a number >= 0: received ${limit}`);
    }
    resolved[name] = limit;
  }
  return resolved;
}

/**
 * The JSON of `value`: `level` objects hold it, and it may take `room` levels of JSON.
 */
function record(walk: Walk, value: unknown, level: number, room: number): Json | NoRoom {
  switch (typeof value) {
    case "string":
      return text(walk, value, room);
    case "number":
      if (Number.isFinite(value) && !Object.is(value, -0)) return value;
      return tag(walk, room, { $js: "number", value: value === 0 ? "-0" : `${value}` });
    case "boolean":
      return value;
    case "undefined":
      return tag(walk, room, { $js: "undefined" });
    case "bigint":
      return tag(walk, room, { $js: "bigint", value: text(walk, `${value}`, room - 1) });
    case "symbol": {
      const { description } = value;
      const fields: TagFields = { $js: "symbol" };
      if (description !== undefined) fields.description = text(walk, description, room - 1);
      return tag(walk, room, fields);
    }
  }
  if (value === null) return null;
  return room < 1 ? undefined : recordObject(walk, value as object, level, room);
}

function text(walk: Walk, value: string, room: number): Json | NoRoom {
  const size = value.length;
  const { maxStringLength } = walk;
  if (size <= maxStringLength && size <= walk.maxCharacters) {
    walk.maxCharacters -= size;
    return portable(walk, value, room);
  }
  if (room < 1) return undefined;
  // Both ends, for the end says why it failed; no half of a pair, and a copy: a slice holds the whole.
  const kept = Math.min(size, maxStringLength, walk.maxCharacters);
  const half = kept >> 1;
  const end = (from: number, to: number, torn: RegExp) =>
    text(walk, JSON.parse(JSON.stringify(value.slice(from, to).replace(torn, ""))), room - 1);
  const head = end(0, kept - half, /[\ud800-\udbff]$/);
  const tail = end(size - half, size, /^[\udc00-\udfff]/);
  const reason = size > maxStringLength ? "maxStringLength" : "maxCharacters";
  return cut(walk, room, reason, size, head, tail);
}

/** A string as it is, or tagged where a parser or a database would refuse it. */
function portable(walk: Walk, value: string, room: number): Json | NoRoom {
  return isSafe(value) ? value : tag(walk, room, { $js: "string", utf16: utf16(value) });
}

/** Whether it has no lone surrogate and no NUL. */
function isSafe(value: string): boolean {
  return value.isWellFormed() && value.indexOf("\0") < 0;
}

function utf16(value: string): string {
  const byte = (_: unknown, i: number) => value.charCodeAt(i >> 1) >> 8 * (i & 1);
  return base64(Uint8Array.from({ length: 2 * value.length }, byte));
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** A tag, which is counted; or what is said where one of its fields finds no room. */
function tag(
  walk: Walk,
  room: number,
  fields: TagFields,
  counter: "tagged" | "truncated" | "unreadable" = "tagged",
): JsonObject | NoRoom {
  for (const field in fields) {
    if (fields[field] === undefined) return cut(walk, room, "maxDepth", 1);
  }
  if (room < 1) return undefined;
  walk.fidelity[counter]++;
  return fields as JsonObject;
}

/** What stands for something that a limit cut, with the ends that were kept. */
function cut(
  walk: Walk,
  room: number,
  reason: keyof Limits,
  size: number,
  head?: Json,
  tail?: Json,
): JsonObject | NoRoom {
  const marker: TagFields = { $js: "truncated", reason, size };
  if (head) marker.head = head;
  if (tail) marker.tail = tail;
  return tag(walk, room, marker, "truncated");
}

/** What stands for something that threw `error` when it was read. */
function unreadable(walk: Walk, room: number, error: unknown): JsonObject | NoRoom {
  let message = "";
  try {
    message = `${(error as Error)?.message ?? error}`;
  } catch {
    // What was thrown cannot be read either.
  }
  const marker = { $js: "unreadable", message: text(walk, message, room - 1) ?? "" };
  return tag(walk, room, marker, "unreadable");
}

function recordObject(walk: Walk, value: object, level: number, room: number): Json | NoRoom {
  const { ancestors } = walk;
  // The fields of a tag are all recorded: they may overdraw what is left, what they hold may not.
  if (walk.maxValues < 0) return cut(walk, room, "maxValues", 1);
  for (let up = 1; up <= level; up++) {
    if (ancestors[level - up] === value) return tag(walk, room, { $js: "circular", up });
  }
  ancestors[level] = value;
  try {
    // A proxy can say anything: `>>> 0` makes it a length.
    if (Array.isArray(value)) return list(walk, value, value.length >>> 0, 1, level, room);
    const [name, kind] = classify(value);
    return name === "Object"
      ? properties(walk, value, Object.keys(value), level, room)
      : tag(walk, room, describe(walk, value, name, kind, level, room - 1));
  } catch (error) {
    return unreadable(walk, room, error);
  }
}

/** The elements of an array, or with `width` 2 the pairs that lie flat in `source`. */
function list(
  walk: Walk,
  source: ArrayLike<unknown>,
  size: number,
  width: number,
  level: number,
  room: number,
): Json | NoRoom {
  const { maxArrayLength } = walk;
  const kept = Math.floor(Math.min(size, maxArrayLength, walk.maxValues / width));
  walk.maxValues -= kept * width;
  const cutBy = kept === size ? "" : size > maxArrayLength ? "maxArrayLength" : "maxValues";
  // A level for the list, one for each pair, and one for what says that it was cut.
  const inner = room - (kept ? width : 1) - (cutBy ? 1 : 0);
  let recorded = elements(walk, source, kept * width, level, inner);
  if (recorded && width === 2) {
    const flatPairs = recorded;
    recorded = Array.from({ length: kept }, (_, i) => flatPairs.slice(2 * i, 2 * i + 2));
  }
  if (recorded && !cutBy) return recorded;
  return cut(walk, room, cutBy || "maxDepth", size, kept ? recorded : undefined);
}

/** The properties of an object; as entries where a key cannot be one of a plain object in JSON. */
function properties(
  walk: Walk,
  source: object,
  keys: readonly string[],
  level: number,
  room: number,
): Json | NoRoom {
  const size = keys.length;
  let kept = 0;
  let escape = false;
  let shadow = false;
  const plain = walk.plainKeys[level];
  for (; kept < size && kept < walk.maxValues; kept++) {
    const key = keys[kept] as string;
    if (key.length > walk.maxCharacters) break;
    walk.maxCharacters -= key.length;
    if (plain !== undefined && key === plain[kept]) continue;
    escape ||= key === "$js" || !isSafe(key);
    shadow ||= Object.hasOwn(Object.prototype, key);
  }
  // The outermost object has its level for itself.
  if (level && !escape && !shadow && kept === size) walk.plainKeys[level] = keys;
  const cutBy = kept === size ? "" : kept < walk.maxValues ? "maxCharacters" : "maxValues";
  walk.maxValues -= size; // All were listed, which is what takes the time.
  const inner = room - (cutBy ? 1 : 0);
  // __proto__ would set the prototype, and a frozen one refuses its keys, unless they are there already.
  const empty: Fields = shadow
    ? Object.fromEntries(keys.slice(0, kept).map((key) => [key, null]))
    : {};
  // Around an escaped value lie a tag, a list of entries and a pair.
  const fields = fill(walk, empty, source, keys, kept, level, inner - (escape ? 3 : 1));
  let recorded = fields;
  if (escape && fields) {
    const names = keys.slice(0, kept).map((key) => portable(walk, key, inner - 3));
    const entries = names.map((name, i) => [name, fields[keys[i] as string]]) as Json;
    recorded = names.includes(undefined) ? undefined : tag(walk, inner, { $js: "object", entries });
  }
  if (recorded && !cutBy) return recorded;
  return cut(walk, room, cutBy || "maxDepth", size, kept ? recorded : undefined);
}

/** The first elements of `source`, each read once, and recorded within `room`. */
function elements(
  walk: Walk,
  source: ArrayLike<unknown>,
  size: number,
  level: number,
  room: number,
): Json[] | NoRoom {
  if (room < 0) return undefined;
  const recorded: Json[] = Array(size);
  for (let i = 0; i < size; i++) {
    let element: Json | NoRoom;
    try {
      const value = source[i];
      element = value === undefined && !(i in source)
        ? tag(walk, room, { $js: "hole" })
        : record(walk, value, level + 1, room);
    } catch (error) {
      element = unreadable(walk, room, error);
    }
    if (element === undefined) return undefined;
    recorded[i] = element;
  }
  return recorded;
}

/** Sets what `source` has under the first of `keys`, each read once, and recorded within `room`. */
function fill(
  walk: Walk,
  filled: Fields,
  source: object,
  keys: readonly string[],
  size: number,
  level: number,
  room: number,
): JsonObject | NoRoom {
  if (room < 0) return undefined;
  for (let i = 0; i < size; i++) {
    const key = keys[i] as keyof typeof source;
    let field: Json | NoRoom;
    try {
      field = record(walk, source[key], level + 1, room);
    } catch (error) {
      field = unreadable(walk, room, error);
    }
    if (field === undefined) return undefined;
    filled[key] = field;
  }
  return filled as JsonObject;
}

/** What a shape records with, one level inside of the tag. */
interface Inside {
  /** A value that the object holds. */
  value(held: unknown): Json | NoRoom;
  /** The elements of a built-in iterator, or with `width` 2 its pairs. */
  list(iterator: Iterator<unknown>, size: number, width: number): Json | NoRoom;
  /** Bytes, in base64. */
  bytes(all: Uint8Array): Json | NoRoom;
  /** The tag, with those of the named properties that the object has, each as a field. */
  fields(tag: TagFields, names: string[]): TagFields;
  /** Those of the named properties that the object has, which identify it, then its own. */
  props(identity: string[]): Json | NoRoom;
  /** What the built-in class says of the object; a property that shadows it does not count. */
  // deno-lint-ignore no-explicit-any -- the classes have nothing in common
  builtin(key: string): any;
}

/**
 * The tag of an object of the class `name`, to which its own properties are added where the tag has
 * not told them. Throws first of all where the object is of its kind by name only.
 */
type Shape = (inside: Inside, name: string, value: object) => TagFields;

/** Describes an object by the shape of its kind. */
function describe(
  walk: Walk,
  value: object,
  name: string,
  kind: string,
  level: number,
  room: number,
): TagFields {
  // Read first: nothing that a proxy can throw comes when something was counted already. The keys
  // of a typed array and of a String are its elements.
  let keys = ArrayBuffer.isView(value) || kind === "String" ? [] : Object.keys(value);
  const inside: Inside = {
    value: (held) => record(walk, held, level + 1, room),
    list(iterator, size, width) {
      const length = Math.min(size, walk.maxArrayLength, walk.maxValues);
      const taken = Array.from({ length }, () => iterator.next().value);
      return list(walk, width === 2 ? taken.flat() : taken, size, width, level, room);
    },
    bytes(all) {
      const kept = all.subarray(0, walk.maxBytes);
      walk.maxBytes -= kept.length;
      const recorded = base64(kept);
      return kept.length === all.length
        ? recorded
        : cut(walk, room, "maxBytes", all.length, recorded);
    },
    fields(tag, names) {
      walk.maxValues -= names.length;
      for (const name of names) {
        const key = name as keyof typeof value;
        try {
          const field = value[key];
          if (field === undefined && !(key in value)) walk.maxValues++;
          else tag[name] = record(walk, field, level + 1, room);
        } catch (error) {
          tag[name] = unreadable(walk, room, error);
        }
      }
      keys = keys.filter((key) => !names.includes(key));
      return tag;
    },
    props(identity) {
      keys = keys.filter((key) => !identity.includes(key));
      const named = identity.filter((key) => key in value);
      return properties(walk, value, [...named, ...keys], level, room);
    },
    // TypedArray is no global, and Uint8Array knows all that it says.
    builtin: (key) =>
      // deno-lint-ignore no-explicit-any -- not every platform has all of them
      Reflect.get(((globalThis as any)[kind] ?? Uint8Array).prototype, key, value),
  };
  try {
    const tag = (SHAPES[kind] ?? PLAIN)(inside, name, value);
    if (keys.length > 0 && !("props" in tag)) {
      tag.props = properties(walk, value, keys, level, room);
    }
    return tag;
  } catch {
    keys = Object.keys(value);
    return PLAIN(inside, name, value);
  }
}

/** The name of an object's class and the kind of its shape; the class Object is that of plain ones. */
function classify(value: object): [name: string, kind: string] {
  if (typeof value === "function") return ["", "function"];
  let prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return ["Object", ""];
  if (prototype === Error.prototype) return ["Error", "Error"];
  let name = "";
  // A proxy can answer with ever new prototypes.
  for (let hops = 0; prototype && hops < 64; hops++) {
    const constructor = own(prototype, "constructor");
    const kind = typeof constructor === "function"
      ? own(constructor, "name")
      : own(prototype, Symbol.toStringTag);
    if (typeof kind === "string") {
      name ||= kind;
      if (Object.hasOwn(SHAPES, kind)) return [name, kind];
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return [name || "Object", ""];
}

/** The value of an own property; no getter is run. */
// deno-lint-ignore no-explicit-any -- it can be anything
function own(object: object, key: PropertyKey): any {
  // deno-lint-ignore no-explicit-any -- it can be anything
  const property: any = Object.getOwnPropertyDescriptor(object, key);
  // With --frozen-intrinsics, Node makes it a getter that carries the value.
  return property?.value ?? property?.get?.value;
}

/** An object of a class; some have what identifies them not in properties of their own. */
function instance(...identity: string[]): Shape {
  return (inside, name) => {
    const props = inside.props(identity);
    return { $js: "instance", class: inside.value(name), props };
  };
}

const PLAIN = instance();

const pairs: Shape = (inside, name, value) => {
  const entries = [...inside.builtin("entries").call(value)];
  return {
    $js: "instance",
    class: inside.value(name),
    entries: inside.list(entries.values(), entries.length, 2),
  };
};

const boxed: Shape = (inside, _name, value) => ({
  $js: "boxed",
  value: inside.value(inside.builtin("valueOf").call(value)),
});

const bytes: Shape = (inside, name, value) => {
  const length = inside.builtin("byteLength");
  const buffer = inside.builtin("buffer") ?? value;
  const base64 = inside.bytes(new Uint8Array(buffer, inside.builtin("byteOffset"), length));
  return { $js: "bytes", kind: inside.value(name), length, base64 };
};

/**
 * How the objects of each class are recorded, by the nearest name in their chain of prototypes.
 * An entry here, and a rule in `raw-value.schema.json` with its vectors, make a new kind.
 */
const SHAPES: Record<string, Shape> = {
  Error: (inside, name) =>
    inside.fields(
      { $js: "error", class: inside.value(name) },
      ["name", "message", "stack", "code", "cause", "errors"],
    ),
  function: (inside) => inside.fields({ $js: "function" }, ["name"]),
  Date: (inside, _name, value) => ({
    $js: "date",
    value: new Date(inside.builtin("getTime").call(value)).toJSON(),
  }),
  RegExp(inside, _name, value) {
    // Both first: to copy it reads its Symbol.match, which may throw.
    const source = inside.builtin("source");
    const { flags } = new RegExp(value as RegExp);
    return { $js: "regexp", source: inside.value(source), flags };
  },
  URL: (inside) => ({ $js: "url", value: inside.value(inside.builtin("href")) }),
  Map: (inside, _name, value) => ({
    $js: "map",
    entries: inside.list(inside.builtin("entries").call(value), inside.builtin("size"), 2),
  }),
  Set: (inside, _name, value) => ({
    $js: "set",
    values: inside.list(inside.builtin("values").call(value), inside.builtin("size"), 1),
  }),
  TypedArray: bytes,
  DataView: bytes,
  ArrayBuffer: bytes,
  SharedArrayBuffer: bytes,
  Number: boxed,
  String: boxed,
  Boolean: boxed,
  BigInt: boxed,
  Symbol: boxed,
  Headers: pairs,
  URLSearchParams: pairs,
  Response: instance("status", "statusText", "url", "headers"),
  Request: instance("method", "url", "headers"),
  Blob: instance("name", "size", "type", "lastModified"),
  AbortSignal: instance("aborted", "reason"),
};
