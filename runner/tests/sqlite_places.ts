/** SQLite files that lose commits or are locked, for the suite of all ledgers, whatever the driver. */
import { type Database, SqliteLedger } from "deployer-runner/ledgers/sqlite";
import type { Waits, Weak } from "deployer-runner/testing";

/** An open database of any driver. */
export interface Opened extends Database {
  exec(sql: string): unknown;
  close(): void;
}

type Open = (path: string) => Opened | Promise<Opened>;

/** What a ledger writes with, whatever its file or the owner of its database has set. */
const NEEDED = {
  locking_mode: "normal",
  journal_mode: "wal",
  synchronous: 2,
  fullfsync: 1,
  read_uncommitted: 0,
};

/** Given databases whose owner has other wishes. */
export async function weakOnes(openDatabase: Open, fresh: () => string): Promise<Weak[]> {
  const owners = [
    ["synchronous = off", "synchronous = normal", "fullfsync = off", "read_uncommitted = on"],
    ...["delete", "truncate", "persist", "memory", "off"].map((mode) => [`journal_mode = ${mode}`]),
    ["locking_mode = exclusive", "journal_mode = memory"],
    ["locking_mode = exclusive", "journal_mode = wal"],
  ];
  return await Promise.all(owners.map(async (pragmas) => {
    const database = await openDatabase(fresh());
    for (const pragma of pragmas) database.exec(`pragma ${pragma}`);
    return {
      what: pragmas.join(),
      needed: NEEDED,
      open: () => SqliteLedger.open(database),
      settings() {
        const found = Object.keys(NEEDED).map((name) => {
          const [row = {}] = database.prepare(`pragma main.${name}`).all();
          return [name, Object.values(row)[0]];
        });
        return Promise.resolve(Object.fromEntries(found));
      },
    };
  }));
}

/** The lock of another connection. */
export function locks(openDatabase: Open): Waits {
  return {
    async hold(path) {
      const database = await openDatabase(path);
      database.exec("begin immediate");
      return () => Promise.resolve(database.close()); // It rolls back.
    },
    openImpatient: async (path) =>
      await SqliteLedger.open(await openDatabase(path), { patience: 200 }),
  };
}
