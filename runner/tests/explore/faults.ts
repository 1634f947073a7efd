/** Calls that fail once, and ledgers that call carelessly: what finds none of those proves nothing. */
import { Disk, failed } from "./disk.ts";
import type { Met } from "./power.ts";
import { brokenIn, FOLDER, type Story, Told } from "./stories.ts";

/** Puts a fault into a disk. */
export type Spoil = (disk: Disk) => void;

/** What a careless ledger does. */
export const CARELESS: Readonly<Record<string, Spoil>> = {
  "does not flush the names of its entries": (disk) => unflushed(disk, (path) => path === FOLDER),
  "does not flush the names of what may be open": (disk) =>
    unflushed(disk, (path) => path.endsWith("/open")),
  "does not flush its calendars": (disk) => unflushed(disk, (path) => path.includes("/index")),
  "does not flush what it writes": (disk) => {
    const create = disk.create.bind(disk);
    disk.create = async (path, text) => ({ ...await create(path, text), flush: async () => {} });
  },
  "links before it flushes": (disk) => {
    const create = disk.create.bind(disk);
    const flush = disk.flush.bind(disk);
    const late: (() => Promise<void>)[] = [];
    disk.create = async (path, text) => {
      const file = await create(path, text);
      return { ...file, flush: () => Promise.resolve(void late.push(file.flush)) };
    };
    disk.flush = async (path) => {
      await flush(path);
      for (const flushFile of path === FOLDER ? late.splice(0) : []) await flushFile();
    };
  },
  "renames where it should link": (disk) => {
    const link = disk.link.bind(disk);
    disk.link = async (path, name) => {
      if (await disk.look(name).then(() => true, () => false)) await disk.unlink(name);
      await link(path, name);
    };
  },
};

function unflushed(disk: Disk, isForgotten: (path: string) => boolean): void {
  const flush = disk.flush.bind(disk);
  disk.flush = async (path) => isForgotten(path) ? undefined : await flush(path);
}

/** Each of them may fail. */
const CALLS = [
  ...["create", "flush", "link", "rename", "unlink"] as const,
  ...["makeFolder", "list", "read", "look"] as const,
];

/** What a file system says of a call that fails. */
export const CODES = ["EIO", "ENOSPC", "EMFILE", "EROFS"] as const;

/**
 * Lets each single call of a story fail once.
 *
 * @param code What it fails with
 */
export async function failOnce(story: Story, code: string): Promise<Met> {
  for (let failing = 1;; failing += 1) {
    const disk = new Disk();
    const told = new Told();
    await story.begin?.(disk, told);
    let count = 0;
    let failure = "";
    for (const name of CALLS) {
      const call = (disk[name] as (...given: string[]) => Promise<unknown>).bind(disk);
      const failing_ = async (...given: string[]) => {
        count += 1;
        if (count !== failing) return await call(...given);
        failure = `${name} ${given.join(" ").slice(0, 200)}`;
        throw failed(code, String(given[0]));
      };
      Object.assign(disk, { [name]: failing_ });
    }
    const error = await story.tell(disk, told)
      .then(() => undefined, (error) => error);
    if (failure === "") return { states: failing - 1, broken: undefined };
    const isClear = error === undefined || error.name === "LedgerDown" ||
      error.name === "LedgerDamaged";
    const broken = isClear ? await brokenIn(disk, told, story.orders) : `${error.stack}`;
    if (broken) return { states: failing, broken: `${code} of ${failure}: ${broken}` };
  }
}
