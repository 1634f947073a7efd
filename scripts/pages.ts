/**
 * Copies the pages that a user of the Runner needs into its package, as `runner/docs/`: a step of
 * its build. A link within the package leads there; any other page is only named.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const PAGES = ["docs/ci.md", "docs/runners.md", "docs/scale.md"];

/** A link to a file of the repository: its words, its path, its heading. */
const LINK = /\[([^\]]+)\]\(([^)\s:#]+)(#[^)\s]*)?\)/g;

/**
 * A page as the package has it, in the same folder there.
 *
 * @param path Path of the page in the repository
 * @param isPacked Whether the package has a file, by its path in there
 */
export function packedPage(
  path: string,
  text: string,
  isPacked: (path: string) => boolean,
): string {
  return text.replaceAll(LINK, (_, words, target, heading = "") => {
    const file = join(dirname(path), target).replace(/^runner\//, "");
    if (!isPacked(file)) return `${words} (in the repository)`;
    return `[${words}](${relative(dirname(path), file)}${heading})`;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const root = fileURLToPath(new URL("../", import.meta.url));
  const isPacked = (file: string) => PAGES.includes(file) || existsSync(join(root, "runner", file));
  rmSync(join(root, "runner/docs"), { recursive: true, force: true });
  mkdirSync(join(root, "runner/docs"));
  for (const path of PAGES) {
    const page = packedPage(path, readFileSync(join(root, path), "utf8"), isPacked);
    writeFileSync(join(root, "runner", path), page);
  }
}
