/** Characters that would change what is seen around them, or would not be seen at all. */

/** A piece of a text: as it is, or the name of a character that is shown by its number. */
export interface Piece {
  readonly text: string;
  readonly isCode: boolean;
}

/**
 * Control and format characters, among them those of bidirectional text and of zero width; spaces
 * that are no plain ones, separators of lines, halves of characters, private ones. A joiner between
 * two emoji, tabs and line breaks are left alone.
 */
const HIDDEN =
  /(?<=\p{Extended_Pictographic}[\p{M}\p{Emoji_Modifier}]*)\u200d(?=\p{Extended_Pictographic})|[\t\n]|([\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]|(?! )\p{Zs})/gu;

/** A text with whatever hides in it shown. */
export function visible(text: string): Piece[] {
  const pieces: Piece[] = [];
  let shown = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match[1] === undefined) continue;
    if (match.index > shown) pieces.push({ text: text.slice(shown, match.index), isCode: false });
    const code = match[1].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    pieces.push({ text: `U+${code}`, isCode: true });
    shown = match.index + match[1].length;
  }
  if (shown < text.length) pieces.push({ text: text.slice(shown), isCode: false });
  return pieces;
}

/** The same as one text, for where there can be no marks: a title, an option. */
export function visibleText(text: string): string {
  return visible(text).map(({ text, isCode }) => isCode ? `[${text}]` : text).join("");
}
