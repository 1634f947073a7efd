import { lstat, mkdir, readlink, realpath, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Action, ExecutionRequest } from "deployer-runtime";
import { flush, refuseOnWindows } from "../flush.ts";
import { makeFolder } from "../folders.ts";
import { reasonOf } from "./errors.ts";
import { checkInput, type Fields, name } from "./input.ts";
import { hashedName } from "./output.ts";
import {
  chosen,
  copyTree,
  differing,
  kindOf,
  readTree,
  refuseLinksOut,
  removeTree,
  type Tree,
} from "./tree.ts";

/** An order to deploy a site: a folder of files. */
export interface ReleaseOrder extends ExecutionRequest {
  action: { name: string; input: { site: string } };
}

/** What an order's input may hold, for `checkInput`. */
export const RELEASE_INPUT: Fields = { site: name };

/** What the Runner sets. None of it is recorded. */
export interface ReleaseOptions {
  /**
   * Asks a release to end: what is copied is removed, nothing is switched, and its reason is thrown.
   * Once it is switched it is too late, and the release is proven.
   */
  stop?: AbortSignal;
  /**
   * What becomes of a link that leads out of the site, be it by `/`, by `..`, or through another
   * link: the site is refused, or the link is kept as it is, and leads to whatever is there.
   */
  linksOut?: "refuse" | "keep";
}

/** Site and releases are for a web server to read, unlike ledgers: the umask says how far. */
const ORDINARY = 0o777;

/**
 * Copies a site into a release folder of its own, flushes it to the disk, switches the link
 * `current` to it, and proves it by what is in the release folder then: the same folders, links and
 * files, by the targets of links, permissions, and the SHA-256 of files. Links are copied as links,
 * and never followed.
 *
 * What goes wrong before the switch leaves neither release nor link behind, and is a failure. When
 * the Runner gives up before the switch, nothing is switched.
 *
 * @param base Where the path of a site starts
 * @param target The folder of `current` and `releases/`. Where they are relative, both are taken from
 * the folder that the process is in now
 * @throws {NotOnWindows} On Windows, before any order is given to it
 */
export function releaseSwitch(
  base: string,
  target: string,
  { stop, linksOut = "refuse" }: ReleaseOptions = {},
): Action<ReleaseOrder> {
  refuseOnWindows(
    "a release cannot be switched on Windows, which replaces no link to a folder in one step",
  );
  // They stay these ones if the process goes to another folder.
  [base, target] = [resolve(base), resolve(target)];
  return async ({ orderId, action: { input } }, { signal, unproven }) => {
    checkInput(input, RELEASE_INPUT);
    stop?.throwIfAborted();
    // Named by a hash, because an identity is any text. No order can reach another one's release.
    const id = hashedName(orderId);
    const release = `releases/${id}`;
    const folder = join(target, release);
    const current = join(target, "current");
    const link = `${current}.${id}`;

    let phase: "reading" | "copying" | "switching" | "proving" = "reading";
    const giveUp = () => unproven({ release, phase, gaveUp: reasonOf(signal) });
    const ends = [signal, stop].filter((end) => end !== undefined);
    signal?.addEventListener("abort", giveUp);
    try {
      let tree: Tree = new Map();
      let above: string[] = [];
      const tidy: (() => Promise<void>)[] = [];
      try {
        // Read first: a site that cannot be released throws while nothing is changed.
        const site = await realpath(resolve(base, input.site));
        await refuseInside(site, join(target, "releases"));
        await refuseUnlessLink(current);
        tree = await readTree(site, ends);
        if (linksOut === "refuse") refuseLinksOut(tree);

        phase = "copying";
        above = makeFolder(join(target, "releases"), ORDINARY).map(dirname);
        await mkdir(folder); // Throws if there is one: a release is never written twice.
        tidy.push(() => removeTree(tree, folder));
        await copyTree(tree, site, folder, ends);
        await flush(join(target, "releases"));
        await symlink(release, link);
        tidy.push(() => rm(link, { force: true }));
        await refuseUnlessLink(current); // It may have been made meanwhile.
        for (const end of ends) end.throwIfAborted();

        // Renaming over the old link is atomic: visitors see the old release or the new one.
        phase = "switching";
        await rename(link, current);
      } catch (error) {
        // A disk over a network may say no to what it has done: a release that may be live stays.
        const maybe = phase === "switching" && !await isNotSwitched(link, current, release);
        if (maybe) return unproven({ release, error: (error as Error).message });
        await Promise.allSettled(tidy.map((remove) => remove()));
        throw chosen(error, ends); // Whatever became of the tidying.
      }

      // Switched. What goes wrong from here on is no failure: visitors may see the release.
      phase = "proving";
      try {
        for (const path of [target, ...above]) await flush(path); // It survives a loss of power.
        const found = await readTree(folder, signal ? [signal] : []);
        const seen = await readlink(current); // Last: another order may have switched meanwhile.
        const paths = differing(tree, found);
        if (seen === release && paths.length === 0) return { release, ...evidenceOf(found) };
        return unproven({ release, seen, differing: paths });
      } catch (error) {
        return unproven({ release, unreadable: error instanceof Error ? error.message : error });
      }
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** A release in the site would be copied into itself, and into all that follow. */
async function refuseInside(site: string, releases: string): Promise<void> {
  const path = relative(site, await pathBehindLinks(resolve(releases)));
  if (path === ".." || path.startsWith("../")) return;
  throw new Error(`cannot release ${site}: its releases would be in it, at ${releases}`);
}

/** Where a path leads, be it that its end is missing. */
async function pathBehindLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return join(await pathBehindLinks(dirname(path)), basename(path));
  }
}

/** A folder or a file of that name is somebody's own: it is not replaced. */
async function refuseUnlessLink(current: string): Promise<void> {
  const found = await lstat(current).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined || found.isSymbolicLink()) return;
  const kind = kindOf(found);
  throw new Error(`cannot switch ${current}: expected a link, or nothing, and it is ${kind}`);
}

/** Whether a link that was to replace `current` is there still, and `current` is another one. */
async function isNotSwitched(link: string, current: string, release: string): Promise<boolean> {
  const targetOf = (path: string) =>
    readlink(path).catch((error) => {
      if (error.code === "ENOENT" || error.code === "EINVAL") return undefined; // It is no link.
      throw error;
    });
  try {
    return await targetOf(link) === release && await targetOf(current) !== release;
  } catch {
    return false; // Nobody can tell.
  }
}

/** What is recorded of a release: the SHA-256 of each file, and the target of each link, by path. */
function evidenceOf(tree: Tree) {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  for (const [path, item] of [...tree].sort(([one], [other]) => one < other ? -1 : 1)) {
    if (item.kind === "file") files.set(path, item.sha256);
    if (item.kind === "link") links.set(path, item.to);
  }
  return { files: Object.fromEntries(files), links: Object.fromEntries(links) };
}
