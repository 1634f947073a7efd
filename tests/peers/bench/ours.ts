/** This project's contenders. */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { execute } from "deployer-runtime";
import type { Ledger } from "deployer-runner";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { PostgresLedger } from "deployer-runner/ledgers/postgres";
import { SqliteLedger } from "deployer-runner/ledgers/sqlite";
import { feed, installQueue } from "deployer-fleet/queue.ts";
import { openLedger, work } from "deployer-fleet/runner.ts";
import { blocksIn, inPostgres } from "./stored.ts";
import { action, type Contender, type Ground, input, newId } from "./turn.ts";

const request = () => ({ orderId: newId(), action: { name: "release.switch", input } });

function ledger(of: Ledger, stored: () => Promise<number>): Contender {
  const once = async () => {
    const context = { executionId: randomUUID(), runner: "bench" };
    await of.store(await execute(request(), context, action, of));
  };
  return { take: (turn) => turn.fill(once), stored, close: () => of.close() };
}

export function folder({ folder }: Ground): Promise<Contender> {
  const stored = () => Promise.resolve(blocksIn(folder));
  return Promise.resolve(ledger(new FolderLedger(`${folder}/ledger`), stored));
}

export async function sqlite({ folder }: Ground): Promise<Contender> {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/ledger.db`;
  const open = await SqliteLedger.open(file);
  return ledger(open, async () => {
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(file);
    database.exec("pragma wal_checkpoint(truncate)");
    database.close();
    return blocksIn(folder);
  });
}

export async function postgres({ database }: Ground): Promise<Contender> {
  const url = await database();
  await PostgresLedger.install(url);
  return ledger(await PostgresLedger.open(url), () => inPostgres(url));
}

export async function fleet({ database }: Ground): Promise<Contender> {
  const url = await database();
  await PostgresLedger.install(url);
  const queue = await installQueue(url, 600);
  return {
    feed: (count) => feed(queue, Array.from({ length: count }, () => ({ order: request() }))),
    async take(turn) {
      const stop = new AbortController();
      turn.end.then(() => stop.abort());
      await work({
        runner: "bench",
        queue,
        openLedger: () => openLedger(url),
        action,
        lanes: turn.lanes,
        signal: stop.signal,
        say: () => turn.add(),
      });
    },
    stored: () => inPostgres(url),
    close: () => queue.stop({ graceful: false }),
  };
}
