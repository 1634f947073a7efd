/**
 * How objects are recorded, by their kind: the tag of each, and what `capture.ts` is to put into it.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any -- the classes have nothing in common
type Any = any;

/** The tag of an object, and what is to be recorded in it. */
export interface TagPlan {
  readonly $js: string;
  /** The name of the class, where the tag does not imply it. */
  class?: string;
  /** Fields of the tag that are JSON already. */
  readonly constants?: { readonly [field: string]: string | number | null };
  /** Fields whose values are still to be recorded. */
  readonly values?: { readonly [field: string]: unknown };
  /** The properties that are fields of the tag, each where the object has it. */
  readonly fields?: readonly string[];
  readonly collection?: Collection;
  /** What is recorded in `base64`. */
  readonly bytes?: Uint8Array;
  /** The properties that are recorded in `props`: those that identify the object, then its own. */
  props: readonly string[];
}

/** The items of a collection: `size` elements for the field `values`, or pairs for `entries`. */
export interface Collection {
  readonly field: "entries" | "values";
  readonly items: Iterator<unknown>;
  readonly size: number;
}

/**
 * Plans the tag of an object of one kind. `builtin(key)` reads what the built-in class has under that
 * key, whatever shadows it, and throws where the object is of that class by name only.
 */
type Kind = (
  builtin: (key: PropertyKey) => Any,
  value: object,
) => { $js: string } & Partial<TagPlan>;

/** The tag of `value`; undefined for a plain object. */
export function tagOf(value: object): TagPlan | undefined {
  if (Object.getPrototypeOf(value) === Object.prototype && typeof value === "object") return;
  const { name, kind } = classify(value);
  if (kind === "") return undefined;
  // `TypedArray` is not a global; `Uint8Array.prototype` has its accessors.
  const prototype = () => ((globalThis as Any)[kind] ?? Uint8Array).prototype;
  let plan: ReturnType<Kind>;
  try {
    plan = KINDS[kind]!((key) => Reflect.get(prototype(), key, value), value);
  } catch {
    plan = { $js: "instance" };
  }
  const { $js, constants, fields = [], props = [] } = plan;
  const implied = $js === "error" || $js === "instance" ? "" : constants?.kind ?? kind;
  if (name !== implied) plan.class = name;
  // The keys of a typed array and of a String are its elements.
  const isIndexed = ArrayBuffer.isView(value) || $js === "boxed" && kind === "String";
  const own = isIndexed ? [] : Object.keys(value);
  const shown: string[] = [];
  for (const key of props) if (key in value) shown.push(key);
  for (const key of own) {
    const isShown = props.includes(key) && shown.includes(key); // A proxy may deny what it lists.
    if (!isShown && !fields.includes(key)) shown.push(key);
  }
  plan.props = shown;
  return plan as TagPlan;
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

/** A collection of pairs of the platform. */
const pairs: Kind = (builtin, value) => {
  const all = [...builtin("entries").call(value)];
  return {
    $js: "instance",
    collection: { field: "entries", items: all.values(), size: all.length },
  };
};

const boxed: Kind = (builtin, value) => ({
  $js: "boxed",
  values: { value: builtin("valueOf").call(value) },
});

const bytes: Kind = (builtin, value) => {
  const length = builtin("byteLength");
  const bytes = new Uint8Array(builtin("buffer") ?? value, builtin("byteOffset"), length);
  return { $js: "bytes", constants: { kind: builtin(Symbol.toStringTag), length }, bytes };
};

const ERROR = ["name", "message", "stack", "code", "cause", "errors"];
/** Of a SuppressedError: the failure, and the failure before it. */
const PAIR = [...ERROR, "error", "suppressed"];

/**
 * The kinds, by the nearest name in the chain of prototypes. A new one is an entry here and, for a
 * tag of its own, a rule in `raw-value.schema.json` with its vectors.
 */
const KINDS: Record<string, Kind> = {
  instance: instance(),
  Error: (_, value) => ({
    $js: "error",
    fields: Object.hasOwn(value, "suppressed") ? PAIR : ERROR,
  }),
  Function: (builtin, value) =>
    builtin("toString").call(value) && { $js: "function", fields: ["name"] },
  Date: (builtin, value) => {
    const at = new Date(builtin("getTime").call(value));
    return { $js: "date", constants: { value: at.toJSON() } };
  },
  // The source first of all: to copy it reads its Symbol.match, which may throw.
  RegExp: (builtin, value) => {
    const source = builtin("source");
    return { $js: "regexp", values: { source, flags: new RegExp(value as RegExp).flags } };
  },
  URL: (builtin) => ({ $js: "url", values: { value: builtin("href") } }),
  Map: (builtin, value) => {
    const items = builtin("entries").call(value);
    return { $js: "map", collection: { field: "entries", items, size: builtin("size") } };
  },
  Set: (builtin, value) => {
    const items = builtin("values").call(value);
    return { $js: "set", collection: { field: "values", items, size: builtin("size") } };
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
