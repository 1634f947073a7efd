/**
 * Writes the address of the repository into the manifests of both packages, as `repository`,
 * `homepage` and `bugs`: `npm run generate`. With `--check` it only compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";

/** Where the repository is, such as `https://github.com/OWNER/NAME`. Empty: none of it is written. */
const REPOSITORY = "";

/** Manifests, each with the folder of its package in the repository. */
const MANIFESTS = { "package.json": "", "runner/package.json": "runner" };

/**
 * A manifest that says where its package comes from.
 *
 * @param folder The folder of the package in the repository, empty for its root
 */
export function withRepository(manifest: object, repository: string, folder: string): object {
  const { repository: _, homepage: __, bugs: ___, ...rest } = manifest as Record<string, unknown>;
  if (repository === "") return rest;
  const source = { type: "git", url: `git+${repository}.git` };
  return {
    ...rest,
    repository: folder === "" ? source : { ...source, directory: folder },
    homepage: folder === "" ? `${repository}#readme` : `${repository}/tree/HEAD/${folder}#readme`,
    bugs: `${repository}/issues`,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [path, folder] of Object.entries(MANIFESTS)) {
    const text = readFileSync(path, "utf8");
    const manifest = withRepository(JSON.parse(text), REPOSITORY, folder);
    const written = `${JSON.stringify(manifest, null, 2)}\n`;
    if (text === written) continue;
    if (process.argv.includes("--check")) {
      throw new Error(`${path} is not what npm run generate makes`);
    }
    writeFileSync(path, written);
  }
}
