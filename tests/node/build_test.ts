/** The build can be repeated: two builds, in two folders, give the same bytes. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";

const root = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = readdirSync(root).filter((name) => /\.ts$|^package\.json$|^tsconfig/.test(name));

/** Builds in a folder of its own; returns the hash of each file. */
function build(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "deployer-build-"));
  try {
    for (const file of SOURCES) copyFileSync(join(root, file), join(folder, file));
    for (const name of ["schemas", "scripts"]) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const { status, stderr } = spawnSync("npm", ["run", "--silent", "build"], {
      cwd: folder,
      encoding: "utf8",
    });
    assertEquals(status, 0, stderr);
    const dist = join(folder, "dist");
    return Object.fromEntries(
      readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) =>
        /\.[a-z]+$/.test(file)
      ).sort().map((file) => [
        file,
        createHash("sha256").update(readFileSync(join(dist, file))).digest("hex"),
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("two builds in two folders give the same bytes", () => {
  const first = build();
  assert("mod.js" in first && "commonjs/mod.js" in first);
  assertEquals(build(), first);
});
