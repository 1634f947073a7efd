import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, createReadStream, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Action, ExecutionRequest } from "deployer-runtime";

/** An order to run a command. Its arguments are recorded, and whoever is on the machine sees them. */
export interface CommandOrder extends ExecutionRequest {
  action: { name: string; input: { program: string; args?: string[] } };
}

/**
 * Runs a command to its end: code 0 is success, any other is failure. If a signal ended it, nobody
 * can tell what it did. What it prints is in two files: their sizes, hashes and ends are evidence.
 *
 * @param folder Where these files go
 * @param stop Asks the command to end, by SIGTERM, and still hears how it ended. When the Runner
 * gives up it is killed. Both reach its children: it has a process group of its own
 */
export function command(folder: string, stop?: AbortSignal): Action<CommandOrder> {
  return async ({ orderId, action: { input: { program, args = [] } } }, { signal, unproven }) => {
    stop?.throwIfAborted();
    mkdirSync(folder, { recursive: true });
    const name = createHash("sha256").update(orderId).digest("hex").slice(0, 16);
    const [stdout, stderr] = [join(folder, `${name}.stdout`), join(folder, `${name}.stderr`)];
    const files = [openSync(stdout, "wx"), openSync(stderr, "wx")]; // Never written twice.
    const child = spawn(program, args, { detached: true, stdio: ["ignore", ...files] });
    files.forEach(closeSync);

    const end = (how: NodeJS.Signals) => {
      try {
        process.kill(-(child.pid as number), how);
      } catch { /* It has ended by itself. */ }
    };
    const ask = () => end("SIGTERM");
    const giveUp = () => {
      end("SIGKILL"); // The Runner does not wait for it: what is known is said now.
      unproven({ pid: child.pid, stdout: look(stdout), stderr: look(stderr) });
    };
    stop?.addEventListener("abort", ask);
    signal?.addEventListener("abort", giveUp);
    try {
      const [exitCode, endedBy] = await new Promise<[number | null, string | null]>(
        (ended, not) => {
          child.on("exit", (...how) => ended(how)).on("error", not); // No such program: a failure.
        },
      );
      const seen = { exitCode, endedBy, stdout: await read(stdout), stderr: await read(stderr) };
      if (endedBy !== null) return unproven(seen);
      if (exitCode === 0) return seen;
      throw Object.assign(new Error(`${program} ended with code ${exitCode}`), seen);
    } finally {
      stop?.removeEventListener("abort", ask);
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** Of a file of any size what identifies it, and its end: that is where programs say why. */
async function read(file: string) {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk);
    return { ...look(file), sha256: hash.digest("hex") };
  } catch {
    return look(file); // How the command ended is known all the same.
  }
}

function look(file: string) {
  try {
    const opened = openSync(file, "r");
    const { size: bytes } = fstatSync(opened);
    const end = new Uint8Array(Math.min(bytes, 1000));
    readSync(opened, end, 0, end.length, bytes - end.length);
    closeSync(opened);
    return { file, bytes, end: new TextDecoder().decode(end) };
  } catch (error) {
    return { file, unreadable: (error as Error).message };
  }
}
