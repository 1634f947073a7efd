/** The line that a person sees while a command runs: how long it has taken, and what it says. */
import { statSync } from "node:fs";
import { lookAtOutput } from "../actions/output.ts";
import type { Out } from "./shell.ts";
import { clean, fit, spoken, type Style } from "./style.ts";

/** Often enough to look alive. */
const INTERVAL = 100;

/** A line of the terminal that is written again and again. */
export interface Progress {
  /** Writes a line of its own above it. */
  say(text: string): void;
  /** Takes it away. */
  end(): void;
}

/**
 * Shows the line, until it is ended.
 *
 * @param files What the command writes to, as it does: the last line is of the one it wrote to last
 */
export function showProgress(out: Out, style: Style, files: readonly string[]): Progress {
  const start = performance.now();
  const width = () => Math.max(10, out.columns - 1);
  const erase = "\r\x1b[K";
  const draw = () => {
    const time = spoken(performance.now() - start);
    const text = fit(`${time}  ${lastLine(files)}`, width());
    void out.write(erase + style.paint("dim", text));
  };
  const timer = setInterval(draw, INTERVAL);
  return {
    say(text) {
      void out.write(`${erase}${text}\n`);
    },
    end() {
      clearInterval(timer);
      void out.write(erase);
    },
  };
}

/** The last line of the file that was written to last; nothing as long as there is none. */
function lastLine(files: readonly string[]): string {
  let newest = 0;
  let line = "";
  for (const file of files) {
    try {
      const { mtimeMs, size } = statSync(file);
      if (size === 0 || mtimeMs <= newest) continue;
      newest = mtimeMs;
      const { end = "" } = lookAtOutput(file);
      line = end.split(/[\r\n]+/).findLast((text) => text.trim()) ?? "";
    } catch { /* It is not there yet. */ }
  }
  return clean(line.trim());
}
