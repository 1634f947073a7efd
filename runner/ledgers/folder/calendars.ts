/**
 * The calendars of a folder ledger, in `index/`: one of all entries, and one of what closed orders by
 * each status that is rare. An entry is in `open/` until it is known to be in the calendar. A name
 * that leads to nothing means nothing.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Entry } from "../ledger.ts";
import { Calendar, datedName, instantOf, NO_TIME } from "./calendar.ts";
import { noting } from "./documents.ts";
import { type Files, isCode, lookAt } from "./files.ts";
import type { Orders } from "./orders.ts";

/** The statuses that a calendar of their own leads to: among many that are APPLIED, they are few. */
export const RARE = ["FAILED", "UNKNOWN"] as const;

/** The calendars of a folder, by its name: of all entries, or of those that were closed like that. */
export type Calendars = Readonly<Record<"all" | typeof RARE[number], Calendar>>;

/** Those below `index/`. */
export function calendarsOf(files: Files, index: string): Calendars {
  return {
    all: new Calendar(files, join(index, "all")),
    FAILED: new Calendar(files, join(index, "FAILED")),
    UNKNOWN: new Calendar(files, join(index, "UNKNOWN")),
  };
}

/** Whether they are all there. */
export async function hasCalendars(files: Files, index: string): Promise<boolean> {
  const found = await Promise.all(
    ["all", ...RARE].map((name) => lookAt(files, join(index, name))),
  );
  return found.every((one) => one?.kind === "folder");
}

/** The calendar of a status, if it has one. */
export function calendarOf(
  calendars: Calendars,
  status: Entry["status"] | null | undefined,
): Calendar | undefined {
  const rare = RARE.find((one) => one === status);
  return rare && calendars[rare];
}

/**
 * Makes them in a folder of the time before them, or that has lost one of them: whole, or not at all.
 */
export async function makeCalendars(orders: Orders, index: string): Promise<void> {
  const { files } = orders;
  const made = join(orders.folder, `index.${randomUUID()}.tmp`);
  await files.makeFolder(made);
  try {
    const calendars = calendarsOf(files, made);
    for (const name of Object.keys(calendars)) await files.makeFolder(join(made, name));
    await files.flush(made);
    const added: [Calendar, name: string][] = [];
    for (const hash of await orders.hashes()) {
      const claim = await orders.claimOf(hash).catch(noting([]));
      const ends = claim && await orders.endsOf(claim);
      const name = datedName([claim ? instantOf(claim.fact.at) : NO_TIME], hash);
      const status = ends?.recovered ? "UNKNOWN" : ends?.result?.status;
      // What cannot be read may have any status, once somebody has mended it.
      const isKnown = ends !== undefined && ends.damage === undefined;
      const rare = isKnown
        ? calendarOf(calendars, status) ?? []
        : RARE.map((one) => calendars[one]);
      for (const calendar of [calendars.all, rare].flat()) {
        await calendar.prepare(name);
        await calendar.mark(name);
        added.push([calendar, name]);
      }
    }
    for (const calendar of Object.values(calendars)) {
      await calendar.flush(added.flatMap(([one, name]) => one === calendar ? [name] : []));
    }
    if (await lookAt(files, index) && !await hasCalendars(files, index)) {
      const left = join(orders.folder, `index.${randomUUID()}.tmp`);
      await files.rename(index, left);
      // Another process may have made it whole just now: it may have claims that came after this.
      if (await hasCalendars(files, left)) await files.rename(left, index);
      else await files.removeFolder(left);
    }
    await files.rename(made, index); // It fails if another one is in use.
    await files.flush(orders.folder);
  } catch (error) {
    await files.removeFolder(made);
    if (!isCode(error, "ENOTEMPTY", "EEXIST")) throw error;
  }
}
