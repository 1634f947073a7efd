/** The servers that peers need beside PostgreSQL: each on free ports of the loopback, in a folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/port.ts";

/** Debian's redis-server, with every write flushed: what it has answered survives a crash. */
export async function startRedis(
  folder: string,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const port = await freePort();
  const server = new Server("redis-server", "redis-server", [
    ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
    ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    ...["--maxmemory-policy", "noeviction"], // BullMQ asks for it.
  ]);
  await server.answers(() => isOpen(port));
  return { port, stop: server.stop };
}

/** Restate's server of one node and one partition, which calls the service so often at once. */
export async function startRestate(
  folder: string,
  lanes: number,
): Promise<{ ingress: string; admin: string; stop: () => Promise<void> }> {
  const node = await freePort();
  const ingress = await freePort();
  const admin = await freePort();
  const config = `${folder}/restate.toml`;
  writeFileSync(
    config,
    `default-num-partitions = 1
disable-telemetry = true
log-filter = "error"
bind-address = "127.0.0.1:${node}"
advertised-address = "http://127.0.0.1:${node}"
[ingress]
bind-address = "127.0.0.1:${ingress}"
[admin]
bind-address = "127.0.0.1:${admin}"
disable-web-ui = true
[worker.invoker]
concurrent-invocations-limit = ${lanes}
`,
  );
  const { platform, arch } = process;
  const binary = `@restatedev/restate-server-${platform}-${arch}/bin/restate-server`;
  const server = new Server("restate-server", createRequire(import.meta.url).resolve(binary), [
    ...["--config-file", config, "--base-dir", `${folder}/restate`],
  ]);
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const healthy = (address: string) => fetch(address).then(({ ok }) => ok, () => false);
  await server.answers(() => healthy(`${url(admin)}/health`));
  await server.answers(() => healthy(`${url(ingress)}/restate/health`));
  return { ingress: url(ingress), admin: url(admin), stop: server.stop };
}

/** A server that runs, and that also ends with this process. Its last words stand in the error. */
export class Server {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #gone: Promise<string>;
  #ended: string | undefined;
  #log = "";

  constructor(name: string, program: string, args: string[]) {
    this.#name = name;
    this.#process = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output?.on("data", (text) => this.#log = `${this.#log}${text}`.slice(-2000));
    }
    this.#gone = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(error.message)); // It is not installed.
      this.#process.once("exit", (code, signal) => resolve(`it ended with ${code ?? signal}`));
    });
    this.#gone.then((how) => this.#ended = how);
    process.once("exit", this.#kill);
  }

  /** Resolves once it answers. */
  async answers(ask: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 30_000; !await ask(); await sleep(50)) {
      const why = this.#ended ?? (Date.now() > end ? "no answer within 30 s" : undefined);
      if (why !== undefined) throw new Error(`${this.#name}: ${why}\n${this.#log}`);
    }
  }

  readonly stop = async (): Promise<void> => {
    process.off("exit", this.#kill);
    this.#kill();
    await this.#gone;
  };

  readonly #kill = (): void => void this.#process.kill("SIGKILL");
}

/** Whether somebody listens there. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
