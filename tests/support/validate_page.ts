/** A folder in which the snippets of docs/validate.md run, as in a user's project. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute } from "../../mod.ts";
import { snippets } from "./snippets.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** The snippets of the page in one language, in order. */
export function snippetsIn(language: string): string[] {
  return snippets("docs/validate.md").filter((snippet) => snippet.language === language)
    .map(({ code }) => code);
}

const ONE_FILE = "deployer-runtime.schema.json";

/** Lays out a project that has it, the packages, an order and a result. */
export async function project(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "validate-"));
  copyFileSync(join(root, "schemas", ONE_FILE), join(folder, ONE_FILE));
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["ajv", "@sourcemeta", ".bin"]) {
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  symlinkSync(root, join(folder, "node_modules", "deployer-runtime"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');

  const order = { orderId: "order-1", action: { name: "release.switch" } };
  const value = {
    rows: 9007199254740993n,
    rate: [NaN, -0],
    key: "\ud800",
    digest: new Uint8Array([222, 173]),
    byName: new Map([["a", 1n]]),
    own: { $js: "mine" },
    at: new Date(0),
    list: new Set([1]),
  };
  const result = await execute(order, { executionId: "execution-1", runner: "alice" }, () => value);
  const write = (name: string, document: unknown) =>
    writeFileSync(join(folder, name), JSON.stringify(document));
  write("order.json", order);
  write("result.json", result);
  write("refused.json", { ...result, status: "DONE" });
  return folder;
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true });
}

/** Runs a command in a folder, and tells how it ended. */
export function run(
  cwd: string,
  command: string,
  ...args: string[]
): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error) throw error;
  return { status, output: stdout + stderr };
}
