/** This project: `execute()` with a ledger of deployer-runner; the variant says which. */
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { execute } from "deployer-runtime";
import { type Ledger, OrderAlreadyConsumed } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";
import type { Arena, Ground, Told } from "../contender.ts";
import type { Act, Order } from "../orders.ts";

interface Location {
  variant: string;
  list: string;
  place: string;
}

export async function open({ folder, database, variant }: Ground): Promise<Arena> {
  const place = variant === "postgres" ? await database() : `${folder}/ledger`;
  if (variant === "postgres") await PostgresLedger.install(place);
  const location: Location = { variant, list: `${folder}/orders.json`, place };
  const ledger = await openLedger(location);
  return {
    location,
    feed: (orders) => Promise.resolve(writeFileSync(location.list, JSON.stringify(orders))),
    told: () => toldBy(ledger),
    close: () => ledger.close(),
  };
}

export async function work(where: unknown, act: Act, lanes: number): Promise<void> {
  const location = where as Location;
  const ledger = await openLedger(location);
  const orders: Order[] = JSON.parse(readFileSync(location.list, "utf8"));
  const lane = async () => {
    for (let order = orders.shift(); order; order = orders.shift()) {
      const { orderId } = order;
      if (!await ledger.get(orderId)) await executeOnce(ledger, order, act);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function executeOnce(ledger: Ledger, order: Order, act: Act): Promise<void> {
  const request = { orderId: order.orderId, action: { name: "effect", input: order } };
  const context = { executionId: randomUUID(), runner: "peers" };
  try {
    await ledger.store(await execute(request, context, () => act(order), ledger));
  } catch (error) {
    if (!(error instanceof OrderAlreadyConsumed)) throw error;
  }
}

/** What a ledger says of its orders, once those whose worker is surely gone are closed. */
export async function toldBy(ledger: Pick<Ledger, "recover" | "list">): Promise<Map<string, Told>> {
  await ledger.recover();
  const words = { APPLIED: "success", FAILED: "failed", UNKNOWN: "unknown", OPEN: "open" } as const;
  const { entries } = await ledger.list({ limit: 1_000_000 });
  return new Map(entries.map(({ fact, status }) => [fact.orderId, words[status]]));
}

async function openLedger({ variant, place }: Location): Promise<Ledger> {
  if (variant === "postgres") return await PostgresLedger.open(place);
  return variant === "sqlite" ? await SqliteLedger.open(place) : new FolderLedger(place);
}
