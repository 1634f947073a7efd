/** What a folder ledger holds of an order, file by file, for tests that damage it. */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Parts } from "deployer-runner/testing";

/** The parts of an order for the suite; `folderOf` says in which folder they are. */
export function partsOf(folderOf: (location: string, orderId: string) => string): Parts {
  const place = (location: string, orderId: string, part: string) =>
    pathOf(folderOf(location, orderId), orderId, part);
  return {
    names: ["entry", "result", "recovered", "open", "index"],
    read: (...part) => Promise.resolve(textOf(place(...part))),
    spoil(location, orderId, part, text) {
      // No entry is no order; no result is one that was archived; what names an order is not asked for.
      if (text === null) return Promise.resolve(undefined);
      const path = place(location, orderId, part);
      rmSync(path, { force: true }); // Its other names hold what they held.
      writeFileSync(path, text);
      return Promise.resolve(path);
    },
  };
}

/** Where a part of an order is; `open` and `index` name it in the file of its batch. */
export function pathOf(folder: string, orderId: string, part: string): string {
  const ends: Record<string, string> = { entry: "", result: ".result", recovered: ".recovered" };
  if (part in ends) return join(folder, `${sha256(orderId)}${ends[part]}.json`);
  const below = join(folder, part);
  const paths = part === "open" ? opened(folder).map((name) => join(below, name)) : dated(folder);
  const named = paths.find((path) => textOf(path)?.includes(JSON.stringify(orderId)));
  return named ?? join(folder, "open", `${sha256(orderId)}.json`);
}

/** The files of orders that may be open. */
export function opened(folder: string): string[] {
  return readdirSync(join(folder, "open")).filter((name) =>
    /^[-+.0-9TZa-f]{36,}\.json$/.test(name)
  );
}

/** The paths of the files of entries by time. */
export function dated(folder: string): string[] {
  const all = join(folder, "index/all");
  return readdirSync(all, { recursive: true }).map((name) => join(all, String(name)))
    .filter((path) => path.endsWith(".json"));
}

/** All that is in a folder, and who may read it. */
export function contentOf(folder: string): string {
  const all = (below: string): string[] =>
    readdirSync(join(folder, below)).sort().flatMap((name) => {
      const path = join(folder, below, name);
      const { mode, mtimeMs } = lstatSync(path);
      const of = (text: string) => `${join(below, name)} ${mode} ${mtimeMs}\n${text}`;
      if (lstatSync(path).isDirectory()) return [of(""), ...all(join(below, name))];
      return [of(lstatSync(path).isFile() ? readFileSync(path, "base64") : "")];
    });
  return [String(lstatSync(folder).mtimeMs), ...all("")].join("\n");
}

function textOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
