/** Contenders that go wrong in a known way: the harness must say so. The variant says how. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Arena, Ground, Told } from "../contender.ts";
import type { Act, Order } from "../orders.ts";

interface Location {
  folder: string;
  variant: string;
}

export function open({ folder, variant }: Ground): Promise<Arena> {
  return Promise.resolve({
    location: { folder, variant },
    feed: (orders) => Promise.resolve(writeFileSync(`${folder}/orders`, JSON.stringify(orders))),
    told: () => Promise.resolve(told(folder)),
    close: () => Promise.resolve(),
  });
}

export async function work(location: unknown, act: Act): Promise<void> {
  const { folder, variant } = location as Location;
  const orders: Order[] = JSON.parse(readFileSync(`${folder}/orders`, "utf8"));
  appendFileSync(`${folder}/lives`, ".");
  if (variant === "ends by itself") throw new Error("no such queue");
  if (variant === "works in its third life only") {
    while (readFileSync(`${folder}/lives`, "utf8").length < 3) await act(orders[0]!);
  }
  for (const order of orders) {
    await act(order);
    if (variant === "does everything twice") await act(order);
    const word = variant === "calls it failed" ? "failed" : "success";
    appendFileSync(`${folder}/log`, `${order.orderId} ${word}\n`);
  }
}

function told(folder: string): Map<string, Told> {
  if (!existsSync(`${folder}/log`)) return new Map();
  const lines = readFileSync(`${folder}/log`, "utf8").split("\n").slice(0, -1);
  return new Map(lines.map((line) => line.split(" ") as [string, Told]));
}
