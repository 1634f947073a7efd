/** What surrounds a command: the streams, environment and signals of the process, or a test's. */
import process from "node:process";
import type { Readable, Writable } from "node:stream";
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
}

/** A stream that is written to. */
export interface Out {
  readonly isTerminal: boolean;
  /** Width of the terminal, in columns; 80 where there is none. */
  readonly columns: number;
  /** Whether its reader has gone: `head` has seen enough. What is written then goes nowhere. */
  readonly isClosed: boolean;
  /** Resolves once it is written, or nobody reads any more. */
  write(text: string): Promise<void>;
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
    stdout: out(process.stdout),
    stderr: out(process.stderr),
    signals: process,
  };
}

type Stream = Writable & { isTTY?: boolean; columns?: number };

function out(stream: Stream): Out {
  let isClosed = false;
  stream.on("error", () => isClosed = true); // EPIPE, or EIO of a terminal that was closed.
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns || 80;
    },
    get isClosed() {
      return isClosed;
    },
    write(text) {
      if (isClosed) return Promise.resolve();
      return new Promise((done) => {
        stream.write(text, (error) => {
          if (error) isClosed = true;
          done();
        });
      });
    },
  };
}
