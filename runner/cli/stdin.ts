/** What becomes of stdin. */
import { BadInput } from "./exit.ts";
import type { Shell } from "./shell.ts";

/** What a command gets: whatever is on stdin. A terminal is for `--tty` to give. */
export async function stdinOf(shell: Shell): Promise<"inherit" | "ignore"> {
  return await shell.lookAtStdin() ? "inherit" : "ignore";
}

/** How long a pipe may be silent until it is taken for one that nobody closes, in milliseconds. */
const SILENCE = 1000;

/**
 * Refuses what stdin holds, where it cannot be handed on: it would be dropped without a word. Only
 * reading tells what a pipe holds; what is read is gone, as it is where `ssh` itself reads it.
 *
 * @throws {BadInput} One that says what to do
 */
export async function refuseStdin(shell: Shell): Promise<void> {
  const stdin = await shell.lookAtStdin();
  if (stdin === undefined || stdin.bytes === 0) return;
  if (stdin.kind === "pipe" && await isAtEnd(shell.stdin)) return;
  throw new BadInput(
    "stdin is not handed on to another machine, and it holds something or is a pipe that is still " +
      "open: add < /dev/null",
  );
}

/** Whether it ends without a byte. It is read on to its end: no loop goes on with half a line. */
async function isAtEnd(stdin: AsyncIterable<Uint8Array>): Promise<boolean> {
  let bytes = 0;
  let timer = undefined as ReturnType<typeof setTimeout> | undefined;
  const ended = async () => {
    for await (const chunk of stdin) bytes += chunk.length;
    return bytes === 0;
  };
  const silent = new Promise<boolean>((late) => timer = setTimeout(late, SILENCE, false));
  return await Promise.race([ended().catch(() => false), silent])
    .finally(() => clearTimeout(timer));
}
