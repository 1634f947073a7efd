/** Runs `worker.js` of a project in workerd, with the module as it is installed there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Miniflare } from "miniflare";

const [folder] = process.argv.slice(2);
const module = "node_modules/deployer-runtime/dist/mod.js";
const modules = {
  "worker.js": "worker.js",
  "order.js": "order.js",
  // What `import "deployer-runtime"` names, beside the worker.
  "deployer-runtime": module,
};
const miniflare = new Miniflare({
  compatibilityDate: "2026-01-01",
  modules: Object.entries(modules).map(([path, file]) => ({
    type: "ESModule",
    path,
    contents: readFileSync(join(folder, file), "utf8"),
  })),
});
const response = await miniflare.dispatchFetch("http://localhost/");
console.log(await response.text());
await miniflare.dispose();
