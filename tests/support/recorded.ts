/**
 * What the tests of `capture()` look at: how deep recorded JSON is, what it counts and spends, and
 * whether two values are the same.
 */
import { assertEquals } from "@std/assert";
import { capture, type Captured, type CaptureLimits } from "../../capture.ts";
import type { Fidelity } from "../../schemas/types.ts";
import { validator } from "./schemas.ts";

type Fields = Record<string, unknown>;

/** The schema's verdict. */
export const isRawValue: ReturnType<typeof validator> = validator("raw-value");

/** Everything in recorded JSON, itself first. */
export function nodes(json: unknown, found: unknown[] = []): unknown[] {
  found.push(json);
  if (typeof json === "object" && json !== null) {
    for (const child of Object.values(json)) nodes(child, found);
  }
  return found;
}

/** Every tag in recorded JSON. */
export function tags(json: unknown): Fields[] {
  return nodes(json).filter((node): node is Fields =>
    typeof node === "object" && node !== null && Object.hasOwn(node, "$js")
  );
}

/** The fidelity that the recorded JSON itself tells of. */
export function tally(json: unknown): Fidelity {
  const all = tags(json).map(({ $js }) => $js);
  const truncated = all.filter((kind) => kind === "truncated").length;
  const unreadable = all.filter((kind) => kind === "unreadable").length;
  const tagged = all.length - truncated - unreadable;
  return { exact: all.length === 0, tagged, truncated, unreadable };
}

/** Levels of JSON: 0 for a leaf. */
export function levels(json: unknown): number {
  if (typeof json !== "object" || json === null) return 0;
  let deepest = 0;
  for (const child of Object.values(json)) deepest = Math.max(deepest, levels(child));
  return deepest + 1;
}

/** Levels of JSON in which something lies: the tag of a string is a leaf. */
export function containers(json: unknown): number {
  if (typeof json !== "object" || json === null) return 0;
  if ((json as Fields).$js === "string") return 0;
  return 1 + Math.max(0, ...Object.values(json).map(containers));
}

/** What a recorded value took of each limit. */
export interface Spent {
  values: number;
  /** Units of keys and texts. */
  characters: number;
  bytes: number;
  /** Units of the longest text. */
  longestText: number;
  /** Elements of the longest list, or entries of the largest Map or Set. */
  longestList: number;
}

/** Adds up what was recorded; what tags are made of costs nothing, what they hold does. */
export function spent(json: unknown): Spent {
  const sum: Spent = { values: 1, characters: 0, bytes: 0, longestText: 0, longestList: 0 };
  add(sum, json);
  return sum;
}

function addText(sum: Spent, size: number): void {
  sum.characters += size;
  sum.longestText = Math.max(sum.longestText, size);
}

/** Units of a text as it was written: itself, or in base64. */
function unitsOf(text: unknown): number {
  if (typeof text === "string") return text.length;
  return text ? atob((text as Fields).utf16 as string).length / 2 : 0;
}

function add(sum: Spent, json: unknown): void {
  if (typeof json === "string") return addText(sum, json.length);
  if (typeof json !== "object" || json === null) return;
  if (Array.isArray(json)) return addList(sum, json);
  const { $js, ...tag } = json as Fields;
  switch ($js) {
    case undefined:
      return addProperties(sum, Object.entries(json));
    case "string":
      return addText(sum, unitsOf(json));
    case "bytes": {
      const whole = typeof tag.base64 === "string";
      const kept = whole ? tag.base64 : (tag.base64 as Fields).head ?? "";
      sum.bytes += atob(kept as string).length;
      return addFields(sum, tag, "class", "props");
    }
    case "truncated":
      return addCut(sum, tag, add);
    case "object":
      return addProperties(sum, tag.entries as [unknown, unknown][]);
    case "map":
    case "instance":
      addEntries(sum, tag.entries ?? []);
      return addFields(sum, tag, "class", "props");
    case "error": {
      const { class: _, props: __, ...fields } = tag;
      sum.values += Object.keys(fields).length;
      break;
    }
    case "function":
      sum.values += Number("name" in tag);
  }
  const free = $js === "number" || $js === "date" ? ["value"] : [];
  addFields(sum, tag, ...Object.keys(tag).filter((name) => !free.includes(name)));
}

function addFields(sum: Spent, tag: Fields, ...names: string[]): void {
  for (const name of names) add(sum, tag[name]);
}

/** What was kept of a text counts as one text; of anything else there is a head only. */
function addCut(
  sum: Spent,
  { reason, head, tail }: Fields,
  add: (sum: Spent, json: unknown) => void,
) {
  const isText = reason === "maxStringLength" || typeof head === "string" || tail !== undefined;
  if (isText) addText(sum, unitsOf(head) + unitsOf(tail));
  else add(sum, head);
}

function addList(sum: Spent, list: unknown[]): void {
  sum.longestList = Math.max(sum.longestList, list.length);
  sum.values += list.length;
  for (const item of list) add(sum, item);
}

function addEntries(sum: Spent, entries: unknown): void {
  if (!entries) return;
  if (!Array.isArray(entries)) return addCut(sum, entries as Fields, addEntries);
  sum.longestList = Math.max(sum.longestList, entries.length);
  sum.values += 2 * entries.length;
  for (const item of entries.flat()) add(sum, item);
}

function addProperties(sum: Spent, entries: [unknown, unknown][]): void {
  sum.values += entries.length;
  for (const [key, value] of entries) {
    sum.characters += unitsOf(key);
    add(sum, value);
  }
}

/**
 * Whether two values are the same in everything that `capture()` is about: what `JSON.stringify`
 * and `assertEquals` confuse, such as `-0` and `0`, a hole and `undefined`, differs. Prototypes of
 * plain objects and their order of keys do not count.
 */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  const bytes = toBytes(a);
  if (bytes) return isSame(bytes, toBytes(b));
  if (a instanceof Map || a instanceof Set) {
    if (!isSame([...a], [...b as Set<unknown>])) return false;
  } else if (kind && BOXES.includes(kind) && !Object.is(a.valueOf(), b.valueOf())) return false;
  else if ((a instanceof RegExp || a instanceof URL) && String(a) !== String(b)) return false;
  if (Array.isArray(a)) return isSameList(a, b as unknown[]);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame((a as Fields)[key], (b as Fields)[key]));
}

/** Classes whose objects hold what their keys do not say. */
const BOXES: unknown[] = [Date, Number, String, Boolean, BigInt, Symbol];
const KINDS = [
  ...[Map, Set, RegExp, URL, ArrayBuffer, SharedArrayBuffer, DataView],
  ...BOXES,
  Object.getPrototypeOf(Uint8Array),
] as (new () => object)[];

/** Reads of the second no more than `capture()` does: named properties of arrays are outside. */
function isSameList(a: unknown[], b: unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (!isSame(a[index], b[index])) return false;
    if (a[index] === undefined && index in a !== index in b) return false;
  }
  return true;
}

/** One of KINDS. No `instanceof`: a proxy with ever new prototypes would keep it busy for ever. */
function kindOf(value: object): unknown {
  if (Array.isArray(value)) return Array;
  let prototype = Object.getPrototypeOf(value);
  for (let hops = 0; prototype !== null && hops < 64; hops++) {
    const kind = KINDS.find((Kind) => Kind.prototype === prototype);
    if (kind) return kind;
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}

/** The bytes of what has no elements of its own. */
function toBytes(value: object): Uint8Array | undefined {
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return new Uint8Array(value);
  }
  if (!(value instanceof DataView)) return undefined;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** Captures, and fails where the output breaks a promise that holds for whatever value. */
export function captureSoundly(value: unknown, limits?: CaptureLimits): Captured {
  const captured = capture(value, limits);
  const { value: recorded, fidelity } = captured;
  isRawValue(recorded);
  assertEquals(isRawValue.errors ?? [], []);
  assertEquals(fidelity, tally(recorded));
  if (!isSame(JSON.parse(JSON.stringify(recorded)), recorded)) {
    assertEquals(JSON.parse(JSON.stringify(recorded)), recorded);
    throw new Error("a round trip changes the recorded JSON");
  }
  return captured;
}

/** Fails unless the value is recorded as exactly this JSON, in this order of keys. */
export function assertRecorded(value: unknown, expected: unknown, limits?: CaptureLimits): void {
  const { value: recorded } = captureSoundly(value, limits);
  if (JSON.stringify(recorded) === JSON.stringify(expected)) return;
  assertEquals(recorded, expected);
  assertEquals(JSON.stringify(recorded), JSON.stringify(expected));
}
