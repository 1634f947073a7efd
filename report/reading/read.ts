/** Files, pasted texts and the page's own results, read into a book without holding up the page. */
import type { Pause } from "../query.ts";
import type { Book } from "./book.ts";
import { Splitter } from "./split.ts";

/** What is read of a file at once, in bytes; and what of it goes through the splitter at once. */
const SLICE = 1 << 20;
const PART = 1 << 16;

/** Files up to this size are told from each other: a batch of a folder ledger has many names. */
const SMALL = 4 << 20;

/** What somebody gives to be read. */
export type Given =
  | { readonly text: string; readonly name: string }
  | { readonly files: AsyncIterable<File | Unreadable> | Iterable<File> };

/** A file or a folder that the browser does not give. */
export interface Unreadable {
  readonly name: string;
  readonly reason: string;
}

export class Reader {
  readonly #book: Book;
  readonly #pause: Pause;
  readonly #seen = new Set<string>();
  /** Bytes, or characters, that were read. */
  done = 0;

  constructor(book: Book, pause: Pause) {
    this.#book = book;
    this.#pause = pause;
  }

  async read(given: Given): Promise<void> {
    if ("text" in given) await this.readText(given.text, given.name);
    else {
      for await (const file of given.files) {
        if ("reason" in file) this.#refuse(file.name, file.reason);
        else await this.readFile(file);
      }
    }
  }

  async readFile(file: File): Promise<void> {
    try {
      await this.#readFile(file);
    } catch (error) {
      this.#refuse(file.name, `it cannot be read: ${(error as Error).message}`);
    }
  }

  async readText(text: string, name: string): Promise<void> {
    const splitter = new Splitter();
    await this.#write(splitter, text, name);
    this.#end(splitter, name);
  }

  async #readFile(file: File): Promise<void> {
    if (file.size <= SMALL) {
      const text = await file.text();
      this.done += file.size;
      if (this.#isRefused(text, file.name) || this.#seen.has(text)) return;
      this.#seen.add(text);
      const { done } = this;
      await this.readText(text, file.name);
      this.done = done;
      return;
    }
    const splitter = new Splitter();
    const decoder = new TextDecoder();
    for (let at = 0; at < file.size; at += SLICE) {
      const bytes = await file.slice(at, at + SLICE).arrayBuffer();
      const text = decoder.decode(bytes, { stream: true });
      if (at === 0 && this.#isRefused(text, file.name)) return;
      await this.#write(splitter, text, file.name);
    }
    await this.#write(splitter, decoder.decode(), file.name);
    this.#end(splitter, file.name);
  }

  async #write(splitter: Splitter, text: string, name: string): Promise<void> {
    for (let at = 0; at < text.length; at += PART) {
      const part = text.slice(at, at + PART);
      for (const found of splitter.write(part)) {
        this.#book.add(found, name);
        await this.#pause();
      }
      this.done += part.length;
      await this.#pause();
    }
  }

  #end(splitter: Splitter, name: string): void {
    for (const found of splitter.end()) this.#book.add(found, name);
  }

  /** Whether it is no text, which would be refused line by line. */
  #isRefused(text: string, name: string): boolean {
    if (text.startsWith("SQLite format 3\0")) {
      const how = "sqlite3 -json FILE 'select * from orders' > rows.json";
      this.#refuse(name, `it is a SQLite database: give its rows as JSON, by ${how}`);
    } else if (text.slice(0, 4096).includes("\0")) this.#refuse(name, "it is no text");
    else return false;
    return true;
  }

  #refuse(file: string, reason: string): void {
    this.#book.refusals.push({ file, line: 1, reason });
  }
}
