/** Runs one script in workerd, in a request, and prints what it logs: `node laws.mjs SCRIPT`. */
import { readFileSync } from "node:fs";
import { Miniflare } from "miniflare";

// Timers are only to be had within a request: the script, which imports nothing, becomes a function.
const laws = readFileSync(process.argv[2], "utf8");
// A module in workerd has no address; the tests resolve names of files against one.
const script = `export async function run() {
${laws.replaceAll("import.meta.url", '"file:///laws.js"')}
}`;
const worker = `
import { run } from "laws.js";

export default {
  async fetch() {
    const said = [];
    // Its own calls several in one turn; the tests count turns.
    globalThis.setImmediate = (body) => void setTimeout(body, 0);
    console.log = (line) => said.push(line);
    await run();
    return new Response(said.at(-1));
  },
};`;
const miniflare = new Miniflare({
  compatibilityDate: "2026-01-01",
  // As in every other place, a rejection that is handled within its turn is no unhandled one.
  compatibilityFlags: ["unhandled_rejection_after_microtask_checkpoint"],
  modules: [
    { type: "ESModule", path: "worker.js", contents: worker },
    { type: "ESModule", path: "laws.js", contents: script },
  ],
});
const response = await miniflare.dispatchFetch("http://localhost/");
console.log(await response.text());
await miniflare.dispose();
