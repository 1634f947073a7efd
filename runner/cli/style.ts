/** How text is written for people: colours, widths, and nothing that a terminal would obey. */
import { styleText } from "node:util";
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

/** Recorded text on one line: what a terminal would obey, or turn around, is written as its code. */
export function clean(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (character) =>
      character === "\t"
        ? " "
        : JSON.stringify(character).startsWith('"\\')
        ? JSON.stringify(character).slice(1, -1)
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One line of at most so many columns, with a sign that it was cut. */
export function fit(text: string, columns: number): string {
  const characters = [...text];
  if (characters.length <= columns) return text;
  return characters.slice(0, Math.max(0, columns - 1)).join("") + "…";
}

/** A paragraph in lines of at most so many columns; a word that is longer stays whole. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && [...last, ...word].length < columns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** A time in the unit in which a person would say it. */
export function spoken(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const [hours, minutes, seconds] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60];
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  return hours < 1
    ? `${Math.floor(minutes)} min ${two(seconds)} s`
    : `${Math.floor(hours)} h ${two(minutes)} min`;
}

/** A number of bytes, likewise. */
export function sized(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [kilo, mega] = [bytes / 1000, bytes / 1_000_000];
  return kilo < 1000 ? `${kilo.toFixed(1)} kB` : `${mega.toFixed(1)} MB`;
}
