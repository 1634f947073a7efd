/**
 * A file system in memory that knows what was flushed, and so every state in which a loss of power
 * may leave it: each name that was given or taken away since its folder was flushed is there or not,
 * and what a file holds is whole, torn or empty until the file was flushed.
 */
import type { Content, Files, Look, NewFile } from "../../ledgers/folder/files.ts";

interface File {
  readonly id: number;
  text: string;
  isFlushed: boolean;
}

/** A name that is given, or taken away, and that no flush has made sure of. */
interface Change {
  readonly name: string;
  readonly node: Node | undefined;
  /** What must have come about before: a name that was moved is not lost on its way. */
  readonly after?: Change;
}

interface Folder {
  readonly id: number;
  readonly names: Map<string, Node>;
  /** The names as they were flushed last. */
  flushed: Map<string, Node>;
  changes: Change[];
}

type Node = File | Folder;

/** Chooses one of so many ways. */
export type Choose = (ways: number) => number;

/** The files of one machine, whichever process asks. Paths are absolute, and the root is there. */
export class Disk implements Files {
  #ids = 0;
  #root: Folder = this.#folder();
  /** Called before each call that changes something, or makes sure of it. */
  onStep: () => void = () => {};

  // deno-lint-ignore require-await -- A file system's calls are asynchronous.
  async create(path: string, text: string): Promise<NewFile> {
    this.onStep();
    const { folder, name } = this.#place(path);
    if (folder.names.has(name)) throw failed("EEXIST", path);
    const file: File = { id: this.#ids++, text, isFlushed: false };
    this.#set(folder, { name, node: file });
    return {
      flush: async () => {
        await this.flushFile(file);
      },
      close: async () => {},
    };
  }

  /** For a seeded fault, which calls it too late. */
  async flushFile(file: { isFlushed: boolean }): Promise<void> {
    this.onStep();
    file.isFlushed = true;
    await Promise.resolve();
  }

  async flush(path: string): Promise<void> {
    this.onStep();
    const folder = this.#folderAt(path);
    folder.flushed = new Map(folder.names);
    folder.changes = [];
    await Promise.resolve();
  }

  async link(path: string, name: string): Promise<void> {
    this.onStep();
    const node = this.#at(path);
    const place = this.#place(name);
    if (place.folder.names.has(place.name)) throw failed("EEXIST", name);
    this.#set(place.folder, { name: place.name, node });
    await Promise.resolve();
  }

  async rename(path: string, name: string): Promise<void> {
    this.onStep();
    const from = this.#place(path);
    const to = this.#place(name);
    const node = this.#at(path);
    const old = to.folder.names.get(to.name);
    if (old === node) return;
    if (old && "names" in old && old.names.size > 0) throw failed("ENOTEMPTY", name);
    const given = this.#set(to.folder, { name: to.name, node });
    this.#set(from.folder, { name: from.name, node: undefined, after: given });
    await Promise.resolve();
  }

  async unlink(path: string): Promise<void> {
    this.#at(path);
    this.onStep();
    const { folder, name } = this.#place(path);
    this.#set(folder, { name, node: undefined });
    await Promise.resolve();
  }

  async makeFolder(path: string): Promise<void> {
    this.onStep();
    const { folder, name } = this.#place(path);
    if (folder.names.has(name)) throw failed("EEXIST", path);
    this.#set(folder, { name, node: this.#folder() });
    await Promise.resolve();
  }

  async makeFolders(path: string): Promise<string[]> {
    const parts = path.split("/").slice(1);
    const made: string[] = [];
    for (const [i] of parts.entries()) {
      const folder = `/${parts.slice(0, i + 1).join("/")}`;
      if (this.#isThere(folder)) continue;
      await this.makeFolder(folder);
      made.push(folder);
    }
    return made;
  }

  async removeFolder(path: string): Promise<void> {
    if (this.#isThere(path)) await this.unlink(path);
  }

  list(path: string): Promise<string[]> {
    return attempt(() => [...this.#folderAt(path).names.keys()]);
  }

  read(path: string): Promise<Content> {
    return attempt(() => {
      const node = this.#at(path) as File;
      return { bytes: new TextEncoder().encode(node.text), identity: String(node.id) };
    });
  }

  look(path: string): Promise<Look> {
    return attempt(() => {
      const node = this.#at(path);
      return { kind: "names" in node ? "folder" : "file", identity: String(node.id) };
    });
  }

  /** As a clean end leaves it: all of it is flushed. */
  settle(): this {
    for (const node of this.#nodes()) {
      if ("names" in node) Object.assign(node, { flushed: new Map(node.names), changes: [] });
      else node.isFlushed = true;
    }
    return this;
  }

  /** In how many ways a loss of power may leave it now. */
  ways(): number {
    let ways = 1;
    for (const node of this.#nodes()) {
      if ("names" in node) ways *= 2 ** node.changes.length;
      else if (!node.isFlushed) ways *= 3;
    }
    return ways;
  }

  /** As a loss of power leaves it, in one of these ways. */
  afterPowerLoss(choose: Choose): Disk {
    const disk = new Disk();
    disk.#ids = this.#ids; // No two files have one identity, whoever is asked.
    const copies = new Map<Node, Node>([[this.#root, disk.#root]]);
    const applied = new Set<Change>();
    const nodes = this.#nodes();
    for (const node of nodes) {
      if (node === this.#root) continue;
      const copy: Node = "names" in node ? disk.#folder() : { ...node, isFlushed: true };
      if ("text" in copy && !(node as File).isFlushed) {
        const { text } = copy;
        copy.text = [text, text.slice(0, text.length / 2), ""][choose(3)] as string;
      }
      copies.set(node, copy);
    }
    // What was moved is given its new name first, whichever folder comes first.
    const changes = nodes.flatMap((node) =>
      "names" in node ? node.changes.map((change) => ({ folder: node, change })) : []
    );
    const isFirst = ({ change }: { change: Change }) => change.after === undefined;
    for (const { change } of [...changes.filter(isFirst), ...changes.filter((c) => !isFirst(c))]) {
      const isLost = choose(2) === 1 || change.after && !applied.has(change.after);
      if (!isLost) applied.add(change);
    }
    for (const node of nodes) {
      if (!("names" in node)) continue;
      const names = new Map(node.flushed);
      for (const change of node.changes) {
        if (!applied.has(change)) continue;
        if (change.node) names.set(change.name, change.node);
        else names.delete(change.name);
      }
      const copy = copies.get(node) as Folder;
      for (const [name, held] of names) copy.names.set(name, copies.get(held) as Node);
    }
    return disk.settle();
  }

  /** The paths of all that is in it, and whatever is wanted of its files. */
  names(
    of: (file: { readonly id: number; readonly text: string }) => string = (file) => ` #${file.id}`,
  ): string[] {
    const lines: string[] = [];
    const add = (folder: Folder, path: string) => {
      for (const [name, node] of folder.names) {
        if ("names" in node) add(node, `${path}/${name}`);
        lines.push(`${path}/${name}${"names" in node ? "/" : of(node)}`);
      }
    };
    add(this.#root, "");
    return lines.sort();
  }

  /** All of it, to tell states apart: those that differ by random names alone are one. */
  toString(): string {
    return this.names(({ text }) => ` ${text}`)
      .map((line) => line.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "*"))
      .sort().join("\n");
  }

  #folder(): Folder {
    return { id: this.#ids++, names: new Map(), flushed: new Map(), changes: [] };
  }

  #set(folder: Folder, change: Change): Change {
    if (change.node) folder.names.set(change.name, change.node);
    else folder.names.delete(change.name);
    folder.changes.push(change);
    return change;
  }

  #place(path: string): { folder: Folder; name: string } {
    const end = path.lastIndexOf("/");
    return { folder: this.#folderAt(path.slice(0, end)), name: path.slice(end + 1) };
  }

  #folderAt(path: string): Folder {
    const node = this.#at(path);
    if (!("names" in node)) throw failed("ENOTDIR", path);
    return node;
  }

  #at(path: string): Node {
    let node: Node = this.#root;
    for (const name of path.split("/").filter(Boolean)) {
      if (!("names" in node)) throw failed("ENOTDIR", path);
      const held = node.names.get(name);
      if (held === undefined) throw failed("ENOENT", path);
      node = held;
    }
    return node;
  }

  #isThere(path: string): boolean {
    try {
      return this.#at(path) !== undefined;
    } catch {
      return false;
    }
  }

  /** All that can be reached, now or as it was flushed. */
  #nodes(): Node[] {
    const nodes = new Set<Node>();
    const add = (node: Node) => {
      if (nodes.has(node)) return;
      nodes.add(node);
      if (!("names" in node)) return;
      for (const held of [...node.names.values(), ...node.flushed.values()]) add(held);
      for (const { node: held } of node.changes) if (held) add(held);
    };
    add(this.#root);
    return [...nodes];
  }
}

/** What `node:fs` throws. */
export function failed(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

// deno-lint-ignore require-await -- A file system's calls are asynchronous, and so are their errors.
async function attempt<Value>(work: () => Value): Promise<Value> {
  return work();
}
