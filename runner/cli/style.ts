/** How text is written for people: colours, widths, and nothing that a terminal would obey. */
import { styleText } from "node:util";
import { withoutPasswords } from "../passwords.ts";
import type { Shell } from "./shell.ts";

type Format = Parameters<typeof styleText>[0];

/** What can be shown where it is written to. */
export interface Style {
  readonly columns: number;
  readonly paint: (format: Format, text: string) => string;
}

/** What a stream can show: no colour where `NO_COLOR` is set, and none where there is no terminal. */
export function styleOf(out: Shell["stdout"], env: Shell["env"]): Style {
  const coloured = out.isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
  return {
    columns: out.columns,
    paint: (format, text) => coloured ? styleText(format, text, { validateStream: false }) : text,
  };
}

/** How much is shown of what an order asks for: how it ended is on the same line. */
export const LONGEST_ORDER = 1000;

/** What a terminal would obey, turn around or hide. A joiner within an emoji is a part of it. */
const UNSEEN =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|(?<!\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d|\u200d(?!\p{Extended_Pictographic})/gu;

/** Recorded text on one line: what nobody would see as it is, is written as its code. */
export function clean(text: string): string {
  return text.replace(
    UNSEEN,
    (character) =>
      character === "\t"
        ? " "
        : JSON.stringify(character).startsWith('"\\')
        ? JSON.stringify(character).slice(1, -1)
        : codeOf(character),
  );
}

/** A value of somebody else's, short enough for one line. */
export function show(value: unknown): string {
  const text = withoutPasswords(JSON.stringify(value) ?? "nothing");
  // Of a character of two units, no half is left.
  return text.length > 80 ? `${text.slice(0, 80).replace(/[\ud800-\udbff]$/, "")}…` : text;
}

/** As JSON escapes it. */
function codeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A document of JSON that a terminal shows as it is: JSON itself escapes only what is below space. */
export function jsonOf(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    UNSEEN,
    (character) => character === "\n" ? character : codeOf(character),
  );
}

/** What a terminal writes over two columns: East Asian characters, but for the halfwidth ones, and emoji. */
const WIDE =
  /(?![\uff61-\uffdc])[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff00-\uff60\uffe0-\uffe6]/u;

/** What is written onto the character before it, or joins it to the one behind. */
const MARK = /[\p{M}\u200d]/u;

/** How many columns of a terminal a text takes, once it is clean. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

function columnsOf(character: string): number {
  if (character < "\u0300") return 1;
  return MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** One line of at most so many columns, with a sign that it was cut. */
export function fit(text: string, columns: number): string {
  return starting(text, columns).length === text.length ? text : starting(text, columns - 1) + "…";
}

/** The same, cut in its middle: identities differ at either end. */
export function fitMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const head = starting(text, Math.ceil((columns - 1) / 2));
  let tail = "";
  for (const character of [...text].reverse()) {
    if (widthOf(head + tail + character) > columns - 1) break;
    tail = character + tail;
  }
  return `${head}…${tail.replace(/^\p{M}+/u, "")}`;
}

/** As much of its beginning as so many columns have room for. */
function starting(text: string, columns: number): string {
  let width = 0;
  let length = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) break;
    length += character.length;
  }
  return text.slice(0, length);
}

/** A text and spaces, over so many columns at least. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

/** A paragraph in lines of at most so many columns; a word that is longer stays whole. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + widthOf(word) < columns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** A time in the unit in which a person would say it. */
export function spoken(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const hours = ms / 3_600_000;
  const minutes = (ms / 60_000) % 60;
  const seconds = (ms / 1000) % 60;
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  return hours < 1
    ? `${Math.floor(minutes)} min ${two(seconds)} s`
    : `${Math.floor(hours)} h ${two(minutes)} min`;
}

/** A number of bytes, likewise. */
export function sized(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const kilo = bytes / 1000;
  const mega = bytes / 1_000_000;
  return kilo < 1000 ? `${kilo.toFixed(1)} kB` : `${mega.toFixed(1)} MB`;
}
