/** The guide `docs/runners.md`, in sections, for the tests that run its snippets. */
import { readFileSync } from "node:fs";
import { root, snippets } from "./snippets.ts";

const GUIDE = "docs/runners.md";
const text = readFileSync(new URL(GUIDE, root), "utf8").split("\n");

/** Snippets by language; `text` is what one prints. */
export type Code = Record<"ts" | "sh" | "sql" | "py" | "text", string[]>;

/** The code of a section's snippets, by language, in order. */
export function section(heading: string): Code {
  const [first, next] = lines(heading);
  const own = snippets(GUIDE).filter(({ line }) => line > first && line <= next);
  const code: Code = { ts: [], sh: [], sql: [], py: [], text: [] };
  for (const { language, code: snippet } of own) code[language as keyof Code].push(snippet);
  return code;
}

/** The rows of a section's first table, without its head, by cells. */
export function tableRows(heading: string): string[][] {
  const own = text.slice(...lines(heading));
  const first = own.findIndex((line) => line.startsWith("| -")) + 1;
  const after = own.findIndex((line, i) => i > first && !line.startsWith("|"));
  return own.slice(first, after)
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}

/** The line of a section's heading, and that of the next one, counted from 0. */
function lines(heading: string): [first: number, next: number] {
  const isHeading = (line: string) => /^##+ /.test(line);
  const first = text.findIndex((line) => isHeading(line) && line.replace(/^#+ /, "") === heading);
  if (first < 0) throw new Error(`cannot find the section ${JSON.stringify(heading)} in ${GUIDE}`);
  const next = text.findIndex((line, i) => i > first && isHeading(line));
  return [first, next < 0 ? text.length : next];
}
