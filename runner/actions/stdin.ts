/** Standard input: what it is, and what a command that inherits it will find there. */
import { createHash } from "node:crypto";
import { fstatSync, readFileSync, statfsSync, statSync } from "node:fs";
import { devNull } from "node:os";
import { isatty } from "node:tty";
import { bytesOf } from "./output.ts";

/** Standard input that may hold something. */
export interface Stdin {
  /** A socket is a pipe here; "other" is a device or a folder. */
  kind: "file" | "pipe" | "other";
  /** Where a command will read a file from; absent where the system does not tell. */
  offset?: number;
  /** How many bytes of a file lie from there on. */
  bytes?: number;
}

/** What is recorded of it. Nobody but the command reads a pipe: it has neither size nor hash. */
export interface StdinEvidence extends Pick<Stdin, "kind" | "bytes"> {
  sha256?: string;
}

/** Looks without reading; `undefined` for a terminal, the null device, and where it is closed. */
export function lookAtStdin(): Stdin | undefined {
  try {
    const stat = fstatSync(0);
    if (isatty(0)) return undefined;
    if (stat.isCharacterDevice() && stat.rdev === statSync(devNull).rdev) return undefined;
    if (stat.isFIFO() || stat.isSocket()) return { kind: "pipe" };
    if (!stat.isFile()) return { kind: "other" };
    const offset = offsetOfStdin();
    if (offset === undefined) return { kind: "file" };
    const bytes = Math.max(0, stat.size - offset);
    return bytes === 0 && !isMeasured() ? { kind: "file" } : { kind: "file", offset, bytes };
  } catch {
    return undefined;
  }
}

/** Only Linux says it without a system call that Node lacks. */
function offsetOfStdin(): number | undefined {
  try {
    const [, offset] = /^pos:\s*(\d+)$/m.exec(readFileSync("/proc/self/fdinfo/0", "utf8")) ?? [];
    return offset === undefined ? undefined : Number(offset);
  } catch {
    return undefined;
  }
}

/** Linux's `magic.h`: systems of real files that have no blocks where memory is not limited. */
const OF_MEMORY = { tmpfs: 0x01021994, ramfs: 0x858458f6, overlayfs: 0x794c7630 };

/**
 * Whether the size of the file on stdin is how much it holds. One of /proc says 0, whatever it holds;
 * to read it could take from the command what is there once. A system of such files has no blocks.
 */
function isMeasured(): boolean {
  const { blocks, type } = statfsSync("/proc/self/fd/0");
  return blocks > 0 || Object.values(OF_MEMORY).includes(type);
}

/**
 * What a command that is started now will find. The offset stays where it is: a loop of a shell that
 * reads lines from the same file loses none of them.
 *
 * @param check Called between reads: what it throws ends them
 */
export async function readStdin(check: () => void): Promise<StdinEvidence | undefined> {
  const stdin = lookAtStdin();
  if (stdin === undefined) return undefined;
  const { kind, offset, bytes: ahead = 0 } = stdin;
  if (offset === undefined) return { kind };
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of bytesOf(0, offset, ahead)) {
      check();
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { kind, bytes, sha256: hash.digest("hex") };
  } catch {
    check();
    return { kind }; // It was opened to be written, say: the command will hear so itself.
  }
}
