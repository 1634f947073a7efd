/** The queue of orders: pg-boss, on the same PostgreSQL as the ledger. */
import PgBoss from "pg-boss";
import type { ExecutionRequest } from "deployer-runtime";

const NAME = "orders";

/** Makes the queue, if there is none yet, and opens it. */
export async function installQueue(url: string, expireInSeconds: number): Promise<PgBoss> {
  const boss = await openQueue(url, true);
  await boss.createQueue(NAME, {
    name: NAME,
    expireInSeconds, // Then a job is delivered again, whether its worker lives or not.
    // By default a job is given up after three deliveries, and its order would be lost. Here only
    // the ledger says that an order is done with.
    retryLimit: 1_000_000,
  });
  return boss;
}

/** Opens the queue. */
export async function openQueue(url: string, install = false): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: url,
    application_name: "fleet-queue",
    max: 3,
    migrate: install,
    schedule: false,
    maintenanceIntervalSeconds: 1, // How often it looks for jobs whose worker is gone.
  });
  boss.on("error", () => {}); // What fails is thrown where it was asked for, or asked again.
  await boss.start();
  return boss;
}

/** Queues orders. A job with the identity of another one is that job: to feed again is harmless. */
export async function feed(
  boss: PgBoss,
  jobs: { id?: string; order: ExecutionRequest }[],
): Promise<void> {
  await boss.insert(jobs.map(({ id, order }) => ({ name: NAME, data: order, ...id && { id } })));
}

/** Takes at most one job off the queue, for as long as it does not expire. */
export async function take(
  boss: PgBoss,
): Promise<{ id: string; data: ExecutionRequest } | undefined> {
  return (await boss.fetch<ExecutionRequest>(NAME))[0];
}

/** There is nothing more to do for a job: its order is consumed. */
export async function finish(boss: PgBoss, id: string): Promise<void> {
  await boss.complete(NAME, id);
}

/** There is nothing to do for a job, although its order is not consumed. It stays there to be read. */
export async function cancel(boss: PgBoss, id: string): Promise<void> {
  await boss.cancel(NAME, id);
}

/** How many jobs are not finished. */
export async function unfinished(boss: PgBoss): Promise<number> {
  return await boss.getQueueSize(NAME, { before: "completed" });
}
