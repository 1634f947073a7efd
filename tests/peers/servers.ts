/** The servers that peers need beside PostgreSQL: each on free ports of the loopback, in a folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, connect, createServer } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** Debian's redis-server, with every write flushed: what it has answered survives a crash. */
export async function startRedis(
  folder: string,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const port = await freePort();
  const stop = start("redis-server", [
    ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
    ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    ...["--maxmemory-policy", "noeviction"], // BullMQ asks for it.
  ]);
  await answers("redis-server", () => isOpen(port));
  return { port, stop };
}

/** Restate's server of one node and one partition, which calls the service so often at once. */
export async function startRestate(
  folder: string,
  lanes: number,
): Promise<{ ingress: string; admin: string; stop: () => Promise<void> }> {
  const [node, ingress, admin] = [await freePort(), await freePort(), await freePort()];
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
  const stop = start(createRequire(import.meta.url).resolve(binary), [
    ...["--config-file", config, "--base-dir", `${folder}/restate`],
  ]);
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const healthy = (address: string) => fetch(address).then(({ ok }) => ok, () => false);
  await answers("restate-server", () => healthy(`${url(admin)}/health`));
  await answers("restate-server", () => healthy(`${url(ingress)}/restate/health`));
  return { ingress: url(ingress), admin: url(admin), stop };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts a server, which also ends with this process. */
function start(program: string, args: string[]): () => Promise<void> {
  const server = spawn(program, args, { stdio: "ignore" });
  const gone = new Promise((resolve) => {
    server.once("exit", resolve);
    server.once("error", resolve); // It is not installed: then it never answers.
  });
  const kill = () => server.kill("SIGKILL");
  process.once("exit", kill);
  return async () => {
    process.off("exit", kill);
    kill();
    await gone;
  };
}

async function answers(server: string, ask: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !await ask(); await sleep(50)) {
    if (Date.now() > end) {
      throw new Error(`${server} is not installed, or did not start within 30 s`);
    }
  }
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
