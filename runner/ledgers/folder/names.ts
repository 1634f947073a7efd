/** The names of an order's files in a folder ledger. */
import { createHash } from "node:crypto";

/** SHA-256 of its identity, which is any text: `../../x` must reach nothing outside. */
export function hashOf(orderId: string): string {
  return createHash("sha256").update(orderId).digest("hex");
}

/** Its entry: that it is consumed. */
export function entryName(orderId: string): string {
  return `${hashOf(orderId)}.json`;
}

/** Its result. */
export function resultName(orderId: string): string {
  return `${hashOf(orderId)}.result.json`;
}

/** That its Runner was gone. */
export function recoveredName(orderId: string): string {
  return `${hashOf(orderId)}.recovered.json`;
}
