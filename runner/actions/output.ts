import { createHash } from "node:crypto";
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

/** Of a file of output: what identifies it, and its end, where programs say why. */
export interface Output {
  file: string;
  bytes?: number;
  end?: string;
  sha256?: string;
  /** Why the file cannot be read. */
  unreadable?: string;
}

/** The name of an order's files: a hash, because an identity is any text. */
export function nameOf(orderId: string): string {
  return createHash("sha256").update(orderId).digest("hex").slice(0, 16);
}

/** The files of an order's output: what its command prints, and what `ssh` itself says. */
export function outputFiles(
  folder: string,
  orderId: string,
): Record<"stdout" | "stderr" | "ssh", string> {
  const file = (stream: string) => join(folder, `${nameOf(orderId)}.${stream}`);
  return { stdout: file("stdout"), stderr: file("stderr"), ssh: file("ssh") };
}

/** What a file of any size holds. */
export async function readOutput(file: string): Promise<Output> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk);
    return { ...lookAtOutput(file), sha256: hash.digest("hex") };
  } catch {
    return lookAtOutput(file); // How the command ended is known all the same.
  }
}

/** The same at once, without the hash: whoever has given up waits for nothing. */
export function lookAtOutput(file: string): Output {
  try {
    const opened = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK); // Be it a FIFO.
    if (!fstatSync(opened).isFile()) {
      closeSync(opened);
      throw new Error("it is no file any more");
    }
    const { size: bytes } = fstatSync(opened);
    const end = new Uint8Array(Math.min(bytes, 1000));
    readSync(opened, end, 0, end.length, bytes - end.length);
    closeSync(opened);
    return { file, bytes, end: new TextDecoder().decode(end) };
  } catch (error) {
    return { file, unreadable: (error as Error).message };
  }
}
