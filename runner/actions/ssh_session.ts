import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, writeFileSync } from "node:fs";
import { codeOf, systemError } from "./errors.ts";
import { frames } from "./frames.ts";
import { openOutput, type OutputFiles } from "./output.ts";
import { type RemoteCommand, script } from "./remote.ts";

/** How far a command has come, as far as it was heard. */
export interface Seen {
  /** "connecting": nothing was sent. "sent": whether it has begun is not known. */
  phase: "connecting" | "sent" | "started" | "ended";
  /** The command's own. */
  exitCode?: number;
  /** The signal that an exit code above 128 stands for: `sh` tells no difference. */
  endedBy?: string;
  /** The command printed more than it may. */
  exceeded?: true;
  /** Why the other side ran nothing. */
  refused?: string;
  /** Why a part of the output is not in its file here. */
  unwritten?: string;
}

/** What no configuration changes: it asks nothing, runs what it is told, on its own connection. */
const ALWAYS = "-T -oBatchMode=yes -oRemoteCommand=none -oControlPath=none -oStdinNull=no " +
  "-oForkAfterAuthentication=no";

/** What the Runner's options may change: silence is heard after 10 s, or after 45 s. */
const UNLESS_SAID = "-oConnectTimeout=10 -oServerAliveInterval=15 -oServerAliveCountMax=3";

/** One `ssh`, from its start to the last that is heard of it. */
export class SshSession {
  /** What the other side has told. */
  readonly seen: Seen = { phase: "connecting" };
  /** How `ssh` itself has ended. */
  readonly ended: { exitCode?: number | null; endedBy?: string | null } = {};
  /** Nothing more will be heard. It rejects if `ssh` cannot be started. */
  readonly closed: Promise<void>;
  readonly #child: ChildProcess;
  readonly #descriptors: { stdout: number; stderr: number };
  #asked = "";

  constructor(
    host: string,
    options: readonly string[],
    command: RemoteCommand,
    files: OutputFiles,
  ) {
    const [log, stdout, stderr] = openOutput([files.ssh, files.stdout, files.stderr]) as Opened;
    this.#descriptors = { stdout, stderr };
    const args = [
      ...ALWAYS.split(" "),
      ...options,
      ...UNLESS_SAID.split(" "),
      "--",
      host,
      "exec sh",
    ];
    // A process group of its own: a Ctrl-C in the Runner's terminal is the Runner's to pass on.
    try {
      this.#child = spawn("ssh", args, { stdio: ["pipe", "pipe", log], detached: true });
    } catch (error) {
      this.#close();
      throw notStarted(error);
    } finally {
      closeSync(log);
    }
    this.#child.stdin?.on("error", () => {}); // It is told below, by how the process ends.
    this.closed = this.#hear(command);
  }

  /** Passes a signal on to the command. One that is not sent yet is not sent at all. */
  signal(name: "TERM" | "KILL"): void {
    if (this.seen.phase === "connecting" || this.ended.exitCode !== undefined) {
      this.#end("SIGKILL");
    }
    if (this.seen.phase === "sent") this.#asked += `${name}\n`; // `sh` reads the script until then.
    if (this.seen.phase === "started") this.#child.stdin?.write(`${name}\n`);
  }

  #hear(command: RemoteCommand): Promise<void> {
    const token = randomUUID();
    const answer = `ready ${token}\n`; // What a login prints before it is not taken for it.
    let heard = Buffer.alloc(0);
    const hear = frames(token, {
      line: (text) => this.#line(text),
      bytes: (stream, part) => this.#write(stream, part),
    });
    this.#child.stdin?.write(`echo ready\\ ${token}\n`); // Repeated, it is not the answer.
    this.#child.stdout?.on("data", (chunk: Uint8Array) => {
      if (this.seen.phase !== "connecting") return hear(chunk);
      heard = Buffer.concat([heard, chunk]);
      const at = heard.indexOf(answer);
      if (at < 0) {
        heard = heard.subarray(-answer.length); // It may have come in part.
        return;
      }
      this.seen.phase = "sent";
      this.#child.stdin?.write(script(command, token));
      hear(heard.subarray(at + answer.length)); // A login may print behind it, too.
    });
    return new Promise<void>((resolve, reject) => {
      this.#child.on("error", (error) => reject(notStarted(error)));
      this.#child.on("exit", (exitCode, endedBy) => {
        Object.assign(this.ended, { exitCode, endedBy });
      });
      this.#child.on("close", resolve);
    }).finally(() => this.#close());
  }

  /** Ends `ssh`, and does not wait for what it may have left with its output open. */
  #end(how: NodeJS.Signals): void {
    this.#child.kill(how);
    this.#child.stdout?.destroy();
  }

  #close(): void {
    Object.values(this.#descriptors).forEach(closeSync);
  }

  #line(text: string): void {
    const [word, ...rest] = text.split(" ");
    if (word === "refused") this.seen.refused = rest.join(" ").trim();
    if (word === "exceeded") this.seen.exceeded = true;
    if (word === "started") {
      this.seen.phase = "started";
      this.#child.stdin?.write(this.#asked);
    }
    if (word === "exit") {
      this.seen.phase = "ended";
      this.seen.exitCode = Number(rest[0]);
      if (rest[1]) this.seen.endedBy = `SIG${rest[1]}`;
      this.#end("SIGTERM"); // All is known: how the connection ends says nothing more.
    }
  }

  #write(stream: "stdout" | "stderr", part: Uint8Array): void {
    try {
      writeFileSync(this.#descriptors[stream], part);
    } catch (error) {
      this.seen.unwritten = codeOf(error); // The other side has all of it.
    }
  }
}

/** The descriptors of `ssh`'s own words, and of the command's stdout and stderr. */
type Opened = [log: number, stdout: number, stderr: number];

function notStarted(error: unknown): Error {
  return systemError("cannot run ssh", error); // Its own has all options, and the script.
}
