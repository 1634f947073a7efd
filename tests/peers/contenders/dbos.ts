/** DBOS: a workflow with one step for each order, from a queue. */
import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import type { Arena, Ground, Told } from "../contender.ts";
import type { Act, Order } from "../orders.ts";

const QUEUE = "orders";
const WORDS: Record<string, Told> = {
  SUCCESS: "success",
  ERROR: "failed",
  CANCELLED: "failed",
  MAX_RECOVERY_ATTEMPTS_EXCEEDED: "failed",
};

const quiet = () => {};
const silent = { info: quiet, debug: quiet, warn: quiet, error: quiet };

export async function open({ database, lanes }: Ground): Promise<Arena> {
  const systemDatabaseUrl = await database();
  configure(systemDatabaseUrl);
  await DBOS.launch(); // It makes the tables.
  await DBOS.shutdown();
  const client = await DBOSClient.create({ systemDatabaseUrl, logger: silent });
  await client.registerQueue(QUEUE, { workerConcurrency: lanes, minPollingIntervalMs: 100 });
  return {
    location: systemDatabaseUrl,
    async feed(orders) {
      for (const order of orders) {
        const options = { queueName: QUEUE, workflowName: "order", workflowID: order.orderId };
        await client.enqueue(options, order);
      }
    },
    async told() {
      const all = await client.listWorkflows({});
      return new Map(all.map(({ workflowID, status }) => [workflowID, WORDS[status] ?? "open"]));
    },
    close: () => client.destroy(),
  };
}

export async function work(url: unknown, act: Act): Promise<void> {
  configure(url as string);
  DBOS.registerWorkflow(
    (order: Order) => DBOS.runStep(() => act(order), { name: "effect" }),
    { name: "order" },
  );
  await DBOS.launch();
  await new Promise(() => {});
}

function configure(systemDatabaseUrl: string): void {
  DBOS.setConfig({ name: "peers", systemDatabaseUrl, logLevel: "error", runAdminServer: false });
}
