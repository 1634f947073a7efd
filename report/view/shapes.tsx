/** What stands for a status. */
import type { JSX } from "preact";
import type { Status } from "../reading/book.ts";
import { shape } from "../shape.ts";

export function StatusShape({ status }: { status: Status }): JSX.Element {
  return (
    <svg class={`shape ${status}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={shape(status, 8, 8, 5)} fill-rule="evenodd" />
    </svg>
  );
}

/** What the page calls a status. */
export const NAMES: Readonly<Record<Status, string>> = {
  APPLIED: "APPLIED",
  FAILED: "FAILED",
  UNKNOWN: "UNKNOWN",
  OPEN: "OPEN",
  INVALID: "NO STATUS",
};
