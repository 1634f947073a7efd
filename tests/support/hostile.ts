/**
 * Values that serialisers lose, change or die of. Each is made anew, for capturing must not need a
 * fresh one, and tests look at what is left of it.
 */
import { Buffer } from "node:buffer";
import { runInNewContext } from "node:vm";
import * as namespace from "./decode.ts";

/** A name, and what makes the value. */
export type Hostile = readonly [name: string, make: () => unknown];

/** Asks `fc.anything` for all that it can make. */
export const EVERYTHING = {
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
} as const;

/** The object with a property of its own; to assign it would fail where the inherited one is frozen. */
function having<T extends object>(object: T, name: string, value: unknown): T {
  return Object.defineProperty(object, name, { value, enumerable: true });
}

/** Throws: for getters, traps and conversions. */
export function refuse(): never {
  throw new Error("refused");
}

/** An object with every trap of a proxy: all of them throw. */
export const REFUSING: ProxyHandler<object> = Object.fromEntries(
  Reflect.ownKeys(Reflect).filter((name) => typeof name === "string").map((name) => [name, refuse]),
);

/** A revoked proxy of `target`. */
export function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** `levels` objects in each other. */
export function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = null;
  for (let level = 0; level < levels; level++) value = wrap(value);
  return value;
}

/** A value with a property that leads back to it. */
function cyclic<T extends object>(value: T, close: (value: T) => void): T {
  close(value);
  return value;
}

class Point {
  x: number;
  y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

class Guarded {
  #secret = 1;
  open = 2;
  get secret(): number {
    return this.#secret;
  }
  toJSON(): never {
    return refuse();
  }
}

class StaticName {
  static get name(): string {
    return refuse();
  }
  x = 1;
}

class DeployError extends Error {
  override name = "DeployError";
  code = "E_DEPLOY";
  attempts: bigint = 3n;
}

/** A class of the given name, whatever else has that name. */
export function classNamed(name: string): new () => { x: number } {
  const Named = class {
    x = 1;
  };
  Object.defineProperty(Named, "name", { value: name });
  return Named;
}

const everNew = (): object =>
  new Proxy({}, {
    get: everNew,
    ownKeys: () => ["a", "b"],
    getOwnPropertyDescriptor: () => ({ value: 1, configurable: true, enumerable: true }),
  });

const everNewPrototype = (): object => new Proxy({}, { getPrototypeOf: everNewPrototype });

const everNewHeir = (): object => new Proxy(Point.prototype, { getPrototypeOf: everNewHeir });

/** What another realm makes. A worker has none to ask. */
const OF_ANOTHER_REALM: readonly Hostile[] = hasRealm()
  ? [
    ["an error of another realm", () => runInNewContext('new TypeError("m", { cause: 0 })')],
    [
      "an object of another realm",
      () => runInNewContext("(class Foreign { x = 1 }, new (class Foreign { x = 1 })())"),
    ],
  ]
  : [];

function hasRealm(): boolean {
  try {
    return runInNewContext("true") === true;
  } catch {
    return false;
  }
}

/** At least 96 of them, by name. */
export const HOSTILE: readonly Hostile[] = [
  // Primitives
  ["undefined", () => undefined],
  ["NaN", () => NaN],
  ["Infinity", () => Infinity],
  ["-Infinity", () => -Infinity],
  ["-0", () => -0],
  ["a bigint", () => 9007199254740993n],
  ["a bigint of 10^5 digits", () => 10n ** 100_000n],
  ["a symbol", () => Symbol("s")],
  ["a symbol without description", () => Symbol()],
  ["a registered symbol", () => Symbol.for("s")],
  ["a symbol whose description is no text", () => Symbol("\ud800")],
  ["a NUL in a string", () => "a\0b"],
  ["a lone high surrogate", () => "a\ud83d"],
  ["a lone low surrogate", () => "\ude00b"],
  ["surrogates the wrong way round", () => "\ude00\ud83d"],
  ["a string of 100 MB", () => "x".repeat(1e8)],
  // Plain objects and arrays
  ["undefined in an object", () => ({ a: undefined, b: 1 })],
  ["undefined in an array", () => [undefined, 1]],
  ["a hole", () => [1, , 2]], // deno-lint-ignore no-sparse-arrays
  ["nothing but holes", () => new Array(3)],
  ["an array of 10^8 with one element", () => Object.assign([], { 99_999_999: 1 })],
  ["-0 in an array", () => [-0, 0]],
  ["a key $js", () => ({ $js: "bigint", value: "1" })],
  ["a key $js that is undefined", () => ({ $js: undefined })],
  ["a nested key $js", () => ({ a: [{ $js: "circular", up: 1 }] })],
  ["a key __proto__", () => JSON.parse('{"__proto__":{"polluted":1},"a":1}')],
  ["a key with a NUL", () => ({ "a\0": 1 })],
  ["a key with a lone surrogate", () => ({ "\ud800": 1, b: 2 })],
  ["a key of 2 MB", () => ({ a: 1, ["k".repeat(2e6)]: 2 })],
  ["an object without prototype", () => Object.assign(Object.create(null), { a: 1 })],
  ["an inherited property", () => Object.assign(Object.create({ hidden: 1 }), { a: 1 })],
  ["arguments", () =>
    (function (..._: unknown[]) {
      return arguments;
    })(1, undefined)],
  ["a frozen object", () => Object.freeze({ a: 1n })],
  ["a toJSON that lies", () => ({ a: 1, toJSON: () => "nothing" })],
  ["a toJSON that throws", () => ({ a: 1, toJSON: refuse })],
  ["a toJSON that is data", () => ({ a: 1, toJSON: "data" })],
  ["a getter", () => ({
    get a() {
      return 1;
    },
  })],
  ["a getter that throws", () => ({
    before: 1,
    get a() {
      return refuse();
    },
    after: 2,
  })],
  ["a getter that throws what cannot be read", () => ({
    get a() {
      throw {
        get message() {
          return refuse();
        },
      };
    },
  })],
  ["a getter that throws null", () => ({
    get a() {
      throw null;
    },
  })],
  ["an element that throws", () => Object.defineProperty([1, 2, 3], 1, { get: refuse })],
  // Cycles and depth
  ["a cycle", () => cyclic<Record<string, unknown>>({}, (value) => value.self = value)],
  ["a cycle through an array", () => cyclic<unknown[]>([], (value) => value.push({ a: value }))],
  ["a cycle through a Map", () => cyclic(new Map(), (value) => value.set(value, value))],
  ["a cycle through a Set", () => cyclic(new Set(), (value) => value.add([value]))],
  ["a cycle through a cause", () => cyclic(new Error("a"), (error) => error.cause = { error })],
  ["a shared reference", () => {
    const shared = { a: 1n };
    return [shared, shared];
  }],
  ["2^40 paths", () => nested(40, (inner) => [inner, inner])],
  ["10^5 levels of arrays", () => nested(1e5, (inner) => [inner])],
  ["10^5 levels of objects", () => nested(1e5, (inner) => ({ a: 1n, inner }))],
  [
    "10^5 causes",
    () => nested(1e5, (cause) => Object.assign(Object.create(Error.prototype), { cause })),
  ],
  ["10^5 Maps", () => nested(1e5, (inner) => new Map([[inner, 1]]))],
  ["a hundred references to one large array", () => Array(100).fill(Array(1e4).fill(7))],
  [
    "an object of 10^5 keys",
    () => Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, i])),
  ],
  // Errors
  ["an error", () => new Error("m")],
  [
    "an error with three causes",
    () =>
      new Error("a", { cause: new TypeError("b", { cause: new RangeError("c", { cause: "d" }) }) }),
  ],
  ["a cause that is undefined", () => new Error("m", { cause: undefined })],
  ["a cause that is null", () => new Error("m", { cause: null })],
  ["a cause that is 0", () => new Error("m", { cause: 0 })],
  ["a cause that is no error", () => new Error("m", { cause: { status: 500n } })],
  ["an AggregateError", () => new AggregateError([new Error("a"), "b", undefined], "m")],
  ["an error of a class", () => new DeployError("m")],
  ["an error with a key $js", () => Object.assign(new Error("m"), { $js: "undefined" })],
  ["an error whose message is no string", () => Object.assign(new Error(), { message: { a: 1n } })],
  [
    "an error without message",
    () => Object.create(Error.prototype, { message: { value: undefined } }),
  ],
  [
    "an error whose name throws",
    () => Object.defineProperty(new Error("m"), "name", { get: refuse }),
  ],
  [
    "an error whose message throws",
    () => Object.defineProperty(new Error(), "message", { get: refuse }),
  ],
  [
    "an error whose stack throws",
    () => Object.defineProperty(new Error("m"), "stack", { get: refuse }),
  ],
  [
    "an error whose cause throws",
    () => Object.defineProperty(new Error("m"), "cause", { get: refuse }),
  ],
  ["an error whose toJSON lies", () => Object.assign(new Error("m"), { toJSON: () => ({}) })],
  ["a DOMException", () => new DOMException("m", "AbortError")],
  // Objects of classes
  ["an object of a class", () => new Point(1, NaN)],
  ["an object with private fields", () => new Guarded()],
  ["an object of a class whose name throws", () => new StaticName()],
  ["an object of a class without name", () =>
    new (class {
      x = 1n;
    })()],
  ["an object of a class named Map", () => new (classNamed("Map"))()],
  ["an object of a class named Date", () => new (classNamed("Date"))()],
  ["an object of a class named Function", () => new (classNamed("Function"))()],
  [
    "an object of a class named $js",
    () => Object.assign(new (classNamed("$js"))(), { $js: "hole" }),
  ],
  ["an object of a class whose name is no text", () => new (classNamed("\ud800\0"))()],
  ...OF_ANOTHER_REALM,
  // What comes with the language
  ["a Map", () => new Map<unknown, unknown>([["a", 1], [{ k: 1 }, undefined], [NaN, new Map()]])],
  ["a Set", () => new Set([1, "1", undefined, -0])],
  ["a Map with own properties", () => Object.assign(new Map([[1, 2]]), { note: 1 })],
  [
    "a Map whose size lies",
    () => Object.defineProperty(new Map([[1, 2]]), "size", { get: refuse }),
  ],
  ["a Date", () => new Date(0)],
  ["an invalid Date", () => new Date(NaN)],
  ["a Date of the year 275760", () => new Date(8.64e15)],
  ["a Date whose toJSON lies", () => having(new Date(0), "toJSON", () => null)],
  ["a RegExp", () => /a\/b/giu],
  ["a boxed number", () => Object(NaN)],
  ["a boxed string", () => Object("s")],
  ["a boxed boolean", () => Object(false)],
  ["a boxed bigint", () => Object(1n)],
  ["a boxed symbol", () => Object(Symbol("s"))],
  ["a boxed number whose valueOf lies", () => having(Object(1), "valueOf", refuse)],
  ["a function", () => function named() {}],
  ["a function with properties", () => Object.assign(() => {}, { a: 1n })],
  ["a function whose name throws", () => Object.defineProperty(() => {}, "name", { get: refuse })],
  ["a class", () => Point],
  ["a generator", () =>
    (function* () {
      yield refuse();
    })()],
  ["an iterator", () => [1, 2].values()],
  ["a promise", () => Promise.resolve(1)],
  ["a thenable", () => ({ then: refuse })],
  ["a WeakMap", () => new WeakMap()],
  ["a WeakRef", () => new WeakRef({})],
  ["a module namespace", () => namespace],
  ["Math", () => Math],
  ["globalThis", () => globalThis],
  // Bytes
  ["bytes", () => new Uint8Array([0, 128, 255])],
  ["16 MB", () => new Uint8Array(1 << 24)],
  ["part of a buffer", () => new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
  ["doubles", () => new Float64Array([NaN, -0])],
  ["big integers", () => new BigInt64Array([-1n])],
  ["a Buffer", () => Buffer.from("bytes")],
  ["an ArrayBuffer", () => new ArrayBuffer(2)],
  ["a SharedArrayBuffer", () => new SharedArrayBuffer(2)],
  ["a DataView", () => new DataView(new ArrayBuffer(4), 1, 2)],
  ["a detached ArrayBuffer", () => {
    const buffer = new ArrayBuffer(8);
    structuredClone(buffer, { transfer: [buffer] });
    return [buffer];
  }],
  // What comes with the platform
  ["a URL", () => new URL("https://example.org/?q=1#f")],
  ["URLSearchParams", () => new URLSearchParams("a=1&a=2")],
  ["Headers", () => new Headers({ accept: "*/*" })],
  ["FormData", () => cyclic(new FormData(), (form) => form.append("file", new Blob(["abc"])))],
  ["a Response", () => new Response("body", { status: 503, statusText: "Unavailable" })],
  ["a Request", () => new Request("https://example.org/", { method: "POST", body: "body" })],
  ["a Blob", () => new Blob(["abc"], { type: "text/plain" })],
  ["a File", () => new File(["abc"], "a.txt")],
  ["an AbortSignal", () => new AbortController().signal],
  ["an AbortSignal that says why", () => AbortSignal.abort({ why: 1n })],
  ["a stream", () => new ReadableStream()],
  ["an Event", () => new Event("e")],
  // Proxies
  ["a proxy", () => new Proxy({ a: 1 }, {})],
  ["a proxy of an array", () => new Proxy([1, 2n], {})],
  ["a proxy of a function", () => new Proxy(function named() {}, {})],
  ["a proxy of a Map", () => new Proxy(new Map([[1, 2]]), {})],
  ["a proxy of an error", () => new Proxy(new Error("m", { cause: 1n }), {})],
  ["a proxy that refuses everything", () => new Proxy({}, REFUSING)],
  ["a proxy of an array that refuses everything", () => new Proxy([], REFUSING)],
  ["a proxy of a function that refuses everything", () => new Proxy(() => {}, REFUSING)],
  [
    "a proxy of an error that hides its keys",
    () => new Proxy(new Error("m", { cause: 1n }), { ownKeys: refuse }),
  ],
  ["a revoked proxy", () => revoked({})],
  ["a revoked proxy of an array", () => [revoked([])]],
  ["a revoked proxy of a function", () => revoked(() => {})],
  ["a proxy with ever new prototypes", everNewPrototype],
  ["an object of a class with ever new prototypes", everNewHeir],
  ["a proxy with ever new values", everNew],
  [
    "a proxy of an array that lies about its length",
    () => new Proxy([], { get: (_, key) => key === "length" ? 4e9 : 1 }),
  ],
  ["a prototype that is a proxy", () => Object.create(new Proxy({}, REFUSING))],
];
