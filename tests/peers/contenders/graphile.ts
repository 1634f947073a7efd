/** graphile-worker: with its own retries, or, as the variant "once", with one attempt. */
import { setTimeout as sleep } from "node:timers/promises";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import type { Arena, Ground, Told } from "../contender.ts";
import type { Act, Order } from "../orders.ts";

const logger = new Logger(() => () => {});

export async function open({ database, variant }: Ground): Promise<Arena> {
  const connectionString = await database();
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  const pool = new pg.Pool({ connectionString });
  const query = async (text: string) => (await pool.query(text)).rows;
  return {
    location: `${connectionString}?application_name=worker`,
    async feed(orders) {
      for (const order of orders) {
        await utils.addJob("effect", order, {
          jobKey: order.orderId,
          ...variant === "once" && { maxAttempts: 1 },
        });
      }
    },
    /** A killed worker's jobs are locked for four hours, unless somebody knows that it is gone. */
    async recover() {
      // What a killed worker has sent, the server still carries out.
      const sessions = "select from pg_stat_activity where application_name = 'worker'";
      while ((await query(sessions)).length > 0) await sleep(10);
      const workers = await query(
        "select distinct locked_by as id from graphile_worker.jobs where locked_by is not null",
      );
      if (workers.length > 0) await utils.forceUnlockWorkers(workers.map(({ id }) => id));
    },
    /** A job that succeeded is deleted. */
    async told() {
      const jobs: { key: string; told: Told }[] = await query(
        `select key, case
           when attempts >= max_attempts and locked_at is null then 'failed' else 'open'
         end as told
         from graphile_worker.jobs`,
      );
      return new Map(jobs.map(({ key, told }) => [key, told]));
    },
    async close() {
      await pool.end();
      await utils.release();
    },
  };
}

export async function work(url: unknown, act: Act, lanes: number): Promise<void> {
  const runner = await run({
    connectionString: url as string,
    concurrency: lanes,
    logger,
    taskList: {
      async effect(payload) {
        await act(payload as Order);
      },
    },
  });
  await runner.promise;
}
