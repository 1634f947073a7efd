/** The fenced code blocks of a Markdown file, and a way to run one as a reader would. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A fenced code block. */
export interface Snippet {
  /** What stands behind the fence: `ts`, `json`, `sh` … */
  language: string;
  code: string;
  /** The line of its fence, counted from 1. */
  line: number;
}

/** The repository's root, as a file URL. */
export const root: URL = new URL("../../", import.meta.url);

/** The fenced code blocks of a file of the repository, in order. */
export function snippets(file: string): Snippet[] {
  const text = readFileSync(new URL(file, root), "utf8");
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] as string,
    code: match[2] as string,
    line: text.slice(0, match.index).split("\n").length,
  }));
}

// Wherever a program is run from: the names of both packages are those of their sources.
process.env.TSX_TSCONFIG_PATH ??= fileURLToPath(new URL("tsconfig.json", root));

/** The command that runs a TypeScript file in the runtime that runs this test. */
export function runtimeCommand(file: string): [command: string, ...args: string[]] {
  if ("Deno" in globalThis) {
    const config = fileURLToPath(new URL("deno.json", root));
    return [process.execPath, "run", "--no-check", "--allow-all", "--config", config, file];
  }
  if (process.versions.bun !== undefined) return [process.execPath, file];
  return [process.execPath, "--import", import.meta.resolve("tsx"), file];
}

/** Runs code that imports the packages by their published names, and returns what it printed. */
export async function run(code: string, cwd: string = fileURLToPath(root)): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "snippet-"));
  try {
    const file = join(folder, "snippet.mts");
    writeFileSync(file, program(code));
    const [command, ...args] = runtimeCommand(file);
    return await new Promise((resolve, reject) =>
      execFile(
        command,
        args,
        { cwd },
        (error, stdout, stderr) =>
          error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
      )
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Code that can be run from anywhere: the packages' names are those of their sources. */
export function program(code: string): string {
  return code.replace(/"(deployer-\w+)(\/[\w/]+)?"/g, (_, name, entry = "/mod") => {
    const folder = name === "deployer-runner" ? "runner" : ".";
    return JSON.stringify(new URL(`${folder}${entry}.ts`, root).href);
  });
}
