/**
 * Hostile values by recipe: fast-check generates and shrinks the recipe, which is plain data, and
 * each case builds its value from it, with counters in whatever runs when it is read.
 */
import fc from "fast-check";
import { REFUSING } from "./hostile.ts";

/** How a property answers. */
type Answer = "data" | "getter" | "throws" | "hidden";

/** What a value is made from. */
export type Recipe =
  | { kind: "leaf"; value: unknown }
  | {
    kind: typeof KINDS[number];
    /** What Maps, Sets and arrays hold. */
    items: Recipe[];
    properties: [key: string, answer: Answer, value: Recipe][];
    proxy?: string | undefined;
  }
  /** An object that holds this one; where there are not so many, sometimes the last one built. */
  | { kind: "back"; levels: number };

const KINDS = ["object", "bare", "array", "map", "set", "error", "instance", "function"] as const;
const PROXIES = ["watched", "revoked", ...Object.keys(REFUSING)];

/** Code units, with a taste for those that break strings. */
export const unit: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("\0", "\ud83d", "\ude00", "\ud83d\ude00", "\u2028", '"'),
  },
);

/** Strings of any code units. */
export const text: fc.Arbitrary<string> = fc.string({ unit, maxLength: 12 });

/** Keys, with a taste for those that mean something somewhere. */
export const key: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: text },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...["$js", "__proto__", "constructor", "toJSON", "then", "value", "entries", "props", ""],
      ...["name", "message", "stack", "code", "cause", "errors", "length", "size", "0", "\0"],
      ...["\ud800", "a", "b", "c"],
    ),
  },
);

const leaf: fc.Arbitrary<Recipe> = fc.oneof(
  text,
  fc.double(),
  fc.bigInt(),
  fc.integer(),
  fc.constantFrom(undefined, null, true, false, NaN, -0, Infinity, Symbol("s"), Symbol()),
  fc.uint8Array({ maxLength: 12 }),
).map((value) => ({ kind: "leaf", value }));

const back: fc.Arbitrary<Recipe> = fc.record({
  kind: fc.constant("back" as const),
  levels: fc.nat({ max: 3 }),
});

const { holder } = fc.letrec<{ value: Recipe; holder: Recipe }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: leaf },
    { weight: 4, arbitrary: tie("holder") },
    { weight: 1, arbitrary: back },
  ),
  holder: fc.record({
    kind: fc.constantFrom(...KINDS),
    items: fc.array(tie("value"), { maxLength: 4 }),
    properties: fc.array(
      fc.tuple(
        key,
        fc.constantFrom<Answer>("data", "data", "data", "getter", "throws", "hidden"),
        tie("value"),
      ),
      { maxLength: 4 },
    ),
    proxy: fc.option(fc.constantFrom(...PROXIES), { freq: 5, nil: undefined }),
  }),
}));

/** Recipes of objects that hold a few dozen others. */
export const recipe: fc.Arbitrary<Recipe> = holder;

/** A value that was built, with what to look at afterwards. */
export interface Built {
  value: unknown;
  /** Every object of it that is no proxy, and the targets of those that are. */
  objects: object[];
  /** How often each getter and each `get` of a proxy ran. */
  reads: number[];
  /** Whether something is referred to twice, or thrown, and may so be read twice. */
  shared: boolean;
}

/** Builds the value of a recipe. */
export function build(recipe: Recipe): Built {
  const built: Built = { value: undefined, objects: [], reads: [], shared: false };
  const revokes: (() => void)[] = [];
  built.value = make(recipe, built, [], revokes);
  for (const revoke of revokes) revoke();
  return built;
}

class Instance {}

function make(recipe: Recipe, built: Built, holders: object[], revokes: (() => void)[]): unknown {
  if (recipe.kind === "leaf") return recipe.value;
  if (recipe.kind === "back") {
    const holder = holders[holders.length - 1 - recipe.levels];
    if (holder || recipe.levels < 3) return holder ?? holders[0];
    built.shared = true;
    return built.objects.at(-1);
  }

  const target = create(recipe.kind);
  const self = recipe.proxy ? wrap(target, recipe.proxy, built, revokes) : target;
  const inside = [...holders, self];
  built.objects.push(target);
  for (const item of recipe.items) {
    const value = make(item, built, inside, revokes);
    if (target instanceof Map) target.set(value, value === null ? self : 1);
    else if (target instanceof Set) target.add(value);
    else if (Array.isArray(target)) target[target.length + (value === false ? 1 : 0)] = value;
  }
  for (const [key, answer, held] of recipe.properties) {
    // The length of an array would make it huge, and only that.
    if (Array.isArray(target) && key === "length") continue;
    const value = make(held, built, inside, revokes);
    // What is thrown is asked for its message, or is converted: that is another reading.
    if (answer === "throws" && held.kind !== "leaf") built.shared = true;
    const enumerable = answer !== "hidden";
    if (answer === "data" || answer === "hidden") {
      Reflect.defineProperty(target, key, { value, enumerable, configurable: true });
      continue;
    }
    const read = built.reads.push(0) - 1;
    const get = () => {
      built.reads[read]!++;
      if (answer === "throws") throw value;
      return value;
    };
    Reflect.defineProperty(target, key, { get, enumerable, configurable: true });
  }
  return self;
}

function create(kind: typeof KINDS[number]): object {
  switch (kind) {
    case "bare":
      return Object.create(null);
    case "array":
      return [];
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "error":
      // Its own stack, for Node writes one when it is first read, and reads other properties then.
      return Object.assign(createError(), { stack: "at recipes.ts" });
    case "instance":
      return new Instance();
    case "function":
      return () => {};
    default:
      return {};
  }
}

/** An error without a stack: to write one would be most of the cost of a case. */
function createError(): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new Error("m", { cause: 1 });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function wrap(target: object, kind: string, built: Built, revokes: (() => void)[]): object {
  if (kind === "revoked") {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revokes.push(revoke);
    return proxy;
  }
  if (kind !== "watched") return new Proxy(target, { [kind]: Reflect.get(REFUSING, kind) });
  const counters = new Map<PropertyKey, number>();
  return new Proxy(target, {
    get(target, key, receiver) {
      const read = counters.get(key) ?? built.reads.push(0) - 1;
      counters.set(key, read);
      built.reads[read]!++;
      return Reflect.get(target, key, receiver);
    },
  });
}
