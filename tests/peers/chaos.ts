/**
 * What becomes of the same orders under the same kills: this project beside what people use instead.
 *
 *     npm --prefix tests/peers run chaos -- --seed 7              # in the repository's root
 *     npm run chaos -- --only BullMQ --kills 5     # in this folder: rows whose names hold that
 */
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { lendDatabases } from "./databases.ts";
import type { Row } from "./judge.ts";
import { type Plan, underKills } from "./kills.ts";
import { ENTRIES } from "./rows.ts";
import { markdown } from "./table.ts";
import { versions } from "./versions.ts";

const { values } = parseArgs({
  options: {
    orders: { type: "string", default: "200" },
    kills: { type: "string", default: "20" },
    lanes: { type: "string", default: "4" },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
    only: { type: "string", default: "" },
  },
});
const plan: Plan = {
  orders: Number(values.orders),
  kills: Number(values.kills),
  seed: Number(values.seed),
  patience: 20_000,
};
const lanes = Number(values.lanes);
const root = mkdtempSync(join(tmpdir(), "peers-"));
const databases = await lendDatabases();
const table: ({ contender: string } & Row)[] = [];
try {
  for (const { name, file, variant } of ENTRIES) {
    if (!name.includes(values.only)) continue;
    const begin = performance.now();
    const ground = {
      folder: join(root, `${file}-${variant}`),
      database: databases.next,
      variant,
      lanes,
    };
    const module = new URL(`contenders/${file}.ts`, import.meta.url).href;
    try {
      table.push({ contender: name, ...await underKills(module, ground, plan) });
      console.error(`${name}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    } catch (error) {
      console.error(`${name}:`, error); // The others are measured all the same.
      process.exitCode = 1;
    }
  }
} finally {
  await databases.stop();
  rmSync(root, { recursive: true, force: true });
}
console.log(
  `${plan.orders} orders, ${lanes} in flight, up to ${plan.kills} kills, seed ${plan.seed}; ${versions()}\n`,
);
console.log(markdown(table));
process.exit();
