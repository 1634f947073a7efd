/** Long work in short pieces: between two of them, the page draws and answers. */

/** How long to work at a stroke, in ms: less than half a frame. */
const LONGEST = 8;

interface Scheduler {
  yield?(): Promise<void>;
}

let since = performance.now();

/** Lets the page draw, if it is time to. */
export function pause(): Promise<void> | undefined {
  return performance.now() - since < LONGEST ? undefined : rest();
}

async function rest(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: Scheduler };
  if (scheduler?.yield) await scheduler.yield();
  else await new Promise((resolve) => setTimeout(resolve));
  since = performance.now();
}
