/**
 * What every ledger must do, whatever holds it: the suite that the ledgers of this package are held
 * to, for whoever writes one for another database. It runs under `node:test`, `deno test` and
 * `bun test`, and kills Runners of its own, so that it needs processes.
 *
 * ```ts
 * import { testLedger } from "deployer-runner/testing";
 *
 * testLedger("my database", {
 *   opener: new URL("open_my_ledger.ts", import.meta.url).href, // exports openLedger(location)
 *   fresh: () => createEmptyDatabase(), // a new location: its URL, or its path
 *   openDown: () => openLedgerThatHasNoConnection(),
 *   parts: { names: ["entry", "result"], read, spoil }, // to damage what is held of an order
 *   weak: "none", // nobody can set a commit of it to be lost
 *   waits: { hold: lockTable, openImpatient }, // what makes it wait
 * });
 * ```
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { execute, type ExecutionResult, type Fact } from "deployer-runtime";
import { Desk } from "./desk.ts";
import {
  type Damage,
  LedgerDamaged,
  LedgerDown,
  OrderAlreadyConsumed,
  OrderUnstorable,
} from "./ledgers/errors.ts";
import type { Entry, Ledger, Query } from "./ledgers/ledger.ts";
import { claim } from "./testing_claim.ts";

/** What the suite needs of a ledger beside the ledger. */
export interface Held {
  /** URL of the module that exports `openLedger(location): Promise<Ledger>`. It may do nothing else. */
  readonly opener: string;
  /** The location of a place that holds no order yet. */
  fresh(): string | PromiseLike<string>;
  /** A ledger that nothing can be read from or written to. */
  openDown(): Ledger | PromiseLike<Ledger>;
  /** Arguments of the runtime before a script, where the suite's own choice does not start one. */
  readonly runtime?: readonly string[] | undefined;
  /** What is held of an order: without it, the ledger is not held to what must be where it is damaged. */
  readonly parts?: Parts | undefined;
  /** Places that are neither empty nor a ledger, where this kind of ledger can meet one. */
  foreign?(): readonly Foreign[] | PromiseLike<readonly Foreign[]>;
  /** Places where a commit may not survive a crash; `"none"` where nobody can set such a thing. */
  readonly weak: "none" | (() => readonly Weak[] | PromiseLike<readonly Weak[]>);
  /** What makes this kind of ledger wait; `"none"` where it waits for nobody: it has no lock or server. */
  readonly waits: "none" | Waits;
}

/** What a ledger holds of an order, part by part, behind its back: files, or columns of a row. */
export interface Parts {
  /** The one that holds the result is called `result`. What identifies an order is not a part. */
  readonly names: readonly string[];
  /** The text of a part; `null` if it holds nothing. */
  read(location: string, orderId: string, part: string): PromiseLike<string | null>;
  /**
   * Puts a text in the place of what a part holds; `null` takes it away.
   *
   * @returns A piece of the `where` by which this damage is named: of the order, or of the file;
   * `undefined`, and nothing is changed, if the place cannot hold such a text, or if that is not
   * damage: if it says something else that is whole
   */
  spoil(
    location: string,
    orderId: string,
    part: string,
    text: string | null,
  ): PromiseLike<string | undefined>;
}

/** A place that is somebody else's. */
export interface Foreign {
  readonly what: string;
  readonly location: string;
  /** All that is there, byte for byte, as one text. */
  content(): string | PromiseLike<string>;
}

/** A place whose owner has weakened what a promise rests on. */
export interface Weak {
  readonly what: string;
  /** Opens it as a ledger: it may refuse the place. */
  open(): PromiseLike<Ledger>;
  /** What the ledger writes with, setting by setting. */
  settings(): PromiseLike<Readonly<Record<string, unknown>>>;
  /** What they must be. */
  readonly needed: Readonly<Record<string, unknown>>;
}

/** A lock, or a server that does not answer. */
export interface Waits {
  /** Makes every write at a place wait; what it resolves to lets them go on. */
  hold(location: string): PromiseLike<() => PromiseLike<unknown>>;
  /** A ledger there whose store() and close() wait for some 200 ms. */
  openImpatient(location: string): PromiseLike<Ledger>;
}

/** What is wrong with a claim that is no claim once it is read, and what makes it so. */
// deno-lint-ignore no-explicit-any -- No type would let such a claim be made.
const UNREADABLE: Record<string, { fact?: any; request?: any; context?: any }> = {
  "fact.at is not an instant": { fact: { at: "yesterday" } },
  "fact.type is": { fact: { type: "PROOF_ABSENT" } },
  "fact.executionId is not a text": { fact: { executionId: 7 } },
  "request.orderId is": { request: { orderId: "z" } },
  "request.action.name is not a text": { request: { action: { name: 7 } } },
  "context.executionId is": { context: { executionId: "of another" } },
  "context.runner is not a text": { context: { runner: undefined } },
  "context.annotations.job is not a text": { context: { annotations: { job: 7 } } },
};

const ONE_OF_MANY = { timeout: 300_000 };
/** The end of what would wait for ever. */
const WAITING = { timeout: 60_000 };

/** Holds one kind of ledger to what every ledger must do. */
export function testLedger(name: string, held: Held): void {
  const { fresh } = held;
  const openLedger = async (location: string): Promise<Ledger> => {
    const ledger: Ledger = await (await import(held.opener)).openLedger(
      location,
    );
    opened.add(ledger);
    return ledger;
  };

  test(`${name}: the first claim of an order wins, and the second is refused by name`, async () => {
    const location = await fresh();
    const first = await openLedger(location);
    const second = await openLedger(location);
    assert.equal(await first.get("x"), undefined);
    const [fact, request, context] = claim("x");
    const known: Entry = { status: "OPEN", fact, request, context };
    await first.consume(fact, request, context);
    for (const ledger of [first, second]) {
      const error = await refused(ledger.consume(...claim("x", "of another")));
      assert.equal(
        error.message.startsWith(`order "x" is already consumed: see `),
        true,
      );
      assert.equal(error.orderId, "x");
      assert.deepEqual(error.entry, known); // Whoever is refused is told what is known.
      assert.deepEqual(await ledger.get("x"), known);
    }
    await second.consume(...claim("y"));
  });

  test(`${name}: consume() needs no this`, async () => {
    const ledger = await openLedger(await fresh());
    const { consume } = ledger;
    await consume(...claim("x"));
    await refused(consume.call(undefined, ...claim("x")));
  });

  test(`${name}: that it is down is told apart from a refusal, and says of which order`, async () => {
    const ledger = await held.openDown();
    const { cause } = await rejected(
      ledger.consume(...claim("x")),
      LedgerDown,
      `order "x": `,
    );
    assert.ok(cause instanceof Error);
    const result = await resultOf("x");
    await rejected(ledger.store(result), LedgerDown, `result of order "x": `);
    await rejected(ledger.get("x"), LedgerDown, `order "x": `);
    await rejected(ledger.lost(), LedgerDown);
    await rejected(ledger.recover(), LedgerDown);
    await rejected(ledger.list(), LedgerDown);
  });

  test(`${name}: it is the ports of execute(), and keeps what was observed`, async () => {
    const ledger = await openLedger(await fresh());
    const identities = [
      "../../x",
      "a/b",
      "é🚀",
      "'; drop table orders; --",
      "x".repeat(256),
    ];
    for (const orderId of identities) {
      const result = await resultOf(orderId, ledger);
      await ledger.store(result);
      await ledger.store(result);
      const entry = await ledger.get(orderId);
      assert.deepEqual(entry, {
        status: "APPLIED",
        fact: result.facts[0],
        request: { orderId, action: result.trace.action },
        context: result.trace.context,
        result,
      });
    }
  });

  test(`${name}: a claim that could not be read as it was written is refused, and not consumed`, async () => {
    const ledger = await openLedger(await fresh());
    await rejected(
      ledger.consume(...claim("x\ud800")),
      OrderUnstorable,
      "half of a character",
    );
    await rejected(
      ledger.consume(...claim("x\ud801")),
      OrderUnstorable,
      "half of a character",
    );
    await ledger.consume(...claim("x\ufffd"));
    for (const [problem, spoil] of Object.entries(UNREADABLE)) {
      const [fact, request, context] = claim("y", [1]);
      const refused = ledger.consume(
        { ...fact, ...spoil.fact },
        { ...request, ...spoil.request },
        { ...context, ...spoil.context },
      );
      await rejected(refused, OrderUnstorable, problem);
    }
    const deep = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
    await rejected(ledger.consume(...claim("y", deep(998))), OrderUnstorable, "1000 levels");
    assert.equal(await ledger.get("y"), undefined);
    await ledger.consume(...claim("deep", deep(997)));
    assert.equal((await ledger.get("deep"))?.status, "OPEN");
  });

  test(`${name}: what is claimed is what was given at the time of the call`, async () => {
    const ledger = await openLedger(await fresh());
    const [fact, request, context] = claim("x", { site: "docs" });
    const claimed = ledger.consume(fact, request, context);
    Object.assign(request.action, { name: "changed" });
    Object.assign(fact, { executionId: "changed" });
    await claimed;
    const entry = await ledger.get("x");
    assert.equal(entry?.request.action.name, "n");
    assert.equal(entry?.fact.executionId, "e");
  });

  test(`${name}: a result is taken of the execution that consumed the order, of no other`, async () => {
    const location = await fresh();
    const ledger = await openLedger(location);
    const another = await openLedger(location);
    await rejected(ledger.store(await resultOf("x")), LedgerDown, `order "x"`);
    await ledger.consume(...claim("x"));
    const result = await resultOf("x");
    for (const one of [ledger, another]) {
      await rejected(
        one.store({ ...result, executionId: "another" }),
        LedgerDown,
        `order "x"`,
      );
      assert.equal((await one.get("x"))?.status, "OPEN");
    }
    await another.store({ ...result, executionId: "e" }); // Whoever brings it.
    assert.equal((await ledger.get("x"))?.status, "APPLIED");
  });

  test(`${name}: of many that wait at the same time, each is told only of its own`, async () => {
    const location = await fresh();
    const ledger = await openLedger(location);
    await ledger.consume(...claim("order-7"));
    const orderIds = Array.from({ length: 300 }, (_, i) => `order-${i % 100}`); // Each three times.
    const ends = await Promise.allSettled(
      orderIds.map((orderId) => ledger.consume(...claim(orderId))),
    );
    const won = orderIds.filter((_, i) => ends[i]?.status === "fulfilled")
      .sort();
    const all = [...new Set(orderIds)].filter((orderId) => orderId !== "order-7").sort();
    assert.deepEqual(won, all);
    for (const end of ends) {
      if (end.status === "rejected") {
        assert.ok(end.reason instanceof OrderAlreadyConsumed);
      }
    }
    const results = await Promise.all(all.map(async (orderId) => ({
      ...await resultOf(orderId),
      executionId: orderId === "order-50" ? "another" : "e",
    })));
    const stored = await Promise.allSettled(
      results.map((result) => ledger.store(result)),
    );
    assert.deepEqual(
      stored.flatMap(({ status }, i) => status === "rejected" ? [all[i]] : []),
      ["order-50"],
    );
    const entries = await Promise.all(
      all.map((orderId) => ledger.get(orderId)),
    );
    assert.equal(
      entries.filter((entry) => entry?.status === "APPLIED").length,
      98,
    );
    entries.forEach((entry, i) => assert.equal(entry?.fact.orderId, all[i]));
  });

  test(`${name}: orders are listed by status, time and text, the newest first, page by page`, async () => {
    const ledger = await openLedger(await fresh());
    const at = (minute: number) => `2026-01-31T09:${String(minute).padStart(2, "0")}:00.000Z`;
    for (let i = 0; i < 10; i += 1) {
      const [fact, request, context] = claim(`order-${i}`, {
        site: `"site" ${i}`,
      }, at(i));
      await ledger.consume(fact, request, context);
      const result = await execute(request, context, () => {
        if (i % 2 === 1) throw new Error(`refused in ${i}`);
        return { done: i };
      });
      if (i < 8) await ledger.store(result);
    }
    const list = async (query?: Query) =>
      (await ledger.list(query)).entries.map(({ fact }) => Number(fact.orderId.slice(6)));
    assert.deepEqual(await list(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert.deepEqual(await list({ status: "OPEN" }), [9, 8]);
    assert.deepEqual(await list({ status: "FAILED" }), [7, 5, 3, 1]);
    assert.deepEqual(await list({ status: "UNKNOWN" }), []);
    assert.deepEqual(await list({ since: at(3), until: new Date(at(6)) }), [
      5,
      4,
      3,
    ]);
    assert.deepEqual(await list({ text: '"site" 4' }), [4]);
    assert.deepEqual(await list({ text: "refused in" }), [7, 5, 3, 1]);
    assert.deepEqual(await list({ text: "order-9" }), [9]);
    assert.deepEqual(await list({ text: "refused in", status: "APPLIED" }), []);
    assert.deepEqual(await list({ text: "%" }), []);

    const query = { status: "APPLIED", limit: 3 } as const;
    const first = await ledger.list(query);
    assert.deepEqual(first.entries.map(({ fact }) => fact.orderId), [
      "order-6",
      "order-4",
      "order-2",
    ]);
    assert.deepEqual(first.entries[0], await ledger.get("order-6"));
    const second = await ledger.list({ ...query, after: first.next });
    assert.deepEqual(second.entries.map(({ fact }) => fact.orderId), [
      "order-0",
    ]);
    assert.equal("next" in second, false);
    const exact = await ledger.list({ status: "APPLIED", limit: 4 });
    assert.deepEqual([exact.entries.length, "next" in exact], [4, false]);

    for (
      const [wrong, field] of [
        [{ status: "DONE" }, "status must be OPEN, APPLIED, FAILED or UNKNOWN"],
        [{ limit: 0 }, "limit must be at least 1: received 0"],
        [
          { since: "yesterday" },
          'since must be an instant: received "yesterday"',
        ],
        [{ after: "x" }, 'after must be the next of a page: received "x"'],
      ] as const
    ) await rejected(ledger.list(wrong as Query), RangeError, field);
  });

  test(`${name}: closed, it ends what is under way and takes nothing more; again is harmless`, async () => {
    const location = await fresh();
    const ledger = await openLedger(location);
    const other = await openLedger(location);
    const claimed = ledger.consume(...claim("x"));
    await Promise.all([
      ledger.close(),
      ledger.close(),
      ledger[Symbol.asyncDispose](),
    ]);
    await claimed;
    await rejected(
      ledger.consume(...claim("y")),
      LedgerDown,
      "the ledger is closed",
    );
    await ledger.close();
    assert.equal((await other.get("x"))?.status, "OPEN");
    assert.equal(await other.get("y"), undefined);
  });

  test(
    `${name}: claims of the same orders from many processes have one winner each`,
    ONE_OF_MANY,
    async () => {
      const location = await fresh();
      const runners = await Promise.all(
        [1, 2, 3].map(() => startRunner(held, location)),
      );
      const orderIds = Array.from({ length: 20 }, (_, i) => `order-${i}`);
      for (const { tell } of runners) tell(`claim ${orderIds.join(" ")}`);
      const ends = await Promise.all(
        runners.map(({ hear }) => hear(orderIds.length)),
      );
      for (const orderId of orderIds) {
        const said = ends.flat().filter((line) => line.endsWith(` ${orderId}`))
          .sort();
        assert.deepEqual(
          said,
          ["OrderAlreadyConsumed", "OrderAlreadyConsumed", "won"].map((end) => `${end} ${orderId}`),
        );
      }
      await Promise.all(runners.map(({ kill }) => kill()));
    },
  );

  test(
    `${name}: of 16 processes that claim one order, one wins`,
    ONE_OF_MANY,
    async () => {
      const location = await fresh();
      const runners = [];
      for (let i = 0; i < 16; i += 4) {
        runners.push(
          ...await Promise.all(
            [1, 2, 3, 4].map(() => startRunner(held, location)),
          ),
        );
      }
      for (const { tell } of runners) tell("claim x");
      const said = (await Promise.all(runners.map(({ hear }) => hear(1))))
        .flat().sort();
      assert.deepEqual(said, [
        ...Array(15).fill("OrderAlreadyConsumed x"),
        "won x",
      ]);
      await Promise.all(runners.map(({ kill }) => kill()));
    },
  );

  test(
    `${name}: an order without a result is lost when its Runner is gone, and not before`,
    ONE_OF_MANY,
    async () => {
      const location = await fresh();
      const own = await openLedger(location);
      const runner = await startRunner(held, location);
      const others = await Promise.all([
        openLedger(location),
        openLedger(location),
      ]);
      runner.tell("execute done");
      runner.tell("claim running");
      assert.deepEqual(await runner.hear(3), [
        "consumed done",
        "stored done",
        "won running",
      ]);
      await own.consume(...claim("mine"));
      assert.deepEqual([await own.lost(), await own.recover()], [[], []]);

      await runner.kill();
      const [consumed] = claim("running");
      await until(async () => (await own.lost()).length > 0);
      assert.deepEqual(await own.lost(), [consumed]);

      const closed = (await Promise.all([own, ...others].map((ledger) => ledger.recover())))
        .flat();
      assert.equal(closed.length, 1);
      const [fact] = closed as [Fact];
      assert.match(fact.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(Math.abs(Date.parse(fact.at) - Date.now()) < 60_000);
      assert.deepEqual(fact, {
        ...consumed,
        type: "PROOF_ABSENT",
        at: fact.at,
      });

      assert.deepEqual([await own.lost(), await own.recover()], [[], []]);
      const entry = await own.get("running");
      assert.deepEqual([entry?.status, entry?.result, entry?.recovered], [
        "UNKNOWN",
        undefined,
        fact,
      ]);
      assert.equal((await own.get("done"))?.recovered, undefined);
      const { entry: known } = await refused(own.consume(...claim("running")));
      assert.deepEqual(known, entry);

      // A result that comes after all is kept, and makes nothing of UNKNOWN.
      const late = { ...await resultOf("running"), executionId: "e" };
      await own.store(late);
      assert.deepEqual(await own.get("running"), { ...entry, result: late });
      assert.deepEqual((await own.list({ status: "UNKNOWN" })).entries, [{
        ...entry,
        result: late,
      }]);
    },
  );

  test(`${name}: it survives a kill at any point`, ONE_OF_MANY, async () => {
    const location = await fresh();
    const own = await openLedger(location);
    for (const delay of [5, 21, 40]) {
      const runner = await startRunner(held, location);
      const orderIds = Array.from(
        { length: 5000 },
        (_, i) => `order-${delay}-${i}`,
      );
      runner.tell(`execute ${orderIds.join(" ")}`);
      await runner.hear(10);
      await sleep(delay);
      const said = await runner.kill();
      const last = orderIds.findIndex((orderId) => !said.includes(`stored ${orderId}`));
      assert.ok(last > 0 && last < orderIds.length - 2, "killed in the middle");

      // What it said is true, and nothing lies beyond the order that it was at.
      const entries = await Promise.all(
        orderIds.slice(0, last + 2).map((orderId) => own.get(orderId)),
      );
      for (const entry of entries.slice(0, last)) {
        assert.equal(entry?.status, "APPLIED");
      }
      const [at, beyond] = entries.slice(last);
      assert.equal(beyond, undefined);
      if (said.includes(`consumed ${orderIds[last]}`)) {
        assert.ok(at !== undefined);
      }

      const open = at?.status === "OPEN";
      if (open) await until(async () => (await own.lost()).length > 0);
      const closed = await own.recover();
      assert.deepEqual(
        closed.map(({ orderId }) => orderId),
        open ? [orderIds[last]] : [],
      );
    }
  });

  test(
    `${name}: a kill in the middle of writes for many loses none of them`,
    ONE_OF_MANY,
    async () => {
      const location = await fresh();
      const own = await openLedger(location);
      for (const delay of [3, 9, 27]) {
        const runner = await startRunner(held, location);
        const orderIds = Array.from(
          { length: 1000 },
          (_, i) => `order-${delay}-${i}`,
        );
        runner.tell(`execute-all ${orderIds.join(" ")}`);
        await runner.hear(1);
        await sleep(delay);
        const said = new Set(await runner.kill());
        let entries: (Entry | undefined)[] = [];
        let open: string[] = [];
        // A server may still be at the last write of a process that is gone: then not all are lost.
        await until(async () => {
          entries = await Promise.all(orderIds.map((orderId) => own.get(orderId)));
          open = orderIds.filter((_, i) => entries[i]?.status === "OPEN").sort();
          return (await own.lost()).length === open.length;
        });
        orderIds.forEach((orderId, i) => {
          if (said.has(`consumed ${orderId}`)) {
            assert.ok(entries[i] !== undefined, orderId);
          }
          if (said.has(`stored ${orderId}`)) {
            assert.equal(entries[i]?.status, "APPLIED", orderId);
          }
        });
        assert.deepEqual(
          (await own.recover()).map(({ orderId }) => orderId).sort(),
          open,
        );
        assert.deepEqual(await own.lost(), []);
      }
    },
  );

  for (const part of held.parts?.names ?? []) {
    test(
      `${name}: damage of ${part} is named, stops no other order, and nothing is guessed from it`,
      ONE_OF_MANY,
      async () => {
        const location = await fresh();
        const damaged = await damagedOrders(held, location, part);
        const ledger = await openLedger(location);
        const { truths } = damaged;
        const isNamed = (orderId: string, damages: readonly Damage[] = []) => {
          const name = damaged.names.get(orderId);
          return name !== undefined && damages.some(({ where }) => where.includes(name));
        };
        /** What is returned of an order is true; and if it is not returned, it is named. */
        const holds = (
          call: string,
          expected: Map<string, unknown>,
          received: Map<string, unknown>,
          damages: readonly Damage[] = [],
        ) => {
          for (const [orderId, value] of received) {
            assert.deepEqual(value, expected.get(orderId), `${call}: ${orderId}`);
          }
          for (const orderId of expected.keys()) {
            const isTold = received.has(orderId) || isNamed(orderId, damages);
            assert.ok(isTold, `${call} neither returns nor names ${orderId}`);
          }
        };
        const get = async (orderId: string) => {
          try {
            const entry = await ledger.get(orderId);
            return { entries: new Map(entry ? [[orderId, entry]] : []), damages: [] };
          } catch (error) {
            assert.ok(error instanceof LedgerDamaged, `get ${orderId}: ${error}`);
            return { entries: new Map(), damages: error.damages };
          }
        };

        for (const [orderId, truth] of truths) {
          const { entries, damages } = await get(orderId);
          holds("get", new Map([[orderId, truth]]), entries, damages);
        }

        for (const limit of [1, 4, 1000]) {
          const { entries, damages } = await listed(ledger, { limit }, 2 * truths.size);
          holds(`list, ${limit} a page`, truths, entries, damages);
        }
        for (const status of ["OPEN", "APPLIED", "FAILED", "UNKNOWN"] as const) {
          const { entries, damages } = await listed(ledger, { status, limit: 7 }, 2 * truths.size);
          const those = [...truths].filter(([, entry]) => entry.status === status);
          const unseen = [...damaged.names.values()].map((where) => ({ where, problem: "" }));
          holds(`list ${status}`, new Map(those), entries, [...damages, ...unseen]);
        }

        const open = new Map(
          [...truths].flatMap(([id, { status, fact }]) => status === "OPEN" ? [[id, fact]] : []),
        );
        const lost = await found(ledger.lost());
        holds("lost", open, lost.facts, lost.damages);

        for (const orderId of damaged.names.keys()) {
          const error = await rejected(ledger.consume(...claim(orderId)), Error);
          const isRefused = error instanceof OrderAlreadyConsumed || error instanceof LedgerDown;
          assert.ok(isRefused, `consume ${orderId}: ${error}`);
        }

        const recovered = await found(ledger.recover());
        const absent = new Map(
          [...open].map(([orderId, fact]) => {
            const at = recovered.facts.get(orderId)?.at;
            return [orderId, { ...fact, type: "PROOF_ABSENT", at }];
          }),
        );
        holds("recover", absent, recovered.facts, recovered.damages);
        for (const [orderId, truth] of truths) {
          const fact = recovered.facts.get(orderId);
          const now = fact ? { ...truth, status: "UNKNOWN", recovered: fact } : truth;
          const { entries, damages } = await get(orderId);
          holds("get after recover", new Map([[orderId, now]]), entries, damages);
        }
        assert.deepEqual((await found(ledger.recover())).facts, new Map());

        // To store a result again mends one that is damaged, or is refused.
        for (const [orderId, truth] of truths) {
          if (!truth.result) continue;
          const fault = await ledger.store(truth.result).then(() => undefined, (fault) => fault);
          assert.ok(fault === undefined || fault instanceof LedgerDown, `store: ${fault}`);
          assert.ok(
            fault === undefined || damaged.names.has(orderId),
            `store ${orderId}: ${fault}`,
          );
          const { entries, damages } = await get(orderId);
          holds("get after store", new Map([[orderId, truth]]), entries, damages);
          const isMended = part !== "result" || fault !== undefined || entries.size === 1;
          assert.ok(isMended, `its result is not mended: ${orderId}`);
        }
      },
    );
  }

  const { weak, waits } = held;
  if (weak !== "none") {
    test(`${name}: what was set to lose commits is set back by its own session, or refused`, async () => {
      for (const { what, open, settings, needed } of await weak()) {
        const ledger = await Promise.resolve(open()).catch((error) => error);
        if (ledger instanceof LedgerDown) continue;
        opened.add(ledger);
        await ledger.consume(...claim("x"));
        assert.deepEqual(await settings(), needed, what);
        await ledger.close();
      }
    });
  }

  if (waits !== "none") {
    const { hold, openImpatient } = waits;

    test(
      `${name}: what is told to stop while the ledger waits is never executed`,
      WAITING,
      async () => {
        const location = await fresh();
        const ledger = await openLedger(location);
        const release = await hold(location);
        const desk = new Desk(ledger);
        let calls = 0;
        const [, request, context] = claim("x");
        const taken = desk.take(request, context, () => calls += 1);
        const stopped = new Promise((stop) => desk.stop.addEventListener("abort", stop));
        const closed = desk.close(0, 60_000);
        await stopped;
        await release();
        await closed;
        const { status } = await taken;
        assert.deepEqual([calls, status], [0, "FAILED"]);
        assert.equal((await ledger.get("x"))?.status, "FAILED");
      },
    );

    test(
      `${name}: a place that does not answer holds neither a call nor close() for ever`,
      WAITING,
      async () => {
        const location = await fresh();
        const ledger = await openImpatient(location);
        const [fact, request, context] = claim("x");
        await ledger.consume(fact, request, context);
        const result = { ...await resultOf("x"), executionId: "e" };
        const release = await hold(location);
        const claimed = rejected(ledger.consume(...claim("y")), LedgerDown, `order "y"`);
        await rejected(ledger.store(result), LedgerDown, `result of order "x"`);
        await ledger.close();
        await claimed;
        await release();

        const another = await openLedger(location);
        assert.deepEqual((await another.get("x"))?.fact, fact);
        await another.store(result);
        assert.equal((await another.get("x"))?.status, "APPLIED");
      },
    );
  }

  if (held.foreign) {
    test(`${name}: what is neither empty nor a ledger is refused, and left as it was`, async () => {
      const result = { ...await resultOf("x"), executionId: "e" };
      const calls: Record<string, (ledger: Ledger) => Promise<unknown>> = {
        get: (ledger) => ledger.get("x"),
        list: (ledger) => ledger.list(),
        lost: (ledger) => ledger.lost(),
        recover: (ledger) => ledger.recover(),
        consume: (ledger) => ledger.consume(...claim("x")),
        store: (ledger) => ledger.store(result),
      };
      for (const { what, location, content } of await held.foreign?.() ?? []) {
        const before = await content();
        for (const [call, calling] of Object.entries(calls)) {
          const error = await openLedger(location)
            .then(async (ledger) => {
              await calling(ledger).finally(() => ledger.close());
            })
            .then(() => undefined, (error) => error);
          assert.ok(error instanceof LedgerDown, `${call} in ${what}: ${error}`);
          assert.equal(await content(), before, `${call} in ${what}`);
        }
      }
    });
  }
}

/** Ways to damage a text; `undefined` where it has nothing that could be damaged like that. */
const DAMAGES: Record<
  string,
  (text: string | null, another: string | null) => string | null | undefined
> = {
  torn: (text) => text?.slice(0, text.length / 2),
  empty: () => "",
  null: () => "null",
  "an empty object": () => "{}",
  "an empty array": () => "[]",
  "a number": () => "1",
  "a text": () => '"x"',
  "another order's": (_, another) => another ?? undefined,
  "of another order": (text) => changed(text, "orderId", "another"),
  "of no identity": (text) => changed(text, "orderId", { toString: "no text" }),
  "of another execution": (text) => changed(text, "executionId", "another"),
  "of no such status": (text) => changed(text, "status", "DONE"),
  "of no such type": (text) => changed(text, "type", "DONE"),
  "of no time": (text) => changed(text, "at", "then"),
  "of a trace that is torn": (text) => changed(text, "trace", null),
  "of facts that are torn": (text) => changed(text, "facts", [null]),
  "too deep": (text) => text?.replace("{", () => `{"deep":${"[".repeat(2000)}${"]".repeat(2000)},`),
  "not there": (text) => text === null ? undefined : null,
};

/** The document, or each of many, with another value of this field, or of its fact's, if it has it. */
function changed(text: string | null, field: string, value: unknown): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
  const holders = ([document].flat() as Holder[])
    .map((one) => [one, one?.fact as Holder].find((holder) => holder?.[field] !== undefined))
    .filter((holder) => !!holder);
  for (const holder of holders) holder[field] = value;
  return holders.length > 0 ? JSON.stringify(document) : undefined;
}

type Holder = Record<string, unknown> | null | undefined;

interface Damaged {
  /** What was true of each order before. */
  readonly truths: Map<string, Entry>;
  /** How the damage of each damaged order is named. */
  readonly names: Map<string, string>;
}

/** Orders that are closed by their result, closed by recovery, and lost: each damaged in its own way. */
async function damagedOrders(held: Held, location: string, part: string): Promise<Damaged> {
  const { read, spoil } = held.parts as Parts;
  const ways = Object.keys(DAMAGES);
  const of = (state: string) => ["first", ...ways.keys(), "last"].map((way) => `${state}-${way}`);
  const ledger: Ledger = await (await import(held.opener)).openLedger(location);
  opened.add(ledger);
  const killed = async (lines: string[], answers: number) => {
    const runner = await startRunner(held, location);
    for (const line of lines) runner.tell(line);
    await runner.hear(answers);
    await runner.kill();
  };
  const recovered = of("recovered");
  const lost = of("lost");
  const done = of("done");
  await killed([`claim ${recovered.join(" ")}`], recovered.length);
  await until(async () => (await ledger.lost()).length === recovered.length);
  await ledger.recover();
  // Some are written together, and some each alone.
  const lines = [`execute-all ${done.join(" ")}`, ...lost.map((orderId) => `claim ${orderId}`)];
  await killed(lines, 2 * done.length + lost.length);
  await until(async () => (await ledger.lost()).length === lost.length);

  const truths = new Map<string, Entry>();
  for (const orderId of [...recovered, ...lost, ...done]) {
    truths.set(orderId, await ledger.get(orderId) as Entry);
  }
  await ledger.close();

  const names = new Map<string, string>();
  for (const state of ["recovered", "lost", "done"]) {
    const another = await read(location, `${state}-first`, part);
    for (const [i, way] of ways.entries()) {
      const orderId = `${state}-${i}`;
      const text = DAMAGES[way]?.(await read(location, orderId, part), another);
      const where = text !== undefined && await spoil(location, orderId, part, text);
      if (where) names.set(orderId, where);
    }
  }
  assert.ok(names.size > 0, `${part} can be damaged`);
  return { truths, names };
}

/** All pages of a query. */
async function listed(
  ledger: Ledger,
  query: Query,
  most: number,
): Promise<{ entries: Map<string, Entry>; damages: Damage[] }> {
  const entries = new Map<string, Entry>();
  const damages = [] as Damage[];
  let pages = 0;
  for (let next: string | undefined, isLast = false; !isLast;) {
    const page = await ledger.list({ ...query, ...next !== undefined && { after: next } });
    for (const entry of page.entries) {
      assert.ok(!entries.has(entry.fact.orderId), `${entry.fact.orderId} is listed once`);
      entries.set(entry.fact.orderId, entry);
    }
    assert.notDeepEqual(page.damages, [], "damages is absent where nothing is damaged");
    page.damages?.forEach((damage) => damages.push(damage));
    assert.ok((pages += 1) <= most, "its pages have an end");
    next = page.next;
    isLast = next === undefined;
  }
  return { entries, damages };
}

/** The facts of `lost()` or `recover()`, whether it resolves to them or throws them. */
async function found(
  call: Promise<Fact[]>,
): Promise<{ facts: Map<string, Fact>; damages: readonly Damage[] }> {
  const { facts, damages } = await call.then(
    (facts) => ({ facts, damages: [] }),
    (error) => {
      assert.ok(error instanceof LedgerDamaged, String(error));
      return error;
    },
  );
  const byOrder = new Map((facts as Fact[]).map((fact) => [fact.orderId, fact]));
  assert.equal(byOrder.size, facts.length, "each fact once");
  return { facts: byOrder, damages };
}

/** A result as `execute()` gives it. */
async function resultOf(
  orderId: string,
  ledger?: Ledger,
): Promise<ExecutionResult> {
  const input = { text: "é\u2028", nothing: null };
  const context = { executionId: `execution of ${orderId}`, runner: "r" };
  return await execute(
    { orderId, action: { name: "n", input } },
    context,
    () => input,
    ledger,
  );
}

async function rejected<Kind extends Error>(
  promise: Promise<unknown>,
  Kind: new (...args: never[]) => Kind,
  message = "",
): Promise<Kind> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof Kind, `expected ${Kind.name}: received ${error}`);
  assert.ok(
    error.message.includes(message),
    `${error.message} does not say ${message}`,
  );
  return error;
}

function refused(claimed: Promise<void>): Promise<OrderAlreadyConsumed> {
  return rejected(claimed, OrderAlreadyConsumed);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until it is so; the test's own timeout is the end of patience. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await sleep(5);
}

const running = new Set<ChildProcess>();
const opened = new Set<Ledger>();
after(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.allSettled([...opened].map((ledger) => ledger.close()));
});

/** A Runner that is another process: what it is told, and what it says. */
interface Runner {
  tell(line: string): void;
  /** Its next lines. */
  hear(count: number): Promise<string[]>;
  /** Ends it by SIGKILL; all that it said. */
  kill(): Promise<string[]>;
}

/** Arguments of the runtime that runs this test, before a script. */
function runtimeArguments(): readonly string[] {
  if ("Deno" in globalThis) return ["run", "--no-check", "--allow-all"];
  return process.execArgv; // Such as `--import tsx`.
}

async function startRunner(held: Held, location: string): Promise<Runner> {
  const { opener, runtime = runtimeArguments() } = held;
  const own = import.meta.url;
  const script = fileURLToPath(
    new URL(`testing_child.${own.endsWith(".ts") ? "ts" : "js"}`, own),
  );
  const child = spawn(
    process.execPath,
    [...runtime, script, opener, location],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  running.add(child);
  child.stdin.on("error", () => {}); // It may be gone before it has read all.
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => said.push(line));
  const ended = once(child, "exit");
  const closed = once(lines, "close");
  let heard = 0;
  const hear = async (count: number) => {
    const all = heard + count;
    await until(() => said.length >= all || child.exitCode !== null);
    assert.ok(said.length >= all, `it ended: ${said.join(", ")}`);
    heard = all;
    return said.slice(all - count, all);
  };
  assert.deepEqual(await hear(1), ["ready"]);
  return {
    tell: (line) => void child.stdin.write(`${line}\n`),
    hear,
    kill: async () => {
      child.kill("SIGKILL");
      await Promise.all([ended, closed]);
      running.delete(child);
      return said;
    },
  };
}
