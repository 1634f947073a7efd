/** Passwords in what somebody typed or recorded: they are not printed, nor made a part of a path. */

/** Whether it holds a password, as a URL or the parameters of a connection do; or is a URL at all. */
export function hasPassword(text: string): boolean {
  const path = text.replace(/^[a-z]:[\\/]/i, ""); // `C:\…` of Windows.
  return /:\/\/|:.*@|\bpassword\s*=/is.test(path);
}

/**
 * A line of text without them, wherever its parts come from: an argument, a variable, a driver. What
 * only looks like one is hidden as well. The time is linear: a value of any length may be refused.
 */
export function withoutPasswords(text: string): string {
  return text
    // Of a URL: it may hold any character.
    .replace(/^.*@/gm, (line) => line.replace(/(:\/\/[^\s:@/]*:).*/, "$1***@"))
    // Of what was to be one. Paths of modules have an @ too.
    .replace(/(?<!\S)\S*@/g, (word) => word.replace(/(?<!\bfile):.*/, ":***@"))
    .replace(/(password\s*=\s*)('[^']*'|[^\s&"']+)/gi, "$1***");
}

/**
 * What was recorded, without the passwords of the URLs in it. Nothing else is hidden: an image may
 * have a port and a digest, as in `http://registry:5000/shop@sha256:…`.
 */
export function withoutUrlPasswords(text: string): string {
  if (hasUrlPassword(text)) {
    const url = new URL(text);
    url.password = "***";
    return url.href;
  }
  return text.replace(PASSWORD, "$1***@");
}

/** A URL that is read as such may be written in odd ways: `http:u:p@h`, or with a tab in it. */
function hasUrlPassword(text: string): boolean {
  return URL.canParse(text) && new URL(text).password !== "";
}

/**
 * Behind the user up to the last @ before the path; or, where there is none and no port either, the
 * URL is no right one, and its password may go on up to the last @ before the next URL.
 */
const PASSWORD = /(:\/\/[^\s:@/\\?#]*:)(?:[^\s/\\?#]*|(?!\d*(?:\W|$))(?:(?!:\/\/)\S)*)@/g;
