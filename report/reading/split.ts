/**
 * Finds the JSON documents in a text that arrives in parts, whatever stands between them: one
 * document, lists, NDJSON, RFC 7464, files that were simply put together. What is broken is told,
 * and reading goes on behind it.
 */

import { beginning } from "./beginning.ts";

/** A document that was read. */
export interface Found {
  readonly value: unknown;
  /** As it stands in the file. */
  readonly text: string;
  /** The line in which it begins, from 1. */
  readonly line: number;
}

/** Something that could not be read. */
export interface Fault {
  readonly line: number;
  readonly reason: string;
}

/** No document of the Deployer is that deep. A text of brackets alone is read once, not for each. */
const DEEPEST = 2000;

export class Splitter {
  /** What is not done with. */
  #text = "";
  /** Where in it the document under way begins; all before it is done with. */
  #start = 0;
  /** The line of that place. */
  #line = 1;
  /** Where to look next. */
  #at = 0;
  /** What closes the brackets that are open in the document under way, outermost first. */
  readonly #closers: string[] = [];
  #inString = false;
  /** The lines in which lists around the documents begin. */
  readonly #lists: number[] = [];
  #out: (Found | Fault)[] = [];

  /** What the next part of the text completes. */
  write(part: string): (Found | Fault)[] {
    this.#text = this.#text.slice(this.#start) + part;
    this.#at -= this.#start;
    this.#start = 0;
    this.#out = [];
    this.#scan(false);
    return this.#out;
  }

  /** What is left when no part follows. */
  end(): (Found | Fault)[] {
    this.#out = [];
    this.#scan(true);
    while (this.#closers.length > 0) {
      this.#giveUp(this.#text.length, "it ends before it is complete");
      this.#scan(true);
    }
    for (const line of this.#lists) {
      const reason = "the list that begins here is not closed: its end may be missing";
      this.#out.push({ line, reason });
    }
    return this.#out;
  }

  #scan(isLast: boolean): void {
    while (this.#at < this.#text.length) {
      if (this.#inString) this.#scanString();
      else if (this.#closers.length > 0) this.#scanDocument();
      else if (!this.#scanBetween(isLast)) break;
    }
  }

  /** False if it takes more of the text to tell what begins. */
  #scanBetween(isLast: boolean): boolean {
    // deno-lint-ignore no-control-regex -- RFC 7464 puts this one between documents
    const at = find(/[^\s,\x1e]/g, this.#text, this.#at);
    this.#moveTo(at);
    const character = this.#text[at];
    if (character === undefined) return true;
    this.#at = at + 1;
    if (character === "{") this.#closers.push("}");
    else if (character === "[") this.#lists.push(this.#line);
    else if (character !== "]" || this.#lists.pop() === undefined) {
      const end = find(/\n/g, this.#text, at);
      if (end === this.#text.length && !isLast) {
        this.#at = at;
        return false;
      }
      const words = this.#text.slice(at, end).trimEnd();
      this.#tell(`no JSON object begins here: ${JSON.stringify(beginning(words, 60))}`);
      this.#moveTo(end);
    }
    return true;
  }

  #scanString(): void {
    const at = find(/["\\\n]/g, this.#text, this.#at);
    const character = this.#text[at];
    // What a backslash escapes may come with the next part only.
    this.#at = character === "\\" ? at + 2 : character === undefined ? at : at + 1;
    if (character === '"') this.#inString = false;
    if (character === "\n") this.#giveUp(at, "a text in it does not end on its line");
  }

  #scanDocument(): void {
    const at = find(/["{}[\]]/g, this.#text, this.#at);
    const character = this.#text[at];
    this.#at = at + 1;
    if (character === undefined) this.#at = at;
    else if (character === '"') this.#inString = true;
    else if (character === "}" || character === "]") this.#close(character, this.#at);
    else if (character === "{" && this.#text[at - 1] === "\n" && !this.#takesValue(at)) {
      this.#giveUp(at, "it ends before it is complete");
    } else if (this.#closers.length === DEEPEST) {
      this.#drop(`it is deeper than ${DEEPEST} levels`);
      this.#moveTo(at);
    } else this.#closers.push(character === "{" ? "}" : "]");
  }

  #close(bracket: string, end: number): void {
    if (this.#closers.pop() !== bracket) {
      return this.#giveUp(end, `its ${bracket} closes another bracket`);
    }
    if (this.#closers.length > 0) return;
    const text = this.#text.slice(this.#start, end);
    try {
      this.#out.push({ value: JSON.parse(text), text, line: this.#line });
      this.#moveTo(end);
    } catch (error) {
      this.#giveUp(end, (error as Error).message);
    }
  }

  /** Whether JSON allows that a value begins here. */
  #takesValue(at: number): boolean {
    let before = at - 1;
    while (" \t\r\n".includes(this.#text[before]!)) before -= 1;
    return (this.#closers.at(-1) === "}" ? ":" : "[,").includes(this.#text[before]!);
  }

  /** Gives up the document under way, up to the next line that may begin another one. */
  #giveUp(end: number, reason: string): void {
    this.#drop(reason);
    const line = this.#text.indexOf("\n{", this.#start);
    this.#moveTo(line >= 0 && line < end ? line + 1 : end);
  }

  #drop(reason: string): void {
    this.#closers.length = 0;
    this.#inString = false;
    this.#tell(reason);
  }

  /** Tells a reason, in the line that the engine's own message names, if it names one. */
  #tell(reason: string): void {
    const line = Number(/line (\d+) column/.exec(reason)?.[1] ?? 1);
    this.#out.push({
      line: this.#line + line - 1,
      reason: reason.replace(/^JSON(\.parse| Parse error): /, "")
        .replace(/ (in JSON )?at (position \d+( \(line \d+ column \d+\))?|line \d+ .*)$/, ""),
    });
  }

  /** All before `place` is done with. */
  #moveTo(place: number): void {
    for (
      let at = this.#text.indexOf("\n", this.#start);
      at >= 0 && at < place;
      at = this.#text.indexOf("\n", at + 1)
    ) this.#line += 1;
    this.#at = this.#start = place;
  }
}

/** Where the pattern fits next; the end of the text if it does not. */
function find(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex - 1 : text.length;
}
