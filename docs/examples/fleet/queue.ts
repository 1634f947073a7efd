/** The queue of orders: pg-boss, on the same PostgreSQL as the ledger. */
import { PgBoss } from "pg-boss";
import type { ExecutionRequest } from "deployer-runtime";

const NAME = "orders";

/** Makes the queue, if there is none yet, and opens it. */
export async function installQueue(url: string, expireInSeconds: number): Promise<PgBoss> {
  const boss = await openQueue(url, true);
  await boss.createQueue(NAME, {
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
    superviseIntervalSeconds: 1, // How often it looks for jobs whose worker is gone,
    monitorIntervalSeconds: 1, // and how old what it knows of a queue may be.
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
  await boss.insert(NAME, jobs.map(({ id, order }) => ({ data: order, ...id && { id } })));
}

/** An order, as the queue delivers it. */
export interface Job {
  id: string;
  data: ExecutionRequest;
}

/** Takes up to so many jobs off the queue, for as long as they do not expire. */
export async function take(boss: PgBoss, most: number): Promise<Job[]> {
  return await boss.fetch<ExecutionRequest>(NAME, { batchSize: most });
}

/** Jobs that were taken are for others, at once: their orders are not consumed. */
export async function giveBack(boss: PgBoss, ids: string[]): Promise<void> {
  await boss.fail(NAME, ids, { message: "given back: no lane was free for it" }); // It is tried again.
}

/** There is nothing more to do for jobs: their orders are consumed. */
export async function finish(boss: PgBoss, ids: string[]): Promise<void> {
  await boss.complete(NAME, ids);
}

/** There is nothing to do for a job, although its order is not consumed. It stays there to be read. */
export async function cancel(boss: PgBoss, id: string): Promise<void> {
  await boss.cancel(NAME, id);
}

/** How many jobs are not finished, now: pg-boss's own statistics may be a minute old. */
export async function unfinished(boss: PgBoss): Promise<number> {
  const { rows } = await boss.getDb().executeSql(
    "select count(*)::int as jobs from pgboss.job where name = $1 and state < 'completed'",
    [NAME],
  );
  return rows[0].jobs;
}
