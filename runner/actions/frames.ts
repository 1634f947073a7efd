/** Who hears what the script of `remote.ts` tells. */
export interface Hearer {
  /** A line, without its end. */
  line(text: string): void;
  /** A part of what the command printed. */
  bytes(stream: "stdout" | "stderr", part: Uint8Array): void;
}

/** As much of a line is kept, in bytes: those of the script are short. */
const LONGEST = 10_000;

/** Takes apart what the script tells, in whatever pieces it arrives. */
export function frames(hearer: Hearer): (chunk: Uint8Array) => void {
  let line: number[] = [];
  let [stream, left] = ["stdout" as "stdout" | "stderr", 0];
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
        const [, name, bytes] = /^(stdout|stderr) (\d+)$/.exec(text) ?? [];
        if (name !== undefined) [stream, left] = [name as "stdout" | "stderr", Number(bytes)];
        else hearer.line(text);
        line = [];
        at++;
      } else {
        if (line.length < LONGEST) line.push(chunk[at] as number);
        at++;
      }
    }
  };
}
