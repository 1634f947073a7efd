/** Databases that lose commits or do not answer, for the suite of all ledgers, whatever the client. */
import type { Ledger } from "deployer-runner";
import type { Waits, Weak } from "deployer-runner/testing";
import { openSession } from "./open_postgres.ts";

type Open = (url: string) => Promise<Ledger>;

/** Databases whose owner has given the safety of a commit for its speed. */
export async function weakOnes(fresh: () => Promise<string>, openLedger: Open): Promise<Weak[]> {
  const made = async (what: string, statement: (name: string) => string): Promise<Weak> => {
    const url = await fresh();
    const session = await openSession(url);
    // Else the server itself would flush what nobody waits for.
    await session.query("alter system set wal_writer_delay = '10s'");
    await session.query("select pg_reload_conf()");
    await session.query(statement(new URL(url).pathname.slice(1)));
    return {
      what,
      open: () => openLedger(url),
      async settings() {
        const { rows } = await session.query(
          "select pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn() as flushed",
        );
        return rows[0];
      },
      needed: { flushed: true },
    };
  };
  return [
    await made("a database", (name) => `alter database ${name} set synchronous_commit = off`),
    await made("a local one", (name) => `alter database ${name} set synchronous_commit = local`),
    await made("an unlogged table", () => "alter table deployer.orders set unlogged"),
  ];
}

/** The lock of another session. */
export function tableLock(openImpatient: Open): Waits {
  return {
    async hold(url) {
      const session = await openSession(url);
      await session.query("begin; lock table deployer.orders in exclusive mode");
      return () => session.query("rollback");
    },
    openImpatient,
  };
}
