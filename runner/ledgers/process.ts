/**
 * Whether a process is gone. A process id alone does not say: it is given again, and means nothing
 * on another machine, after a reboot, or in another container.
 */
import { readFile, readlink } from "node:fs/promises";
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

/** The identity of this process. */
export async function thisProcess(): Promise<ProcessIdentity> {
  const { pid } = process;
  const machine = { host: hostname(), pid };
  const boot = await told(readFile("/proc/sys/kernel/random/boot_id", "utf8"));
  const container = await told(readlink("/proc/self/ns/pid"));
  const [, started] = await lifeOf(pid);
  return {
    ...machine,
    ...boot && { boot },
    ...container && { container },
    ...started && { started },
  };
}

/**
 * Whether a process is surely gone. False where that cannot be told: of another machine, of another
 * container, and, where there is no `/proc`, of an id that was given again.
 *
 * Machines that share a folder must have different host names.
 */
export async function isGone(of: ProcessIdentity): Promise<boolean> {
  const own = await thisProcess();
  if (of.host !== own.host) return false;
  if (!of.boot !== !own.boot) return false; // One of the two saw no `/proc`.
  if (of.boot !== own.boot) return true; // The machine was started again.
  if (of.container !== own.container) return false;
  try {
    process.kill(of.pid, 0); // Signal 0 only asks.
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  const [state = "", started = of.started] = await lifeOf(of.pid);
  return started !== of.started || "ZX".includes(state || "?"); // A zombie is dead, but not buried.
}

/** State and start of a process, where the system tells. Its name, in brackets, may hold anything. */
async function lifeOf(pid: number): Promise<[state?: string, started?: string]> {
  const line = await told(readFile(`/proc/${pid}/stat`, "utf8"));
  const fields = line?.slice(line.lastIndexOf(")") + 2).split(" ") ?? [];
  return [fields[0], fields[19]] as [string?, string?];
}

function told(answer: Promise<string>): Promise<string | undefined> {
  return answer.then((text) => text.trim(), () => undefined);
}
