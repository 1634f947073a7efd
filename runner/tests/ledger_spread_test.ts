/** Orders that are spread over several ledgers: to a Runner, they are one ledger. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { testLedger } from "deployer-runner/testing";
import { partsOf } from "./folder_parts.ts";
import { openLedger } from "./open_spread.ts";
import { runtime } from "./runtime.ts";

const root = mkdtempSync(join(tmpdir(), "ledger-spread-"));
after(() => rmSync(root, { recursive: true }));

testLedger("three folders", {
  opener: new URL("open_spread.ts", import.meta.url).href,
  runtime,
  fresh: () => mkdtempSync(join(root, "fresh-")),
  openDown() {
    const file = join(mkdtempSync(join(root, "down-")), "file");
    writeFileSync(file, "");
    return openLedger(file);
  },
  parts: partsOf((location, orderId) => {
    const number = createHash("sha256").update(orderId).digest().readUInt32BE();
    return join(location, String(1 + number % 3));
  }),
  weak: "none",
  waits: "none",
});
