/** A real sshd on the loopback, with keys of its own, and a wire to it that can be cut. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { until } from "../../../tests/support/until.ts";
import { freePort } from "../../../tests/support/port.ts";

export const HOST = "127.0.0.1";

/** A server that runs, and its folder. */
export interface Sshd {
  folder: string;
  port: number;
  /** Arguments of `ssh` that lead to it, through another port if one is named. */
  options(port?: number): string[];
  /** Kills the processes that serve connections, as a crash would. */
  killSessions(): void;
  stop(): void;
}

export async function startSshd(): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), "sshd-test-"));
  for (const key of ["host", "key", "other"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
  }
  const port = await freePort();
  const file = (name: string) => join(folder, name);
  writeFileSync(file("authorized"), readFileSync(file("key.pub")));
  writeFileSync(file("known"), `* ${readFileSync(file("host.pub"), "utf8")}`);
  writeFileSync(file("none"), "");
  writeFileSync(
    file("config"),
    `Port ${port}
ListenAddress ${HOST}
HostKey ${file("host")}
PidFile none
AuthorizedKeysFile ${file("authorized")}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 100
`,
  );
  mkdirSync("/run/sshd", { recursive: true }); // Where sshd has what it gives up its rights in.
  const server = spawn("/usr/sbin/sshd", ["-D", "-f", file("config"), "-E", file("log")]);
  await until(() => listens(port));
  const killSessions = () => descendants(server.pid as number).forEach(kill);
  return {
    folder,
    port,
    options: (to = port) => [
      ...["-F", "none", "-p", String(to), "-i", file("key"), "-oIdentitiesOnly=yes"],
      ...[`-oUserKnownHostsFile=${file("known")}`, `-oGlobalKnownHostsFile=${file("none")}`],
    ],
    killSessions,
    stop() {
      killSessions();
      server.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    },
  };
}

/** The processes of sshd below another: those of the commands are none. */
function descendants(parent: number): number[] {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const [, name, of] = /\((.*)\) . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      return name?.startsWith("sshd") && Number(of) === parent;
    } catch {
      return false; // It has ended.
    }
  }).map(Number);
  return children.flatMap((pid) => [...descendants(pid), pid]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch { /* It has ended with the one before. */ }
}

/** A wire to a port, by which nothing comes any more once it is cut, and nobody is told. */
export interface Wire {
  port: number;
  /** What the client has sent. */
  sent(): number;
  cut(): void;
  close(): void;
}

/** Opens a wire, that cuts itself, or ends, when the client has sent so many bytes. */
export async function openWire(
  to: number,
  bytes: number = Infinity,
  ends: boolean = false,
): Promise<Wire> {
  let sent = 0;
  let isCut = false;
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(to, HOST);
    sockets.push(client, upstream);
    for (const [from, other] of [[client, upstream], [upstream, client]] as [Socket, Socket][]) {
      from.on("error", () => {}).on("data", (data: Uint8Array) => {
        if (isCut) return;
        const part = from === client ? data.subarray(0, bytes - sent) : data;
        if (from === client) sent += part.length;
        other.write(part);
        if (sent < bytes) return;
        isCut = true;
        if (ends) [client, upstream].forEach((socket) => socket.end());
      });
      from.on("close", () => isCut || other.destroy());
    }
  });
  server.listen(0, HOST);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => sent,
    cut: () => isCut = true,
    close() {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((tried) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      tried(true);
    }).on("error", () => tried(false));
  });
}
