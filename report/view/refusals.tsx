import type { JSX } from "preact";
import type { Refusal } from "../reading/book.ts";
import { Text } from "./text.tsx";

const MANY = 200;

interface RefusalsProps {
  readonly refusals: readonly Refusal[];
  /** Whether nothing else was read. */
  readonly isAll: boolean;
}

/** What could not be read, by file and line. All else is shown. */
export function Refusals({ refusals, isAll }: RefusalsProps): JSX.Element | null {
  if (refusals.length === 0) return null;
  return (
    <details class="refusals" open={isAll}>
      <summary>{refusals.length.toLocaleString("en")} not read</summary>
      <ul>
        {refusals.slice(0, MANY).map(({ file, line, reason }, index) => (
          <li key={index}>
            <b>
              <Text value={file} />, line {line.toLocaleString("en")}
            </b>
            : <Text value={reason} />
          </li>
        ))}
      </ul>
      {refusals.length > MANY && <p>The first {MANY} are shown.</p>}
    </details>
  );
}
