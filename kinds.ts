/**
 * What objects say of themselves, by their kind: what `capture.ts` is to record of each.
 *
 * @module
 */

type Fields<Value> = { readonly [field: string]: Value };

const NO_FIELDS: Fields<never> = {};
const NONE: readonly never[] = [];

/** What is to be recorded of an object that needs a tag. */
export class Told {
  readonly $js: string;
  /** The name of the class, where the tag does not imply it. */
  class = "";
  /** Fields of the tag that are JSON already. */
  says: Fields<string | number | null> = NO_FIELDS;
  /** Fields whose values are still to be recorded. */
  holds: Fields<unknown> = NO_FIELDS;
  /** The properties that are fields of the tag, each where the object has it. */
  readonly reads: readonly string[];
  /** What a collection lists: `size` elements for the field `values`, or pairs for `entries`. */
  lists: Listing | undefined;
  /** What is recorded in `base64`. */
  bytes: Uint8Array | undefined;
  /** The properties that are recorded in `props`: those that identify the object, then its own. */
  props: readonly string[] = NONE;

  constructor($js: string, parts?: Partial<Told>, reads: readonly string[] = NONE) {
    this.$js = $js;
    this.reads = reads;
    Object.assign(this, parts);
  }
}

/** What a collection lists. */
export interface Listing {
  readonly field: "entries" | "values";
  readonly items: Iterator<unknown>;
  readonly size: number;
}

/**
 * What an object of a kind tells. `builtin(key)` is what the built-in class says of the object,
 * whatever shadows it, and throws where the object is of that class by name only.
 */
// deno-lint-ignore no-explicit-any -- the classes have nothing in common
type Kind = (builtin: (key: PropertyKey) => any, value: object) => Told;

/** What is to be recorded of `value`; undefined for a plain object. */
export function tell(value: object): Told | undefined {
  const [name, kind] = classify(value);
  if (kind === "") return undefined;
  // TypedArray is no global, and Uint8Array knows all that it says.
  // deno-lint-ignore no-explicit-any -- not every platform has all of them
  const { prototype } = (globalThis as any)[kind] ?? Uint8Array;
  let told: Told;
  try {
    told = KINDS[kind]!((key) => Reflect.get(prototype, key, value), value);
  } catch {
    told = new Told("instance");
  }
  const { $js, reads } = told;
  const implied = $js === "error" || $js === "instance" ? "" : told.says.kind ?? kind;
  if (name !== implied) told.class = name;
  // The keys of a typed array and of a String are its elements.
  const isIndexed = ArrayBuffer.isView(value) || $js === "boxed" && kind === "String";
  const identity = told.props.filter((key) => key in value);
  const own = isIndexed ? [] : Object.keys(value);
  const rest = own.filter((key) => !reads.includes(key) && !identity.includes(key));
  told.props = identity.concat(rest);
  return told;
}

/** The name of an object's class, and the kind that it is of: a plain object has neither. */
function classify(value: object): [name: string, kind: string] {
  let prototype = Object.getPrototypeOf(value);
  if (prototype === Error.prototype) return ["Error", "Error"];
  // The language knows some kinds by their brand, also where the prototype is gone.
  const brand = Symbol.toStringTag in value
    ? ""
    : Object.prototype.toString.call(value).slice(8, -1);
  let name = "";
  let kind = Object.hasOwn(KINDS, brand) ? brand : "";
  // A proxy can answer with ever new prototypes.
  for (let hops = 0; prototype && hops < 64 && !(name && kind); hops++) {
    const constructor = own(prototype, "constructor");
    const named = typeof constructor === "function"
      ? own(constructor, "name")
      : own(prototype, Symbol.toStringTag);
    if (typeof named === "string" && named !== "Object") {
      name ||= named;
      if (kind === "" && Object.hasOwn(KINDS, named)) kind = named;
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return [name, kind || name && "instance"];
}

/** The value of an own property; no getter is run. */
// deno-lint-ignore no-explicit-any -- it can be anything
function own(object: object, key: PropertyKey): any {
  // deno-lint-ignore no-explicit-any -- it can be anything
  const property: any = Object.getOwnPropertyDescriptor(object, key);
  // Frozen intrinsics have getters instead, which carry the value: Node's, and those of SES.
  return property?.value ?? property?.get?.value ?? property?.get?.originalValue;
}

/** An object of a class, with the inherited properties that identify it. */
function instance(...props: string[]): Kind {
  return () => new Told("instance", { props });
}

/** An object of the platform that lists pairs. */
const pairs: Kind = (builtin, value) => {
  const all = [...builtin("entries").call(value)];
  return new Told("instance", {
    lists: { field: "entries", items: all.values(), size: all.length },
  });
};

const boxed: Kind = (builtin, value) =>
  new Told("boxed", { holds: { value: builtin("valueOf").call(value) } });

const bytes: Kind = (builtin, value) => {
  const length = builtin("byteLength");
  const bytes = new Uint8Array(builtin("buffer") ?? value, builtin("byteOffset"), length);
  return new Told("bytes", { says: { kind: builtin(Symbol.toStringTag), length }, bytes });
};

const ERROR_FIELDS = ["name", "message", "stack", "code", "cause", "errors"];
const SUPPRESSED_FIELDS = [...ERROR_FIELDS, "error", "suppressed"];
const FUNCTION_FIELDS = ["name"];

/**
 * How the objects of each class are told, by the nearest name in their chain of prototypes. An entry
 * here, and for a tag of its own a rule in `raw-value.schema.json` with its vectors, make a new kind.
 */
const KINDS: Record<string, Kind> = {
  instance: instance(),
  Error: (_, value) => {
    const fields = Object.hasOwn(value, "suppressed") ? SUPPRESSED_FIELDS : ERROR_FIELDS;
    return new Told("error", undefined, fields);
  },
  Function: (builtin, value) =>
    builtin("toString").call(value) && new Told("function", undefined, FUNCTION_FIELDS),
  Date: (builtin, value) =>
    new Told("date", { says: { value: new Date(builtin("getTime").call(value)).toJSON() } }),
  // The source first of all: to copy it reads its Symbol.match, which may throw.
  RegExp: (builtin, value) =>
    new Told("regexp", {
      holds: { source: builtin("source"), flags: new RegExp(value as RegExp).flags },
    }),
  URL: (builtin) => new Told("url", { holds: { value: builtin("href") } }),
  Map: (builtin, value) => {
    const items = builtin("entries").call(value);
    return new Told("map", { lists: { field: "entries", items, size: builtin("size") } });
  },
  Set: (builtin, value) => {
    const items = builtin("values").call(value);
    return new Told("set", { lists: { field: "values", items, size: builtin("size") } });
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
  Blob: instance("name", "size", "type", "lastModified"),
  AbortSignal: instance("aborted", "reason"),
  AbortController: instance("signal"),
  BroadcastChannel: instance("name"),
  ByteLengthQueuingStrategy: instance("highWaterMark"),
  CountQueuingStrategy: instance("highWaterMark"),
  CryptoKey: instance("type", "algorithm", "extractable", "usages"),
  ImageBitmap: instance("width", "height"),
  Locale: instance("baseName"),
  Node: instance("nodeName", "nodeValue"),
  TextDecoder: instance("encoding", "fatal", "ignoreBOM"),
  URLPattern: instance("protocol", "hostname", "port", "pathname", "search", "hash"),
  WebSocket: instance("url", "readyState"),
  XMLHttpRequest: instance("responseURL", "status", "statusText"),
  Event: instance("type", "message", "error", "code", "reason", "wasClean", "data", "detail"),
};
