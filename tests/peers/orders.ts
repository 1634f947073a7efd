/** The orders that every contender is given, and what each of them does to the world. */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** One order: how long its action works before its effect, and after it, in ms. */
export type Order = { orderId: string; before: number; after: number };

/** How long an action works. */
export const WORK = 20;

/** Does what an order asks for, and returns the proof. */
export type Act = (order: Order) => Promise<{ done: string }>;

/** So many orders, each with its effect at an instant of its own. */
export function orders(count: number, random: () => number): Order[] {
  return Array.from({ length: count }, (_, index) => {
    const before = Math.floor(random() * (WORK + 1));
    return { orderId: `order-${index + 1}`, before, after: WORK - before };
  });
}

/** An action whose effect is one line at the end of a file: the kernel writes it whole, or not at all. */
export function effect(file: number, begun: () => void): Act {
  return async ({ orderId, before, after }) => {
    begun();
    await sleep(before);
    writeSync(file, `${orderId}\n`);
    await sleep(after);
    return { done: orderId };
  };
}

/** Mulberry32: small, and the same everywhere. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
