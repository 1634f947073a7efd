/** Where the links of Markdown files lead: to files, to headings, to files of the published packages. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Addresses of the published packages, and the folders that hold their files here. */
const PUBLISHED = {
  "https://cdn.jsdelivr.net/npm/deployer-runtime@1/": ["."],
  "https://cdn.jsdelivr.net/npm/deployer-runner@1/": ["runner", "."],
};

/**
 * The links of a Markdown file that lead nowhere. Other addresses than those of the packages
 * themselves are left alone: no test reaches for the network.
 *
 * @param file The Markdown file
 * @param packed The root of the repository, in which the packages' own addresses are looked up
 */
export function brokenLinks(file: string, packed: string): string[] {
  const text = prose(readFileSync(file, "utf8"));
  const links = [...text.matchAll(/\]\(([^)\s]+)\)|<(https?:[^>\s]+)>/g)]
    .map(([, link, address]) => (link ?? address)!);
  return links.filter((link) => {
    for (const [address, folders] of Object.entries(PUBLISHED)) {
      if (!link.startsWith(address)) continue;
      const path = link.slice(address.length);
      return !folders.some((folder) => existsSync(join(packed, folder, path)));
    }
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", heading] = link.split("#");
    const target = path === "" ? file : join(dirname(file), path);
    if (!existsSync(target)) return true;
    return heading !== undefined && !headings(target).includes(heading);
  });
}

/** What is not in a fenced block of code. */
function prose(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** The anchors of a Markdown file's headings, as GitHub and npm make them. */
function headings(file: string): string[] {
  return [...prose(readFileSync(file, "utf8")).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(/[^\p{Letter}\p{Number} _-]/gu, "").replaceAll(" ", "-")
  );
}
