/** What ends an order early, at each moment: before it is consumed, meanwhile, while it is stored. */
import { existsSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createSilent, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Action, ExecutionResult } from "deployer-runtime";
import { deferred, isPending } from "../../tests/support/orders.ts";
import { until } from "../../tests/support/until.ts";
import { attempt } from "../cli/attempt.ts";
import { deployer } from "../cli/deployer.ts";
import { STORING, untilStored } from "../cli/interrupt.ts";
import { readArguments } from "../cli/options.ts";
import { LedgerDown, OrderAlreadyConsumed } from "../ledgers/errors.ts";
import type { Entry, Ledger } from "../ledgers/ledger.ts";
import { fresh, run, start, testShell, tidy } from "./cli_shell.ts";
import { openDatabase } from "./sqlite_driver.ts";
import { Timers } from "./timers.ts";

after(tidy);

const LONG = { timeout: 120_000 };
const ORDER = { orderId: "x", action: { name: "n" } };
const never = <Value>() => new Promise<Value>(() => {});

/** An order under way: its ledger and its action are called when they are, and wait if told to. */
function attempted(
  { open, consume, store, close, terminal = false, args = [], action = () => "done" }: {
    open?: Promise<unknown>;
    consume?: Promise<unknown>;
    store?: Promise<unknown>;
    close?: Promise<unknown>;
    terminal?: boolean;
    args?: string[];
    action?: Action;
  },
) {
  const shell = testShell({ terminal });
  const timers = new Timers();
  const called: string[] = [];
  const stored: ExecutionResult[] = [];
  const call = async (name: string, waits?: Promise<unknown>) => {
    called.push(name);
    await waits;
  };
  const ledger = {
    consume: () => call("consume", consume),
    store: async (result: ExecutionResult) => {
      await call("store", store);
      stored.push(result);
    },
    close: () => call("close", close),
  } as unknown as Ledger;
  const names = ["ledger", "timeout", "grace"] as const;
  const { values } = readArguments(names, ["--ledger", fresh(), ...args], {});
  const make = (): Action => (...given) => {
    called.push("action");
    return action(...given);
  };
  const code = timers.in(() =>
    attempt(ORDER, make, values, shell, async () => {
      await call("open", open);
      return ledger;
    })
  );
  return {
    code,
    shell,
    timers,
    called,
    stored,
    is: (name: string) => until(() => called.includes(name)),
  };
}

type Attempt = ReturnType<typeof attempted>;

const STOPS: Record<string, (of: Attempt) => unknown> = {
  "Ctrl-C": ({ shell }) => shell.signals.emit("SIGINT"),
  SIGTERM: ({ shell }) => shell.signals.emit("SIGTERM"),
  SIGHUP: ({ shell }) => shell.signals.emit("SIGHUP"),
  "the action was not done within 1000 ms": ({ timers }) => timers.fire(),
};

for (const [reason, stop] of Object.entries(STOPS)) {
  const given = { terminal: true, args: ["--timeout", "1s"] };

  test(`stopped while the ledger is opened (${reason}): nothing is consumed, or begun`, async () => {
    const open = deferred();
    const of = attempted({ ...given, open: open.promise });
    await of.is("open");
    stop(of);
    open.resolve(undefined);
    assertEquals([await of.code, of.called], [74, ["open", "close"]]);
    const { stderr, stdout } = of.shell.said;
    assertStringIncludes(stdout, `${reason}: no command runs yet, and none will`);
    assertStringIncludes(
      stderr,
      `nothing was executed: order "x" was stopped before it was consumed`,
    );
  });

  test(`stopped while an order is consumed (${reason}): it is FAILED, and not begun`, async () => {
    const consume = deferred();
    const of = attempted({ ...given, consume: consume.promise });
    await of.is("consume");
    stop(of);
    consume.resolve(undefined);
    assertEquals([await of.code, of.called], [20, ["open", "consume", "store", "close"]]);
    const [{ status, trace }] = of.stored as [ExecutionResult];
    const { message } = (trace as { rawError: { message: string } }).rawError;
    assertEquals([status, message], ["FAILED", `${reason}: nothing was begun`]);
  });
}

test("SIGHUP changes nothing where there is no terminal, whatever is under way", async () => {
  const consume = deferred<string>();
  const action = deferred<string>();
  const store = deferred<string>();
  const of = attempted({
    consume: consume.promise,
    action: () => action.promise,
    store: store.promise,
  });
  for (const [name, { resolve }] of Object.entries({ consume, action, store })) {
    await of.is(name);
    for (let times = 0; times < 2; times++) of.shell.signals.emit("SIGHUP");
    resolve("done");
  }
  assertEquals([await of.code, of.stored[0]?.status], [0, "APPLIED"]);
  const said = of.shell.said.stderr.split("\n");
  assertEquals(said.filter((line) => line === "SIGHUP: no terminal hung up: it goes on").length, 4);
  assertEquals(said.filter((line) => /^SIGHUP: the order has ended, and/.test(line)).length, 2);
});

for (const terminal of [false, true]) {
  for (const [signal, called] of [["SIGINT", "Ctrl-C"], ["SIGTERM", "SIGTERM"]] as const) {
    test(`a store that does not answer: the second ${signal} prints the result${terminal ? " on a terminal too" : ""}, with 74`, async () => {
      const of = attempted({ store: never(), terminal });
      await of.is("store");
      of.shell.signals.emit(signal);
      assert(await isPending(of.code));
      const { said } = of.shell;
      const notes = terminal ? said.stdout : said.stderr;
      assertStringIncludes(notes, `${called}: the order has ended, and its result is being stored`);
      of.shell.signals.emit("SIGHUP"); // The terminal, if that is what it is, takes nothing then.
      assert(await isPending(of.code));
      of.shell.signals.emit(signal);
      await assertRejects(
        () => of.code,
        LedgerDown,
        `cannot store the result of order "x": ${called}, and the ledger has not answered`,
      );
      const { status }: ExecutionResult = JSON.parse(
        said.stdout.slice(said.stdout.indexOf("{"), said.stdout.lastIndexOf("}") + 1),
      );
      assertEquals(status, "APPLIED");
      assert(!/given up|[Nn]obody/.test(said.stdout + said.stderr), said.stderr);
    });
  }
}

test("a store that does not answer is waited for a minute", async () => {
  const timers = new Timers();
  const { signals } = testShell();
  const stored = timers.in(() => untilStored("x", never(), signals, () => {}));
  assertEquals([timers.set, STORING], [[60_000], 60_000]);
  timers.fire();
  await assertRejects(
    () => stored,
    LedgerDown,
    "60 s have passed, and the ledger has not answered",
  );
  assertEquals(signals.eventNames(), []);
});

test("when a result is stored, signals end the process again, whoever reads or not", async () => {
  const of = attempted({});
  const written = deferred<boolean>();
  Object.assign(of.shell.stdout, { write: () => written.promise });
  await of.is("store");
  await until(() => of.shell.signals.eventNames().length === 0);
  assert(await isPending(of.code));
  written.resolve(true);
  assertEquals(await of.code, 0);
});

for (const signal of ["none", "SIGTERM"]) {
  test(`nothing was executed (${signal}): signals end the process again, whoever reads or not`, async () => {
    const consume = deferred<void>();
    const of = attempted({ consume: consume.promise });
    const written = deferred<boolean>();
    const write = () => written.promise;
    Object.assign(of.shell.stdout, { write });
    Object.assign(of.shell.stderr, { write });
    await of.is("consume");
    if (signal === "none") {
      const consumed = { status: "OPEN", request: ORDER } as Entry;
      consume.reject(new OrderAlreadyConsumed(ORDER.orderId, "the ledger", consumed));
    } else for (let times = 0; times < 2; times++) of.shell.signals.emit(signal);
    await until(() => of.shell.signals.eventNames().length === 0);
    assert(await isPending(of.code));
    written.resolve(true);
    assertEquals(await of.code, signal === "none" ? 73 : 74);
  });
}

test("a ledger that cannot be closed does not hold the process", LONG, async () => {
  const of = attempted({ close: never() });
  assertEquals([await of.code, JSON.parse(of.shell.said.stdout).status], [0, "APPLIED"]);
});

// --- Processes, and a file that another process has locked -------------------------------------

/** A SQLite ledger that another process, this one, holds the lock of. */
async function locked(cwd: string): Promise<{ file: string; where: string; unlock: () => void }> {
  const file = join(cwd, "ledger.db");
  const where = `sqlite:${file}`;
  assertEquals((await run(["exec", "--ledger", where, "--order", "first", "--", "true"])).code, 0);
  const database = await openDatabase(file);
  database.prepare("begin immediate").run();
  const unlock = () => {
    database.prepare("rollback").run();
    database.close();
  };
  return { file, where, unlock };
}

for (const how of ["SIGINT", "SIGTERM", "--timeout"]) {
  for (const name of ["http", "release", "command"]) {
    test(`${how} while the ledger waits: ${name} is not begun`, LONG, async () => {
      const cwd = fresh();
      let requests = 0;
      const server = createServer((_, response) => {
        requests += 1;
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const inputs: Record<string, unknown> = {
        http: { method: "POST", url },
        release: { site: "." },
        command: { program: "touch", args: ["deployed"] },
      };
      const order = { orderId: "x", action: { name, input: inputs[name] } };
      writeFileSync(join(cwd, "order.json"), JSON.stringify(order));
      const { file, where, unlock } = await locked(cwd);
      const limits = how === "--timeout" ? ["--timeout", "1s", "--grace", "60s"] : [];
      const { child, end } = start(cwd, ["run", "order.json", "--ledger", where, ...limits]);
      let stderr = "";
      child.stderr!.on("data", (text) => stderr += text);
      if (how !== "--timeout") {
        await until(() => opened(child.pid!).includes(file)); // It listens to signals before.
        process.kill(child.pid!, how);
      }
      await until(() => stderr.includes("no command runs yet"));
      unlock();
      const { code } = await end;
      server.close();
      assertEquals([requests, existsSync(join(cwd, "deployed"))], [0, false]);
      const shown = await run(["show", "--ledger", where, "x"]);
      // It was at the ledger, or on its way there.
      if (code === 20) assertStringIncludes(shown.stdout, ": nothing was begun");
      else assertEquals([code, shown.code], [74, 64], stderr + shown.stderr);
    });
  }
}

test("http hears a stop while it runs: what is not sent yet is not sent", LONG, async () => {
  const cwd = fresh();
  const silent = createSilent(); // It says nothing of TLS: no request can be sent.
  const connected = once(silent, "connection");
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const { code, shell } = executed(cwd, { name: "http", input: { method: "POST", url } });
  const [socket] = await connected as [Socket];
  shell.signals.emit("SIGTERM");
  assertEquals([await code, JSON.parse(shell.said.stdout).status], [20, "FAILED"]);
  assertStringIncludes(shell.said.stderr, "SIGTERM: the command is asked to stop");
  socket.destroy();
  silent.close();
});

test(
  "release hears a stop while it runs: nothing is switched, and nothing stays",
  LONG,
  async () => {
    const cwd = fresh();
    mkdirSync(join(cwd, "site"));
    for (let i = 0; i < 2000; i++) writeFileSync(join(cwd, "site", `${i}`), "a file to be flushed");
    const { code, shell } = executed(cwd, { name: "release", input: { site: "site" } });
    const releases = join(cwd, "target", "releases");
    await until(() => existsSync(releases) && readdirSync(releases).length > 0);
    shell.signals.emit("SIGTERM");
    assertEquals([await code, JSON.parse(shell.said.stdout).status], [20, "FAILED"]);
    assertEquals([readdirSync(releases), existsSync(join(cwd, "target", "current"))], [[], false]);
  },
);

/** An order from a file, in this process. */
function executed(cwd: string, action: { name: string; input: unknown }) {
  const file = join(cwd, "order.json");
  const shell = testShell();
  writeFileSync(file, JSON.stringify({ orderId: "x", action }));
  const options = ["--ledger", join(cwd, "ledger")];
  if (action.name === "release") options.push("--target", join(cwd, "target"));
  return { code: deployer(["run", file, ...options], shell), shell };
}

test("what only reads a ledger that does not answer is ended by Ctrl-C", LONG, async () => {
  const cwd = fresh();
  const file = join(cwd, "ledger.db");
  const database = await openDatabase(file);
  database.prepare("create table t (a)").run();
  database.prepare("begin exclusive").run(); // Whoever opens it waits for this.
  const where = ["--ledger", `sqlite:${file}`];
  for (
    const [name, ...args] of [["show", "x"], ["list"], ["recover"], ["report"], [
      "complete",
      "show",
    ]]
  ) {
    const operands = name === "complete" ? [...args, ...where, ""] : [...where, ...args];
    const { child, end } = start(cwd, [name!, ...operands]);
    await until(() => opened(child.pid!).includes(file));
    process.kill(child.pid!, "SIGINT");
    assertEquals([await end, child.signalCode], [{ code: null, stdout: "", stderr: "" }, "SIGINT"]);
  }
  database.close();
});

/** The files that a process has open. */
function opened(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      return []; // It has just been closed.
    }
  });
}
