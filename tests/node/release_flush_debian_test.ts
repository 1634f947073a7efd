/** A release survives a loss of power: what was copied is flushed before the switch. By `strace`. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { root } from "../support/snippets.ts";

const folder = mkdtempSync(join(tmpdir(), "release-flush-"));
after(() => rmSync(folder, { recursive: true }));

const PROGRAM = `
import { execute } from "deployer-runtime";
import { releaseSwitch } from "deployer-runner/actions/release";
const order = { orderId: "x", action: { name: "release", input: { site: "site" } } };
const context = { executionId: "e", runner: "r" };
const result = await execute(order, context, releaseSwitch("", "deployed"));
console.log(result.status, JSON.stringify(result.trace));
`;

/** Releases a site in a process of its own, under strace; what it says, and its system calls. */
function release(name: string, ...options: string[]) {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, "site/assets"), { recursive: true });
  for (const file of ["index.html", "assets/style.css"]) {
    writeFileSync(join(cwd, "site", file), file);
  }
  const program = PROGRAM
    .replace("deployer-runtime", new URL("mod.ts", root).href)
    .replace("deployer-runner/actions/release", new URL("runner/actions/release.ts", root).href);
  writeFileSync(join(cwd, "release.mts"), program);
  const args = ["-f", "-y", "-e", "trace=fsync,rename", "-o", "calls", ...options];
  const command = [process.execPath, "--import", import.meta.resolve("tsx"), "release.mts"];
  const env = { ...process.env, TSX_TSCONFIG_PATH: fileURLToPath(new URL("tsconfig.json", root)) };
  const { stdout, stderr } = spawnSync("strace", [...args, ...command], {
    cwd,
    env,
    encoding: "utf8",
  });
  assert(stdout !== "", stderr);
  return { cwd, stdout, calls: readFileSync(join(cwd, "calls"), "utf8").split("\n") };
}

test("every file and folder of a release is flushed before the switch, and the link after it", () => {
  const { cwd, stdout, calls } = release("sound");
  assertMatch(stdout, /^APPLIED /);
  const id = readdirSync(join(cwd, "deployed/releases"))[0];
  const flushed = (path: string) =>
    calls.findIndex((call) => call.includes("fsync(") && call.includes(`<${join(cwd, path)}>`));
  const switched = calls.findIndex((call) => call.includes("rename(") && call.includes("current"));
  const below = `deployed/releases/${id}`;
  for (const path of ["", "/index.html", "/assets", "/assets/style.css"]) {
    const at = flushed(below + path);
    assert(at >= 0 && at < switched, `${path}: ${at} of ${switched}`);
  }
  assert(flushed("deployed/releases") >= 0 && flushed("deployed/releases") < switched);
  assert(flushed("deployed") > switched);
});

test("a release that cannot be flushed is FAILED, and is not switched; a link that cannot, UNKNOWN", () => {
  const failed = release("before", "-e", "inject=fsync:error=EIO:when=1");
  assertMatch(failed.stdout, /^FAILED .*EIO/);
  assertEquals(readdirSync(join(failed.cwd, "deployed")), ["releases"]);
  assertEquals(readdirSync(join(failed.cwd, "deployed/releases")), []);

  const path = join(folder, "after/deployed");
  const unknown = release("after", "-P", path, "-e", "inject=fsync:error=EIO");
  assertMatch(unknown.stdout, /^UNKNOWN .*EIO/);
  assert(existsSync(join(path, "current/index.html")));
});
