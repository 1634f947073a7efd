/** Counts what became of the orders: what happened, by the effect file, beside what is told. */
import type { Told } from "./contender.ts";

/** A row of the table: numbers of orders, but for the kills. */
export interface Row {
  kills: number;
  "0 effects": number;
  "1 effect": number;
  "2 or more": number;
  "told success": number;
  "of these done twice": number;
  "told failed": number;
  "of these done": number;
  "told UNKNOWN": number;
  "nothing recorded": number;
  "left open": number;
}

/**
 * @param fed The orders' identities
 * @param effects An order's identity for each effect
 * @param told What the contender says of each order
 */
export function judge(
  kills: number,
  fed: string[],
  effects: string[],
  told: Map<string, Told>,
): Row {
  const done = new Map(fed.map((orderId) => [orderId, 0]));
  for (const orderId of effects) {
    if (!done.has(orderId)) throw new Error(`an effect of no order: ${orderId}`);
    done.set(orderId, done.get(orderId)! + 1);
  }
  const invented = fed.filter((orderId) =>
    told.get(orderId) === "success" && done.get(orderId) === 0
  );
  if (invented.length > 0) throw new Error(`told as success, yet never done: ${invented}`);
  const count = (holds: (effects: number, told: Told | undefined) => boolean) =>
    fed.filter((orderId) => holds(done.get(orderId)!, told.get(orderId))).length;
  return {
    kills,
    "0 effects": count((effects) => effects === 0),
    "1 effect": count((effects) => effects === 1),
    "2 or more": count((effects) => effects > 1),
    "told success": count((_, told) => told === "success"),
    "of these done twice": count((effects, told) => told === "success" && effects > 1),
    "told failed": count((_, told) => told === "failed"),
    "of these done": count((effects, told) => told === "failed" && effects > 0),
    "told UNKNOWN": count((_, told) => told === "unknown"),
    "nothing recorded": count((_, told) => told === undefined),
    "left open": count((_, told) => told === "open"),
  };
}
