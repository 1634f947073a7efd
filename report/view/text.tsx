import type { JSX } from "preact";
import { visible } from "../tree/visible.ts";

/** Most texts: nothing can hide in them, and nothing in them writes from right to left. */
const ORDINARY = /^[\x20-\x7e\n\t]*$/;

/** Recorded text. It is a text node, alone in its direction, with all that hides in it shown. */
export function Text({ value }: { value: string }): JSX.Element {
  if (ORDINARY.test(value)) return <>{value}</>;
  return (
    <bdi>
      {visible(value).map(({ text, isCode }, index) =>
        isCode ? <span key={index} class="code">{text}</span> : text
      )}
    </bdi>
  );
}
