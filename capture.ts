/**
 * Any JavaScript value as plain, bounded JSON, and how faithful that JSON is.
 *
 * @module
 */
import { type Collection, tagOf, type TagPlan } from "./kinds.ts";
import type { Fidelity } from "./schemas/types.ts";

/** How much of one value is recorded. What a limit cuts is declared in its place. */
export interface CaptureLimits {
  /**
   * Levels of JSON, the tags' own included, within 1 and 500; what stands for a cut is up to three
   * levels deeper. 45 by default: jq and Python fail on more than 48.
   */
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

// deno-lint-ignore no-explicit-any -- what is recorded can be anything
type Any = any;
type Tag = { $js: string; [field: string]: Any };
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const DEFAULT_LIMITS: Limits = {
  maxDepth: 45,
  maxValues: 50_000,
  maxCharacters: 1_048_576,
  maxStringLength: 65_536,
  maxArrayLength: 10_000,
  maxBytes: 65_536,
};

/** One capture under way. */
interface Walk {
  readonly limits: Limits;
  /** Within 1 and 500. */
  readonly maxDepth: number;
  readonly fidelity: Fidelity;
  /** What is left of the limits that are totals. */
  readonly left: { values: number; characters: number; bytes: number };
  /** The objects that hold the current value, outermost first: as many as `level` says. */
  readonly ancestors: object[];
  level: number;
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
  const walk: Walk = {
    limits,
    maxDepth: Math.min(Math.max(limits.maxDepth, 1), 500),
    left: {
      values: limits.maxValues - 1, // The value itself is the first.
      characters: limits.maxCharacters,
      bytes: limits.maxBytes,
    },
    fidelity,
    ancestors: [value as object], // V8 reserves 17 slots for an array that starts empty.
    level: 0,
    plainKeys: [],
  };
  const recorded = record(walk, value, 0);
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

/** The JSON of `value`, around which there are `depth` levels of JSON. */
function record(walk: Walk, value: unknown, depth: number): Json {
  switch (typeof value) {
    case "string":
      return recordText(walk, value);
    case "number":
      if (Number.isFinite(value) && !Object.is(value, -0)) return value;
      return tagged(walk, { $js: "number", value: value === 0 ? "-0" : `${value}` });
    case "boolean":
      return value;
    case "undefined":
      return tagged(walk, { $js: "undefined" });
    case "bigint":
      return tagged(walk, { $js: "bigint", value: recordText(walk, `${value}`) });
    case "symbol":
      if (value.description === undefined) return tagged(walk, { $js: "symbol" });
      return tagged(walk, { $js: "symbol", description: recordText(walk, value.description) });
  }
  return value === null ? null : recordObject(walk, value as object, depth);
}

function recordObject(walk: Walk, value: object, depth: number): Json {
  const { ancestors } = walk;
  // The fields of a tag are all recorded: they may overdraw what is left, what they hold may not.
  if (walk.left.values < 0) return cut(walk, "maxValues", 1);
  for (let up = 1; up <= walk.level; up++) {
    if (ancestors[walk.level - up] === value) return tagged(walk, { $js: "circular", up });
  }
  ancestors[walk.level++] = value;
  try {
    if (Array.isArray(value)) return recordList(walk, value, depth);
    const plan = tagOf(value);
    return plan === undefined
      ? recordProperties(walk, value, Object.keys(value), depth)
      : recordTag(walk, value, plan, depth);
  } catch (error) {
    return unreadable(walk, error);
  } finally {
    walk.level--;
  }
}

/** The tag of an object, as planned. */
function recordTag(walk: Walk, value: object, plan: TagPlan, around: number): Json {
  if (around >= walk.maxDepth) return cut(walk, "maxDepth", 1);
  const depth = around + 1;
  const { $js, values = {}, fields = [], collection, bytes, props } = plan;
  const tag: Tag = { $js, ...plan.constants };
  if (plan.class) tag.class = recordText(walk, plan.class);
  for (const field of Object.keys(values)) tag[field] = record(walk, values[field], depth);
  for (const key of fields) {
    walk.left.values--;
    try {
      const field = (value as Any)[key];
      if (field !== undefined || Object.hasOwn(value, key)) tag[key] = record(walk, field, depth);
      else walk.left.values++;
    } catch (error) {
      tag[key] = unreadable(walk, error);
    }
  }
  if (collection) {
    tag[collection.field] = recordList(walk, readItems(walk, collection), depth, collection);
  }
  if (bytes) tag.base64 = recordBytes(walk, bytes);
  // A collection is already described by its items.
  const isInstance = $js === "instance" && !collection;
  const json = isInstance ? toJSONOf(walk, value, depth) : undefined;
  if (json !== undefined) tag.json = json;
  if (props.length > 0 || isInstance) tag.props = recordProperties(walk, value, props, depth);
  return tagged(walk, tag);
}

/** What the `toJSON()` of its class returns; one of its own is a property. */
function toJSONOf(walk: Walk, value: object, depth: number): Json | undefined {
  try {
    const toJSON = Reflect.get(Object.getPrototypeOf(value), "toJSON", value);
    if (typeof toJSON !== "function") return undefined;
    walk.left.values--;
    return record(walk, toJSON.call(value, ""), depth);
  } catch (error) {
    return unreadable(walk, error);
  }
}

/** The items of a collection, as far as they may be recorded. */
function readItems(walk: Walk, { items, size }: Collection): Any[] {
  const length = Math.min(size, walk.limits.maxArrayLength, Math.max(walk.left.values, 0));
  return Array.from({ length }, () => items.next().value);
}

/** The elements of an array, or the items of a collection; each is read once. */
function recordList(
  walk: Walk,
  source: readonly Any[],
  depth: number,
  collection?: Collection,
): Json {
  const { maxDepth } = walk;
  // A proxy can say anything: `>>> 0` makes it a length.
  const size = collection ? collection.size : source.length >>> 0;
  const width = collection?.field === "entries" ? 2 : 1;
  // A level for the list, and one for each pair.
  if (depth + (size ? width : 1) > maxDepth) return cut(walk, "maxDepth", size);
  const kept = Math.floor(
    Math.min(size, walk.limits.maxArrayLength, Math.max(walk.left.values, 0) / width),
  );
  const reason = kept < size &&
    (size > walk.limits.maxArrayLength ? "maxArrayLength" : "maxValues");
  const inner = depth + width + (reason ? 1 : 0);
  // A list that was cut lies in the tag that says so.
  if (reason && (kept === 0 || inner > maxDepth)) return cut(walk, reason, size);
  walk.left.values -= kept * width;
  const recorded: Json[] = Array(kept);
  for (let i = 0; i < kept; i++) {
    try {
      const value = source[i];
      if (width === 2) recorded[i] = [record(walk, value[0], inner), record(walk, value[1], inner)];
      else if (value !== undefined || i in source) recorded[i] = record(walk, value, inner);
      else recorded[i] = tagged(walk, { $js: "hole" });
    } catch (error) {
      recorded[i] = unreadable(walk, error);
    }
  }
  return reason ? cut(walk, reason, size, [recorded]) : recorded;
}

/** Properties by their keys; as entries where a key cannot be one of a plain object in JSON. */
function recordProperties(
  walk: Walk,
  source: object,
  keys: readonly string[],
  depth: number,
): Json {
  const size = keys.length;
  const { maxDepth } = walk;
  if (depth >= maxDepth) return cut(walk, "maxDepth", size);
  const { kept, form } = admitKeys(walk, keys);
  const reason = kept < size && (kept < walk.left.values ? "maxCharacters" : "maxValues");
  walk.left.values -= size; // All were listed, which is what takes the time.
  const names = reason ? keys.slice(0, kept) : keys;
  // Around an escaped value lie a tag, a list of entries and a pair; and what says that it was cut.
  const inner = depth + (form === "escaped" ? 3 : 1) + (reason ? 1 : 0);
  if (inner > maxDepth || reason && kept === 0) return cut(walk, reason || "maxDepth", size);
  // __proto__ would set the prototype, and a frozen one refuses its keys, unless they are there already.
  const filled: Record<string, Json> = form === "plain"
    ? {}
    : Object.fromEntries(names.map((key) => [key, null]));
  for (const key of names) {
    try {
      filled[key] = record(walk, (source as Any)[key], inner);
    } catch (error) {
      filled[key] = unreadable(walk, error);
    }
  }
  const recorded = form === "escaped" ? escapeKeys(walk, names, filled) : filled;
  return reason ? cut(walk, reason, size, [recorded]) : recorded;
}

/** Properties as entries. */
function escapeKeys(walk: Walk, names: readonly string[], filled: Record<string, Json>): Json {
  const entries = names.map((key) => [tagUnsafe(walk, key), filled[key]]);
  return tagged(walk, { $js: "object", entries });
}

/** How many of the keys may be recorded, the first ones, and how an object with these is written. */
function admitKeys(walk: Walk, keys: readonly string[]): { kept: number; form: string } {
  const { level } = walk;
  const plain = walk.plainKeys[level];
  let form: "plain" | "shadowing" | "escaped" = "plain";
  let kept = 0;
  for (; kept < keys.length && kept < walk.left.values; kept++) {
    const key = keys[kept] as string;
    if (key.length > walk.left.characters) break;
    walk.left.characters -= key.length;
    if (plain !== undefined && key === plain[kept]) continue;
    if (key === "$js" || !isSafe(key)) form = "escaped";
    else if (form === "plain" && Object.hasOwn(Object.prototype, key)) form = "shadowing";
  }
  // Level 1 holds only the root, so there is nothing to compare with.
  if (level > 1 && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;
  return { kept, form };
}

/** Bytes, in base64. */
function recordBytes(walk: Walk, bytes: Uint8Array): Json {
  const kept = bytes.subarray(0, walk.left.bytes);
  walk.left.bytes -= kept.length;
  const recorded = base64(kept);
  if (kept.length === bytes.length) return recorded;
  return cut(walk, "maxBytes", bytes.length, [recorded || undefined]);
}

function recordText(walk: Walk, value: string): Json {
  const size = value.length;
  const kept = Math.min(size, walk.limits.maxStringLength, walk.left.characters);
  if (kept < size) return cutText(walk, value, kept);
  walk.left.characters -= size;
  // From here on a copy costs nothing that can be measured.
  return tagUnsafe(walk, size < 256 ? value : copied(value));
}

/** Both ends of a text that is cut, for the end says why it failed; no half of a pair. */
function cutText(walk: Walk, value: string, kept: number): Json {
  const size = value.length;
  const half = kept >> 1;
  const end = (from: number, to: number, torn: RegExp) =>
    recordText(walk, copied(value.slice(from, to).replace(torn, ""))) || undefined;
  const head = end(0, kept - half, /[\ud800-\udbff]$/);
  const tail = end(size - half, size, /^[\udc00-\udfff]/);
  const reason = size > walk.limits.maxStringLength ? "maxStringLength" : "maxCharacters";
  return cut(walk, reason, size, [head, tail]);
}

/** A string as it is, or tagged where a parser or a database would refuse it. */
function tagUnsafe(walk: Walk, value: string): Json {
  return isSafe(value) ? value : tagged(walk, { $js: "string", utf16: utf16(value) });
}

/** Whether it has no lone surrogate and no NUL. */
function isSafe(value: string): boolean {
  return value.isWellFormed() && value.indexOf("\0") < 0;
}

/** The same text, which does not keep a larger one alive that it was cut out of. */
function copied(value: string): string {
  return value.padEnd(value.length + 1).slice(0, -1); // What is padded is written anew, in each engine.
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

/** What stands for something that a limit cut, with the ends that were kept. */
function cut(
  walk: Walk,
  reason: keyof Limits,
  size: number,
  [head, tail]: (Json | undefined)[] = [],
): Json {
  walk.fidelity.truncated++;
  const tag: Tag = { $js: "truncated", reason, size };
  if (head !== undefined) tag.head = head;
  if (tail !== undefined) tag.tail = tail;
  return tag as Json;
}

/** What stands for something that threw `error` when it was read. */
function unreadable(walk: Walk, error: unknown): Json {
  let message = "";
  try {
    message = `${(error as Error)?.message ?? error}`;
  } catch { /* What was thrown cannot be read either. */ }
  walk.fidelity.unreadable++;
  return { $js: "unreadable", message: recordText(walk, message) };
}

function tagged(walk: Walk, tag: Tag): Json {
  walk.fidelity.tagged++;
  return tag as Json;
}
