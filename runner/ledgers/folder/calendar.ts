/**
 * Files by time, so that reading the newest costs what is read, whatever lies behind them: a folder a
 * day, in it a folder a minute, in it a link to each file of entries, or an empty file for one order.
 * Its name says the newest order, how far back the others reach, and which file or order it is:
 *
 *     2026-01-31/09-30/2026-01-31T09-30-12.345Z-20-0a4c….json
 */
import { dirname, join } from "node:path";
import type { Damage } from "../errors.ts";
import { type Files, give, isCode, lookAt, namesIn } from "./files.ts";

/** A day, as texts are ordered; years beyond 9999 have a sign. */
const DAY = /^(\d{4}|[+-]\d{6})-\d\d-\d\d$/;
const MINUTE = /^\d\d-\d\d$/;
const NAME =
  /^((?:\d{4}|[+-]\d{6})-\d\d-\d\d)T(\d\d-\d\d)-(\d\d\.\d{3})Z-(\d+)-([0-9a-f]{64}|[0-9a-f-]{36})\.json$/;

/** How many minutes a process remembers. */
const REMEMBERED = 10_000;

/** What has no time, because it cannot be read, stands before all others. */
export const NO_TIME = "0000-00-00T00:00:00.000Z";

/** Instants, as `toISOString()` writes them; nothing said is no limit. */
export interface Range {
  /** The oldest that is wanted. */
  readonly from?: string | null;
  /** The newest that is wanted. */
  readonly to?: string | null;
}

/** An instant as the calendar orders it, whatever the offset that it was written with. */
export function instantOf(at: string): string {
  return new Date(at).toISOString();
}

/** The minute of an instant: all orders of a file are of one. */
export function minuteOf(at: string): string {
  return instantOf(at).slice(0, -":00.000Z".length);
}

/**
 * The name of a file in the calendar.
 *
 * @param instants Of its orders, of one minute
 * @param id A UUID; of a file that is there for one order alone, that order's hash
 */
export function datedName(instants: readonly string[], id: string): string {
  const sorted = [...instants].sort();
  const oldest = sorted[0] as string;
  const newest = sorted.at(-1) as string;
  const span = oldest === NO_TIME ? 0 : Date.parse(newest) - Date.parse(oldest);
  return `${newest.replaceAll(":", "-")}-${span}-${id}.json`;
}

/** The hash of the one order that a file is there for; `undefined` if it is there for a batch. */
export function orderIn(name: string): string | undefined {
  const id = NAME.exec(name)?.[5];
  return id?.length === 64 ? id : undefined;
}

/** Whether a name is a calendar's. */
export function isDated(name: string): boolean {
  return NAME.test(name);
}

/** The newest instant in the file of that name. */
export function newestIn(name: string): string {
  const [, day, minute = "", second] = NAME.exec(name) ?? [];
  return `${day}T${minute.replace("-", ":")}:${second}Z`;
}

/** The oldest instant in it. */
export function oldestIn(name: string): string {
  const newest = newestIn(name);
  const span = Number(NAME.exec(name)?.[4]);
  return span === 0 ? newest : new Date(Date.parse(newest) - span).toISOString();
}

/** One calendar: a folder. */
export class Calendar {
  readonly #files: Files;
  readonly #folder: string;
  /** The folders of minutes that this process knows to be flushed. */
  readonly #flushed = new Set<string>();

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Where a file stands in it. */
  pathOf(name: string): string {
    const [, day = "", minute = ""] = NAME.exec(name) ?? [];
    return join(this.#folder, day, minute, name);
  }

  /**
   * Makes the folder that a file of this name stands in. It is flushed, whoever has made it: another
   * process may have been killed before it came to that.
   */
  async prepare(name: string): Promise<void> {
    const minute = dirname(this.pathOf(name));
    if (this.#flushed.has(minute)) return;
    const day = dirname(minute);
    for (const folder of [day, minute]) {
      await this.#files.makeFolder(folder).catch((error) => {
        if (!isCode(error, "EEXIST")) throw error;
      });
    }
    await Promise.all([this.#folder, day].map((folder) => this.#files.flush(folder)));
    if (this.#flushed.size === REMEMBERED) this.#flushed.clear();
    this.#flushed.add(minute);
  }

  /**
   * Gives a file its name here. It is flushed by `flush()`. Of one that has just gone from `open/`,
   * whoever took it away has given it that name, or has seen that it consumed nothing.
   */
  async add(path: string, name: string): Promise<void> {
    const dated = this.pathOf(name);
    await give(this.#files, path, dated).catch(async (fault) => {
      if (!isCode(fault, "ENOENT") || !await lookAt(this.#files, dirname(dated))) throw fault;
    });
  }

  /** Makes a file of the name of one order: the name says where it stands, and the file holds nothing. */
  async mark(name: string): Promise<void> {
    try {
      await (await this.#files.create(this.pathOf(name), "")).close();
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw error;
    }
  }

  /** Flushes names that were added. */
  async flush(names: Iterable<string>): Promise<void> {
    const minutes = new Set([...names].map((name) => dirname(this.pathOf(name))));
    await Promise.all([...minutes].map((minute) => this.#files.flush(minute)));
  }

  /**
   * Its files, the newest first, minute by minute: one whose orders all lie outside of the range is
   * left out where its name says so.
   *
   * @param beside Names that may be missing in it
   * @param damages Takes what stands in it and is no file of a calendar
   */
  async *newestFirst(
    { from, to }: Range,
    beside: readonly string[],
    damages: Damage[],
  ): AsyncGenerator<string[]> {
    const isWanted = (key: string) =>
      (!to || key <= to.slice(0, key.length)) && (!from || key >= from.slice(0, key.length));
    const days = await this.#names(this.#folder, DAY, damages);
    for (const name of beside) days.add(dayIn(newestIn(name)));
    for (const day of newestOf(days).filter(isWanted)) {
      const minutes = await this.#names(join(this.#folder, day), MINUTE, damages);
      const ofDay = beside.filter((name) => dayIn(newestIn(name)) === day);
      for (const name of ofDay) minutes.add(minuteIn(newestIn(name)));
      for (const minute of newestOf(minutes)) {
        if (!isWanted(`${day}T${minute.replace("-", ":")}`)) continue;
        const names = await this.#names(join(this.#folder, day, minute), NAME, damages);
        for (const name of ofDay) if (minuteIn(newestIn(name)) === minute) names.add(name);
        yield newestOf(names).filter((name) =>
          (!from || newestIn(name) >= from) &&
          (!to || newestIn(name) <= to || oldestIn(name) <= to)
        );
      }
    }
  }

  async #names(folder: string, kind: RegExp, damages: Damage[]): Promise<Set<string>> {
    const names = new Set<string>();
    for (const name of await namesIn(this.#files, folder)) {
      if (kind.test(name)) names.add(name);
      else if (!isNobodys(name)) {
        damages.push({ where: join(folder, name), problem: "is not a file of the ledger" });
      }
    }
    return names;
  }
}

/** What a file system leaves, as `.nfs…`, and what a process was writing when it was killed. */
export function isNobodys(name: string): boolean {
  return name.startsWith(".") || name.endsWith(".tmp");
}

function dayIn(instant: string): string {
  return instant.slice(0, instant.indexOf("T"));
}

function minuteIn(instant: string): string {
  const at = instant.indexOf("T");
  return instant.slice(at + 1, at + 6).replace(":", "-");
}

function newestOf(names: Set<string>): string[] {
  return [...names].sort().reverse();
}
