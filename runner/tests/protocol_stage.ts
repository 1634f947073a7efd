/**
 * Real ledgers that are stopped before each operation, so that what the model says of two Runners is
 * done on them, and compared at each step. A process that is killed never does its next operation.
 *
 * The folder's operations are the calls of `Files`; those that no other Runner's depend on, as a
 * calendar's, pass. SQLite's are statements of its driver, and so are PostgreSQL's, whose server is in
 * the test that needs it.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers";
import { assert, assertEquals } from "@std/assert";
import type { Ledger } from "deployer-runner";
import { execute } from "deployer-runtime";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { type Database, SqliteLedger } from "deployer-runner/ledgers/sqlite";
import { DISK, type Files } from "../ledgers/folder/files.ts";
import { MARK, markPath } from "../ledgers/folder/mark.ts";
import { type Choice, Folder, type Place, World } from "./protocol_model.ts";
import { openDatabase } from "./sqlite_driver.ts";

/** Stands for a process: what it is about to do waits until it is told to go on. */
export class Actor {
  readonly name: string;
  #waiting: { operation: string; go: () => void }[] = [];
  #allowed: string | undefined;
  #alive = true;
  end: string | undefined;
  /** What the system closes when the process is killed. */
  readonly held: Set<{ close(): unknown }> = new Set();

  constructor(name: string) {
    this.name = name;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** What it is about to do; two that it does at once have one name. */
  get next(): string | undefined {
    return this.#waiting[0]?.operation;
  }

  arrive(operation: string): Promise<void> {
    return new Promise((go) => this.#waiting.push({ operation, go }));
  }

  /** For what cannot wait: whether it may be done now. */
  may(operation: string): boolean {
    const allowed = this.#allowed === operation;
    if (allowed) this.#allowed = undefined;
    else if (this.#alive) this.#waiting = [{ operation, go: () => this.#allowed = operation }];
    return allowed;
  }

  go(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { go } of waiting) go();
  }

  kill(): void {
    this.#alive = false;
    this.#waiting = [];
    for (const held of this.held) held.close();
  }

  async settled(): Promise<void> {
    const start = Date.now();
    while (this.next === undefined && this.end === undefined) {
      assert(Date.now() - start < 20_000, `${this.name} does nothing`);
      await turn();
    }
    await turn(); // What it does at the same time is there, too.
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => resolve()));

/** A real ledger in the test's hands. */
export interface Stage {
  open(actor: Actor, judge: (of: { host: string }) => Promise<boolean>): Promise<Ledger>;
  kill(actor: Actor): Promise<void>;
  lose(names: string[]): void;
  /** What is there, by the names of the model. */
  names(): string[] | Promise<string[]>;
  close(): Promise<void>;
}

/** What a process writes of itself: as if each were of a machine of its own, and no pid is asked. */
function signed({ name }: Actor, text: string): string {
  return text.replaceAll(JSON.stringify(hostname()), JSON.stringify(name));
}

/** Does on the real ledger what was chosen in the model, and compares at each step. */
export async function replay(schedule: Choice[], model: Place, stage: Stage): Promise<void> {
  const world = new World(model);
  const actors = new Map<string, Actor>();
  const executed: string[] = [];
  const start = async (name: string) => {
    const actor = new Actor(name);
    actors.set(name, actor);
    const ledger = await stage.open(actor, async ({ host }) => {
      await actor.arrive("judge");
      return !actors.get(host)?.alive;
    });
    actor.end = await run(actor, ledger, executed);
  };
  const compare = async (done: string) => {
    for (const process of world.processes) {
      if (!actors.has(process.name)) void start(process.name);
      if (!process.alive) continue;
      const actor = actors.get(process.name) as Actor;
      await actor.settled();
      const real = pick(actor);
      const said = pick(process);
      assertEquals({ done, ...real }, { done, ...said });
    }
    assertEquals({ done, names: await stage.names() }, { done, names: namesOf(model) });
  };
  await compare("");
  for (const [i, choice] of schedule.entries()) {
    const before = world.processes.filter(({ alive }) => alive);
    if (choice === "A" || choice === "B") actors.get(world.current(choice).name)?.go();
    world.choose(choice);
    for (const { name, alive } of before) {
      if (!alive) await stage.kill(actors.get(name) as Actor);
    }
    if (choice === "archive") stage.lose(["result"]);
    if (choice.startsWith("lose")) stage.lose(choice.slice(5).split(",").filter(Boolean));
    await compare(schedule.slice(0, i + 1).join(", "));
  }
  assertEquals(executed, world.executed);
  await stage.close();
}

/** Some at a time. */
export async function inTurns(
  schedules: Choice[][],
  one: (schedule: Choice[]) => Promise<void>,
): Promise<void> {
  const left = [...schedules];
  const line = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) await one(next);
  };
  await Promise.all(Array.from({ length: 16 }, line));
}

/** A Runner, as it is written: after a crash it recovers first. */
async function run(actor: Actor, ledger: Ledger, executed: string[]): Promise<string> {
  const order = { orderId: "order-1", action: { name: "n" } };
  const context = { executionId: actor.name, runner: "r" };
  try {
    if (!actor.name.endsWith("1")) await ledger.recover();
    const result = await execute(order, context, async () => {
      await actor.arrive("act");
      executed.push(actor.name);
      return "done";
    }, { consume: ledger.consume });
    await ledger.store(result);
    return "stored";
  } catch (error) {
    const { name, message } = error as Error;
    if (name === "OrderAlreadyConsumed") return "refused";
    return name === "LedgerDown" ? "down" : `${name}: ${message}`;
  }
}

function pick(
  { name, next, end }: { name: string; next?: string | undefined; end?: string | undefined },
) {
  return { name, next, end };
}

/** The names of the model, of what a row holds. */
export function namesOfRow(row: { result: unknown; recovered: unknown } | undefined): string[] {
  if (!row) return [];
  return ["entry", ...(["recovered", "result"] as const).filter((name) => row[name] !== null)];
}

function namesOf(place: Place): string[] {
  if (place instanceof Folder) return [...place.names.keys()].sort();
  const claim = place.claim();
  return claim ? ["entry", ...claim.closed].sort() : [];
}

// --- The folder ---------------------------------------------------------------------------------

/** What is at a path, as the model calls it; `undefined` of what it does not know. */
function kindOf(path: string): string | undefined {
  const name = basename(path);
  const [, end] = /^[0-9a-f]{64}(|\.result|\.recovered)\.json$/.exec(name) ?? [];
  if (name.endsWith(".tmp")) return "temporary";
  if (basename(dirname(path)) === "open") return end === ".result" ? "result in index" : "marker";
  return end === undefined || path.includes("/index/") ? undefined : end.slice(1) || "entry";
}

/**
 * A file system that stops whoever acts before each operation; no disk is flushed.
 *
 * @param makers Takes which process made a file of `open/`, by its path
 */
function stopping(actor: Actor, makers: Map<string, string>): Files {
  const stop = async (what: string, path: string) => {
    const kind = kindOf(path);
    if (kind !== undefined) await actor.arrive(`${what} ${kind}`);
  };
  return {
    ...DISK,
    async create(path, text) {
      await stop("write", path);
      const file = await DISK.create(path, text);
      actor.held.add(file);
      return {
        flush: async () => {},
        close: () => file.close().then(() => void actor.held.delete(file)),
      };
    },
    async flush(folder) {
      if (folder.includes("/index")) return;
      await actor.arrive(basename(folder) === "open" ? "flush index" : "flush");
    },
    async link(path, name) {
      await stop("link", name);
      await DISK.link(path, name);
    },
    async rename(path, name) {
      await stop("rename", name);
      makers.set(name, actor.name);
      await DISK.rename(path, name);
    },
    async unlink(path) {
      if (kindOf(path) !== "temporary") await stop("unlink", path);
      await DISK.unlink(path);
    },
    async list(folder) {
      await actor.arrive("read index");
      const order = [...makers.keys()];
      const place = (name: string) => order.indexOf(join(folder, name));
      return (await DISK.list(folder)).sort((a, b) => place(a) - place(b));
    },
    async read(path) {
      const kind = kindOf(path);
      if (kind === "result" || kind === "recovered") await actor.arrive("look for ends");
      else await stop(kind === "result in index" ? "look for" : "read", path);
      return await DISK.read(path);
    },
    async look(path) {
      await stop("stat", path);
      return await DISK.look(path);
    },
  };
}

/** Makes a ledger without an order, for processes that each have calls of their own. */
export function openFolder(folder: string): Stage {
  for (const room of ["open", "index/all", "index/FAILED", "index/UNKNOWN"]) {
    mkdirSync(join(folder, room), { recursive: true });
  }
  writeFileSync(markPath(folder), JSON.stringify(MARK));
  const makers = new Map<string, string>();
  const paths = () =>
    ["open", ""].flatMap((under) =>
      readdirSync(join(folder, under)).map((name) => join(folder, under, name))
    );
  const named = (path: string): string => {
    const kind = kindOf(path) ?? "";
    if (kind === "result in index") return "open/result";
    return kind === "marker" ? `open/${makers.get(path)}` : kind;
  };
  return {
    open(actor, judge) {
      const process = { host: actor.name, pid: 1 };
      const files = stopping(actor, makers);
      return Promise.resolve(new FolderLedger(folder, judge, { files, process }));
    },
    kill: (actor) => Promise.resolve(actor.kill()),
    lose(names) {
      for (const path of paths()) if (names.includes(named(path))) rmSync(path);
    },
    names: () => paths().map(named).filter((name) => !["temporary", ""].includes(name)).sort(),
    async close() {},
  };
}

// --- SQLite -------------------------------------------------------------------------------------

/** Makes a file with the ledger's table, for processes that each have a connection of their own. */
export async function openSqlite(path: string): Promise<Stage> {
  const ledger = await SqliteLedger.open(path);
  const database = await openDatabase(path);
  const connections = new Map<Actor, Connection>();
  return {
    async open(actor, judge) {
      const connection = new Connection(actor, await openDatabase(path));
      connections.set(actor, connection);
      return await SqliteLedger.open(connection, { judge, patience: 600_000 });
    },
    kill: async (actor) => await connections.get(actor)?.kill(),
    lose() {},
    names() {
      const [row] = database.prepare("select result, recovered from orders").all();
      return namesOfRow(row as Parameters<typeof namesOfRow>[0]);
    },
    async close() {
      await ledger.close();
      for (const connection of [database, ...connections.values()]) connection.close();
    },
  };
}

/**
 * A driver's database that is busy until its process may go on: the ledger tries again, for what
 * found it busy has done nothing. A process that is killed has its statement done, never committed.
 */
class Connection implements Database {
  readonly #actor: Actor;
  readonly #database: Database & { close(): void };
  #killed: "in its transaction" | "yes" | undefined;

  constructor(actor: Actor, database: Database & { close(): void }) {
    this.#actor = actor;
    this.#database = database;
  }

  prepare(sql: string): ReturnType<Database["prepare"]> {
    const statement = this.#database.prepare(sql);
    // What a ledger looks at as it opens is no operation on an order.
    const [operation = ""] = /^select (?!order_id)/.test(sql) ? [] : sql.split(" ");
    const sign = (value: string | number | null) =>
      typeof value === "string" ? signed(this.#actor, value) : value;
    return {
      run: (...values) => this.#stopping(operation, () => statement.run(...values.map(sign))),
      all: (...values) => this.#stopping(operation, () => statement.all(...values.map(sign))),
    };
  }

  /** What SQLite does with a transaction whose process is gone is to roll it back. */
  async kill(): Promise<void> {
    const isWriting = ["insert", "update"].includes(this.#actor.next ?? "");
    this.#actor.kill();
    this.#killed = isWriting ? "in its transaction" : "yes";
    while (this.#killed !== "yes") await turn();
  }

  close(): void {
    this.#database.close();
  }

  #stopping<Value>(operation: string, statement: () => Value): Value {
    const writes = ["insert", "update"].includes(operation);
    if (this.#killed === "yes") throw new Error("killed");
    if (this.#killed && writes) {
      statement();
      this.#database.prepare("rollback").run();
      this.#killed = "yes";
      throw new Error("killed");
    }
    if (!this.#killed && (writes || operation === "select") && !this.#actor.may(operation)) {
      throw Object.assign(new Error("not yet"), { code: "SQLITE_BUSY" });
    }
    return statement();
  }
}
