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
    from: "ancestors: [value as object], // V8 reserves 17 slots for an array that starts empty.",
    to: "ancestors: [], // V8 reserves 17 slots for an array that starts empty.",
    because: "Each level is set before it is read: only the room differs.",
  },
  {
    file: "capture.ts",
    from: "plainKeys: [],",
    to: 'plainKeys: ["Stryker was here"],',
    because: "A text is read as a list of keys of one character each, and those are plain indeed.",
  },
  {
    file: "capture.ts",
    from: "const { $js, values = {}, fields = [], collection, bytes, props } = plan;",
    to:
      'const { $js, values = {}, fields = ["Stryker was here"], collection, bytes, props } = plan;',
    because: "No object has a property of that name.",
  },
  {
    file: "capture.ts",
    from: "const byte = (_: unknown, i: number) => value.charCodeAt(i >> 1) >> 8 * (i & 1);",
    to: "const byte = (_: unknown, i: number) => value.charCodeAt(i >> 1) >> 8 / (i & 1);",
    because: "8 / 1 is 8, 8 / 0 is Infinity, and to shift by Infinity is to shift by 0.",
  },
  {
    file: "capture.ts",
    from: 'const filled: Record<string, Json> = form === "plain"',
    to: "const filled: Record<string, Json> = false",
    because: "All keys are then defined first, in the same order, and set after: only slower.",
  },
  {
    file: "capture.ts",
    from: 'const filled: Record<string, Json> = form === "plain"',
    to: 'const filled: Record<string, Json> = form === ""',
    because: "All keys are then defined first, in the same order, and set after: only slower.",
  },
  {
    file: "capture.ts",
    from: 'let form: "plain" | "shadowing" | "escaped" = "plain";',
    to: 'let form: "plain" | "shadowing" | "escaped" = "";',
    because: "All keys are then defined first, in the same order, and set after: only slower.",
  },
  {
    file: "capture.ts",
    from: 'else if (form === "plain" && Object.hasOwn(Object.prototype, key)) form = "shadowing";',
    to: 'else if (form === "plain" && Object.hasOwn(Object.prototype, key)) form = "";',
    because: "It is not plain either way, and nobody asks further.",
  },
  {
    file: "capture.ts",
    from: "if (plain !== undefined && key === plain[kept]) continue;",
    to: "if (false) continue;",
    because: "A key that was plain once is found plain again: only slower.",
  },
  {
    file: "capture.ts",
    from:
      'if (level > 1 && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;',
    to: "if (false) walk.plainKeys[level] = keys;",
    because: "A key that was plain once is found plain again: only slower.",
  },
  {
    file: "capture.ts",
    from:
      'if (level > 1 && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;',
    to: 'if (true && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;',
    because: "A key that was plain once is found plain again: only slower.",
  },
  {
    file: "capture.ts",
    from:
      'if (level > 1 && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;',
    to: 'if (level >= 1 && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;',
    because: "A key that was plain once is found plain again: only slower.",
  },
  {
    file: "capture.ts",
    from:
      'if (level > 1 && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;',
    to: 'if (level <= 1 && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;',
    because: "A key that was plain once is found plain again: only slower.",
  },
  {
    file: "capture.ts",
    from:
      'if (level > 1 && form === "plain" && kept === keys.length) walk.plainKeys[level] = keys;',
    to: 'if (level > 1 && form === "" && kept === keys.length) walk.plainKeys[level] = keys;',
    because: "A key that was plain once is found plain again: only slower.",
  },
  {
    file: "capture.ts",
    from: "return tagUnsafe(walk, size < 256 ? value : copied(value));",
    to: "return tagUnsafe(walk, true ? value : copied(value));",
    because: "The same text: only what it keeps alive differs, and leaks_test.ts holds that.",
  },
  {
    file: "capture.ts",
    from: "return tagUnsafe(walk, size < 256 ? value : copied(value));",
    to: "return tagUnsafe(walk, false ? value : copied(value));",
    because: "The same text: only what it keeps alive differs, and leaks_test.ts holds that.",
  },
  {
    file: "capture.ts",
    from: "return tagUnsafe(walk, size < 256 ? value : copied(value));",
    to: "return tagUnsafe(walk, size <= 256 ? value : copied(value));",
    because: "The same text: only what it keeps alive differs, and leaks_test.ts holds that.",
  },
  {
    file: "capture.ts",
    from: "return tagUnsafe(walk, size < 256 ? value : copied(value));",
    to: "return tagUnsafe(walk, size >= 256 ? value : copied(value));",
    because: "The same text: only what it keeps alive differs, and leaks_test.ts holds that.",
  },
  {
    file: "given.ts",
    from: 'requireBuiltin("String.prototype.isWellFormed", "".isWellFormed);',
    to: 'requireBuiltin("String.prototype.isWellFormed", "Stryker was here!".isWellFormed);',
    because: "Each text has the same methods.",
  },
  {
    file: "capture.ts",
    from: "const recorded: Json[] = Array(kept);",
    to: "const recorded: Json[] = Array();",
    because: "Each element up to the size is set, in order, before the array is returned.",
  },
  {
    file: "kinds.ts",
    from: "const { $js, constants, fields = [], props = [] } = plan;",
    to: 'const { $js, constants, fields = ["Stryker was here"], props = [] } = plan;',
    because: "No object has a property of that name.",
  },
  {
    file: "kinds.ts",
    from: "const { $js, constants, fields = [], props = [] } = plan;",
    to: 'const { $js, constants, fields = [], props = ["Stryker was here"] } = plan;',
    because: "No object has a property of that name.",
  },
  {
    file: "kinds.ts",
    from: 'const implied = $js === "error" || $js === "instance" ? "" : constants?.kind ?? kind;',
    to:
      'const implied = $js === "error" || $js === "instance" ? "Stryker was here!" : constants?.kind ?? kind;',
    because: "No class has that name, and an empty name is not written.",
  },
  {
    file: "kinds.ts",
    from: '? ""',
    to: '? "Stryker was here!"',
    because: "No kind has that name either.",
  },
  {
    file: "kinds.ts",
    from: "for (let hops = 0; prototype && hops < 64 && !(name && kind); hops++) {",
    to: "for (let hops = 0; prototype && hops < 64 && !(false); hops++) {",
    because: "Once there is a name and a kind, neither is set again: only slower.",
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
