/** The results that stand in the page itself, written by `deployer report`. */
import type { Given } from "./reading/read.ts";

/** Blocks of them: each holds a list of ledger entries. No `<` stands in them. */
export const embedded: Given[] = [
  ...document.querySelectorAll("script[type='application/json'].entries"),
]
  .map((block, index) => ({ name: `this page, part ${index + 1}`, text: block.textContent }));

/** When they were read from the ledger; `undefined` if there are none. */
export const writtenAt: string | undefined = document
  .querySelector<HTMLElement>("script[type='application/json'].entries")?.dataset.written;
