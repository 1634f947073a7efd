/** JSON as people have it in files: one document, an array of them, or one a line. */
import { LEVELS } from "../contract/depth.ts";

/** A document, or what stands where one should. */
export type Read =
  | {
    readonly value: unknown;
    /** Line of a field in it, counted from 1, by the keys that lead there. */
    readonly lineOf: (path: readonly string[]) => number;
  }
  | { readonly line: number; readonly problem: string };

/** Reads a text as one document. */
export function parse(text: string, line = 1): Read {
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    return { line: line + linesBefore(text, deep), problem: `has more than ${LEVELS} levels` };
  }
  try {
    const value = JSON.parse(text);
    return { value, lineOf: (path) => line + linesBefore(text, find(text, path)) };
  } catch {
    const { at, found } = faultOf(text);
    return { line: line + linesBefore(text, at), problem: `is not JSON: ${found}` };
  }
}

/**
 * Reads all documents of a text, bit by bit. Where its first line is a document of its own, each
 * line is one: a line that is none is told of, and the others are read all the same.
 */
export async function* documents(chunks: AsyncIterable<string>): AsyncGenerator<Read> {
  const head: string[] = [];
  let line = 0;
  let filled = 0;
  let isLines = false;
  for await (const text of lines(chunks)) {
    line += 1;
    if (isLines) {
      if (text.trim() !== "") yield* each(parse(text, line));
      continue;
    }
    head.push(text);
    if (text.trim() === "") continue;
    filled += 1;
    // The first line, or, where that one is broken, the one behind it, tells what the text is.
    isLines = filled <= 2 && isDocument(text);
    if (!isLines) continue;
    for (const [i, one] of head.entries()) if (one.trim() !== "") yield* each(parse(one, i + 1));
  }
  if (!isLines && filled > 0) yield* each(parse(head.join("\n")));
}

/** The elements of an array, each a document. */
function* each(read: Read): Generator<Read> {
  if ("problem" in read || !Array.isArray(read.value)) {
    yield read;
    return;
  }
  const { lineOf } = read;
  for (const [i, value] of read.value.entries()) {
    yield { value, lineOf: (path) => lineOf([`${i}`, ...path]) };
  }
}

/** Only "\n" ends a line: JSON may hold any other line break as it is. */
async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest: string[] = [];
  for await (const chunk of chunks) {
    const parts = chunk.split("\n");
    rest.push(parts[0]!);
    if (parts.length === 1) continue;
    yield rest.join("");
    yield* parts.slice(1, -1);
    rest = [parts.at(-1)!];
  }
  yield rest.join("");
}

function isDocument(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Where a text goes deeper than it may; it need not be JSON. */
function tooDeepAt(text: string): number | undefined {
  let level = 0;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (isString && character === "\\") at += 1;
    else if (character === '"') isString = !isString;
    else if (!isString && (character === "[" || character === "{")) level += 1;
    else if (!isString && (character === "]" || character === "}")) level -= 1;
    if (level > LEVELS) return at;
  }
  return undefined;
}

function linesBefore(text: string, at: number): number {
  return text.slice(0, at).split("\n").length - 1;
}

/** Where a field begins, in a text that is JSON; or what holds it, where it is missing. */
function find(text: string, path: readonly string[]): number {
  return new Scanner(text).value(path);
}

/** Where a text stops to be JSON, and what stands there. */
function faultOf(text: string): { at: number; found: string } {
  const scanner = new Scanner(text);
  try {
    scanner.value();
    scanner.space();
    if (scanner.at === text.length) throw new Misfit(); // The engine knows better: say no more.
  } catch (error) {
    if (!(error instanceof Misfit) && !(error instanceof RangeError)) throw error;
  }
  const next = text.slice(scanner.at).match(/^[\s\S]\S{0,15}/u)?.[0];
  return {
    at: scanner.at,
    found: next === undefined ? "it ends too early" : `unexpected ${JSON.stringify(next)}`,
  };
}

class Misfit extends Error {}

/** Goes through JSON, and knows where it is: JSON.parse() tells neither where, nor the same words. */
class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  space(): void {
    this.#take(/[ \t\r\n]*/y);
  }

  /** Goes over a value. @returns Where the field of that path begins, as far as there is one */
  value(path?: readonly string[]): number {
    this.space();
    const start = this.at;
    if (this.#take(/\{/y)) return this.#members("}", path, start);
    if (this.#take(/\[/y)) return this.#members("]", path, start);
    if (this.#string() === undefined && !this.#take(OTHER)) throw new Misfit();
    return start;
  }

  #members(end: "}" | "]", path: readonly string[] | undefined, start: number): number {
    let found = start;
    this.space();
    if (this.#take(END[end])) return found;
    for (let i = 0;; i++) {
      this.space();
      let key = `${i}`;
      if (end === "}") {
        const text = this.#string();
        if (text === undefined) throw new Misfit();
        key = JSON.parse(text);
        this.space();
        if (!this.#take(/:/y)) throw new Misfit();
      }
      const isOnPath = path !== undefined && path[0] === key;
      const at = this.value(isOnPath ? path.slice(1) : undefined);
      if (isOnPath) found = at;
      this.space();
      if (this.#take(END[end])) return found;
      if (!this.#take(/,/y)) throw new Misfit();
    }
  }

  /** No pattern: one that allows for escapes goes back over a long string, again and again. */
  #string(): string | undefined {
    const start = this.at;
    if (this.#text[start] !== '"') return undefined;
    for (this.at += 1;;) {
      const character = this.#text[this.at];
      if (character === undefined || character < " ") throw new Misfit();
      if (character === "\\") {
        if (!this.#take(ESCAPE)) throw new Misfit();
        continue;
      }
      this.at += 1;
      if (character === '"') return this.#text.slice(start, this.at);
    }
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const [taken] = pattern.exec(this.#text) ?? [];
    this.at += taken?.length ?? 0;
    return taken;
  }
}

const END = { "}": /\}/y, "]": /\]/y };
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const OTHER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
