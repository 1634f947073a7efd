/**
 * What must not compile: each line after a `@ts-expect-error` is a mistake that the types find, and
 * `npm run check:types` fails if one of them does not.
 */
import { type Option, OPTIONS, type Values } from "../cli/options.ts";

/** Rows of the table of options. */
export const rows: Partial<{ [Name in keyof Values]: Option<Values[Name]> }> = {
  // @ts-expect-error -- it has no reader
  timeout: { value: "TIME", help: "" },
  // @ts-expect-error -- exit codes are read as a time
  success: { value: "CODES", help: "", read: OPTIONS.timeout.read },
  // @ts-expect-error -- what may be left out has no value then, and must have one
  grace: { value: "TIME", help: "", read: OPTIONS.timeout.read },
};

// @ts-expect-error -- all rows but one are no table
export const table: typeof OPTIONS = { ...OPTIONS, limit: undefined };
