/** A script with try/catch and a log: it begins with whatever its log does not hold yet. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Arena, Ground, Told } from "../contender.ts";
import type { Act, Order } from "../orders.ts";

export function open({ folder }: Ground): Promise<Arena> {
  return Promise.resolve({
    location: folder,
    feed: (orders) => Promise.resolve(writeFileSync(`${folder}/orders`, JSON.stringify(orders))),
    told: () => Promise.resolve(logged(folder)),
    close: () => Promise.resolve(),
  });
}

export async function work(location: unknown, act: Act, lanes: number): Promise<void> {
  const folder = location as string;
  const orders: Order[] = JSON.parse(readFileSync(`${folder}/orders`, "utf8"));
  const done = logged(folder);
  const lane = async () => {
    for (let order = orders.shift(); order; order = orders.shift()) {
      const { orderId } = order;
      if (done.has(orderId)) continue;
      try {
        await act(order);
        appendFileSync(`${folder}/log`, `${orderId} success\n`);
      } catch {
        appendFileSync(`${folder}/log`, `${orderId} failed\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function logged(folder: string): Map<string, Told> {
  if (!existsSync(`${folder}/log`)) return new Map();
  const lines = readFileSync(`${folder}/log`, "utf8").split("\n").slice(0, -1);
  return new Map(lines.map((line) => line.split(" ") as [string, Told]));
}
