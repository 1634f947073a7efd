import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  cp,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
} from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Action, ExecutionRequest } from "deployer-runtime";
import { flush, refuseOnWindows } from "../flush.ts";
import { checkInput, type Fields, name } from "./input.ts";
import { nameOf } from "./output.ts";

/** An order to deploy a site: a folder of files. */
export interface ReleaseOrder extends ExecutionRequest {
  action: { name: string; input: { site: string } };
}

/** What an order's input may hold, for `checkInput`. */
export const RELEASE_INPUT: Fields = { site: name };

/**
 * Copies a site into a release folder of its own, flushes it to the disk, switches the link
 * `current` to it, and proves it by the SHA-256 of every file as read back through `current`.
 *
 * What goes wrong before the switch leaves neither release nor link behind, and is a failure. When
 * the Runner gives up before the switch, nothing is switched.
 *
 * @param base Where the path of a site starts
 * @param target The folder of `current` and `releases/`
 * @throws {NotOnWindows} On Windows, before any order is given to it
 */
export function releaseSwitch(base: string, target: string): Action<ReleaseOrder> {
  refuseOnWindows(
    "a release cannot be switched on Windows, which replaces no link to a folder in one step",
  );
  return async ({ orderId, action: { input } }, { signal, unproven }) => {
    checkInput(input, RELEASE_INPUT);
    // Read first: a site that is not there throws while nothing is changed.
    const site = await realpath(resolve(base, input.site));
    const files = await digests(site);

    // Named by a hash, because an identity is any text. No order can reach another one's release.
    const id = nameOf(orderId);
    const [release, current] = [`releases/${id}`, join(target, "current")];
    const [folder, link] = [join(target, release), `${current}.${id}`];
    await refuseUnlessLink(current);
    await mkdir(join(target, "releases"), { recursive: true });
    await mkdir(folder); // Throws if there is one: a release is never written twice.

    const made = [folder];
    let switching = false;
    const giveUp = () => unproven({ release, switching });
    signal?.addEventListener("abort", giveUp);
    try {
      await cp(site, folder, { recursive: true, verbatimSymlinks: true });
      await flushAll(folder);
      await flush(join(target, "releases"));
      await symlink(release, link);
      made.push(link);
      signal?.throwIfAborted(); // Nobody hears of it any more: it is not switched.

      // Renaming over the old link is atomic: visitors see the old release or the new one.
      switching = true;
      await rename(link, current);
    } catch (error) {
      // A disk over a network may say no to what it has done: a release that is live stays.
      const switched = await readlink(current).catch(() => undefined);
      if (switched === release) return unproven({ release, error: (error as Error).message });
      await Promise.allSettled(made.map((path) => rm(path, { recursive: true, force: true })));
      throw error; // Whatever became of the tidying.
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }

    // Switched. What goes wrong from here on is no failure: visitors may see the release.
    try {
      await flush(target); // After a loss of power it is still this one.
      const seen = { release: await readlink(current), files: await digests(current) };
      const differing = [...new Set([...Object.keys(files), ...Object.keys(seen.files)])]
        .filter((path) => files[path] !== seen.files[path]);
      if (seen.release === release && differing.length === 0) return seen;
      return unproven({ release, seen: seen.release, differing });
    } catch (error) {
      return unproven({ release, unreadable: error instanceof Error ? error.message : error });
    }
  };
}

/** A folder or a file of that name is somebody's own: it is not replaced. */
async function refuseUnlessLink(current: string): Promise<void> {
  const found = await lstat(current).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined || found.isSymbolicLink()) return;
  const kind = found.isDirectory() ? "a folder" : "a file";
  throw new Error(`cannot switch ${current}: expected a link, or nothing, and it is ${kind}`);
}

/** Flushes every file and every folder of a folder, and itself. */
async function flushAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await flushAll(path);
    else if (entry.isFile()) await flush(path);
  }
  await flush(folder);
}

/** The SHA-256 of every file in a folder, by its path in there. */
async function digests(folder: string, inside = ""): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
    const path = inside + entry.name;
    if (entry.isDirectory()) {
      for (const file of Object.entries(await digests(folder, `${path}/`))) found.push(file);
    } else {
      const hash = createHash("sha256");
      for await (const chunk of createReadStream(join(folder, path))) hash.update(chunk);
      found.push([path, hash.digest("hex")]);
    }
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
