/** The peers as contenders: each with what its documentation says is its fast way. */
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http2";
import { DBOS } from "@dbos-inc/dbos-sdk";
import * as restateSdk from "@restatedev/restate-sdk";
import { Queue, Worker } from "bullmq";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { Redis } from "ioredis";
import { PgBoss } from "pg-boss";
import { freePort } from "../../support/port.ts";
import { startRedis, startRestate } from "../servers.ts";
import { inPostgres, lengthsIn } from "./stored.ts";
import { action, type Contender, type Ground, input, newId } from "./turn.ts";

const QUEUE = "orders";

/** Jobs are fetched and completed by the batch. */
export async function pgboss({ database }: Ground): Promise<Contender> {
  const url = await database();
  const boss = new PgBoss({ connectionString: url, schedule: false });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  return {
    feed: (count) => boss.insert(QUEUE, Array.from({ length: count }, () => ({ data: input }))),
    async take(turn) {
      while (!turn.over) {
        const jobs = await boss.fetch(QUEUE, { batchSize: turn.lanes });
        await Promise.all(jobs.map(action));
        if (jobs.length > 0) await boss.complete(QUEUE, jobs.map(({ id }) => id));
        for (const _ of jobs) turn.add();
        if (jobs.length === 0) await turn.end;
      }
    },
    stored: () => inPostgres(url),
    close: () => boss.stop({ graceful: false }),
  };
}

/** Jobs are fetched ahead and completed by the batch, as its page on performance proposes. */
export async function graphile({ database }: Ground): Promise<Contender> {
  const connectionString = await database();
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  return {
    feed: (count) =>
      utils.addJobs(
        Array.from({ length: count }, () => ({ identifier: "order", payload: input })),
      ),
    async take(turn) {
      const taskList = { order: () => action().then(() => turn.add()) };
      const worker = {
        connectionString,
        concurrentJobs: turn.lanes,
        localQueue: { size: turn.lanes + 1 },
        completeJobBatchDelay: 25,
        failJobBatchDelay: 25,
      };
      const runner = await run({ logger, taskList, noHandleSignals: true, preset: { worker } });
      await turn.end;
      await runner.stop();
    },
    stored: () => inPostgres(connectionString),
    close: async () => await utils.release(),
  };
}

export async function bullmq({ folder }: Ground): Promise<Contender> {
  mkdirSync(folder, { recursive: true });
  const redis = await startRedis(folder);
  const connection = { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
  const queue = new Queue(QUEUE, { connection });
  const asked = new Redis(redis.port);
  return {
    feed: (count) =>
      queue.addBulk(Array.from({ length: count }, () => ({ name: "order", data: input }))),
    async take(turn) {
      const worker = new Worker(QUEUE, action, { connection, concurrency: turn.lanes });
      worker.on("completed", () => turn.add());
      await turn.end;
      await worker.close();
    },
    async stored() {
      const memory = await asked.info("memory");
      return Number(memory.match(/used_memory_dataset:(\d+)/)![1]);
    },
    async close() {
      asked.disconnect();
      await queue.close();
      await redis.stop();
    },
  };
}

/** Workflows of one step are started directly: its queue would poll. */
export async function dbos({ database }: Ground): Promise<Contender> {
  const systemDatabaseUrl = await database();
  DBOS.setConfig({ name: "bench", systemDatabaseUrl, logLevel: "error", runAdminServer: false });
  const workflow = DBOS.registerWorkflow(
    (_input: object) => DBOS.runStep(action, { name: "action" }),
    { name: newId() }, // A process that measures it twice registers it twice.
  );
  await DBOS.launch();
  return {
    take: (turn) =>
      turn.fill(async () => {
        await (await DBOS.startWorkflow(workflow, { workflowID: newId() })(input)).getResult();
      }),
    stored: () => inPostgres(systemDatabaseUrl),
    close: () => DBOS.shutdown(),
  };
}

/** Handlers of one step are called through the server, each with an idempotency key. */
export async function restate({ folder }: Ground): Promise<Contender> {
  mkdirSync(folder, { recursive: true });
  const server = await startRestate(folder, 1000);
  const service = restateSdk.service({
    name: "orders",
    handlers: { order: (ctx: restateSdk.Context, _input: object) => ctx.run("action", action) },
  });
  const endpoint = createServer(
    restateSdk.createEndpointHandler({ services: [service], logger: () => {} }),
  );
  const port = await freePort();
  endpoint.listen(port, "127.0.0.1");
  await once(endpoint, "listening");
  const post = async (url: string, body: unknown, headers = {}) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    await response.text();
  };
  await post(`${server.admin}/deployments`, { uri: `http://127.0.0.1:${port}` });
  return {
    take: (turn) =>
      turn.fill(() =>
        post(`${server.ingress}/orders/order`, input, { "idempotency-key": newId() })
      ),
    stored: () => Promise.resolve(lengthsIn(`${folder}/restate`)),
    async close() {
      await server.stop();
      endpoint.close();
    },
  };
}
