/** `node:fs` over the files that the bundle carries: `folder/name` is all that counts of a path. */
import files from "generated:files";

/** Names in a folder. */
export function readdirSync(folder: URL): string[] {
  const prefix = folder.pathname.split("/").slice(-2).join("/");
  return Object.keys(files).filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}

/** The text of a file. */
export function readFileSync(file: URL): string {
  const name = file.pathname.split("/").slice(-2).join("/");
  if (!(name in files)) throw new Error(`cannot read ${name}: the bundle does not carry it`);
  return files[name] as string;
}

/** Never called: no golden file is written from here. */
export function writeFileSync(): never {
  throw new Error("cannot write: the bundle has no files of its own");
}
