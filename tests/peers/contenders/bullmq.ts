/** BullMQ: as it comes, or, as the variant "once", with no second run of a stalled job. */
import { type Job, Queue, Worker } from "bullmq";
import type { Arena, Ground, Told } from "../contender.ts";
import type { Act, Order } from "../orders.ts";
import { startRedis } from "../servers.ts";

const QUEUE = "orders";

interface Location {
  port: number;
  variant: string;
}

export async function open({ folder, variant }: Ground): Promise<Arena> {
  const redis = await startRedis(folder);
  const location: Location = { port: redis.port, variant };
  const queue = new Queue(QUEUE, { connection: { host: "127.0.0.1", port: redis.port } });
  return {
    location,
    feed: async (orders) => {
      await queue.addBulk(
        orders.map((data) => ({ name: "effect", data, opts: { jobId: data.orderId } })),
      );
    },
    async told() {
      const jobs = await queue.getJobs(["active", "waiting", "delayed", "completed", "failed"]);
      return new Map(jobs.map((job) => [job.id!, word(job)]));
    },
    async close() {
      await queue.close();
      await redis.stop();
    },
  };
}

export async function work(where: unknown, act: Act, lanes: number): Promise<void> {
  const { port, variant } = where as Location;
  const worker = new Worker<Order>(QUEUE, (job) => act(job.data), {
    connection: { host: "127.0.0.1", port, maxRetriesPerRequest: null },
    concurrency: lanes,
    lockDuration: 3000, // How soon a worker that is gone is noticed; 30 s each by default.
    stalledInterval: 1000,
    ...variant === "once" && { maxStalledCount: 0 },
  });
  worker.on("error", (error) => console.error(error));
  await new Promise(() => {});
}

function word({ finishedOn, failedReason }: Job): Told {
  if (!finishedOn) return "open";
  return failedReason ? "failed" : "success";
}
