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
  /** Levels of JSON, the tags' own included; 48 by default: jq and Python fail on deep documents. */
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

/** One capture under way: what is left of its limits, and what it counted. */
interface Walk {
  readonly limits: Limits;
  values: number;
  characters: number;
  bytes: number;
  tagged: number;
  truncated: number;
  unreadable: number;
  /** The objects that hold the current one, outermost first; beyond its level, stale. */
  readonly ancestors: object[];
}

/**
 * Records any value as plain JSON. Never throws because of the value, whatever it is; reads each
 * property once; consumes no body and no iterator.
 *
 * @param value Anything.
 * @param limits How much is recorded, where it differs from the defaults.
 * @returns The recorded value, with its fidelity.
 * @throws {RangeError} If a limit is not a whole number of at least 0 or Infinity.
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
  const walk: Walk = {
    limits,
    values: Math.max(limits.maxValues - 1, 0), // The value itself is the first.
    characters: limits.maxCharacters,
    bytes: limits.maxBytes,
    tagged: 0,
    truncated: 0,
    unreadable: 0,
    ancestors: [],
  };
  const recorded = record(walk, value, 0, limits.maxDepth) ?? cut(walk, 1, "maxDepth", 1);
  const { tagged, truncated, unreadable } = walk;
  const exact = tagged + truncated + unreadable === 0;
  return { value: recorded, fidelity: { exact, tagged, truncated, unreadable } };
}

/** The limits given, completed by the defaults. Throws a RangeError that names a bad one. */
export function resolveLimits(limits: CaptureLimits = {}): Limits {
  const resolved = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(resolved) as (keyof Limits)[]) {
    const limit = limits[name] ?? resolved[name];
    if (!(limit >= 0 && (Number.isInteger(limit) || limit === Infinity))) {
      throw new RangeError(
        `Limit ${name} must be a whole number of at least 0 or Infinity: received ${String(limit)}`,
      );
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
      if (description === undefined) return tag(walk, room, { $js: "symbol" });
      return tag(walk, room, { $js: "symbol", description: text(walk, description, room - 1) });
    }
  }
  if (value === null) return null;
  return room < 1 ? undefined : recordObject(walk, value as object, level, room);
}

function text(walk: Walk, value: string, room: number): Json | NoRoom {
  const size = value.length;
  const { maxStringLength } = walk.limits;
  const kept = Math.min(size, maxStringLength, walk.characters);
  if (kept === size) {
    walk.characters -= size;
    return portable(walk, value, room);
  }
  const reason = size > maxStringLength ? "maxStringLength" : "maxCharacters";
  if (room < 1) return undefined;
  // Both ends, for the end says why it failed; and never half of a pair that was whole.
  const half = kept >> 1;
  const head = text(
    walk,
    flat(value.slice(0, kept - half)).replace(/[\ud800-\udbff]$/, ""),
    room - 1,
  );
  const tail = text(walk, flat(value.slice(size - half)).replace(/^[\udc00-\udfff]/, ""), room - 1);
  return cut(walk, room, reason, size, { head, tail });
}

/** A string as it is, or tagged where a parser or a database would refuse it. */
function portable(walk: Walk, value: string, room: number): Json | NoRoom {
  return isSafe(value) ? value : tag(walk, room, { $js: "string", utf16: utf16(value) });
}

/** Whether it has no lone surrogate and no NUL. */
function isSafe(value: string): boolean {
  return value.isWellFormed() && !value.includes("\0");
}

/** A copy that does not hold the whole string of which it was a slice in memory. */
function flat(slice: string): string {
  return JSON.parse(JSON.stringify(slice));
}

function utf16(value: string): string {
  const bytes = new Uint8Array(value.length * 2);
  for (let i = 0; i < value.length; i++) {
    bytes[2 * i] = value.charCodeAt(i) & 255;
    bytes[2 * i + 1] = value.charCodeAt(i) >> 8;
  }
  return base64(bytes);
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** A tag, or what stands for it when one of its fields finds no room. */
function tag(walk: Walk, room: number, fields: Fields | NoRoom, size = 1): JsonObject | NoRoom {
  if (fields === undefined || Object.values(fields).includes(undefined)) {
    return cut(walk, room, "maxDepth", size);
  }
  if (room < 1) return undefined;
  walk.tagged++;
  return fields as JsonObject;
}

/** What stands for something of which a limit allows only the ends, or nothing. */
function cut(
  walk: Walk,
  room: number,
  reason: keyof Limits,
  size: number,
  ends: Fields = {},
): JsonObject | NoRoom {
  if (room < 1) return undefined;
  walk.truncated++;
  const marker: JsonObject = { $js: "truncated", reason, size };
  for (const [end, kept] of Object.entries(ends)) if (kept) marker[end] = kept;
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
  walk.unreadable++;
  return { $js: "unreadable", message: text(walk, message, room - 1) ?? "" };
}

function recordObject(walk: Walk, value: object, level: number, room: number): Json | NoRoom {
  const { ancestors } = walk;
  for (let up = 1; up <= level; up++) {
    if (ancestors[level - up] === value) return tag(walk, room, { $js: "circular", up });
  }
  ancestors[level] = value;
  try {
    if (Array.isArray(value)) return list(walk, value, toLength(value.length), 1, level, room);
    const { name, shape } = classOf(value);
    if (shape === undefined) return properties(walk, value, Object.keys(value), level, room);
    try {
      return shape(walk, value, level, room, name);
    } catch {
      // Of that class by name only, or not of a readable one.
      return instance(walk, value, level, room, name);
    }
  } catch (error) {
    return unreadable(walk, room, error);
  }
}

/** The elements of one array, or the entries of one Map (`width` 2: each a pair). */
function list(
  walk: Walk,
  source: ArrayLike<unknown>,
  size: number,
  width: number,
  level: number,
  room: number,
): Json | NoRoom {
  const { maxArrayLength } = walk.limits;
  const kept = Math.floor(Math.min(size, maxArrayLength, walk.values / width));
  walk.values -= kept * width;
  if (kept === size) {
    return elements(walk, source, kept, width, level, room) ?? cut(walk, room, "maxDepth", size);
  }
  const reason = size > maxArrayLength ? "maxArrayLength" : "maxValues";
  const head = kept > 0 ? elements(walk, source, kept, width, level, room - 1) : undefined;
  return cut(walk, room, reason, size, { head });
}

function elements(
  walk: Walk,
  source: ArrayLike<unknown>,
  size: number,
  width: number,
  level: number,
  room: number,
): Json[] | NoRoom {
  if (room < width) return undefined;
  const recorded: Json[] = [];
  const end = size * width;
  for (let i = 0; i < end;) {
    let element: Json | NoRoom;
    try {
      for (; i < end; i++) {
        const value = source[i];
        element = value === undefined && !(i in source)
          ? tag(walk, room - width, { $js: "hole" })
          : record(walk, value, level + 1, room - width);
        if (element === undefined) return undefined;
        recorded.push(element);
      }
    } catch (error) {
      i++; // Reading goes on behind it: nothing is read twice.
      element = unreadable(walk, room - width, error);
      if (element === undefined) return undefined;
      recorded.push(element);
    }
  }
  return width === 1 ? recorded : pairs(recorded);
}

function pairs(flatPairs: Json[]): Json[] {
  const entries: Json[] = [];
  for (let i = 0; i < flatPairs.length; i += 2) entries.push(flatPairs.slice(i, i + 2));
  return entries;
}

/** The properties of one object, as a plain object, or as entries where a key cannot be one of JSON's. */
function properties(
  walk: Walk,
  source: object,
  keys: string[],
  level: number,
  room: number,
): Json | NoRoom {
  const size = keys.length;
  let kept = 0;
  let escape = false;
  for (; kept < Math.min(size, walk.values); kept++) {
    const key = keys[kept] as string;
    if (key.length > walk.characters) break;
    walk.characters -= key.length;
    if (key === "$js" || !isSafe(key)) escape = true;
  }
  const reason = kept < walk.values ? "maxCharacters" : "maxValues";
  walk.values -= kept;
  const fields = escape ? escaped : fill;
  const all = kept === size;
  const recorded = all || kept > 0
    ? fields(walk, {}, source, keys.slice(0, kept), level, all ? room : room - 1)
    : undefined;
  if (!all) return cut(walk, room, reason, size, { head: recorded });
  return recorded ?? cut(walk, room, "maxDepth", size);
}

function fill<F extends Fields>(
  walk: Walk,
  fields: F,
  source: object,
  keys: readonly string[],
  level: number,
  room: number,
): F | NoRoom {
  if (room < 1) return undefined;
  for (let i = 0; i < keys.length;) {
    let field: Json | NoRoom;
    try {
      for (; i < keys.length; i++) {
        const key = keys[i] as string;
        field = record(walk, (source as Record<string, unknown>)[key], level + 1, room - 1);
        if (field === undefined) return undefined;
        set(fields, key, field);
      }
    } catch (error) {
      field = unreadable(walk, room - 1, error);
      if (field === undefined) return undefined;
      set(fields, keys[i++] as string, field);
    }
  }
  return fields;
}

function set(fields: Fields, key: string, value: Json): void {
  if (key !== "__proto__") fields[key] = value;
  else {Object.defineProperty(fields, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });}
}

function escaped(
  walk: Walk,
  _fields: JsonObject,
  source: object,
  keys: readonly string[],
  level: number,
  room: number,
): JsonObject | NoRoom {
  // Three levels lie around a value: the tag, the list of entries, the pair.
  const values = fill(walk, {} as JsonObject, source, keys, level, room - 2);
  const names = keys.map((key) => portable(walk, key, room - 3));
  if (values === undefined || names.includes(undefined)) return undefined;
  const entries = names.map((name, i) => [name, values[keys[i] as string]]);
  return tag(walk, room, { $js: "object", entries: entries as Json });
}

/** A length that can be counted to, whatever a proxy says. */
function toLength(length: unknown): number {
  return Math.min(Math.max(Math.trunc(Number(length)) || 0, 0), Number.MAX_SAFE_INTEGER);
}

/** Records the objects of one class; throws where `value` is none. */
type Shape = (
  walk: Walk,
  value: object,
  level: number,
  room: number,
  name: string,
) => Json | NoRoom;

/** A class's name, and how its objects are recorded; without a shape, a plain object. */
function classOf(value: object): { name: string; shape?: Shape } {
  if (typeof value === "function") return { name: "Function", shape: SHAPES.Function as Shape };
  let name = "";
  let prototype = Object.getPrototypeOf(value);
  // A proxy can answer with ever new prototypes.
  for (let hops = 0; prototype !== null && prototype !== Object.prototype && hops < 64; hops++) {
    const own = nameOf(prototype);
    name ||= own;
    if (own === "Object") break;
    if (Object.hasOwn(SHAPES, own)) return { name, shape: SHAPES[own] as Shape };
    prototype = Object.getPrototypeOf(prototype);
  }
  return name === "" || name === "Object" ? { name } : { name, shape: instance };
}

/** The name of the class that a prototype belongs to, or "". */
function nameOf(prototype: object): string {
  const constructor = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const name = typeof constructor === "function"
    ? constructor.name
    : Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
  return typeof name === "string" ? name : "";
}

/** Reads a value's internal state through the built-in getter: a false class and a shadowing property fail. */
function internal(prototype: object, key: string, value: object): unknown {
  return Reflect.get(prototype, key, value);
}

/** A tag, with the enumerable properties that the object has beyond its kind. */
function tagWith(
  walk: Walk,
  value: object,
  level: number,
  room: number,
  fields: Fields,
  keys: string[] = Object.keys(value),
): Json | NoRoom {
  if (keys.length > 0) fields.props = properties(walk, value, keys, level, room - 1);
  return tag(walk, room, fields);
}

/** A shape whose fields are read from the object, each where it is present. */
function fieldsOf($js: string, names: string[], withClass: boolean): Shape {
  return (walk, value, level, room, name) => {
    const present = names.filter((field) => field in value);
    if (present.length > walk.values) return cut(walk, room, "maxValues", present.length);
    walk.values -= present.length;
    const fields: Fields = { $js };
    if (withClass) fields.class = text(walk, name, room - 1);
    if (fill(walk, fields, value, present, level, room) === undefined) {
      return cut(walk, room, "maxDepth", present.length);
    }
    const rest = Object.keys(value).filter((key) => !names.includes(key));
    return tagWith(walk, value, level, room, fields, rest);
  };
}

/** An object of a class, with what identifies it beside its own properties. */
function instanceWith(...identity: string[]): Shape {
  return (walk, value, level, room, name) => {
    const present = identity.filter((key) => key in value);
    const rest = Object.keys(value).filter((key) => !identity.includes(key));
    return tag(walk, room, {
      $js: "instance",
      class: text(walk, name, room - 1),
      props: properties(walk, value, [...present, ...rest], level, room - 1),
    });
  };
}

const instance = instanceWith();

/** A platform's class that lists pairs. */
const listing: Shape = (walk, value, level, room, name) => {
  // deno-lint-ignore no-explicit-any -- not every platform has all of them
  const pairs = [...(globalThis as any)[name].prototype.entries.call(value)] as unknown[];
  return tagWith(walk, value, level, room, {
    $js: "instance",
    class: name,
    entries: list(walk, pairs.flat(), pairs.length, 2, level, room - 1),
  });
};

/** The first elements of an iterator, as many as can be kept at most. */
function take(walk: Walk, iterator: Iterable<unknown>): unknown[] {
  const taken: unknown[] = [];
  for (const element of iterator) {
    if (taken.length >= walk.limits.maxArrayLength) break;
    taken.push(element);
  }
  return taken;
}

function bytes(walk: Walk, room: number, kind: string, all: Uint8Array): Json | NoRoom {
  const kept = all.subarray(0, walk.bytes);
  walk.bytes -= kept.length;
  const whole = kept.length === all.length;
  const recorded = tag(walk, whole ? room : room - 1, {
    $js: "bytes",
    kind: text(walk, kind, room - 1),
    length: kept.length,
    base64: base64(kept),
  });
  return whole ? recorded : cut(walk, room, "maxBytes", all.length, { head: recorded });
}

const view = (prototype: object): Shape => (walk, value, _level, room, name) => {
  const part = (key: string) => internal(prototype, key, value);
  const [buffer, offset, length] = [part("buffer"), part("byteOffset"), part("byteLength")];
  const all = new Uint8Array(buffer as ArrayBuffer, offset as number, length as number);
  return bytes(walk, room, name, all);
};

const buffer: Shape = (walk, value, _level, room, name) => {
  // deno-lint-ignore no-explicit-any -- not every platform has both of them
  const { prototype } = (globalThis as any)[name];
  const length = internal(prototype, "byteLength", value) as number;
  return bytes(walk, room, name, new Uint8Array(value as ArrayBuffer, 0, length));
};

const boxed: Shape = (walk, value, level, room, name) => {
  // deno-lint-ignore no-explicit-any -- five classes of one form
  const primitive = (globalThis as any)[name].prototype.valueOf.call(value);
  return tag(walk, room, { $js: "boxed", value: record(walk, primitive, level + 1, room - 1) });
};

/**
 * How the objects of each class are recorded, by the name nearest in their chain of prototypes.
 * One entry here, one rule and its vectors in `raw-value.schema.json` make a new kind.
 */
const SHAPES: Record<string, Shape> = {
  Error: fieldsOf("error", ["name", "message", "stack", "code", "cause", "errors"], true),
  Function: fieldsOf("function", ["name"], false),
  Date: (walk, value, level, room) => {
    const time = Date.prototype.getTime.call(value);
    const iso = Number.isNaN(time) ? null : new Date(time).toISOString();
    return tagWith(walk, value, level, room, { $js: "date", value: iso });
  },
  RegExp: (walk, value, level, room) => {
    const part = (key: string) =>
      text(walk, internal(RegExp.prototype, key, value) as string, room - 1);
    return tagWith(walk, value, level, room, {
      $js: "regexp",
      source: part("source"),
      flags: part("flags"),
    });
  },
  URL: (walk, value, level, room) => {
    const href = internal(URL.prototype, "href", value) as string;
    return tagWith(walk, value, level, room, { $js: "url", value: text(walk, href, room - 1) });
  },
  Map: (walk, value, level, room) => {
    const size = internal(Map.prototype, "size", value) as number;
    const entries = take(walk, Map.prototype.entries.call(value)).flat();
    return tagWith(walk, value, level, room, {
      $js: "map",
      entries: list(walk, entries, size, 2, level, room - 1),
    });
  },
  Set: (walk, value, level, room) => {
    const size = internal(Set.prototype, "size", value) as number;
    const values = take(walk, Set.prototype.values.call(value));
    return tagWith(walk, value, level, room, {
      $js: "set",
      values: list(walk, values, size, 1, level, room - 1),
    });
  },
  TypedArray: view(Object.getPrototypeOf(Uint8Array.prototype)),
  DataView: view(DataView.prototype),
  ArrayBuffer: buffer,
  SharedArrayBuffer: buffer,
  Number: boxed,
  String: boxed,
  Boolean: boxed,
  BigInt: boxed,
  Symbol: boxed,
  Headers: listing,
  URLSearchParams: listing,
  FormData: listing,
  Response: instanceWith("status", "statusText", "url", "headers"),
  Request: instanceWith("method", "url", "headers"),
  Blob: instanceWith("size", "type"),
  File: instanceWith("name", "size", "type", "lastModified"),
  AbortSignal: instanceWith("aborted", "reason"),
};
