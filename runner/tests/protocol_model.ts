/**
 * What two Runners do to one order, operation by operation, and every way in which that can go: each
 * interleaving, with a process killed before each operation, and the power lost before each.
 *
 * A program is a generator that yields the name of an operation just before it does it. So a state
 * is the list of choices that leads to it, and the programs read as the ledgers do that they model.
 */

/**
 * Which of the Runners goes on; which is killed, and started again; that the power is lost; or that a
 * person takes the result away, as docs/scale.md allows.
 */
export type Choice = "A" | "B" | "kill A" | "kill B" | `lose ${string}` | "archive";

/** A process of a Runner's: its second is `A2`. */
export interface Process {
  name: string;
  alive: boolean;
  /** The operation that comes next; `undefined` at the end. */
  next: string | undefined;
  /** What it has done and seen since there is nothing else that it knows: it tells states apart. */
  history: string;
  end?: string;
}

type Program = Generator<string, string>;

/** What holds the orders: the files of a folder, or the row of a table. */
export interface Place {
  consume(me: Process): Program;
  store(me: Process): Program;
  recover(me: Process, isGone: (name: string) => boolean): Program;
  /** Names of what a power failure may take away, for it is not flushed. */
  unflushed(): string[];
  lose(names: string[]): void;
  /** Whether there is a result that may be taken away as a whole. */
  isArchivable(): boolean;
  /** Takes it away, long after it was stored: what was written by then is flushed. */
  archive(): void;
  /** Who consumed the order, and what has closed it. */
  claim(): { by: string; closed: string[]; found: boolean } | undefined;
  /** Whether what is done next is nobody else's business: then all that others do can wait. */
  isQuiet(next: string, me: Process): boolean;
  /** All of it, to tell states apart; what is flushed, if that still matters. */
  key(flushed: boolean): unknown;
}

/** Two Runners at one place. */
export class World {
  readonly place: Place;
  readonly processes: Process[] = [];
  /** Who was told that the order is consumed; who has executed it. */
  readonly told: string[] = [];
  readonly executed: string[] = [];
  archived = false;
  readonly #programs = new Map<string, Program>();
  readonly #left = new Set(["kill A", "kill B", "lose"]);

  constructor(place: Place, schedule: readonly Choice[] = []) {
    this.place = place;
    for (const runner of ["A", "B"] as const) this.#start(runner);
    for (const choice of schedule) this.choose(choice);
  }

  /** The process of a Runner that lives. */
  current(runner: string): Process {
    return this.processes.findLast(({ name }) => name.startsWith(runner)) as Process;
  }

  choices(): Choice[] {
    const running = (["A", "B"] as const).filter((runner) => this.current(runner).next);
    const quiet = running.filter((one) => {
      const me = this.current(one);
      return this.place.isQuiet(me.next as string, me);
    });
    const going: Choice[] = quiet.length > 0 ? quiet.slice(0, 1) : running;
    // Not between a failure of the power and the recovery after it: so says docs/scale.md.
    const mayArchive = !this.archived && this.#left.has("lose");
    if (mayArchive && this.place.isArchivable()) going.push("archive");
    if (running.length === 0 || this.#left.size === 1) return going;
    const kills = running.map((runner) => `kill ${runner}` as const)
      .filter((kill) => this.#left.has(kill));
    const losses = this.#left.has("lose") ? subsets(this.place.unflushed()) : [];
    return [...going, ...kills, ...losses.map((names) => `lose ${names}` as const)];
  }

  choose(choice: Choice): void {
    const [what = "", names = ""] = choice.split(" ");
    if (what === "A" || what === "B") this.#go(this.current(what));
    else if (what === "kill") this.#end(names);
    else if (what === "archive") {
      this.place.archive();
      this.archived = true;
    } else {
      this.place.lose(names.split(","));
      Object.assign(this.current("B"), { alive: false, next: undefined });
      this.#end("A"); // It comes back alone: how two of them do is seen where both are killed.
    }
    this.#left.delete(what === "kill" ? choice : what);
  }

  key(): string {
    const processes = this.processes.map(({ name, alive, history, end }) =>
      alive ? [name, history, end].join() : name
    ).sort();
    const { told, executed, archived } = this;
    const place = this.place.key(this.#left.size > 1 && this.#left.has("lose"));
    const left = [...this.#left].sort();
    return JSON.stringify([place, processes, left, told, executed, archived]);
  }

  #end(runner: string): void {
    Object.assign(this.current(runner), { alive: false, next: undefined });
    this.#start(runner);
  }

  #start(runner: string): void {
    const number = this.processes.filter(({ name }) => name.startsWith(runner)).length + 1;
    const name = `${runner}${number}`;
    const process: Process = { name, alive: true, next: "", history: "" };
    this.processes.push(process);
    this.#programs.set(name, this.#program(process, number > 1));
    this.#go(process);
  }

  /** What a Runner does: after a crash it recovers first. */
  *#program(me: Process, again: boolean): Program {
    const isGone = (name: string) => !this.processes.find((one) => one.name === name)?.alive;
    if (again) yield* this.place.recover(me, isGone);
    me.history = "recovered";
    const end = yield* this.place.consume(me);
    if (end !== "consumed") return end;
    me.history = "consumed";
    this.told.push(me.name);
    yield "act";
    this.executed.push(me.name);
    return yield* this.place.store(me);
  }

  #go(process: Process): void {
    const { done, value } = (this.#programs.get(process.name) as Program).next();
    process.next = done ? undefined : value;
    if (done) process.end = value;
    process.history += `;${value}`;
  }
}

/** What must never be: said of a state, with what is wrong in it. */
export function wrongIn({ place, told, executed, processes, archived }: World): string | undefined {
  const claim = place.claim();
  if (executed.length > 1) return `executed by ${executed}`;
  const teller = told.at(-1);
  if (told.length > 1) return `${told} were told that it is consumed`;
  if (teller && claim?.by !== teller) return `${teller} was told that it is consumed: it is not`;
  if (!claim) return undefined;
  const { by, closed, found } = claim;
  const consumer = processes.find(({ name }) => name === by);
  if (closed.includes("recovered") && consumer?.alive) return `closed while ${by} lives`;
  if (archived) {
    return closed.includes("recovered") ? "closed as UNKNOWN: it had a result" : undefined;
  }
  if (closed.length === 0 && !found) return "open, and not found among the open orders";
  if (consumer?.end === "stored" && !closed.includes("result")) return "its result is not there";
  if (closed.length === 0 && processes.every(({ alive, next }) => !alive || !next)) {
    return "open at the end";
  }
  return undefined;
}

/** What was found: how many states and steps, the first state that is wrong, and schedules. */
export interface Found {
  states: number;
  steps: number;
  wrong: string | undefined;
  /** Whole ways to the end. Each operation of a Runner meets each of the other's in one of them. */
  schedules: Choice[][];
}

/** All that can happen, breadth first: a wrong state is met on a shortest way to it. */
export function explore(open: () => Place): Found {
  const seen = new Set<string>();
  const met = new Map<string, Choice[]>();
  let steps = 0;
  const queue: Choice[][] = [[]];
  for (const schedule of queue) {
    const world = new World(open(), schedule);
    const key = canonical(world.key());
    if (seen.has(key)) continue;
    seen.add(key);
    const wrong = wrongIn(world);
    if (wrong) {
      const way = `${wrong}, after ${schedule.join(", ")}`;
      return { states: seen.size, steps, wrong: way, schedules: [schedule] };
    }
    for (const choice of world.choices()) {
      steps += 1;
      const meeting = meetingOf(world, choice);
      const longer = [...schedule, choice];
      if (!met.has(meeting)) met.set(meeting, longer);
      queue.push(longer);
    }
  }
  return { states: seen.size, steps, wrong: undefined, schedules: cover(open, met) };
}

/** A state and the one in which the Runners have changed places are one. */
function canonical(key: string): string {
  const swapped = key.replace(/[AB](?=\d|")/g, (runner) => runner === "A" ? "B" : "A");
  return key < swapped ? key : swapped;
}

/** What is chosen, whatever names are lost by it, and what each Runner is about to do. */
function meetingOf(world: World, choice: Choice): string {
  const what = choice.startsWith("lose") ? "lose" : choice;
  return [what, world.current("A").next, world.current("B").next].join("|");
}

/** Few schedules in which each meeting occurs, the longest first; each goes on to the end. */
function cover(open: () => Place, met: Map<string, Choice[]>): Choice[][] {
  const left = new Map(met);
  const schedules: Choice[][] = [];
  for (const [meeting, way] of [...met].reverse()) {
    if (!left.has(meeting)) continue;
    const schedule = [...way];
    const world = new World(open());
    for (let i = 0;; i += 1) {
      const choice = schedule[i] ?? world.choices()[0];
      if (choice === undefined) break;
      if (i === schedule.length) schedule.push(choice);
      left.delete(meetingOf(world, choice));
      world.choose(choice);
    }
    schedules.push(schedule);
  }
  return schedules;
}

function subsets(names: string[]): string[][] {
  return names.reduce<string[][]>((all, name) => [...all, ...all.map((some) => [...some, name])], [
    [],
  ]);
}

// --- A folder of files --------------------------------------------------------------------------

/** `ledgers/folder.ts`, one name a line: what is written, linked, looked at and taken away. */
export class Folder implements Place {
  /** By its name, who wrote what it is a name of. */
  readonly names: Map<string, { by: string; flushed: boolean }> = new Map();

  *consume(process: Process): Program {
    const me = process.name;
    const marker = `open/${me}`;
    yield "write temporary";
    yield "rename marker";
    this.give(marker, me);
    yield "flush index";
    this.flush("open/");
    yield "link entry";
    if (!this.names.has(marker)) {
      yield "stat entry"; // Whoever looked for lost orders has taken the marker away.
      if (!this.names.has("entry")) return "down";
    } else if (this.give("entry", me)) {
      yield "flush";
      this.flush("");
      return "consumed";
    }
    yield "unlink marker";
    this.names.delete(marker);
    process.history = "refused"; // What it reads from here on is only for its error.
    yield "read entry";
    yield "look for ends";
    if (!this.names.has("result")) yield "look for result in index";
    return "refused";
  }

  *store({ name: me }: Process): Program {
    yield "write temporary";
    yield* this.publish(me);
    yield "flush";
    this.flush("");
    yield "unlink marker";
    this.names.delete(`open/${me}`);
    yield "unlink result in index";
    this.names.delete("open/result");
    return "stored";
  }

  protected *publish(me: string): Generator<string, void> {
    yield "link result in index";
    this.give("open/result", me);
    yield "link result";
    this.give("result", me);
  }

  *recover(me: Process, isGone: (name: string) => boolean): Program {
    const lost = yield* this.#look(me, isGone);
    if (!lost) return "";
    yield "write temporary";
    yield "link recovered";
    if (this.give("recovered", me.name)) {
      yield "flush";
      this.flush("");
    }
    me.history = "closed";
    yield* this.#look(me, isGone);
    return "";
  }

  /** Whether the order is lost; what is closed leaves the index. */
  *#look(me: Process, isGone: (name: string) => boolean): Generator<string, boolean> {
    let lost = false;
    yield "read index";
    const names = this.#index();
    const markers = names.filter((name) => name !== "open/result");
    const before = me.history;
    const closed: string[] = [];
    const kept: string[] = [];
    for (const [i, marker] of markers.entries()) {
      const here = `${before}: ${names} ${markers.slice(i)} ${lost} ${closed} ${kept}`;
      me.history = here;
      yield "read marker";
      const by = this.names.get(marker)?.by;
      if (by === undefined) continue;
      let state = yield* this.#stateOf(marker, by, me);
      if (state !== "closed") {
        me.history = `${here}: ${state}`;
        yield "judge";
        if (isGone(by)) {
          state = yield* this.#stateOf(marker, by, me);
          lost ||= state === "open";
          if (state === "unclaimed") state = "closed";
          if (state === "stored") {
            me.history = `${here}: ${state}`;
            yield "link result";
            const writer = this.names.get("open/result")?.by;
            if (writer !== undefined) this.give("result", writer);
            if (writer !== undefined) state = "closed";
          }
        }
      }
      (state === "closed" ? closed : kept).push(marker);
    }
    me.history = `${before}: ${names} ${lost} ${closed} ${kept}`;
    let isUnneeded = names.includes("open/result") && kept.length === 0;
    if (isUnneeded) {
      yield "read index";
      isUnneeded = this.#index().every((name) => names.includes(name) || name === "open/result");
      me.history += isUnneeded;
    }
    if (lost || closed.length > 0 || isUnneeded) {
      yield "flush";
      this.flush("");
    }
    if (closed.length > 0) {
      yield "unlink marker";
      for (const marker of closed) this.names.delete(marker);
    }
    if (isUnneeded) {
      yield "unlink result in index";
      this.names.delete("open/result");
    }
    return lost;
  }

  *#stateOf(marker: string, by: string, me: Process): Generator<string, string> {
    yield "stat entry";
    const entry = this.names.get("entry")?.by;
    yield "stat marker";
    me.history += [entry, this.names.has(marker)];
    if (!this.names.has(marker)) return "closed";
    if (entry !== by) {
      yield "read entry";
      const winner = this.names.get("entry")?.by;
      me.history += winner;
      if (!winner) return "unclaimed";
      if (winner !== by) return "closed";
    }
    yield "look for ends";
    const isRecovered = this.names.has("recovered");
    const hasResult = this.names.has("result");
    me.history += [isRecovered, hasResult];
    if (hasResult) return "closed";
    yield "look for result in index";
    const isStored = this.names.has("open/result");
    me.history += isStored;
    if (isRecovered || isStored) return isRecovered ? "closed" : "stored";
    yield "stat marker";
    me.history += this.names.has(marker);
    return this.names.has(marker) ? "open" : "closed";
  }

  #index(): string[] {
    return [...this.names.keys()].filter((name) => name.startsWith("open/"));
  }

  unflushed(): string[] {
    return [...this.names].filter(([, { flushed }]) => !flushed).map(([name]) => name);
  }

  lose(names: string[]): void {
    for (const name of names) this.names.delete(name);
    for (const held of this.names.values()) held.flushed = true;
  }

  isArchivable(): boolean {
    return this.names.has("result");
  }

  archive(): void {
    for (const held of this.names.values()) held.flushed = true;
    this.names.delete("result");
  }

  claim(): ReturnType<Place["claim"]> {
    const entry = this.names.get("entry");
    if (!entry) return undefined;
    const closed = ["result", "recovered"].filter((name) => this.names.has(name));
    if (this.names.has("open/result") && closed.length === 0) closed.push("result in index");
    return { by: entry.by, closed, found: this.names.has(`open/${entry.by}`) };
  }

  /** It writes no name, and reads one that stays for as long as the reader lives, or for nothing. */
  isQuiet(next: string, { history }: Process): boolean {
    if (next === "act" || next === "write temporary") return true;
    if (history.startsWith("refused")) return true;
    return (next === "stat entry" || next === "read entry") && this.names.has("entry");
  }

  key(flushed: boolean): unknown {
    const names = [...this.names].map(([name, held]) =>
      [name, held.by, flushed && held.flushed].join()
    );
    const index = names.filter((name) => name.startsWith("open/")); // Its order is what readers see.
    return [index, names.filter((name) => !index.includes(name)).sort()];
  }

  protected give(name: string, by: string): boolean {
    if (this.names.has(name)) return false;
    this.names.set(name, { by, flushed: false });
    return true;
  }

  protected flush(folder: "open/" | ""): void {
    for (const [name, held] of this.names) {
      if (name.startsWith("open/") === (folder === "open/")) held.flushed = true;
    }
  }
}

// --- A row of a table ---------------------------------------------------------------------------

/** What PostgreSQL and SQLite do: each statement or transaction is whole and flushed, or is not. */
export class Table implements Place {
  readonly #kind: "postgres" | "sqlite";
  row: { by: string; result: boolean; recovered: boolean } | undefined;

  constructor(kind: "postgres" | "sqlite") {
    this.#kind = kind;
  }

  *consume({ name: by }: Process): Program {
    yield "insert";
    if (!this.row) {
      this.row = { by, result: false, recovered: false };
      return "consumed";
    }
    yield "select"; // What is known, for whoever is refused.
    return "refused";
  }

  *store({ name: by }: Process): Program {
    yield "update";
    if (this.row?.by !== by) return "down";
    this.row.result = true;
    return "stored";
  }

  *recover(me: Process, isGone: (name: string) => boolean): Program {
    // PostgreSQL judges in the same statement, whose snapshot is older than what it reads of locks.
    yield "select";
    const by = this.#open();
    me.history += by;
    if (!by) return "";
    yield "judge";
    me.history += isGone(by);
    if (!isGone(by)) return "";
    if (this.#kind === "sqlite") {
      yield "select"; // Asked again.
      me.history += this.#open();
      if (!this.#open()) return "";
    }
    yield "update";
    if (this.row && this.#open()) this.row.recovered = true;
    return "";
  }

  #open(): string | undefined {
    return this.row && !this.row.result && !this.row.recovered ? this.row.by : undefined;
  }

  unflushed(): string[] {
    return [];
  }

  lose(): void {}

  isArchivable(): boolean {
    return false; // Only a part of it may go: the row and its status stay.
  }

  archive(): void {}

  claim(): ReturnType<Place["claim"]> {
    if (!this.row) return undefined;
    const { by, result, recovered } = this.row;
    const closed = [...result ? ["result"] : [], ...recovered ? ["recovered"] : []];
    return { by, closed, found: true };
  }

  isQuiet(next: string): boolean {
    return next === "act";
  }

  key(): unknown {
    return this.row;
  }
}
