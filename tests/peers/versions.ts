/** What was measured, and when. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";

export function versions(): string {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL("package.json", import.meta.url), "utf8"),
  );
  const peers = Object.entries(dependencies).filter(([, version]) => !version.startsWith("file:"));
  const { stdout } = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  const [redis = "not installed"] = stdout?.match(/[0-9.]{3,}/) ?? [];
  return [
    new Date().toISOString().slice(0, 10),
    `Node ${process.versions.node}`,
    ...peers.map(([name, version]) => `${name} ${version}`),
    `redis-server ${redis}`,
  ].join(", ");
}
