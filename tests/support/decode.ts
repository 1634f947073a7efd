/**
 * Recorded values back to JavaScript values: the counterpart of `capture()` for the tests, and an
 * example of a reader. `docs/raw-values.md` explains the tags.
 */
import { Buffer } from "node:buffer";

/**
 * What stands for a value that cannot be made again: a function, a symbol, an object of a class,
 * what a limit cut, what could not be read, and every tag of a later version.
 */
export class Tag {
  /** What `$js` says. */
  readonly kind: string;
  /** The other fields, decoded. */
  readonly fields: Record<string, unknown> = {};

  constructor(kind: string) {
    this.kind = kind;
  }
}

/**
 * A recorded value as the JavaScript value that it stands for. Of a list or an object that a limit
 * cut inside another tag, what was kept: who needs all of it reads `fidelity` first.
 */
export function decode(recorded: unknown): unknown {
  return revive(recorded, []);
}

type Fields = Record<string, unknown>;
/** The objects that hold a value, outermost first: what `circular` counts. */
type Holders = readonly object[];

function revive(recorded: unknown, holders: Holders): unknown {
  if (typeof recorded !== "object" || recorded === null) return recorded;
  if (Array.isArray(recorded)) return reviveArray(recorded, holders);
  const tag = recorded as Fields;
  if (!Object.hasOwn(tag, "$js")) return assign({}, tag, holders);
  const make = Object.hasOwn(MAKERS, tag.$js as string) ? MAKERS[tag.$js as string] : undefined;
  return (make ?? keep)(tag, holders);
}

function reviveArray(recorded: unknown[], holders: Holders): unknown[] {
  const array: unknown[] = new Array(recorded.length);
  for (const [index, item] of recorded.entries()) {
    const isHole = (item as Fields | null)?.$js === "hole";
    if (!isHole) array[index] = revive(item, [...holders, array]);
  }
  return array;
}

/** Gives the object the recorded properties. To set `__proto__` would set its prototype. */
function assign<T extends object>(
  object: T,
  recorded: unknown,
  holders: Holders,
  holder: object = object,
): T {
  for (const [key, value] of properties(recorded)) {
    Object.defineProperty(object, key, {
      value: revive(value, [...holders, holder]),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return object;
}

/** Keys and recorded values, in whichever way they are written. */
function properties(recorded: unknown): [string, unknown][] {
  const { $js, ...fields } = recorded as Fields;
  if ($js === "truncated") return properties(fields.head ?? {});
  if ($js !== "object") return Object.entries(recorded as Fields);
  return (fields.entries as [unknown, unknown][])
    .map(([key, value]) => [revive(key, []) as string, value]);
}

/** What a list has; where a limit cut it, what was kept. */
function items(recorded: unknown): unknown[] {
  return Array.isArray(recorded) ? recorded : items((recorded as Fields).head ?? []);
}

function pairs(recorded: unknown, holders: Holders): [unknown, unknown][] {
  return items(recorded).map((pair) => {
    const [key, value] = pair as [unknown, unknown];
    return [revive(key, holders), revive(value, holders)];
  });
}

/** The tag itself, with its fields decoded. */
function keep(tag: Fields, holders: Holders): Tag {
  const kept = new Tag(tag.$js as string);
  // What was kept of a value that was cut is that value: it has the same holders.
  const inside = tag.$js === "truncated" ? holders : [...holders, kept];
  for (const [name, field] of Object.entries(tag).slice(1)) {
    if (name === "props") kept.fields[name] = assign({}, field, holders, kept);
    else if (name === "entries") kept.fields[name] = pairs(field, inside);
    else kept.fields[name] = revive(field, inside);
  }
  return kept;
}

/** The object, with the properties that it has besides. */
function complete<T extends object>(object: T, { props = {} }: Fields, holders: Holders): T {
  return assign(object, props, holders);
}

function toBytes(base64: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64 as string), (char) => char.charCodeAt(0));
}

type BytesClass = new (content: ArrayBuffer | number) => object;

/** How each tag becomes a value again. */
const MAKERS: Record<string, (tag: Fields, holders: Holders) => unknown> = {
  undefined: () => undefined,
  number: ({ value }) => Number(value),
  bigint: (tag, holders) => typeof tag.value === "string" ? BigInt(tag.value) : keep(tag, holders),
  string({ utf16 }) {
    const units = new DataView(toBytes(utf16).buffer);
    const length = units.byteLength / 2;
    return Array.from({ length }, (_, i) => String.fromCharCode(units.getUint16(2 * i, true)))
      .join("");
  },
  date: (tag, holders) => complete(new Date(tag.value as string ?? NaN), tag, holders),
  regexp({ source, flags, ...tag }, holders) {
    return complete(new RegExp(revive(source, []) as string, flags as string), tag, holders);
  },
  url: (tag, holders) => complete(new URL(tag.value as string), tag, holders),
  map(tag, holders) {
    const map = new Map();
    for (const [key, value] of pairs(tag.entries, [...holders, map])) map.set(key, value);
    return complete(map, tag, holders);
  },
  set(tag, holders) {
    const set = new Set();
    for (const value of items(tag.values)) set.add(revive(value, [...holders, set]));
    return complete(set, tag, holders);
  },
  bytes(tag, holders) {
    const kind = tag.kind as string;
    const Kind = (globalThis as Fields)[kind] as BytesClass | undefined;
    if (!Kind || typeof tag.base64 !== "string") return keep(tag, holders);
    const bytes = toBytes(tag.base64);
    if (tag.class === "Buffer") return complete(Buffer.from(bytes), tag, holders);
    if (!kind.endsWith("ArrayBuffer")) return complete(new Kind(bytes.buffer), tag, holders);
    const buffer = new Kind(bytes.length);
    new Uint8Array(buffer as ArrayBuffer).set(bytes);
    return complete(buffer, tag, holders);
  },
  boxed: (tag, holders) => complete(Object(revive(tag.value, holders)) as object, tag, holders),
  error({ $js: _, props, ...fields }, holders) {
    const error = new Error();
    for (const name of ["message", "stack"]) Reflect.deleteProperty(error, name);
    for (const [name, field] of Object.entries(fields)) {
      const value = revive(field, [...holders, error]);
      Object.defineProperty(error, name, { value, configurable: true, writable: true });
    }
    return complete(error, { props }, holders);
  },
  object: (tag, holders) => assign({}, tag, holders),
  circular: ({ up }, holders) => holders[holders.length - (up as number)],
};
