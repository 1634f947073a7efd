/**
 * Whether a process is gone. A process id alone does not say: it is given again, and means nothing
 * on another machine, after a reboot, or in another container.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";

/** Which process it was: of which machine, boot and container, and when it was started. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** The three that only Linux tells. */
  boot?: string;
  container?: string;
  started?: string;
}

/** Says whether the process of an entry is surely gone. */
export type Judge = (of: ProcessIdentity) => boolean | PromiseLike<boolean>;

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  const { pid } = process;
  const boot = told(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const container = told(() => readlinkSync("/proc/self/ns/pid"));
  const [, started] = lifeOf(pid);
  return {
    ...{ host: hostname(), pid },
    ...boot && { boot },
    ...container && { container },
    ...started && { started },
  };
}

/**
 * Whether a process is surely gone. False where that cannot be told: of another machine, of another
 * container, and, where there is no `/proc`, of an id that was given again.
 *
 * Machines that share a ledger must have different host names.
 */
export function isGone(of: ProcessIdentity): boolean {
  const own = thisProcess();
  if (of.host !== own.host) return false;
  if (!of.boot !== !own.boot) return false; // One of the two saw no `/proc`.
  if (of.boot !== own.boot) return true; // The machine was started again.
  if (of.container !== own.container) return false;
  try {
    process.kill(of.pid, 0); // Signal 0 only asks.
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  const [state = "", started = of.started] = lifeOf(of.pid);
  return started !== of.started || "ZX".includes(state || "?"); // A zombie is dead, but not buried.
}

/** State and start of a process, where the system tells. Its name, in brackets, may hold anything. */
function lifeOf(pid: number): [state?: string, started?: string] {
  const line = told(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  const fields = line?.slice(line.lastIndexOf(")") + 2).split(" ") ?? [];
  return [fields[0], fields[19]] as [string?, string?];
}

function told(read: () => string): string | undefined {
  try {
    return read().trim();
  } catch {
    return undefined;
  }
}
