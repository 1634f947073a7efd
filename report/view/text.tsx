import type { JSX } from "preact";
import { beginning } from "../reading/beginning.ts";
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

/** The contract allows 256 characters. What is longer is whole in the JSON. */
const NAME = 600;

/** An identity or another name, short enough to be drawn wherever it is. */
export function Name({ value }: { value: string }): JSX.Element {
  return <Text value={beginning(value, NAME)} />;
}
