import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, readdir, readlink, realpath, rename, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Action, ExecutionRequest } from "deployer-runtime";

/** An order to deploy a site: a folder of files. */
export interface ReleaseOrder extends ExecutionRequest {
  action: { name: string; input: { site: string } };
}

/**
 * Copies a site into a release folder of its own, switches the link `current` to it, and proves it
 * by the SHA-256 of every file as read back through `current`.
 *
 * @param base Where the path of a site starts
 * @param target The folder of `current` and `releases/`
 */
export function releaseSwitch(base: string, target: string): Action<ReleaseOrder> {
  return async ({ orderId, action }, { unproven }) => {
    // Read first: a site that is not there throws while nothing is changed.
    const site = await realpath(resolve(base, action.input.site));
    const files = await digests(site);

    // Named by a hash, because an identity is any text. No order can reach another one's release.
    const id = createHash("sha256").update(orderId).digest("hex").slice(0, 16);
    const [release, current] = [`releases/${id}`, join(target, "current")];
    await mkdir(join(target, "releases"), { recursive: true });
    await mkdir(join(target, release)); // Throws if there is one: a release is never written twice.
    await cp(site, join(target, release), { recursive: true, verbatimSymlinks: true });

    // Renaming over the old link is atomic: visitors see the old release or the new one.
    await symlink(release, `${current}.${id}`);
    await rename(`${current}.${id}`, current);

    // Switched. What goes wrong from here on is no failure: visitors may see the release.
    try {
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
