/**
 * How long `deployer` takes to start, beside the runtime itself: `deployer --help` and
 * `deployer exec -- true`, as ratios to `node -e 0` and its like. Medians over many processes, of the
 * packed package; printed, not gated.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spread } from "./measure.ts";
import { DENO, root, version } from "./runtimes.ts";
import { print } from "./table.ts";

const processes = Number(process.env["BENCH_PROCESSES"] ?? 40);

/** As a user starts it. */
const RUNTIMES: Record<string, string[]> = {
  Node: ["node"],
  Deno: [DENO, "run", "--quiet", "--allow-all"],
  Bun: [join(root, "node_modules/.bin/bun")],
};

const folder = mkdtempSync(join(tmpdir(), "bench-cli-"));
try {
  const main = install();
  const empty = join(folder, "empty.mjs");
  writeFileSync(empty, "");
  for (const [runtime, [command = "", ...args]] of Object.entries(RUNTIMES)) {
    const nothing = runtime === "Node" ? ["-e", "0"] : [...args, empty];
    const ratios: Record<string, number[]> = { "deployer --help": [], "deployer exec -- true": [] };
    for (let i = -2; i < processes; i++) {
      const theirs = time(command, nothing);
      for (const [what, measured] of Object.entries(ratios)) {
        const given = what.split(" ").slice(1);
        const mine = time(command, [...args, main, ...given]);
        if (i >= 0) measured.push(mine / theirs); // The first ones fill the caches.
      }
    }
    const rows = Object.entries(ratios).map(([what, measured]) => ({
      what,
      ratio: `whole process / ${runtime === "Node" ? "node -e 0" : "an empty module"}`,
      measured: spread(measured),
    }));
    print(version(runtime), rows);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Packs both packages, installs them, and says where the command is. */
function install(): string {
  for (const packed of [root, join(root, "runner")]) {
    execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: packed });
  }
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  const tarballs = ["deployer-runtime", "deployer-runner"].map((name) => `./${name}-1.0.0.tgz`);
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", ...tarballs], {
    cwd: folder,
  });
  mkdirSync(join(folder, ".deployer"));
  return join(folder, "node_modules/deployer-runner/dist/esm/cli/main.js");
}

function time(command: string, args: string[]): number {
  const before = performance.now();
  const { status, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - before;
}
