/** Mutants that no test can kill, each with the proof that it does what its original does. */
export const EQUIVALENT: readonly {
  readonly file: string;
  /** The line as it stands. */
  readonly from: string;
  /** The line as the mutant has it. */
  readonly to: string;
  readonly because: string;
}[] = [
  {
    file: "capture.ts",
    from: "const fidelity = { exact: true, tagged: 0, truncated: 0, unreadable: 0 };",
    to: "const fidelity = { exact: false, tagged: 0, truncated: 0, unreadable: 0 };",
    because: "It is set anew before anyone reads it, and a boolean holds its place until then.",
  },
  {
    file: "capture.ts",
    from: "ancestors: [value as object], // An array that starts empty takes room for seventeen.",
    to: "ancestors: [], // An array that starts empty takes room for seventeen.",
    because: "An object is set at its level before anything in it looks for its ancestors.",
  },
  {
    file: "capture.ts",
    from: "plainKeys: [],",
    to: 'plainKeys: ["Stryker was here"],',
    because: "A text is read as a list of keys of one character each, and those are plain indeed.",
  },
  {
    file: "capture.ts",
    from: "const byte = (_: unknown, i: number) => value.charCodeAt(i >> 1) >> 8 * (i & 1);",
    to: "const byte = (_: unknown, i: number) => value.charCodeAt(i >> 1) >> 8 / (i & 1);",
    because: "8 / 1 is 8, 8 / 0 is Infinity, and to shift by Infinity is to shift by 0.",
  },
  {
    file: "capture.ts",
    from: "let shadow = false;",
    to: "let shadow = true;",
    because: "All keys are then defined first, in the same order, and set after: only slower.",
  },
  {
    file: "capture.ts",
    from: "if (plain !== undefined && key === plain[kept]) continue;",
    to: "if (false) continue;",
    because: "A key that was plain once is found plain again: only slower.",
  },
  {
    file: "capture.ts",
    from: "if (level && !escape && !shadow && kept === size) walk.plainKeys[level] = keys;",
    to: "if (false) walk.plainKeys[level] = keys;",
    because: "A key that was plain once is found plain again: only slower.",
  },
  {
    file: "capture.ts",
    from: "const recorded: Json[] = Array(size);",
    to: "const recorded: Json[] = Array();",
    because: "Each element up to the size is set, in order, before the array is returned.",
  },
  {
    file: "capture.ts",
    from: "value: (held) => record(walk, held, level + 1, room),",
    to: "value: (held) => record(walk, held, level - 1, room),",
    because: "All that shapes give it are primitives, and only what an object holds has a level.",
  },
  {
    file: "capture.ts",
    from: 'if (typeof value === "function") return ["", "function"];',
    to: 'if (typeof value === "function") return ["Stryker was here!", "function"];',
    because: "The shape of functions reads no name of a class, and throws nothing.",
  },
  {
    file: "capture.ts",
    from: 'if (prototype === Object.prototype) return ["Object", ""];',
    to: 'if (prototype === Object.prototype) return ["Object", "Stryker was here!"];',
    because: "Plain objects have no shape: of their class only the name is read.",
  },
  {
    file: "capture.ts",
    from: 'return [name || "Object", ""];',
    to: 'return [name || "Object", "Stryker was here!"];',
    because: "No shape has that name either, and only one that there is reads its own.",
  },
  {
    file: "trace.ts",
    from: 'let written = "";',
    to: 'let written = "Stryker was here!";',
    because: "The first second is NaN, which equals none: it is written before it is read.",
  },
  {
    file: "trace.ts",
    from: "if (current !== second) {",
    to: "if (true) {",
    because: "The same second is written the same again: only slower.",
  },
];
