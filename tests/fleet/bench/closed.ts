/** Ledgers with a history: so many closed orders, written in bulk. */
import { createHash } from "node:crypto";
import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { claimOf, resultOf } from "./orders.ts";

const LINKS = 50_000; // ext4 gives one file at most 65,000 names.

/** In a folder: every order has its two names. `lost()` must not even look at them. */
export function closeInFolder(
  folder: string,
  count: number,
  first: number,
): void {
  mkdirSync(`${folder}/open`, { recursive: true });
  writeFileSync(`${folder}/ledger.json`, '{"ledger":"deployer-runner/folder","version":2}\n');
  const [fact, request, context] = claimOf("history");
  for (let i = first; i < count; i += 1) {
    if (i === first || i % LINKS === 0) {
      const process = { host: "history", pid: 1 };
      rmSync(`${folder}/claim.tmp`, { force: true });
      rmSync(`${folder}/result.tmp`, { force: true });
      writeFileSync(
        `${folder}/claim.tmp`,
        JSON.stringify({ fact, request, context, process }),
      );
      writeFileSync(
        `${folder}/result.tmp`,
        JSON.stringify(resultOf("history")),
      );
    }
    const hash = createHash("sha256").update(`history-${i}`).digest("hex");
    linkSync(`${folder}/claim.tmp`, `${folder}/${hash}.json`);
    linkSync(`${folder}/result.tmp`, `${folder}/${hash}.result.json`);
  }
}

/** In SQLite. */
export function closeInSqlite(
  file: string,
  count: number,
  first: number,
): void {
  const database = new DatabaseSync(file);
  const [fact, request, context] = claimOf("history").map((value) => JSON.stringify(value));
  database.prepare(
    `with recursive n (i) as (values (?) union all select i + 1 from n where i + 1 < ?)
     insert into orders (order_id, execution_id, consumed_at, runner, action, status, fact, request,
       context, process, result)
     select 'history-' || i, 'e', '2026-01-31T09:30:00.000Z', 'bench', 'n', 'APPLIED', ?, ?, ?, '{}', ?
     from n`,
  ).run(
    first,
    count,
    fact!,
    request!,
    context!,
    JSON.stringify(resultOf("history")),
  );
  database.close();
}

/** In PostgreSQL. */
export async function closeInPostgres(
  url: string,
  count: number,
  first: number,
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const [fact, request, context] = claimOf("history").map((value) => JSON.stringify(value));
  await client.query(
    `insert into deployer.orders (order_id, session, fact, request, context, result)
     select 'history-' || i, 0, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb, $6::text::jsonb
     from generate_series($1::integer, $2::integer - 1) as i`,
    [first, count, fact, request, context, JSON.stringify(resultOf("history"))],
  );
  await client.query("vacuum analyze deployer.orders");
  await client.end();
}
