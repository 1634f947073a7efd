/** The results that stand in the page itself, written by `deployer report`. */
import type { Given } from "./reading/read.ts";

export interface Embedded {
  /** Lists of ledger entries, as JSON. */
  readonly blocks: readonly Given[];
  /** When they were read from the ledger; `undefined` if there are none. */
  readonly writtenAt: string | undefined;
}

/** What stands in the page, once the browser has read it to its end. */
export function findEmbedded(): Embedded {
  const blocks = [...document.querySelectorAll<HTMLElement>("script.entries[type$='json']")];
  return {
    blocks: blocks.map(({ textContent }, index) => ({
      name: `this page, part ${index + 1}`,
      text: textContent ?? "",
    })),
    writtenAt: blocks[0]?.dataset.written,
  };
}
