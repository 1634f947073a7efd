/** Folders that a test works in, and what they hold. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

let root: string | undefined;

/** A new folder that holds these files, until `removeFolders()`. */
export function folder(files: Record<string, string> = {}): string {
  root ??= mkdtempSync(join(tmpdir(), "folders-"));
  // One level more, so that a path that climbs out is seen.
  const path = join(mkdtempSync(join(root, "case-")), "cwd");
  mkdirSync(path);
  writeFiles(path, files);
  return path;
}

/** To be called when the tests of a file are done. */
export function removeFolders(): void {
  if (root !== undefined) rmSync(root, { recursive: true });
  root = undefined;
}

export function writeFiles(path: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
}

/** The names in a folder, sorted; none where there is no folder. */
export function list(...path: string[]): string[] {
  return existsSync(join(...path)) ? readdirSync(join(...path)).sort() : [];
}

/** Every name in a folder with what it holds: of a link its target, of a folder nothing. */
export function contents(path: string, inside = ""): Record<string, string> {
  const all: Record<string, string> = {};
  for (const entry of readdirSync(join(path, inside), { withFileTypes: true })) {
    const name = join(inside, entry.name);
    if (entry.isDirectory()) Object.assign(all, { [name]: "" }, contents(path, name));
    else if (entry.isSymbolicLink()) all[name] = readlinkSync(join(path, name));
    else all[name] = readFileSync(join(path, name), "utf8");
  }
  return all;
}
