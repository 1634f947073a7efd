import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { makeFolder } from "../folders.ts";
import { codeOf, systemError } from "./errors.ts";

/** Of a file of output: what identifies it, and its end, where programs say why. */
export interface Output {
  file: string;
  bytes?: number;
  /** The first 200 bytes at most, where `end` does not have them: a verdict may stand there. */
  start?: string;
  /** The last 1000 bytes at most. */
  end?: string;
  sha256?: string;
  /** Why the file cannot be read. */
  unreadable?: string;
}

/** The names of an order's files. */
export interface OutputFiles {
  stdout: string;
  stderr: string;
  /** What `ssh` itself says. */
  ssh: string;
}

/** What a command has printed. */
export interface Printed {
  stdout: Output;
  stderr: Output;
}

/** How much of a file is recorded, in bytes. */
const START = 200;
const END = 1000;

/** The name of an order's files: a hash, because an identity is any text. */
export function hashedName(orderId: string): string {
  return createHash("sha256").update(orderId).digest("hex").slice(0, 16);
}

/** The files of an order's output. */
export function outputFiles(folder: string, orderId: string): OutputFiles {
  const file = (stream: string) => join(folder, `${hashedName(orderId)}.${stream}`);
  return { stdout: file("stdout"), stderr: file("stderr"), ssh: file("ssh") };
}

/**
 * Opens new files of one folder, for their owner alone: what one order printed is never written over
 * by another, nor by itself. The folder is made where it is missing.
 *
 * @throws {Error} One of ours, if a file is there already or cannot be made
 */
export function openOutput(files: readonly string[]): number[] {
  const opened: number[] = [];
  try {
    for (const folder of new Set(files.map((file) => dirname(file)))) makeOutputFolder(folder);
    // To append: what is printed through /dev/stdout has an offset of its own.
    for (const file of files) opened.push(openSync(file, "ax", 0o600));
    return opened;
  } catch (error) {
    opened.forEach(closeSync);
    throw systemError("cannot make the files of its output", error);
  }
}

/**
 * Makes a folder that git leaves out. It gets its name with `.gitignore` in it: a process that is
 * killed in between leaves no folder whose files would be added. One that is there already may be
 * of any use, and is left as it is.
 */
function makeOutputFolder(path: string): void {
  const folder = resolve(path);
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  const made = mkdtempSync(`${folder}.`);
  try {
    writeFileSync(join(made, ".gitignore"), "*\n", { mode: 0o600 });
    renameSync(made, folder);
  } catch (error) {
    rmSync(made, { recursive: true });
    if (!existsSync(folder)) throw error; // Else another process was first.
  }
}

/** What was printed until now, to the last byte. */
export async function readOutputs(files: OutputFiles): Promise<Printed> {
  // At once: both are as long as they are at this moment, whoever still writes.
  const [stdout, stderr] = await Promise.all([readOutput(files.stdout), readOutput(files.stderr)]);
  return { stdout, stderr };
}

/** The same at once, without hashes: whoever has given up waits for nothing. */
export function lookAtOutputs(files: OutputFiles): Printed {
  return { stdout: lookAtOutput(files.stdout), stderr: lookAtOutput(files.stderr) };
}

/** Whether one of them is larger than it may be. */
export function isLarger({ stdout, stderr }: Printed, most: number): boolean {
  return [stdout, stderr].some(({ bytes = 0 }) => bytes > most);
}

/** What a file of any size holds. A process may still write: what comes later is not looked at. */
async function readOutput(file: string): Promise<Output> {
  let descriptor: number | undefined;
  try {
    descriptor = openToRead(file);
    const hash = createHash("sha256");
    let bytes = 0;
    let start = Buffer.alloc(0);
    let end = Buffer.alloc(0);
    for await (const chunk of bytesOf(descriptor, 0, fstatSync(descriptor).size)) {
      hash.update(chunk);
      bytes += chunk.length;
      if (start.length < START) start = Buffer.concat([start, chunk]).subarray(0, START);
      end = Buffer.concat([end, chunk]).subarray(-END);
    }
    return { ...described(file, bytes, start, end), sha256: hash.digest("hex") };
  } catch {
    return lookAtOutput(file); // How the command ended is known all the same.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** What a file holds, at once, without the hash. */
export function lookAtOutput(file: string): Output {
  let descriptor: number | undefined;
  try {
    const opened = descriptor = openToRead(file);
    const { size } = fstatSync(opened);
    const part = (position: number, length: number) => {
      const buffer = new Uint8Array(length);
      return buffer.subarray(0, readSync(opened, buffer, 0, length, position));
    };
    const length = Math.min(size, END);
    return described(file, size, part(0, Math.min(size, START)), part(size - length, length));
  } catch (error) {
    return { file, unreadable: codeOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The command may have put a FIFO in its place: to open one without O_NONBLOCK takes for ever. */
function openToRead(file: string): number {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw Object.assign(new Error(), { code: "it is no file any more" });
}

/** So many bytes of an open file, read at their positions: its offset stays where it is. */
export async function* bytesOf(
  descriptor: number,
  start: number,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  if (bytes === 0) return;
  const range = { fd: descriptor, start, end: start + bytes - 1, autoClose: false };
  yield* createReadStream("", range);
}

function described(file: string, bytes: number, start: Uint8Array, end: Uint8Array): Output {
  const isCut = bytes > END;
  return {
    file,
    bytes,
    // Within a stream, the decoder keeps a character back that is not whole.
    ...isCut && { start: new TextDecoder().decode(start, { stream: true }) },
    end: new TextDecoder().decode(isCut ? fromCharacter(end) : end),
  };
}

/** From the first byte on that does not continue a character: in UTF-8 at most three do. */
function fromCharacter(bytes: Uint8Array): Uint8Array {
  const first = bytes.subarray(0, 3).findIndex((byte) => (byte & 0xc0) !== 0x80);
  return bytes.subarray(first < 0 ? 3 : first);
}
