/** Who hears what the script of `remote.ts` tells. */
export interface Hearer {
  /** What a line says, without the token and its end. */
  line(text: string): void;
  /** A part of what the command printed. */
  bytes(stream: "stdout" | "stderr", part: Uint8Array): void;
}

/** As much of a line is kept, in bytes: those of the script are short. */
const LONGEST = 10_000;

/**
 * Takes apart what the script tells, in whatever pieces it arrives. A login, or what it has left
 * running, may print in between: only lines with the token are the script's.
 */
export function frames(token: string, hearer: Hearer): (chunk: Uint8Array) => void {
  let line: number[] = [];
  let stream = "stdout" as "stdout" | "stderr";
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (left > 0) {
        const part = chunk.subarray(at, at + left);
        hearer.bytes(stream, part);
        left -= part.length;
        at += part.length;
      } else if (chunk[at] === 10) {
        // Within a stream, the decoder keeps a character back that was cut.
        const text = new TextDecoder().decode(new Uint8Array(line), { stream: true });
        const [, said] = text.split(`${token} `);
        const [, name, bytes] = /^(stdout|stderr) (\d+)$/.exec(said ?? "") ?? [];
        if (name !== undefined) [stream, left] = [name as "stdout" | "stderr", Number(bytes)];
        else if (said !== undefined) hearer.line(said);
        line = [];
        at++;
      } else {
        if (line.length < LONGEST) line.push(chunk[at] as number);
        at++;
      }
    }
  };
}
