/**
 * What objects say of themselves, by their kind: what `capture.ts` is to record of each.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any -- the classes have nothing in common
type Any = any;

/** What is to be recorded of an object that needs a tag. */
export interface Told {
  readonly $js: string;
  /** The name of the class, where the tag does not imply it. */
  class?: string;
  /** Fields of the tag that are JSON already. */
  readonly says?: { readonly [field: string]: string | number | null };
  /** Fields whose values are still to be recorded. */
  readonly holds?: { readonly [field: string]: unknown };
  /** The properties that are fields of the tag, each where the object has it. */
  readonly reads?: readonly string[];
  /** What a collection lists: `size` elements for the field `values`, or pairs for `entries`. */
  readonly lists?: Listing;
  /** What is recorded in `base64`. */
  readonly bytes?: Uint8Array;
  /** The properties that are recorded in `props`: those that identify the object, then its own. */
  props: readonly string[];
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
type Kind = (builtin: (key: PropertyKey) => Any, value: object) => { $js: string } & Partial<Told>;

/** What is to be recorded of `value`; undefined for a plain object. */
export function tell(value: object): Told | undefined {
  if (Object.getPrototypeOf(value) === Object.prototype && typeof value === "object") return;
  const { name, kind } = classify(value);
  if (kind === "") return undefined;
  // TypedArray is no global, and Uint8Array knows all that it says.
  const prototype = () => ((globalThis as Any)[kind] ?? Uint8Array).prototype;
  let told: ReturnType<Kind>;
  try {
    told = KINDS[kind]!((key) => Reflect.get(prototype(), key, value), value);
  } catch {
    told = { $js: "instance" };
  }
  const { $js, says, reads = [], props = [] } = told;
  const implied = $js === "error" || $js === "instance" ? "" : says?.kind ?? kind;
  if (name !== implied) told.class = name;
  // The keys of a typed array and of a String are its elements.
  const isIndexed = ArrayBuffer.isView(value) || $js === "boxed" && kind === "String";
  const own = isIndexed ? [] : Object.keys(value);
  const shown: string[] = [];
  for (const key of props) if (key in value) shown.push(key);
  for (const key of own) {
    const isShown = props.includes(key) && shown.includes(key); // A proxy may deny what it lists.
    if (!isShown && !reads.includes(key)) shown.push(key);
  }
  told.props = shown;
  return told as Told;
}

/** The name of an object's class, and the kind that it is of: a plain object has neither. */
function classify(value: object): { name: string; kind: string } {
  let prototype = Object.getPrototypeOf(value);
  if (prototype === Error.prototype) return { name: "Error", kind: "Error" };
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
  return { name, kind: kind || name && "instance" };
}

/** The value of an own property; no getter is run. */
function own(object: object, key: PropertyKey): Any {
  const property: Any = Object.getOwnPropertyDescriptor(object, key);
  // Frozen intrinsics have getters instead, which carry the value: Node's, and those of SES.
  return property?.value ?? property?.get?.value ?? property?.get?.originalValue;
}

/** An object of a class, with the inherited properties that identify it. */
function instance(...props: string[]): Kind {
  return () => ({ $js: "instance", props });
}

/** An object of the platform that lists pairs. */
const pairs: Kind = (builtin, value) => {
  const all = [...builtin("entries").call(value)];
  return { $js: "instance", lists: { field: "entries", items: all.values(), size: all.length } };
};

const boxed: Kind = (builtin, value) => ({
  $js: "boxed",
  holds: { value: builtin("valueOf").call(value) },
});

const bytes: Kind = (builtin, value) => {
  const length = builtin("byteLength");
  const bytes = new Uint8Array(builtin("buffer") ?? value, builtin("byteOffset"), length);
  return { $js: "bytes", says: { kind: builtin(Symbol.toStringTag), length }, bytes };
};

const ERROR = ["name", "message", "stack", "code", "cause", "errors"];
/** Of a SuppressedError: the failure, and the failure before it. */
const PAIR = [...ERROR, "error", "suppressed"];

/**
 * How the objects of each class are told, by the nearest name in their chain of prototypes. An entry
 * here, and for a tag of its own a rule in `raw-value.schema.json` with its vectors, make a new kind.
 */
const KINDS: Record<string, Kind> = {
  instance: instance(),
  Error: (_, value) => ({ $js: "error", reads: Object.hasOwn(value, "suppressed") ? PAIR : ERROR }),
  Function: (builtin, value) =>
    builtin("toString").call(value) && { $js: "function", reads: ["name"] },
  Date: (builtin, value) => {
    const at = new Date(builtin("getTime").call(value));
    return { $js: "date", says: { value: at.toJSON() } };
  },
  // The source first of all: to copy it reads its Symbol.match, which may throw.
  RegExp: (builtin, value) => {
    const source = builtin("source");
    return { $js: "regexp", holds: { source, flags: new RegExp(value as RegExp).flags } };
  },
  URL: (builtin) => ({ $js: "url", holds: { value: builtin("href") } }),
  Map: (builtin, value) => {
    const items = builtin("entries").call(value);
    return { $js: "map", lists: { field: "entries", items, size: builtin("size") } };
  },
  Set: (builtin, value) => {
    const items = builtin("values").call(value);
    return { $js: "set", lists: { field: "values", items, size: builtin("size") } };
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
