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
  /** Only Linux tells these three. What a process could not see of itself is missing. */
  boot?: string;
  container?: string;
  started?: string;
}

/** Says whether the process of an entry is surely gone. */
export type Judge = (of: ProcessIdentity) => boolean | PromiseLike<boolean>;

/** What is seen of a process id, here and now. */
export interface Sight {
  /** Whether there is a process that has it. */
  readonly exists: boolean;
  /** Of that process, where the system tells: its state, as one letter, and when it was started. */
  readonly state?: string | undefined;
  readonly started?: string | undefined;
  /** Whether ids have namespaces here: of one that says nothing of itself, nobody can tell. */
  readonly hasNamespaces: boolean;
}

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  const { pid } = process;
  const boot = told(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const container = isProcOwn() ? namespaces() : undefined;
  const { started } = lifeOf(pid);
  return {
    host: hostname(),
    pid,
    ...boot && { boot },
    ...container && { container },
    ...started && { started },
  };
}

/**
 * Whether a process is surely gone. False where that cannot be told: of another machine, of another
 * container, of one that did not see all of itself, and, where there is no `/proc`, of an id that was
 * given again.
 *
 * Machines that share a ledger must have different host names.
 */
export function isGone(of: ProcessIdentity): boolean {
  const hasNamespaces = ["linux", "android"].includes(process.platform);
  return isGoneAsSeen(of, thisProcess(), {
    exists: exists(of.pid),
    ...lifeOf(of.pid),
    hasNamespaces,
  });
}

/** What `isGone()` says, from what was recorded of a process, who asks, and what is seen of its id. */
export function isGoneAsSeen(of: ProcessIdentity, own: ProcessIdentity, seen: Sight): boolean {
  if (of.host !== own.host) return false;
  if (seen.hasNamespaces) {
    if (!of.boot || !own.boot) return false;
    if (of.boot !== own.boot) return true; // The machine was started again.
    if (!of.container || of.container !== own.container) return false;
  } else if (of.boot) return false; // It was recorded on another system.
  if (!seen.exists) return true;
  if (seen.state && "ZX".includes(seen.state)) return true; // A zombie is dead, but not buried.
  return !!of.started && !!seen.started && of.started !== seen.started;
}

/** What is wrong with the identity of a process, as it was read; `undefined` if nothing is. */
export function problemOfProcess(of: unknown): string | undefined {
  const { host, pid, boot, container, started } = (of ?? {}) as Record<string, unknown>;
  if (typeof host !== "string") return "process.host is not a text";
  if (!Number.isSafeInteger(pid) || Number(pid) < 1) return "process.pid is not a process id";
  const optional = Object.entries({ boot, container, started });
  const [field] = optional.find(([, value]) => !["string", "undefined"].includes(typeof value)) ??
    [];
  return field && `process.${field} is not a text`;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0); // Signal 0 only asks.
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * Whether the ids in `/proc` are those of this process's own namespace. They are not below
 * `unshare --pid --fork`, nor where a container was given the `/proc` of its machine: another process
 * has this one's id there.
 */
function isProcOwn(): boolean {
  const status = told(() => readFileSync("/proc/self/status", "utf8")) ?? "";
  return told(() => readlinkSync("/proc/self")) === String(process.pid) &&
    !/^NSpid:\t\d+\t/m.test(status); // One id a namespace, from that of `/proc` inwards.
}

/** Whose ids are told by `/proc`, and whose clock: a start is another number in another time namespace. */
function namespaces(): string | undefined {
  const [pid, time] = ["pid", "time"].map((kind) =>
    told(() => readlinkSync(`/proc/self/ns/${kind}`))
  );
  return time === undefined || time === FIRST_TIME ? pid : pid && `${pid} ${time}`;
}

/** Linux's PROC_TIME_INIT_INO: the namespace of every process, unless it was put into another. */
const FIRST_TIME = "time:[4026531834]";

/** State and start of a process, where the system tells. Its name, in brackets, may hold anything. */
function lifeOf(pid: number): Pick<Sight, "state" | "started"> {
  const line = isProcOwn() ? told(() => readFileSync(`/proc/${pid}/stat`, "utf8")) : undefined;
  const fields = line?.slice(line.lastIndexOf(")") + 2).split(" ") ?? [];
  return { state: fields[0], started: fields[19] };
}

function told(read: () => string): string | undefined {
  try {
    return read().trim();
  } catch {
    return undefined;
  }
}
