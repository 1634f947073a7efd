/** Bytes for the eye. */

/** The bytes of a base64 text; `undefined` if it is none. */
export function fromBase64(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** The text whose UTF-16 units, little-endian, are in `base64`. */
export function utf16(base64: string): string | undefined {
  const bytes = fromBase64(base64);
  if (bytes === undefined || bytes.length % 2 !== 0) return undefined;
  let text = "";
  for (let at = 0; at < bytes.length; at += 2) {
    text += String.fromCharCode(bytes[at]! | bytes[at + 1]! << 8);
  }
  return text;
}

/** As `hexdump -C` prints them: the place, 16 bytes, and what of them is ASCII. */
export function hexLines(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0"));
    const groups = [hex.slice(0, 8).join(" "), hex.slice(8).join(" ")].join("  ").padEnd(48);
    const ascii = row.map((byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${groups}  ${ascii.join("")}`);
  }
  return lines.join("\n");
}
