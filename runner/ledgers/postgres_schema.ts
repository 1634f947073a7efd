// Generated from postgres.sql by `npm run generate`: do not edit.

/** What the ledger needs in its database: the text of `ledgers/postgres.sql`. */
export const SCHEMA: string = `
-- The ledger of deployer-runner in PostgreSQL: psql "$DATABASE_URL" -f postgres.sql
-- To run it again, or many times at once, changes nothing.
begin;
select pg_advisory_xact_lock(1145393228, 0); -- "DEPL"

create schema if not exists deployer;
create table if not exists deployer.migrations (
  version    integer primary key,
  applied_at timestamptz not null default clock_timestamp()
);

-- The steps to the tables of today, each of which is applied once. One that was published never
-- changes: what comes later is a step of its own, and raises the number that is known.
do $steps$
declare
  known constant integer := 2;
  applied integer := (select coalesce(max(version), 0) from deployer.migrations);
begin
  if applied > known then
    raise exception 'its tables have version %: this package knows %', applied, known;
  end if;

  if applied < 1 then -- A ledger that was made before steps had numbers has some of these already.
    create sequence if not exists deployer.sessions as integer;

    -- One row an order: the primary key lets one claim win. \`status\` is null until the order is closed,
    -- and final from then on: a result that arrives after its order was recovered is kept beside, and
    -- makes nothing of UNKNOWN.
    create table if not exists deployer.orders (
      order_id    text primary key,
      session     integer not null,
      consumed_at timestamptz not null default clock_timestamp(),
      request     jsonb not null,
      context     jsonb not null,
      fact        jsonb not null,
      result      jsonb,
      recovered   jsonb,
      status      text generated always as (
        case when recovered is null then result ->> 'status' else 'UNKNOWN' end
      ) stored
    );
    create index if not exists orders_open on deployer.orders (consumed_at) where status is null;
    create index if not exists orders_consumed_at
      on deployer.orders (consumed_at desc, order_id collate "C" desc);

    -- Each session of a Runner holds an advisory lock under a number of its own. The server drops it
    -- when that session ends, however it ends.
    create or replace view deployer.sessions_alive as
      select objid::bigint as session, pid from pg_locks
      where locktype = 'advisory' and classid = 1145393228 and objsubid = 2 and granted
        and database = (select oid from pg_database where datname = current_database());

    -- Consumed, no result, and the Runner is gone: nobody will ever know.
    create or replace view deployer.orders_lost as
      select order_id, consumed_at, request, context, fact from deployer.orders
      where status is null and session not in (select session from deployer.sessions_alive);

    insert into deployer.migrations (version) values (1);
  end if;

  if applied < 2 then -- Those are rare, and looked for among all others.
    create index if not exists orders_not_applied
      on deployer.orders (consumed_at desc, order_id collate "C" desc)
      where status in ('FAILED', 'UNKNOWN');
    insert into deployer.migrations (version) values (2);
  end if;
end $steps$;
commit;
`;

/** The version of the tables that it makes. */
export const TABLES: number = 2;
