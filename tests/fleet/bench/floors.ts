/** The floors: what a driver does in a bare loop, durably, and nothing else. */
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import type { ExecutionResult } from "deployer-runtime";
import pg from "pg";
import { type Claim, claimOf, type Contender, resultOf } from "./orders.ts";

/** A folder to write in, and nothing else: each file and each list of names is flushed. */
function plainFolder(folder: string) {
  mkdirSync(folder);
  return {
    path: (orderId: string, end: string) =>
      `${folder}/${createHash("sha256").update(orderId).digest("hex")}${end}`,
    async flush() {
      const names = await open(folder, "r");
      await names.sync();
      await names.close();
    },
    async write(document: unknown) {
      const temporary = `${folder}/${randomUUID()}.tmp`;
      const file = await open(temporary, "wx");
      await file.writeFile(JSON.stringify(document, null, 2));
      await file.sync();
      await file.close();
      return temporary;
    },
  };
}

/** A file for the claim and one for the result, each flushed, and its name too: no group commit. */
export function bareFolder(folder: string): Contender {
  const { path, flush, write } = plainFolder(folder);
  return {
    async order(orderId) {
      const [fact, request, context] = claimOf(orderId);
      const claim = await write({ fact, request, context });
      await link(claim, path(orderId, ".json"));
      await rm(claim);
      await flush();
      JSON.parse(await readFile(path(orderId, ".json"), "utf8")); // Which execution consumed it?
      await rename(
        await write(resultOf(orderId)),
        path(orderId, ".result.json"),
      );
      await flush();
    },
    close: async () => {},
  };
}

/**
 * What group commit can reach in a folder: all orders that wait share each file and each flush, and
 * nothing is checked. Three flushes for the claims, as open orders are listed apart, two for the
 * results, and two names an order.
 */
export function sharedFolder(folder: string): Contender {
  const { path, flush, write } = plainFolder(folder);
  const openOrders = plainFolder(`${folder}/open`);
  const commit = async (orderIds: string[]) => {
    const claims = await openOrders.write(orderIds.map(claimOf));
    await openOrders.flush();
    await Promise.all(orderIds.map((orderId) => link(claims, path(orderId, ".json"))));
    await flush();
    const results = await write(orderIds.map(resultOf));
    await Promise.all(orderIds.map((orderId) => link(results, path(orderId, ".result.json"))));
    await rm(results);
    await flush();
    await rm(claims);
  };
  let waiting: { orderId: string; done: (committed: Promise<void>) => void }[] = [];
  return {
    order: (orderId) =>
      new Promise((done) => {
        if (waiting.push({ orderId, done }) > 1) return;
        setImmediate(() => {
          const batch = waiting;
          waiting = [];
          const committed = commit(batch.map(({ orderId }) => orderId));
          for (const { done } of batch) done(committed);
        });
      }),
    close: async () => {},
  };
}

/** One durable transaction for the claim, one for the result, on the ledger's own table. */
export function bareSqlite(file: string): Contender {
  const database = new DatabaseSync(file);
  database.exec("pragma journal_mode = wal");
  database.exec("pragma synchronous = full");
  const insert = database.prepare(
    `insert into orders
       (order_id, execution_id, consumed_at, runner, action, fact, request, context, process)
     values (?, ?, ?, ?, ?, ?, ?, ?, '{}')`,
  );
  const update = database.prepare(
    "update orders set result = ?, status = ? where order_id = ?",
  );
  return {
    order(orderId) {
      const [fact, request, context] = claimOf(orderId);
      const json = [fact, request, context].map((value) => JSON.stringify(value));
      insert.run(
        orderId,
        fact.executionId,
        fact.at,
        context.runner,
        request.action.name,
        ...json,
      );
      const result = resultOf(orderId);
      update.run(JSON.stringify(result), result.status, orderId);
      return Promise.resolve();
    },
    close: () => Promise.resolve(database.close()),
  };
}

/** One statement for the claim, one for the result, one at a time: what one session does. */
export async function barePostgres(url: string): Promise<Contender> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let last: Promise<unknown> = Promise.resolve();
  const query = (text: string, values: unknown[]) => {
    const answer = last.then(() => client.query(text, values));
    last = answer.catch(() => {});
    return answer;
  };
  return {
    async order(orderId) {
      const [fact, request, context]: Claim = claimOf(orderId);
      const json = [fact, request, context].map((value) => JSON.stringify(value));
      await query(
        `insert into deployer.orders (order_id, session, fact, request, context)
         values ($1, 0, $2::text::jsonb, $3::text::jsonb, $4::text::jsonb) on conflict do nothing`,
        [orderId, ...json],
      );
      const result: ExecutionResult = resultOf(orderId);
      await query(
        `update deployer.orders set result = $2::text::jsonb
         where order_id = $1 and fact ->> 'executionId' = $3`,
        [orderId, JSON.stringify(result), result.executionId],
      );
    },
    close: () => client.end(),
  };
}
