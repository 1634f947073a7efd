/**
 * Any text as an attribute of an event: in HTTP's binary mode it becomes a header, and identities may
 * hold what no header can. Plain ones are themselves; each other is told from all that are not it.
 */
export function attribute(text: string): string {
  // JSON escapes what no URI can say: half of a character.
  return encodeURIComponent(JSON.stringify(text).slice(1, -1));
}
