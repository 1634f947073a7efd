/** Passwords in what somebody typed: they are neither printed nor made a part of a path. */

/** Whether it holds a password, as a URL or the parameters of a connection do; or is a URL at all. */
export function hasPassword(text: string): boolean {
  const path = text.replace(/^[a-z]:[\\/]/i, ""); // `C:\…` of Windows.
  return /:\/\/|:.*@|\bpassword\s*=/is.test(path);
}

/**
 * A line of text without them, wherever its parts come from: an argument, a variable, a driver. What
 * only looks like one is hidden as well.
 */
export function withoutPasswords(text: string): string {
  return text
    .replace(/(:\/\/[^\s:@/]*:).*@/g, "$1***@") // Of a URL: it may hold any character.
    .replace(/(?<!\bfile):\S*@/g, ":***@") // Of what was to be one. Paths of modules have an @ too.
    .replace(/(password\s*=\s*)('[^']*'|[^\s&"']+)/gi, "$1***");
}

/** A URL without it; of what is none, whatever may be one. */
export function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return withoutPasswords(url);
  const parsed = new URL(url);
  if (parsed.password === "") return url;
  parsed.password = "***";
  return parsed.href;
}
