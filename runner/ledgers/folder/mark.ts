/** By what a folder says that it is a ledger, and of which version. */
import { join } from "node:path";
import { reading } from "./documents.ts";
import { type Files, lookAt, namesIn } from "./files.ts";

/** What stands in `ledger.json`. Version 1 had no index by time. */
export const MARK = { ledger: "deployer-runner/folder", version: 2 };

/**
 * What a folder is: a ledger of this version; one of before, which is read as it is, and brought to
 * this version by the first write; or nothing yet.
 */
export type Kind = "current" | "old" | "none";

/** What only a ledger has. */
const OURS = /^[0-9a-f]{64}(|\.result|\.recovered)\.json$/;

/** What may be in a folder that is to become a ledger: hidden files, our own, and a file system's. */
const HARMLESS = /^(\..*|output|lost\+found|((open|index)\.)?[0-9a-f-]{36}\.tmp)$/;

/** Where a folder has its mark. */
export function markPath(folder: string): string {
  return join(folder, "ledger.json");
}

/** @throws {Error} If the folder is somebody else's, or of a later version */
export async function kindOf(files: Files, folder: string): Promise<Kind> {
  const path = markPath(folder);
  const found = await reading(files)(path) as (Partial<typeof MARK> | null)[] | undefined;
  if (found === undefined) return await kindByNames(files, folder);
  const [mark] = found;
  if (mark?.ledger !== MARK.ledger) throw new Error(`${path} is not the mark of a ledger`);
  if (mark.version === 1) return "old";
  if (mark.version === MARK.version) return "current";
  throw new Error(
    `${path} says version ${JSON.stringify(mark.version)}: this package knows ${MARK.version}`,
  );
}

/** A ledger of before the mark is known by its names. */
async function kindByNames(files: Files, folder: string): Promise<Kind> {
  let hasOpen = false;
  let other = undefined as string | undefined;
  for (const name of await namesIn(files, folder)) {
    if (OURS.test(name)) return "old";
    if (name === "open") hasOpen = true;
    else if (!HARMLESS.test(name)) other ??= name;
  }
  if (other === undefined) return hasOpen ? "old" : "none";
  // Another process may have made it a ledger just now.
  if (await lookAt(files, markPath(folder))) return await kindOf(files, folder);
  throw new Error(
    `the folder ${JSON.stringify(folder)} is not a ledger: it holds ${JSON.stringify(other)}`,
  );
}
