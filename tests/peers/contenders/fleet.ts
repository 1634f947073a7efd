/** This project: the fleet of `docs/examples/fleet`, pg-boss in front of the ledger in PostgreSQL. */
import { randomUUID } from "node:crypto";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { feed, installQueue, openQueue } from "deployer-fleet/queue.ts";
import { openLedger, work as workFleet } from "deployer-fleet/runner.ts";
import type { Arena, Ground } from "../contender.ts";
import type { Act, Order } from "../orders.ts";
import { toldBy } from "./ledgers.ts";

export async function open({ database }: Ground): Promise<Arena> {
  const url = await database();
  await PostgresLedger.install(url);
  const queue = await installQueue(url, 3);
  const ledger = await PostgresLedger.open(url);
  return {
    location: url,
    feed: (orders) =>
      feed(
        queue,
        orders.map((order) => ({
          id: randomUUID(),
          order: { orderId: order.orderId, action: { name: "effect", input: order } },
        })),
      ),
    told: () => toldBy(ledger),
    async close() {
      await ledger.close();
      await queue.stop({ graceful: false });
    },
  };
}

export async function work(url: unknown, act: Act, lanes: number): Promise<void> {
  await workFleet({
    runner: "peers",
    queue: await openQueue(url as string),
    openLedger: () => openLedger(url as string),
    action: ({ action }) => act(action.input as Order),
    lanes,
    say: () => {},
  });
}
