/** How results come in: dropped, chosen or pasted. They go nowhere from here. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Given, Unreadable } from "../reading/read.ts";
import { isField } from "./keys.ts";
import { StatusShape } from "./shapes.tsx";

interface IntakeProps {
  readonly take: (given: Given) => void;
  /** As a button in the header, instead of a screen. */
  readonly isSmall?: boolean;
}

export function Intake({ take, isSmall = false }: IntakeProps): JSX.Element {
  if (isSmall) return <Choice take={take} label="Add files" />;
  return (
    <main class="intake">
      <h1>See what happened</h1>
      <p class="lead">
        This page shows results of the Deployer. They stay on this machine: it connects to nothing.
      </p>
      <div class="zone">
        <p class="shapes">
          <StatusShape status="APPLIED" />
          <StatusShape status="FAILED" />
          <StatusShape status="UNKNOWN" />
        </p>
        <p>
          <b>Drop files or a folder anywhere on this page</b>
        </p>
        <div class="choices">
          <Choice take={take} label="Choose files" />
          <Choice take={take} label="Choose a folder" isFolder />
        </div>
        <p class="takes">
          Results and facts as JSON, lists of them, NDJSON, the files of a folder ledger, rows of a
          SQLite or PostgreSQL ledger as JSON
        </p>
      </div>
      <Paste take={take} />
    </main>
  );
}

interface ChoiceProps {
  readonly take: (given: Given) => void;
  readonly label: string;
  readonly isFolder?: boolean;
}

function Choice({ take, label, isFolder = false }: ChoiceProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFolder) input.current!.webkitdirectory = true;
  }, []);
  return (
    <label class="choice">
      <input
        ref={input}
        type="file"
        multiple
        onChange={({ currentTarget }) => {
          const files = [...currentTarget.files ?? []].filter((file) =>
            isDocument(file.webkitRelativePath)
          );
          if (files.length > 0) take({ files });
          currentTarget.value = ""; // The same file may be chosen once more.
        }}
      />
      <span>{label}</span>
    </label>
  );
}

function Paste({ take }: { take: (given: Given) => void }): JSX.Element {
  const [text, setText] = useState("");
  return (
    <form
      class="paste"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "") take({ text, name: "pasted text" });
      }}
    >
      <label for="pasted">Or paste JSON</label>
      <textarea
        id="pasted"
        rows={5}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <button type="submit">Show it</button>
    </form>
  );
}

/** Takes what is dropped on the page, and what is pasted anywhere but in a field. */
export function useDropAndPaste(take: (given: Given) => void): void {
  useLayoutEffect(() => {
    const mark = (isOver: boolean) => document.body.classList.toggle("dropping", isOver);
    const over = (event: DragEvent) => {
      event.preventDefault();
      mark(true);
    };
    const leave = (event: DragEvent) => mark(event.relatedTarget !== null);
    const drop = (event: DragEvent) => {
      event.preventDefault();
      mark(false);
      // Both are there only as long as the event is. A page from the file system may read the file,
      // not its entry.
      const items = [...event.dataTransfer!.items].map((item) => {
        const entry = item.webkitGetAsEntry?.();
        return entry?.isDirectory ? entry : item.getAsFile();
      });
      const text = event.dataTransfer!.getData("text");
      if (items.some((item) => item !== null)) take({ files: walk(items) });
      else if (text !== "") take({ text, name: "dropped text" });
    };
    const paste = (event: ClipboardEvent) => {
      if (isField(event.target)) return;
      const { files } = event.clipboardData!;
      const text = event.clipboardData!.getData("text");
      if (files.length > 0) take({ files: [...files] });
      else if (text !== "") take({ text, name: "pasted text" });
    };
    document.addEventListener("dragover", over);
    document.addEventListener("dragleave", leave);
    document.addEventListener("drop", drop);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("dragover", over);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("drop", drop);
      document.removeEventListener("paste", paste);
    };
  }, []);
}

/** The files that were dropped, and those in the folders that were. */
async function* walk(
  items: readonly (FileSystemEntry | File | null)[],
): AsyncGenerator<File | Unreadable> {
  for (const item of items) {
    try {
      if (item === null) continue;
      if (item instanceof File) yield item;
      else if (item.isDirectory) yield* walk(await contentsOf(item));
      else if (isDocument(item.fullPath)) yield await fileOf(item);
    } catch (error) {
      const reason = `the browser does not give what was dropped (${(error as Error).message}): `;
      yield { name: item!.name, reason: `${reason}choose it by the button` };
    }
  }
}

function fileOf(entry: FileSystemEntry): Promise<File> {
  return new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
}

async function contentsOf(entry: FileSystemEntry): Promise<FileSystemEntry[]> {
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** Of a folder ledger, `open/` holds the same entries once more, and `.tmp` what means nothing. */
function isDocument(path: string): boolean {
  return !/\.tmp$|\/open\/[^/]*$/.test(path);
}
