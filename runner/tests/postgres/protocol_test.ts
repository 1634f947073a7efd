/**
 * Two Runners and one order in PostgreSQL, statement by statement: what the model says of them is done
 * on a real server, which is stopped before each. A Runner that is killed loses its session.
 */
import { after, before, test } from "node:test";
import type pg from "pg";
import { type Connection, PostgresLedger } from "deployer-runner/ledgers/postgres";
import { type Database, startDatabase } from "../../../tests/support/database.ts";
import { until } from "../../../tests/support/until.ts";
import { explore, Table } from "../protocol_model.ts";
import { closeSessions, openSession } from "./open_postgres.ts";
import { type Actor, inTurns, namesOfRow, replay, type Stage } from "../protocol_stage.ts";

const LONG = { timeout: 180_000 };

let database: Database;
before(async () => void (database = await startDatabase()));
after(async () => {
  await closeSessions();
  await database.stop();
});

test("PostgreSQL does what its model does, statement by statement", LONG, async () => {
  const { schedules } = explore(() => new Table("postgres"));
  const names = schedules.map((_, i) => `protocol_${i}`);
  const admin = await openSession(database.url);
  for (const name of names) await admin.query(`create database ${name}`);
  await inTurns(schedules, async (schedule) => {
    const name = names.pop() as string;
    const url = Object.assign(new URL(database.url), { pathname: name }).href;
    await replay(schedule, new Table("postgres"), await openPostgres(url));
  });
});

/**
 * What tells the living from the gone, made to wait between the rows that a statement has seen and the
 * locks that it reads: the rows are those of its snapshot, and the locks those of the instant.
 */
const GATE = `
  create function deployer.alive_behind_gate() returns table (session bigint, pid integer)
  language plpgsql as $$
  begin
    if current_setting('deployer.gate', true) <> '' then
      perform pg_advisory_lock(1, current_setting('deployer.gate')::integer);
      perform pg_advisory_unlock(1, current_setting('deployer.gate')::integer);
    end if;
    return query select * from deployer.alive_at_once;
  end $$;
  alter view deployer.sessions_alive rename to alive_at_once;
  create view deployer.sessions_alive as select * from deployer.alive_behind_gate();
  create or replace view deployer.orders_lost as
    select order_id, consumed_at, request, context, fact from deployer.orders
    where status is null and session not in (select session from deployer.sessions_alive)`;

/** One question at a time, whoever asks. */
type Ask = (text: string, values?: unknown[]) => Promise<pg.QueryResult>;

async function openPostgres(url: string): Promise<Stage> {
  await PostgresLedger.install(url);
  const admin = await openSession(url);
  let last: Promise<unknown> = admin.query(GATE);
  const ask: Ask = (text, values) => {
    const answer = last.then(() => admin.query(text, values));
    last = answer;
    return answer;
  };
  const sessions = new Map<Actor, { client: pg.Client; pid: number }>();
  return {
    async open(actor) {
      const client = await openSession(url);
      const { rows: [{ pid }] } = await client.query("select pg_backend_pid() as pid");
      sessions.set(actor, { client, pid });
      const gate = sessions.size;
      await ask("select pg_advisory_lock(1, $1)", [gate]);
      return await PostgresLedger.open(stopping(actor, client, ask, gate));
    },
    async kill(actor) {
      actor.kill();
      const pid = sessions.get(actor)?.pid;
      await ask("select pg_terminate_backend($1)", [pid]);
      await until(async () => {
        const left = await ask("select from pg_stat_activity where pid = $1", [pid]);
        return left.rowCount === 0;
      });
    },
    lose() {},
    async names() {
      return namesOfRow(
        (await ask("select result, recovered from deployer.orders")).rows[0],
      );
    },
    async close() {
      for (const { client } of [{ client: admin }, ...sessions.values()]) await client.end();
    },
  };
}

/** A session that stops before each statement on orders, and where it tells the living. */
function stopping(actor: Actor, client: pg.Client, ask: Ask, gate: number): Connection {
  const waits = `select from pg_locks where classid = 1 and objid = $1 and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  const judge = async (answer: Promise<unknown>) => {
    let isAnswered = false;
    answer.catch(() => {}).then(() => isAnswered = true);
    await until(async () => isAnswered || (await ask(waits, [gate])).rowCount === 1);
    if (isAnswered) return;
    await actor.arrive("judge");
    await ask("select pg_advisory_unlock(1, $1)", [gate]);
    await answer;
    await ask("select pg_advisory_lock(1, $1)", [gate]);
  };
  return {
    async query(text, values) {
      const [, operation] = /^\s*(insert|update|select(?= order_id))/.exec(text) ?? [];
      if (operation === undefined) return await client.query(text, values);
      await actor.arrive(operation);
      if (!text.includes("orders_lost") || operation !== "select") {
        return await client.query(text, values);
      }
      await client.query("select set_config('deployer.gate', $1, false)", [gate]);
      const answer = client.query(text, values);
      await judge(answer);
      await client.query("select set_config('deployer.gate', '', false)");
      return await answer;
    },
  };
}
