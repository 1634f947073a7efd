/**
 * What a minor version may not do to the contracts (docs/versioning.md): everything but add an
 * optional field, a tag, a definition or a contract. Whatever was valid stays valid, for no rule is
 * new or tighter; and types only grow, for no field, value or rule is gone.
 */
import type { Schema } from "./schemas.ts";

/** Keywords that refuse nothing. */
const ANNOTATIONS = ["title", "description", "examples", "format", "contentEncoding", "$comment"];
/** Keywords whose keys are names, not keywords. */
const MAPS = ["properties", "$defs"];
/** Keywords whose order means nothing. */
const SETS = ["required", "enum", "type"];

/**
 * What in the schemas `now` a minor version may not have done to those of `then`, by JSON pointer.
 *
 * @param then Schema files by name, as they were published
 * @param now Schema files by name
 */
export function broken(then: Record<string, Schema>, now: Record<string, Schema>): string[] {
  return Object.keys(then).flatMap((file) =>
    file in now ? compared(then[file], now[file], `${file}#`, "") : [`${file}: is gone`]
  );
}

function compared(then: unknown, now: unknown, pointer: string, keyword: string): string[] {
  if (keyword === "allOf") return comparedRules(then as Schema[], now as Schema[], pointer);
  if (SETS.includes(keyword)) return comparedSets([then].flat(), [now].flat(), pointer);
  if (!isObject(then) || !isObject(now)) {
    const was = JSON.stringify(then);
    const is = JSON.stringify(now);
    return was === is ? [] : [`${pointer}: was ${was}, is ${is}`];
  }
  const isMap = MAPS.includes(keyword);
  const keys = [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((key) => isMap || !ANNOTATIONS.includes(key));
  return keys.flatMap((key) => {
    const place = `${pointer}/${key}`;
    if (!(key in now)) return [`${place}: is gone`];
    // A new name asks for nothing as long as it is not required, which is compared apart.
    if (!(key in then)) return isMap ? [] : [`${place}: is new`];
    return compared(then[key], now[key], place, isMap || Array.isArray(then) ? "" : key);
  });
}

function comparedSets(then: unknown[], now: unknown[], pointer: string): string[] {
  return [
    ...then.filter((value) => !now.includes(value)).map((value) => `${pointer}: lost ${value}`),
    ...now.filter((value) => !then.includes(value)).map((value) => `${pointer}: gained ${value}`),
  ];
}

/** Rules, in order; behind them a minor may add the rules of tags that were not known. */
function comparedRules(then: Schema[], now: Schema[], pointer: string): string[] {
  const known = then.map(tagOf);
  return [
    ...then.flatMap((rule, at) =>
      at in now ? compared(rule, now[at], `${pointer}/${at}`, "") : [`${pointer}/${at}: is gone`]
    ),
    ...now.slice(then.length).flatMap((rule, at) => {
      const tag = tagOf(rule);
      const isOfNewTag = tag !== undefined && !known.includes(tag) && !("else" in rule);
      return isOfNewTag ? [] : [`${pointer}/${then.length + at}: is new`];
    }),
  ];
}

/** The tag to which alone a rule applies. */
function tagOf(rule: Schema): string | undefined {
  const { if: condition, then: _then, else: _else, ...others } = rule;
  return Object.keys(others).length === 0 ? condition?.properties?.$js?.const : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
