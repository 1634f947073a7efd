/** pg-boss: with its own retries, or, as the variant "once", without any. */
import { PgBoss } from "pg-boss";
import type { Arena, Ground, Told } from "../contender.ts";
import type { Act, Order } from "../orders.ts";

const QUEUE = "orders";
const WORDS: Record<string, Told> = { completed: "success", failed: "failed", cancelled: "failed" };

export async function open({ database, variant }: Ground): Promise<Arena> {
  const url = await database();
  const boss = await start(url);
  await boss.createQueue(QUEUE, {
    expireInSeconds: 3, // How soon a job of a worker that is gone is noticed; 15 minutes by default.
    ...variant === "once" && { retryLimit: 0 },
  });
  return {
    location: url,
    async feed(orders) {
      await boss.insert(QUEUE, orders.map((data) => ({ data })));
    },
    async told() {
      const { rows } = await boss.getDb().executeSql(
        "select data ->> 'orderId' as id, state from pgboss.job where name = $1",
        [QUEUE],
      );
      return new Map(rows.map(({ id, state }) => [id, WORDS[state] ?? "open"]));
    },
    close: () => boss.stop({ graceful: false }),
  };
}

export async function work(url: unknown, act: Act, lanes: number): Promise<void> {
  const boss = await start(url as string);
  const options = { localConcurrency: lanes, pollingIntervalSeconds: 0.5 };
  await boss.work<Order>(QUEUE, options, async ([job]) => await act(job!.data));
}

async function start(url: string): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: url,
    superviseIntervalSeconds: 1, // How often it looks for jobs that have expired.
    monitorIntervalSeconds: 1,
  });
  boss.on("error", (error) => console.error(error));
  return await boss.start();
}
