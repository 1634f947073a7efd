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
  /** Levels of JSON, the tags' own included, at least 1; 48 by default: jq and Python fail on deep documents. */
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
/** The fields of a tag, before it is known whether each of them finds room. */
type Fields = { [field: string]: Json | NoRoom };

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
    ancestors: [],
    plainKeys: [],
  };
  const recorded = record(walk, value, 0, Math.max(maxDepth, 1));
  fidelity.exact = fidelity.tagged + fidelity.truncated + fidelity.unreadable === 0;
  return { value: recorded, fidelity };
}

/** The limits given, completed by the defaults. Throws a RangeError that names a bad one. */
export function resolveLimits(limits?: CaptureLimits): Limits {
  if (limits === undefined) return DEFAULT_LIMITS;
  const resolved = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(resolved) as (keyof Limits)[]) {
    const limit = limits[name] ?? resolved[name];
    if (!(limit >= 0)) {
      throw new RangeError(`${name} must be at least 0: received ${limit}`);
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
      const fields = description === undefined
        ? {}
        : { description: text(walk, description, room - 1) };
      return tag(walk, room, { $js: "symbol", ...fields });
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
  const [head, tail] = [value.slice(0, kept - half), value.slice(size - half)].map((end) => {
    const copy: string = JSON.parse(JSON.stringify(end));
    return text(walk, copy.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, ""), room - 1);
  });
  const reason = size > maxStringLength ? "maxStringLength" : "maxCharacters";
  return cut(walk, room, reason, size, head, tail);
}

/** A string as it is, or tagged where a parser or a database would refuse it. */
function portable(walk: Walk, value: string, room: number): Json | NoRoom {
  return isSafe(value) ? value : tag(walk, room, { $js: "string", utf16: utf16(value) });
}

/** Whether it has no lone surrogate and no NUL. */
function isSafe(value: string): boolean {
  return value.isWellFormed() && !value.includes("\0");
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

/** A tag, or what stands for it when one of its fields finds no room. */
function tag(walk: Walk, room: number, fields: Fields): JsonObject | NoRoom {
  const values = Object.values(fields);
  if (values.includes(undefined)) return cut(walk, room, "maxDepth", values.length - 1);
  if (room < 1) return undefined;
  walk.fidelity.tagged++;
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
  if (room < 1) return undefined;
  walk.fidelity.truncated++;
  const marker: JsonObject = { $js: "truncated", reason, size };
  if (head) marker.head = head;
  if (tail) marker.tail = tail;
  return marker;
}

/** What stands for something that threw `error` when it was read. */
function unreadable(walk: Walk, room: number, error: unknown): JsonObject | NoRoom {
  if (room < 1) return undefined;
  let message = "";
  try {
    message = `${(error as Error)?.message ?? error}`;
  } catch {
    // What was thrown cannot be read either.
  }
  walk.fidelity.unreadable++;
  return { $js: "unreadable", message: text(walk, message, room - 1) ?? "" };
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
    const { name, kind } = classify(value);
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
  const cutBy = kept < size && (size > maxArrayLength ? "maxArrayLength" : "maxValues");
  // A level for the list, one for each pair, and one for what says that it was cut.
  const inner = room + 1 - width - (cutBy ? 1 : 0);
  let recorded = elements(walk, source, kept * width, level, inner);
  if (recorded && width === 2) {
    const flatPairs = recorded;
    recorded = Array.from({ length: kept }, (_, i) => flatPairs.slice(2 * i, 2 * i + 2));
  }
  return whole(walk, recorded, kept, size, cutBy, room);
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
  let prototype = false;
  const plain = walk.plainKeys[level];
  for (; kept < size && kept < walk.maxValues; kept++) {
    const key = keys[kept] as string;
    if (key.length > walk.maxCharacters) break;
    walk.maxCharacters -= key.length;
    if (plain !== undefined && key === plain[kept]) continue;
    if (key === "$js" || !isSafe(key)) escape = true;
    if (key === "__proto__") prototype = true;
  }
  if (!escape && !prototype && kept === size) walk.plainKeys[level] = keys;
  const cutBy = kept < size && (kept < walk.maxValues ? "maxCharacters" : "maxValues");
  walk.maxValues -= kept;
  const inner = room - (cutBy ? 1 : 0);
  // Around an escaped value lie a tag, a list of entries and a pair.
  // Assigning __proto__ would set the prototype, unless it is a property already.
  const empty: Fields = prototype
    ? Object.fromEntries(keys.slice(0, kept).map((key) => [key, null]))
    : {};
  const fields = fill(walk, empty, source, keys, kept, level, escape ? inner - 2 : inner);
  if (!escape || fields === undefined) return whole(walk, fields as Json, kept, size, cutBy, room);
  const names = keys.slice(0, kept).map((key) => portable(walk, key, inner - 3));
  const entries = names.map((name, i) => [name, fields[keys[i] as string]]);
  const recorded = names.includes(undefined)
    ? undefined
    : tag(walk, inner, { $js: "object", entries: entries as Json });
  return whole(walk, recorded, kept, size, cutBy, room);
}

/** What was recorded of a list or of properties, or what says that less than all of it was. */
function whole(
  walk: Walk,
  recorded: Json | NoRoom,
  kept: number,
  size: number,
  cutBy: keyof Limits | false,
  room: number,
): Json | NoRoom {
  if (cutBy) return cut(walk, room, cutBy, size, kept > 0 ? recorded : undefined);
  return recorded ?? cut(walk, room, "maxDepth", size);
}

/** The first elements of `source`. One `try` for all: nothing that was read is read again. */
function elements(
  walk: Walk,
  source: ArrayLike<unknown>,
  size: number,
  level: number,
  room: number,
): Json[] | NoRoom {
  if (room < 1) return undefined;
  const recorded: Json[] = [];
  while (recorded.length < size) {
    let element: Json | NoRoom;
    try {
      for (let i = recorded.length; i < size; i++) {
        const value = source[i];
        element = value === undefined && !(i in source)
          ? tag(walk, room - 1, { $js: "hole" })
          : record(walk, value, level + 1, room - 1);
        if (element === undefined) return undefined;
        recorded.push(element);
      }
    } catch (error) {
      element = unreadable(walk, room - 1, error);
      if (element === undefined) return undefined;
      recorded.push(element);
    }
  }
  return recorded;
}

/** Sets what `source` has under the first of `keys`. One `try` for all, as for elements. */
function fill<F extends Fields>(
  walk: Walk,
  filled: F,
  source: object,
  keys: readonly string[],
  size: number,
  level: number,
  room: number,
): F | NoRoom {
  if (room < 1) return undefined;
  for (let i = 0; i < size; i++) {
    let field: Json | NoRoom;
    try {
      for (; i < size; i++) {
        const key = keys[i] as keyof typeof source;
        field = record(walk, source[key], level + 1, room - 1);
        if (field === undefined) return undefined;
        (filled as Fields)[key] = field;
      }
    } catch (error) {
      field = unreadable(walk, room - 1, error);
      if (field === undefined) return undefined;
      (filled as Fields)[keys[i] as string] = field;
    }
  }
  return filled;
}

/** What a shape records with, one level inside the tag. */
interface Inside {
  /** A value that the object holds. */
  value(child: unknown): Json | NoRoom;
  /** A list of `size` elements, or with `width` 2 of pairs; reads as many as can be kept. */
  list(source: Iterator<unknown>, size: number, width?: number): Json | NoRoom;
  /** Bytes, in base64. */
  bytes(all: Uint8Array): Json | NoRoom;
  /** Each of the named properties that the object has, as a field. */
  fields(names: string[]): Fields;
  /** The named properties that the object has, and all its own enumerable ones. */
  props(names: string[]): Json | NoRoom;
  /** The field `props`, if there are own enumerable properties beyond the named ones. */
  rest(names?: string[]): Fields;
}

/**
 * The fields of the tag of an object: `name` is its class, `kind` the one that the shape is for.
 * Throws where it is of that kind by name only.
 */
type Shape = (value: object, inside: Inside, name: string, kind: string) => Fields;

function describe(
  walk: Walk,
  value: object,
  name: string,
  kind: string,
  level: number,
  room: number,
): Fields {
  const present = (names: string[]) => names.filter((key) => key in value);
  const others = (names: string[]) => Object.keys(value).filter((key) => !names.includes(key));
  const inside: Inside = {
    value: (child) => record(walk, child, level + 1, room),
    list(source, size, width = 1) {
      const length = Math.min(size, walk.maxArrayLength);
      const taken = Array.from({ length }, () => source.next().value);
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
    fields(names) {
      const keys = present(names);
      walk.maxValues -= keys.length;
      // What finds no room leaves a field without a value: `tag` sees it.
      return fill(walk, {}, value, keys, keys.length, level, room + 1) ?? { $js: undefined };
    },
    props: (names) => properties(walk, value, [...present(names), ...others(names)], level, room),
    rest(names = []) {
      const keys = others(names);
      return keys.length > 0 ? { props: properties(walk, value, keys, level, room) } : {};
    },
  };
  const plain = instance();
  try {
    return (SHAPES[kind] ?? plain)(value, inside, name, kind);
  } catch {
    return plain(value, inside, name, kind);
  }
}

/** The class of an object and the kind of shape that it has: "Object" for a plain one. */
function classify(value: object): { name: string; kind: string } {
  if (typeof value === "function") return { name: "", kind: "Function" };
  let name = "";
  let prototype = Object.getPrototypeOf(value);
  // A proxy can answer with ever new prototypes.
  for (let hops = 0; prototype !== null && prototype !== Object.prototype && hops < 64; hops++) {
    const own = (key: PropertyKey) => Object.getOwnPropertyDescriptor(prototype, key)?.value;
    const kind = own("constructor")?.name || own(Symbol.toStringTag);
    if (typeof kind === "string") {
      name ||= kind;
      if (Object.hasOwn(SHAPES, kind)) return { name, kind };
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return { name: name || "Object", kind: "" };
}

/** What a built-in class says of one of its objects; a false one, or a property that shadows it, does not count. */
// deno-lint-ignore no-explicit-any -- the classes have nothing in common
function builtin(kind: string, key: string, value: object): any {
  // deno-lint-ignore no-explicit-any -- not every platform has all of them
  return Reflect.get(((globalThis as any)[kind] ?? Uint8Array).prototype, key, value);
}

/** An object of a class, with what identifies it beside its own properties. */
function instance(...identity: string[]): Shape {
  return (_value, inside, name) => ({
    $js: "instance",
    class: inside.value(name),
    props: inside.props(identity),
  });
}

const pairs: Shape = (value, inside, name, kind) => {
  const entries = [...builtin(kind, "entries", value).call(value)];
  return {
    $js: "instance",
    class: inside.value(name),
    entries: inside.list(entries.values(), entries.length, 2),
    ...inside.rest(),
  };
};

const boxed: Shape = (value, inside, _name, kind) => ({
  $js: "boxed",
  value: inside.value(builtin(kind, "valueOf", value).call(value)),
});

/** A buffer, or a view of one: TypedArray, which has no name of its own, says all that Uint8Array does. */
const bytes: Shape = (value, inside, name, kind) => {
  const length = builtin(kind, "byteLength", value);
  const buffer = builtin(kind, "buffer", value) ?? value;
  const base64 = inside.bytes(new Uint8Array(buffer, builtin(kind, "byteOffset", value), length));
  return { $js: "bytes", kind: inside.value(name), length, base64 };
};

const ERROR_FIELDS = ["name", "message", "stack", "code", "cause", "errors"];

/**
 * How the objects of each class are recorded, by the nearest name in their chain of prototypes.
 * An entry here, and a rule in `raw-value.schema.json` with its vectors, make a new kind.
 */
const SHAPES: Record<string, Shape> = {
  Error: (_value, inside, name) => ({
    $js: "error",
    class: inside.value(name),
    ...inside.fields(ERROR_FIELDS),
    ...inside.rest(ERROR_FIELDS),
  }),
  Function: (_value, inside) => ({
    $js: "function",
    ...inside.fields(["name"]),
    ...inside.rest(["name"]),
  }),
  Date: (value, inside) => ({
    $js: "date",
    value: new Date(Date.prototype.getTime.call(value)).toJSON(),
    ...inside.rest(),
  }),
  RegExp: (value, inside, _name, kind) => ({
    $js: "regexp",
    source: inside.value(builtin(kind, "source", value)),
    flags: inside.value(builtin(kind, "flags", value)),
    ...inside.rest(),
  }),
  URL: (value, inside, _name, kind) => ({
    $js: "url",
    value: inside.value(builtin(kind, "href", value)),
    ...inside.rest(),
  }),
  Map: (value, inside, _name, kind) => {
    const size = builtin(kind, "size", value);
    const entries = inside.list(builtin(kind, "entries", value).call(value), size, 2);
    return { $js: "map", entries, ...inside.rest() };
  },
  Set: (value, inside, _name, kind) => {
    const size = builtin(kind, "size", value);
    const values = inside.list(builtin(kind, "values", value).call(value), size);
    return { $js: "set", values, ...inside.rest() };
  },
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
  FormData: pairs,
  Response: instance("status", "statusText", "url", "headers"),
  Request: instance("method", "url", "headers"),
  Blob: instance("size", "type"),
  File: instance("name", "size", "type", "lastModified"),
  AbortSignal: instance("aborted", "reason"),
};
