/** What surrounds a command: the streams, environment and signals of the process, or a test's. */
import { fstatSync, writeSync } from "node:fs";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { isatty } from "node:tty";
import type { Stdin } from "../actions/stdin.ts";

/** Where a command reads and writes. */
export interface Shell {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** What stdin is; `undefined` for a terminal, `/dev/null`, and where it is closed. */
  lookAtStdin(): Promise<Stdin | undefined>;
  readonly stdout: Out;
  readonly stderr: Out;
  /** Hears SIGINT, SIGTERM and SIGHUP. */
  readonly signals: Pick<NodeJS.EventEmitter, "on" | "off">;
  /** Whether stdin, stdout or stderr is a terminal, which may be closed. */
  readonly isAttended: boolean;
}

/** A stream that is written to. */
export interface Out {
  readonly isTerminal: boolean;
  /** Width of the terminal, in columns; 80 where there is none. */
  readonly columns: number;
  /** Whether it takes nothing any more: `head` has seen enough, or the disk is full. */
  readonly isClosed: boolean;
  /** Why something could not be written, if it was not because its reader has gone. */
  readonly fault?: Error | undefined;
  /** Resolves once it is written, or cannot be. @returns Whether it was written */
  write(text: string): Promise<boolean>;
}

/** The shell of this process. */
export function processShell(): Shell {
  return {
    env: process.env,
    // Only when it is read: to open it changes a pipe that a command may inherit.
    get stdin() {
      return process.stdin as Readable;
    },
    lookAtStdin: async () => (await import("../actions/stdin.ts")).lookAtStdin(),
    stdout: out(process.stdout, 1),
    stderr: out(process.stderr, 2),
    signals: process,
    isAttended: [0, 1, 2].some((descriptor) => isatty(descriptor)),
  };
}

type Stream = Writable & { isTTY?: boolean; columns?: number };

function out(stream: Stream, descriptor: number): Out {
  let isClosed = false;
  let fault: Error | undefined;
  const isTerminal = stream.isTTY === true;
  const fail = (error: Error) => {
    if (!isClosed && !isReaderGone(error, isTerminal)) fault = error;
    isClosed = true;
  };
  stream.on("error", fail);
  const isDirect = isFile(descriptor);
  return {
    isTerminal,
    get columns() {
      return stream.columns || 80;
    },
    get isClosed() {
      return isClosed;
    },
    get fault() {
      return fault;
    },
    async write(text) {
      if (isClosed && !isDirect) return false; // A full disk may have room for less.
      try {
        if (isDirect) writeToFile(descriptor, text);
        else await writeToStream(stream, text);
        return true;
      } catch (error) {
        fail(error as Error);
        return false;
      }
    },
  };
}

/** A pipe or socket without a reader; a terminal that was closed. Of a disk, EIO is a fault. */
function isReaderGone({ code }: NodeJS.ErrnoException, isTerminal: boolean): boolean {
  return code === "EPIPE" || code === "ECONNRESET" || (code === "EIO" && isTerminal);
}

/** Whether it is a file, or a device that is written to like one. */
function isFile(descriptor: number): boolean {
  try {
    const kind = fstatSync(descriptor);
    return kind.isFile() || (kind.isCharacterDevice() && !isatty(descriptor));
  } catch {
    return false; // It is closed.
  }
}

/**
 * A disk that becomes full takes a part of what it is given, and says so only by how much that was:
 * Node's own stream does not look at it. What is left is given again, for the error.
 */
function writeToFile(descriptor: number, text: string): void {
  for (let left = new TextEncoder().encode(text); left.length > 0;) {
    left = left.subarray(writeSync(descriptor, left));
  }
}

function writeToStream(stream: Stream, text: string): Promise<void> {
  return new Promise((done, failed) => {
    stream.write(text, (error) => error ? failed(error) : done());
  });
}
