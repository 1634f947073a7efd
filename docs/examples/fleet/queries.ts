/** What the fleet's database is asked. A result is one JSONB value: everything in it can be found. */

/** Where results are searched by what they hold, an index finds them: `result @> …`, `result @? …`. */
export const INDEX =
  "create index if not exists orders_result on deployer.orders using gin (result jsonb_path_ops)";

/** How many orders ended in each status, of those whose identity begins with $1. Null: open. */
export const STATUSES = `
  select status, count(*)::int as orders from deployer.orders
  where starts_with(order_id, $1) group by status order by status`;

/** Orders of one status: $1. */
export const BY_STATUS = `
  select order_id from deployer.orders where status = $1 order by order_id`;

/** Orders of which a fact of one type was recorded, by the Deployer or by the Runner: $1. */
export const BY_FACT = `
  select order_id from deployer.orders
  where result @> jsonb_build_object('facts', jsonb_build_array(jsonb_build_object('type', $1::text)))
    or recovered ->> 'type' = $1
  order by order_id`;

/** Orders whose trace holds what is given as JSON, at any depth: $1. */
export const BY_TRACE = `
  select order_id from deployer.orders
  where result @> jsonb_build_object('trace', $1::jsonb)
  order by order_id`;

/** Orders that are consumed, without a result, whose Runner is gone. */
export const LOST = "select order_id from deployer.orders_lost order by order_id";

/** Orders that are consumed without a result, closed by a PROOF_ABSENT fact of the Runner's. */
export const RECOVERED = `
  select order_id from deployer.orders where result is null and recovered is not null
  order by order_id`;

/** Every order whose identity begins with $1 in a line, for people. */
export const TABLE = `
  select
    order_id as order,
    coalesce(status, 'open') as status,
    coalesce(result #>> '{trace,settlement}', 'no result') as settlement,
    coalesce(result #>> '{facts,2,type}', recovered ->> 'type', fact ->> 'type') as "last fact",
    coalesce(
      result #>> '{trace,rawResult}',
      result #>> '{trace,rawError,message}',
      result #>> '{trace,rawError}',
      'its Runner is gone'
    ) as observed,
    round((result #>> '{trace,durationMs}')::numeric)::int as ms,
    context ->> 'runner' as runner
  from deployer.orders where starts_with(order_id, $1) order by order_id`;
