import { readFileSync } from "node:fs";
import type { KeyObject } from "node:crypto";
import { NotTrusted, readKey } from "./envelope.ts";
import { BadInput } from "./exit.ts";

/**
 * The key of `--key`.
 *
 * @throws {BadInput} If it cannot be read, or is of no use
 */
export function keyOf(file: string, use: "sign" | "check"): KeyObject {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (error) {
    throw new BadInput(`key ${JSON.stringify(file)} cannot be read: ${(error as Error).message}`);
  }
  try {
    return readKey(pem, use);
  } catch (error) {
    if (!(error instanceof NotTrusted)) throw error;
    throw new BadInput(`key ${JSON.stringify(file)} ${error.message}`);
  }
}
