/**
 * One worker: `DATABASE_URL=… npm run worker -- NAME`. SIGTERM lets it finish what it has begun,
 * as does the end of the process that forked it.
 */
import process from "node:process";
import { demo } from "./action.ts";
import { openQueue } from "./queue.ts";
import { openLedger, work } from "./runner.ts";

const { DATABASE_URL: url } = process.env;
if (url === undefined) throw new Error("DATABASE_URL is missing: it names the fleet's database");
const [runner = "worker"] = process.argv.slice(2);

const stop = new AbortController();
for (const event of ["SIGTERM", "disconnect"]) process.once(event, () => stop.abort());
process.channel?.unref(); // To listen for its end is no reason to live on.
const queue = await openQueue(url);
await work({
  runner,
  queue,
  openLedger: () => openLedger(url),
  action: demo,
  lanes: 2,
  signal: stop.signal,
  say: (orderId, what) => console.log(`${runner}  ${orderId}  ${what}`),
}).finally(() => queue.stop({ graceful: false }));
