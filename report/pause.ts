/** Long work in short pieces: between two of them, the page draws and answers. */

/** How long to work at a stroke, in ms: the rest of a frame of 16 is for drawing, and for the engine. */
const LONGEST = 6;

let since = performance.now();

/** Lets the page draw, if it is time to. */
export function pause(): Promise<void> | undefined {
  return performance.now() - since < LONGEST ? undefined : rest();
}

/** By a timer: after `scheduler.yield()` Chromium goes on with the work before it draws. */
async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  since = performance.now();
}
