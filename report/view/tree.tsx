/** A recorded value, drawn as a tree of native disclosures: keys, search and print work by themselves. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Finding } from "../checks/contract.ts";
import { beginning } from "../reading/beginning.ts";
import type { Block, Child, Node } from "../tree/node.ts";
import { Text } from "./text.tsx";

/** How many children are shown before the reader asks for more. */
const MANY = 100;
/** Characters of a text that are shown before the reader asks for all. */
const LONG = 2000;
/** Deeper than this, nothing is open at first: drawing goes into what is open, level by level. */
const OPENED = 50;
/** Deeper than this, what lies deeper is no longer moved to the right: nothing leaves its box. */
const DEEP = 10;

export interface TreeProps {
  readonly node: Node;
  /** The name of this tree in the page: its nodes' ids begin with it. */
  readonly name: string;
  readonly findings: readonly Finding[];
}

export function Tree({ node, name, findings }: TreeProps): JSX.Element {
  return <div class="tree">{branch({ node, name, findings }, 0)}</div>;
}

function branch(props: TreeProps, level: number): JSX.Element {
  return props.node.children?.length || props.node.blocks?.length
    ? <Branch key={props.node.pointer} {...props} level={level} />
    : <Leaf key={props.node.pointer} {...props} />;
}

function Leaf({ node, name, findings }: TreeProps): JSX.Element {
  return (
    <div class="leaf" id={idOf(name, node.pointer)} tabIndex={-1}>
      <Head node={node} name={name} findings={findings} />
    </div>
  );
}

function Branch({ node, name, findings, level }: TreeProps & { level: number }): JSX.Element {
  const inside = findings.some(({ pointer }) => pointer.startsWith(`${node.pointer}/`));
  // What holds nothing but a text or bytes, and why an error was thrown, is what people look for.
  const isSought = !node.children?.length || node.label === "caused by";
  const [isOpen, setOpen] = useState(level < 2 || (level < OPENED && (inside || isSought)));
  return (
    <details
      open={isOpen}
      class={level >= DEEP ? "deep" : ""}
      id={idOf(name, node.pointer)}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <Head node={node} name={name} findings={findings} />
        {level >= DEEP && <span class="note">level {level}</span>}
      </summary>
      {isOpen && (
        <div class="inside">
          {node.blocks?.map((block) => <BlockOf key={block.title} block={block} />)}
          <Children all={node.children ?? []} name={name} findings={findings} level={level + 1} />
          <Missing node={node} findings={findings} />
        </div>
      )}
    </details>
  );
}

interface ChildrenProps {
  readonly all: readonly Child[];
  readonly name: string;
  readonly findings: readonly Finding[];
  readonly level: number;
}

function Children({ all, name, findings, level }: ChildrenProps): JSX.Element {
  const [shown, setShown] = useState(MANY);
  const left = all.length - shown;
  return (
    <>
      {all.slice(0, shown).map((child) => branch({ node: child.make(), name, findings }, level))}
      {left > 0 && (
        <button type="button" class="more" onClick={() => setShown(shown + 10 * MANY)}>
          {left.toLocaleString("en")} more
        </button>
      )}
    </>
  );
}

/** Fields that the contract misses, where they should be. */
function Missing({ node, findings }: Pick<TreeProps, "node" | "findings">): JSX.Element {
  const there = new Set(node.children?.map(({ pointer }) => pointer));
  const prefix = `${node.pointer}/`;
  const missing = findings.filter(({ pointer }) =>
    pointer.startsWith(prefix) && !pointer.slice(prefix.length).includes("/") && !there.has(pointer)
  );
  return (
    <>
      {missing.map(({ pointer, message }) => (
        <div key={pointer} class="leaf wrong">
          <span class="label">
            <Text value={pointer.slice(prefix.length)} />
          </span>
          <span class="finding">✗ {message}</span>
        </div>
      ))}
    </>
  );
}

function Head({ node, name, findings }: TreeProps): JSX.Element {
  const { label, kind, text, note, ancestor, pointer } = node;
  const own = findings.filter((finding) => finding.pointer === pointer);
  return (
    <span class={own.length > 0 ? "head wrong" : "head"}>
      {label !== undefined && (
        <span class="label">
          {label === "" ? <i>empty</i> : <Text value={label} />}
        </span>
      )}
      {ancestor === undefined
        ? <Value kind={kind} text={text} />
        : (
          <button type="button" class="ancestor" onClick={() => show(idOf(name, ancestor))}>
            ↑ {text}
          </button>
        )}
      {note !== undefined && (
        <span class="note">
          <Text value={note} />
        </span>
      )}
      {own.map(({ message }) => (
        <span key={message} class="finding">
          ✗ <Text value={message} />
        </span>
      ))}
    </span>
  );
}

function Value({ kind, text }: Pick<Node, "kind" | "text">): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > LONG && !isWhole;
  return (
    <span class={`value ${kind}`}>
      {kind === "text" && text === ""
        ? <i>empty text</i>
        : <Text value={isLong ? beginning(text, LONG) : text} />}
      {isLong && (
        <button
          type="button"
          class="more"
          onClick={(event) => {
            event.preventDefault(); // In a summary, a click would also close what it is of.
            setWhole(true);
          }}
        >
          all {text.length.toLocaleString("en")} characters
        </button>
      )}
    </span>
  );
}

function BlockOf({ block: { title, text } }: { block: Block }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > LONG && !isWhole;
  return (
    <figure class="block">
      <figcaption>{title}</figcaption>
      <pre tabIndex={0}><Text value={isLong ? beginning(text, LONG) : text} /></pre>
      {isLong && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          all {text.length.toLocaleString("en")} characters
        </button>
      )}
    </figure>
  );
}

/** An id for a node: what is recorded may be in it, for ids are only compared. */
function idOf(name: string, pointer: string): string {
  return `${name}:${pointer}`;
}

/** Leads the eye, and the keyboard, to a node. */
export function show(id: string): void {
  const element = document.getElementById(id);
  const target = element instanceof HTMLDetailsElement ? element.querySelector("summary") : element;
  target?.focus();
  target?.scrollIntoView({ block: "center" });
}

/** Leads to the field of a finding, or to the nearest that is there. */
export function showField(name: string, pointer: string): void {
  for (let at = pointer;; at = at.slice(0, at.lastIndexOf("/"))) {
    if (document.getElementById(idOf(name, at)) || at === "") return show(idOf(name, at));
  }
}
