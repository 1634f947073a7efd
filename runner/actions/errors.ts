/** What is recorded of errors that others made. */

/** What POSIX systems say themselves; the code stands beside it. */
const WORDS: Readonly<Record<string, string>> = {
  E2BIG: "argument list too long",
  EACCES: "permission denied",
  EEXIST: "file exists",
  EMFILE: "too many open files",
  ENOENT: "no such file or directory",
  ENOEXEC: "exec format error",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
};

/** Its code, such as ENOENT, which is all that can be recorded of it. */
export function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : "an error without a code";
}

/**
 * An error of ours, with the code and the system call. What the platform throws is never recorded:
 * Node's error of `spawn` carries all arguments, others the paths and values that the Runner set.
 */
export function systemError(what: string, error: unknown): Error {
  const code = codeOf(error);
  const { syscall } = error as NodeJS.ErrnoException;
  const why = Object.hasOwn(WORDS, code) ? `${WORDS[code]} (${code})` : code;
  return Object.assign(new Error(`${what}: ${why}`), {
    code,
    // Of `spawn`, Node's has the program behind it, which is any text.
    ...typeof syscall === "string" && { syscall: syscall.split(" ")[0] },
  });
}

/** Why a signal was aborted, in the Runner's words. */
export function reasonOf(signal: AbortSignal | undefined): string {
  const reason: unknown = signal?.reason;
  if (reason instanceof Error) return reason.message;
  return typeof reason === "string" ? reason : "no reason was given";
}
