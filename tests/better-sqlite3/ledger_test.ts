/**
 * The suite of all ledgers on better-sqlite3: `npm --prefix tests/better-sqlite3 test`, on Node 20 too, which
 * has no SQLite of its own. Where no binary of better-sqlite3 can be fetched, it is compiled.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { testLedger } from "deployer-runner/testing";
import { locks, weakOnes } from "../../runner/tests/sqlite_places.ts";
import { openDatabase, openDown } from "./open.ts";

const root = mkdtempSync(join(tmpdir(), "ledger-better-sqlite3-"));
after(() => rmSync(root, { recursive: true }));
const fresh = () => join(mkdtempSync(join(root, "fresh-")), "ledger.db");

testLedger("SQLite by better-sqlite3", {
  opener: new URL("open.ts", import.meta.url).href,
  fresh,
  openDown: () => openDown(fresh()),
  weak: () => weakOnes(openDatabase, fresh),
  waits: locks(openDatabase),
});
