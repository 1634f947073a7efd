import assert from "node:assert/strict";
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Action, execute, type ExecutionRequest } from "deployer-runtime";
import pg from "pg";
import type { PgBoss } from "pg-boss";
import type { Ledger } from "deployer-runner";
import { SCHEMA } from "deployer-runner/ledgers/postgres";
import type { DemoInput } from "../action.ts";
import { type Database, startDatabase } from "../../../../tests/support/database.ts";
import { BY_FACT, BY_STATUS, BY_TRACE, INDEX, LOST, RECOVERED, TABLE } from "../queries.ts";
import { feed, finish, installQueue, take, unfinished } from "../queue.ts";
import { openLedger, type Session, work } from "../runner.ts";

let database: Database;
let client: pg.Client;
let queue: PgBoss;

before(async () => {
  database = await startDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(SCHEMA);
  await client.query(INDEX);
  queue = await installQueue(database.url, 1);
});

after(async () => {
  await queue?.stop({ graceful: false });
  await client?.end();
  await database?.stop();
});

const file = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

function order(orderId: string, ends: DemoInput["ends"] = "applied", ms = 0): ExecutionRequest {
  const input: DemoInput = { ends, ms };
  return { orderId, action: { name: "demo", input } };
}

/** The orders that a query finds. */
async function find(query: string, ...values: unknown[]): Promise<string[]> {
  const { rows } = await client.query(query, values);
  return rows.map(({ order_id }) => order_id);
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let patience = 300; !await holds(); patience -= 1) {
    assert.ok(patience > 0, `in vain: ${holds}`);
    await sleep(100);
  }
}

/** A worker in this process, with what it called and what it said. */
function startWorker(
  action: Action,
  openSession = () => openLedger(database.url),
  { lanes = 2, itsQueue = queue } = {},
) {
  const stop = new AbortController();
  const called: string[] = [];
  const said: string[] = [];
  const ended = work({
    runner: "worker-of-the-test",
    queue: itsQueue,
    openLedger: openSession,
    action: (request, scope) => {
      called.push(request.orderId);
      return action(request, scope);
    },
    lanes,
    signal: stop.signal,
    say: (orderId, what) => said.push(`${orderId}: ${what}`),
  });
  const end = async () => {
    stop.abort();
    await ended;
  };
  return { called, said, ended, end };
}

test("An order that is asked for twice is executed once, and refused once", async () => {
  const twice = order("twice");
  await feed(queue, [{ order: twice }, { order: twice }]);
  const { called, said, end } = startWorker(() => "done");
  await until(() => said.length === 2);
  await end();
  assert.deepEqual(called, ["twice"]);
  assert.deepEqual(said.sort(), ["twice: APPLIED", "twice: delivered again, refused"]);
});

test("A job that is delivered again while its order is in flight executes nothing again", async () => {
  await feed(queue, [{ order: order("slow") }]);
  const { called, said, end } = startWorker(async () => {
    await sleep(4000); // The job expires after one second.
    return "done";
  });
  await until(() => said.length >= 2);
  await end();
  assert.deepEqual(called, ["slow"]);
  assert.equal(said[0], "slow: delivered again, refused");
  assert.equal(said.at(-1), "slow: APPLIED");
  assert.deepEqual(await find(BY_TRACE, '{"rawResult":"done","settlement":"RETURNED"}'), [
    "slow",
    "twice",
  ]);
});

test("An order whose worker was killed is closed by PROOF_ABSENT, and never executed again", async () => {
  const running = startWorker(async () => {
    await sleep(6000);
    return "done";
  });
  await feed(queue, [{ order: order("alive") }]);
  await until(() => running.called.length === 1);
  await sleep(300);
  // Both of its lanes are busy, so that the next order is for the worker that is killed.
  await feed(queue, [{ order: order("busy") }]);
  await until(() => running.called.length === 2);
  const id = crypto.randomUUID();
  const worker = fork(file("worker.ts"), ["killed"], {
    env: { ...process.env, DATABASE_URL: database.url },
    stdio: "ignore",
  });
  await feed(queue, [{ id, order: order("killed", "dies", 200) }]);
  assert.deepEqual(await once(worker, "exit"), [null, "SIGKILL"]);

  await until(async () => (await find(LOST)).length > 0);
  assert.deepEqual(await find(LOST), ["killed"], "what a live Runner executes is not lost");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", file("recover.ts")],
    { env: { ...process.env, DATABASE_URL: database.url } },
  );
  const fact = JSON.parse(stdout);
  assert.equal(fact.type, "PROOF_ABSENT");
  assert.equal(fact.orderId, "killed");
  assert.deepEqual(await find(LOST), []);
  assert.deepEqual(await find(RECOVERED), ["killed"]);

  await until(() => running.said.includes("killed: delivered again, refused"));
  await until(async () => await unfinished(queue) === 0);
  await running.end();
  assert.deepEqual(running.called, ["alive", "busy"]);
  const { rows } = await client.query(
    "select status, result, fact, recovered from deployer.orders where order_id = $1",
    [fact.orderId],
  );
  assert.deepEqual(rows[0].recovered, fact);
  assert.equal(rows[0].fact.executionId, fact.executionId);
  assert.equal(rows[0].status, "UNKNOWN");
  assert.equal(rows[0].result, null);
});

test("Results are found by status, by fact and by what their traces hold", async () => {
  const { demo } = await import("../action.ts");
  const worker = startWorker(demo);
  await feed(queue, [
    { order: order("q-applied") },
    { order: order("q-failed", "failed") },
    { order: order("q-unproven", "unproven") },
  ]);
  await until(async () => worker.said.length >= 3 && await unfinished(queue) === 0);
  await worker.end();
  const ours = async (query: string, value: string) =>
    (await find(query, value)).filter((id) => id.startsWith("q-"));
  assert.deepEqual(await ours(BY_STATUS, "APPLIED"), ["q-applied"]);
  assert.deepEqual(await ours(BY_STATUS, "FAILED"), ["q-failed"]);
  assert.deepEqual(await ours(BY_STATUS, "UNKNOWN"), ["q-unproven"]);
  assert.deepEqual(await ours(BY_FACT, "FAILURE_OBSERVED"), ["q-failed"]);
  assert.deepEqual(await find(BY_FACT, "PROOF_ABSENT"), ["killed", "q-unproven"]);
  assert.deepEqual(await ours(BY_TRACE, '{"rawError":{"cause":{"code":403}}}'), ["q-failed"]);
  assert.deepEqual(await ours(BY_TRACE, '{"rawError":{"sent":true}}'), ["q-unproven"]);
  assert.deepEqual(await ours(BY_TRACE, '{"settlement":"RETURNED","action":{"name":"demo"}}'), [
    "q-applied",
  ]);
  const { rows } = await client.query(TABLE, ["q-failed"]);
  const [{ order: name, observed, "last fact": last }] = rows;
  assert.deepEqual([name, last, observed], [
    "q-failed",
    "FAILURE_OBSERVED",
    "the server refused the release",
  ]);
});

test("The queries of the README find what they say", async () => {
  const readme = await readFile(file("README.md"), "utf8");
  const queries = readme.match(/```sql\n(.+?)```/s)![1]!.split(/;.*\n/).slice(0, -1);
  const [statuses, ...others] = await Promise.all(queries.map((query) => client.query(query)));
  assert.deepEqual(statuses!.rows.map(({ status }) => status).sort(), [
    "APPLIED",
    "FAILED",
    "UNKNOWN",
  ]);
  assert.deepEqual(others.map(({ rows }) => rows.map(({ order_id }) => order_id)), [
    [],
    ["q-failed"],
    ["q-failed"],
  ]);
});

test("A job that is no order is set aside, and ends no worker", async () => {
  const worker = startWorker(() => "done");
  await feed(queue, [{ order: null as unknown as ExecutionRequest }, { order: order("next") }]);
  await until(() => worker.said.length === 2);
  await worker.end();
  assert.deepEqual(worker.called, ["next"]);
  assert.match(worker.said.sort().join(), /^job \S+: set aside: .+,next: APPLIED$/);
  await until(async () => await unfinished(queue) === 0);
});

test("What was observed is stored, even if the ledger's session ended meanwhile", async () => {
  const sessions: Session[] = [];
  const worker = startWorker(
    async () => {
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'fleet-ledger'",
      );
      await sessions[0]!.ended;
      return "seen";
    },
    async () => sessions[sessions.push(await openLedger(database.url)) - 1]!,
  );
  await feed(queue, [{ order: order("outlived") }]);
  await assert.rejects(worker.ended, /the session of the ledger has ended/);
  assert.deepEqual(worker.said, ["outlived: APPLIED"]);
  assert.deepEqual(await find(BY_TRACE, '{"rawResult":"seen"}'), ["outlived"]);
});

test("A lane takes its next order while the result before is stored, and runs one action at a time", async () => {
  let running = 0;
  let most = 0;
  const stored: (() => Promise<void>)[] = [];
  const worker = startWorker(
    async () => {
      most = Math.max(most, running += 1);
      await sleep(50);
      running -= 1;
      return "done";
    },
    async () => {
      const { ledger, ...session } = await openLedger(database.url);
      const store: Ledger["store"] = (result) =>
        new Promise((resolve, reject) => {
          stored.push(() => ledger.store(result).then(resolve, reject));
        });
      return { ...session, ledger: Object.assign(Object.create(ledger), { store }) };
    },
    { lanes: 1 },
  );
  await feed(queue, ["l-1", "l-2", "l-3"].map((id) => ({ order: order(id) })));
  await until(() => stored.length === 3);
  const done = () => worker.said.filter((what) => what.endsWith("APPLIED")).sort();
  assert.deepEqual(done(), [], "an order is done once its result is stored");
  await Promise.all(stored.map((store) => store()));
  await worker.end();
  assert.equal(most, 1);
  assert.deepEqual(done(), ["l-1: APPLIED", "l-2: APPLIED", "l-3: APPLIED"]);
});

test("An action is called once another session sees that its order is consumed", async () => {
  const seen: string[] = [];
  const worker = startWorker(async ({ orderId }) => {
    seen.push(...await find("select order_id from deployer.orders where order_id = $1", orderId));
    return "done";
  });
  const orderIds = ["seen-1", "seen-2", "seen-3"];
  await feed(queue, orderIds.map((id) => ({ order: order(id) })));
  await until(() => worker.said.length === 3);
  await worker.end();
  assert.deepEqual(seen.sort(), orderIds);
});

test("A job that was taken ahead is given back while no lane is free for it", async () => {
  const brisk = Array.from({ length: 6 }, (_, number) => `brisk-${number}`);
  for (const id of [...brisk, "long", "ahead"]) await feed(queue, [{ order: order(id) }]);
  const { promise, resolve } = Promise.withResolvers<string>();
  const worker = startWorker(
    ({ orderId }) => orderId === "long" ? promise : "done",
    undefined,
    { lanes: 1 },
  );
  await until(async () => {
    const { rows } = await client.query(
      "select output from pgboss.job where data ->> 'orderId' = 'ahead'",
    );
    return rows[0].output?.message.startsWith("given back");
  });
  const other = startWorker(() => "done");
  await until(() => other.said.includes("ahead: APPLIED"));
  assert.deepEqual(worker.called, [...brisk, "long"]);
  resolve("done");
  await until(() => worker.said.includes("long: APPLIED"));
  await other.end();
  await worker.end();
});

test("A worker that is asked to stop gives back what it has taken ahead", async () => {
  const many = Array.from({ length: 40 }, (_, number) => `stop-${number}`);
  await feed(queue, many.map((id) => ({ order: order(id) })));
  const worker = startWorker(() => sleep(10, "done"), undefined, { lanes: 2 });
  await until(() => worker.said.length >= 10);
  await worker.end();
  const { rows } = await client.query(
    "select state from pgboss.job where data ->> 'orderId' = any($1)",
    [many],
  );
  const states = rows.map(({ state }) => state);
  assert.ok(!states.includes("active"), "none is kept from other workers");
  assert.ok(states.includes("retry"), "some were given back");
  const next = startWorker(() => "done");
  await until(async () => await unfinished(queue) === 0);
  await next.end();
  assert.deepEqual([...worker.called, ...next.called].sort(), many.toSorted());
});

test("An order that no ledger can hold is set aside, and those taken with it are executed", async () => {
  const long = Array.from({ length: 100 }, () => crypto.randomUUID()).join(); // No index takes it.
  await feed(queue, [long, "beside-1", "beside-2"].map((id) => ({ order: order(id) })));
  const worker = startWorker(() => "done", undefined, { lanes: 3 });
  await until(async () => worker.said.length >= 3 && await unfinished(queue) === 0);
  await worker.end();
  assert.deepEqual(worker.called.sort(), ["beside-1", "beside-2"]);
  assert.match(worker.said.join(), /job \S+: set aside: /);
  assert.deepEqual(
    await find("select order_id from deployer.orders where order_id = $1", long),
    [],
  );
});

test("A worker that cannot finish a job ends, and the job is delivered again, and refused", async () => {
  const broken = new Proxy(queue, {
    get: (of, key) =>
      key === "complete"
        ? () => Promise.reject(new Error("the queue is gone"))
        : Reflect.get(of, key).bind(of),
  });
  const worker = startWorker(() => "done", undefined, { itsQueue: broken });
  await feed(queue, [{ order: order("unfinished") }]);
  await assert.rejects(worker.ended, /the queue is gone/);
  assert.equal(worker.said[0], "unfinished: APPLIED");
  const next = startWorker(() => "done");
  await until(async () => next.said.length > 0 && await unfinished(queue) === 0);
  await next.end();
  assert.deepEqual(next.called, []);
  assert.equal(next.said[0], "unfinished: delivered again, refused");
});

test("A worker that is asked to stop before it has opened its ledger takes nothing", async () => {
  const worker = startWorker(() => "done");
  await worker.end();
  assert.deepEqual(worker.called, []);
});

test("A worker that is asked to stop finishes what it has begun, and takes nothing more", async () => {
  const worker = startWorker(async () => {
    await sleep(500);
    return "done";
  });
  await feed(queue, [{ order: order("begun") }]);
  await until(() => worker.called.length === 1);
  const ended = worker.end();
  await sleep(100);
  await feed(queue, [{ order: order("later") }]);
  await ended;
  assert.deepEqual(worker.said, ["begun: APPLIED"]);
  await until(async () => {
    const [job] = await take(queue, 1);
    if (job) await finish(queue, [job.id]);
    return job?.data.orderId === "later";
  });
});

test("A job whose identity was consumed for another order is set aside, and says so", async () => {
  const worker = startWorker(() => "done", undefined, { lanes: 1 });
  const given: unknown = {
    action: { input: { ms: 0, ends: "applied" }, name: "demo" },
    orderId: "same",
  };
  for (const next of [order("same"), given as ExecutionRequest, order("same", "applied", 1)]) {
    const said = worker.said.length;
    await feed(queue, [{ order: next }]);
    await until(() => worker.said.length > said);
  }
  await worker.end();
  assert.deepEqual(worker.called, ["same"]);
  assert.deepEqual(worker.said.slice(0, 2), ["same: APPLIED", "same: delivered again, refused"]);
  assert.match(
    worker.said[2]!,
    /^job \S+: set aside: order "same" is already consumed.*, for something else$/,
  );
});

test("Recovery lists all that it closes, also where an order is damaged", async () => {
  const { ledger: { consume }, close } = await openLedger(database.url);
  for (const orderId of ["left-1", "left-2"]) {
    const context = { executionId: orderId, runner: "gone" };
    await execute(order(orderId), context, () => "never stored", { consume });
  }
  await close();
  await client.query("update deployer.orders set request = '{}' where order_id = 'left-2'");
  const recovery = promisify(execFile)(
    process.execPath,
    ["--import", "tsx", file("recover.ts")],
    { env: { ...process.env, DATABASE_URL: database.url } },
  );
  await assert.rejects(recovery, ({ stdout, stderr }: { stdout: string; stderr: string }) => {
    assert.equal(JSON.parse(stdout).orderId, "left-1");
    assert.match(stderr, /left-2/);
    return true;
  });
  await client.query("delete from deployer.orders where order_id = 'left-2'");
});
